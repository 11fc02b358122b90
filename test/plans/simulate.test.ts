import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Catalog } from '../../server/catalog/index.ts';
import { FakeClock } from '../../server/clock.ts';
import type { Database } from '../../server/database/index.ts';
import { formatDecimal, parseDecimal } from '../../server/money.ts';
import {
  createPlans,
  type Plans,
  type Simulation,
  type SimulationInput,
  seedPlans,
  usualFee,
} from '../../server/plans/index.ts';
import { addCost, NOON, openCatalog, openSeeded } from '../catalog/fixture.ts';

let database: Database;
const rooms: Record<string, { catalog: Catalog; plans: Plans }> = {};

beforeAll(async () => {
  database = await openSeeded();
  const clock = new FakeClock(NOON);
  await seedPlans(database, clock);
  for (const priceList of ['tokens', 'dtf']) {
    const { catalog } = await openCatalog(database, { priceList });
    rooms[priceList] = { catalog, plans: createPlans({ database, clock, catalog, priceList }) };
  }
});
afterAll(async () => {
  for (const { catalog } of Object.values(rooms)) catalog.close();
  await database.close();
});

const plansOf = (priceList: string): Plans => {
  const room = rooms[priceList];
  if (!room) throw new Error(`No list ${priceList}.`);
  return room.plans;
};

/** Simulates, or fails with what came instead. */
function simulated(input: Partial<SimulationInput>, priceList = 'tokens'): Simulation {
  const outcome = plansOf(priceList).simulate({ priceMicros: 0n, credits: null, uses: [], ...input });
  if (outcome.status !== 'simulated') throw new Error(JSON.stringify(outcome.fields));
  return outcome.simulation;
}

const hd = (count: number) => ({ model: 'openai/dall-e-3-hd', count });
const clips = (count: number, durationSeconds: number) => ({
  model: 'runway/gen3a_turbo',
  count,
  durationSeconds,
});
/** Percent with so many digits after the point, as the owner writes them. */
const percent = (ratio: number | null, digits = 1) =>
  ratio === null ? null : Number((ratio * 100).toFixed(digits));

describe("the owner's table of plans", () => {
  // Plan, price, uses; cost, profit, margin in percent; then the fee, profit and margin after it.
  test.each([
    ['Creator', '9', [hd(10), clips(15, 8)], '6.80', '2.20', 24.4, '0.561', '1.639', 18.2],
    ['Creator', '9', [hd(20), clips(30, 5)], '9.10', '-0.10', -1.1, '0.561', '-0.661', -7.3],
    ['Pro', '19.99', [hd(50), clips(60, 8)], '28.00', '-8.01', -40.1, '0.87971', '-8.88971', -44.5],
    ['Pro', '19.99', [hd(30), clips(30, 8)], '14.40', '5.59', 28, '0.87971', '4.71029', 23.6],
  ])(
    '%s at $%s with %j costs $%s and leaves $%s',
    (_plan, price, uses, cost, profit, margin, fee, after, marginAfter) => {
      const simulation = simulated({ priceMicros: parseDecimal(price), uses });
      expect({
        cost: formatDecimal(simulation.costMicros),
        profit: formatDecimal(simulation.beforeFees.profitMicros),
        margin: percent(simulation.beforeFees.margin),
        fee: formatDecimal(simulation.feeMicros),
        after: formatDecimal(simulation.afterFees.profitMicros),
        marginAfter: percent(simulation.afterFees.margin),
      }).toEqual({ cost, profit, margin, fee, after, marginAfter });
    },
  );

  it('comes out the same for the plans that ship, whose credits are those of the mixes that earn', async () => {
    const creator = await plansOf('tokens').offer('creator', 'MONTH');
    const pro = await plansOf('tokens').offer('pro', 'MONTH');
    for (const [offer, cost] of [
      [creator, 6_800_000n],
      [pro, 14_400_000n],
    ] as const) {
      if (!offer) throw new Error('A plan is missing.');
      const { priceMicros, credits, included } = offer;
      const simulation = simulated({ priceMicros, credits, uses: included });
      expect(simulation).toMatchObject({
        costMicros: cost,
        credits,
        creditsNeeded: credits,
        creditsMissing: 0,
      });
    }
    // The mixes that lose need more credits than the plans give.
    const creatorLosing = simulated({ priceMicros: 9_000_000n, credits: 910, uses: [hd(20), clips(30, 5)] });
    expect(creatorLosing).toMatchObject({ creditsNeeded: 1_220, creditsMissing: 310 });
    const proLosing = simulated({ priceMicros: 19_990_000n, credits: 1_980, uses: [hd(50), clips(60, 8)] });
    expect(proLosing).toMatchObject({ creditsNeeded: 3_800, creditsMissing: 1_820 });
  });

  it('holds for the year too: each plan of a year leaves a margin of 20 % or more', async () => {
    for (const [name, margin] of [
      ['creator', 21.5],
      ['pro', 26.8],
    ] as const) {
      const offer = await plansOf('tokens').offer(name, 'YEAR');
      if (!offer) throw new Error('A plan is missing.');
      const { priceMicros, credits, included } = offer;
      const simulation = simulated({ priceMicros, credits, uses: included });
      expect([percent(simulation.beforeFees.margin), simulation.creditsMissing]).toEqual([margin, 0]);
    }
  });
});

describe("the owner's table of operations", () => {
  // Model, cost, credits, margins in percent when a credit sells for $0.40 and for $0.80.
  test.each([
    ['deep-image/upscale', '0.08', 1, 80, 90],
    ['clippingmagic/remove-background', '0.125', 1, 68.75, 84.38],
    ['vectorizer/vectorize', '0.20', 2, 75, 87.5],
    ['openai/gpt-image', '0.04', 1, 90, 95],
  ])(
    'sells %s at a cost of $%s for %i credits with a margin of %f to %f %%',
    (model, cost, credits, least, most) => {
      const found = simulated({ priceMicros: 9_990_000n, credits: 20 }, 'dtf').models.find(
        (one) => one.model === model,
      );
      expect(found && [formatDecimal(found.costMicros), found.credits]).toEqual([cost, credits]);
      expect([percent(found?.marginLeast ?? null, 2), percent(found?.marginMost ?? null, 2)]).toEqual([
        least,
        most,
      ]);
    },
  );

  it('says of each plan what its own price for a credit leaves', () => {
    const margins = (priceMicros: bigint, credits: number) =>
      Object.fromEntries(
        simulated({ priceMicros, credits }, 'dtf').models.map(({ model, marginOfPlan }) => [
          model,
          percent(marginOfPlan),
        ]),
      );
    // $0.4995 and $0.3998 a credit.
    expect(margins(9_990_000n, 20)).toMatchObject({ 'deep-image/upscale': 84, 'vectorizer/vectorize': 80 });
    expect(margins(19_990_000n, 50)).toMatchObject({ 'deep-image/upscale': 80, 'vectorizer/vectorize': 75 });
  });
});

describe('a simulation', () => {
  it('breaks even at exactly the price that it names, before and after fees', () => {
    const uses = [hd(10), clips(15, 8)];
    const { beforeFees, afterFees } = simulated({ priceMicros: 9_000_000n, uses });
    expect([
      formatDecimal(beforeFees.breakEvenPriceMicros),
      formatDecimal(afterFees.breakEvenPriceMicros),
    ]).toEqual(['6.80', '7.31205']);
    expect(simulated({ priceMicros: beforeFees.breakEvenPriceMicros, uses }).beforeFees.profitMicros).toBe(
      0n,
    );
    const at = (micros: bigint) => simulated({ priceMicros: micros, uses }).afterFees.profitMicros;
    expect(at(afterFees.breakEvenPriceMicros)).toBeGreaterThanOrEqual(0n);
    expect(at(afterFees.breakEvenPriceMicros - 1n)).toBeLessThan(0n);
  });

  it('says how many of the mix its price pays for', () => {
    const { beforeFees, afterFees } = simulated({ priceMicros: 9_000_000n, uses: [hd(10), clips(15, 8)] });
    expect([beforeFees.breakEvenUse, afterFees.breakEvenUse]).toEqual([1.323529, 1.241029]);
  });

  it('shares price and fee among its lines by credits, so that they add up to the micro', () => {
    const simulation = simulated({
      priceMicros: 19_990_000n,
      uses: [hd(7), clips(11, 8), { model: 'luma/dream-machine', count: 3 }],
    });
    const sum = (read: (line: Simulation['lines'][number]) => bigint) =>
      simulation.lines.reduce((total, line) => total + read(line), 0n);
    expect(sum((line) => line.revenueMicros)).toBe(19_990_000n);
    expect(sum((line) => line.feeMicros)).toBe(usualFee(19_990_000n));
    expect(sum((line) => line.costMicros)).toBe(simulation.costMicros);
    expect(sum((line) => line.afterFees.profitMicros)).toBe(simulation.afterFees.profitMicros);
    expect(
      simulation.lines.map(({ model, count, unitCredits, credits }) => [model, count, unitCredits, credits]),
    ).toEqual([
      ['openai/dall-e-3-hd', 7, 16, 112],
      ['runway/gen3a_turbo', 11, 50, 550],
      ['luma/dream-machine', 3, 20, 60],
    ]);
    expect(formatDecimal(simulation.lines[0]?.revenueMicros ?? 0n)).toBe('3.100941');
  });

  it('needs no model: of an operation it takes what the router would', () => {
    const simulation = simulated({
      priceMicros: 1_000_000n,
      uses: [{ operation: 'GENERATE_VIDEO', durationSeconds: 5, count: 2 }],
    });
    expect(simulation.lines).toMatchObject([
      { model: 'luma/dream-machine', credits: 40, costMicros: 240_000n },
    ]);
  });

  it('without uses says what all credits come to in the worst and in the best way', () => {
    const { worst, best, creditMicros } = simulated({ priceMicros: 1_000_000n, credits: 100 });
    expect(creditMicros).toBe(10_000n);
    // Three clips of 5 s for 90 credits, at $0.75.
    expect(worst).toMatchObject({ model: 'runway/gen4_turbo', uses: 2, costMicros: 800_000n });
    expect(best).toMatchObject({ model: 'huggingface/free', uses: 100, costMicros: 0n });
    expect(formatDecimal(worst?.afterFees.profitMicros ?? 0n)).toBe('-0.129');
  });

  it('of a model that has a cost and no price goes by cost, and knows no credits', () => {
    const simulation = simulated(
      { priceMicros: 10_000_000n, uses: [clips(1, 8), { model: 'deep-image/upscale', count: 5 }] },
      'dtf',
    );
    expect(simulation).toMatchObject({ creditsNeeded: null, creditsMissing: null, credits: null });
    expect(simulation.lines.map((line) => line.revenueMicros)).toEqual([5_000_000n, 5_000_000n]);
  });

  it('for nothing earns nothing, and pays no fee', () => {
    expect(simulated({ uses: [hd(2)] })).toMatchObject({
      feeMicros: 0n,
      afterFees: { profitMicros: -160_000n, margin: null, markup: -1, breakEvenUse: 0 },
    });
    expect(simulated({ priceMicros: 1_000_000n })).toMatchObject({
      costMicros: 0n,
      beforeFees: { margin: 1, markup: null },
    });
  });

  it('goes by the costs in force, so that a new cost shows at once', async () => {
    await addCost(database, 'deep-image/upscale', 100_000n, { from: '2026-11-21T00:00:00Z' });
    const { catalog } = await openCatalog(database, { now: '2026-11-21T00:00:00Z' });
    const plans = createPlans({ database, clock: new FakeClock(NOON), catalog, priceList: 'tokens' });
    const outcome = plans.simulate({
      priceMicros: 1n,
      credits: null,
      uses: [{ model: 'deep-image/upscale', count: 1 }],
    });
    expect(outcome).toMatchObject({ simulation: { costMicros: 100_000n } });
    catalog.close();
  });

  it('names each use that cannot be, with what would be right', () => {
    const outcome = plansOf('tokens').simulate({
      priceMicros: 1n,
      credits: null,
      uses: [
        { model: 'openai/dall-e', count: 1 },
        clips(1, 7),
        { count: 1 },
        { model: 'luma/dream-machine', operation: 'GENERATE_IMAGE', count: 1 },
        { operation: 'GENERATE_VIDEO', durationSeconds: 77, count: 1 },
      ],
    });
    expect(
      outcome.status === 'invalid' && outcome.fields.map(({ path, message }) => `${path}: ${message}`),
    ).toEqual([
      'uses.0.model: There is no model "openai/dall-e". Did you mean openai/dall-e-3-hd?',
      'uses.1.durationSeconds: runway/gen3a_turbo makes clips of 5, 8 or 10 seconds, not 7.',
      'uses.2.model: Say which model, or which operation.',
      'uses.3.operation: luma/dream-machine is for GENERATE_VIDEO; leave it out, or name another model.',
      'uses.4.operation: Nothing that serves GENERATE_VIDEO at present takes these arguments; name a model.',
    ]);
  });
});
