/** All SQL of the lease room. */
import type { Sql } from '../database/index.ts';

/**
 * Takes a lease, or keeps it: until then no other holder gets it.
 *
 * @returns null when another holder has it; else the instant up to which the work had been done, null before the first time.
 */
export async function take(
  sql: Sql,
  lease: { readonly name: string; readonly holder: string; readonly now: Date; readonly until: Date },
): Promise<{ readonly doneUpTo: Date | null } | null> {
  const [row] = await sql.query<{ done_up_to: Date | null }>(
    `INSERT INTO lease AS l (name, holder, until) VALUES ($1, $2, $4)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
      WHERE l.holder = excluded.holder OR l.until <= $3::timestamptz
    RETURNING done_up_to`,
    [lease.name, lease.holder, lease.now, lease.until],
  );
  return row ? { doneUpTo: row.done_up_to } : null;
}

/** Keeps up to when the work has been done, for whoever does it next. Nothing when another holder has taken over. */
export async function note(sql: Sql, name: string, holder: string, doneUpTo: Date): Promise<void> {
  await sql.query('UPDATE lease SET done_up_to = $3 WHERE name = $1 AND holder = $2', [
    name,
    holder,
    doneUpTo,
  ]);
}

/** Lets go of a lease, so that another process need not wait until it is over. */
export async function release(sql: Sql, name: string, holder: string): Promise<void> {
  await sql.query('UPDATE lease SET until = to_timestamp(0) WHERE name = $1 AND holder = $2', [name, holder]);
}

/** Ends all leases. What was done up to when stays known. */
export async function vacate(sql: Sql): Promise<void> {
  await sql.query('UPDATE lease SET until = to_timestamp(0)');
}
