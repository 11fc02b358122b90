/**
 * Databases for tests: a fresh, migrated one in a fraction of a second, on each kind that Solvent runs on.
 *
 * PGlite always runs. Postgres runs when one answers at `TEST_DATABASE_URL`; a suite that would have run there is
 * skipped by name, so that nobody takes silence for success. test/support/global-setup.ts makes one template of
 * each kind a run, from which the databases are copied.
 */
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { describe } from 'vitest';
import { type Database, openDatabase } from '../../server/database/index.ts';
import { borrowEmbedded } from './embedded.ts';

export type DatabaseKind = 'pglite' | 'postgres';

/** Environment variables by which the global set-up tells the tests' processes what it has made. */
export const TEMPLATE_FILE = 'SOLVENT_TEST_PGLITE_TEMPLATE';
export const TEMPLATE_DATABASE = 'SOLVENT_TEST_POSTGRES_TEMPLATE';

/** Where tests look for a Postgres in which they may make and drop databases. */
export const postgresUrl = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test';

/** The URL without its password, to be printed. */
export function printable(url: string): string {
  const parsed = new URL(url);
  parsed.password = '';
  return parsed.href;
}

/** A database of a test's own. */
export interface TestDatabase {
  readonly kind: DatabaseKind;
  readonly database: Database;
  /** By which other processes reach the same database; undefined on PGlite, which has one process. */
  readonly url: string | undefined;
  /** Closes it and drops it. */
  close(): Promise<void>;
}

let reachable: Promise<boolean> | undefined;

/** Whether a Postgres answers within a second. Asked once a process. */
export function postgresIsReachable(): Promise<boolean> {
  reachable ??= (async () => {
    if (process.env[TEMPLATE_DATABASE]) return true;
    const client = new pg.Client({ connectionString: postgresUrl, connectionTimeoutMillis: 1_000 });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('SELECT 1');
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => {});
    }
  })();
  return reachable;
}

/** The kinds on which a suite runs here. */
export const databases: readonly DatabaseKind[] = (await postgresIsReachable())
  ? ['pglite', 'postgres']
  : ['pglite'];

/** The same server's URL for another database of it. */
export function urlOf(name: string): string {
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Runs one command on the server, outside of any test's database. */
export async function onServer(command: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query(command);
  } finally {
    await client.end();
  }
}

/** A name that no other test's database has; a later run knows by it whose leftovers these are. */
function databaseName(): string {
  const template = process.env[TEMPLATE_DATABASE] ?? `solvent_test_${process.pid}_template`;
  return template.replace(/template$/, `${process.pid}_${crypto.randomUUID().slice(0, 8)}`);
}

async function openPostgresDatabase(connections: number | undefined): Promise<TestDatabase> {
  const name = databaseName();
  const template = process.env[TEMPLATE_DATABASE];
  await onServer(`CREATE DATABASE "${name}"${template ? ` TEMPLATE "${template}"` : ''}`);
  const url = urlOf(name);
  const database = await openDatabase({ url, connections });
  return {
    kind: 'postgres',
    database,
    url,
    async close() {
      await database.close();
      await onServer(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
    },
  };
}

let template: Promise<Blob | undefined> | undefined;

/** The dumped PGlite folder; undefined when the global set-up has not run, and a new one is made from nothing. */
export function pgliteTemplate(): Promise<Blob | undefined> {
  template ??= (async () => {
    const file = process.env[TEMPLATE_FILE];
    return file ? new Blob([await readFile(file)]) : undefined;
  })();
  return template;
}

/**
 * Opens a fresh, migrated database.
 *
 * @param connections of its pool; Postgres only.
 */
export async function openTestDatabase(kind: DatabaseKind, connections?: number): Promise<TestDatabase> {
  if (kind === 'postgres') return openPostgresDatabase(connections);
  const database = await borrowEmbedded(await pgliteTemplate());
  return { kind, database, url: undefined, close: () => database.close() };
}

/** Says why a suite does not run on Postgres here, and what would change that. */
const skipped = `skipped: no Postgres at ${printable(postgresUrl)}; start one or set TEST_DATABASE_URL`;

/**
 * Registers one `describe` for each kind of database.
 *
 * @param define gets the kind, to be given to {@link openTestDatabase} or `openWorld`.
 */
export function describeOnEachDatabase(name: string, define: (kind: DatabaseKind) => void): void {
  for (const kind of databases) describe(`${name} (${kind})`, () => define(kind));
  if (!databases.includes('postgres')) describe.skip(`${name} (${skipped})`, () => define('postgres'));
}

/**
 * Where long tables of cases are gone through that are about figures and not about a database: on a server, which takes a
 * fraction of the time, or where there is none on the embedded one. Both run the same SQL.
 */
export const longTablesOn: DatabaseKind = databases.includes('postgres') ? 'postgres' : 'pglite';

/** Registers a `describe` that needs a database which several processes can share. */
export function describeOnPostgres(name: string, define: (kind: DatabaseKind) => void): void {
  if (databases.includes('postgres')) describe(`${name} (postgres)`, () => define('postgres'));
  else describe.skip(`${name} (${skipped})`, () => define('postgres'));
}
