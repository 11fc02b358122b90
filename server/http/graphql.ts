/** GraphQL over HTTP and server-sent events, by graphql-yoga. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createYoga, type Plugin } from 'graphql-yoga';
import { schema } from '../../schema/index.ts';
import type { Core } from '../core.ts';
import { contextOfRequest } from './context.ts';
import { type Documents, usePersistedDocuments } from './documents.ts';
import { type EventStreams, useEventStreams } from './event-stream.ts';
import type { FanOut, SubscriberContext } from './fan-out.ts';
import { useLimits } from './limits.ts';
import type { RateLimiter } from './rate-limit.ts';
import { noteRequestId } from './request-id.ts';
import { useSpans } from './spans.ts';

/** What yoga is given with each request: the node objects of HTTP, or the ready context of a WebSocket's operation. */
export type ServerContext =
  | { readonly req: IncomingMessage; readonly res: ServerResponse }
  | { readonly ready: SubscriberContext };

/**
 * Leaves out what looks at addresses. Nothing comes here but what is GraphQL's (index.ts), for which yoga would parse each address, and
 * answer one that ends with `/health`, in its query too, as a probe.
 */
function useNoPaths(): Plugin {
  return {
    onPluginInit({ plugins }) {
      for (const plugin of plugins) Object.assign(plugin, { onRequest: undefined });
    },
  };
}

/**
 * Every error says which request it was, as the log does. A request that could not be run is a 400. But a client that takes
 * `application/json` by that name and nothing newer gets the 200 that GraphQL over HTTP asks for then, where the document itself is
 * at fault.
 */
function useErrors(): Plugin {
  const specified = new Set(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED']);
  return {
    onResultProcess({ request, result }) {
      if (Array.isArray(result) || !('errors' in result) || !result.errors) return;
      noteRequestId(result.errors);
      const accept = request.headers.get('accept') ?? '';
      const isOld =
        accept.includes('application/json') && !accept.includes('application/graphql-response+json');
      for (const { extensions } of result.errors) {
        if (typeof extensions.http !== 'object' || extensions.http === null) continue;
        Object.assign(extensions.http, { spec: isOld && specified.has(String(extensions.code)) });
      }
    },
  };
}

/** The GraphQL engine, for HTTP and for WebSockets. */
export function createGraphql(
  core: Core,
  limiter: RateLimiter,
  mask: (error: unknown) => Error,
  fanOut: FanOut,
  streams: EventStreams,
  documents: Documents,
) {
  return createYoga<ServerContext, SubscriberContext>({
    schema,
    graphqlEndpoint: '/graphql',
    landingPage: false,
    batching: false,
    cors: false,
    logging: false,
    multipart: false,
    // A persisted document instead of `query`, as the GraphQL over HTTP specification's appendix names it.
    extraParamNames: ['documentId'],
    maskedErrors: { maskError: mask },
    context: (initial) =>
      'ready' in initial
        ? initial.ready
        : contextOfRequest(core, limiter, initial.req, initial.res, streams.sinkOf(initial.res)),
    graphiql: false,
    // Bodies are limited where they come in (body.ts): yoga's own limit sends each of them through one more stream.
    maxRequestBodySize: false,
    // What came of validation is remembered by useLimits: yoga looks it up by the names of all rules, for each request. What cannot be
    // parsed is not remembered at all: each request is told an error of its own, with its own id in it.
    parserAndValidationCache: { validationCache: false, errorCache: { get: () => undefined, set: () => {} } },
    plugins: [
      useNoPaths(),
      usePersistedDocuments(documents, core.environment.adminPersistedOnly) as Plugin<SubscriberContext>,
      useLimits(),
      useEventStreams(fanOut),
      useSpans(core.tracing),
      useErrors(),
    ],
  });
}

export type Graphql = ReturnType<typeof createGraphql>;
