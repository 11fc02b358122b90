import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import { newId } from '../../server/ids.ts';
import { formatDecimal } from '../../server/money.ts';
import { createPlans, creditsExpireAt, type Plans, seedPlans } from '../../server/plans/index.ts';
import { describeOnEachDatabase, openTestDatabase, type TestDatabase } from '../support/databases.ts';

const NOON = '2026-11-20T12:00:00Z';

const nothing = () => ({ status: 'invalid', fields: [] }) as const;

describeOnEachDatabase('plans and packs', (kind) => {
  let opened: TestDatabase;
  let tokens: Plans;
  let dtf: Plans;
  const clock = new FakeClock(NOON);
  beforeAll(async () => {
    opened = await openTestDatabase(kind);
    const { database } = opened;
    await Promise.all([seedPlans(database, clock), seedPlans(database, clock)]);
    // What is offered does not depend on what it costs to make.
    const catalog = { appraise: nothing, candidates: () => [], models: () => [] };
    tokens = createPlans({ database, clock, catalog, priceList: 'tokens' });
    dtf = createPlans({ database, clock, catalog, priceList: 'dtf' });
  });
  afterAll(() => opened.close());

  const told = async (plans: Plans) => ({
    plans: (await plans.offers()).map(
      ({ planId, interval, priceMicros, credits, rollover, tier }) =>
        `${planId} ${interval} ${formatDecimal(priceMicros)} ${credits} ${tier}${rollover ? ' rolls over' : ''}`,
    ),
    packs: (await plans.packs()).map(
      ({ packId, name, priceMicros, credits }) =>
        `${packId} ${formatDecimal(priceMicros)} ${credits} ${name}`,
    ),
  });

  it('of both lists are there once, as the owner has them, though two processes put them in at once', async () => {
    expect(await told(tokens)).toEqual({
      plans: [
        'tokens-creator MONTH 9.00 910 CREATOR',
        'tokens-pro MONTH 19.99 1980 PRO rolls over',
        'tokens-creator YEAR 104.00 10920 CREATOR',
        'tokens-pro YEAR 236.00 23760 PRO rolls over',
      ],
      packs: [
        'tokens-100 1.00 100 100 credits',
        'tokens-500 5.00 500 500 credits',
        'tokens-1000 10.00 1000 1,000 credits',
        'tokens-2500 25.00 2500 2,500 credits',
        'tokens-10000 100.00 10000 10,000 credits',
      ],
    });
    expect(await told(dtf)).toEqual({
      plans: [
        'dtf-basic MONTH 9.99 20 BASIC',
        'dtf-starter MONTH 9.99 20 STARTER rolls over',
        'dtf-pro MONTH 19.99 50 PRO rolls over',
        'dtf-basic YEAR 99.90 240 BASIC',
        'dtf-starter YEAR 99.90 240 STARTER rolls over',
        'dtf-pro YEAR 239.88 600 PRO rolls over',
      ],
      packs: [
        'dtf-5 4.00 5 5 credits',
        'dtf-10 7.00 10 10 credits',
        'dtf-25 15.00 25 25 credits',
        'dtf-50 25.00 50 50 credits',
        'dtf-100 40.00 100 100 credits',
      ],
    });
    expect(await seedPlans(opened.database, clock)).toEqual({ plans: 0, packs: 0, versions: 0 });
  });

  it('of dtf sell a credit for $0.40 to $0.80, to the cent', async () => {
    for (const { priceMicros, credits } of [...(await dtf.packs()), ...(await dtf.offers())]) {
      const cents = Math.round(Number(priceMicros) / credits / 10_000);
      expect(cents).toBeGreaterThanOrEqual(40);
      expect(cents).toBeLessThanOrEqual(80);
    }
  });

  it('are found by their id and by their short name within the active list, and not beyond it', async () => {
    const pro = await tokens.offer('tokens-pro', 'MONTH');
    expect(pro).toMatchObject({ planId: 'tokens-pro', credits: 1980, priceMicros: 19_990_000n });
    expect(await tokens.offer('Pro', 'MONTH')).toEqual(pro);
    expect(await dtf.offer('pro', 'YEAR')).toMatchObject({ planId: 'dtf-pro', credits: 600 });
    expect(await tokens.offer('dtf-pro', 'MONTH')).toBeNull();
    expect(await tokens.offer('starter', 'MONTH')).toBeNull();
    const pack = await tokens.pack('100');
    expect(pack).toMatchObject({ packId: 'tokens-100', credits: 100, priceMicros: 1_000_000n });
    expect(await tokens.pack('tokens-100')).toEqual(pack);
    expect(await tokens.pack('dtf-5')).toBeNull();
    expect(await tokens.planVersion(pro?.versionId ?? '')).toEqual(pro);
    expect(await dtf.packVersion(pack?.versionId ?? '')).toEqual(pack);
    expect(await tokens.planVersion(newId())).toBeNull();
  });

  it('are not sold before the owner’s list begins', async () => {
    expect(await tokens.offers(new Date('2024-12-31T23:59:59Z'))).toEqual([]);
    expect(await tokens.pack('100', new Date('2024-12-31T23:59:59Z'))).toBeNull();
    expect(await tokens.pack('100', new Date('2025-01-01T00:00:00Z'))).not.toBeNull();
  });

  it('are written once: the database refuses to change or delete a version', async () => {
    for (const statement of [
      'UPDATE plan_version SET price_micros = 1',
      'DELETE FROM plan_version',
      'UPDATE pack_version SET credits = 1',
      'DELETE FROM pack_version',
    ]) {
      await expect(opened.database.query(statement)).rejects.toThrow('written once and never changed');
    }
  });

  it('give credits that end with their period, or stay when they roll over', () => {
    const end = new Date('2026-12-20T12:00:00Z');
    expect(creditsExpireAt({ rollover: false }, end)).toEqual(end);
    expect(creditsExpireAt({ rollover: true }, end)).toBeNull();
  });
});
