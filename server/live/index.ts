/**
 * The door of the live room: who wants to know what has just changed.
 *
 * Nothing here is relied on for the truth. A subscriber reads the present state first, is told of changes by these
 * channels, and asks the database again from time to time (RECHECK_MS), since the change may have happened in
 * another process. What happens seldom and is waited for elsewhere is announced to the other processes too, through the
 * database itself; they are told that something has changed, and read what.
 */
import type { Database } from '../database/index.ts';

import type { GenerationRecord } from '../generation/index.ts';
import type { Balance } from '../ledger/index.ts';
import type { Log } from '../log.ts';

/** One typed map of channels: the kind, and what its messages are. The key is an id. */
export interface Channels {
  generation: GenerationRecord;
  balance: Balance;
  /** The number of the newest change of an alert; read what it is. The key is `all`. */
  alert: number;
}

/** How long a subscriber waits for a message before it asks the database. */
export const RECHECK_MS = 2_000;

/** What a listener is given; `return` ends it, also while it waits. */
export type Messages<Message> = AsyncIterableIterator<Message | null, void, void> & {
  return(): Promise<IteratorResult<Message | null, void>>;
};

/** Who listens to what, in this process. */
export interface Live {
  /** Tells everyone who listens to this kind and key. Costs nothing when nobody does. */
  publish<Kind extends keyof Channels>(kind: Kind, key: string, message: Channels[Kind]): void;
  /**
   * Messages from now on, the newest only: a reader that is slow misses what has been overtaken. Ends when the
   * consumer returns. Yields `null` when nothing came for RECHECK_MS.
   */
  listen<Kind extends keyof Channels>(kind: Kind, key: string): Messages<Channels[Kind]>;
  /**
   * Lets those who listen in other processes ask the database. Costs a lock that all commits share: for what happens
   * seldom.
   */
  announce<Kind extends keyof Channels>(kind: Kind, key: string): void;
  /** How many listen, for metrics. */
  readonly listeners: number;
  /** Stops hearing of other processes. */
  close(): Promise<void>;
}

/** Null wakes it without a message: it is to ask the database. */
type Listener = (message: never | null) => void;

/** The database's channel by which processes tell each other of changes. */
const CHANNEL = 'solvent_live';

/** Opens the channels of one process. */
export async function openLive(options: { readonly database: Database; readonly log: Log }): Promise<Live> {
  const { database, log } = options;
  const listeners = new Map<string, Set<Listener>>();
  let count = 0;
  const wake = (channel: string) => {
    for (const listener of listeners.get(channel) ?? []) listener(null);
  };
  // An embedded database has no other process.
  const elsewhere =
    database.kind === 'postgres'
      ? await database.listen(CHANNEL, wake, () => {
          for (const channel of listeners.keys()) wake(channel);
        })
      : null;

  return {
    get listeners() {
      return count;
    },
    publish(kind, key, message) {
      const found = listeners.get(`${kind}:${key}`);
      if (found) for (const listener of found) (listener as (message: unknown) => void)(message);
    },
    announce(kind, key) {
      if (!elsewhere) return;
      database.notify(CHANNEL, `${kind}:${key}`).catch((error: unknown) => {
        log.warn({ error }, 'A change could not be announced; who waits for it asks by itself.');
      });
    },
    close: async () => elsewhere?.close(),
    listen<Kind extends keyof Channels>(kind: Kind, key: string) {
      const channel = `${kind}:${key}`;
      // Null: something has changed elsewhere; undefined: nothing has.
      let newest: Channels[Kind] | null | undefined;
      let wake: () => void = () => {};
      let ended = false;
      const listener = (message: Channels[Kind] | null) => {
        newest = message;
        wake();
      };
      // From this moment on nothing is missed: a generator would begin to listen only when it is first asked.
      const all = listeners.get(channel) ?? new Set<Listener>();
      listeners.set(channel, all);
      all.add(listener as Listener);
      count += 1;

      const end = () => {
        if (ended) return;
        ended = true;
        count -= 1;
        all.delete(listener as Listener);
        if (all.size === 0) listeners.delete(channel);
        wake();
      };

      const messages: Messages<Channels[Kind]> = {
        async next() {
          if (newest === undefined && !ended) {
            await new Promise<void>((resolve) => {
              const timer = setTimeout(resolve, RECHECK_MS);
              wake = () => {
                clearTimeout(timer);
                resolve();
              };
            });
          }
          if (ended) return { done: true, value: undefined };
          const message = newest;
          newest = undefined;
          return { done: false, value: message ?? null };
        },
        async return() {
          end();
          return { done: true, value: undefined };
        },
        [Symbol.asyncIterator]: () => messages,
      };
      return messages;
    },
  };
}
