/** Refunds and disputes, as Stripe last said. */
import type { Sql } from '../../database/index.ts';
import type { DisputeRead, RefundRead } from '../gateway.ts';

/** Keeps refunds as Stripe now has them. */
export async function upsertRefunds(
  sql: Sql,
  paymentId: string,
  refunds: readonly RefundRead[],
): Promise<void> {
  if (refunds.length === 0) return;
  await sql.query(
    `INSERT INTO refund (id, payment_id, amount_micros, status, reason, created_at)
    SELECT r.id, $1, r.amount, r.status, r.reason, r.at
    FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[]) AS r (id, amount, status, reason, at)
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, amount_micros = excluded.amount_micros`,
    [
      paymentId,
      refunds.map((refund) => refund.id),
      refunds.map((refund) => refund.amountMicros.toString()),
      refunds.map((refund) => refund.status),
      refunds.map((refund) => refund.reason),
      refunds.map((refund) => refund.at),
    ],
  );
}

/** Keeps disputes as Stripe now has them. Gives those whose status has changed. */
export async function upsertDisputes(
  sql: Sql,
  paymentId: string,
  accountId: string,
  disputes: readonly DisputeRead[],
): Promise<string[]> {
  if (disputes.length === 0) return [];
  const rows = await sql.query<{ id: string }>(
    `INSERT INTO dispute AS d (id, payment_id, account_id, amount_micros, status, reason, opened_at)
    SELECT x.id, $1, $2, x.amount, x.status, x.reason, x.at
    FROM unnest($3::text[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[]) AS x (id, amount, status, reason, at)
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, amount_micros = excluded.amount_micros
      WHERE d.status <> excluded.status
    RETURNING d.id`,
    [
      paymentId,
      accountId,
      disputes.map((dispute) => dispute.id),
      disputes.map((dispute) => dispute.amountMicros.toString()),
      disputes.map((dispute) => dispute.status),
      disputes.map((dispute) => dispute.reason),
      disputes.map((dispute) => dispute.at),
    ],
  );
  return rows.map((row) => row.id);
}
