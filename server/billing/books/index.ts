/** The books by day: money as it came and went, and revenue as it was earned, side by side. */
import type { Database } from '../../database/index.ts';
import type { Micros } from '../../money.ts';
import { readDays } from './statements.ts';

/** A day of the books. All amounts but the balances are of that day alone, and positive in the sense of their names. */
export interface BookDay {
  /** Such as 2026-11-20, of the zone that was asked for. */
  readonly day: string;
  readonly startsAt: Date;
  /** What customers paid, without tax. */
  readonly cashMicros: Micros;
  /** What Stripe took for that, and for disputes. */
  readonly feesMicros: Micros;
  readonly refundsMicros: Micros;
  /** What banks took for disputes, less what came again. */
  readonly disputesMicros: Micros;
  /** What the credits that were given will earn when they are used. */
  readonly soldMicros: Micros;
  /** What used credits earned. */
  readonly earnedMicros: Micros;
  /** What expired credits would have earned: it stays ours. */
  readonly breakageMicros: Micros;
  /** What credits would have earned that were taken back. */
  readonly clawedBackMicros: Micros;
  /** What all credits together have yet to earn, at the day's end: the day before's + sold − earned − breakage − clawed back. */
  readonly deferredMicros: Micros;
  /** What was paid for months of annual plans whose credits have not come yet, at the day's end. */
  readonly awaitedMicros: Micros;
}

/** Which days of the books. */
export interface BooksRange {
  readonly from: Date;
  readonly to: Date;
  /** IANA name; its midnights part the days. UTC when not said. */
  readonly zone?: string;
}

/** The most days that are told at once: ten years. */
export const MAX_DAYS = 3_660;

/** Each day from `from` to before `to`, whole days of the zone. */
export async function readBooks(
  database: Database,
  { from, to, zone = 'UTC' }: BooksRange,
): Promise<BookDay[]> {
  if (to <= from) return [];
  const rows = await readDays(database, from, to, zone);
  return rows.map((row) => ({
    day: row.day,
    startsAt: row.starts_at,
    cashMicros: row.cash,
    feesMicros: row.fees,
    refundsMicros: row.refunds,
    disputesMicros: row.disputes,
    soldMicros: row.sold,
    earnedMicros: row.earned,
    breakageMicros: row.breakage,
    clawedBackMicros: row.clawed_back,
    deferredMicros: row.deferred,
    awaitedMicros: row.awaited,
  }));
}
