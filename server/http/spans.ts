/** Spans of requests and operations. Without tracing nothing is added to either. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ExecutionArgs, type ExecutionResult, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Tracing } from '../tracing/index.ts';

/** Answers a request within a span. */
export function traceRequest(
  tracing: Tracing,
  request: IncomingMessage,
  response: ServerResponse,
  serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<void> {
  if (!tracing.isOn) return serve(request, response);
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  // An id in a path would make a name of its own of each.
  const part = `/${path.split('/')[1] ?? ''}`;
  const { traceparent } = request.headers;
  return tracing.span(
    `${request.method} ${part}`,
    { 'http.request.method': request.method, 'url.path': part },
    async (span) => {
      await serve(request, response);
      if (!response.writableEnded && !response.destroyed) {
        await new Promise<void>((resolve) => response.once('close', resolve));
      }
      span.note({ 'http.response.status_code': response.statusCode });
    },
    typeof traceparent === 'string' ? traceparent : undefined,
  );
}

/** Executes operations within spans, over HTTP and WebSockets alike. A subscription's span is that of its beginning. */
export function useSpans(tracing: Tracing): Plugin {
  if (!tracing.isOn) return {};
  const traced =
    (run: (args: ExecutionArgs) => unknown) =>
    (args: ExecutionArgs): Promise<unknown> => {
      const operation = getOperationAST(args.document, args.operationName);
      const kind = operation?.operation ?? 'operation';
      return tracing.span(
        `graphql ${kind}`,
        { 'graphql.operation.type': kind, 'graphql.operation.name': operation?.name?.value.slice(0, 100) },
        async (span) => {
          const result = await run(args);
          const { errors } = result as ExecutionResult;
          if (errors?.[0]) span.fail(errors[0].message);
          return result;
        },
      );
    };
  return {
    onExecute: ({ executeFn, setExecuteFn }) => setExecuteFn(traced(executeFn as never) as never),
    onSubscribe: ({ subscribeFn, setSubscribeFn }) => setSubscribeFn(traced(subscribeFn as never) as never),
  };
}
