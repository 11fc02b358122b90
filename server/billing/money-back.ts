/** What happens to credits when the money for them goes back, or comes again. */
import { newId } from '../ids.ts';
import type { Micros } from '../money.ts';
import { type Booking, grantPart } from './grants.ts';
import * as statements from './statements/index.ts';
import { cancelCredits, uncancelCredits, wholesOf } from './waiting.ts';

/** How what was taken changes. */
export interface Taken {
  readonly credits: number;
  readonly micros: Micros;
}

const GONE = 'The money for them went back';
const CAME_AGAIN = 'The money for them did not go back after all';

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
  for (const whole of wholesOf(parts).toReversed()) {
    const canceled = await cancelCredits(booking, whole, left);
    left -= canceled.credits;
    micros += canceled.micros;
  }
  for (const part of parts) {
    if (left === 0) break;
    if (part.grant_id === null) continue;
    const { taken, deferredMicros } = await statements.takeBack(sql, now, part.grant_id, left, GONE);
    await statements.countTaken(sql, part.id, taken);
    left -= taken;
    micros += deferredMicros;
  }
  return { credits: credits - left, micros };
}

/**
 * Gives back what had been taken for money that, in the end, did not go back: a refund that failed after all, a lost dispute
 * that was won on appeal. It goes the way back that {@link takeFor} came, so that all is as if it had not been taken; but
 * what would have had its end meanwhile has none. Nothing is given that had not been taken.
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
  const parts = await statements.partsOfPayment(sql, payment.id);
  let left = credits;
  let micros = 0n;
  for (const part of parts.toReversed()) {
    const count = Math.min(left, part.taken);
    if (part.grant_id === null || count === 0) continue;
    const over = part.expires_at !== null && part.expires_at <= now;
    const given = over
      ? await giveAnew(booking, payment, part, count)
      : await statements.putBack(sql, now, part.grant_id, count, CAME_AGAIN);
    if (given === null) continue;
    await statements.countTaken(sql, part.id, -count);
    left -= count;
    micros += given;
  }
  for (const whole of wholesOf(parts)) {
    if (left === 0) break;
    const comes = await uncancelCredits(booking, whole, left);
    left -= comes.credits;
    micros += comes.micros;
  }
  const back = credits - left;
  // What calls held and released later was taken without being reckoned: no more is given than was.
  const most = back === payment.credits_taken ? payment.taken_micros : micros;
  return { credits: -back, micros: most < payment.taken_micros ? -most : -payment.taken_micros };
}

/** Gives credits without an end in the place of some whose grant is over. Null when the account can hold no more. */
async function giveAnew(
  { sql, now }: Booking,
  payment: statements.PaymentRow,
  part: statements.PartRow,
  credits: number,
): Promise<Micros | null> {
  const micros = (payment.taken_micros * BigInt(credits)) / BigInt(payment.credits_taken);
  const id = newId();
  const grantId = await grantPart(sql, now, {
    accountId: payment.account_id,
    key: `returned:${id}`,
    source: payment.plan_id === null ? 'PURCHASE' : 'PLAN',
    credits,
    revenueMicros: micros,
    dueAt: part.due_at,
    expiresAt: null,
    reason: CAME_AGAIN,
  });
  if (grantId === null) return null;
  await statements.insertPart(sql, now, {
    id,
    paymentId: payment.id,
    accountId: payment.account_id,
    credits,
    revenueMicros: micros,
    dueAt: part.due_at,
    expiresAt: null,
    grantId,
    returned: true,
  });
  return micros;
}
