import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from './database.ts';

const FOLDER = join(import.meta.dirname, '../../prisma/migrations');

/** Any number: it means "Solvent migrates" to all processes that share a database. */
const LOCK = 7_301_001;

/** Prisma's own table of what has been applied, so that `prisma migrate deploy` agrees with what is done here. */
const TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id varchar(36) PRIMARY KEY NOT NULL,
  checksum varchar(64) NOT NULL,
  finished_at timestamptz,
  migration_name varchar(255) NOT NULL,
  logs text,
  rolled_back_at timestamptz,
  started_at timestamptz NOT NULL DEFAULT now(),
  applied_steps_count integer NOT NULL DEFAULT 0
)`;

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

function readMigrations(): Migration[] {
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const sql = readFileSync(join(FOLDER, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    });
}

/**
 * Applies the migrations that a database has not seen, each in one transaction with its record, so that one which
 * fails leaves the database as the one before it did. Processes that start at once wait for each other.
 *
 * @returns the names of those that were applied.
 * @throws when a migration that was applied has been edited since.
 */
export async function migrate(database: Pick<Database, 'query' | 'script'>): Promise<string[]> {
  const migrations = readMigrations();
  // A script, unlike a statement with parameters, may hold several commands; the lock ends with its transaction.
  const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
  await database.script(`BEGIN; SELECT pg_advisory_xact_lock(${LOCK}); ${TABLE}; COMMIT`);
  const rows = await database.query<{ name: string; checksum: string }>(
    `SELECT migration_name AS name, checksum FROM _prisma_migrations
    WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
  );
  const known = new Map(rows.map(({ name, checksum }) => [name, checksum]));
  const applied: string[] = [];
  for (const migration of migrations) {
    const checksum = known.get(migration.name);
    if (checksum === migration.checksum) continue;
    if (checksum !== undefined) {
      throw new Error(
        `The migration ${migration.name} was changed after it had been applied to this database. Restore the file, and write a new migration instead.`,
      );
    }
    // Between the look and the lock another process may have applied it: the script looks again under the lock.
    const tag = '$solvent_migration$';
    await database
      .script(`BEGIN;
SELECT pg_advisory_xact_lock(${LOCK});
DO ${tag} BEGIN
  IF NOT EXISTS (SELECT 1 FROM _prisma_migrations WHERE migration_name = ${quote(migration.name)} AND finished_at IS NOT NULL) THEN
    EXECUTE ${quote(migration.sql)};
    INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
    VALUES (${quote(randomUUID())}, ${quote(migration.checksum)}, ${quote(migration.name)}, now(), now(), 1);
  END IF;
END ${tag};
COMMIT`)
      .catch(async (error: unknown) => {
        await database.script('ROLLBACK').catch(() => {});
        throw new Error(
          `The migration ${migration.name} could not be applied; the database is as it was before it.`,
          {
            cause: error,
          },
        );
      });
    applied.push(migration.name);
  }
  return applied;
}
