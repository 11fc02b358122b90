import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeOnEachDatabase, describeOnPostgres } from '../support/databases.ts';
import { inProcesses, total } from '../support/processes.ts';
import { CEILING_MICROS, NOON, openWorld, reserveItem, type World } from '../support/world.ts';

function tally(outcomes: readonly { readonly status: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of outcomes) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describeOnEachDatabase('under concurrency', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ kind });
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  it('a thousand calls of 2 credits on an account with 100 are admitted exactly 50 times', async () => {
    const account = await world.account({ credits: 100 });
    const other = await world.account({ credits: 100 });
    const outcomes = await Promise.all(Array.from({ length: 1_000 }, () => world.tryReserve(account)));
    expect(tally(outcomes)).toEqual({ reserved: 50, 'insufficient-credits': 950 });
    expect(await world.balance(account)).toEqual({ posted: 100, reserved: 100, available: 0 });
    expect(await world.balance(other)).toEqual({ posted: 100, reserved: 0, available: 100 });
    const ids = await world.rows<{ id: string }>('SELECT id FROM reservation');
    await Promise.all(ids.map(({ id }) => world.post(id)));
    expect(await world.balance(account)).toEqual({ posted: 0, reserved: 0, available: 0 });
    await world.expectSound();
  });

  it('a budget of $1 a day admits calls of up to $0.04 exactly 25 times, through two ledgers at once', async () => {
    await world.setBudget({ limitMicros: 1_000_000n });
    const accounts = await Promise.all(Array.from({ length: 10 }, () => world.account({ credits: 1_000 })));
    const second = await world.anotherLedger();
    const outcomes = await Promise.all(
      Array.from({ length: 1_000 }, async (_, index) => {
        const account = accounts[index % accounts.length] ?? '';
        if (index % 2) return world.tryReserve(account);
        return second.reserve(reserveItem(account, world.clock.now()));
      }),
    );
    expect(tally(outcomes)).toEqual({ reserved: 25, 'budget-exceeded': 975 });
    expect(await world.rows('SELECT spent_micros, reserved_micros FROM budget_window')).toEqual([
      { spent_micros: 0n, reserved_micros: 25n * CEILING_MICROS },
    ]);
    await world.expectSound();
  });
});

describeOnPostgres('from three processes', (kind) => {
  let world: World;
  /** A deadlock would have been tried again without anybody's noticing, a second later. */
  const expectNoDeadlock = async () => {
    // A session tells of its deadlocks when it ends, or a second later.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await Promise.all(Array.from({ length: 10 }, () => world.rows('SELECT 1')));
    await world.rows('SELECT pg_stat_clear_snapshot()');
    expect(
      await world.rows('SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()'),
    ).toEqual([{ deadlocks: 0n }]);
  };
  beforeAll(async () => {
    world = await openWorld({ kind });
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  it('a thousand calls of 2 credits on an account with 100 are admitted and paid exactly 50 times', async () => {
    const account = await world.account({ credits: 100 });
    const results = await inProcesses(3, {
      does: 'rush',
      url: world.url ?? '',
      now: NOON,
      accountIds: [account],
      calls: 334,
      credits: 2,
      costMicros: '30000',
    });
    expect(results.flatMap((result) => result.errors)).toEqual([]);
    expect(total(results)).toEqual({ reserved: 50, settled: 50, 'insufficient-credits': 952 });
    expect(await world.balance(account)).toEqual({ posted: 0, reserved: 0, available: 0 });
    await world.expectSound();
  });

  it('a budget of $1 a day admits and pays calls of $0.04 exactly 25 times, and never a micro more', async () => {
    await world.setBudget({ limitMicros: 1_000_000n });
    const accountIds = await Promise.all(Array.from({ length: 7 }, () => world.account({ credits: 1_000 })));
    const results = await inProcesses(3, {
      does: 'rush',
      url: world.url ?? '',
      now: NOON,
      accountIds,
      calls: 334,
      credits: 2,
      costMicros: CEILING_MICROS.toString(),
    });
    expect(results.flatMap((result) => result.errors)).toEqual([]);
    expect(total(results)).toEqual({ reserved: 25, settled: 25, 'budget-exceeded': 977 });
    expect(
      await world.rows('SELECT spent_micros, reserved_micros, excess_micros FROM budget_window'),
    ).toEqual([{ spent_micros: 1_000_000n, reserved_micros: 0n, excess_micros: 0n }]);
    await world.expectSound();
  });

  it('one key makes one generation, whoever comes first', async () => {
    const account = await world.account({ credits: 100 });
    const results = await inProcesses(3, {
      does: 'rush',
      url: world.url ?? '',
      now: NOON,
      accountIds: [account],
      calls: 100,
      credits: 2,
      costMicros: '30000',
      key: 'one-key',
    });
    expect(results.flatMap((result) => result.errors)).toEqual([]);
    expect(total(results)).toEqual({ reserved: 1, settled: 1, replay: 299 });
    expect(await world.balance(account)).toEqual({ posted: 98, reserved: 0, available: 98 });
    await world.expectSound();
  });

  it('settling calls, sending them and keeping their jobs, each in an order of its own, never wait for each other', async () => {
    const account = await world.account({ credits: 10_000 });
    const other = await world.anotherLedger();
    for (let round = 0; round < 15; round += 1) {
      const now = world.clock.now();
      const ids = await Promise.all(
        Array.from({ length: 60 }, () => world.reserve(account, { sent: () => false })),
      );
      const jobs = ids
        .toReversed()
        .map((id) => other.recordJob({ generationId: id, number: 1, jobId: 'job', expiresAt: now }));
      const sends = ids.toReversed().map((id) => other.markSent(id, now));
      await Promise.all([...ids.map((id) => world.post(id)), ...jobs, ...sends]);
    }
    await expectNoDeadlock();
    await world.expectSound();
  });

  it('everything at once on the same accounts and budgets goes on without an error or a deadlock, and the books close', async () => {
    const accountIds = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        world.account({ credits: 5_000, tier: index % 2 ? 'FREE' : 'PRO', timeZone: 'Asia/Kathmandu' }),
      ),
    );
    await world.freeCredits(10, 'DAY');
    const providers = ['alpha', 'beta', 'gamma'];
    for (const subject of providers)
      await world.setBudget({ scope: 'PROVIDER', subject, limitMicros: 400_000_000n });
    for (const subject of accountIds)
      await world.setBudget({ scope: 'ACCOUNT', subject, limitMicros: 400_000_000n });
    const results = await inProcesses(3, {
      does: 'hammer',
      url: world.url ?? '',
      accountIds,
      providers,
      lanes: 40,
      durationMs: 4_000,
    });
    expect(results.flatMap((result) => result.errors)).toEqual([]);
    expect(total(results).reserved).toBeGreaterThan(100);
    await expectNoDeadlock();
    await world.expectSound();
  });
});
