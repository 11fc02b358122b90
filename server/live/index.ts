/**
 * The door of the live room: who wants to know what has just changed, in this process.
 *
 * Nothing here is relied on for the truth. A subscriber reads the present state first, is told of changes by these
 * channels, and asks the database again from time to time (RECHECK_MS), since the change may have happened in
 * another process.
 */

import type { GenerationRecord } from '../generation/index.ts';
import type { Balance } from '../ledger/index.ts';

/** One typed map of channels: the kind, and what its messages are. The key is an id. */
export interface Channels {
  generation: GenerationRecord;
  balance: Balance;
}

/** How long a subscriber waits for a message before it asks the database. */
export const RECHECK_MS = 2_000;

export interface Live {
  /** Tells everyone who listens to this kind and key. Costs nothing when nobody does. */
  publish<Kind extends keyof Channels>(kind: Kind, key: string, message: Channels[Kind]): void;
  /**
   * Messages from now on, the newest only: a reader that is slow misses what has been overtaken. Ends when the
   * consumer returns. Yields `null` when nothing came for RECHECK_MS.
   */
  listen<Kind extends keyof Channels>(
    kind: Kind,
    key: string,
  ): AsyncGenerator<Channels[Kind] | null, void, void>;
  /** How many listen, for metrics. */
  readonly listeners: number;
}

type Listener = (message: never) => void;

export function createLive(): Live {
  const listeners = new Map<string, Set<Listener>>();
  let count = 0;

  return {
    get listeners() {
      return count;
    },
    publish(kind, key, message) {
      const found = listeners.get(`${kind}:${key}`);
      if (found) for (const listener of found) (listener as (message: unknown) => void)(message);
    },
    async *listen<Kind extends keyof Channels>(kind: Kind, key: string) {
      const channel = `${kind}:${key}`;
      let newest: Channels[Kind] | undefined;
      let wake: () => void = () => {};
      const listener = (message: Channels[Kind]) => {
        newest = message;
        wake();
      };
      const all = listeners.get(channel) ?? new Set();
      listeners.set(channel, all);
      all.add(listener as Listener);
      count += 1;
      try {
        for (;;) {
          if (newest === undefined) {
            await new Promise<void>((resolve) => {
              const timer = setTimeout(resolve, RECHECK_MS);
              wake = () => {
                clearTimeout(timer);
                resolve();
              };
            });
          }
          const message = newest;
          newest = undefined;
          yield message ?? null;
        }
      } finally {
        count -= 1;
        all.delete(listener as Listener);
        if (all.size === 0) listeners.delete(channel);
      }
    },
  };
}
