/** Subscriptions, as Stripe last said. */
import type { Sql } from '../../database/index.ts';
import type { SubscriptionRead } from '../gateway.ts';

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
