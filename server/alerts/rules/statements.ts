/** All SQL by which the rules see what is in the books. */
import type { Sql } from '../../database/index.ts';
import type { BudgetScope } from '../../ledger/index.ts';
import type { Micros } from '../../money.ts';

/** What calls of a time come to. */
export interface Sums {
  readonly calls: number;
  readonly costMicros: Micros;
  readonly revenueMicros: Micros;
}

interface SumsRow {
  readonly calls: number;
  readonly cost_micros: bigint;
  readonly revenue_micros: bigint;
}

const readSums = (row: SumsRow | undefined): Sums => ({
  calls: row?.calls ?? 0,
  costMicros: row?.cost_micros ?? 0n,
  revenueMicros: row?.revenue_micros ?? 0n,
});

const SUMS = `coalesce(sum(calls), 0)::int AS calls, coalesce(sum(cost_micros), 0)::bigint AS cost_micros,
  coalesce(sum(revenue_micros), 0)::bigint AS revenue_micros`;

/** What all calls booked from `from` to before `to` come to. */
export async function sumCalls(sql: Sql, from: Date, to: Date): Promise<Sums> {
  const [row] = await sql.query<SumsRow>(
    `SELECT ${SUMS} FROM model_summary WHERE grain = 'QUARTER_HOUR' AND at >= $1 AND at < $2`,
    [from, to],
  );
  return readSums(row);
}

/** What all calls booked in the day of UTC that begins then come to. */
export async function sumCallsOfDay(sql: Sql, day: Date): Promise<Sums> {
  const [row] = await sql.query<SumsRow>(
    `SELECT ${SUMS} FROM model_summary WHERE grain = 'DAY' AND at = $1`,
    [day],
  );
  return readSums(row);
}

/** What the calls of accounts of the tier FREE that were booked in the day of UTC that begins then come to. */
export async function sumFreeTierOfDay(sql: Sql, day: Date): Promise<Sums> {
  const [row] = await sql.query<SumsRow>(
    `SELECT ${SUMS} FROM segment_summary WHERE grain = 'DAY' AND at = $1 AND tier = 'FREE'`,
    [day],
  );
  return readSums(row);
}

/** What hours cost that have anything in the books; an hour of which nothing is told cost nothing. */
export async function costsOfHours(
  sql: Sql,
  hours: readonly Date[],
): Promise<{ readonly hour: Date; readonly costMicros: Micros }[]> {
  const rows = await sql.query<{ hour: Date; cost_micros: bigint }>(
    `SELECT x.hour, coalesce(sum(s.cost_micros), 0)::bigint AS cost_micros
    FROM unnest($1::timestamptz[]) AS x(hour) LEFT JOIN model_summary s
      ON s.grain = 'QUARTER_HOUR' AND s.at >= x.hour AND s.at < x.hour + interval '1 hour'
    GROUP BY x.hour ORDER BY x.hour`,
    [hours.map((hour) => hour.toISOString())],
  );
  return rows.map((row) => ({ hour: row.hour, costMicros: row.cost_micros }));
}

/** The first time of which the books tell; null when there is none. */
export async function firstBooked(sql: Sql): Promise<Date | null> {
  const [row] = await sql.query<{ at: Date | null }>(
    `SELECT min(at) AS at FROM model_summary WHERE grain = 'QUARTER_HOUR'`,
  );
  return row?.at ?? null;
}

/** A budget with the window in which an instant is. */
export interface BudgetWindow {
  readonly scope: BudgetScope;
  /** As people know it: of an account, its external id; empty for GLOBAL. */
  readonly subject: string;
  readonly period: 'HOUR' | 'DAY' | 'MONTH';
  readonly action: 'WARN' | 'BLOCK' | 'SHUTDOWN';
  readonly limitMicros: Micros;
  readonly spentMicros: Micros;
  readonly reservedMicros: Micros;
  readonly startsAt: Date;
  readonly endsAt: Date;
}

/**
 * Every budget with its window of an instant, as far as anything has been spent or reserved in it. A budget that was set
 * after the instant is not told of: what it now allows says nothing of a window that ended before.
 */
export async function readBudgetWindows(sql: Sql, at: Date, now: Date): Promise<BudgetWindow[]> {
  const rows = await sql.query<{
    scope: BudgetScope;
    subject: string;
    period: BudgetWindow['period'];
    action: BudgetWindow['action'];
    limit_micros: bigint;
    spent_micros: bigint;
    reserved_micros: bigint;
    starts_at: Date;
    ends_at: Date;
  }>(
    `SELECT b.scope, CASE WHEN b.scope = 'ACCOUNT' THEN coalesce(a.external_id, b.subject) ELSE b.subject END AS subject,
      b.period, b.action, b.limit_micros, w.spent_micros, w.reserved_micros, w.starts_at, w.ends_at
    FROM budget b JOIN budget_window w ON w.budget_id = b.id AND w.starts_at = period_start(b.period, $1)
      LEFT JOIN account a ON b.scope = 'ACCOUNT' AND a.id::text = b.subject
    WHERE w.ends_at > $2 OR b.updated_at <= $1
    ORDER BY b.scope, b.subject, b.period`,
    [at, now],
  );
  return rows.map((row) => ({
    scope: row.scope,
    subject: row.subject,
    period: row.period,
    action: row.action,
    limitMicros: row.limit_micros,
    spentMicros: row.spent_micros,
    reservedMicros: row.reserved_micros,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
  }));
}

/** The shutdown that holds at an instant; null when none does. */
export async function readShutdown(
  sql: Sql,
  now: Date,
): Promise<{ since: Date; until: Date | null; reason: string | null; changedBy: string } | null> {
  const [row] = await sql.query<{
    since: Date;
    until: Date | null;
    reason: string | null;
    changedBy: string;
  }>(
    `SELECT since, until, reason, changed_by AS "changedBy" FROM protection
    WHERE state = 'SHUTDOWN' AND (until IS NULL OR until > $1)`,
    [now],
  );
  return row ?? null;
}

/** What an account's calls of a day cost, beside those of the days before. */
export interface AccountUsage {
  readonly externalId: string;
  readonly costMicros: Micros;
  /** Of the days before, and on how many of them it had any. */
  readonly beforeMicros: Micros;
  readonly daysBefore: number;
}

/**
 * Accounts whose calls of the day from `day` on cost at least `leastMicros`.
 *
 * @param accountIds only these; null: all.
 * @param before the days before that are looked at.
 */
export async function readUsage(
  sql: Sql,
  accountIds: readonly string[] | null,
  day: Date,
  before: readonly Date[],
  leastMicros: Micros,
): Promise<AccountUsage[]> {
  const rows = await sql.query<{
    external_id: string;
    cost_micros: bigint;
    before_micros: bigint;
    days_before: number;
  }>(
    `WITH today AS (
      SELECT account_id, sum(cost_micros)::bigint AS cost_micros FROM account_summary
      WHERE day = $3 AND ($1::uuid[] IS NULL OR account_id = ANY ($1))
      GROUP BY account_id HAVING sum(cost_micros) >= $4
    )
    SELECT a.external_id, t.cost_micros, coalesce(sum(d.cost_micros), 0)::bigint AS before_micros,
      count(d.cost_micros)::int AS days_before
    FROM today t JOIN account a ON a.id = t.account_id LEFT JOIN LATERAL (
      SELECT s.day, sum(s.cost_micros) AS cost_micros FROM unnest($2::timestamptz[]) AS past(day)
        JOIN account_summary s ON s.day = past.day AND s.account_id = t.account_id AND s.cost_micros > 0
      GROUP BY s.day
    ) d ON true
    GROUP BY a.external_id, t.cost_micros ORDER BY t.cost_micros DESC`,
    [accountIds, before.map((past) => past.toISOString()), day, leastMicros.toString()],
  );
  return rows.map((row) => ({
    externalId: row.external_id,
    costMicros: row.cost_micros,
    beforeMicros: row.before_micros,
    daysBefore: row.days_before,
  }));
}

/** Calls of a model that cost more than had been set aside for them: their last attempts, for which their ceilings were. */
export interface CostAboveHold {
  readonly model: string;
  /** The hour in which they were booked. */
  readonly hour: Date;
  readonly calls: number;
  /** What they cost beyond their ceilings, all together. */
  readonly excessMicros: Micros;
  /** Of the one that cost most beyond its ceiling. */
  readonly costMicros: Micros;
  readonly ceilingMicros: Micros;
}

/**
 * Models whose calls cost more than had been set aside, among these generations or among those whose attempts were booked
 * from `since` on.
 */
export async function readCostsAboveHold(
  sql: Sql,
  generationIds: readonly string[] | null,
  since: Date,
): Promise<CostAboveHold[]> {
  const rows = await sql.query<{
    model: string;
    hour: Date;
    calls: number;
    excess_micros: bigint;
    cost_micros: bigint;
    ceiling_micros: bigint;
  }>(
    `WITH booked AS (
      SELECT unnest($1::uuid[]) AS id
      UNION SELECT att.generation_id FROM attempt att WHERE $1 IS NULL AND att.booked_at >= $2
    ), above AS (
      SELECT att.model, date_trunc('hour', att.booked_at, 'UTC') AS hour, att.cost_micros, r.ceiling_micros, att.cost_micros - r.ceiling_micros AS excess_micros
      FROM booked JOIN reservation r ON r.id = booked.id JOIN generation g ON g.id = r.id
        JOIN attempt att ON att.generation_id = g.id AND att.number = g.attempt_number
      WHERE att.cost_micros > r.ceiling_micros
    )
    SELECT model, hour, count(*)::int AS calls, sum(excess_micros)::bigint AS excess_micros,
      (array_agg(cost_micros ORDER BY excess_micros DESC))[1] AS cost_micros,
      (array_agg(ceiling_micros ORDER BY excess_micros DESC))[1] AS ceiling_micros
    FROM above GROUP BY model, hour ORDER BY model, hour`,
    [generationIds, since],
  );
  return rows.map((row) => ({
    model: row.model,
    hour: row.hour,
    calls: row.calls,
    excessMicros: row.excess_micros,
    costMicros: row.cost_micros,
    ceilingMicros: row.ceiling_micros,
  }));
}

/** Providers that are left alone since their calls fail. */
export async function readOpenCircuits(
  sql: Sql,
): Promise<{ readonly provider: string; readonly openedAt: Date; readonly reason: string }[]> {
  return sql.query(
    'SELECT provider, opened_at AS "openedAt", reason FROM provider_circuit ORDER BY provider',
  );
}

/** Models that were called since an instant and retire between two others. */
export async function readRetiring(
  sql: Sql,
  usedSince: Date,
  from: Date,
  to: Date,
): Promise<
  {
    readonly model: string;
    readonly retiresAt: Date;
    readonly replacedBy: string | null;
    readonly calls: number;
  }[]
> {
  return sql.query(
    `SELECT m.id AS model, m.retires_at AS "retiresAt", m.replaced_by_id AS "replacedBy", sum(s.calls)::int AS calls
    FROM catalog_model m JOIN model_summary s ON s.grain = 'DAY' AND s.at >= date_trunc('day', $1::timestamptz, 'UTC') AND s.model = m.id
    WHERE m.retires_at > $2 AND m.retires_at <= $3
    GROUP BY m.id HAVING sum(s.calls) > 0 ORDER BY m.id`,
    [usedSince, from, to],
  );
}
