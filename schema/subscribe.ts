/** How every subscription lives: the present state first, then changes, asking again now and then. */
import { isPassing } from '../server/ledger/index.ts';
import { EVENT_MS, type Messages } from '../server/live/index.ts';
import type { Context } from './context.ts';

/** At most four events a second; the newest state wins. */
export const PACE = { everyMs: EVENT_MS } as const;

/** What a subscription watches. */
export interface Watched<State> {
  /** The present state, which is sent first. */
  readonly first: State;
  /** Changes as this process hears of them; null when it should ask. */
  readonly changes: Messages<State>;
  /** Asks the database, since the change may have happened in another process. */
  readonly read: () => Promise<State>;
  /** Whether there is nothing new to tell. */
  readonly isSame: (before: State, after: State) => boolean;
  /** Whether nothing can come after this. */
  readonly isLast: (state: State) => boolean;
}

/** States as they come. */
async function* states<State>(context: Context, watched: Watched<State>): AsyncGenerator<State> {
  let known = watched.first;
  yield known;
  if (watched.isLast(known)) return;
  for await (const change of watched.changes) {
    let state: State;
    try {
      state = change ?? (await watched.read());
    } catch (error) {
      // A database that is away for a moment ends no subscription: it is asked again.
      if (!isPassing(error)) throw error;
      continue;
    }
    if (watched.isSame(known, state)) {
      context.stream?.onUnchanged();
      continue;
    }
    known = state;
    yield state;
    if (watched.isLast(state)) return;
  }
}

/** Ends what a stream waits for before the stream: a generator's own `return` waits for what its `next` waits for. */
export function endingFirst<Value>(
  stream: AsyncGenerator<Value>,
  waits: { return(): Promise<unknown> },
): AsyncIterableIterator<Value> {
  return {
    async next() {
      const result = await stream.next().catch(async (error: unknown) => {
        await waits.return();
        throw error;
      });
      if (result.done) await waits.return();
      return result;
    },
    async return() {
      await waits.return();
      await stream.return(undefined);
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Sends the present state, then each change, until there can be no further one or nobody watches any more. */
export function present<State>(context: Context, watched: Watched<State>): AsyncIterableIterator<State> {
  context.stream?.onAsk(() => watched.changes.wake());
  return endingFirst(states(context, watched), watched.changes);
}

/** What a subscription of single happenings watches: none of them is overtaken by the next. */
export interface WatchedEvents<Item> {
  /** What has happened last, oldest first: sent at once. */
  readonly first: readonly Item[];
  /** Groups as they come. `skipped` says how many before them could not be told. */
  readonly groups: AsyncIterableIterator<{ readonly items: readonly Item[]; readonly skipped: number }> & {
    return(): Promise<unknown>;
  };
  /** Whether one is wanted. */
  readonly matches: (item: Item) => boolean;
  /** Whether two are one: what was among the first may come again. */
  readonly isSame: (one: Item, other: Item) => boolean;
}

async function* happenings<Item>(context: Context, watched: WatchedEvents<Item>): AsyncGenerator<Item> {
  yield* watched.first;
  for await (const { items, skipped } of watched.groups) {
    if (skipped > 0) context.stream?.onSkipped(skipped);
    for (const item of items) {
      if (!watched.matches(item) || watched.first.some((first) => watched.isSame(first, item))) continue;
      yield item;
    }
  }
}

/** Sends each happening, in order. */
export function each<Item>(context: Context, watched: WatchedEvents<Item>): AsyncIterableIterator<Item> {
  return endingFirst(happenings(context, watched), watched.groups);
}
