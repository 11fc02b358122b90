/** A Postgres: how its connections are set up, and what happens when one breaks. */
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { expect, test } from 'vitest';
import { systemClock } from '../../server/clock.ts';
import { type NativePostgres, openDatabase } from '../../server/database/index.ts';
import { openLedger } from '../../server/ledger/index.ts';
import { connectionsTo } from '../../server/queue/index.ts';
import { describeOnPostgres, openTestDatabase } from '../support/databases.ts';
import { openPooler } from '../support/pooler.ts';

describeOnPostgres('connections', (kind) => {
  test('of the ledger, of lists and of the queue let Postgres compile no query', async () => {
    const { database, close } = await openTestDatabase(kind);
    const ofTheQueue = new pg.Client(connectionsTo(database.native as NativePostgres));
    await ofTheQueue.connect();
    expect(await database.query('SHOW jit')).toEqual([{ jit: 'off' }]);
    expect(await database.prisma.$queryRawUnsafe('SHOW jit')).toEqual([{ jit: 'off' }]);
    expect((await ofTheQueue.query('SHOW jit')).rows).toEqual([{ jit: 'off' }]);
    await ofTheQueue.end();
    await close();
  });

  test('of the ledger may all be held by reports while a process says that it lives', async () => {
    const { database, close } = await openTestDatabase(kind);
    const ledger = await openLedger({ database, clock: systemClock });
    const reports = Array.from({ length: 20 }, () => database.query('SELECT pg_sleep(1)'));
    const first = await Promise.race([
      ledger.beat().then(() => 'the heart'),
      Promise.race(reports).then(() => 'a report'),
    ]);
    expect(first).toBe('the heart');
    await Promise.all(reports);
    await close();
  });

  test('that a pooler gives to another after each transaction are refused at the start, and told how to be had', async () => {
    const { url = '', close } = await openTestDatabase(kind);
    await using pooler = await openPooler(url);
    const client = new pg.Client(pooler.url);
    await client.connect();
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await expect(openDatabase({ url: pooler.url })).rejects.toThrow('pool_mode = session');
    await client.end();
    await close();
  });

  // What nobody listens to ends the process, and here the run.
  test.each(['the pool', 'Prisma'] as const)(
    'of %s that breaks between two statements of a transaction ends that one alone',
    async (of) => {
      const { database, close } = await openTestDatabase(kind);
      const breakOff = async (run: (text: string) => Promise<unknown>) => {
        await run("SELECT set_config('application_name', 'to be broken', false)");
        await database.query(
          "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'to be broken'",
        );
        // The process hears of it before it says anything more.
        await setTimeout(50);
        await run('SELECT 1');
      };
      const broken =
        of === 'the pool'
          ? database.transaction((sql) => breakOff((text) => sql.query(text)))
          : database.prisma.$transaction((prisma) => breakOff((text) => prisma.$queryRawUnsafe(text)));
      await expect(broken).rejects.toThrow();
      expect(await database.transaction((sql) => sql.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
      expect(await database.prisma.$queryRawUnsafe('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await close();
    },
  );
});
