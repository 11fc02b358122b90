/** Migrations: applied at start, once, whoever starts first. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../server/database/index.ts';
import { describeOnPostgres, onServer, urlOf } from '../support/databases.ts';

const names = readdirSync(join(import.meta.dirname, '../../prisma/migrations'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => ({ migration_name: entry.name }))
  .sort((a, b) => (a.migration_name < b.migration_name ? -1 : 1));

const APPLIED = 'SELECT migration_name FROM _prisma_migrations ORDER BY started_at, migration_name';

test('are all applied to a new embedded database, and recorded as Prisma records them', async () => {
  const database = await openDatabase({});
  expect(await database.query(APPLIED)).toEqual(names);
  const [row] = await database.query<{ length: number; finished: boolean }>(
    'SELECT length(checksum), finished_at IS NOT NULL AS finished FROM _prisma_migrations LIMIT 1',
  );
  expect(row).toEqual({ length: 64, finished: true });
  await database.close();
});

describeOnPostgres('migrations of a shared database', () => {
  test('are applied once when four processes start on an empty database at the same time', async () => {
    const name = `solvent_test_migrate_${process.pid}_${Date.now()}`;
    await onServer(`CREATE DATABASE ${name}`);
    try {
      const databases = await Promise.all(
        [1, 2, 3, 4].map(() => openDatabase({ url: urlOf(name), connections: 2 })),
      );
      expect(await databases[0]?.query(APPLIED)).toEqual(names);
      await Promise.all(databases.map((database) => database.close()));
    } finally {
      await onServer(`DROP DATABASE ${name}`);
    }
  });

  test('that were edited after they had been applied stop the start, and say which one', async () => {
    const name = `solvent_test_edited_${process.pid}_${Date.now()}`;
    await onServer(`CREATE DATABASE ${name}`);
    try {
      const database = await openDatabase({ url: urlOf(name), connections: 2 });
      await database.query(
        `UPDATE _prisma_migrations SET checksum = 'another' WHERE migration_name = '20261120000001_ledger'`,
      );
      await database.close();
      await expect(openDatabase({ url: urlOf(name), connections: 2 })).rejects.toThrow(
        'The migration 20261120000001_ledger was changed after it had been applied',
      );
    } finally {
      await onServer(`DROP DATABASE ${name}`);
    }
  });
});
