/** Which credits a payment for a plan brings, and when. */
import type { Micros } from '../money.ts';
import { creditsExpireAt, type PlanOffer } from '../plans/index.ts';
import type { PartRead } from './read.ts';

/** Invoices that bring all credits of a period. The last is what old versions of Stripe say. */
const WHOLE: ReadonlySet<string | null> = new Set([
  'subscription_create',
  'subscription_cycle',
  'subscription',
]);

/** Whether an invoice that was made for this reason brings all credits of a period. */
export const bringsWhole = (reason: string | null) => WHOLE.has(reason);

/** The same day so many months on; the last one where a month has no such day. */
export function addMonths(date: Date, months: number): Date {
  const to = new Date(date);
  to.setUTCDate(1);
  to.setUTCMonth(to.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(to.getUTCFullYear(), to.getUTCMonth() + 1, 0)).getUTCDate();
  to.setUTCDate(Math.min(date.getUTCDate(), lastDay));
  return to;
}

/** What is the n-th of so many parts of a whole: they differ by one at the most and add up to it. */
function share(whole: bigint, part: number, parts: number): bigint {
  return (whole * BigInt(part + 1)) / BigInt(parts) - (whole * BigInt(part)) / BigInt(parts);
}

/**
 * The parts of what an invoice buys: one, or for an annual plan one a month of its period.
 *
 * A new period brings all credits of the plan, whatever was asked for it. A change of plan in mid-period brings as many of
 * the new plan's credits as the difference that was paid would have bought of it.
 *
 * @param amountMicros what was paid, without tax.
 * @param line the period that was paid for.
 */
export function partsOf(
  plan: PlanOffer,
  reason: string | null,
  amountMicros: Micros,
  line: { readonly start: Date; readonly end: Date },
): PartRead[] | 'nothing' | 'unknown' {
  let credits: number;
  if (bringsWhole(reason)) credits = plan.credits;
  else if (reason !== 'subscription_update') return 'unknown';
  else if (amountMicros === 0n || plan.priceMicros === 0n) return 'nothing';
  else {
    const bought = (BigInt(plan.credits) * amountMicros) / plan.priceMicros;
    credits = bought < 1n ? 1 : Number(bought);
  }
  const dues = [line.start];
  if (plan.interval === 'YEAR') {
    for (let month = 1; month < credits; month += 1) {
      const due = addMonths(line.start, month);
      if (due >= line.end) break;
      dues.push(due);
    }
  }
  return dues.map((dueAt, index) => ({
    credits: Number(share(BigInt(credits), index, dues.length)),
    revenueMicros: share(amountMicros, index, dues.length),
    dueAt,
    expiresAt: creditsExpireAt(plan, dues[index + 1] ?? line.end),
  }));
}
