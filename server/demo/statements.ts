/** All SQL of the demo's room. */
import type { Sql } from '../database/index.ts';

/** Whether nobody has used this database: no account, no import, and nothing booked. */
export async function isUnused(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ unused: boolean }>(
    `SELECT NOT EXISTS (SELECT 1 FROM account) AND NOT EXISTS (SELECT 1 FROM imported_call)
      AND NOT EXISTS (SELECT 1 FROM payment) AND NOT EXISTS (SELECT 1 FROM admin) AS unused`,
  );
  return row?.unused === true;
}
