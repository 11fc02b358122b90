/** The door of the HTTP room: one server for GraphQL, WebSockets, files, health and metrics. PROTOCOL.md specifies it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Core } from '../core.ts';
import type { Pages } from '../pages/index.ts';
import { inScope, requestIdOf } from '../request.ts';
import { MAX_BODY_BYTES, readBody, refuseBody, refuseParameters, refuseType, sendError } from './body.ts';
import { allowOrigins } from './cors.ts';
import { readDocuments } from './documents.ts';
import { createMask } from './errors.ts';
import { createEventStreams } from './event-stream.ts';
import { serveExport } from './export.ts';
import { createFanOut } from './fan-out.ts';
import { serveFile } from './files.ts';
import { type Demo, graphiqlPage } from './graphiql.ts';
import { createGraphql, type Graphql } from './graphql.ts';
import { live, ready } from './health.ts';
import { serveImport } from './import.ts';
import { serveImportParts } from './import-parts.ts';
import { createMetrics } from './metrics.ts';
import { serveAdmin } from './pages.ts';
import { createRateLimiter } from './rate-limit.ts';
import { serveSandbox } from './sandbox.ts';
import { openSockets } from './sockets.ts';
import { traceRequest } from './spans.ts';
import { serveStripe, serveWebhook } from './webhooks.ts';

export type { Demo } from './graphiql.ts';
export { CloseCode } from './socket.ts';

/** A server that listens. */
export interface HttpServer {
  /** Where it listens, such as `http://127.0.0.1:4000`. */
  readonly url: string;
  /** From now on not ready, so that a balancer sends nothing new; calls go on. */
  drain(): void;
  /** Closes sockets and connections; answers under way are sent to their end first. */
  close(): Promise<void>;
}

/** What a server is started with. */
export interface HttpOptions {
  readonly core: Core;
  /** What GraphiQL is filled in with for a page opened on this machine; null fills in nothing. */
  readonly demo: Demo | null;
  /** The built pages, which a start need not wait for; left out, or null in the end: there are none. */
  readonly pages?: Promise<Pages | null>;
}

/** What a process answers that has no customers: whether it is well. */
const OF_A_WORKER: ReadonlySet<string> = new Set(['/health/live', '/health/ready', '/metrics']);

/**
 * Connections that wait to be taken while this process is busy. With Node's own 511 a burst of a thousand new ones has some of them
 * reset by the system, whose callers cannot know whether they were heard. The system may allow less (`net.core.somaxconn`).
 */
const BACKLOG = 4_096;

const LOCAL_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/** What proxies add to a request. */
const OF_A_PROXY = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
];

/**
 * Whether a page may have the demo's key in it: opened on this machine, under a name of this machine. A strange site whose
 * name was made to lead here has its own name in the Host header. A proxy on this machine may name it as this server is named, and
 * is its neighbour whoever opens the page: it is known by what it adds, or, as nginx unless told otherwise adds nothing, by its
 * HTTP/1.0, which no browser speaks.
 */
function isLocalPage({ headers, httpVersion, socket }: IncomingMessage): boolean {
  const address = socket.remoteAddress ?? '';
  const isNear = LOCAL_HOST.test(headers.host ?? '') && /^(127\.|::1$|::ffff:127\.)/.test(address);
  return isNear && httpVersion !== '1.0' && !OF_A_PROXY.some((name) => headers[name] !== undefined);
}

/** Whether an error is that of a client who has gone away before all that it sends was here. */
function isBrokenOff(error: unknown, request: IncomingMessage): boolean {
  return error === request.errored && (error as { code?: unknown }).code === 'ECONNRESET';
}

/** Starts listening. */
export async function startHttp({ core, demo, pages }: HttpOptions): Promise<HttpServer> {
  const limiter = createRateLimiter(core.environment.limits.requestsPerMinute);
  // A process whose role is to work off the queue has no customers.
  const mask = createMask(core.log);
  const fanOut = createFanOut(core, mask, core.environment.limits.subscriptionsPerKey);
  const streams = createEventStreams(fanOut.noteCutOff);
  const documents = readDocuments();
  const graphql =
    core.environment.role === 'worker'
      ? null
      : createGraphql(core, limiter, mask, fanOut, streams, documents);
  const metrics = createMetrics({ core, fanOut, sockets: () => sockets?.open ?? 0 });
  let sockets: ReturnType<typeof openSockets> | null = null;
  let draining = false;

  const sendPage = (request: IncomingMessage, response: ServerResponse) => {
    const isLocal = LOCAL_HOST.test(new URL(core.publicUrl).host) && isLocalPage(request);
    const html = graphiqlPage(isLocal ? demo : null, {
      publicUrl: core.publicUrl,
      now: core.clock.now(),
    });
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    response.end(html);
  };

  const isSignedIn = async (request: IncomingMessage) => {
    const cookie = request.headers.cookie ?? null;
    try {
      return (await core.access.authenticate({ authorization: null, cookie, sameOrigin: true })) !== null;
    } catch {
      // A session that has ended; or a database that is away, which the page will find and say.
      return false;
    }
  };

  const sendGraphql = async (graphql: Graphql, request: IncomingMessage, response: ServerResponse) => {
    if (request.method === 'POST' && request.headers['content-length'] === undefined) {
      const body = await readBody(request);
      if (body === null) {
        return sendError(
          response,
          413,
          'REQUEST_TOO_LARGE',
          `A request has at most ${MAX_BODY_BYTES} bytes.`,
        );
      }
      // Where yoga looks for a body that has been read.
      Object.assign(request, { body });
    }
    const answer = await graphql.handleNodeRequest(request, { req: request, res: response });
    // A subscription has had its answer event by event; others have it whole.
    if (response.headersSent) return;
    const body = await answer.text();
    const headers: Record<string, string> = {};
    answer.headers.forEach((value, name) => {
      headers[name] = value;
    });
    response.writeHead(answer.status, headers);
    response.end(body);
  };

  /** The last Host that was one: most name the same. */
  let knownHost: string | undefined;
  const namesHost = ({ headers: { host } }: IncomingMessage) => {
    if (host !== undefined && host === knownHost) return true;
    if (!URL.canParse(`http://${host || 'localhost'}`)) return false;
    knownHost = host;
    return true;
  };

  const route = (request: IncomingMessage, response: ServerResponse): unknown => {
    // Yoga throws over such a one.
    if (!namesHost(request)) {
      request.resume();
      return sendError(response, 400, 'BAD_REQUEST', 'The header Host names no host.');
    }
    const url = request.url ?? '/';
    const end = url.indexOf('?');
    const path = end < 0 ? url : url.slice(0, end);
    if (!graphql && !OF_A_WORKER.has(path)) {
      request.resume();
      return sendError(
        response,
        404,
        'NOT_FOUND',
        'This process only works: it answers /health and /metrics.',
      );
    }
    if (graphql && path === '/graphql') {
      if (request.method === 'GET' && request.headers.accept?.includes('text/html')) {
        return sendPage(request, response);
      }
      if (allowOrigins(request, response)) return undefined;
      if (refuseBody(request, response) || refuseType(request, response)) return undefined;
      if (refuseParameters(request, response)) return undefined;
      return sendGraphql(graphql, request, response);
    }
    if (path === '/import/history') return serveImport(core, limiter, request, response);
    if (path.startsWith('/import/history/')) return serveImportParts(core, limiter, path, request, response);
    if (path === '/webhooks/stripe') return serveStripe(core, request, response);
    if (path.startsWith('/webhooks/')) return serveWebhook(core, path, request, response);
    if (path.startsWith('/sandbox/')) return serveSandbox(core.billing.sandbox, path, request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return sendError(
        response,
        405,
        'METHOD_NOT_ALLOWED',
        'Only /graphql, /import and /webhooks take anything but GET.',
      );
    }
    if (path.startsWith('/files/')) return serveFile(core, path.slice('/files/'.length), request, response);
    if (path === '/admin' || path.startsWith('/admin/')) {
      return Promise.resolve(pages ?? null).then((built) =>
        serveAdmin(built, path, core.publicUrl, () => isSignedIn(request), request, response),
      );
    }
    switch (path) {
      case '/export/attempts.csv':
        return serveExport(core, limiter, 'attempts', request, response);
      case '/export/books.csv':
        return serveExport(core, limiter, 'books', request, response);
      case '/export/profit.csv':
        return serveExport(core, limiter, 'profit', request, response);
      case '/health/live':
        return live(response);
      case '/health/ready':
        return ready(core, draining, response);
      case '/metrics':
        return metrics.answer(response);
      case '/':
        // People are led to the pages where there are any, programs to the API.
        response.writeHead(302, {
          location: pages && request.headers.accept?.includes('text/html') ? '/admin' : '/graphql',
          vary: 'accept',
        });
        return response.end();
      default:
        return sendError(
          response,
          404,
          'NOT_FOUND',
          'There is nothing here. GraphQL and GraphiQL are at /graphql, the pages at /admin.',
        );
    }
  };

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      await route(request, response);
    } catch (error) {
      const path = request.url?.split('?')[0];
      if (isBrokenOff(error, request)) {
        core.log.debug({ error, path }, 'A client went away in the middle of a request.');
        return void response.destroy();
      }
      core.log.error({ error, path }, 'A request failed.');
      if (response.headersSent) response.destroy();
      else sendError(response, 500, 'INTERNAL_SERVER_ERROR', 'Unexpected error.');
    }
  };
  const server = createServer((request, response) => {
    metrics.count(request, response);
    const requestId = requestIdOf(request.headers['x-request-id']);
    response.setHeader('x-request-id', requestId);
    void inScope({ requestId }, () => traceRequest(core.tracing, request, response, serve));
  });
  // A call may wait a minute for its result before it is answered.
  server.requestTimeout = 30_000;
  server.headersTimeout = 10_000;
  server.keepAliveTimeout = 65_000;

  const { host, port } = core.environment.http;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // Only now: graphql-ws would take a port that is in use for a defect of the sockets, and print its stack.
  sockets = graphql && openSockets(core, graphql, fanOut, limiter, mask, documents, server);
  const address = server.address() as AddressInfo;
  // A server that listens on every address is reached by none of that name.
  const everywhere = address.address === '0.0.0.0' || address.address === '::';
  const literal = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  const name = everywhere ? 'localhost' : literal;
  const url = `http://${name}:${address.port}`;
  core.publicUrl = core.environment.http.publicUrl ?? url;
  if (graphql) core.billing.sandbox?.deliverTo(`${url}/webhooks/stripe`);

  return {
    url,
    drain() {
      draining = true;
    },
    async close() {
      await sockets?.close();
      streams.close();
      fanOut.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const force = setTimeout(() => server.closeAllConnections(), 5_000);
      await closed;
      clearTimeout(force);
    },
  };
}
