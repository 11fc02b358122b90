import type { Clock } from '../clock.ts';
import { addMissing, type Database } from '../database/index.ts';
import { keyedId } from '../ids.ts';
import { parseDecimal } from '../money.ts';
import { CHECKED, COSTS, MODELS, PRICE_LISTS, PRICES } from './catalogue-rows.ts';
import { COST_KEYS, LIST_IDS, MODEL_IDS, PRICE_KEYS } from './statements.ts';
import { bumpCatalogVersion } from './version.ts';

/** How many rows were missing and are there now. */
export interface SeedReport {
  readonly priceLists: number;
  readonly models: number;
  readonly costs: number;
  readonly prices: number;
}

/**
 * Puts the shipped rows (catalogue-rows.ts) that are missing into the database, and touches no row that is there:
 * what an operator edited stays as it is. May be run at each start, and by several processes at once.
 *
 * A row is there when its natural key is: model, dimensions and date, and for a price its list. Postgres holds no
 * two rows with a null dimension for the same, so this is looked up, and ids are made from the key: of two
 * processes that both find a row missing, the second one's insert meets the first one's id and does nothing.
 *
 * @throws what the database throws. A seeding that was cut short is completed by the next.
 */
export async function seedCatalog(database: Database, clock: Clock): Promise<SeedReport> {
  const { prisma } = database;
  const [lists, models, costs, prices] = await Promise.all([
    database.query<{ id: string }>(LIST_IDS),
    database.query<{ id: string }>(MODEL_IDS),
    database.query<NaturalKey & { id: string }>(COST_KEYS),
    database.query<NaturalKey & { id: string; priceListId: string }>(PRICE_KEYS),
  ]);
  const known = new Set([
    ...costs.map((row) => costId(row)),
    ...prices.map((row) => priceId(row)),
    // A row whose key an operator edited keeps its id, and must not come back beside the edited one.
    ...[...lists, ...models, ...costs, ...prices].map(({ id }) => id),
  ]);
  const report = {
    priceLists: await addMissing(known, shippedLists(), (missing) => prisma.priceList.createMany(missing)),
    models: await addMissing(known, shippedModels(), (missing) => prisma.catalogModel.createMany(missing)),
    costs: await addMissing(known, shippedCosts(), (missing) => prisma.modelCost.createMany(missing)),
    prices: await addMissing(known, shippedPrices(), (missing) => prisma.modelPrice.createMany(missing)),
  };
  if (Object.values(report).some((count) => count > 0)) await bumpCatalogVersion(database, clock);
  return report;
}

interface NaturalKey {
  readonly modelId: string;
  readonly size: string | null;
  readonly quality: string | null;
  readonly durationSeconds: number | null;
  readonly effectiveFrom: Date;
}

function costId(key: NaturalKey): string {
  return keyedId(['solvent-catalog', 'cost', ...partsOf(key)]);
}

function priceId(key: NaturalKey & { readonly priceListId: string }): string {
  return keyedId(['solvent-catalog', 'price', key.priceListId, ...partsOf(key)]);
}

function partsOf({ modelId, size, quality, durationSeconds, effectiveFrom }: NaturalKey) {
  return [modelId, size, quality, durationSeconds, effectiveFrom.toISOString()];
}

function midnight(day: string): Date {
  return new Date(`${day}T00:00:00.000Z`);
}

function shippedLists() {
  return PRICE_LISTS.map(({ credit, creditMax, ...list }) => ({
    ...list,
    creditMicros: parseDecimal(credit),
    creditMaxMicros: parseDecimal(creditMax),
  }));
}

function shippedModels() {
  return MODELS.map(({ from, retires, replacedBy, ...model }) => ({
    id: model.id,
    provider: model.id.slice(0, model.id.indexOf('/')),
    operation: model.operation,
    vendorModel: model.vendorModel,
    quality: model.quality,
    availableFrom: midnight(from),
    retiresAt: retires ? midnight(retires) : null,
    replacedById: replacedBy ?? null,
    sizes: [...(model.sizes ?? [])],
    qualities: [...(model.qualities ?? [])],
    durations: [...(model.durations ?? [])],
    maxCount: model.maxCount ?? 1,
    needsImage: model.needsImage ?? false,
    note: model.note ?? null,
  }));
}

function shippedCosts() {
  return COSTS.map(({ model, size, quality, seconds, per, cost, from, source }) => {
    const key = keyOf(model, size, quality, seconds, from);
    return {
      id: costId(key),
      ...key,
      unit: per,
      costMicros: parseDecimal(cost),
      source,
      lastCheckedAt: midnight(CHECKED),
    };
  });
}

function shippedPrices() {
  return PRICES.map(({ list, model, size, quality, seconds, per, credits, from }) => {
    const key = { priceListId: list, ...keyOf(model, size, quality, seconds, from) };
    return { id: priceId(key), ...key, unit: per, credits };
  });
}

function keyOf(
  modelId: string,
  size: string | undefined,
  quality: string | undefined,
  seconds: number | undefined,
  from: string,
): NaturalKey {
  return {
    modelId,
    size: size ?? null,
    quality: quality ?? null,
    durationSeconds: seconds ?? null,
    effectiveFrom: midnight(from),
  };
}
