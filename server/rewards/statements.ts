/** All SQL of the rewards' room. What gives credits is a function in the database (prisma/migrations/*_rewards). */
import type { Sql } from '../database/index.ts';
import { newId } from '../ids.ts';
import type { RewardRules } from './rules.ts';
import type { Spin } from './wheel.ts';

/** Sets the rules of a price list. */
export async function setRules(sql: Sql, priceListId: string, rules: RewardRules): Promise<void> {
  await sql.query(
    `INSERT INTO reward_rules (price_list_id, wheel_on, wheel_chance, wheel_model, wheel_prize_days, wheel_daily_cost_micros,
      referral_credits, referral_days, referral_monthly_cap, referral_total_cap)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (price_list_id) DO UPDATE SET wheel_on = excluded.wheel_on, wheel_chance = excluded.wheel_chance,
      wheel_model = excluded.wheel_model, wheel_prize_days = excluded.wheel_prize_days,
      wheel_daily_cost_micros = excluded.wheel_daily_cost_micros, referral_credits = excluded.referral_credits,
      referral_days = excluded.referral_days, referral_monthly_cap = excluded.referral_monthly_cap,
      referral_total_cap = excluded.referral_total_cap`,
    [
      priceListId,
      rules.wheelOn,
      rules.wheelChance,
      rules.wheelModel,
      rules.wheelPrizeDays,
      rules.wheelDailyCostMicros.toString(),
      rules.referralCredits,
      rules.referralDays,
      rules.referralMonthlyCap,
      rules.referralTotalCap,
    ],
  );
}

// ------------------------------------------------------------------------------------------------ referrals

/** The code of an account: the one that it has, else this one. Null when another account has it. */
export async function ensureCode(
  sql: Sql,
  now: Date,
  accountId: string,
  code: string,
): Promise<string | null> {
  await sql.query(
    'INSERT INTO referral_code (account_id, code, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [accountId, code, now],
  );
  const [row] = await sql.query<{ code: string }>('SELECT code FROM referral_code WHERE account_id = $1', [
    accountId,
  ]);
  return row?.code ?? null;
}

/** See referral_lock in the migration. */
export async function lockReferral(sql: Sql, externalId: string, code: string): Promise<void> {
  await sql.query('SELECT referral_lock($1, $2)', [externalId, code]);
}

export type ReferralOutcome = 'REFERRED' | 'SAME' | 'UNKNOWN' | 'ONESELF' | 'TAKEN' | 'CYCLE' | 'PAID';

/** See referral_set in the migration. */
export async function setReferral(
  sql: Sql,
  now: Date,
  accountId: string,
  code: string,
  actor: string,
): Promise<ReferralOutcome> {
  const [row] = await sql.query<{ outcome: ReferralOutcome }>(
    'SELECT referral_set($1, $2, $3, $4) AS outcome',
    [now, accountId, code, actor],
  );
  if (!row) throw new Error('referral_set answered nothing.');
  return row.outcome;
}

// ------------------------------------------------------------------------------------------------ the wheel

/** The account's present day, the day after it and when that begins; null when there is no such account. */
export async function accountDay(
  sql: Sql,
  now: Date,
  accountId: string,
): Promise<{ day: string; nextDay: string; nextAt: Date } | null> {
  const [row] = await sql.query<{ day: string; next_day: string; next_at: Date }>(
    `SELECT to_char(d.day, 'YYYY-MM-DD') AS day, to_char(d.day + interval '1 day', 'YYYY-MM-DD') AS next_day,
      (d.day + interval '1 day') AT TIME ZONE d.time_zone AS next_at
    FROM (SELECT date_trunc('day', $1::timestamptz AT TIME ZONE a.time_zone) AS day, a.time_zone FROM account a WHERE a.id = $2) d`,
    [now, accountId],
  );
  return row ? { day: row.day, nextDay: row.next_day, nextAt: row.next_at } : null;
}

/** A seed of the server's for an account and day. */
export interface Seed {
  readonly seed: string;
  readonly commitment: string;
  readonly createdAt: Date;
}

/** The seed of an account and day: the one that stands, else this one. */
export async function ensureSeed(
  sql: Sql,
  now: Date,
  accountId: string,
  day: string,
  fresh: { readonly seed: string; readonly commitment: string },
): Promise<Seed> {
  await sql.query(
    `INSERT INTO wheel_seed (account_id, day, seed, commitment, created_at) VALUES ($1, $2::date, $3, $4, $5)
    ON CONFLICT DO NOTHING`,
    [accountId, day, fresh.seed, fresh.commitment, now],
  );
  const [row] = await sql.query<{ seed: string; commitment: string; created_at: Date }>(
    'SELECT seed, commitment, created_at FROM wheel_seed WHERE account_id = $1 AND day = $2::date',
    [accountId, day],
  );
  if (!row) throw new Error('The seed has been made and is not there.');
  return { seed: row.seed, commitment: row.commitment, createdAt: row.created_at };
}

/** What a key has spun, and with which input; null when it was not used. */
export async function keyedSpin(
  sql: Sql,
  namespace: string,
  key: string,
): Promise<{ isSpin: boolean; inputHash: string; spinId: string } | null> {
  const [row] = await sql.query<{ operation: string; input_hash: string; result_id: string }>(
    'SELECT operation, input_hash, result_id FROM idempotency_record WHERE namespace = $1 AND key = $2',
    [namespace, key],
  );
  return row ? { isSpin: row.operation === 'SPIN', inputHash: row.input_hash, spinId: row.result_id } : null;
}

/** A spin that has been drawn and is to be booked. */
export interface DrawnSpin {
  readonly accountId: string;
  readonly namespace: string;
  readonly key: string;
  readonly inputHash: string;
  readonly day: string;
  readonly clientSeed: string;
  readonly ticket: number;
  readonly chance: number;
  readonly model: string;
  readonly credits: number;
  readonly costMicros: bigint;
  readonly capMicros: bigint;
  readonly prizeExpiresAt: Date;
  readonly actor: string;
}

export type SpinStatement =
  | 'SPUN'
  | 'REPLAY'
  | 'CONFLICT'
  | 'ACCOUNT_NOT_FOUND'
  | 'OTHER_DAY'
  | 'ALREADY_SPUN'
  | 'CLOSED';

/** See wheel_spin in the migration. */
export async function spin(
  sql: Sql,
  now: Date,
  drawn: DrawnSpin,
): Promise<{ outcome: SpinStatement; spinId: string | null }> {
  const [row] = await sql.query<{ outcome: SpinStatement; spin_id: string | null }>(
    'SELECT * FROM wheel_spin($1, $2, $3, $4, $5, $6, $7::date, $8, $9, $10, $11, $12, $13, $14, $15, $16)',
    [
      now,
      newId(),
      drawn.accountId,
      drawn.namespace,
      drawn.key,
      drawn.inputHash,
      drawn.day,
      drawn.clientSeed,
      drawn.ticket,
      drawn.chance,
      drawn.model,
      drawn.credits,
      drawn.costMicros.toString(),
      drawn.capMicros.toString(),
      drawn.prizeExpiresAt,
      drawn.actor,
    ],
  );
  if (!row) throw new Error('wheel_spin answered nothing.');
  return { outcome: row.outcome, spinId: row.spin_id };
}

interface SpinRow {
  readonly id: string;
  readonly account_id: string;
  readonly day: string;
  readonly seed: string;
  readonly commitment: string;
  readonly committed_at: Date;
  readonly client_seed: string;
  readonly ticket: number;
  readonly chance: number;
  readonly model: string;
  readonly credits: number;
  readonly grant_id: string | null;
  readonly created_at: Date;
}

/** Spins with their seeds: the one with this id, or that of an account and day. */
export async function readSpin(
  sql: Sql,
  by: { readonly id: string } | { readonly accountId: string; readonly day: string },
): Promise<Spin | null> {
  const one = 'id' in by;
  const [row] = await sql.query<SpinRow>(
    `SELECT s.id, s.account_id, to_char(s.day, 'YYYY-MM-DD') AS day, w.seed, w.commitment, w.created_at AS committed_at,
      s.client_seed, s.ticket, s.chance, s.model, s.credits, s.grant_id, s.created_at
    FROM wheel_spin s JOIN wheel_seed w ON w.account_id = s.account_id AND w.day = s.day
    WHERE ${one ? 's.id = $1' : 's.account_id = $1 AND s.day = $2::date'}`,
    one ? [by.id] : [by.accountId, by.day],
  );
  return row
    ? {
        id: row.id,
        accountId: row.account_id,
        day: row.day,
        serverSeed: row.seed,
        commitment: row.commitment,
        committedAt: row.committed_at,
        clientSeed: row.client_seed,
        ticket: row.ticket,
        chance: row.chance,
        won: row.ticket < row.chance,
        model: row.model,
        credits: row.credits,
        grantId: row.grant_id,
        at: row.created_at,
      }
    : null;
}

/** What the prizes of the day of UTC have cost so far. */
export async function prizesToday(sql: Sql, now: Date): Promise<bigint> {
  const [row] = await sql.query<{ cost_micros: bigint }>(
    `SELECT cost_micros FROM wheel_day WHERE day = ($1::timestamptz AT TIME ZONE 'UTC')::date`,
    [now],
  );
  return row?.cost_micros ?? 0n;
}
