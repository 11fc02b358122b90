/**
 * Payments in another currency. The books are in dollars: what such a payment settles for in dollars, by Stripe's own line
 * of it, is what it brought, and all that is said of it in its own currency counts as its share of that.
 */
import type { Micros } from '../money.ts';
import type { IntentRead, RefundRead } from './gateway.ts';
import type { MoneyRead } from './read.ts';

/** In which the books are. */
export const BOOKED = 'usd';

/** What a payment brought in dollars; null while Stripe has not said, or when it settles in another currency. */
export function settledMicros(intent: IntentRead): Micros | null {
  if (intent.currency === BOOKED) return intent.receivedMicros;
  const balance = intent.charge?.balance;
  return balance?.currency === BOOKED ? balance.amountMicros : null;
}

/** Why what a payment brought cannot be told in dollars. */
export function unsettled(what: string, intent: IntentRead): string {
  const settled = intent.charge?.balance?.currency;
  return settled === undefined
    ? `${what} is in ${intent.currency}, and Stripe has not said yet what it settles for in ${BOOKED}.`
    : `${what} is in ${intent.currency} and settles in ${settled}; the books are in ${BOOKED}.`;
}

/** What a share of an amount is of another: in proportion, rounded down, and the whole of the whole. */
export function shareOf(share: Micros, of: Micros, whole: Micros): Micros {
  return of === 0n ? 0n : (whole * share) / of;
}

/** Money with its charge, its refunds and its disputes told in dollars; null when that cannot be. */
export function inDollars(money: MoneyRead): MoneyRead | null {
  const { intent } = money;
  if (intent.currency === BOOKED) return money;
  const settled = settledMicros(intent);
  if (settled === null) return null;
  const told = (amount: Micros) => shareOf(amount, intent.receivedMicros, settled);
  return {
    intent: {
      ...intent,
      currency: BOOKED,
      receivedMicros: settled,
      charge: intent.charge && { ...intent.charge, amountMicros: told(intent.charge.amountMicros) },
    },
    refunds: refundsInDollars(money, settled),
    disputes: money.disputes.map((dispute) => ({ ...dispute, amountMicros: told(dispute.amountMicros) })),
  };
}

/**
 * Refunds told in dollars. Those that have gone are differences of running sums, so that together with what was lost they are
 * all of a payment once all of it went back: each by itself, rounded down, they would leave a micro, and a credit for it.
 */
function refundsInDollars({ intent, refunds, disputes }: MoneyRead, settled: Micros): RefundRead[] {
  const told = (amount: Micros) => shareOf(amount, intent.receivedMicros, settled);
  const lost = disputes.filter(({ status }) => status === 'lost').map(({ amountMicros }) => amountMicros);
  const lostOwn = lost.reduce((sum, amount) => sum + amount, 0n);
  const lostMicros = lost.reduce((sum, amount) => sum + told(amount), 0n);
  const upTo = (own: Micros) => (own + lostOwn === intent.receivedMicros ? settled - lostMicros : told(own));
  let gone = 0n;
  return refunds
    .toSorted((a, b) => Number(a.at) - Number(b.at) || (a.id < b.id ? -1 : 1))
    .map((refund) => {
      if (refund.status !== 'succeeded') return { ...refund, amountMicros: told(refund.amountMicros) };
      const before = gone;
      gone += refund.amountMicros;
      return { ...refund, amountMicros: upTo(gone) - upTo(before) };
    });
}
