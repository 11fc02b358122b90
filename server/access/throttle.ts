import type { Clock } from '../clock.ts';
import { Recent } from './recent.ts';

const FREE_TRIES = 5;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 15 * 60_000;
const FORGOTTEN_AFTER_MS = 60 * 60_000;

interface Tries {
  readonly count: number;
  readonly lastAt: number;
  readonly waitUntil: number;
}

/**
 * Slows down whoever tries passwords: after five tries a wait of 30 s, then twice as long each time, up to
 * 15 minutes. In memory, by the given clock; an hour of quiet forgets.
 */
export class Throttle {
  readonly #clock: Clock;
  readonly #tries = new Recent<Tries>(10_000);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Counts a try before it is known how it ends, so that many at once are not all let through.
   *
   * @returns how many seconds to wait; 0 when the try may go on.
   */
  take(key: string): number {
    const now = this.#clock.now().getTime();
    const before = this.#tries.get(key);
    const known = before && Math.abs(now - before.lastAt) < FORGOTTEN_AFTER_MS ? before : undefined;
    if (known && now < known.waitUntil) {
      return Math.ceil(Math.min(known.waitUntil - now, LONGEST_WAIT_MS) / 1000);
    }
    const count = (known?.count ?? 0) + 1;
    const wait =
      count < FREE_TRIES
        ? 0
        : Math.min(FIRST_WAIT_MS * 2 ** Math.min(count - FREE_TRIES, 10), LONGEST_WAIT_MS);
    this.#tries.set(key, { count, lastAt: now, waitUntil: now + wait });
    return 0;
  }

  /** The try was right: the slate is clean. */
  forget(key: string): void {
    this.#tries.delete(key);
  }
}
