/**
 * All SQL of the storage room: how outputs end, and how their files leave. What ends an output notes its file for
 * removal in the same statement: neither is there without the other.
 */
import type { Sql } from '../database/index.ts';

/** Notes the files of the rows of a CTE `ended` for removal; `$now` is the parameter with the present instant. */
const noteRemovals = (now: string) => `INSERT INTO removal (sha256, due_at)
  SELECT DISTINCT ended.sha256, ${now}::timestamptz FROM ended ORDER BY ended.sha256
  ON CONFLICT (sha256) DO UPDATE SET endings = removal.endings + 1`;

/** Whose an output is, or null when there is none. */
export async function readOwner(
  sql: Sql,
  id: string,
): Promise<{ generationId: string; accountId: string } | null> {
  const [row] = await sql.query<{ generationId: string; accountId: string }>(
    `SELECT g.id AS "generationId", g.account_id AS "accountId"
    FROM output o JOIN generation g ON g.id = o.generation_id WHERE o.id = $1::uuid`,
    [id],
  );
  return row ?? null;
}

/** Revokes an output's link, once, with a line of the audit log. */
export async function revoke(
  sql: Sql,
  revocation: { id: string; now: Date; auditId: string; actor: string },
): Promise<void> {
  await sql.query(
    `WITH ended AS (
      UPDATE output SET revoked_at = $2::timestamptz WHERE id = $1::uuid AND revoked_at IS NULL
      RETURNING generation_id, sha256
    ), noted AS (
      INSERT INTO audit_log (id, at, actor, action, subject, detail)
      SELECT $3::uuid, $2::timestamptz, $4, 'output.revoked', $1::text,
        jsonb_build_object('generation', ended.generation_id, 'sha256', ended.sha256) FROM ended
    )
    ${noteRemovals('$2')}`,
    [revocation.id, revocation.now, revocation.auditId, revocation.actor],
  );
}

/**
 * Ends outputs of generations that had ended by `until`. Looks at no more than the `limit` oldest that have not ended:
 * ids are in the order of time, so that younger ones need not be read to find none that is due.
 *
 * @returns how many have ended.
 */
export async function expire(sql: Sql, until: Date, now: Date, limit: number): Promise<number> {
  const [row] = await sql.query<{ count: bigint }>(
    `WITH oldest AS (
      SELECT o.id, o.generation_id FROM output o WHERE o.revoked_at IS NULL AND o.expired_at IS NULL
      ORDER BY o.id LIMIT $3::int FOR UPDATE SKIP LOCKED
    ), ended AS (
      UPDATE output o SET expired_at = $2::timestamptz
      FROM oldest JOIN generation g ON g.id = oldest.generation_id
      WHERE o.id = oldest.id AND g.completed_at <= $1::timestamptz
      RETURNING o.sha256
    ), noted AS (
      ${noteRemovals('$2')}
    )
    SELECT count(*) AS count FROM ended`,
    [until, now, limit],
  );
  return Number(row?.count ?? 0);
}

/** A file on its way out. */
export interface RemovalRow {
  readonly sha256: string;
  readonly endings: number;
  readonly setAsideAt: Date | null;
  /** Whether an output that has not ended needs the file. */
  readonly needed: boolean;
}

/** Takes the removal that has been due for longest, and puts it off until `retryAt`, so that no other sweep takes it. */
export async function claimRemoval(sql: Sql, now: Date, retryAt: Date): Promise<RemovalRow | null> {
  const [row] = await sql.query<Omit<RemovalRow, 'needed'>>(
    `UPDATE removal SET due_at = $2::timestamptz WHERE sha256 = (
      SELECT r.sha256 FROM removal r WHERE r.due_at <= $1::timestamptz ORDER BY r.due_at LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING sha256, endings, set_aside_at AS "setAsideAt"`,
    [now, retryAt],
  );
  if (!row) return null;
  // Asked by a statement of its own, which sees what was committed up to now.
  const [found] = await sql.query<{ needed: boolean }>(
    `SELECT EXISTS (
      SELECT 1 FROM output o WHERE o.sha256 = $1 AND o.revoked_at IS NULL AND o.expired_at IS NULL
    ) AS needed`,
    [row.sha256],
  );
  return { ...row, needed: found?.needed ?? true };
}

/** The file is set aside; its next step is due later. */
export async function markSetAside(sql: Sql, sha256: string, now: Date, dueAt: Date): Promise<void> {
  await sql.query(
    'UPDATE removal SET set_aside_at = $2::timestamptz, due_at = $3::timestamptz WHERE sha256 = $1',
    [sha256, now, dueAt],
  );
}

/** What was set aside is deleted or put back; whether anything is left is looked at once more. */
export async function markNotAside(sql: Sql, sha256: string, now: Date): Promise<void> {
  await sql.query('UPDATE removal SET set_aside_at = NULL, due_at = $2::timestamptz WHERE sha256 = $1', [
    sha256,
    now,
  ]);
}

/** Nothing is left to be done, unless another output of the file has ended since it was looked at: then it is due again. */
export async function finishRemoval(sql: Sql, removal: RemovalRow, now: Date): Promise<void> {
  const rows = await sql.query<{ sha256: string }>(
    'DELETE FROM removal WHERE sha256 = $1 AND endings = $2 RETURNING sha256',
    [removal.sha256, removal.endings],
  );
  if (rows.length === 0) await markNotAside(sql, removal.sha256, now);
}
