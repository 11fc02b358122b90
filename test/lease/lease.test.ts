/** What is done from time to time is done by one process at a time, and by another when that one has gone. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import { createPeriodic, type Periodic, vacateLeases } from '../../server/lease/index.ts';
import { silentLog } from '../../server/log.ts';
import { describeOnEachDatabase, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { NOON } from '../support/world.ts';

const EVERY_MS = 5_000;

describeOnEachDatabase('a periodic task', (kind) => {
  let opened: TestDatabase;
  let clock: FakeClock;
  let rounds: { readonly by: string; readonly doneUpTo: string | null }[];
  let name = 0;

  const processOf = (
    by: string,
    more: () => Promise<void> | void = () => {},
    everyMs: number = EVERY_MS,
  ): Periodic =>
    createPeriodic({
      database: opened.database,
      clock,
      log: silentLog,
      name: `task ${name}`,
      everyMs,
      async work(doneUpTo) {
        rounds.push({ by, doneUpTo: doneUpTo?.toISOString() ?? null });
        await more();
      },
    });

  beforeAll(async () => {
    opened = await openTestDatabase(kind);
  });
  beforeEach(() => {
    clock = new FakeClock(NOON);
    rounds = [];
    name += 1;
  });
  afterAll(() => opened.close());

  test('is done by one of three processes that ask at once', async () => {
    const processes = ['a', 'b', 'c'].map((by) => processOf(by));
    const had = await Promise.all(processes.map((each) => each.run()));
    expect(had.filter(Boolean)).toHaveLength(1);
    expect(rounds).toHaveLength(1);
  });

  test('stays with who has it, and each round is told when the last one began', async () => {
    const [a, b] = [processOf('a'), processOf('b')];
    await a.run();
    for (let round = 0; round < 3; round += 1) {
      clock.advance(EVERY_MS);
      expect(await b.run()).toBe(false);
      expect(await a.run()).toBe(true);
    }
    expect(rounds).toEqual([
      { by: 'a', doneUpTo: null },
      { by: 'a', doneUpTo: '2026-11-20T12:00:00.000Z' },
      { by: 'a', doneUpTo: '2026-11-20T12:00:05.000Z' },
      { by: 'a', doneUpTo: '2026-11-20T12:00:10.000Z' },
    ]);
  });

  test('goes to another at once when its process stops, and after twenty seconds when it dies', async () => {
    const [a, b, c] = [processOf('a'), processOf('b'), processOf('c')];
    await a.run();
    await a.stop();
    expect(await b.run()).toBe(true);
    clock.advance(19_999);
    expect(await c.run()).toBe(false);
    clock.advance(1);
    expect(await c.run()).toBe(true);
    expect(rounds.map(({ by }) => by)).toEqual(['a', 'b', 'c']);
  });

  test('has not been done when it threw: the next round is told of the one before', async () => {
    let fails = true;
    const task = processOf('a', () => {
      if (fails) throw new Error('The work could not be done.');
    });
    await expect(task.run()).rejects.toThrow('could not be done');
    fails = false;
    clock.advance(EVERY_MS);
    await task.run();
    expect(rounds.map(({ doneUpTo }) => doneUpTo)).toEqual([null, null]);
  });

  test('is done one round after the other, however often it is asked for', async () => {
    let under = 0;
    let most = 0;
    const task = processOf('a', async () => {
      under += 1;
      most = Math.max(most, under);
      await opened.database.query('SELECT 1');
      under -= 1;
    });
    await Promise.all([task.run(), task.run(), task.run()]);
    expect([rounds.length, most]).toEqual([3, 1]);
  });

  test('that is seldom done is kept by turns, done when it is due, and soon taken over', async () => {
    const seldom = (by: string) => processOf(by, undefined, 600_000);
    const [a, b] = [seldom('a'), seldom('b')];
    await a.turn();
    for (let turn = 0; turn < 59; turn += 1) {
      clock.advance(10_000);
      expect([await b.turn(), await a.turn()]).toEqual([false, true]);
    }
    expect(rounds).toHaveLength(1);
    clock.advance(10_000);
    await a.turn();
    expect(rounds).toHaveLength(2);
    // The one who has it dies: another has the lease 25 seconds later, and the next round when that is due.
    clock.advance(24_999);
    expect(await b.turn()).toBe(false);
    clock.advance(1);
    expect(await b.turn()).toBe(true);
    expect(rounds).toHaveLength(2);
    clock.advance(575_000);
    await b.turn();
    expect(rounds.map(({ by }) => by)).toEqual(['a', 'a', 'b']);
  });

  test('is to be had at once when a process starts that has the database for itself', async () => {
    await processOf('dead').run();
    await vacateLeases(opened.database);
    expect(await processOf('next').run()).toBe(kind === 'pglite');
    expect(rounds.map(({ doneUpTo }) => doneUpTo)).toEqual(
      kind === 'pglite' ? [null, '2026-11-20T12:00:00.000Z'] : [null],
    );
  });
});
