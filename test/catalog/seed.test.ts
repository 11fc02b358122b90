import { afterAll, beforeAll, expect, test } from 'vitest';
import { COSTS, MODELS, PRICE_LISTS, PRICES } from '../../server/catalog/catalogue-rows.ts';
import { seedCatalog } from '../../server/catalog/index.ts';
import { FakeClock } from '../../server/clock.ts';
import type { Database } from '../../server/database/index.ts';
import { addCost, addPrice, NOON, openCatalog, openUnseeded, priced } from './fixture.ts';

let database: Database;
const clock = new FakeClock(NOON);
const NOTHING = { priceLists: 0, models: 0, costs: 0, prices: 0 };

beforeAll(async () => {
  database = await openUnseeded();
});
afterAll(() => database.close());

async function everything() {
  const { prisma } = database;
  return {
    lists: await prisma.priceList.findMany({ orderBy: { id: 'asc' } }),
    models: await prisma.catalogModel.findMany({ orderBy: { id: 'asc' } }),
    costs: await prisma.modelCost.findMany({ orderBy: { id: 'asc' } }),
    prices: await prisma.modelPrice.findMany({ orderBy: { id: 'asc' } }),
    version: (await prisma.setting.findUnique({ where: { key: 'catalog-version' } }))?.value,
  };
}

test('two that seed at once put every row in, once', async () => {
  const reports = await Promise.all([seedCatalog(database, clock), seedCatalog(database, clock)]);
  const sum = (name: keyof typeof NOTHING) => reports.reduce((total, report) => total + report[name], 0);
  expect([sum('priceLists'), sum('models'), sum('costs'), sum('prices')]).toEqual([
    PRICE_LISTS.length,
    MODELS.length,
    COSTS.length,
    PRICES.length,
  ]);
  const { lists, models, costs, prices, version } = await everything();
  expect([lists.length, models.length, costs.length, prices.length]).toEqual([
    PRICE_LISTS.length,
    MODELS.length,
    COSTS.length,
    PRICES.length,
  ]);
  expect(version).toMatch(/^2026-11-20T12:00:00\.000Z /);
});

test('seeding again changes nothing, not even the version', async () => {
  const before = await everything();
  expect(await seedCatalog(database, clock)).toEqual(NOTHING);
  expect(await everything()).toEqual(before);
});

test('every cost says where it comes from and when it was last checked', async () => {
  for (const { source, lastCheckedAt } of (await everything()).costs) {
    expect(source.length).toBeGreaterThan(10);
    expect(lastCheckedAt).toEqual(new Date('2026-11-20T00:00:00Z'));
  }
});

test('ids are the same on every machine', async () => {
  const { costs } = await everything();
  const schnell = costs.filter(({ modelId }) => modelId === 'replicate/flux-schnell');
  expect(schnell.map(({ id, costMicros }) => [id, costMicros])).toMatchInlineSnapshot(`
    [
      [
        "a0f84fd3-cd59-8282-aa73-85658a15dd59",
        0n,
      ],
      [
        "a604de2d-c04b-87ea-b765-2bf969669c98",
        3000n,
      ],
    ]
  `);
});

test('every price has a cost to go with it, and every successor is there', async () => {
  const { models, costs, prices } = await everything();
  for (const { modelId } of prices) expect(costs.some((cost) => cost.modelId === modelId)).toBe(true);
  const ids = new Set(models.map(({ id }) => id));
  for (const { replacedById } of models) if (replacedById) expect(ids).toContain(replacedById);
  for (const { id, provider } of models) expect(id.startsWith(`${provider}/`)).toBe(true);
});

test("an operator's edits survive a seeding", async () => {
  const { prisma } = database;
  const [price] = await prisma.modelPrice.findMany({ where: { modelId: 'replicate/sdxl' } });
  const [cost] = await prisma.modelCost.findMany({ where: { modelId: 'replicate/sdxl' } });
  if (!price || !cost) throw new Error('The shipped rows are missing.');
  await prisma.modelPrice.update({ where: { id: price.id }, data: { credits: 3 } });
  // An edit of the key itself: the shipped row must not come back beside it.
  await prisma.modelCost.update({
    where: { id: cost.id },
    data: { costMicros: 4_000n, effectiveFrom: '2025-02-01T00:00:00Z' },
  });
  await prisma.catalogModel.update({ where: { id: 'replicate/sdxl' }, data: { quality: 9.1, maxCount: 2 } });
  await prisma.priceList.update({ where: { id: 'dtf' }, data: { creditMicros: 500_000n } });
  const before = await everything();
  expect(await seedCatalog(database, clock)).toEqual(NOTHING);
  expect(await everything()).toEqual(before);

  const { catalog } = await openCatalog(database);
  expect(priced(catalog.price({ operation: 'GENERATE_IMAGE', model: 'replicate/sdxl' }))).toMatchObject({
    quality: 9.1,
    credits: 3,
    costMicros: 4_000n,
  });
  catalog.close();
});

test("a shipped row is not put beside an operator's own for the same thing and day", async () => {
  const { prisma } = database;
  const model = 'replicate/flux-1.1-pro';
  await prisma.modelPrice.deleteMany({ where: { modelId: model } });
  await prisma.modelCost.deleteMany({ where: { modelId: model } });
  await addPrice(database, model, 7, { from: '2025-01-01T00:00:00Z' });
  await addCost(database, model, 50_000n, { from: '2025-01-01T00:00:00Z' });
  expect(await seedCatalog(database, clock)).toEqual(NOTHING);
  const { catalog } = await openCatalog(database);
  expect(priced(catalog.price({ operation: 'GENERATE_IMAGE', model }))).toMatchObject({
    credits: 7,
    costMicros: 50_000n,
  });
  catalog.close();
});

test('a seeding that was cut short is completed by the next', async () => {
  const { prisma } = database;
  await prisma.modelCost.deleteMany({ where: { modelId: 'vectorizer/vectorize' } });
  const { version } = await everything();
  expect(await seedCatalog(database, clock)).toEqual({ ...NOTHING, costs: 1 });
  expect((await everything()).version).not.toBe(version);
});
