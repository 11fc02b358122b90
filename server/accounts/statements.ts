/** All SQL of the accounts' room. Their totals are written by the ledger alone. */
import type { Sql } from '../database/index.ts';
import type { AccountInput } from './index.ts';

/**
 * Creates an account or changes what is given of it. A statement of its own rather than Prisma's upsert, which
 * reads first and fails when two callers create the same account at once.
 */
export async function upsertAccount(sql: Sql, now: Date, id: string, input: AccountInput): Promise<string> {
  const [row] = await sql.query<{ id: string }>(
    `INSERT INTO account AS a (id, external_id, email, country, tier, time_zone, created_at, updated_at)
    VALUES ($2, $3, $4, $5, coalesce($6::tier, 'FREE'), coalesce($7, 'UTC'), $1, $1)
    ON CONFLICT (external_id) DO UPDATE SET
      email = CASE WHEN $8 THEN excluded.email ELSE a.email END,
      country = CASE WHEN $9 THEN excluded.country ELSE a.country END,
      tier = coalesce($6::tier, a.tier), time_zone = coalesce($7, a.time_zone), updated_at = $1
    RETURNING a.id`,
    [
      now,
      id,
      input.externalId,
      input.email ?? null,
      input.country ?? null,
      input.tier ?? null,
      input.timeZone ?? null,
      input.email !== undefined,
      input.country !== undefined,
    ],
  );
  if (!row) throw new Error('The account was neither created nor found.');
  return row.id;
}

/** Whether there is an account with this id, a UUID. */
export async function accountExists(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql.query('SELECT 1 FROM account WHERE id = $1', [id]);
  return rows.length > 0;
}
