/** Whoever sends sign-ins in masses, to find a password or to keep others out. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Access, createAccess } from '../../server/access/index.ts';
import { FakeClock } from '../../server/clock.ts';
import { silentLog } from '../../server/log.ts';
import { openTestDatabase, type TestDatabase } from '../support/databases.ts';

const ADMIN = { email: 'ada@example.com', password: 'correct horse battery' };

let database: TestDatabase['database'];
let access: Access;
beforeAll(async () => {
  ({ database } = await openTestDatabase('pglite'));
  access = await createAccess({ database, clock: new FakeClock('2026-11-20T10:00:00Z'), log: silentLog });
  await access.ensureFirstAdmin(ADMIN);
});
afterAll(async () => {
  await access.close();
  await database.close();
});

test('what costs no work is no try, and pushes no other out of the throttle', async () => {
  const tryIt = () => access.signIn(ADMIN.email, 'wrong password', '10.0.0.3');
  for (let round = 0; round < 5; round += 1) expect((await tryIt()).status).toBe('refused');
  for (let other = 0; other < 10_000; other += 1) {
    await access.signIn(`${other}${'x'.repeat(300)}`, 'wrong password', '10.0.0.3');
  }
  expect((await tryIt()).status).toBe('too-many-tries');
});

test('a flood of sign-ins from one address keeps out nobody at another', async () => {
  let isOver = false;
  const flood = Array.from({ length: 30 }, async (_, index) => {
    for (let round = 0; !isOver; round += 1) {
      await access.signIn(`${index}-${round}@example.com`, 'wrong password', '10.2.0.1');
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  });
  const results: string[] = [];
  for (let tries = 0; tries < 5; tries += 1) {
    results.push((await access.signIn(ADMIN.email, ADMIN.password, '10.2.0.2')).status);
  }
  isOver = true;
  await Promise.all(flood);
  expect(results).toEqual(results.map(() => 'signed-in'));
});
