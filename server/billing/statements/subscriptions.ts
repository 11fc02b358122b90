/** Subscriptions, as Stripe last said. */
import type { Sql } from '../../database/index.ts';
import type { SubscriptionRead } from '../gateway.ts';

/** Keeps a subscription as this reading has it; of one without a plan what is known of it already, with its old plan. */
export async function upsertSubscription(
  sql: Sql,
  now: Date,
  observation: bigint,
  given: {
    readonly read: SubscriptionRead;
    readonly accountId: string;
    readonly plan: { readonly planId: string; readonly versionId: string; readonly interval: string } | null;
  },
): Promise<void> {
  const { read, accountId, plan } = given;
  if (plan === null) {
    await sql.query(
      `UPDATE subscription SET status = $2, current_period_end = $3, cancel_at_period_end = $4, ended_at = $5, observed_at = $6,
        observation = $7 WHERE id = $1 AND observation < $7`,
      [
        read.id,
        read.status,
        read.currentPeriodEnd,
        read.cancelAtPeriodEnd,
        read.endedAt,
        now,
        observation.toString(),
      ],
    );
    return;
  }
  await sql.query(
    `INSERT INTO subscription AS s (id, account_id, plan_id, plan_version_id, interval, status, price_micros, started_at,
      current_period_end, cancel_at_period_end, ended_at, observed_at, observation)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (id) DO UPDATE SET plan_id = excluded.plan_id, plan_version_id = excluded.plan_version_id,
      interval = excluded.interval, status = excluded.status, price_micros = excluded.price_micros,
      current_period_end = excluded.current_period_end, cancel_at_period_end = excluded.cancel_at_period_end,
      ended_at = excluded.ended_at, observed_at = excluded.observed_at, observation = excluded.observation
      WHERE s.observation < excluded.observation`,
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
