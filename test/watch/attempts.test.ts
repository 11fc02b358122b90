/** The feed of attempts: each is told once, whoever booked it and however late it came to light, or told as skipped. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import { newId } from '../../server/ids.ts';
import { type Live, openLive } from '../../server/live/index.ts';
import { silentLog } from '../../server/log.ts';
import { createProtection } from '../../server/protection/index.ts';
import { type AttemptGroups, createWatch, type Watch } from '../../server/watch/index.ts';
import { describeOnEachDatabase, openTestDatabase, type TestDatabase } from '../support/databases.ts';

describeOnEachDatabase('the feed of attempts', (kind) => {
  const clock = new FakeClock('2026-11-20T12:00:00Z');
  let opened: TestDatabase;
  let live: Live;
  let watch: Watch;
  const open: AttemptGroups[] = [];
  beforeEach(async () => {
    opened = await openTestDatabase(kind);
    const { database } = opened;
    live = await openLive({ database, log: silentLog });
    watch = createWatch({
      database,
      clock,
      log: silentLog,
      live,
      protection: createProtection({ database, clock }),
    });
  });
  afterEach(async () => {
    for (const groups of open.splice(0)) await groups.return();
    expect(live.listeners).toBe(0);
    await live.close();
    await opened.close();
  });

  /** Books attempts as the ledger does, so many milliseconds from the clock's instant. */
  const book = async (count: number, offsetMs = 0): Promise<string[]> => {
    const ids = Array.from({ length: count }, newId);
    await opened.database.query(
      `INSERT INTO attempt (generation_id, number, provider, model, operation, account_id, tier, outcome, cost_micros, cost_source,
        credits_charged, revenue_micros, duration_ms, started_at, booked_at, window_ids)
      SELECT id, 1, 'replicate', 'replicate/sdxl', 'GENERATE_IMAGE', id, 'PAYG', 'SUCCEEDED', 3000, 'catalog', 2, 20000, 5, $2, $2, '{}'
      FROM unnest($1::uuid[]) AS made(id)`,
      [ids, new Date(clock.now().getTime() + offsetMs)],
    );
    live.publish('books', '', null);
    return ids;
  };
  const begin = async () => {
    const groups = await watch.attempts();
    open.push(groups);
    return groups;
  };
  const next = async (groups: AttemptGroups) => {
    const { value } = await groups.next();
    if (!value) throw new Error('It has ended.');
    return { ids: value.items.map(({ generationId }) => generationId), skipped: value.skipped };
  };

  test('tells what is booked from the beginning on, once, and to everybody who watches', async () => {
    await book(3);
    const [one, other] = [await begin(), await begin()];
    const first = await book(2);
    expect(await next(one)).toEqual({ ids: expect.arrayContaining(first), skipped: 0 });
    expect((await next(other)).ids).toHaveLength(2);
    const second = await book(1);
    expect(await next(one)).toEqual({ ids: second, skipped: 0 });
  });

  test.each([0, 1, 2, 3, 4, 5, 6])(
    'tells whoever begins to watch while the last one stops, %s turns later',
    async (turns) => {
      const before = await watch.attempts();
      const stopped = before.return();
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      const groups = await begin();
      await stopped;
      const booked = await book(1);
      expect(await next(groups)).toEqual({ ids: booked, skipped: 0 });
      await groups.return();
      expect(live.listeners).toBe(0);
    },
  );

  test('tells what comes to light behind a later one, as that of another process may', async () => {
    const groups = await begin();
    await book(1, 4_000);
    expect((await next(groups)).ids).toHaveLength(1);
    const late = await book(1, 0);
    expect(await next(groups)).toEqual({ ids: late, skipped: 0 });
  });

  test('tells the newest and how many it has skipped when there are more than it can tell', async () => {
    const groups = await begin();
    await book(2_500, 1);
    const newest = await book(1, 2);
    let skipped = 0;
    const told: string[] = [];
    while (!told.includes(newest[0] ?? '')) {
      const group = await next(groups);
      skipped += group.skipped;
      told.push(...group.ids);
    }
    expect(told).toHaveLength(new Set(told).size);
    expect(skipped).toBeGreaterThan(0);
    expect(told.length + skipped).toBe(2_501);
    // And goes on as if nothing had been.
    const after = await book(1, 3);
    expect(await next(groups)).toEqual({ ids: after, skipped: 0 });
  });

  test('gives the newest that match first, oldest before newest', async () => {
    const early = await book(1, 0);
    const later = await book(1, 1);
    const recent = await watch.recentAttempts(({ provider }) => provider === 'replicate', 10);
    expect(recent.map(({ generationId }) => generationId)).toEqual([...early, ...later]);
    expect(await watch.recentAttempts(() => false, 10)).toEqual([]);
  });
});
