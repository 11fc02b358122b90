import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newId } from '../../server/ids.ts';
import type { BusinessMetrics, TimeRange } from '../../server/profit/index.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { attempt } from '../support/world.ts';
import { openShop, type Shop } from './shop.ts';

const NOVEMBER = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };
const HOUR_MS = 3_600_000;

describeOnEachDatabase('the business', (kind) => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop(kind);
  });
  beforeEach(() => shop.reset());
  afterAll(() => shop.close());

  const metrics = async (range: TimeRange = NOVEMBER): Promise<BusinessMetrics> => {
    const outcome = await shop.business.metrics(range);
    if (outcome.status !== 'metrics') throw new Error(JSON.stringify(outcome));
    return outcome.metrics;
  };
  const PRO = { plan: 'tokens-pro', priceMicros: 19_990_000n, startedAt: '2026-10-05T10:00:00Z' };

  it('counts who has paid for a subscription that has not ended, and a year as twelve months', async () => {
    await shop.subscribe(PRO);
    await shop.subscribe({ ...PRO, interval: 'YEAR', priceMicros: 236_000_000n });
    await shop.subscribe({ ...PRO, plan: 'tokens-creator', priceMicros: 9_000_000n, leaving: true });
    await shop.subscribe({ ...PRO, plan: 'tokens-creator', priceMicros: 9_000_000n, status: 'past_due' });
    // None of these is a subscriber: tried, never completed, paused, ended, and not begun.
    await shop.subscribe({ ...PRO, status: 'trialing', paid: false });
    await shop.subscribe({ ...PRO, status: 'incomplete', paid: false });
    await shop.subscribe({ ...PRO, status: 'paused' });
    await shop.subscribe({ ...PRO, status: 'canceled', endedAt: '2026-11-30T23:59:59Z' });
    await shop.subscribe({ ...PRO, startedAt: '2026-12-01T00:00:01Z' });
    expect(await metrics()).toMatchObject({
      activeSubscribers: 4,
      leavingSubscribers: 1,
      // 19.99 + 9 + 9 + 236 / 12
      mrrMicros: 57_656_666n,
      arrMicros: 691_880_000n,
      arpuMicros: 14_414_166n,
      plans: [
        { plan: 'tokens-creator', name: 'Creator', subscribers: 2 },
        { plan: 'tokens-pro', name: 'Pro', subscribers: 2 },
      ],
    });
  });

  it('names plans as people do, with the price list where two are called the same', async () => {
    await shop.subscribe(PRO);
    await shop.subscribe({ ...PRO, plan: 'dtf-pro' });
    await shop.subscribe({ ...PRO, plan: 'dtf-basic' });
    await shop.subscribe({ ...PRO, plan: 'of-before' });
    expect((await metrics()).plans.map(({ plan, name }) => [plan, name])).toEqual([
      ['dtf-basic', 'Basic'],
      ['dtf-pro', 'Pro (dtf)'],
      // What an import names was never sold here.
      ['of-before', 'of-before'],
      ['tokens-pro', 'Pro (tokens)'],
    ]);
  });

  it('tells churn by those who were there when a month began, and no lifetime value while nobody leaves', async () => {
    expect(await metrics()).toMatchObject({ churnRate: null, ltvMicros: null });
    await shop.subscribe(PRO);
    await shop.subscribe(PRO);
    await shop.subscribe(PRO);
    expect(await metrics()).toMatchObject({ churnRate: 0, ltvMicros: null });
    await shop.subscribe({ ...PRO, status: 'canceled', endedAt: '2026-11-10T00:00:00Z' });
    // Who leaves and comes again within the month has not left; who came in the month was not there when it began.
    const back = await shop.subscribe({ ...PRO, status: 'canceled', endedAt: '2026-11-11T00:00:00Z' });
    await shop.subscribe({ ...PRO, startedAt: '2026-11-20T00:00:00Z' }, back);
    await shop.subscribe({
      ...PRO,
      startedAt: '2026-11-02T00:00:00Z',
      status: 'canceled',
      endedAt: '2026-11-03T00:00:00Z',
    });
    const found = await metrics();
    expect(found).toMatchObject({ activeSubscribers: 4, churnRate: 0.2, arpuMicros: 19_990_000n });
    expect(found.ltvMicros).toBe(99_950_000n);
    // A range of two months looks at both: nobody was there when October began.
    expect(await metrics({ ...NOVEMBER, from: new Date('2026-10-01T00:00:00Z') })).toMatchObject({
      churnRate: 0.2,
    });
    // One of a week at the month that ends with it.
    expect(await metrics({ from: new Date('2026-11-24T00:00:00Z'), to: NOVEMBER.to })).toMatchObject({
      churnRate: 0.2,
    });
  });

  it('puts cash beside what was earned, and a refund is a loss as far as its credits were burned', async () => {
    const { world } = shop;
    const account = await world.account();
    const granted = await world.grant(account, 100, { source: 'PURCHASE', revenueMicros: 1_000_000n });
    if (granted.status !== 'granted') throw new Error(granted.status);
    await world.grant(account, 10, {
      revenueMicros: 90_000n,
      expiresAt: new Date(world.clock.now().getTime() + HOUR_MS),
    });
    await shop.pay(account, 1_000_000n, '2026-11-20T12:00:00Z');
    await shop.book(account, 'FEE', -329_000n, '2026-11-20T12:00:00Z');
    await world.post(await world.reserve(account, { credits: 4 }), { credits: 4, costMicros: 20_000n });
    await world.void(await world.reserve(account, { credits: 3 }), {
      outcome: 'FAILED_BILLED',
      costMicros: 5_000n,
    });
    world.clock.advance(HOUR_MS);
    await world.balance(account);
    await world.rows('SELECT * FROM ledger_take_back($1, $2, $3, $4)', [
      world.clock.now(),
      granted.grantId,
      60,
      'Refunded',
    ]);
    await shop.book(account, 'REFUND', -700_000n, '2026-11-20T13:00:00Z');
    await shop.book(account, 'DISPUTE_FEE', -15_000n, '2026-11-20T13:00:00Z');
    const never = await world.account();
    const found = await metrics();
    expect(found).toMatchObject({
      payingAccounts: 1,
      freeAccounts: 1,
      cashMicros: 1_000_000n,
      feesMicros: 344_000n,
      refundsMicros: 700_000n,
      soldMicros: 1_090_000n,
      // The four burned credits are of the grant that expires soonest.
      earnedMicros: 36_000n,
      breakageMicros: 54_000n,
      clawedBackMicros: 600_000n,
      deferredMicros: 400_000n,
      costMicros: 25_000n,
      netProfitMicros: 36_000n + 54_000n + 600_000n - 700_000n - 344_000n - 25_000n,
      cashProfitMicros: 1_000_000n - 700_000n - 344_000n - 25_000n,
    });
    expect(never).not.toBe(account);
    // Before it all began, and after it has ended.
    expect(await metrics({ from: NOVEMBER.to, to: new Date('2027-01-01T00:00:00Z') })).toMatchObject({
      earnedMicros: 0n,
      deferredMicros: 400_000n,
      margin: null,
    });
    expect(await metrics({ from: new Date('2026-10-01T00:00:00Z'), to: NOVEMBER.from })).toMatchObject({
      deferredMicros: 0n,
    });
  });

  it('adds cash up to the micro beyond what a float can hold', async () => {
    const account = await shop.world.account();
    await shop.book(account, 'PAYMENT', 9_007_199_254_740_993n, '2026-11-20T12:00:00Z');
    await shop.book(account, 'PAYMENT', 9_007_199_254_740_992n, '2026-11-20T12:00:00Z');
    await shop.book(account, 'FEE', -3n, '2026-11-20T12:00:00Z');
    expect(await metrics()).toMatchObject({
      cashMicros: 18_014_398_509_481_985n,
      feesMicros: 3n,
      cashProfitMicros: 18_014_398_509_481_982n,
    });
  });

  it('has sold the months of a year with the year, and earns none of what an import brings', async () => {
    const { world } = shop;
    const account = await world.account();
    const part = (given: string | null, canceled: string | null) =>
      world.rows(
        `INSERT INTO payment_part (id, payment_id, account_id, credits, revenue_micros, due_at, created_at, grant_id, given_at, canceled_at)
        VALUES ($1, $1, $2, 10, 8000, $3, '2026-11-02T00:00:00Z', CASE WHEN $4::timestamptz IS NULL THEN NULL ELSE $1::uuid END, $4, $5)`,
        [newId(), account, given ?? '2027-01-02T00:00:00Z', given, canceled],
      );
    await part(null, null);
    await part('2026-12-02T00:00:00Z', null);
    await part(null, '2026-11-25T00:00:00Z');
    await world.rows(
      `INSERT INTO imported_call (external_id, provider, model, operation, account_id, tier, outcome, calls, cost_micros, credits,
        revenue_micros, duration_ms, created_at, imported_at)
      VALUES ('old-1', 'openai', 'openai/dall-e-3-hd', 'GENERATE_IMAGE', $1, 'PRO', 'SUCCEEDED', 1, 80000, 16, 160000, 9000,
        '2026-11-03T10:00:00Z', now())`,
      [account],
    );
    await world.rows(
      `SELECT summary_add(ARRAY(SELECT l::summary_line FROM imported_call c CROSS JOIN LATERAL imported_line(c) AS l))`,
    );
    expect(await metrics()).toMatchObject({
      soldMicros: 24_000n,
      clawedBackMicros: 8_000n,
      deferredMicros: 16_000n,
      earnedMicros: 160_000n,
      costMicros: 80_000n,
    });
  });

  it('tells what a use costs and asks for, the failed ones paid for by the others', async () => {
    const { world } = shop;
    const account = await world.account({ credits: 1_000 });
    const call = {
      provider: 'deep-image',
      model: 'deep-image/upscale',
      operation: 'UPSCALE_IMAGE',
      credits: 16,
    } as const;
    const told = { provider: call.provider, model: call.model, costMicros: 80_000n };
    for (let count = 0; count < 2; count += 1) {
      await world.post(await world.reserve(account, call), {
        credits: 16,
        attempts: [attempt(world.clock.now(), told)],
      });
    }
    const failed = attempt(world.clock.now(), { ...told, outcome: 'FAILED_BILLED' });
    await world.void(await world.reserve(account, call), { attempts: [failed] });
    const outcome = await shop.business.unitEconomics(NOVEMBER);
    expect(outcome).toMatchObject({
      units: [
        { operation: 'UPSCALE_IMAGE', model: null, calls: 3 },
        {
          model: 'deep-image/upscale',
          calls: 3,
          succeeded: 2,
          costPerUseMicros: 120_000n,
          creditsPerUse: 16,
          // (0.32 − 0.24) / 0.32
          marginAtCheapest: 0.25,
        },
      ],
    });
  });

  it('follows those who first paid in a month', async () => {
    const { world } = shop;
    world.clock.set('2026-10-10T12:00:00Z');
    const [stays = '', leaves = ''] = [
      await world.account({ credits: 50 }),
      await world.account({ credits: 50 }),
    ];
    await shop.pay(stays, 1_000_000n, '2026-10-10T12:00:00Z');
    await shop.pay(leaves, 1_000_000n, '2026-10-11T12:00:00Z');
    await world.post(await world.reserve(leaves, { credits: 2 }), { credits: 2, costMicros: 30_000n });
    world.clock.set('2026-11-05T12:00:00Z');
    await world.post(await world.reserve(stays, { credits: 3 }), { credits: 3, costMicros: 10_000n });
    await shop.pay(stays, 1_000_000n, '2026-11-05T12:00:00Z');
    world.clock.advance(HOUR_MS);
    const outcome = await shop.business.cohorts({ ...NOVEMBER, from: new Date('2026-10-01T00:00:00Z') });
    const october = new Date('2026-10-01T00:00:00Z');
    expect(outcome).toEqual({
      status: 'cohorts',
      cohorts: [
        {
          cohort: october,
          month: october,
          accounts: 2,
          retained: 2,
          revenueMicros: 20_000n,
          costMicros: 30_000n,
        },
        {
          cohort: october,
          month: NOVEMBER.from,
          accounts: 2,
          retained: 1,
          revenueMicros: 30_000n,
          costMicros: 10_000n,
        },
      ],
    });
  });

  it('advises what the books show, each with its figures', async () => {
    const { world } = shop;
    world.clock.set('2026-11-20T12:00:00Z');
    const account = await world.account({ credits: 5, unitRevenueMicros: 10_000n });
    await world.grant(account, 500);
    const dear = shop.catalog.candidates({ operation: 'GENERATE_IMAGE' }).at(-1);
    if (!dear) throw new Error('The catalogue has no picture.');
    const told = attempt(world.clock.now(), {
      provider: dear.provider,
      model: dear.model,
      costMicros: dear.costMicros,
    });
    const call = { provider: dear.provider, model: dear.model, credits: 2, ceilingMicros: dear.costMicros };
    for (let count = 0; count < 3; count += 1) {
      await world.post(await world.reserve(account, call), { attempts: [told] });
    }
    const subscriber = await shop.subscribe({
      plan: 'tokens-creator',
      priceMicros: 9_000_000n,
      startedAt: '2026-11-01T10:00:00Z',
    });
    await world.grant(subscriber, 100, { revenueMicros: 1_000_000n });
    await world.rows(`UPDATE account SET plan_id = 'tokens-creator' WHERE id = $1`, [subscriber]);
    await world.post(
      await world.reserve(subscriber, { ...call, ceilingMicros: 20_000_000n, request: { prompt: 'a hare' } }),
      {
        attempts: [{ ...told, costMicros: 20_000_000n }],
      },
    );
    const outcome = await shop.business.recommendations(NOVEMBER);
    if (outcome.status !== 'recommendations') throw new Error(JSON.stringify(outcome));
    const of = (wanted: string) => outcome.recommendations.filter((advice) => advice.kind === wanted);
    // A month's price less its fee, less 20 dollars: what 30 days of 30 cost.
    expect(of('PLAN_LOSES')).toMatchObject([
      { subject: 'tokens-creator', effectMicros: 9_000_000n - 561_000n - 20_000_000n },
    ]);
    expect(of('ACCOUNT_LOSES').map((advice) => advice.subject)).toEqual([subscriber, account]);
    expect(of('CACHE_SAVINGS')).toMatchObject([{ subject: dear.model, effectMicros: 2n * dear.costMicros }]);
    const under = of('PRICE_UNDER_FLOOR').map((advice) => advice.subject);
    expect(under).toContain('runway/gen4_turbo');
    for (const advice of outcome.recommendations) {
      expect(advice.rule).not.toBe('');
      expect(advice.figures.length).toBeGreaterThan(2);
    }
  });
});

describeOnEachDatabase('the business of the dtf list', (kind) => {
  it('loses $0.16 a month by a free account that uses its 2 credits', async () => {
    const shop = await openShop(kind, 'dtf');
    try {
      const { world } = shop;
      const account = await world.account({ tier: 'FREE' });
      await world.grant(account, 2);
      const upscale = {
        provider: 'deep-image',
        model: 'deep-image/upscale',
        operation: 'UPSCALE_IMAGE',
        credits: 1,
      } as const;
      const told = attempt(world.clock.now(), { ...upscale, costMicros: 80_000n });
      for (let count = 0; count < 2; count += 1) {
        await world.post(await world.reserve(account, upscale), { credits: 1, attempts: [told] });
      }
      expect(await shop.business.breakEven(NOVEMBER)).toMatchObject({
        breakEven: {
          free: {
            creditsAMonth: 2,
            profitMicros: -160_000n,
            // A credit sold for $0.40 leaves $0.32.
            paidCredits: 1n,
            observed: { calls: 2, costMicros: 160_000n },
          },
          plans: expect.arrayContaining([
            // (9.99 − 0.59) / 0.08 = 117.5 credits, and it brings 20.
            expect.objectContaining({
              breakEvenCredits: 117n,
              profitAtFullUseMicros: 9_990_000n - 589_710n - 1_600_000n,
            }),
          ]),
        },
      });
    } finally {
      await shop.close();
    }
  });
});
