/** The sums of the books. */
import type { Sql } from '../../database/index.ts';

/** A day of the books, in micro-dollars. */
export interface BookDayRow {
  readonly day: string;
  readonly starts_at: Date;
  readonly cash: bigint;
  readonly fees: bigint;
  readonly refunds: bigint;
  readonly disputes: bigint;
  readonly sold: bigint;
  readonly earned: bigint;
  readonly breakage: bigint;
  readonly clawed_back: bigint;
  readonly deferred: bigint;
  readonly awaited: bigint;
}

/**
 * Each day of a zone's calendar that begins before `to` and ends after `from`, whole. What stood before the first day is
 * added up first, so that the balances at each day's end are those of the books.
 */
export function readDays(sql: Sql, from: Date, to: Date, zone: string): Promise<BookDayRow[]> {
  return sql.query<BookDayRow>(
    `WITH days AS (
      SELECT d::date AS day, d AT TIME ZONE $3 AS starts_at, (d + interval '1 day') AT TIME ZONE $3 AS ends_at
      FROM generate_series(date_trunc('day', $1::timestamptz AT TIME ZONE $3), date_trunc('day', ($2::timestamptz - interval '1 microsecond') AT TIME ZONE $3),
        interval '1 day') AS d
    ), span AS (SELECT min(starts_at) AS first, max(ends_at) AS last FROM days),
    lines AS (
      SELECT (l.at AT TIME ZONE $3)::date AS day,
        coalesce(sum(amount_micros) FILTER (WHERE kind = 'PAYMENT'), 0) AS cash,
        coalesce(-sum(amount_micros) FILTER (WHERE kind IN ('FEE', 'DISPUTE_FEE')), 0) AS fees,
        coalesce(-sum(amount_micros) FILTER (WHERE kind = 'REFUND'), 0) AS refunds,
        coalesce(-sum(amount_micros) FILTER (WHERE kind = 'DISPUTE'), 0) AS disputes
      FROM book_line l, span WHERE l.at >= span.first AND l.at < span.last GROUP BY 1
    ), credits AS (
      SELECT (e.created_at AT TIME ZONE $3)::date AS day,
        coalesce(sum(deferred_delta_micros) FILTER (WHERE kind = 'GRANT'), 0) AS sold,
        coalesce(-sum(deferred_delta_micros) FILTER (WHERE kind = 'POST'), 0) AS earned,
        coalesce(-sum(deferred_delta_micros) FILTER (WHERE kind = 'EXPIRE_GRANT'), 0) AS breakage,
        coalesce(-sum(deferred_delta_micros) FILTER (WHERE kind = 'REVOKE'), 0) AS clawed_back,
        sum(deferred_delta_micros) AS change
      FROM entry e, span WHERE e.created_at >= span.first AND e.created_at < span.last GROUP BY 1
    ), before AS (
      SELECT coalesce((SELECT sum(deferred_delta_micros) FROM entry e WHERE e.created_at < span.first), 0) AS deferred FROM span
    )
    SELECT days.day::text, days.starts_at,
      coalesce(lines.cash, 0)::bigint AS cash, coalesce(lines.fees, 0)::bigint AS fees,
      coalesce(lines.refunds, 0)::bigint AS refunds, coalesce(lines.disputes, 0)::bigint AS disputes,
      coalesce(credits.sold, 0)::bigint AS sold, coalesce(credits.earned, 0)::bigint AS earned,
      coalesce(credits.breakage, 0)::bigint AS breakage, coalesce(credits.clawed_back, 0)::bigint AS clawed_back,
      (before.deferred + coalesce(sum(credits.change) OVER (ORDER BY days.day), 0))::bigint AS deferred,
      (SELECT coalesce(sum(p.revenue_micros), 0)::bigint FROM payment_part p WHERE p.created_at < days.ends_at
        AND NOT coalesce(p.given_at < days.ends_at, false) AND NOT coalesce(p.canceled_at < days.ends_at, false)) AS awaited
    FROM days CROSS JOIN before LEFT JOIN lines USING (day) LEFT JOIN credits USING (day) ORDER BY days.day`,
    [from, to, zone],
  );
}
