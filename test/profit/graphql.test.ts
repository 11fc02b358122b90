import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import { CHEAP } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const example = (name: string) =>
  readFileSync(join(import.meta.dirname, `../../client/examples/${name}.graphql`), 'utf8');
const RANGE = { from: '2026-11-01T00:00:00Z', to: '2026-12-01T00:00:00Z' };

describe('profit over GraphQL', () => {
  const clock = new FakeClock('2026-11-20T12:00:00Z');
  let server: TestServer;
  let accountId: string;
  const ask = (query: string, variables: Record<string, unknown> = {}) => server.admin.send(query, variables);
  beforeAll(async () => {
    server = await startTestServer({ clock });
    accountId = await server.admin.account(1_000);
    await server.admin.generateImage({ ...CHEAP, accountId });
  });
  afterAll(async () => {
    expect(server.log).toEqual([]);
    await server.close();
  });

  test('the example of GraphiQL answers with what was booked', async () => {
    const { profit, topAccounts } = await server.admin.ask<{
      profit: { lines: unknown[]; series: { at: string; calls: number }[]; totals: unknown };
      topAccounts: unknown[];
    }>(example('profit'), RANGE);
    expect(profit.totals).toMatchObject({ calls: 1, cost: { amount: '0.003' } });
    expect(profit.lines).toMatchObject([{ provider: 'replicate', operation: 'GENERATE_IMAGE', calls: 1 }]);
    expect(profit.series).toHaveLength(30);
    expect(profit.series.filter(({ calls }) => calls > 0)).toMatchObject([
      { at: '2026-11-20T00:00:00.000Z' },
    ]);
    expect(topAccounts).toMatchObject([{ account: { externalId: expect.any(String) }, calls: 1 }]);
  });

  test('the business and its advice answer with figures of the books', async () => {
    const answer = await server.admin.ask<{
      business: Record<string, unknown>;
      unitEconomics: unknown[];
      breakEven: { plans: unknown[]; free: unknown };
    }>(example('business'), RANGE);
    expect(answer.business).toMatchObject({
      mrr: { amount: '0.00' },
      ltv: null,
      churnRate: null,
      earnedRevenue: { amount: '0.02' },
      deferredRevenue: { amount: '9.98' },
      providerCost: { amount: '0.003' },
      netProfit: { amount: '0.017' },
      margin: 0.85,
    });
    expect(answer.unitEconomics).toMatchObject([
      { operation: 'GENERATE_IMAGE', model: null, calls: 1 },
      { model: 'replicate/sdxl', costPerUse: { amount: '0.003' }, creditsPerUse: 2, marginAtCheapest: 0.85 },
    ]);
    expect(answer.breakEven).toMatchObject({ free: { creditsAMonth: 300, profit: { amount: '-0.45' } } });
    expect(answer.breakEven.plans).toContainEqual(
      expect.objectContaining({ plan: 'tokens-pro', planName: 'Pro', interval: 'MONTH' }),
    );
    expect(answer.business).toMatchObject({ revenueByPlan: [{ plan: '', planName: '', subscribers: 0 }] });
    const cohorts = await server.admin.ask(
      `query ($from: DateTime!, $to: DateTime!) { cohorts(range: { from: $from, to: $to }) { cohort month accounts retained } }`,
      RANGE,
    );
    expect(cohorts).toEqual({ cohorts: [] });
  });

  test('what cannot be asked is refused by the name of its argument', async () => {
    const query = (args: string, fields = 'totals { calls }') =>
      `query ($from: DateTime!, $to: DateTime!) { profit(range: { from: $from, to: $to } ${args}) { ${fields} } }`;
    const backwards = { from: RANGE.to, to: RANGE.from };
    for (const [text, variables, path] of [
      [query(''), backwards, 'range.to'],
      [query(''), { from: '1900-01-01T00:00:00Z', to: RANGE.to }, 'range.from'],
      [query('timeZone: "Mars/Olympus"'), RANGE, 'timeZone'],
      [query('filter: { accounts: ["x"] }'), RANGE, 'filter.accounts[0]'],
      [query('filter: { models: ["a\\u0000"] }'), RANGE, 'filter.models'],
      [
        query('', 'series(interval: HOUR) { at }'),
        { from: '2020-01-01T00:00:00Z', to: RANGE.to },
        'interval',
      ],
      [
        query(`filter: { accounts: ["${accountId}"] }`, 'series(interval: HOUR) { at }'),
        { from: '2026-01-01T00:00:00Z', to: RANGE.to },
        'interval',
      ],
    ] as const) {
      const answer = await ask(text, variables);
      expect(answer.errors[0]?.extensions, text).toMatchObject({ code: 'INVALID_INPUT', fields: [{ path }] });
    }
  });

  test('nobody without the scope profit:read sees any of it', async () => {
    const { key } = await server.admin.keyWith('generate', 'accounts:write');
    const app = server.as(key);
    for (const name of ['profit', 'business']) {
      expect(await app.send(example(name), RANGE), name).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    }
  });
});
