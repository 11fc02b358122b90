/** The books by day as CSV: the same days that the API answers. */
import { type BookDay, MAX_DAYS, readBooks } from '../billing/index.ts';
import type { Database } from '../database/index.ts';
import { formatDecimal } from '../money.ts';
import type { Invalid } from '../profit/index.ts';
import { csvLine } from '../tables/index.ts';
import type { Asked } from './question.ts';

const DAY_MS = 86_400_000;

/** Columns of money, and what stands in them. */
const AMOUNTS = {
  cash: 'cashMicros',
  fees: 'feesMicros',
  refunds: 'refundsMicros',
  disputes: 'disputesMicros',
  sold: 'soldMicros',
  earned: 'earnedMicros',
  breakage: 'breakageMicros',
  clawed_back: 'clawedBackMicros',
  deferred: 'deferredMicros',
  awaited: 'awaitedMicros',
} as const satisfies Readonly<Record<string, keyof BookDay>>;

/**
 * One piece of CSV: a line for each day of the zone, the first one first.
 *
 * @returns at its end, what is wrong with the question, when something is; nothing has been given then.
 */
export async function* booksCsv(
  database: Database,
  { question }: Asked,
): AsyncGenerator<string, Invalid | undefined> {
  const { range, timeZone } = question;
  if (range.to.getTime() - range.from.getTime() > MAX_DAYS * DAY_MS) {
    return { status: 'invalid', fields: [{ path: 'from', message: `Give at most ${MAX_DAYS} days.` }] };
  }
  const days = await readBooks(database, { ...range, zone: timeZone });
  const header = csvLine(['day', 'starts_at', ...Object.keys(AMOUNTS)]);
  const lines = days.map((day) => {
    const amounts = Object.values(AMOUNTS).map((name) => formatDecimal(day[name]));
    return csvLine([day.day, day.startsAt.toISOString(), ...amounts]);
  });
  // Ten years of them are less than what is held of a report.
  yield header + lines.join('');
  return undefined;
}
