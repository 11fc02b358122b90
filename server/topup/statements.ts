/** All SQL of the top-ups' room. What must hold against concurrency is a function in the database (prisma/migrations/*_top_ups). */
import type { Sql } from '../database/index.ts';
import type { Micros } from '../money.ts';
import type { AutoTopUp, TopUp } from './index.ts';

/** Sets when an account is low and what is then bought. What had been held against it is forgotten; another threshold arms it anew. */
export async function setAutoTopUp(
  sql: Sql,
  now: Date,
  accountId: string,
  settings: Pick<AutoTopUp, 'threshold' | 'isOn' | 'packId' | 'dailyCapMicros'>,
): Promise<void> {
  await sql.query(
    `INSERT INTO auto_top_up (account_id, threshold, is_on, pack_id, daily_cap_micros, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (account_id) DO UPDATE SET threshold = excluded.threshold, is_on = excluded.is_on, pack_id = excluded.pack_id,
      daily_cap_micros = excluded.daily_cap_micros, updated_at = excluded.updated_at,
      off_reason = NULL, failures = 0, next_at = NULL,
      low_since = CASE WHEN auto_top_up.threshold = excluded.threshold THEN auto_top_up.low_since END`,
    [accountId, settings.threshold, settings.isOn, settings.packId, settings.dailyCapMicros.toString(), now],
  );
}

/** Which accounts have a threshold, set since an instant; null: all of them. */
export async function readThresholds(
  sql: Sql,
  since: Date | null,
): Promise<{ accountId: string; threshold: number; updatedAt: Date }[]> {
  return sql.query(
    `SELECT account_id AS "accountId", threshold, updated_at AS "updatedAt" FROM auto_top_up
    WHERE $1::timestamptz IS NULL OR updated_at >= $1`,
    [since],
  );
}

/** An account that is low, or was until now. */
export interface Looked {
  readonly accountId: string;
  readonly isLow: boolean;
  /** The event, when it has become low now. */
  readonly eventId: string | null;
  readonly threshold: number;
  readonly available: number;
  /** Whether a top-up may begin. */
  readonly due: boolean;
  /** Of which pack. */
  readonly packId: string | null;
}

/** See low_balance_look in the migration. */
export async function look(sql: Sql, now: Date, accountIds: readonly string[]): Promise<Looked[]> {
  return sql.query(
    `SELECT account_id AS "accountId", is_low AS "isLow", event_id AS "eventId", threshold, available, due, pack_id AS "packId"
    FROM low_balance_look($1, $2::uuid[])`,
    [now, accountIds],
  );
}

/** The next accounts with a threshold after one, in order of their ids. */
export async function nextAccounts(sql: Sql, after: string, limit: number): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    'SELECT account_id AS id FROM auto_top_up WHERE account_id > $1 ORDER BY account_id LIMIT $2',
    [after, limit],
  );
  return rows.map((row) => row.id);
}

export type BeginOutcome = 'BEGUN' | 'OFF' | 'NOT_LOW' | 'BARRED' | 'UNDER_WAY' | 'WAITING' | 'CAPPED';

/** See top_up_begin in the migration. */
export async function begin(
  sql: Sql,
  now: Date,
  topUp: {
    readonly id: string;
    readonly accountId: string;
    readonly packId: string;
    readonly packVersionId: string;
    readonly amountMicros: Micros;
    readonly credits: number;
    readonly askAt: Date;
  },
): Promise<BeginOutcome> {
  const [row] = await sql.query<{ outcome: BeginOutcome }>(
    'SELECT top_up_begin($1, $2, $3, $4, $5, $6, $7, $8) AS outcome',
    [
      now,
      topUp.id,
      topUp.accountId,
      topUp.packId,
      topUp.packVersionId,
      topUp.amountMicros.toString(),
      topUp.credits,
      topUp.askAt,
    ],
  );
  if (!row) throw new Error('top_up_begin answered nothing.');
  return row.outcome;
}

/** How long to wait after what, and how many declines are borne. */
export interface Patience {
  readonly cooldownMs: number;
  readonly backOffMs: number;
  readonly mostDeclines: number;
}

/** See top_up_end in the migration. */
export async function end(
  sql: Sql,
  now: Date,
  id: string,
  state: 'PAID' | 'DECLINED' | 'UNKNOWN',
  reason: string | null,
  switchOff: boolean,
  patience: Patience,
): Promise<boolean> {
  const [row] = await sql.query<{ ended: boolean }>(
    `SELECT top_up_end($1, $2, $3::top_up_state, $4, $5, make_interval(secs => $6::float8 / 1000),
      make_interval(secs => $7::float8 / 1000), $8) AS ended`,
    [now, id, state, reason, switchOff, patience.cooldownMs, patience.backOffMs, patience.mostDeclines],
  );
  return row?.ended ?? false;
}

/** A top-up whose payment is to be asked for again, under its own id. */
export interface Asking {
  readonly id: string;
  readonly accountId: string;
  readonly packId: string;
  readonly packVersionId: string;
  readonly requestedAt: Date;
  /** How often it has been asked for, this time too. */
  readonly asks: number;
}

/** Takes top-ups that are to be asked after, at most `limit`; nobody else gets them before `askAt`. */
export async function claim(sql: Sql, now: Date, askAt: Date, limit: number): Promise<Asking[]> {
  return sql.query(
    `UPDATE top_up u SET ask_at = $2, asks = u.asks + 1
    FROM (SELECT id FROM top_up WHERE state = 'REQUESTED' AND ask_at <= $1 ORDER BY ask_at LIMIT $3 FOR UPDATE SKIP LOCKED) due
    WHERE u.id = due.id
    RETURNING u.id, u.account_id AS "accountId", u.pack_id AS "packId", u.pack_version_id AS "packVersionId",
      u.requested_at AS "requestedAt", u.asks`,
    [now, askAt, limit],
  );
}

/** Whether a top-up may still be charged: auto top-up is on, with its pack, and its account is not barred. */
export async function isWanted(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql.query(
    `SELECT 1 FROM top_up u JOIN auto_top_up t ON t.account_id = u.account_id JOIN account a ON a.id = u.account_id
    WHERE u.id = $1 AND t.is_on AND t.pack_id = u.pack_id AND a.barred_reason IS NULL`,
    [id],
  );
  return rows.length > 0;
}

/** Puts off when a top-up is asked after again. */
export async function putOff(sql: Sql, id: string, askAt: Date): Promise<void> {
  await sql.query(`UPDATE top_up SET ask_at = $2 WHERE id = $1 AND state = 'REQUESTED'`, [id, askAt]);
}

/** The settings of an account; null when it never had any. */
export async function readAutoTopUp(sql: Sql, accountId: string): Promise<AutoTopUp | null> {
  const [row] = await sql.query<AutoTopUp>(
    `SELECT account_id AS "accountId", threshold, is_on AS "isOn", pack_id AS "packId", daily_cap_micros AS "dailyCapMicros",
      off_reason AS "offReason", next_at AS "nextAt", low_since AS "lowSince" FROM auto_top_up WHERE account_id = $1`,
    [accountId],
  );
  return row ?? null;
}

/** The newest top-ups of an account. */
export async function readTopUps(sql: Sql, accountId: string, limit: number): Promise<TopUp[]> {
  return sql.query(
    `SELECT id, account_id AS "accountId", pack_id AS "packId", amount_micros AS "amountMicros", credits, state, reason,
      requested_at AS "requestedAt", resolved_at AS "resolvedAt" FROM top_up WHERE account_id = $1 ORDER BY id DESC LIMIT $2`,
    [accountId, limit],
  );
}
