import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newId } from '../../server/ids.ts';
import {
  createProfit,
  type Interval,
  type Profit,
  type ProfitQuestion,
  type ProfitReport,
} from '../../server/profit/index.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { openWorld, type World } from '../support/world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describeOnEachDatabase('reports', (kind) => {
  let world: World;
  let profit: Profit;
  beforeAll(async () => {
    world = await openWorld({ kind });
    profit = createProfit({ database: world.database, timeZone: 'Europe/Berlin' });
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  const report = async (question: ProfitQuestion): Promise<ProfitReport> => {
    const outcome = await profit.report(question);
    if (outcome.status !== 'report') throw new Error(JSON.stringify(outcome));
    return outcome.report;
  };
  const series = async (question: ProfitQuestion, interval: Interval) => {
    const outcome = await profit.series(question, interval);
    if (outcome.status !== 'series') throw new Error(JSON.stringify(outcome));
    return outcome.points;
  };
  const range = (from: string, to: string) => ({ from: new Date(from), to: new Date(to) });
  /** One call at the clock's present time. */
  const call = async (account: string, credits = 1, costMicros = 2_000n) =>
    world.post(await world.reserve(account, { credits }), { credits, costMicros });

  it('have a point for every day of the zone, also where nothing was and where clocks change', async () => {
    const account = await world.account({ credits: 100 });
    world.clock.set('2027-03-28T21:59:59.999Z');
    await call(account);
    const points = await series({ range: range('2027-03-26T23:00:00Z', '2027-03-29T22:00:00Z') }, 'DAY');
    expect(
      points.map(({ at, until, calls }) => [
        at.toISOString(),
        (until.getTime() - at.getTime()) / HOUR_MS,
        calls,
      ]),
    ).toEqual([
      ['2027-03-26T23:00:00.000Z', 24, 0],
      ['2027-03-27T23:00:00.000Z', 23, 1],
      ['2027-03-28T22:00:00.000Z', 24, 0],
    ]);
  });

  it('read the summaries alone where boundaries are quarters of an hour', async () => {
    const account = await world.account({ credits: 100 });
    for (let hour = 0; hour < 40; hour += 1) {
      await call(account);
      world.clock.advance(HOUR_MS);
    }
    const question = {
      range: range('2026-11-20T12:30:00Z', '2026-11-21T22:15:00Z'),
      groupBy: ['TIER'],
    } as const;
    const before = [await report(question), await series(question, 'HOUR'), await series(question, 'DAY')];
    expect(before[0]).toMatchObject({ totals: { calls: 34 } });
    await world.rows('DELETE FROM attempt');
    expect([await report(question), await series(question, 'HOUR'), await series(question, 'DAY')]).toEqual(
      before,
    );
  });

  it('stand beside the time before, day for day of the zone', async () => {
    const account = await world.account({ credits: 100 });
    world.clock.set('2027-03-22T12:00:00Z');
    await call(account, 2, 10_000n);
    world.clock.set('2027-03-29T12:00:00Z');
    await call(account, 3, 10_000n);
    await call(account, 0, 15_000n);
    // A week after the one in which the clocks went on.
    const outcome = await profit.trend({ range: range('2027-03-28T22:00:00Z', '2027-04-04T22:00:00Z') });
    expect(outcome).toMatchObject({
      trend: {
        range: range('2027-03-21T23:00:00Z', '2027-03-28T22:00:00Z'),
        previous: { calls: 1, revenueMicros: 20_000n, costMicros: 10_000n },
        callsChange: 1,
        costChange: 1.5,
        revenueChange: 0.5,
        // From 0.01 to 0.005.
        grossProfitChange: -0.5,
      },
    });
    // Before 1970 there is nothing.
    const ever = await profit.trend({ range: range('1970-01-01T00:00:00Z', '2028-01-01T00:00:00Z') });
    expect(ever).toMatchObject({ trend: { previous: { calls: 0 }, costChange: null } });
    const empty = await profit.trend({ range: range('2027-05-01T00:00:00Z', '2027-05-02T00:00:00Z') });
    expect(empty).toMatchObject({ trend: { callsChange: null, costChange: null, grossProfitChange: null } });
  });

  it('count what a vendor billed beyond the books in totals, and rank nobody for it', async () => {
    const account = await world.account({ credits: 10 });
    await call(account);
    await world.rows(
      `INSERT INTO cost_adjustment (id, day, provider, model, operation, tier, billed_micros, booked_micros, amount_micros, reason,
        bill_sha256, actor, created_at)
      VALUES ($1, '2026-11-20T00:00:00Z', 'sandbox', 'sandbox/image', 'GENERATE_IMAGE', 'PAYG', 9000, 2000, 7000, 'The bill', 'x', 'key:test', now())`,
      [newId()],
    );
    await world.rows(
      'SELECT summary_add(ARRAY(SELECT l::summary_line FROM cost_adjustment c CROSS JOIN LATERAL adjustment_line(c) AS l))',
    );
    const days = { range: range('2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z') };
    expect(await report({ ...days, groupBy: ['MODEL'] })).toMatchObject({
      totals: { calls: 1, costMicros: 9_000n },
      lines: [{ model: 'sandbox/image', calls: 1, costMicros: 9_000n }],
    });
    expect(await report({ ...days, groupBy: ['ACCOUNT'] })).toMatchObject({
      totals: { calls: 1, costMicros: 9_000n },
      lines: [
        { accountId: null, calls: 0, costMicros: 7_000n },
        { accountId: account, calls: 1, costMicros: 2_000n },
      ],
    });
    for (const by of ['COST', 'LOSS', 'REVENUE', 'CALLS'] as const) {
      expect(await profit.topAccounts(days, by, 1)).toMatchObject({
        lines: [{ accountId: account, costMicros: 2_000n }],
      });
    }
    expect(await report({ ...days, filter: { accounts: [account] } })).toMatchObject({
      totals: { calls: 1, costMicros: 2_000n },
    });
  });

  it('refuse more lines and points than they may have, and never cut them off', async () => {
    for (const country of ['DE', 'US', 'FR']) await call(await world.account({ credits: 5, country }));
    const days = { range: range('2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z') };
    const grouped = { ...days, groupBy: ['COUNTRY'] } as const;
    expect(await profit.report({ ...grouped, mostLines: 2 })).toMatchObject({
      status: 'invalid',
      fields: [{ path: 'groupBy' }],
    });
    expect((await report({ ...grouped, mostLines: 3 })).lines).toHaveLength(3);
    const years = { range: range('2020-01-01T00:00:00Z', '2026-11-20T00:00:00Z') };
    expect(await profit.series(years, 'HOUR')).toMatchObject({
      status: 'invalid',
      fields: [{ path: 'interval' }],
    });
    expect(await series(years, 'MONTH')).toHaveLength(83);
  });

  it('find what a filter names, those without a country among them, and nothing where a list is empty', async () => {
    const here = await world.account({ credits: 5, country: 'DE' });
    const nowhere = await world.account({ credits: 5, country: null });
    await call(here, 1, 1_000n);
    await call(nowhere, 1, 2_000n);
    const days = { range: range('2026-11-20T00:00:00Z', '2026-11-22T00:00:00Z') };
    const cost = async (filter: ProfitQuestion['filter']) =>
      (await report({ ...days, filter })).totals.costMicros;
    expect(await cost({ countries: ['DE'] })).toBe(1_000n);
    expect(await cost({ countries: [''] })).toBe(2_000n);
    expect(await cost({ countries: ['DE', ''], accounts: [nowhere] })).toBe(2_000n);
    expect(await cost({ countries: [] })).toBe(0n);
    expect(await cost({ models: ['it\'s "not" {there}, \\'] })).toBe(0n);
    expect(await cost({})).toBe(3_000n);
  });

  it('by account are of any instant, and are refused where they would read the calls of months', async () => {
    const account = await world.account({ credits: 100 });
    for (let day = 0; day < 3; day += 1) {
      await call(account);
      world.clock.advance(DAY_MS);
    }
    const question = {
      range: range('2026-11-20T12:00:00Z', '2026-11-21T12:00:00.001Z'),
      filter: { accounts: [account] },
    };
    expect((await report(question)).totals.calls).toBe(2);
    expect(await series({ ...question, timeZone: 'UTC' }, 'DAY')).toMatchObject([{ calls: 1 }, { calls: 1 }]);
    const year = { ...question, range: range('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z') };
    expect(await profit.series(year, 'HOUR')).toMatchObject({
      status: 'invalid',
      fields: [{ path: 'interval' }],
    });
    expect(await series(year, 'DAY')).toHaveLength(366);
  });
});
