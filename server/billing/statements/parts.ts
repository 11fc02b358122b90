/** The parts of what a payment bought: they wait, have come, or are canceled. */
import type { Sql } from '../../database/index.ts';
import type { Micros } from '../../money.ts';

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
  /** How many of its credits were taken from its grant, and not put back. */
  readonly taken: number;
  readonly canceled_at: Date | null;
}

const PART =
  'id, payment_id, account_id, credits, revenue_micros, due_at, expires_at, created_at, grant_id, taken, canceled_at';

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

/** Says that a part never comes. */
export async function cancelPart(sql: Sql, now: Date, id: string): Promise<void> {
  await sql.query('UPDATE payment_part SET canceled_at = $2 WHERE id = $1', [id, now]);
}

/** Says how many credits a part has; the caller moves the rest to or from a part of the same time. */
export async function resizePart(
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

/** Forgets a part whose credits have all been moved to another of the same time. */
export async function deletePart(sql: Sql, id: string): Promise<void> {
  await sql.query('DELETE FROM payment_part WHERE id = $1', [id]);
}

/** Says that a part that was canceled comes after all. */
export async function uncancelPart(sql: Sql, id: string, expiresAt: Date | null): Promise<void> {
  await sql.query('UPDATE payment_part SET canceled_at = NULL, expires_at = $2 WHERE id = $1', [
    id,
    expiresAt,
  ]);
}

/** Counts credits that were taken from a part's grant; below zero: that were put back. */
export async function countTaken(sql: Sql, id: string, credits: number): Promise<void> {
  await sql.query('UPDATE payment_part SET taken = taken + $2 WHERE id = $1', [id, credits]);
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

/** What so many of some credits earn of their revenue, as the ledger reckons it. */
export async function earnedOf(
  sql: Sql,
  revenueMicros: Micros,
  credits: number,
  used: number,
): Promise<Micros> {
  const [row] = await sql.query<{ earned: bigint }>('SELECT earned($1, $2, $3) AS earned', [
    revenueMicros.toString(),
    credits,
    used,
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

/** Puts back credits that were taken from a grant, as the ledger does. Gives what those that were gone will earn. */
export async function putBack(
  sql: Sql,
  now: Date,
  grantId: string,
  credits: number,
  reason: string,
): Promise<Micros> {
  const [row] = await sql.query<{ deferred_micros: bigint }>(
    'SELECT deferred_micros FROM ledger_put_back($1, $2, $3, $4)',
    [now, grantId, credits, reason],
  );
  return row?.deferred_micros ?? 0n;
}
