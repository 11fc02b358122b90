import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createProfit, type Profit, type ProfitQuestion } from '../../server/profit/index.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { openWorld, type World } from '../support/world.ts';

describeOnEachDatabase('reports', (kind) => {
  let world: World;
  let profit: Profit;
  beforeAll(async () => {
    world = await openWorld({ kind });
    profit = createProfit({ database: world.database, timeZone: 'UTC' });
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  const report = async (question: ProfitQuestion) => {
    const outcome = await profit.report(question);
    if (outcome.status !== 'report') throw new Error(JSON.stringify(outcome));
    return outcome.report;
  };
  const range = (from: string, to: string) => ({ from: new Date(from), to: new Date(to) });

  it('smoke', async () => {
    const account = await world.account({ credits: 100 });
    await world.post(await world.reserve(account, { credits: 3 }), { credits: 3, costMicros: 20_000n });
    const found = await report({
      range: range('2026-11-01T00:00:00Z', '2026-11-20T12:00:00.001Z'),
      groupBy: ['PROVIDER', 'OPERATION', 'ACCOUNT', 'COUNTRY'],
      filter: { providers: ['sandbox'], operations: ['GENERATE_IMAGE'], tiers: ['PAYG'] },
    });
    expect(found).toMatchObject({ totals: { calls: 1, costMicros: 20_000n, revenueMicros: 30_000n } });
    const series = await profit.series(
      { range: range('2026-11-20T03:00:00Z', '2026-11-21T05:00:00Z'), timeZone: 'Asia/Kathmandu' },
      'HOUR',
    );
    expect(series).toMatchObject({ status: 'series' });
    if (series.status === 'series')
      expect(series.points.filter((p) => p.calls)).toMatchObject([
        { at: new Date('2026-11-20T11:15:00Z'), calls: 1 },
      ]);
  });
});
