import {
  bumpCatalogVersion,
  type Catalog,
  createCatalog,
  type PriceOutcome,
  type Servable,
} from '../../server/catalog/index.ts';
import { FakeClock } from '../../server/clock.ts';
import type { Database } from '../../server/database/index.ts';
import { newId } from '../../server/ids.ts';
import { openTestDatabase } from '../support/databases.ts';
import { emptied } from '../support/emptied.ts';

/** The day on which the shipped figures were checked. */
export const NOON = '2026-11-20T12:00:00.000Z';

/** A database in memory with the shipped catalogue. */
export async function openSeeded(): Promise<Database> {
  const { database } = await openTestDatabase('pglite');
  await bumpCatalogVersion(database, new FakeClock(NOON));
  return database;
}

/** A database in memory without any catalogue. */
export async function openUnseeded(): Promise<Database> {
  const { database } = await openTestDatabase('pglite');
  await database.script(emptied(['catalog_model', 'model_cost', 'model_price', 'price_list', 'setting']));
  return database;
}

/** A catalogue that never looks by itself, everything served, at noon. */
export async function openCatalog(
  database: Database,
  options: {
    priceList?: string;
    now?: string;
    isServed?: (model: Servable) => boolean;
    refreshMs?: number;
    onRefreshError?: (error: unknown) => void;
  } = {},
): Promise<{ catalog: Catalog; clock: FakeClock }> {
  const clock = new FakeClock(options.now ?? NOON);
  const catalog = await createCatalog({
    database,
    clock,
    priceList: options.priceList ?? 'tokens',
    marginFloor: 0.2,
    isServed: options.isServed ?? (() => true),
    refreshMs: options.refreshMs ?? 1_000_000,
    onRefreshError: options.onRefreshError,
  });
  return { catalog, clock };
}

/** The priced outcome, or an error that shows what came instead. */
export function priced(outcome: PriceOutcome): Extract<PriceOutcome, { status: 'priced' }> {
  if (outcome.status !== 'priced') throw new Error(JSON.stringify(outcome));
  return outcome;
}

/** What an invalid outcome says, as `path: message`. */
export function complaints(outcome: { status: string }): string[] {
  if (outcome.status !== 'invalid' || !('fields' in outcome)) throw new Error(`It is ${outcome.status}.`);
  const { fields } = outcome as Extract<PriceOutcome, { status: 'invalid' }>;
  return fields.map(({ path, message }) => `${path}: ${message}`);
}

/** Adds a cost row as an operator would. */
export async function addCost(
  database: Database,
  modelId: string,
  costMicros: bigint,
  more: {
    from?: string;
    size?: string;
    quality?: string;
    durationSeconds?: number;
    unit?: 'OUTPUT' | 'SECOND' | 'MINUTE';
  } = {},
): Promise<string> {
  const { from = '2025-01-01T00:00:00Z', unit = 'OUTPUT', ...dimensions } = more;
  const id = newId();
  await database.prisma.modelCost.create({
    data: {
      id,
      modelId,
      costMicros,
      unit,
      ...dimensions,
      effectiveFrom: from,
      source: 'a test',
      lastCheckedAt: NOON,
    },
  });
  return id;
}

/** Adds a price row as an operator would. */
export async function addPrice(
  database: Database,
  modelId: string,
  credits: number,
  more: {
    from?: string;
    size?: string;
    quality?: string;
    durationSeconds?: number;
    unit?: 'OUTPUT' | 'SECOND' | 'MINUTE';
    list?: string;
  } = {},
): Promise<string> {
  const { from = '2025-01-01T00:00:00Z', unit = 'OUTPUT', list = 'tokens', ...dimensions } = more;
  const id = newId();
  await database.prisma.modelPrice.create({
    data: { id, priceListId: list, modelId, credits, unit, ...dimensions, effectiveFrom: from },
  });
  return id;
}

/** Adds a model that upscales, unless told otherwise: an operation in which few others are in the way. */
export async function addModel(
  database: Database,
  id: string,
  more: Partial<{
    operation: Servable['operation'];
    vendorModel: string;
    quality: number;
    availableFrom: string;
    retiresAt: string;
    replacedById: string;
    sizes: string[];
    qualities: string[];
    durations: number[];
    maxCount: number;
    needsImage: boolean;
  }> = {},
): Promise<void> {
  await database.prisma.catalogModel.create({
    data: {
      id,
      provider: id.slice(0, id.indexOf('/')),
      operation: 'UPSCALE_IMAGE',
      vendorModel: id,
      quality: 5,
      availableFrom: '2025-01-01T00:00:00Z',
      ...more,
    },
  });
}
