/** All SQL of the business's figures. Nothing here writes. */
import type { Sql } from '../../database/index.ts';
import { countOf, type Micros } from '../../money.ts';

/**
 * Whether a row of `subscription` is a subscriber's at an instant: it has begun, has not ended, and has been paid for. What
 * is tried, paused, unpaid or was never completed is none; one that is past due still is, until it ends.
 */
const subscribes = (row: string, at: string) => `(${row}.started_at <= ${at}
  AND CASE WHEN ${row}.ended_at IS NULL THEN ${row}.status IN ('active', 'past_due') ELSE ${row}.ended_at > ${at} END
  AND EXISTS (SELECT 1 FROM payment paid WHERE paid.subscription_id = ${row}.id AND paid.paid_at <= ${at}))`;

/** Who subscribes at an instant. */
export interface Subscribers {
  /** Null: whatever the plan. */
  readonly planId: string | null;
  /** Null: by the month or by the year. */
  readonly interval: 'MONTH' | 'YEAR' | null;
  readonly accounts: number;
  /** Those who have said that they will not go on. */
  readonly leaving: number;
  /** What subscriptions by the month cost together, and those by the year. */
  readonly monthlyMicros: Micros;
  readonly yearlyMicros: Micros;
}

/** By plan, by plan and interval, and of all together. */
export async function readSubscribers(sql: Sql, at: Date): Promise<Subscribers[]> {
  const rows = await sql.query<{
    plan_id: string | null;
    interval: 'MONTH' | 'YEAR' | null;
    accounts: bigint;
    leaving: bigint;
    monthly_micros: bigint;
    yearly_micros: bigint;
  }>(
    `SELECT plan_id, interval, count(DISTINCT account_id) AS accounts,
      count(DISTINCT account_id) FILTER (WHERE cancel_at_period_end AND ended_at IS NULL) AS leaving,
      coalesce(sum(price_micros) FILTER (WHERE interval = 'MONTH'), 0)::bigint AS monthly_micros,
      coalesce(sum(price_micros) FILTER (WHERE interval = 'YEAR'), 0)::bigint AS yearly_micros
    FROM subscription s WHERE ${subscribes('s', '$1')} GROUP BY GROUPING SETS ((plan_id, interval), (plan_id), ()) ORDER BY plan_id, interval`,
    [at],
  );
  return rows.map((row) => ({
    planId: row.plan_id,
    interval: row.interval,
    accounts: countOf(row.accounts),
    leaving: countOf(row.leaving),
    monthlyMicros: row.monthly_micros,
    yearlyMicros: row.yearly_micros,
  }));
}

/** Who subscribed at the beginnings of some months, and who of them no longer did at their ends, added up. */
export async function readChurn(
  sql: Sql,
  months: readonly { readonly from: Date; readonly to: Date }[],
): Promise<{ subscribers: number; lost: number }> {
  const instants = (of: 'from' | 'to') => `{${months.map((month) => month[of].toISOString()).join(',')}}`;
  const [row] = await sql.query<{ subscribers: bigint; lost: bigint }>(
    `SELECT count(*) AS subscribers, count(*) FILTER (WHERE NOT EXISTS (
        SELECT 1 FROM subscription e WHERE e.account_id = began.account_id AND ${subscribes('e', 'm.ends')})) AS lost
    FROM unnest($1::timestamptz[], $2::timestamptz[]) AS m(begins, ends)
      CROSS JOIN LATERAL (SELECT DISTINCT s.account_id FROM subscription s WHERE ${subscribes('s', 'm.begins')}) began`,
    [instants('from'), instants('to')],
  );
  return { subscribers: countOf(row?.subscribers ?? 0n), lost: countOf(row?.lost ?? 0n) };
}

/** What became of sold credits that were not burned; credits of an annual plan's later months are sold with the first. */
export interface CreditBooks {
  readonly soldMicros: Micros;
  readonly breakageMicros: Micros;
  /** Taken back for money that went back, less what was given again since it did not. */
  readonly clawedBackMicros: Micros;
  /** Sold − breakage − clawed back of all time before the end; what was burned is still in it. */
  readonly leftMicros: Micros;
  /** Paid for months of annual plans whose credits have not come at the end. */
  readonly awaitedMicros: Micros;
  /** Revenue of imported calls before the end: no credits of ours were burned for it. */
  readonly importedMicros: Micros;
}

/** The condition is that of the index `entry_books`. */
export async function readCreditBooks(sql: Sql, from: Date, to: Date): Promise<CreditBooks> {
  const [row] = await sql.query<{
    granted_micros: bigint;
    breakage_micros: bigint;
    revoked_micros: bigint;
    made_micros: bigint;
    given_micros: bigint;
    canceled_micros: bigint;
    returned_micros: bigint;
    left_micros: bigint;
    awaited_micros: bigint;
    imported_micros: bigint;
  }>(
    `SELECT coalesce(sum(e.deferred_delta_micros) FILTER (WHERE e.kind = 'GRANT' AND e.created_at >= $1), 0)::bigint AS granted_micros,
      coalesce(-sum(e.deferred_delta_micros) FILTER (WHERE e.kind = 'EXPIRE_GRANT' AND e.created_at >= $1), 0)::bigint AS breakage_micros,
      coalesce(-sum(e.deferred_delta_micros) FILTER (WHERE e.kind = 'REVOKE' AND e.created_at >= $1), 0)::bigint AS revoked_micros,
      coalesce(sum(e.deferred_delta_micros), 0)::bigint AS left_micros,
      (SELECT coalesce(sum(c.revenue_micros), 0)::bigint FROM imported_call c WHERE c.created_at < $2) AS imported_micros,
      p.made_micros, p.given_micros, p.canceled_micros, p.returned_micros, p.awaited_micros
    FROM (SELECT coalesce(sum(p.revenue_micros) FILTER (WHERE p.created_at >= $1), 0)::bigint AS made_micros,
        coalesce(sum(p.revenue_micros) FILTER (WHERE p.given_at >= $1 AND p.given_at < $2), 0)::bigint AS given_micros,
        coalesce(sum(p.revenue_micros) FILTER (WHERE p.canceled_at >= $1 AND p.canceled_at < $2), 0)::bigint AS canceled_micros,
        coalesce(sum(p.revenue_micros) FILTER (WHERE p.created_at >= $1 AND p.returned), 0)::bigint AS returned_micros,
        coalesce(sum(p.revenue_micros) FILTER (WHERE NOT coalesce(p.given_at < $2, false) AND NOT coalesce(p.canceled_at < $2, false)), 0)::bigint
          AS awaited_micros
      FROM payment_part p WHERE p.created_at < $2) p LEFT JOIN entry e ON e.kind IN ('GRANT', 'EXPIRE_GRANT', 'REVOKE') AND e.deferred_delta_micros <> 0 AND e.created_at < $2
    GROUP BY p.made_micros, p.given_micros, p.canceled_micros, p.returned_micros, p.awaited_micros`,
    [from, to],
  );
  if (!row) throw new Error('The books gave no sums.');
  return {
    soldMicros: row.granted_micros + row.made_micros - row.given_micros - row.returned_micros,
    breakageMicros: row.breakage_micros,
    clawedBackMicros: row.revoked_micros + row.canceled_micros - row.returned_micros,
    leftMicros: row.left_micros,
    awaitedMicros: row.awaited_micros,
    importedMicros: row.imported_micros,
  };
}

/** How many accounts pay, and how many never have. */
export async function readPayers(
  sql: Sql,
  from: Date,
  to: Date,
): Promise<{ paying: number; everPaid: number }> {
  const [row] = await sql.query<{ paying: bigint; ever_paid: bigint }>(
    `SELECT (SELECT count(*) FROM (SELECT account_id FROM payment WHERE paid_at >= $1 AND paid_at < $2
        UNION SELECT account_id FROM subscription s WHERE ${subscribes('s', '$2')}) p) AS paying,
      (SELECT count(DISTINCT account_id) FROM payment WHERE paid_at < $2) AS ever_paid`,
    [from, to],
  );
  return { paying: countOf(row?.paying ?? 0n), everPaid: countOf(row?.ever_paid ?? 0n) };
}

/** A month of those who first paid in one. */
export interface CohortMonth {
  /** Where the month of their first payment begins, by UTC. */
  readonly cohort: Date;
  readonly month: Date;
  /** How many they are, whatever the month. */
  readonly accounts: number;
  /** Who of them paid in this month, or subscribes at its end. */
  readonly retained: number;
  readonly revenueMicros: Micros;
  readonly costMicros: Micros;
}

/** Months of UTC, since what accounts did is summed up by its days. `from` and `to` are beginnings of months. */
export async function readCohorts(sql: Sql, from: Date, to: Date, now: Date): Promise<CohortMonth[]> {
  const rows = await sql.query<{
    cohort: Date;
    month: Date;
    accounts: bigint;
    retained: bigint;
    revenue_micros: bigint;
    cost_micros: bigint;
  }>(
    `WITH member AS (
      SELECT account_id, date_trunc('month', min(paid_at), 'UTC') AS cohort FROM payment GROUP BY 1 HAVING min(paid_at) >= $1 AND min(paid_at) < $2
    ), size AS (SELECT cohort, count(*) AS accounts FROM member GROUP BY 1),
    month AS (
      SELECT m AT TIME ZONE 'UTC' AS begins, least((m + interval '1 month') AT TIME ZONE 'UTC', $3) AS ends
      FROM generate_series($1::timestamptz AT TIME ZONE 'UTC', $2::timestamptz AT TIME ZONE 'UTC' - interval '1 day', interval '1 month') AS m
    ), used AS (
      SELECT c.cohort, date_trunc('month', s.day, 'UTC') AS begins, sum(s.revenue_micros)::bigint AS revenue_micros, sum(s.cost_micros)::bigint AS cost_micros
      FROM account_summary s JOIN member c USING (account_id) WHERE s.day >= $1 AND s.day < $2 GROUP BY 1, 2
    ), kept AS (
      SELECT cohort, begins, count(*) AS retained FROM (
        SELECT c.cohort, m.begins, c.account_id FROM month m JOIN payment p ON p.paid_at >= m.begins AND p.paid_at < m.ends JOIN member c USING (account_id)
        UNION SELECT c.cohort, m.begins, c.account_id FROM month m JOIN subscription s ON ${subscribes('s', 'm.ends')} JOIN member c USING (account_id)
      ) k GROUP BY 1, 2
    )
    SELECT size.cohort, month.begins AS month, size.accounts, coalesce(kept.retained, 0) AS retained,
      coalesce(used.revenue_micros, 0)::bigint AS revenue_micros, coalesce(used.cost_micros, 0)::bigint AS cost_micros
    FROM size JOIN month ON month.begins >= size.cohort LEFT JOIN used USING (cohort, begins) LEFT JOIN kept USING (cohort, begins)
    ORDER BY size.cohort, month.begins`,
    [from, to, now],
  );
  return rows.map((row) => ({
    cohort: row.cohort,
    month: row.month,
    accounts: countOf(row.accounts),
    retained: countOf(row.retained),
    revenueMicros: row.revenue_micros,
    costMicros: row.cost_micros,
  }));
}

/** What accounts have paid in a time, less what went back. */
export async function readPaid(
  sql: Sql,
  accounts: readonly string[],
  from: Date,
  to: Date,
): Promise<Map<string, Micros>> {
  const rows = await sql.query<{ account_id: string; paid_micros: bigint }>(
    `SELECT account_id, sum(amount_micros)::bigint AS paid_micros FROM book_line
    WHERE account_id = ANY ($1::uuid[]) AND at >= $2 AND at < $3 AND kind IN ('PAYMENT', 'REFUND', 'DISPUTE') GROUP BY 1`,
    [`{${accounts.join(',')}}`, from, to],
  );
  return new Map(rows.map((row) => [row.account_id, row.paid_micros]));
}

/** Calls of before that were made again and paid for again. */
export interface Repeats {
  readonly model: string;
  /** By the same account. */
  readonly ownCalls: number;
  readonly ownCostMicros: Micros;
  /** By whatever account, those of the same one among them. */
  readonly sharedCalls: number;
  readonly sharedCostMicros: Micros;
}

/** Bounded by its caller, who knows how many calls a time has. The dearest first. */
export async function readRepeats(sql: Sql, from: Date, to: Date): Promise<Repeats[]> {
  const rows = await sql.query<{
    model: string;
    own_calls: bigint;
    own_cost_micros: bigint;
    shared_calls: bigint;
    shared_cost_micros: bigint;
  }>(
    `SELECT model, count(*) FILTER (WHERE own > 1) AS own_calls, coalesce(sum(cost_micros) FILTER (WHERE own > 1), 0)::bigint AS own_cost_micros,
      count(*) AS shared_calls, sum(cost_micros)::bigint AS shared_cost_micros
    FROM (SELECT g.model, g.cached, g.cost_micros, row_number() OVER (PARTITION BY g.model, g.request, g.account_id ORDER BY g.created_at, g.id) AS own,
        row_number() OVER (PARTITION BY g.model, g.request ORDER BY g.created_at, g.id) AS shared
      FROM generation g WHERE g.created_at >= $1 AND g.created_at < $2 AND g.status = 'SUCCEEDED') made
    WHERE shared > 1 AND NOT cached AND cost_micros > 0 GROUP BY model ORDER BY shared_cost_micros DESC`,
    [from, to],
  );
  return rows.map((row) => ({
    model: row.model,
    ownCalls: countOf(row.own_calls),
    ownCostMicros: row.own_cost_micros,
    sharedCalls: countOf(row.shared_calls),
    sharedCostMicros: row.shared_cost_micros,
  }));
}
