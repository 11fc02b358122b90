/** What happens to credits when the money for them goes back, or comes again. */
import { newId } from '../ids.ts';
import type { Micros } from '../money.ts';
import { type Booking, grantPart } from './grants.ts';
import * as statements from './statements/index.ts';

/** How what was taken changes. */
export interface Taken {
  readonly credits: number;
  readonly micros: Micros;
}

const REASON = 'The money for them went back';

/**
 * Takes credits of a payment: first what has not come yet, the last first; then what is left of what has, the oldest first.
 * What has been used or has expired is gone, and its money is lost.
 */
export async function takeFor(
  booking: Booking,
  payment: statements.PaymentRow,
  credits: number,
): Promise<Taken> {
  const { sql, now } = booking;
  if (credits === 0) return { credits: 0, micros: 0n };
  const parts = await statements.partsOfPayment(sql, payment.id);
  let left = credits;
  let micros = 0n;
  for (const part of parts.toReversed()) {
    if (left === 0) break;
    if (part.grant_id !== null || part.canceled_at !== null) continue;
    micros += await cancel(booking, part, Math.min(left, part.credits));
    left -= Math.min(left, part.credits);
  }
  for (const part of parts) {
    if (left === 0) break;
    if (part.grant_id === null) continue;
    const { taken, deferredMicros } = await statements.takeBack(sql, now, part.grant_id, left, REASON);
    left -= taken;
    micros += deferredMicros;
  }
  return { credits: credits - left, micros };
}

/** Keeps credits of a part from coming. Gives what they would have earned. */
async function cancel({ sql, now }: Booking, part: statements.PartRow, credits: number): Promise<Micros> {
  if (credits === part.credits) {
    await statements.cancelPart(sql, now, part.id);
    return part.revenue_micros;
  }
  const micros = await statements.earnedOf(sql, part.revenue_micros, part.credits, credits);
  await statements.shrinkPart(sql, part.id, part.credits - credits, part.revenue_micros - micros);
  await statements.insertPart(sql, now, {
    id: newId(),
    paymentId: part.payment_id,
    accountId: part.account_id,
    credits,
    revenueMicros: micros,
    dueAt: part.due_at,
    expiresAt: part.expires_at,
    grantId: null,
    canceled: true,
    createdAt: part.created_at,
  });
  return micros;
}

/**
 * Gives back what had been taken for money that, in the end, did not go back: a refund that failed after all, a lost dispute
 * that was won on appeal. Nothing is given that had not been taken.
 *
 * @param due how many credits belong to the money that is still gone.
 */
export async function giveBack(
  booking: Booking,
  payment: statements.PaymentRow,
  due: number,
): Promise<Taken> {
  const { sql, now } = booking;
  const credits = Math.max(0, payment.credits_taken - due);
  if (credits === 0) return { credits: 0, micros: 0n };
  const micros =
    credits === payment.credits_taken
      ? payment.taken_micros
      : (payment.taken_micros * BigInt(credits)) / BigInt(payment.credits_taken);
  const id = newId();
  const grantId = await grantPart(sql, now, {
    accountId: payment.account_id,
    key: `returned:${id}`,
    source: payment.plan_id === null ? 'PURCHASE' : 'PLAN',
    credits,
    revenueMicros: micros,
    expiresAt: null,
    reason: 'The money for them did not go back after all',
  });
  if (grantId === null) return { credits: 0, micros: 0n };
  await statements.insertPart(sql, now, {
    id,
    paymentId: payment.id,
    accountId: payment.account_id,
    credits,
    revenueMicros: micros,
    dueAt: now,
    expiresAt: null,
    grantId,
    returned: true,
  });
  return { credits: -credits, micros: -micros };
}
