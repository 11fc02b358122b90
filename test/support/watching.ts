/** Subscriptions read event by event, by either of the two ways to have one, which must not differ in what they say. */
import type WebSocket from 'ws';
import type { AnsweredError, TestClient } from './client.ts';

/** One event of a subscription. */
export interface Event<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly AnsweredError[];
  readonly extensions?: { readonly skipped?: number };
}

/** A subscription that is read event by event; `null` at its end. */
export interface Watching<Data> {
  next(): Promise<Event<Data> | null>;
  close(): Promise<void>;
  /** Breaks the connection without a word, as a network does. */
  cut(): Promise<void>;
}

/** The two ways to subscribe. */
export const WAYS = ['a WebSocket', 'server-sent events'] as const;
export type Way = (typeof WAYS)[number];

/** Subscribes. */
export async function watch<Data>(
  way: Way,
  client: TestClient,
  query: string,
  variables: object = {},
): Promise<Watching<Data>> {
  if (way === 'a WebSocket') {
    const socket = client.socket();
    let wire: WebSocket | undefined;
    socket.on('connected', (connected) => {
      wire = connected as WebSocket;
    });
    const events = socket.iterate<Data>({ query, variables: variables as Record<string, unknown> });
    return {
      async next() {
        try {
          const { done, value } = await events.next();
          return done ? null : (value as Event<Data>);
        } catch (error) {
          // An error message: its errors come as they are.
          if (Array.isArray(error)) return { errors: error as AnsweredError[] };
          throw error;
        }
      },
      async close() {
        await events.return?.();
        await socket.dispose();
      },
      async cut() {
        wire?.terminate();
        await events.return?.();
      },
    };
  }
  const abort = new AbortController();
  const { events } = await client.stream(query, variables, abort.signal);
  // A stream has no last word of its client's: it is broken off in any case.
  const close = async () => {
    abort.abort();
    await events.return().catch(() => {});
  };
  return {
    async next() {
      for (;;) {
        const { done, value } = await events.next();
        if (done || value.event === 'complete') return null;
        if (value.event === 'next') return value.data as Event<Data>;
      }
    },
    close,
    cut: close,
  };
}
