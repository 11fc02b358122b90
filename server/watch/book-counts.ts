/** What this process has booked since its start, for metrics. What all processes have is in the summaries. */
import type {
  AttemptRecord,
  LedgerObserver,
  RerouteItem,
  ReserveOutcome,
  SettleItem,
  SettleOutcome,
} from '../ledger/index.ts';
import type { Micros } from '../money.ts';

/** Attempts of one model that ended alike. Models are those of the catalogue, so that there are few of these. */
export interface AttemptCount {
  readonly provider: string;
  readonly model: string;
  readonly outcome: string;
  calls: number;
  credits: number;
  costMicros: Micros;
  revenueMicros: Micros;
  durationMs: number;
}

/** How long a reservation waits for its end before it is told of by itself. */
const RESERVED_MS = 100;

/** See the head of this file. */
export class BookCounts implements LedgerObserver {
  readonly reservations = new Map<ReserveOutcome['status'], number>();
  readonly attempts = new Map<string, AttemptCount>();
  readonly #onChange: () => void;
  #soon: NodeJS.Timeout | undefined;

  /** @param onChange called when something was booked, and a moment after something was reserved. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  reserved(_items: readonly unknown[], outcomes: readonly ReserveOutcome[]): void {
    for (const { status } of outcomes) {
      this.reservations.set(status, (this.reservations.get(status) ?? 0) + 1);
    }
    // Most calls end soon after: whoever watches is told of both at once then, and of the end without delay.
    this.#soon ??= setTimeout(() => this.#changed(), RESERVED_MS).unref();
  }

  settled(items: readonly SettleItem[], outcomes: readonly SettleOutcome[]): void {
    for (const [index, { attempts }] of items.entries()) {
      const settled = outcomes[index];
      // What corrects an attempt that was booked before is no further call.
      if (settled?.status !== 'settled') continue;
      for (const attempt of attempts) this.#count(attempt, attempt.final ? settled : null);
    }
    this.#changed();
  }

  rerouted({ failed }: RerouteItem): void {
    this.#count(failed, null);
    this.#changed();
  }

  #changed(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#onChange();
  }

  #count(attempt: AttemptRecord, end: SettleOutcome | null): void {
    const { provider, model, outcome } = attempt;
    const key = `${model} ${provider} ${outcome}`;
    let count = this.attempts.get(key);
    if (!count) {
      count = {
        provider,
        model,
        outcome,
        calls: 0,
        credits: 0,
        costMicros: 0n,
        revenueMicros: 0n,
        durationMs: 0,
      };
      this.attempts.set(key, count);
    }
    count.calls += 1;
    count.costMicros += attempt.costMicros;
    count.durationMs += attempt.durationMs;
    if (end) {
      count.credits += end.creditsCharged;
      count.revenueMicros += end.revenueMicros;
    }
  }
}
