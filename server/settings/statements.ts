/** All SQL of the settings: what holds for the whole site and must be the same in each of its processes. */
import type { Sql } from '../database/index.ts';

/** Sets a value; the newest process to start decides. */
export async function useSetting(sql: Sql, key: string, value: string): Promise<void> {
  await sql.query(
    'INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    [key, value],
  );
}
