/**
 * Parts of a payment that have not come yet, when money goes back or comes again. Parts of one time are halves of one whole:
 * what waits, and what was canceled. What the canceled credits would have earned is reckoned over that whole and from their
 * number alone, so that it comes to the same in one step or in ten, forth and back.
 *
 * What waits is one row. What was canceled is a row for each step in which it was, since the books of the days between say
 * what was awaited then; in how many rows it stands decides nothing.
 */
import { newId } from '../ids.ts';
import type { Micros } from '../money.ts';
import type { Booking } from './grants.ts';
import * as statements from './statements/index.ts';

type PartRow = statements.PartRow;

/** What is left to come of one time, and what of it was canceled. */
interface Whole {
  readonly waiting: PartRow | null;
  /** In the order in which they were canceled. */
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
    canceled: of
      .filter(({ canceled_at }) => canceled_at !== null)
      .toSorted((a, b) => Number(a.canceled_at) - Number(b.canceled_at)),
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
  booking: Booking,
  { waiting, canceled }: Whole,
  most: number,
): Promise<{ readonly credits: number; readonly micros: Micros }> {
  const { sql, now } = booking;
  const [first] = canceled;
  if (first === undefined || most === 0) return { credits: 0, micros: 0n };
  const all = sumOf(waiting ? [waiting, ...canceled] : canceled);
  const gone = sumOf(canceled);
  const credits = Math.min(most, gone.credits);
  const freed = await keepCanceled(booking, canceled, gone.credits - credits, all);
  const micros =
    gone.micros - (await statements.earnedOf(sql, all.micros, all.credits, gone.credits - credits));
  if (waiting) {
    for (const { id } of freed) await statements.deletePart(sql, id);
    await statements.resizePart(sql, waiting.id, waiting.credits + credits, waiting.revenue_micros + micros);
    return { credits, micros };
  }
  // What would have had its end while it was withheld has none.
  const expiresAt = first.expires_at && first.expires_at > now ? first.expires_at : null;
  const [comes, ...others] = freed;
  for (const { id } of others) await statements.deletePart(sql, id);
  if (comes) {
    await statements.uncancelPart(sql, comes.id, expiresAt);
    await statements.resizePart(sql, comes.id, credits, micros);
  } else {
    await statements.insertPart(sql, now, {
      id: newId(),
      paymentId: first.payment_id,
      accountId: first.account_id,
      credits,
      revenueMicros: micros,
      dueAt: first.due_at,
      expiresAt,
      grantId: null,
      createdAt: first.created_at,
    });
  }
  return { credits, micros };
}

/**
 * Makes the rows that were canceled first have so many credits, and what these would have earned. Gives the rows that are
 * left over.
 */
async function keepCanceled(
  { sql }: Booking,
  canceled: readonly PartRow[],
  credits: number,
  all: { readonly credits: number; readonly micros: Micros },
): Promise<readonly PartRow[]> {
  let kept = 0;
  let earned = 0n;
  for (const [index, part] of canceled.entries()) {
    if (kept === credits) return canceled.slice(index);
    const count = Math.min(credits - kept, part.credits);
    kept += count;
    const upTo = await statements.earnedOf(sql, all.micros, all.credits, kept);
    const micros = upTo - earned;
    earned = upTo;
    if (count !== part.credits || micros !== part.revenue_micros)
      await statements.resizePart(sql, part.id, count, micros);
  }
  return [];
}
