/** Hears of balances as the ledger tells them, and gathers those accounts that may have become low. */
import type { Ledger } from '../ledger/index.ts';

/** Told of what an account has available. Does nothing that the caller would wait for. */
export type NoticeBalance = (accountId: string, available: number) => void;

/** A ledger whose reservations and settlements tell a listener what is available after them, once they are committed. */
export function watchBalances(ledger: Ledger, notice: NoticeBalance): Ledger {
  return {
    ...ledger,
    async reserve(item) {
      const outcome = await ledger.reserve(item);
      if (outcome.status === 'reserved') notice(item.accountId, outcome.available);
      return outcome;
    },
    async settle(item) {
      const outcome = await ledger.settle(item);
      if (outcome.status === 'settled' && outcome.accountId) {
        notice(outcome.accountId, outcome.balance.available);
      }
      return outcome;
    },
  };
}

/** How long an account that was found low is left alone, unless its balance is seen to rise. */
const QUIET_MS = 1_000;

/**
 * Which accounts are to be looked at: those that have a threshold and were told to be under it.
 *
 * `look` is called with what has gathered, one call at a time. An account that has just been looked at is looked at again
 * after a second at the soonest, so that one which stays low and busy costs next to nothing.
 */
export class Gathering {
  readonly #thresholds = new Map<string, number>();
  readonly #lookedAt = new Map<string, number>();
  readonly #look: (accountIds: readonly string[]) => Promise<void>;
  #gathered = new Set<string>();
  #underWay: Promise<void> | null = null;

  constructor(look: (accountIds: readonly string[]) => Promise<void>) {
    this.#look = look;
  }

  /** Sets from which balance on an account is not low. */
  setThreshold(accountId: string, threshold: number): void {
    this.#thresholds.set(accountId, threshold);
    this.#lookedAt.delete(accountId);
  }

  /** See {@link NoticeBalance}. */
  readonly notice: NoticeBalance = (accountId, available) => {
    const threshold = this.#thresholds.get(accountId);
    if (threshold === undefined) return;
    if (available >= threshold) {
      this.#lookedAt.delete(accountId);
      return;
    }
    const now = performance.now();
    if (now - (this.#lookedAt.get(accountId) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
    this.#lookedAt.set(accountId, now);
    this.#gathered.add(accountId);
    this.#underWay ??= this.#run();
  };

  /** Resolves when everything that was noticed has been looked at. */
  async idle(): Promise<void> {
    while (this.#underWay) await this.#underWay;
  }

  /** Never rejects: the listener's failures are its own, and the sweep looks again. */
  async #run(): Promise<void> {
    // Whoever settles now goes on first.
    await new Promise(setImmediate);
    while (this.#gathered.size > 0) {
      const accountIds = [...this.#gathered];
      this.#gathered = new Set();
      await this.#look(accountIds).catch(() => {});
    }
    this.#underWay = null;
  }
}
