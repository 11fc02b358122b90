/** All SQL of the settings: what holds for the whole site and must be the same in each of its processes. */
import type { Sql } from '../database/index.ts';

/** Sets a value; the newest process to start decides. */
export async function useSetting(sql: Sql, key: string, value: string): Promise<void> {
  await sql.query(
    'INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    [key, value],
  );
}

/** A value as it was last set; null when it never was. */
export async function readSetting(sql: Sql, key: string): Promise<string | null> {
  const [row] = await sql.query<{ value: string }>('SELECT value FROM setting WHERE key = $1', [key]);
  return row?.value ?? null;
}
