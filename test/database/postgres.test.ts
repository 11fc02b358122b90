/** A Postgres: how its connections are set up. */
import pg from 'pg';
import { expect, test } from 'vitest';
import type { NativePostgres } from '../../server/database/index.ts';
import { connectionsTo } from '../../server/queue/index.ts';
import { describeOnPostgres, openTestDatabase } from '../support/databases.ts';

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
});
