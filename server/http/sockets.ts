/** GraphQL over WebSocket (graphql-transport-ws), on the same path as HTTP. PROTOCOL.md names the close codes. */
import type { Server } from 'node:http';
import { type ExecutionArgs, GraphQLError, getOperationAST } from 'graphql';
import { handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { credentialsEnded, rateLimited } from '../../schema/index.ts';
import { AccessError, type Caller } from '../access/index.ts';
import type { Core } from '../core.ts';
import { isTransient } from '../database/index.ts';
import { newId } from '../ids.ts';
import { inScope, type RequestScope } from '../request.ts';
import { addressOf } from './address.ts';
import { MAX_BODY_BYTES } from './body.ts';
import { isSameOrigin } from './connection.ts';
import { contextOfSocket } from './context.ts';
import type { Documents } from './documents.ts';
import type { FanOut } from './fan-out.ts';
import type { Graphql } from './graphql.ts';
import type { RateLimiter } from './rate-limit.ts';
import { CloseCode, closeFor, ENDED, keepAlive, type SocketExtra, serveSocket, sinkOf } from './socket.ts';

/** A socket, and from connection_init on who is at its other end. */
interface Extra extends SocketExtra {
  connection?: Connection;
}

interface Connection {
  readonly socket: WebSocket;
  readonly caller: Caller | null;
  /** For each operation that is open, by its id: what it is done for. */
  readonly scopes: Map<string, RequestScope>;
}

/** An operation that is about to be executed. */
interface Prepared extends ExecutionArgs {
  readonly scope: RequestScope;
  /** Whether its client has ended it before it began, and gives its id to another one already. */
  readonly isOvertaken: () => boolean;
  readonly execute: (args: ExecutionArgs) => unknown;
  readonly subscribe: (args: ExecutionArgs) => unknown;
}

/** HTTP's part of an error says nothing over a WebSocket; which operation it was is told as over HTTP. */
function finish(errors: readonly GraphQLError[] | undefined, scope: RequestScope | undefined): void {
  for (const { extensions } of errors ?? []) {
    Reflect.deleteProperty(extensions, 'http');
    if (scope) extensions.requestId ??= scope.requestId;
  }
}

const noOperation = () =>
  new GraphQLError('Could not determine what operation to execute.', {
    extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
  });

/** How often open sockets' credentials are looked at again. */
const RECHECK_MS = 1_000;

/** Opens the WebSocket side of a server. */
export function openSockets(
  core: Core,
  graphql: Graphql,
  fanOut: FanOut,
  limiter: RateLimiter,
  mask: (error: unknown) => Error,
  documents: Documents,
  server: Server,
) {
  const sockets = new WebSocketServer({
    server,
    path: '/graphql',
    maxPayload: MAX_BODY_BYTES,
    handleProtocols: (offered) => handleProtocols(offered),
  });
  const connections = new Set<Connection>();

  /** What an operation is executed with, or why it is not. */
  const prepare = async (
    extra: Extra,
    id: string,
    params: SubscribePayload,
    scope: RequestScope,
  ): Promise<GraphQLError[] | Omit<Prepared, 'isOvertaken'>> => {
    const caller = extra.connection?.caller ?? null;
    const wait = limiter.take(
      caller?.actor ?? `ip:${addressOf(extra.request, core.environment.http.trustedProxies)}`,
    );
    if (wait > 0) return [rateLimited(wait)];
    try {
      if (caller && !(await core.access.isStillValid(caller))) return [credentialsEnded()];
      const { socket } = extra;
      const ready = contextOfSocket(core, caller, sinkOf(socket, id, fanOut.noteCutOff));
      const { schema, execute, subscribe, contextFactory, parse, validate } = graphql.getEnveloped({
        ready,
        params,
      } as never);
      const { documentId } = params.extensions ?? {};
      // The library wants `query` to be a text: one that is empty stands for the document that is named.
      const text =
        documentId !== undefined && params.query === '' ? documents.textOf(documentId) : params.query;
      const document = typeof text === 'string' ? await parse(text) : text;
      const errors = await validate(schema, document);
      if (errors.length > 0) return errors as GraphQLError[];
      // The library's own words for this have no code.
      if (!getOperationAST(document, params.operationName)) return [noOperation()];
      return {
        schema,
        operationName: params.operationName,
        document,
        variableValues: params.variables as Record<string, unknown>,
        contextValue: await contextFactory(),
        scope,
        execute,
        subscribe,
      };
    } catch (error) {
      // A document that is none, or a database that is away, is no affair of the other operations of its socket.
      return [mask(error) as GraphQLError];
    }
  };
  const run = async (args: ExecutionArgs, kind: 'execute' | 'subscribe') => {
    const prepared = args as Prepared;
    const result = await inScope(prepared.scope, () => prepared[kind](prepared));
    if (!prepared.isOvertaken()) return result as never;
    // The library would take it for the other one, and let go of one of them alone. Nobody waits for it.
    await (result as Partial<AsyncIterator<unknown>>).return?.();
    return new Promise<never>(() => {});
  };

  const protocol = makeServer<Record<string, unknown>, Extra>({
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
        if (error instanceof AccessError) {
          socket.close(CloseCode.Unauthorized, `Unauthorized: ${error.message}`.slice(0, 120));
        } else if (isTransient(error)) {
          core.log.warn({ error }, 'A WebSocket could not be taken: the database did not answer.');
          socket.close(CloseCode.TryAgainLater, 'The database does not answer');
        } else throw error;
        return false;
      }
      const connection: Connection = { socket, caller, scopes: new Map() };
      context.extra.connection = connection;
      connections.add(connection);
      return true;
    },
    onDisconnect(context) {
      if (context.extra.connection) connections.delete(context.extra.connection);
    },
    async onSubscribe(context, id, params) {
      const scope: RequestScope = { requestId: newId() };
      const scopes = context.extra.connection?.scopes;
      scopes?.set(id, scope);
      const prepared = await inScope(scope, () => prepare(context.extra, id, params, scope));
      // Its client has ended it meanwhile: the library says nothing more of it.
      if (!(id in context.subscriptions)) scopes?.delete(id);
      if (Array.isArray(prepared)) return prepared;
      return { ...prepared, isOvertaken: () => scopes?.has(id) === true && scopes.get(id) !== scope };
    },
    execute: (args) => run(args, 'execute'),
    subscribe: (args) => run(args, 'subscribe'),
    onNext: (context, id, _payload, _args, result) =>
      finish(result.errors as readonly GraphQLError[], context.extra.connection?.scopes.get(id)),
    onError(context, id, _payload, errors) {
      const scopes = context.extra.connection?.scopes;
      finish(errors as readonly GraphQLError[], scopes?.get(id));
      // No `complete` follows.
      scopes?.delete(id);
    },
    onComplete: (context, id) => void context.extra.connection?.scopes.delete(id),
  });
  sockets.on('connection', (socket, request) => {
    serveSocket(protocol, { socket, request }, core.log, fanOut.noteCutOff);
  });
  const pings = keepAlive(() => sockets.clients);

  const recheck = setInterval(() => {
    // Many sockets may have one key: it is looked at once.
    const byCaller = new Map<Caller, WebSocket[]>();
    for (const { caller, socket } of connections) {
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
      clearInterval(pings);
      for (const client of sockets.clients) closeFor(client, CloseCode.GoingAway, 'The server is going away');
      await new Promise((resolve) => sockets.close(resolve));
    },
  };
}
