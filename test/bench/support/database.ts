/** A Postgres database of a bench's own, dropped afterwards. */
import pg from 'pg';
import { type Database, openDatabase } from '../../../server/database/index.ts';
import { newId } from '../../../server/ids.ts';

const adminUrl = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test';

/** Where benches look for a Postgres, without its password. */
export function printableUrl(): string {
  const url = new URL(adminUrl);
  url.password = '';
  return url.href;
}

async function onServer<Row extends pg.QueryResultRow>(command: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Row>(command)).rows;
  } finally {
    await client.end();
  }
}

/** Whether a Postgres answers. */
export async function postgresAnswers(): Promise<boolean> {
  return onServer('SELECT 1').then(
    () => true,
    () => false,
  );
}

/** What of Postgres's settings decides the figures. */
export async function postgresSettings(): Promise<Record<string, string>> {
  const rows = await onServer<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_settings
    WHERE name IN ('server_version', 'fsync', 'synchronous_commit', 'shared_buffers', 'wal_sync_method') ORDER BY name`,
  );
  return Object.fromEntries(rows.map(({ name, setting }) => [`postgres ${name}`, setting]));
}

/** A database that is there until it is disposed of. */
export interface BenchDatabase extends AsyncDisposable {
  readonly url: string;
}

export async function createDatabase(bench: string): Promise<BenchDatabase> {
  const name = `solvent_bench_${bench}_${process.pid}_${Date.now().toString(36)}`;
  await onServer(`CREATE DATABASE "${name}"`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    [Symbol.asyncDispose]: async () =>
      void (await onServer(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)),
  };
}

/** Accounts among which the calls go round. */
export const ACCOUNTS = 100;

/** Makes sure that nothing is refused: budgets far away, and more credits than a bench can use. */
export async function provision(database: Database): Promise<string[]> {
  await database.query('UPDATE budget SET limit_micros = 1000000000000000');
  const ids = Array.from({ length: ACCOUNTS }, newId);
  await database.query(
    `INSERT INTO account (id, external_id, tier, posted, entry_sequence, created_at, updated_at)
    SELECT id, 'bench-' || id, 'PAYG', 1000000000, 1, now(), now() FROM unnest($1::uuid[]) AS u(id)`,
    [ids],
  );
  await database.query(
    `INSERT INTO "grant" (id, account_id, source, credits, revenue_micros, priority, effective_at, reason, created_at)
    SELECT gen_random_uuid(), id, 'PURCHASE', 1000000000, 10000000000000, 60, now(), 'Bench', now() FROM unnest($1::uuid[]) AS u(id)`,
    [ids],
  );
  await database.query(
    `INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, deferred_delta_micros, grant_id,
      reason, created_at)
    SELECT g.account_id, 1, 'GRANT', g.credits, g.credits, 0, g.credits, g.revenue_micros, g.id, 'Bench', now() FROM "grant" g
    WHERE g.account_id = ANY($1::uuid[])`,
    [ids],
  );
  return ids;
}

/** Opens a bench's database, migrated. */
export function open(url: string, connections?: number): Promise<Database> {
  return openDatabase({ url, connections });
}

/** What one empty question and one durable write take, a query after the other over the same pool. */
export interface RoundTrips {
  /** p50 of `SELECT 1`, in milliseconds: the way there and back. */
  readonly selectMs: number;
  /** p50 of an UPDATE of one row, in milliseconds: the same and one wait for the disk. */
  readonly commitMs: number;
}

export async function measureRoundTrips(database: Database, times: number): Promise<RoundTrips> {
  await database.query('CREATE TABLE IF NOT EXISTS bench_row (id int PRIMARY KEY, value int NOT NULL)');
  await database.query('INSERT INTO bench_row VALUES (1, 0) ON CONFLICT DO NOTHING');
  const time = async (statement: string) => {
    const took: number[] = [];
    for (let index = 0; index < times; index += 1) {
      const startedAt = performance.now();
      await database.query(statement);
      took.push(performance.now() - startedAt);
    }
    took.sort((a, b) => a - b);
    return took[took.length >> 1] ?? Number.NaN;
  };
  return {
    selectMs: await time('SELECT 1'),
    commitMs: await time('UPDATE bench_row SET value = value + 1 WHERE id = 1'),
  };
}
