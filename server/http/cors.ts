/**
 * Pages of any origin may call GraphQL with a token of an account: that is what such tokens are for. It gives nothing
 * away, since no cookie counts for a strange page (see context.ts) and a page has to be given a token to send one.
 *
 * GraphiQL's page is left out: it may have a key in it, which no strange page must be able to read.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Says that any page may read the answer, and answers a browser that asks beforehand.
 *
 * @returns true when it has been answered.
 */
export function allowOrigins(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.headers.origin === undefined) return false;
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-expose-headers', 'retry-after, x-request-id');
  if (request.method !== 'OPTIONS') return false;
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': 'authorization, content-type, accept',
    'access-control-max-age': '86400',
  });
  response.end();
  return true;
}
