/** All SQL of what an operator watches: sums of the present hour and day, and attempts as they are booked. */
import type { Sql } from '../database/index.ts';
import type { AttemptOutcome, Tier } from '../ledger/index.ts';
import type { Operation } from '../providers/index.ts';
import type { LiveWindow } from './windows.ts';

/** What some attempts add up to. What they have in common is named; null says that they differ in it. */
export interface ProfitSums {
  readonly provider: string | null;
  readonly operation: Operation | null;
  readonly accountId: string | null;
  readonly calls: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cacheHits: number;
  readonly credits: bigint;
  readonly costMicros: bigint;
  /** The part of the cost whose customer was refunded. */
  readonly lostCostMicros: bigint;
  readonly revenueMicros: bigint;
  readonly durationMs: bigint;
}

const SUMS = `coalesce(sum(calls), 0)::int AS calls, coalesce(sum(succeeded), 0)::int AS succeeded,
  coalesce(sum(failed), 0)::int AS failed, coalesce(sum(cache_hits), 0)::int AS "cacheHits",
  coalesce(sum(credits), 0)::bigint AS credits, coalesce(sum(cost_micros), 0)::bigint AS "costMicros",
  coalesce(sum(lost_cost_micros), 0)::bigint AS "lostCostMicros", coalesce(sum(revenue_micros), 0)::bigint AS "revenueMicros",
  coalesce(sum(duration_ms), 0)::bigint AS "durationMs"`;

/** The sums of a window: one row of all, and one for each provider and each operation, dearest first. */
export interface WindowSums {
  readonly totals: ProfitSums;
  readonly byProvider: readonly ProfitSums[];
  readonly byOperation: readonly ProfitSums[];
}

/** Reads the sums of one hour or one day of UTC that begins at `start`, in one statement, so that they agree. */
export async function readSums(sql: Sql, window: LiveWindow, start: Date): Promise<WindowSums> {
  const rows = await sql.query<ProfitSums & { readonly level: number }>(
    `SELECT provider, operation, NULL AS "accountId", ${SUMS}, grouping(provider, operation) AS level
    FROM model_summary
    WHERE grain = $1::summary_grain AND at >= $2 AND at < $2::timestamptz + CASE $1::text WHEN 'DAY' THEN interval '1 day' ELSE interval '1 hour' END
    GROUP BY GROUPING SETS ((), (provider), (operation))
    ORDER BY sum(cost_micros) DESC, provider, operation`,
    [window === 'DAY' ? 'DAY' : 'QUARTER_HOUR', start],
  );
  const at = (level: number) =>
    rows.filter((row) => row.level === level).map(({ level: _, ...sums }) => sums);
  const [totals] = at(3);
  if (!totals) throw new Error('The sums of a window came without their total.');
  return { totals, byProvider: at(1), byOperation: at(2) };
}

/** The accounts whose calls of a window cost most, dearest first. */
export function readTopAccounts(
  sql: Sql,
  window: LiveWindow,
  start: Date,
  limit: number,
): Promise<ProfitSums[]> {
  // Accounts are summed by the day; the present hour is looked up among its attempts.
  const [table, time] = window === 'DAY' ? ['account_summary', 'day'] : ['booked_line', 'at'];
  return sql.query<ProfitSums>(
    `SELECT NULL AS provider, NULL AS operation, account_id AS "accountId", ${SUMS}
    FROM ${table} WHERE ${time} >= $1 GROUP BY account_id ORDER BY sum(cost_micros) DESC, account_id LIMIT $2`,
    [start, limit],
  );
}

/** How many reservations are pending. */
export async function countOpen(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM reservation WHERE status = 'PENDING'",
  );
  return row?.count ?? 0;
}

/** A booked attempt, by the names of its columns in Prisma. */
export interface BookedAttempt {
  readonly generationId: string;
  readonly number: number;
  readonly provider: string;
  readonly model: string;
  readonly operation: Operation;
  readonly accountId: string;
  readonly tier: Tier;
  readonly country: string | null;
  readonly planId: string | null;
  readonly outcome: AttemptOutcome;
  readonly costMicros: bigint;
  readonly costSource: string;
  readonly creditsCharged: number;
  readonly revenueMicros: bigint;
  readonly durationMs: number;
  readonly error: string | null;
  readonly startedAt: Date;
  readonly bookedAt: Date;
}

const ATTEMPT = `generation_id AS "generationId", number, provider, model, operation, account_id AS "accountId", tier, country, plan_id AS "planId", outcome,
  cost_micros AS "costMicros", cost_source AS "costSource", credits_charged AS "creditsCharged", revenue_micros AS "revenueMicros",
  duration_ms AS "durationMs", error, started_at AS "startedAt", booked_at AS "bookedAt"`;

/** Attempts that were booked after an instant, in the order of booking. */
export function readBookedAfter(sql: Sql, after: Date, limit: number): Promise<BookedAttempt[]> {
  return sql.query<BookedAttempt>(
    `SELECT ${ATTEMPT} FROM attempt WHERE booked_at > $1 ORDER BY booked_at, generation_id, number LIMIT $2`,
    [after, limit],
  );
}

/** The newest of those, in the order of booking, and how many there are in all. */
export async function readNewestAfter(
  sql: Sql,
  after: Date,
  limit: number,
): Promise<{ readonly attempts: BookedAttempt[]; readonly count: number }> {
  const [counted] = await sql.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM attempt WHERE booked_at > $1',
    [after],
  );
  const attempts = await sql.query<BookedAttempt>(
    `SELECT ${ATTEMPT} FROM attempt WHERE booked_at > $1 ORDER BY booked_at DESC, generation_id DESC, number DESC LIMIT $2`,
    [after, limit],
  );
  return { attempts: attempts.reverse(), count: Math.max(counted?.count ?? 0, attempts.length) };
}

/** The attempts of the newest generations, in the order of booking. */
export async function readNewest(sql: Sql, limit: number): Promise<BookedAttempt[]> {
  const attempts = await sql.query<BookedAttempt>(
    `SELECT ${ATTEMPT} FROM attempt ORDER BY generation_id DESC, number DESC LIMIT $1`,
    [limit],
  );
  return attempts.sort((a, b) => a.bookedAt.getTime() - b.bookedAt.getTime());
}
