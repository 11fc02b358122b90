/**
 * Pays packs as the billing room does, without Stripe: a payment that goes through grants the pack's credits, and the same
 * key never pays twice, whoever asks.
 */
import type { Ledger } from '../../server/ledger/index.ts';
import type { Plans } from '../../server/plans/index.ts';
import type { ChargeOutcome, ChargeSaved } from '../../server/topup/index.ts';

export interface Till {
  readonly charge: ChargeSaved;
  /** Every time that it was asked, by key, in order. */
  readonly asked: readonly string[];
  /** What comes of the next requests, in order; after those every one is paid. */
  next(...outcomes: (ChargeOutcome | Error)[]): void;
  /** Lets nobody have an answer until the function that it gives is called. */
  hold(): () => void;
}

/** Opens a till. */
export function openTill(ledger: Pick<Ledger, 'grant'>, plans: Pick<Plans, 'pack'>): Till {
  const asked: string[] = [];
  const queue: (ChargeOutcome | Error)[] = [];
  let open: Promise<void> = Promise.resolve();
  return {
    asked,
    next: (...outcomes) => void queue.push(...outcomes),
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      open = promise;
      return resolve;
    },
    async charge({ accountId, packId, key }) {
      asked.push(key);
      const outcome = queue.shift() ?? { status: 'paid' };
      await open;
      if (outcome instanceof Error) throw outcome;
      if (outcome.status !== 'paid') return outcome;
      const pack = await plans.pack(packId);
      if (!pack) throw new Error(`There is no pack ${packId}.`);
      await ledger.grant({
        accountId,
        namespace: 'system',
        key: `payment:${key}`,
        inputHash: packId,
        source: 'PURCHASE',
        credits: pack.credits,
        revenueMicros: pack.priceMicros,
        expiresAt: null,
        reason: 'A pack was bought',
        actor: 'system',
      });
      return outcome;
    },
  };
}
