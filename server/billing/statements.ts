/** All SQL of billing, but for the books' sums and the sandbox's table. */
import type { Sql } from '../database/index.ts';
import type { Micros } from '../money.ts';
import type { DisputeRead, RefundRead, SubscriptionRead } from './gateway.ts';
import type { PaymentRead } from './read.ts';

/** The number of a reading that is about to begin. */
export async function nextObservation(sql: Sql): Promise<bigint> {
  const [row] = await sql.query<{ number: bigint }>("SELECT nextval('stripe_observation') AS number");
  if (!row) throw new Error('The sequence of readings gave no number.');
  return row.number;
}

// ------------------------------------------------------------------------------------------------- accounts

/** An account, locked, with whoever its first payment would give a bonus to. */
export interface LockedAccount {
  readonly tier: string;
  readonly plan_id: string | null;
  readonly barred_reason: string | null;
}

/** Locks an account before anything else is done to it; null when there is none. */
export async function lockAccount(sql: Sql, accountId: string): Promise<LockedAccount | null> {
  await sql.query('SELECT rewards_lock($1)', [accountId]);
  const [row] = await sql.query<LockedAccount>(
    'SELECT tier, plan_id, barred_reason FROM account WHERE id = $1',
    [accountId],
  );
  return row ?? null;
}

/**
 * Brings tier and plan to what the account's subscriptions say: those of the newest that lives; without one, PAYG for whoever
 * has paid or had a plan, and else what it was.
 */
export async function followSubscriptions(sql: Sql, now: Date, accountId: string): Promise<void> {
  await sql.query(
    `UPDATE account a SET updated_at = $1, plan_id = live.plan_id,
      tier = coalesce(live.tier, CASE WHEN a.plan_id IS NOT NULL
        OR (a.tier = 'FREE' AND EXISTS (SELECT 1 FROM payment p WHERE p.account_id = a.id)) THEN 'PAYG' ELSE a.tier END)
    FROM (SELECT 1) AS one
    LEFT JOIN (SELECT s.plan_id, p.tier FROM subscription s JOIN plan p ON p.id = s.plan_id
      WHERE s.account_id = $2 AND s.status IN ('active', 'trialing', 'past_due')
      ORDER BY s.started_at DESC, s.id DESC LIMIT 1) AS live ON true
    WHERE a.id = $2`,
    [now, accountId],
  );
}

/** Why an account is barred by its disputes; null when it is not. */
export async function barringDispute(
  sql: Sql,
  accountId: string,
  harmless: readonly string[],
): Promise<string | null> {
  const [row] = await sql.query<{ id: string }>(
    'SELECT id FROM dispute WHERE account_id = $1 AND NOT status = ANY ($2) ORDER BY opened_at, id LIMIT 1',
    [accountId, harmless],
  );
  return row?.id ?? null;
}

/** Bars an account, or lifts that. */
export async function setBarred(
  sql: Sql,
  now: Date,
  accountId: string,
  reason: string | null,
): Promise<boolean> {
  const rows = await sql.query(
    'UPDATE account SET barred_reason = $3, updated_at = $1 WHERE id = $2 RETURNING id',
    [now, accountId, reason],
  );
  return rows.length > 0;
}

/** Pays both sides of a referral when this is the account's first payment; see the rewards' room. */
export async function rewardFirstPayment(sql: Sql, now: Date, accountId: string): Promise<void> {
  await sql.query('SELECT rewards_first_payment($1, $2)', [now, accountId]);
}

// ------------------------------------------------------------------------------------------------- payments

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
    ON CONFLICT (id) DO UPDATE SET status = excluded.status`,
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

/** Which lines of a payment's refunds have been written. */
export async function bookedSources(sql: Sql, paymentId: string): Promise<Set<string>> {
  const rows = await sql.query<{ source: string }>('SELECT source FROM book_line WHERE payment_id = $1', [
    paymentId,
  ]);
  return new Set(rows.map((row) => row.source));
}

// ---------------------------------------------------------------------------------------------------- parts

/** A part of what a payment bought. */
export interface PartRow {
  readonly id: string;
  readonly payment_id: string;
  readonly account_id: string;
  readonly credits: number;
  readonly revenue_micros: bigint;
  readonly due_at: Date;
  readonly expires_at: Date | null;
  readonly created_at: Date;
  readonly grant_id: string | null;
  readonly canceled_at: Date | null;
}

const PART =
  'id, payment_id, account_id, credits, revenue_micros, due_at, expires_at, created_at, grant_id, canceled_at';

/** Keeps a part; with a grant when its credits have come. */
export async function insertPart(
  sql: Sql,
  now: Date,
  part: {
    readonly id: string;
    readonly paymentId: string;
    readonly accountId: string;
    readonly credits: number;
    readonly revenueMicros: Micros;
    readonly dueAt: Date;
    readonly expiresAt: Date | null;
    readonly grantId: string | null;
    readonly returned?: boolean;
    readonly canceled?: boolean;
    /** Since when it is waited for; now when not said. */
    readonly createdAt?: Date;
  },
): Promise<void> {
  await sql.query(
    `INSERT INTO payment_part (id, payment_id, account_id, credits, revenue_micros, returned, due_at, expires_at, created_at,
      grant_id, given_at, canceled_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $12, $10, CASE WHEN $10::uuid IS NOT NULL THEN $9::timestamptz END,
      CASE WHEN $11 THEN $9::timestamptz END)`,
    [
      part.id,
      part.paymentId,
      part.accountId,
      part.credits,
      part.revenueMicros.toString(),
      part.returned ?? false,
      part.dueAt,
      part.expiresAt,
      now,
      part.grantId,
      part.canceled ?? false,
      part.createdAt ?? now,
    ],
  );
}

/** All parts of a payment, in the order in which they come. */
export function partsOfPayment(sql: Sql, paymentId: string): Promise<PartRow[]> {
  return sql.query<PartRow>(`SELECT ${PART} FROM payment_part WHERE payment_id = $1 ORDER BY due_at, id`, [
    paymentId,
  ]);
}

/** Says that a part never comes; or, with fewer credits, that only so many of it still do. */
export async function cancelPart(sql: Sql, now: Date, id: string): Promise<void> {
  await sql.query('UPDATE payment_part SET canceled_at = $2 WHERE id = $1', [id, now]);
}

/** Leaves fewer credits of a part to come; the caller keeps the rest as a part of its own. */
export async function shrinkPart(
  sql: Sql,
  id: string,
  credits: number,
  revenueMicros: Micros,
): Promise<void> {
  await sql.query('UPDATE payment_part SET credits = $2, revenue_micros = $3 WHERE id = $1', [
    id,
    credits,
    revenueMicros.toString(),
  ]);
}

/** Accounts with parts whose time has come. */
export async function accountsWithDueParts(sql: Sql, now: Date, limit: number): Promise<string[]> {
  const rows = await sql.query<{ account_id: string }>(
    `SELECT DISTINCT account_id FROM payment_part WHERE due_at <= $1 AND given_at IS NULL AND canceled_at IS NULL LIMIT $2`,
    [now, limit],
  );
  return rows.map((row) => row.account_id);
}

/** Parts of an account whose time has come. The caller holds its lock. */
export function duePartsOf(sql: Sql, now: Date, accountId: string): Promise<PartRow[]> {
  return sql.query<PartRow>(
    `SELECT ${PART} FROM payment_part WHERE account_id = $2 AND due_at <= $1 AND given_at IS NULL AND canceled_at IS NULL
    ORDER BY due_at, id`,
    [now, accountId],
  );
}

/** Says that the credits of a part have come. */
export async function givePart(sql: Sql, now: Date, id: string, grantId: string): Promise<void> {
  await sql.query('UPDATE payment_part SET grant_id = $3, given_at = $2 WHERE id = $1', [id, now, grantId]);
}

/** What an amount of some credits comes to, as the ledger reckons it. */
export async function earnedOf(
  sql: Sql,
  revenueMicros: Micros,
  credits: number,
  of: number,
): Promise<Micros> {
  const [row] = await sql.query<{ earned: bigint }>('SELECT earned($1, $2, $3) AS earned', [
    revenueMicros.toString(),
    credits,
    of,
  ]);
  if (!row) throw new Error('The database did not reckon.');
  return row.earned;
}

/** Takes back credits of a grant, as the ledger does. */
export async function takeBack(
  sql: Sql,
  now: Date,
  grantId: string,
  credits: number,
  reason: string,
): Promise<{ readonly taken: number; readonly deferredMicros: Micros }> {
  const [row] = await sql.query<{ revoked: number; pending: number; deferred_micros: bigint }>(
    'SELECT revoked, pending, deferred_micros FROM ledger_take_back($1, $2, $3, $4)',
    [now, grantId, credits, reason],
  );
  return row
    ? { taken: row.revoked + row.pending, deferredMicros: row.deferred_micros }
    : { taken: 0, deferredMicros: 0n };
}

// -------------------------------------------------------------------------------------------- subscriptions

/** Keeps a subscription as this reading has it. False when a newer reading has been kept already. */
export async function upsertSubscription(
  sql: Sql,
  now: Date,
  observation: bigint,
  given: {
    readonly read: SubscriptionRead;
    readonly accountId: string;
    readonly plan: { readonly planId: string; readonly versionId: string; readonly interval: string };
  },
): Promise<boolean> {
  const { read, accountId, plan } = given;
  const rows = await sql.query(
    `INSERT INTO subscription AS s (id, account_id, plan_id, plan_version_id, interval, status, price_micros, started_at,
      current_period_end, cancel_at_period_end, ended_at, observed_at, observation)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (id) DO UPDATE SET plan_id = excluded.plan_id, plan_version_id = excluded.plan_version_id,
      interval = excluded.interval, status = excluded.status, price_micros = excluded.price_micros,
      current_period_end = excluded.current_period_end, cancel_at_period_end = excluded.cancel_at_period_end,
      ended_at = excluded.ended_at, observed_at = excluded.observed_at, observation = excluded.observation
      WHERE s.observation < excluded.observation
    RETURNING s.id`,
    [
      read.id,
      accountId,
      plan.planId,
      plan.versionId,
      plan.interval,
      read.status,
      read.priceMicros.toString(),
      read.startedAt,
      read.currentPeriodEnd,
      read.cancelAtPeriodEnd,
      read.endedAt,
      now,
      observation.toString(),
    ],
  );
  return rows.length > 0;
}

// --------------------------------------------------------------------------------------------------- events

/** Whether what follows from an event has been done. */
export async function eventIsDone(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql.query("SELECT 1 FROM stripe_event WHERE id = $1 AND state = 'DONE'", [id]);
  return rows.length > 0;
}

/** Writes down what has become of an event. One that is done stays done. */
export async function writeEvent(
  sql: Sql,
  now: Date,
  event: {
    readonly id: string;
    readonly type: string;
    readonly apiVersion: string | null;
    readonly createdAt: Date;
    readonly state: 'DONE' | 'KEPT';
    readonly reason: string | null;
    readonly payload: unknown;
  },
): Promise<void> {
  await sql.query(
    `INSERT INTO stripe_event AS e (id, type, api_version, state, reason, payload, created_at, received_at)
    VALUES ($2, $3, $4, $5::stripe_event_state, $6, $7, $8, $1)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, reason = excluded.reason, payload = excluded.payload
      WHERE e.state <> 'DONE'`,
    [
      now,
      event.id,
      event.type,
      event.apiVersion,
      event.state,
      event.reason,
      event.payload === null ? null : JSON.stringify(event.payload),
      event.createdAt,
    ],
  );
}

/** An event that is kept, or null. */
export async function keptEvent(sql: Sql, id: string): Promise<{ readonly payload: unknown } | null> {
  const [row] = await sql.query<{ payload: unknown }>(
    "SELECT payload FROM stripe_event WHERE id = $1 AND state = 'KEPT'",
    [id],
  );
  return row ?? null;
}

/** What an account subscribes to, or null: the newest subscription that lives. */
export interface LiveSubscription {
  readonly id: string;
  readonly plan_id: string;
  readonly plan_version_id: string;
  readonly interval: 'MONTH' | 'YEAR';
  readonly price_micros: bigint;
}

/** What an account subscribes to; null when to nothing. */
export async function liveSubscription(sql: Sql, accountId: string): Promise<LiveSubscription | null> {
  const [row] = await sql.query<LiveSubscription>(
    `SELECT id, plan_id, plan_version_id, interval, price_micros FROM subscription
    WHERE account_id = $1 AND status IN ('active', 'trialing', 'past_due') ORDER BY started_at DESC, id DESC LIMIT 1`,
    [accountId],
  );
  return row ?? null;
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

/** What Stripe is told of an account; null when there is none. */
export async function describeAccount(
  sql: Sql,
  accountId: string,
): Promise<{ readonly external_id: string; readonly email: string | null } | null> {
  const [row] = await sql.query<{ external_id: string; email: string | null }>(
    'SELECT external_id, email FROM account WHERE id = $1',
    [accountId],
  );
  return row ?? null;
}

// ------------------------------------------------------------------------------------------------- requests

/** What Stripe is asked to do. */
export type RequestKind = 'CHECKOUT' | 'CHANGE_PLAN' | 'CANCEL_SUBSCRIPTION' | 'REFUND' | 'CHARGE';

/** What was asked under a key. */
export interface RequestRow<Input, Result> {
  readonly id: string;
  readonly input: Input;
  readonly result: Result | null;
}

/** Claims a key. `new` keeps what is asked; `replay` gives what was asked the first time; `conflict` changes nothing. */
export async function claimRequest<Input, Result>(
  sql: Sql,
  now: Date,
  given: {
    readonly id: string;
    readonly namespace: string;
    readonly key: string;
    readonly hash: string;
    readonly kind: RequestKind;
    readonly accountId: string;
    readonly input: Input;
  },
): Promise<
  | { readonly outcome: 'new' | 'replay'; readonly request: RequestRow<Input, Result> }
  | { readonly outcome: 'conflict' }
> {
  const [claim] = await sql.query<{ outcome: string; result_id: string }>(
    'SELECT outcome, result_id FROM idempotency_claim($1, $2, $3, $4, $5, $6)',
    [now, given.namespace, given.key, given.kind, given.hash, given.id],
  );
  if (!claim || claim.outcome === 'CONFLICT') return { outcome: 'conflict' };
  if (claim.outcome === 'NEW') {
    await sql.query(
      `INSERT INTO billing_request (id, kind, account_id, input, created_at) VALUES ($1, $2::billing_request_kind, $3, $4, $5)`,
      [given.id, given.kind, given.accountId, JSON.stringify(given.input), now],
    );
    return { outcome: 'new', request: { id: given.id, input: given.input, result: null } };
  }
  const [request] = await sql.query<RequestRow<Input, Result>>(
    'SELECT id, input, result FROM billing_request WHERE id = $1',
    [claim.result_id],
  );
  if (!request) throw new Error(`The key of request ${claim.result_id} is there, and the request is not.`);
  return { outcome: 'replay', request };
}

/** Keeps what came of a request. */
export async function finishRequest(sql: Sql, id: string, result: unknown): Promise<void> {
  await sql.query('UPDATE billing_request SET result = $2 WHERE id = $1', [id, JSON.stringify(result)]);
}

/** Forgets a request that Stripe refused, so that its key can be used again. */
export async function dropRequest(sql: Sql, id: string): Promise<void> {
  await sql.query(
    'DELETE FROM idempotency_record WHERE result_id = $1 AND operation IN (SELECT kind::text FROM billing_request WHERE id = $1)',
    [id],
  );
  await sql.query('DELETE FROM billing_request WHERE id = $1', [id]);
}

/** Who an account is to Stripe, or null. */
export async function customerOf(sql: Sql, accountId: string): Promise<string | null> {
  const [row] = await sql.query<{ id: string }>('SELECT id FROM stripe_customer WHERE account_id = $1', [
    accountId,
  ]);
  return row?.id ?? null;
}

/** Keeps who an account is to Stripe. Gives the id that was kept first. */
export async function keepCustomer(sql: Sql, now: Date, accountId: string, id: string): Promise<string> {
  await sql.query(
    'INSERT INTO stripe_customer (account_id, id, created_at) VALUES ($1, $2, $3) ON CONFLICT (account_id) DO NOTHING',
    [accountId, id, now],
  );
  return (await customerOf(sql, accountId)) ?? id;
}

/** Forgets who an account was to Stripe, where Stripe knows nobody of that id. */
export async function forgetCustomer(sql: Sql, id: string): Promise<void> {
  await sql.query('DELETE FROM stripe_customer WHERE id = $1', [id]);
}
