/**
 * The connection by which the server tells what changes: a WebSocket, or server-sent events where none can be opened (some
 * proxies let none through).
 *
 * States, as the banner shows them:
 *
 * - *idle*: nothing is watched.
 * - *connecting*: the first connection is being made.
 * - *live*: what changes is told.
 * - *interrupted*: the connection was lost, or never came to be; it is tried again until it is there.
 *
 * The server sends the present state first to every subscription, so that what is watched is right again after its first
 * event. What was only asked for once is asked for again: `onCaughtUp`.
 */
import { type Client, createClient } from 'graphql-ws';
import { readEvents, whenSeen } from './event-stream.ts';

export type LiveState = 'idle' | 'connecting' | 'live' | 'interrupted';

/** What is sent to subscribe: text while the pages are worked on, a hash when they are built. */
export interface Request {
  readonly query?: string | undefined;
  readonly documentId?: string | undefined;
  readonly variables?: object | undefined;
}

/** Whoever watches. */
export interface Sink {
  next(result: { data?: unknown; errors?: readonly unknown[] }): void;
  error(error: unknown): void;
  complete(): void;
}

export interface Live {
  readonly state: LiveState;
  /** Since when it is interrupted, by `Date.now()`. */
  readonly since: number | null;
  listen(listener: () => void): () => void;
  /** Called when the connection is there again after it was lost. */
  onCaughtUp(listener: () => void): () => void;
  /** Opens the connection, so that whoever watches something soon need not wait for it. */
  open(): void;
  /** @returns what ends it. */
  subscribe(request: Request, sink: Sink): () => void;
  /** Closes the connection: the next one is made with the credentials of then. */
  reset(): void;
}

/** A connection is thought lost when nothing answers a ping for so long. */
const PING_MS = 10_000;
const PONG_MS = 5_000;
/** After so many sockets that never opened, server-sent events are tried. */
const SOCKETS_TRIED = 3;
const LONGEST_WAIT_MS = 8_000;

const msBefore = (attempt: number) =>
  Math.min(300 * 2 ** attempt, LONGEST_WAIT_MS) * (0.7 + Math.random() * 0.6);
const waitBefore = (attempt: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, msBefore(attempt)));

/** Conditions that pass by themselves, such as a database that is away: what has ended with one is begun again. */
const PASSING: ReadonlySet<unknown> = new Set([
  'SERVICE_UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
  'RATE_LIMITED',
]);

const isPassing = (errors: readonly unknown[] | undefined): boolean =>
  (errors ?? []).some((error) =>
    PASSING.has((error as { extensions?: { code?: unknown } }).extensions?.code),
  );

/** Opens nothing before it is told to, or something is watched. @param onUnauthenticated called when the session has ended. */
export function createLive(path: string, onUnauthenticated: () => void): Live {
  let state: LiveState = 'idle';
  let since: number | null = null;
  let hasOpened = false;
  let failures = 0;
  let useEvents = typeof WebSocket === 'undefined';
  const watching = new Set<symbol>();
  const listeners = new Set<() => void>();
  const caughtUp = new Set<() => void>();

  const become = (next: LiveState) => {
    if (next === state) return;
    const wasInterrupted = state === 'interrupted';
    state = next;
    since = next === 'interrupted' ? Date.now() : null;
    for (const listener of listeners) listener();
    if (next === 'live' && wasInterrupted) for (const listener of caughtUp) listener();
  };

  const openSocket = (): Client => {
    const url = new URL(path, window.location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    let socket: WebSocket | undefined;
    let pong: ReturnType<typeof setTimeout> | undefined;
    return createClient({
      url: url.href,
      lazy: false,
      // Whoever watches is told by the subscription.
      onNonLazyError: () => {},
      keepAlive: PING_MS,
      retryAttempts: Number.POSITIVE_INFINITY,
      retryWait: waitBefore,
      shouldRetry: (event) => {
        if (event instanceof CloseEvent && event.code === 4401) return false;
        return hasOpened || failures < SOCKETS_TRIED;
      },
      on: {
        connecting: () => become(state === 'interrupted' ? 'interrupted' : 'connecting'),
        opened: (opened) => {
          socket = opened as WebSocket;
        },
        connected: () => {
          hasOpened = true;
          failures = 0;
          become('live');
        },
        ping: (received) => {
          if (!received) pong = setTimeout(() => socket?.close(4408, 'No answer'), PONG_MS);
        },
        pong: (received) => {
          if (received) clearTimeout(pong);
        },
        closed: (event) => {
          clearTimeout(pong);
          if (event instanceof CloseEvent && event.code === 4401) onUnauthenticated();
          if (!hasOpened) failures += 1;
          become(watching.size > 0 ? 'interrupted' : 'idle');
        },
      },
    });
  };
  let client: Client | undefined;

  /** One stream a subscription: begins again by itself until it is ended. */
  const subscribeByEvents = (request: Request, sink: Sink): (() => void) => {
    const abort = new AbortController();
    const run = async () => {
      for (let attempt = 0; !abort.signal.aborted; attempt += 1) {
        await whenSeen(abort.signal);
        if (abort.signal.aborted) return;
        if (state !== 'live') become(state === 'interrupted' ? 'interrupted' : 'connecting');
        const open = () => {
          attempt = 0;
          become('live');
        };
        const end = await readEvents(path, request, abort.signal, open, (result) => sink.next(result));
        if (abort.signal.aborted) return;
        if (end === 'complete') return sink.complete();
        if (end === 'unauthenticated') return onUnauthenticated();
        if (end === 'hidden') {
          attempt = -1;
          become('idle');
          continue;
        }
        become('interrupted');
        await waitBefore(attempt);
      }
    };
    run().catch((error: unknown) => sink.error(error));
    return () => abort.abort();
  };

  const subscribeBySocket = (request: Request, sink: Sink, onRefused: () => void): (() => void) => {
    client ??= openSocket();
    const { documentId, query, variables } = request;
    return client.subscribe(
      {
        // The protocol wants a text: an empty one stands for the document that is named beside it.
        query: query ?? '',
        variables: variables as Record<string, unknown>,
        ...(documentId === undefined ? {} : { extensions: { documentId } }),
      },
      {
        next: (result) => sink.next(result as { data?: unknown }),
        complete: () => sink.complete(),
        error: (error) => {
          if (Array.isArray(error)) {
            sink.next({ errors: error as unknown[] });
            return sink.complete();
          }
          if (error instanceof CloseEvent && error.code === 4401) return;
          if (!hasOpened && failures >= SOCKETS_TRIED) return onRefused();
          sink.error(error);
        },
      },
    );
  };

  return {
    get state() {
      return state;
    },
    get since() {
      return since;
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onCaughtUp(listener) {
      caughtUp.add(listener);
      return () => caughtUp.delete(listener);
    },
    open() {
      if (!useEvents) client ??= openSocket();
    },
    subscribe(request, sink) {
      const me = Symbol();
      watching.add(me);
      let end = () => {};
      let timer: ReturnType<typeof setTimeout> | undefined;
      let attempt = 0;
      let passes = false;
      let failed = false;
      const again = () => {
        if (!watching.has(me)) return;
        timer = setTimeout(begin, msBefore(attempt));
        attempt += 1;
      };
      const own: Sink = {
        next(result) {
          passes = isPassing(result.errors);
          if (!passes) attempt = 0;
          // urql goes by the last errors until it is told that there are none.
          sink.next(failed && !result.errors ? { ...result, errors: [] } : result);
          failed = result.errors !== undefined;
        },
        complete: () => (passes ? again() : sink.complete()),
        // The connection broke in a way that the library does not mend.
        error: again,
      };
      const begin = () => {
        passes = false;
        if (useEvents) end = subscribeByEvents(request, own);
        else {
          end = subscribeBySocket(request, own, () => {
            useEvents = true;
            end = subscribeByEvents(request, own);
          });
        }
      };
      begin();
      return () => {
        watching.delete(me);
        clearTimeout(timer);
        end();
        if (watching.size === 0 && useEvents) become('idle');
      };
    },
    reset() {
      void client?.dispose();
      client = undefined;
      hasOpened = false;
      failures = 0;
      become('idle');
    },
  };
}
