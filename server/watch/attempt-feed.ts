/**
 * Attempts as they are booked, by whichever process, for whoever watches: read once a process however many do, in groups, at
 * most four times a second.
 *
 * They are found by the instant of their booking. A batch's instant is told by its process's clock before it is committed, so
 * that one may come to light behind a later one: each look goes back {@link LOOK_BACK_MS} beyond the newest that is known.
 */
import type { Clock } from '../clock.ts';
import { type Database, isTransient } from '../database/index.ts';
import { EVENT_MS, type Live, type Messages } from '../live/index.ts';
import type { Log } from '../log.ts';
import { outOfScope } from '../request.ts';
import type { BookedAttempt } from './statements.ts';
import * as statements from './statements.ts';

/** Some attempts that came together. */
export interface AttemptGroup {
  readonly items: readonly BookedAttempt[];
  /** How many before them were booked too fast to be told. */
  readonly skipped: number;
}

/** Groups as they come, until `return` is called. */
export type AttemptGroups = AsyncIterableIterator<AttemptGroup, void, void> & {
  return(): Promise<IteratorResult<AttemptGroup, void>>;
};

const LOOK_BACK_MS = 5_000;
/** As many as are read within the time that is looked back. When there are more, only the newest are told. */
const MOST_READ = 2_000;
const MOST_TOLD = 250;
/** Groups that wait for a reader; beyond them the oldest are skipped. */
const MOST_GROUPS = 20;

const keyOf = ({ generationId, number }: BookedAttempt) => `${generationId}/${number}`;

/** What the feed of a process reads. */
export interface AttemptFeedOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly live: Live;
}

/** See the head of this file. */
export class AttemptFeed {
  readonly #options: AttemptFeedOptions;
  readonly #readers = new Set<(group: AttemptGroup) => void>();
  #signals: Messages<null> | undefined;
  #begun: Promise<void> | undefined;
  /** What has been told of the time that is looked back on, by when it was booked. */
  #known = new Map<string, number>();
  #newest = 0;

  constructor(options: AttemptFeedOptions) {
    this.#options = options;
  }

  /** The newest attempts that match, oldest first. */
  async recent(matches: (attempt: BookedAttempt) => boolean, limit: number): Promise<BookedAttempt[]> {
    const attempts = await statements.readNewest(this.#options.database, 200);
    return attempts.filter(matches).slice(-limit);
  }

  /** Begins to watch: what is booked from now on. */
  async watch(): Promise<AttemptGroups> {
    const waiting: AttemptGroup[] = [];
    let wake: () => void = () => {};
    let ended = false;
    const reader = (group: AttemptGroup) => {
      waiting.push(group);
      if (waiting.length > MOST_GROUPS) {
        const [lost, next] = waiting.splice(0, 2);
        if (lost && next) {
          waiting.unshift({ ...next, skipped: lost.skipped + lost.items.length + next.skipped });
        }
      }
      wake();
    };
    this.#readers.add(reader);
    const groups: AttemptGroups = {
      async next() {
        if (waiting.length === 0 && !ended) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const group = ended ? undefined : waiting.shift();
        return group ? { done: false, value: group } : { done: true, value: undefined };
      },
      return: async () => {
        ended = true;
        wake();
        if (this.#readers.delete(reader) && this.#readers.size === 0) await this.#stop();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => groups,
    };
    try {
      this.#begun ??= this.#begin();
      await this.#begun;
    } catch (error) {
      await groups.return();
      throw error;
    }
    return groups;
  }

  async #begin(): Promise<void> {
    const { clock, database, live } = this.#options;
    this.#newest = clock.now().getTime();
    this.#known.clear();
    const signals = live.listen('books', '', { everyMs: EVENT_MS });
    this.#signals = signals;
    const since = new Date(this.#newest - LOOK_BACK_MS);
    const { attempts } = await statements.readNewestAfter(database, since, MOST_READ);
    this.#note(attempts);
    outOfScope(() => void this.#follow(signals));
  }

  async #stop(): Promise<void> {
    // Gone before they are waited for: whoever begins to watch meanwhile has signals of its own.
    const signals = this.#signals;
    this.#signals = undefined;
    this.#begun = undefined;
    await signals?.return();
  }

  async #follow(signals: Messages<null>): Promise<void> {
    for await (const _ of signals) {
      try {
        const group = await this.#look();
        if (group.items.length > 0) for (const reader of this.#readers) reader(group);
      } catch (error) {
        if (!isTransient(error)) this.#options.log.error({ error }, 'Attempts could not be read.');
      }
    }
  }

  async #look(): Promise<AttemptGroup> {
    const { database } = this.#options;
    const since = new Date(this.#newest - LOOK_BACK_MS);
    const found = await statements.readBookedAfter(database, since, MOST_READ + 1);
    if (found.length <= MOST_READ) {
      const items = found.filter((attempt) => !this.#known.has(keyOf(attempt)));
      this.#note(items);
      return { items, skipped: 0 };
    }
    const after = new Date(this.#newest);
    const { attempts, count } = await statements.readNewestAfter(database, after, MOST_TOLD);
    this.#note(attempts);
    return { items: attempts, skipped: count - attempts.length };
  }

  #note(attempts: readonly BookedAttempt[]): void {
    for (const attempt of attempts) {
      const at = attempt.bookedAt.getTime();
      this.#known.set(keyOf(attempt), at);
      if (at > this.#newest) this.#newest = at;
    }
    for (const [key, at] of this.#known) if (at <= this.#newest - LOOK_BACK_MS) this.#known.delete(key);
  }
}
