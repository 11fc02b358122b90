/** Who may use the paths that are no GraphQL. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import { forbidden, unauthenticated } from '../../schema/index.ts';
import { allows, type Caller, type Scope } from '../access/index.ts';
import type { Core } from '../core.ts';
import { sendJson } from './body.ts';
import { HttpConnection } from './connection.ts';
import { callerOfRequest } from './context.ts';
import type { RateLimiter } from './rate-limit.ts';

/** Answers with a condition: its status, its headers, and the error in the form of GraphQL's. */
export function sendCondition(response: ServerResponse, error: GraphQLError): void {
  const { http, ...extensions } = error.extensions as {
    http?: { status?: number; headers?: Record<string, string> };
  };
  for (const [name, value] of Object.entries(http?.headers ?? {})) response.setHeader(name, value);
  sendJson(response, http?.status ?? 500, { errors: [{ message: error.message, extensions }] });
}

/**
 * Who makes a request, if that caller has a scope.
 *
 * @returns null when the request has been answered: 401, 403 or 429.
 */
export async function asCaller(
  core: Core,
  limiter: RateLimiter,
  request: IncomingMessage,
  response: ServerResponse,
  scope: Scope,
  path: string,
): Promise<Caller | null> {
  try {
    const connection = new HttpConnection(request, response, core.environment.http.trustedProxies);
    const caller = await callerOfRequest(core, limiter, connection);
    if (!caller) throw unauthenticated();
    if (!allows(caller, scope)) throw forbidden(`${path} needs the scope ${scope}.`);
    return caller;
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    request.resume();
    sendCondition(response, error);
    return null;
  }
}
