/** Payments and the lines of the cash book. */
import type { Sql } from '../../database/index.ts';
import type { Micros } from '../../money.ts';
import type { PaymentRead } from '../read.ts';

/** A payment as it stands in the books. */
export interface PaymentRow {
  readonly id: string;
  readonly account_id: string;
  readonly plan_id: string | null;
  readonly credits: number;
  readonly amount_micros: bigint;
  readonly tax_micros: bigint;
  readonly credits_due: number;
  readonly credits_taken: number;
  readonly taken_micros: bigint;
  readonly observation: bigint;
}

/** The payment that Stripe knows by this id, or null. The caller holds its account's lock. */
export async function findPayment(sql: Sql, payment: PaymentRead): Promise<PaymentRow | null> {
  const [row] = await sql.query<PaymentRow>(
    `SELECT id, account_id, plan_id, credits, amount_micros, tax_micros, credits_due, credits_taken, taken_micros, observation
    FROM payment WHERE ${payment.invoiceId === null ? 'payment_intent_id' : 'invoice_id'} = $1`,
    [payment.invoiceId ?? payment.paymentIntentId],
  );
  return row ?? null;
}

/** Whether the payment that went by a payment intent of its own has brought its credits. */
export async function isBooked(sql: Sql, paymentIntentId: string): Promise<boolean> {
  const rows = await sql.query('SELECT 1 FROM payment WHERE payment_intent_id = $1', [paymentIntentId]);
  return rows.length > 0;
}

/** Keeps a payment. Fails when Stripe's id of it is there already. */
export async function insertPayment(
  sql: Sql,
  now: Date,
  given: {
    readonly id: string;
    readonly payment: PaymentRead;
    readonly grantId: string;
    readonly credits: number;
  },
): Promise<void> {
  const { payment } = given;
  await sql.query(
    `INSERT INTO payment (id, account_id, kind, amount_micros, tax_micros, currency, plan_id, plan_version_id, pack_id,
      pack_version_id, subscription_id, credits, grant_id, payment_intent_id, invoice_id, paid_at, observation, created_at)
    VALUES ($1, $2, $3::payment_kind, $4, $5, 'USD', $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, $16)`,
    [
      given.id,
      payment.accountId,
      payment.kind,
      payment.amountMicros.toString(),
      payment.taxMicros.toString(),
      payment.plan?.planId ?? null,
      payment.plan?.versionId ?? null,
      payment.pack?.packId ?? null,
      payment.pack?.versionId ?? null,
      payment.subscriptionId,
      given.credits,
      given.grantId,
      payment.paymentIntentId,
      payment.invoiceId,
      payment.paidAt,
      now,
    ],
  );
}

/** Writes down what of a payment went back, and what was taken for it. */
export async function updatePayment(
  sql: Sql,
  id: string,
  to: {
    readonly refundedMicros: Micros;
    readonly disputedMicros: Micros;
    readonly creditsDue: number;
    readonly creditsTaken: number;
    readonly takenMicros: Micros;
    readonly observation: bigint;
  },
): Promise<void> {
  await sql.query(
    `UPDATE payment SET refunded_micros = $2, disputed_micros = $3, credits_due = $4, credits_taken = $5, taken_micros = $6,
      observation = $7 WHERE id = $1`,
    [
      id,
      to.refundedMicros.toString(),
      to.disputedMicros.toString(),
      to.creditsDue,
      to.creditsTaken,
      to.takenMicros.toString(),
      to.observation.toString(),
    ],
  );
}

/** What a refund of a payment has to know; null when there is no such payment. */
export async function refundable(
  sql: Sql,
  paymentId: string,
): Promise<{
  readonly account_id: string;
  readonly payment_intent_id: string | null;
  readonly left_micros: bigint;
} | null> {
  const [row] = await sql.query<{
    account_id: string;
    payment_intent_id: string | null;
    left_micros: bigint;
  }>(
    `SELECT account_id, payment_intent_id, amount_micros + tax_micros - refunded_micros AS left_micros FROM payment WHERE id = $1`,
    [paymentId],
  );
  return row ?? null;
}

/** A line of the books; of one source there is one. */
export interface BookLine {
  readonly at: Date;
  readonly kind: 'PAYMENT' | 'FEE' | 'REFUND' | 'DISPUTE' | 'DISPUTE_FEE';
  /** + into our pocket. */
  readonly amountMicros: Micros;
  readonly source: string;
}

/** Writes lines that are not there yet. */
export async function insertLines(
  sql: Sql,
  now: Date,
  of: { readonly accountId: string; readonly paymentId: string; readonly planId: string | null },
  lines: readonly BookLine[],
): Promise<void> {
  if (lines.length === 0) return;
  await sql.query(
    `INSERT INTO book_line (id, at, kind, amount_micros, account_id, payment_id, plan_id, source, booked_at)
    SELECT uuid_v7($1), line.at, line.kind::book_kind, line.amount, $2, $3, $4, line.source, $1
    FROM unnest($5::timestamptz[], $6::text[], $7::bigint[], $8::text[]) AS line (at, kind, amount, source)
    ON CONFLICT (source) DO NOTHING`,
    [
      now,
      of.accountId,
      of.paymentId,
      of.planId,
      lines.map((line) => line.at),
      lines.map((line) => line.kind),
      lines.map((line) => line.amountMicros.toString()),
      lines.map((line) => line.source),
    ],
  );
}

/** Which lines of a payment's refunds have been written. */
export async function bookedSources(sql: Sql, paymentId: string): Promise<Set<string>> {
  const rows = await sql.query<{ source: string }>('SELECT source FROM book_line WHERE payment_id = $1', [
    paymentId,
  ]);
  return new Set(rows.map((row) => row.source));
}

/** What is known of a charge's fee. */
export interface ChargeRow {
  readonly estimate_micros: bigint | null;
  readonly fee_micros: bigint | null;
}

/** What is known of a charge's fee; null when it is a new one. */
export async function findCharge(sql: Sql, id: string): Promise<ChargeRow | null> {
  const [row] = await sql.query<ChargeRow>(
    'SELECT estimate_micros, fee_micros FROM payment_charge WHERE id = $1',
    [id],
  );
  return row ?? null;
}

/** Keeps a charge, or what it has turned out to cost. */
export async function upsertCharge(
  sql: Sql,
  charge: {
    readonly id: string;
    readonly paymentId: string;
    readonly paymentIntentId: string;
    readonly amountMicros: Micros;
    readonly estimateMicros: Micros | null;
    readonly feeMicros: Micros | null;
  },
): Promise<void> {
  await sql.query(
    `INSERT INTO payment_charge AS c (id, payment_id, payment_intent_id, amount_micros, estimate_micros, fee_micros)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET fee_micros = coalesce(c.fee_micros, excluded.fee_micros)`,
    [
      charge.id,
      charge.paymentId,
      charge.paymentIntentId,
      charge.amountMicros.toString(),
      charge.estimateMicros?.toString() ?? null,
      charge.feeMicros?.toString() ?? null,
    ],
  );
}
