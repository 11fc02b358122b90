/** Subscriptions read event by event, by either of the two ways to have one, which must not differ in what they say. */
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
    };
  }
  const abort = new AbortController();
  const { events } = await client.stream(query, variables, abort.signal);
  return {
    async next() {
      for (;;) {
        const { done, value } = await events.next();
        if (done || value.event === 'complete') return null;
        if (value.event === 'next') return value.data as Event<Data>;
      }
    },
    async close() {
      abort.abort();
      await events.return().catch(() => {});
    },
  };
}
