import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Catalog, PreviewedChange, PreviewOutcome } from '../../server/catalog/index.ts';
import type { FakeClock } from '../../server/clock.ts';
import type { Database } from '../../server/database/index.ts';
import { complaints, openCatalog, openSeeded, priced } from './fixture.ts';

const HOUR_MS = 3_600_000;
const LUMA = 'luma/dream-machine';

describe('a change that an operator thinks of', () => {
  let database: Database;
  let catalog: Catalog;
  let clock: FakeClock;
  beforeAll(async () => {
    database = await openSeeded();
    ({ catalog, clock } = await openCatalog(database));
  });
  afterAll(async () => {
    catalog.close();
    await database.close();
  });

  const inHours = (hours: number) => new Date(clock.now().getTime() + hours * HOUR_MS);
  const preview = (change: Omit<PreviewedChange, 'unit'> & Partial<Pick<PreviewedChange, 'unit'>>) =>
    catalog.preview({ unit: 'OUTPUT', ...change });
  const previewed = (outcome: PreviewOutcome) => {
    if (outcome.status !== 'previewed') throw new Error(JSON.stringify(outcome));
    return outcome;
  };
  const clip = () =>
    priced(catalog.price({ operation: 'GENERATE_VIDEO', model: LUMA, durationSeconds: 5 })).credits;
  const why = { reason: 'For a test', actor: 'admin:test' };

  it('is shown before and after, is what the change then does, and changes nothing by itself', async () => {
    const change = { model: LUMA, durationSeconds: 5, effectiveFrom: inHours(2) };
    const shown = previewed(preview({ ...change, figure: { credits: 13 } }));
    expect(shown).toMatchObject({
      credits: 13,
      effectiveFrom: inHours(2),
      variants: [
        {
          before: { credits: 20, margin: 0.4, belowFloor: false },
          after: { credits: 13, costMicros: 120_000n, margin: 0.076923, belowFloor: true },
        },
      ],
    });
    expect(clip()).toBe(20);
    expect(catalog.history(LUMA)?.prices.map(({ state }) => state)).not.toContain('SCHEDULED');

    await catalog.changePrice({ ...change, unit: 'OUTPUT', credits: 13, ...why });
    const [then] = catalog.variantsAt(LUMA, inHours(2)) ?? [];
    const { modelPriceId: _, ...figures } = then ?? {};
    expect(shown.variants[0]?.after).toMatchObject(figures);
    expect(complaints(preview({ ...change, figure: { credits: 14 } }) as { status: string })).toEqual([
      expect.stringContaining('effectiveFrom: A price for the same requests begins at that instant already'),
    ]);
    const scheduled = catalog.history(LUMA)?.prices.find(({ state }) => state === 'SCHEDULED');
    await catalog.cancelChange({ id: scheduled?.id ?? '', what: 'price', ...why });
  });

  it('by a margin takes the fewest credits that leave it, whatever a price counts', () => {
    for (const targetMargin of [0n, 200_000n, 333_333n, 400_000n, 990_000n]) {
      for (const change of [
        { model: LUMA, durationSeconds: 5 },
        { model: 'runway/gen4_turbo', durationSeconds: 5, unit: 'SECOND' as const },
        { model: 'replicate/sdxl' },
      ]) {
        const outcome = preview({ ...change, figure: { targetMargin } });
        const { credits, variants } = previewed(outcome);
        const least = catalog.list().creditMicros;
        const leaves = (each: (typeof variants)[number]['after'], fewer: number) => {
          const units = each.credits / (credits ?? 1);
          const revenue = BigInt(units * ((credits ?? 0) - fewer)) * least;
          return (revenue - each.costMicros) * 1_000_000n >= targetMargin * revenue;
        };
        for (const { after } of variants) expect(leaves(after, 0)).toBe(true);
        if (variants.length > 0 && (credits ?? 0) > 1) {
          expect(variants.some(({ after }) => !leaves(after, 1))).toBe(true);
        }
      }
    }
  });

  it('of a cost shows what it would leave of each price', () => {
    const { credits, variants } = previewed(
      preview({ model: LUMA, durationSeconds: 5, figure: { costMicros: 240_000n } }),
    );
    expect(credits).toBeNull();
    expect(variants).toMatchObject([{ before: { margin: 0.4 }, after: { margin: -0.2, belowFloor: true } }]);
  });

  it('is refused as the change would be', () => {
    const of = (change: Parameters<typeof preview>[0]) => complaints(preview(change) as { status: string });
    expect(of({ model: 'luma/dream', figure: { credits: 1 } })[0]).toContain(
      'There is no model "luma/dream"',
    );
    expect(of({ model: LUMA, figure: { targetMargin: 1n } })[0]).toContain('It would price no request');
    expect(of({ model: LUMA, effectiveFrom: inHours(-1), figure: { credits: 1 } })[0]).toContain(
      'effectiveFrom:',
    );
    expect(of({ model: 'deep-image/upscale', unit: 'SECOND', figure: { costMicros: 1n } })[0]).toContain(
      'unit:',
    );
  });

  it('that was scheduled can be taken back until it begins, by its id, and stands for good after', async () => {
    const history = () => catalog.history(LUMA);
    const before = history();
    await catalog.changePrice({
      model: LUMA,
      unit: 'OUTPUT',
      durationSeconds: 5,
      credits: 30,
      effectiveFrom: inHours(1),
      ...why,
    });
    await catalog.changeCost({
      model: LUMA,
      unit: 'OUTPUT',
      durationSeconds: 5,
      costMicros: 1n,
      source: 'A rumour',
      effectiveFrom: inHours(1),
      ...why,
    });
    const [price] = history()?.prices ?? [];
    const [cost] = history()?.costs ?? [];
    expect([price, cost]).toMatchObject([
      { state: 'SCHEDULED', credits: 30 },
      { state: 'SCHEDULED', costMicros: 1n, source: 'A rumour' },
    ]);
    for (const [row, what] of [
      [price, 'price'],
      [cost, 'cost'],
    ] as const) {
      const cancel = () => catalog.cancelChange({ id: row?.id ?? '', what, ...why });
      expect(await cancel()).toEqual({ status: 'changed', model: LUMA, effectiveFrom: inHours(1) });
      expect(await cancel()).toEqual({ status: 'not-found' });
    }
    expect(history()).toEqual(before);
    clock.advance(2 * HOUR_MS);
    expect(clip()).toBe(20);
    expect(
      await database.query(
        `SELECT action, subject, reason FROM audit_log WHERE action LIKE '%.cancel' ORDER BY id DESC LIMIT 2`,
      ),
    ).toEqual([
      { action: 'cost.cancel', subject: LUMA, reason: 'For a test' },
      { action: 'price.cancel', subject: LUMA, reason: 'For a test' },
    ]);

    const inForce = history()?.prices.find(({ state }) => state === 'IN_FORCE');
    expect(await catalog.cancelChange({ id: inForce?.id ?? '', what: 'price', ...why })).toEqual({
      status: 'not-found',
    });
    await catalog.changePrice({ model: LUMA, unit: 'OUTPUT', durationSeconds: 5, credits: 21, ...why });
    expect(history()?.prices.map(({ state, credits }) => [state, credits])).toEqual([
      ['IN_FORCE', 21],
      ['PAST', 20],
    ]);
  });

  it('is to come as long as it has a time to hold, whatever else is to come', async () => {
    const schedule = (hours: number, credits: number) =>
      catalog.changePrice({
        model: LUMA,
        unit: 'OUTPUT',
        credits,
        effectiveFrom: inHours(hours),
        ...why,
      });
    const states = () =>
      catalog
        .history(LUMA)
        ?.prices.filter(({ durationSeconds }) => durationSeconds === null)
        .map(({ state, credits }) => `${state} ${credits}`)
        .sort();
    await schedule(2, 40);
    await schedule(1, 50);
    await schedule(3, 45);
    expect(states()).toEqual(['SCHEDULED 40', 'SCHEDULED 45', 'SCHEDULED 50']);
    // Written into the table by hand, beside one of the same instant: of the two the dearer will hold.
    await database.query(
      `INSERT INTO model_price (id, price_list_id, model_id, duration_seconds, unit, credits, effective_from)
      SELECT gen_random_uuid(), price_list_id, model_id, duration_seconds, unit, 44, effective_from
      FROM model_price WHERE model_id = $1 AND effective_from = $2`,
      [LUMA, inHours(3)],
    );
    await catalog.refresh();
    expect(states()).toEqual(['PAST 44', 'SCHEDULED 40', 'SCHEDULED 45', 'SCHEDULED 50']);
    clock.advance(3 * HOUR_MS);
    expect(states()).toEqual(['IN_FORCE 45', 'PAST 40', 'PAST 44', 'PAST 50']);
  });
});
