/** SQLite files whose rows have numbers that are none, or too large: each row is read, and has a number of its own. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openOldDatabase } from '../../server/history/sources.ts';
import { openSqlite } from '../../server/tables/index.ts';
import { temporaryFolder } from '../support/server.ts';

function make(sql: string): string {
  const path = join(temporaryFolder(), 'old.db');
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
  return path;
}

test.each([
  ['small', 'CREATE TABLE logs (id INTEGER PRIMARY KEY); INSERT INTO logs VALUES (7), (3)', [3, 7]],
  [
    'beyond 53 bits',
    'CREATE TABLE logs (id INTEGER PRIMARY KEY); INSERT INTO logs VALUES (7), (9007199254740993)',
    [1, 2],
  ],
  [
    'beyond 31 bits',
    'CREATE TABLE logs (id INTEGER PRIMARY KEY); INSERT INTO logs VALUES (7), (3000000000)',
    [1, 2],
  ],
  [
    'none',
    "CREATE TABLE logs (id TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO logs VALUES ('a'), ('b')",
    [1, 2],
  ],
])('rows are read where their numbers are %s', async (_, sql, lines) => {
  const file = openSqlite(make(sql));
  const found: number[] = [];
  for await (const rows of file.table('logs').rows) found.push(...rows.map(({ line }) => line));
  expect(found).toEqual(lines);
  file.close();
});

test('sums of an old system that are none do not keep its rows out', async () => {
  const path = make(`CREATE TABLE api_costs (id INTEGER PRIMARY KEY, cost REAL);
    CREATE TABLE hourly_stats (hour TEXT, total_cost, total_revenue); INSERT INTO hourly_stats VALUES ('x', 'n/a', 1)`);
  const opened = await openOldDatabase(path);
  expect(opened.stated).toBeNull();
  await opened.close();
});
