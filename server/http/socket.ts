/**
 * One WebSocket as the server sees it: what it may hold that has not gone out, how it is closed, and how events of its
 * subscriptions and the messages of the library go out over it.
 */
import type { IncomingMessage } from 'node:http';
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, type Server } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Log } from '../log.ts';
import type { StreamEvent } from './event.ts';
import type { Sink } from './subscriber.ts';

/** Close codes beside those of graphql-transport-ws. The HTTP status is visible inside each. */
export const CloseCode = {
  /** Credentials are wrong, or have ended while the socket was open. */
  Unauthorized: 4401,
  /** Its client reads more slowly than it is told. */
  TooSlow: 4413,
  /** A defect of the server. */
  Defect: 4500,
  /** The server is going away; connect again, elsewhere or later. */
  GoingAway: 1001,
  /** The database does not answer, so that nobody can say who calls. Unlike a defect, clients of their own accord try again. */
  TryAgainLater: 1013,
} as const;

/** Beyond so many bytes that have not gone out, a socket is told no more events for now. */
const FULL_BYTES = 16 * 1024;
/** Beyond so many it is cut off. Answers to what a client asks by itself are in it too. */
const CUT_OFF_BYTES = 1024 * 1024;
/** How long a client that was told to go may take to read that. */
const LAST_WORD_MS = 5_000;

/** What a client is told whose credentials have ended. */
export const ENDED = 'Unauthorized: the credentials have ended';

/** Closes a socket with a code, and without it when that is not read either. */
export function closeFor(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState !== socket.OPEN) return;
  socket.close(code, reason);
  const force = setTimeout(() => socket.terminate(), LAST_WORD_MS);
  force.unref();
  socket.once('close', () => clearTimeout(force));
}

const END = Buffer.from('}');

/** A socket as one of its subscriptions sees it: each event is the same bytes for everybody but for the id before them. */
export function sinkOf(socket: WebSocket, id: string, onCutOff: () => void): Sink {
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

/** What the library is given with each of its sockets. */
export interface SocketExtra {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}

/** Gives a socket to the library, which speaks graphql-transport-ws over it until it is closed. */
export function serveSocket<Extra extends SocketExtra>(
  server: Server<Extra>,
  extra: Extra,
  log: Log,
  onCutOff: () => void,
): void {
  const { socket } = extra;
  // A client that goes away in the middle of something, or sends too much: its socket is closed with a code of its own.
  socket.on('error', (error) => log.debug({ error }, 'A WebSocket met an error.'));
  const closed = server.opened(
    {
      protocol: socket.protocol || GRAPHQL_TRANSPORT_WS_PROTOCOL,
      send: (text) =>
        new Promise((resolve) => {
          if (socket.readyState !== socket.OPEN) return resolve();
          if (socket.bufferedAmount > CUT_OFF_BYTES) {
            onCutOff();
            closeFor(socket, CloseCode.TooSlow, 'Too slow: answers were not read');
            return resolve();
          }
          // What cannot be sent any more is for nobody.
          socket.send(text, () => resolve());
        }),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (take) =>
        socket.on('message', (data) => {
          take(String(data)).catch((error: unknown) => {
            log.error({ error }, 'A message over a WebSocket could not be handled.');
            closeFor(socket, CloseCode.Defect, 'Internal server error');
          });
        }),
    },
    extra,
  );
  socket.once('close', (code, reason) => {
    closed(code, String(reason)).catch((error: unknown) =>
      log.error({ error }, 'A WebSocket could not be let go of.'),
    );
  });
}

/** How often sockets are pinged, so that nothing between closes a quiet one, and one that nobody holds is found. */
export const PING_MS = 12_000;

/** Pings sockets in turn, and drops those that have not answered since the last time. */
export function keepAlive(sockets: () => Iterable<WebSocket>): NodeJS.Timeout {
  const silent = new WeakSet<WebSocket>();
  const known = new WeakSet<WebSocket>();
  return setInterval(() => {
    for (const socket of sockets()) {
      if (socket.readyState !== socket.OPEN) continue;
      if (silent.has(socket)) {
        socket.terminate();
        continue;
      }
      if (!known.has(socket)) {
        known.add(socket);
        socket.on('pong', () => void silent.delete(socket));
      }
      silent.add(socket);
      socket.ping();
    }
  }, PING_MS).unref();
}
