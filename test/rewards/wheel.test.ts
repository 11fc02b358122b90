import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newId } from '../../server/ids.ts';
import {
  commitmentOf,
  createRewards,
  drawTicket,
  type RewardRulesChange,
  type Rewards,
  type SpinItem,
  type SpinOutcome,
} from '../../server/rewards/index.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { openWorld, type World } from '../support/world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PRIZE = { model: 'luma/dream-machine', credits: 20, costMicros: 120_000n };
const priced = {
  status: 'priced',
  ...PRIZE,
  provider: 'luma',
  vendorModel: 'ray-flash-2',
  operation: 'GENERATE_VIDEO',
  quality: 9.8,
  revenueMicros: 200_000n,
  modelCostId: '',
  modelPriceId: '',
  request: { count: 1 },
} as const;

describeOnEachDatabase('the prize wheel', (kind) => {
  let world: World;
  let rewards: Rewards;
  let served = true;
  const asked: unknown[] = [];
  beforeAll(async () => {
    world = await openWorld({ kind });
    const catalog = {
      candidates: (request: unknown) => {
        asked.push(request);
        return served ? [priced] : [];
      },
      price: ({ model }: { model?: string | null | undefined }) => ({
        ...priced,
        model: model ?? '',
        credits: 35,
      }),
    };
    rewards = createRewards({ database: world.database, clock: world.clock, catalog, priceList: 'tokens' });
  });
  beforeEach(async () => {
    served = true;
    await world.reset(['wheel_seed']);
    await rules({
      wheelOn: true,
      wheelChance: 200_000,
      wheelModel: null,
      wheelPrizeDays: 14,
      wheelDailyCostMicros: 10_000_000n,
    });
  });
  afterAll(() => world.close());

  const rules = (change: RewardRulesChange) => rewards.changeRules(change, 'For a test', 'admin:test');
  const spin = (accountId: string, options: Partial<SpinItem> = {}) =>
    rewards.wheel.spin({
      accountId,
      namespace: 'api',
      key: newId(),
      inputHash: 'same-input',
      clientSeed: 'mine',
      commitment: null,
      actor: 'key:test',
      ...options,
    });
  const read = async (accountId: string) => {
    const state = await rewards.wheel.read(accountId);
    if (!state) throw new Error('No such account.');
    return state;
  };
  const spun = (outcome: SpinOutcome) => {
    if (outcome.status !== 'spun' && outcome.status !== 'replay') throw new Error(JSON.stringify(outcome));
    return outcome;
  };

  it('draws from what it had committed to, shows it after, and commits to the next day', async () => {
    const account = await world.account();
    const before = await read(account);
    expect(before).toMatchObject({
      day: '2026-11-20',
      spin: null,
      closed: null,
      chance: 200_000,
      prize: PRIZE,
    });
    const { spin: drawn, next } = spun(await spin(account, { commitment: before.next.commitment }));
    expect(drawn.commitment).toBe(before.next.commitment);
    expect(commitmentOf(drawn.serverSeed)).toBe(before.next.commitment);
    expect(drawn.ticket).toBe(drawTicket({ ...drawn, accountId: account }));
    expect(next).toMatchObject({ day: '2026-11-21' });
    expect((await read(account)).next).toEqual(next);
    world.clock.advance(DAY_MS);
    expect((await read(account)).next).toEqual(next);
    expect(spun(await spin(account, { commitment: next.commitment })).spin.commitment).toBe(next.commitment);
  });

  it('shows no seed before its spin', async () => {
    const account = await world.account();
    const [, told] = [
      await read(account),
      JSON.stringify(await read(account), (_key, value) => (typeof value === 'bigint' ? `${value}` : value)),
    ];
    const [row] = await world.rows<{ seed: string }>('SELECT seed FROM wheel_seed WHERE account_id = $1', [
      account,
    ]);
    expect(row?.seed).toMatch(/^[0-9a-f]{64}$/);
    expect(told).not.toContain(row?.seed);
  });

  it('refuses to draw from another seed than the client was shown, and to change one that was committed to', async () => {
    const account = await world.account();
    const { next } = await read(account);
    expect(await spin(account, { commitment: 'ff'.repeat(32) })).toEqual({
      status: 'other-commitment',
      commitment: next.commitment,
    });
    await expect(world.rows(`UPDATE wheel_seed SET seed = ''`)).rejects.toThrow('written once');
    spun(await spin(account));
    await expect(world.rows('UPDATE wheel_spin SET ticket = 1')).rejects.toThrow('written once');
    await expect(world.rows('DELETE FROM wheel_spin')).rejects.toThrow('written once');
  });

  it('gives the prize as credits that earn nothing and expire, or nothing at all', async () => {
    await rules({ wheelChance: 1_000_000 });
    const winner = await world.account();
    const won = spun(await spin(winner)).spin;
    expect(won).toMatchObject({ won: true, credits: 20, model: PRIZE.model });
    expect(
      await world.rows(
        'SELECT source, credits, revenue_micros, priority, expires_at FROM "grant" WHERE id = $1',
        [won.grantId],
      ),
    ).toEqual([
      {
        source: 'PRIZE',
        credits: 20,
        revenue_micros: 0n,
        priority: 10,
        expires_at: new Date(world.clock.now().getTime() + 14 * DAY_MS),
      },
    ]);
    await rules({ wheelChance: 0 });
    const loser = await world.account();
    expect(spun(await spin(loser)).spin).toMatchObject({ won: false, grantId: null });
    expect([await world.balance(winner), await world.balance(loser)]).toMatchObject([
      { available: 20 },
      { available: 0 },
    ]);
    await world.expectSound();
  });

  it('turns once when an account spins 100 times at once', async () => {
    await rules({ wheelChance: 1_000_000 });
    const account = await world.account();
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => spin(account)));
    const count = (status: string) => outcomes.filter((outcome) => outcome.status === status).length;
    expect([count('spun'), count('already-spun')]).toEqual([1, 99]);
    expect(await world.balance(account)).toMatchObject({ available: 20 });
    expect(await world.rows('SELECT spins, wins, cost_micros FROM wheel_day')).toEqual([
      { spins: 1, wins: 1, cost_micros: 120_000n },
    ]);
    // A spin that was refused leaves no trace of its key.
    expect(
      await world.rows(`SELECT count(*)::int AS n FROM idempotency_record WHERE operation = 'SPIN'`),
    ).toEqual([{ n: 1 }]);
    await world.expectSound();
  });

  it('answers a key that comes again with the same spin, and one with another input with a conflict', async () => {
    const account = await world.account();
    const first = spun(await spin(account, { key: 'k' }));
    expect(first.status).toBe('spun');
    world.clock.advance(3 * DAY_MS);
    await rules({ wheelOn: false });
    expect(await spin(account, { key: 'k' })).toMatchObject({ status: 'replay', spin: first.spin });
    expect(await spin(account, { key: 'k', inputHash: 'other' })).toEqual({ status: 'conflict' });
    await world.grant(account, 1, { key: 'a grant' });
    expect(await spin(account, { key: 'a grant' })).toEqual({ status: 'conflict' });
    await rules({ wheelOn: true });
    const statuses = await Promise.all(Array.from({ length: 20 }, () => spin(account, { key: 'k2' })));
    expect(new Set(statuses.map((outcome) => spun(outcome).spin.id)).size).toBe(1);
    expect(statuses.filter(({ status }) => status === 'spun')).toHaveLength(1);
  });

  it('goes by the midnight of the account’s own zone, also where the clocks change', async () => {
    const honolulu = await world.account({ timeZone: 'Pacific/Honolulu' });
    world.clock.set('2026-11-20T09:59:59Z');
    expect(spun(await spin(honolulu)).spin.day).toBe('2026-11-19');
    expect(await spin(honolulu)).toEqual({
      status: 'already-spun',
      nextDayAt: new Date('2026-11-20T10:00:00Z'),
    });
    world.clock.set('2026-11-20T10:00:00Z');
    expect(spun(await spin(honolulu)).spin.day).toBe('2026-11-20');
    // Havana: on 1 November 2026 the hour after midnight comes twice, and the day has 25 hours.
    const havana = await world.account({ timeZone: 'America/Havana' });
    world.clock.set('2026-11-01T04:30:00Z');
    expect(spun(await spin(havana)).spin.day).toBe('2026-11-01');
    world.clock.set('2026-11-01T05:30:00Z');
    expect(await spin(havana)).toMatchObject({
      status: 'already-spun',
      nextDayAt: new Date('2026-11-02T05:00:00Z'),
    });
  });

  it('gives no second spin for a change of the time zone, nor for a clock that goes back', async () => {
    const account = await world.account({ timeZone: 'Pacific/Kiritimati' });
    expect(spun(await spin(account)).spin.day).toBe('2026-11-21');
    await world.rows(`UPDATE account SET time_zone = 'Pacific/Pago_Pago' WHERE id = $1`, [account]);
    expect((await spin(account)).status).toBe('already-spun');
    world.clock.advance(-2 * DAY_MS);
    expect((await spin(account)).status).toBe('already-spun');
    world.clock.set('2026-11-22T12:00:00Z');
    expect(spun(await spin(account)).spin.day).toBe('2026-11-22');
  });

  it('closes before it draws when one more prize would pass the cap of the day, and never passes it', async () => {
    await rules({ wheelChance: 500_000, wheelDailyCostMicros: 5n * PRIZE.costMicros });
    const accounts = await Promise.all(Array.from({ length: 60 }, () => world.account()));
    const outcomes = await Promise.all(accounts.map((account) => spin(account)));
    const wins = outcomes.filter((outcome) => outcome.status === 'spun' && outcome.spin.won);
    const closed = outcomes.filter(({ status }) => status === 'closed');
    expect(wins).toHaveLength(5);
    expect(closed.length).toBeGreaterThan(0);
    expect(closed[0]).toEqual({ status: 'closed', reason: 'cap' });
    expect(await world.rows('SELECT wins, cost_micros FROM wheel_day')).toEqual([
      { wins: 5, cost_micros: 5n * PRIZE.costMicros },
    ]);
    // A draw that was made was made by its ticket: nobody was made to lose.
    for (const outcome of outcomes) {
      if (outcome.status === 'spun') expect(outcome.spin.won).toBe(outcome.spin.ticket < 500_000);
    }
    const late = await world.account();
    expect(await read(late)).toMatchObject({ closed: 'cap', spin: null });
    // The next day of UTC.
    world.clock.set('2026-11-21T00:00:00Z');
    expect(await read(late)).toMatchObject({ closed: null });
    expect((await spin(late)).status).toBe('spun');
    await world.expectSound();
  });

  it('says that it is closed when it is switched off, or nothing can be won', async () => {
    const account = await world.account();
    served = false;
    expect(await spin(account)).toEqual({ status: 'closed', reason: 'no-prize' });
    expect(await read(account)).toMatchObject({ closed: 'no-prize', prize: null });
    await rules({ wheelOn: false });
    expect(await spin(account)).toEqual({ status: 'closed', reason: 'off' });
    expect(await rewards.wheel.read(newId())).toBeNull();
    expect(await spin(newId())).toEqual({ status: 'account-not-found' });
  });

  it('has the clip of the model that the operator names, else of the cheapest that is served', async () => {
    const account = await world.account();
    await read(account);
    expect(asked.at(-1)).toEqual({ operation: 'GENERATE_VIDEO', durationSeconds: 5 });
    await rules({ wheelModel: 'pika/v2.2' });
    expect(await read(account)).toMatchObject({ prize: { model: 'pika/v2.2', credits: 35 } });
  });

  it('books what its prizes cost as acquisition, to the micro, when they are used', async () => {
    await rules({ wheelChance: 1_000_000 });
    const account = await world.account({ credits: 13 });
    const { grantId } = spun(await spin(account)).spin;
    const id = await world.reserve(account, { credits: 33 });
    await world.post(id, { credits: 27, costMicros: 100_001n });
    // The prize's twenty burn first: 20 of 27 parts of the cost.
    expect(await world.rows('SELECT grant_id, source, credits, cost_micros FROM reward_cost')).toEqual([
      { grant_id: grantId, source: 'PRIZE', credits: 20, cost_micros: (100_001n * 20n) / 27n },
    ]);
    await world.expectSound();
  });
});
