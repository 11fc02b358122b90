/** The embedded database: one process at a time, closed in good order. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isTransient, openDatabase } from '../../server/database/index.ts';
import { pgliteTemplate } from '../support/databases.ts';

describe('the embedded database', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'solvent-embedded-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const open = async () => openDatabase({ folder, template: await pgliteTemplate() });
  const lock = (text: string, ageSeconds = 0) => {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'lock');
    writeFileSync(file, text);
    const then = Date.now() / 1000 - ageSeconds;
    utimesSync(file, then, then);
  };

  test('waits in close for a transaction under way, keeps what it wrote, and takes nothing afterwards', async () => {
    const database = await open();
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const work = database.transaction(async (sql) => {
      await sql.query(`INSERT INTO setting (key, value) VALUES ('a', '1')`);
      await held;
      await sql.query(`INSERT INTO setting (key, value) VALUES ('b', '2')`);
    });
    const closing = database.close();
    await expect(database.query('SELECT 1')).rejects.toThrow('The database is closed.');
    letGo();
    await work;
    await closing;
    const again = await openDatabase({ folder });
    expect(await again.query(`SELECT key, value FROM setting WHERE key IN ('a', 'b') ORDER BY key`)).toEqual([
      { key: 'a', value: '1' },
      { key: 'b', value: '2' },
    ]);
    await again.close();
  });

  test('goes on however much is written, and leaves little of it for a start after a crash to go through', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const database = await open();
      const sinceCheckpoint = async () => {
        const [row] = await database.query<{ bytes: number }>(
          'SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn)::float8 AS bytes FROM pg_control_checkpoint()',
        );
        return row?.bytes;
      };
      // More than half of what Postgres' own limit is: there it would begin a checkpoint, and wait for itself.
      await database.query(
        `SELECT count(pg_logical_emit_message(false, 'test', repeat('x', 1000000))) FROM generate_series(1, 600)`,
      );
      expect(await sinceCheckpoint()).toBeGreaterThan(600_000_000);
      await vi.advanceTimersByTimeAsync(2_000);
      await expect.poll(sinceCheckpoint).toBeLessThan(1_000_000);
      await database.close();
    } finally {
      vi.useRealTimers();
    }
  });

  test('is not opened while a living process has its folder, and the message says what to do', async () => {
    lock(`${process.ppid} ${hostname()}\n`);
    await expect(openDatabase({ folder })).rejects.toThrow(
      new RegExp(`in use by process ${process.ppid} on .*DATABASE_URL`),
    );
  });

  test('is not opened while another machine has touched its lock within twenty seconds, and is after that', async () => {
    lock('1 another-container\n', 5);
    await expect(openDatabase({ folder })).rejects.toThrow('in use by process 1 on another-container');
    lock('1 another-container\n', 60);
    await (await open()).close();
  });

  test('is opened over the lock of a process that ended with its machine, whoever has its number since', async () => {
    lock(`${process.ppid} ${hostname()}\n`, 60);
    await expect(openDatabase({ folder })).rejects.toThrow('in use');
    lock(`${process.ppid} ${hostname()}\n`, uptime() + 60);
    await (await open()).close();
  });

  test('is opened over the lock of a process that was killed, also one that had the same number', async () => {
    lock(`${process.pid} ${hostname()}\n`);
    await (await open()).close();
  });
});

test('takes a list of an enum that its own migrations have just made, as a first start does', async () => {
  const database = await openDatabase({ template: await pgliteTemplate() });
  await database.script("CREATE TYPE colour AS ENUM ('RED', 'GREEN')");
  expect(await database.query('SELECT unnest($1::colour[])::text AS colour', [['GREEN', 'RED']])).toEqual([
    { colour: 'GREEN' },
    { colour: 'RED' },
  ]);
  await database.close();
});

test('gives arrays as lists, of numbers, texts, instants and amounts, also after scripts that ran at once', async () => {
  const database = await openDatabase({ template: await pgliteTemplate() });
  await Promise.all([
    database.script("CREATE TYPE shade AS ENUM ('LIGHT', 'DARK')"),
    database.script("CREATE TYPE shape AS ENUM ('ROUND')"),
  ]);
  const [row] = await database.query(
    `SELECT ARRAY[1, 2] AS small, ARRAY[1::bigint, 2] AS large, ARRAY['a', 'b c'] AS texts, ARRAY[true] AS facts,
      ARRAY['2026-11-20T12:00:00Z'::timestamptz] AS instants, $1::shade[]::text[] AS shades`,
    [['DARK']],
  );
  expect(row).toEqual({
    small: [1, 2],
    large: [1n, 2n],
    texts: ['a', 'b c'],
    facts: [true],
    instants: [new Date('2026-11-20T12:00:00Z')],
    shades: ['DARK'],
  });
  expect(Object.prototype).toEqual({});
  await database.close();
});

describe('failures that may be gone on another try', () => {
  test.each([
    ['a deadlock', { code: '40P01' }, true],
    ['a serialization failure', { code: '40001' }, true],
    ['a server that shuts down', { code: '57P01' }, true],
    ['too many connections', { code: '53300' }, true],
    ["a statement that the server's time-out has ended", { code: '57014' }, true],
    ['a server that is a standby for now', { code: '25006' }, true],
    ['a lost connection', new Error('Connection terminated unexpectedly'), true],
    ['a pool that gives none', new Error('timeout exceeded when trying to connect'), true],
    ['a refused connection', { code: 'ECONNREFUSED', message: '' }, true],
    ['a name that is gone with its container', { code: 'ENOTFOUND', message: 'getaddrinfo postgres' }, true],
    ['a name that nobody can look up', { code: 'EAI_AGAIN', message: 'getaddrinfo postgres' }, true],
    ['a machine that cannot be reached', { code: 'EHOSTUNREACH', message: 'connect 10.0.0.1' }, true],
    ['a network that cannot be reached', { code: 'ENETUNREACH', message: 'connect 10.0.0.1' }, true],
    [
      'too many connections, as Prisma says it',
      { code: 'P2037', meta: { driverAdapterError: { cause: { originalCode: '53300' } } } },
      true,
    ],
    [
      'a server that shuts down, as Prisma says it',
      { code: 'P2010', meta: { driverAdapterError: { cause: { originalCode: '57P01' } } } },
      true,
    ],
    ['a server that Prisma cannot reach', { code: 'P1001', message: "Can't reach database server" }, true],
    ['a row that Prisma does not find', { code: 'P2025', message: 'No record was found' }, false],
    ['a broken CHECK', { code: '23514', message: 'violates check constraint' }, false],
    ['a defect', new TypeError('x is not a function'), false],
  ])('%s: %o', (_what, error, transient) => {
    expect(isTransient(error)).toBe(transient);
  });
});
