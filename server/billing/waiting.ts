/**
 * Parts of a payment that have not come yet, when money goes back or comes again. Parts of one time are halves of one whole:
 * what waits, and what was canceled. What the canceled credits would have earned is reckoned over that whole, so that it
 * comes to the same in one step or in ten, forth and back.
 */
import { newId } from '../ids.ts';
import type { Micros } from '../money.ts';
import type { Booking } from './grants.ts';
import * as statements from './statements/index.ts';

type PartRow = statements.PartRow;

/** What is left to come of one time, and what of it was canceled. */
interface Whole {
  readonly waiting: PartRow | null;
  /** The one that was canceled last comes first. */
  readonly canceled: readonly PartRow[];
}

const sumOf = (parts: readonly PartRow[]) => ({
  credits: parts.reduce((sum, part) => sum + part.credits, 0),
  micros: parts.reduce((sum, part) => sum + part.revenue_micros, 0n),
});

/** The wholes of a payment, in the order in which they come. */
export function wholesOf(parts: readonly PartRow[]): Whole[] {
  const byTime = new Map<number, PartRow[]>();
  for (const part of parts) {
    if (part.grant_id !== null) continue;
    byTime.set(part.due_at.getTime(), [...(byTime.get(part.due_at.getTime()) ?? []), part]);
  }
  return [...byTime.values()].map((of) => ({
    waiting: of.find(({ canceled_at }) => canceled_at === null) ?? null,
    canceled: of.filter(({ canceled_at }) => canceled_at !== null).toReversed(),
  }));
}

/** Keeps at most so many credits from coming. Gives how many, and what they would have earned. */
export async function cancelCredits(
  { sql, now }: Booking,
  { waiting, canceled }: Whole,
  most: number,
): Promise<{ readonly credits: number; readonly micros: Micros }> {
  if (waiting === null || most === 0) return { credits: 0, micros: 0n };
  const credits = Math.min(most, waiting.credits);
  if (credits === waiting.credits) {
    await statements.cancelPart(sql, now, waiting.id);
    return { credits, micros: waiting.revenue_micros };
  }
  const all = sumOf([waiting, ...canceled]);
  const gone = sumOf(canceled);
  const micros =
    (await statements.earnedOf(sql, all.micros, all.credits, gone.credits + credits)) - gone.micros;
  await statements.resizePart(sql, waiting.id, waiting.credits - credits, waiting.revenue_micros - micros);
  await statements.insertPart(sql, now, {
    id: newId(),
    paymentId: waiting.payment_id,
    accountId: waiting.account_id,
    credits,
    revenueMicros: micros,
    dueAt: waiting.due_at,
    expiresAt: waiting.expires_at,
    grantId: null,
    canceled: true,
    createdAt: waiting.created_at,
  });
  return { credits, micros };
}

/** Lets at most so many canceled credits come after all. Gives how many, and what they will earn. */
export async function uncancelCredits(
  { sql, now }: Booking,
  { waiting, canceled }: Whole,
  most: number,
): Promise<{ readonly credits: number; readonly micros: Micros }> {
  const all = sumOf(waiting ? [waiting, ...canceled] : canceled);
  const gone = sumOf(canceled);
  let credits = 0;
  let micros = 0n;
  /** Where what comes after all goes; its first part may be one that was canceled whole. */
  let to = waiting && { id: waiting.id, credits: waiting.credits, micros: waiting.revenue_micros };
  for (const part of canceled) {
    const count = Math.min(most - credits, part.credits);
    if (count === 0) break;
    const whole = count === part.credits;
    const left = await statements.earnedOf(sql, all.micros, all.credits, gone.credits - credits - count);
    const share = whole ? part.revenue_micros : gone.micros - micros - left;
    credits += count;
    micros += share;
    // What would have had its end while it was withheld has none.
    const expiresAt = part.expires_at && part.expires_at > now ? part.expires_at : null;
    if (to) {
      to = { id: to.id, credits: to.credits + count, micros: to.micros + share };
      await statements.resizePart(sql, to.id, to.credits, to.micros);
      if (whole) await statements.deletePart(sql, part.id);
    } else if (whole) {
      await statements.uncancelPart(sql, part.id, expiresAt);
      to = { id: part.id, credits: count, micros: share };
    } else {
      const id = newId();
      await statements.insertPart(sql, now, {
        id,
        paymentId: part.payment_id,
        accountId: part.account_id,
        credits: count,
        revenueMicros: share,
        dueAt: part.due_at,
        expiresAt,
        grantId: null,
        createdAt: part.created_at,
      });
      to = { id, credits: count, micros: share };
    }
    if (!whole) {
      await statements.resizePart(sql, part.id, part.credits - count, part.revenue_micros - share);
    }
  }
  return { credits, micros };
}
