import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Catalog, type CostChange, type PriceChange, seedCatalog } from '../../server/catalog/index.ts';
import type { FakeClock } from '../../server/clock.ts';
import { describeOnEachDatabase, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { complaints, openCatalog, priced } from './fixture.ts';

const HOUR_MS = 3_600_000;
const UPSCALE = { operation: 'UPSCALE_IMAGE', model: 'deep-image/upscale' } as const;

describeOnEachDatabase('an operator who sets a price or a cost', (kind) => {
  let opened: TestDatabase;
  let catalog: Catalog;
  let clock: FakeClock;
  beforeAll(async () => {
    opened = await openTestDatabase(kind);
    await seedCatalog(opened.database, { now: () => new Date('2026-11-20T12:00:00Z') });
    ({ catalog, clock } = await openCatalog(opened.database));
  });
  afterAll(async () => {
    catalog.close();
    await opened.close();
  });

  const inHours = (hours: number) => new Date(clock.now().getTime() + hours * HOUR_MS);
  const changePrice = (change: Partial<PriceChange>) =>
    catalog.changePrice({
      model: UPSCALE.model,
      unit: 'OUTPUT',
      credits: 20,
      reason: 'For a test',
      actor: 'admin:test',
      ...change,
    });
  const changeCost = (change: Partial<CostChange>) =>
    catalog.changeCost({
      model: UPSCALE.model,
      unit: 'OUTPUT',
      costMicros: 90_000n,
      source: 'The bill of November',
      reason: 'For a test',
      actor: 'admin:test',
      ...change,
    });
  const upscale = () => priced(catalog.price(UPSCALE));

  it('sells by it at once, and what was asked before stays a row of its own', async () => {
    expect(upscale()).toMatchObject({ credits: 16, costMicros: 80_000n });
    expect(await changePrice({})).toMatchObject({ status: 'changed', model: UPSCALE.model });
    expect(await changeCost({})).toMatchObject({ status: 'changed' });
    expect(upscale()).toMatchObject({ credits: 20, costMicros: 90_000n });
    expect(
      await opened.database.query(
        'SELECT credits FROM model_price WHERE model_id = $1 ORDER BY effective_from, credits',
        [UPSCALE.model],
      ),
    ).toEqual(expect.arrayContaining([{ credits: 16 }, { credits: 20 }]));
  });

  it('sells by it from its instant on, and sees before which variants it puts under the floor', async () => {
    const effectiveFrom = inHours(3);
    await changePrice({ credits: 10, effectiveFrom });
    expect(upscale().credits).toBe(20);
    expect(catalog.variantsAt(UPSCALE.model, effectiveFrom)).toMatchObject([
      { credits: 10, costMicros: 90_000n, margin: 0.1, belowFloor: true },
    ]);
    expect(catalog.variantsAt(UPSCALE.model, clock.now())).toMatchObject([
      { credits: 20, belowFloor: false },
    ]);
    clock.advance(3 * HOUR_MS);
    expect(upscale().credits).toBe(10);
  });

  it('may bind it to a size, a quality or a duration', async () => {
    await changePrice({ model: 'runway/gen4_turbo', durationSeconds: 5, credits: 32 });
    const clip = (durationSeconds: number) =>
      priced(
        catalog.price({
          operation: 'GENERATE_VIDEO',
          model: 'runway/gen4_turbo',
          durationSeconds,
          hasImage: true,
        }),
      );
    expect([clip(5).credits, clip(8).credits]).toEqual([32, 50]);
  });

  it('is told when such a row begins at that instant already, also when two are written at once', async () => {
    const effectiveFrom = inHours(5);
    const outcomes = await Promise.all([
      changePrice({ credits: 30, effectiveFrom }),
      changePrice({ credits: 31, effectiveFrom }),
      changeCost({ effectiveFrom }),
      changeCost({ effectiveFrom }),
    ]);
    const refused = outcomes.filter(({ status }) => status === 'invalid');
    expect(refused.map((outcome) => complaints(outcome)[0]).sort()).toEqual([
      expect.stringContaining('effectiveFrom: A cost for the same requests begins at that instant already'),
      expect.stringContaining('effectiveFrom: A price for the same requests begins at that instant already'),
    ]);
  });

  it('is told what no request could ever match, and that the past stays as it was', async () => {
    const of = async (change: Partial<PriceChange>) => complaints(await changePrice(change));
    expect(await of({ model: 'deep-image/upscal' })).toEqual([
      'model: There is no model "deep-image/upscal". Did you mean deep-image/upscale?',
    ]);
    expect(await of({ durationSeconds: 5, effectiveFrom: inHours(-1) })).toEqual([
      'durationSeconds: deep-image/upscale takes no duration; leave it out.',
      expect.stringContaining('effectiveFrom: What was asked or billed before stays as it was'),
    ]);
    expect(await of({ unit: 'SECOND' })).toEqual([
      'unit: deep-image/upscale has no duration: count by OUTPUT.',
    ]);
    expect(await of({ model: 'openai/gpt-image-2', quality: 'ultra' })).toHaveLength(1);
  });

  it('may change what a credit sells for and the free credits, by which margins and grants then go', async () => {
    const change = { creditMicros: null, creditMaxMicros: null, freeCredits: null, freePeriod: null };
    const set = (figures: Partial<typeof change> | object) =>
      catalog.changeList({ ...change, ...figures, reason: 'For a test', actor: 'admin:test' });
    const clips = () => catalog.model('runway/gen4_turbo')?.prices.map(({ margin }) => margin);
    const before = clips();
    expect(
      await set({ creditMicros: 20_000n, creditMaxMicros: 40_000n, freeCredits: 5, freePeriod: 'MONTH' }),
    ).toBe('changed');
    expect(catalog.list()).toMatchObject({ creditMicros: 20_000n, creditMaxMicros: 40_000n, freeCredits: 5 });
    expect(clips()).not.toEqual(before);
    expect(await set({ creditMicros: 50_000n })).toBe('least-above-most');
    expect(await set({ freeCredits: 10, freePeriod: 'DAY' })).toBe('changed');
    expect(catalog.list()).toMatchObject({ creditMicros: 20_000n, freeCredits: 10, freePeriod: 'DAY' });
    expect(
      await opened.database.query(
        `SELECT detail->>'creditMicros' AS credit FROM audit_log WHERE action = 'price-list.set' ORDER BY id`,
      ),
    ).toEqual([{ credit: '20000' }, { credit: null }]);
    await set({ creditMicros: 10_000n, creditMaxMicros: 10_000n });
  });

  it('leaves a line in the audit log, and lets other processes know', async () => {
    // A row of before begins at this very instant.
    clock.advance(1);
    const other = await openCatalog(opened.database, { now: clock.now().toISOString(), refreshMs: 20 });
    const version = await opened.database.query(`SELECT value FROM setting WHERE key = 'catalog-version'`);
    await changePrice({ credits: 25, reason: 'The vendor has become dearer' });
    expect(
      await opened.database.query(`SELECT value FROM setting WHERE key = 'catalog-version'`),
    ).not.toEqual(version);
    await expect.poll(() => priced(other.catalog.price(UPSCALE)).credits).toBe(25);
    other.catalog.close();
    expect(
      await opened.database.query(
        `SELECT actor, action, subject, reason, detail->>'credits' AS credits FROM audit_log ORDER BY id DESC LIMIT 1`,
      ),
    ).toEqual([
      {
        actor: 'admin:test',
        action: 'price.set',
        subject: UPSCALE.model,
        reason: 'The vendor has become dearer',
        credits: '25',
      },
    ]);
  });
});
