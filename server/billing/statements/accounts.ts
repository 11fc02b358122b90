/** Accounts as billing sees them: their tier, their plan, whether they are barred, who they are to Stripe. */
import type { Sql } from '../../database/index.ts';

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
