import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import type { Log } from '../log.ts';
import { Recent } from './recent.ts';
import { WRITE_LAST_USES } from './statements.ts';

const WRITE_EVERY_MS = 60_000;
const GATHER_MS = 1_000;
const RETRY_MS = 10_000;

/** When one key was used last, as far as this process knows. */
export interface Use {
  readonly id: string;
  usedAt: number;
  /** What stands in the database. */
  writtenAt: number;
  queued: boolean;
}

/** Keeps each key's last use: in memory at every call, in the database at most once a minute. */
export class LastUse {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #uses = new Recent<Use>(10_000);
  readonly #queue = new Set<Use>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(database: Database, clock: Clock, log: Log) {
    this.#database = database;
    this.#clock = clock;
    this.#log = log;
  }

  /** The record of a key that was just read. */
  of(id: string, lastUsedAt: Date | null): Use {
    const written = lastUsedAt?.getTime() ?? Number.NEGATIVE_INFINITY;
    const known = this.#uses.get(id);
    if (known) {
      // Another process may have written a later one: then this one need not, for another minute.
      known.writtenAt = Math.max(known.writtenAt, written);
      return known;
    }
    const use = { id, usedAt: written, writtenAt: written, queued: false };
    this.#uses.set(id, use);
    return use;
  }

  /** Notes a use. Called on every request: it waits for nothing. */
  note(use: Use, now: number): void {
    use.usedAt = now;
    if (!use.queued && now - use.writtenAt >= WRITE_EVERY_MS) {
      use.queued = true;
      this.#queue.add(use);
      this.#schedule(GATHER_MS);
    }
  }

  /** Writes what is in memory alone. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#writing;
    for (const use of this.#uses.values()) {
      if (use.usedAt > use.writtenAt) this.#queue.add(use);
    }
    await this.#write();
  }

  #schedule(ms: number): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#write();
    }, ms);
    this.#timer.unref();
  }

  async #write(): Promise<void> {
    const uses = [...this.#queue];
    if (uses.length === 0) return;
    this.#queue.clear();
    const instants = uses.map((use) => use.usedAt);
    try {
      await this.#database.query(WRITE_LAST_USES, [
        uses.map((use) => use.id),
        instants.map((instant) => new Date(instant).toISOString()),
      ]);
      uses.forEach((use, index) => {
        use.queued = false;
        use.writtenAt = Math.max(use.writtenAt, instants[index] ?? 0);
      });
    } catch (error) {
      // Nothing depends on it but what people see, so it is worth neither a failed call nor haste.
      this.#log.warn(
        { error, keys: uses.length, at: this.#clock.now() },
        'the last use of API keys could not be written',
      );
      for (const use of uses) this.#queue.add(use);
      this.#schedule(RETRY_MS);
    }
  }
}
