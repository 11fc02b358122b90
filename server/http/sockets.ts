/** GraphQL over WebSocket (graphql-transport-ws), on the same path as HTTP. PROTOCOL.md names the close codes. */
import type { Server } from 'node:http';
import { type ExecutionArgs, GraphQLError } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { credentialsEnded, rateLimited } from '../../schema/index.ts';
import { AccessError, type Caller } from '../access/index.ts';
import type { Core } from '../core.ts';
import { MAX_BODY_BYTES } from './body.ts';
import { contextOfSocket, isSameOrigin } from './context.ts';
import type { Documents } from './documents.ts';
import type { StreamEvent } from './event.ts';
import type { FanOut } from './fan-out.ts';
import type { Graphql } from './graphql.ts';
import type { RateLimiter } from './rate-limit.ts';
import type { Sink } from './subscriber.ts';

/** Close codes beside those of graphql-transport-ws. The HTTP status is visible inside each. */
export const CloseCode = {
  /** Credentials are wrong, or have ended while the socket was open. */
  Unauthorized: 4401,
  /** Its client reads more slowly than it is told. */
  TooSlow: 4413,
  /** The server is going away; connect again, elsewhere or later. */
  GoingAway: 1001,
} as const;

interface Connection {
  readonly socket: WebSocket;
  readonly caller: Caller | null;
}

/** HTTP's part of an error says nothing over a WebSocket. */
function dropHttp(errors: readonly { readonly extensions?: unknown }[] | undefined): void {
  for (const { extensions } of errors ?? []) {
    if (typeof extensions === 'object' && extensions !== null) Reflect.deleteProperty(extensions, 'http');
  }
}

/** How often open sockets are looked at: their credentials, and whether they are read. */
const RECHECK_MS = 1_000;
/** Beyond so many bytes that have not gone out, a socket is told no more events for now. */
const FULL_BYTES = 16 * 1024;
/** Beyond so many it is cut off. Answers to what a client asks by itself are in it too. */
const CUT_OFF_BYTES = 1024 * 1024;
/** How long a client that was told to go may take to read that. */
const LAST_WORD_MS = 5_000;

/** Closes a socket with a code, and without it when that is not read either. */
function closeFor(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState !== socket.OPEN) return;
  socket.close(code, reason);
  const force = setTimeout(() => socket.terminate(), LAST_WORD_MS);
  force.unref();
  socket.once('close', () => clearTimeout(force));
}

const END = Buffer.from('}');

/** A socket as one of its subscriptions sees it: each event is the same bytes for everybody but for the id before them. */
function sinkOf(socket: WebSocket, id: string, onCutOff: () => void): Sink {
  const begin = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
  return {
    transport: 'websocket',
    send(event: StreamEvent, skipped) {
      if (socket.readyState !== socket.OPEN) return true;
      if (socket.bufferedAmount > FULL_BYTES) return false;
      socket.send(Buffer.concat([begin, event.json(skipped), END]), { binary: false });
      return true;
    },
    // The library says `complete` when the subscriber is done.
    end() {},
    cutOff() {
      onCutOff();
      closeFor(socket, CloseCode.TooSlow, 'Too slow: events were not read');
    },
    endCredentials: () => closeFor(socket, CloseCode.Unauthorized, ENDED),
  };
}

const ENDED = 'Unauthorized: the credentials have ended';

/** Opens the WebSocket side of a server. */
export function openSockets(
  core: Core,
  graphql: Graphql,
  fanOut: FanOut,
  limiter: RateLimiter,
  documents: Documents,
  server: Server,
) {
  const sockets = new WebSocketServer({ server, path: '/graphql', maxPayload: MAX_BODY_BYTES });
  const connections = new Set<Connection>();

  const disposable = useServer<Record<string, unknown>, { connection?: Connection }>(
    {
      connectionInitWaitTimeout: 10_000,
      async onConnect(context) {
        const { socket, request } = context.extra;
        const authorization =
          context.connectionParams?.authorization ?? context.connectionParams?.Authorization;
        let caller: Caller | null;
        try {
          caller = await core.access.authenticate({
            authorization:
              typeof authorization === 'string' ? authorization : (request.headers.authorization ?? null),
            cookie: request.headers.cookie ?? null,
            sameOrigin: isSameOrigin(request),
          });
        } catch (error) {
          if (!(error instanceof AccessError)) throw error;
          socket.close(CloseCode.Unauthorized, `Unauthorized: ${error.message}`.slice(0, 120));
          return false;
        }
        const connection = { socket, caller };
        context.extra.connection = connection;
        connections.add(connection);
        return true;
      },
      onDisconnect(context) {
        if (context.extra.connection) connections.delete(context.extra.connection);
      },
      async onSubscribe(context, id, params) {
        const caller = context.extra.connection?.caller ?? null;
        const wait = limiter.take(caller?.actor ?? `ip:${context.extra.request.socket.remoteAddress ?? ''}`);
        if (wait > 0) return [rateLimited(wait)];
        if (caller && !(await core.access.isStillValid(caller))) return [credentialsEnded()];
        const { socket, request } = context.extra;
        const ready = contextOfSocket(core, caller, request, sinkOf(socket, id, fanOut.noteCutOff));
        const { schema, execute, subscribe, contextFactory, parse, validate } = graphql.getEnveloped({
          ready,
          params,
        } as never);
        try {
          const { documentId } = params.extensions ?? {};
          // The library wants `query` to be a text: one that is empty stands for the document that is named.
          const text =
            documentId !== undefined && params.query === '' ? documents.textOf(documentId) : params.query;
          const document = typeof text === 'string' ? await parse(text) : text;
          const errors = await validate(schema, document);
          if (errors.length > 0) return errors as GraphQLError[];
          const args: ExecutionArgs & { execute: unknown; subscribe: unknown } = {
            schema,
            operationName: params.operationName,
            document,
            variableValues: params.variables as Record<string, unknown>,
            contextValue: await contextFactory(),
            execute,
            subscribe,
          };
          return args;
        } catch (error) {
          // A document that is none is no affair of the other operations of its socket.
          if (error instanceof GraphQLError) return [error];
          throw error;
        }
      },
      execute: (args) => (args as unknown as { execute: (args: unknown) => never }).execute(args),
      subscribe: (args) => (args as unknown as { subscribe: (args: unknown) => never }).subscribe(args),
      onNext: (_context, _id, _payload, _args, result) => dropHttp(result.errors),
      onError: (_context, _id, _payload, errors) => dropHttp(errors),
    },
    sockets,
  );

  const recheck = setInterval(() => {
    // Many sockets may have one key: it is looked at once.
    const byCaller = new Map<Caller, WebSocket[]>();
    for (const { caller, socket } of connections) {
      if (socket.bufferedAmount > CUT_OFF_BYTES) {
        fanOut.noteCutOff();
        closeFor(socket, CloseCode.TooSlow, 'Too slow: answers were not read');
      }
      if (!caller) continue;
      const sockets = byCaller.get(caller);
      if (sockets) sockets.push(socket);
      else byCaller.set(caller, [socket]);
    }
    for (const [caller, sockets] of byCaller) {
      core.access
        .isStillValid(caller)
        .then((valid) => {
          if (!valid) for (const socket of sockets) closeFor(socket, CloseCode.Unauthorized, ENDED);
        })
        .catch((error: unknown) => core.log.warn({ error }, "A socket's credentials could not be checked."));
    }
  }, RECHECK_MS);
  recheck.unref();

  return {
    /** How many clients are connected. */
    get open() {
      return sockets.clients.size;
    },
    /** Tells every client that the server is going away. */
    async close() {
      clearInterval(recheck);
      for (const client of sockets.clients) client.close(CloseCode.GoingAway, 'The server is going away');
      await disposable.dispose();
      sockets.close();
    },
  };
}
