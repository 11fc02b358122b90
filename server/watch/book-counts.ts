/** What this process has booked since its start, for metrics. What all processes have is in the summaries. */
import type { LedgerObserver, ReserveOutcome, SettleItem, SettleOutcome } from '../ledger/index.ts';
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

/** See the head of this file. */
export class BookCounts implements LedgerObserver {
  readonly reservations = new Map<ReserveOutcome['status'], number>();
  readonly attempts = new Map<string, AttemptCount>();
  readonly #onChange: () => void;

  /** @param onChange called when something was reserved or booked. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  reserved(_items: readonly unknown[], outcomes: readonly ReserveOutcome[]): void {
    for (const { status } of outcomes) {
      this.reservations.set(status, (this.reservations.get(status) ?? 0) + 1);
    }
    this.#onChange();
  }

  settled(items: readonly SettleItem[], outcomes: readonly SettleOutcome[]): void {
    for (const [index, { attempts }] of items.entries()) {
      const settled = outcomes[index];
      // What corrects an attempt that was booked before is no further call.
      if (settled?.status !== 'settled') continue;
      for (const attempt of attempts) this.#count(attempt, attempt.final ? settled : null);
    }
    this.#onChange();
  }

  rerouted({ failed }: Parameters<LedgerObserver['rerouted']>[0]): void {
    this.#count(failed, null);
    this.#onChange();
  }

  #count(attempt: SettleItem['attempts'][number], end: SettleOutcome | null): void {
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
