import type { Database } from '../database/index.ts';
import type { Micros } from '../money.ts';
import type { Operation } from '../providers/index.ts';
import { LIST_IDS, READ_COSTS, READ_LIST, READ_MODELS, READ_PRICES, READ_SETTING } from './statements.ts';

/** What a cost or a price counts: outputs, seconds of them, or begun minutes of them. */
export type PriceUnit = 'OUTPUT' | 'SECOND' | 'MINUTE';

/** A dated row of one model. A null dimension holds for any. Instants are Unix milliseconds. */
export interface DatedRow {
  readonly id: string;
  readonly size: string | null;
  readonly quality: string | null;
  readonly durationSeconds: number | null;
  readonly unit: PriceUnit;
  readonly effectiveFrom: number;
}

/** What a vendor bills for one unit, from a day on. */
export interface CostRow extends DatedRow {
  readonly costMicros: Micros;
  /** Where the figure comes from. */
  readonly source: string;
}

/** What the active list asks for one unit, in credits, from a day on. */
export interface PriceRow extends DatedRow {
  readonly credits: number;
}

/** A model with all its costs and all its prices in the active list, of whatever date. */
export interface ModelRow {
  readonly id: string;
  readonly provider: string;
  readonly operation: Operation;
  readonly vendorModel: string;
  readonly quality: number;
  readonly availableFrom: number;
  readonly retiresAt: number | null;
  readonly replacedById: string | null;
  readonly sizes: readonly string[];
  readonly qualities: readonly string[];
  readonly durations: readonly number[];
  readonly maxCount: number;
  /** Whether it makes nothing without an image to start from. */
  readonly needsImage: boolean;
  readonly note: string | null;
  readonly costs: readonly CostRow[];
  readonly prices: readonly PriceRow[];
}

/** The active price list. */
export interface PriceListRow {
  readonly id: string;
  readonly creditMicros: Micros;
  readonly creditMaxMicros: Micros;
  /** Free credits of the tier FREE, and how often they come. */
  readonly freeCredits: number;
  readonly freePeriod: 'HOUR' | 'DAY' | 'MONTH';
}

/** All that pricing needs, as it stood in the database at one instant. */
export interface Snapshot {
  /** What the setting `catalog-version` said; empty before the first change. */
  readonly version: string;
  readonly list: PriceListRow;
  readonly models: readonly ModelRow[];
}

/** The setting that says which state of the catalogue the database holds. */
export const VERSION_KEY = 'catalog-version';

/** How often a reading is repeated because somebody wrote meanwhile. */
const MOST_READINGS = 4;

/** What the setting `catalog-version` says now. */
export async function readVersion(database: Database): Promise<string> {
  const [setting] = await database.query<{ value: string }>(READ_SETTING, [VERSION_KEY]);
  return setting?.value ?? '';
}

/**
 * Reads the catalogue.
 *
 * It takes several queries and no transaction, so that the embedded database, which has one connection, is never
 * held; the version before and after tells whether somebody wrote meanwhile, and then it is read again.
 *
 * @param priceList id of the active list.
 * @throws when there is no such list; the message names those that there are.
 */
export async function readSnapshot(database: Database, priceList: string): Promise<Snapshot> {
  let version = await readVersion(database);
  for (let reading = 1; ; reading += 1) {
    const snapshot = { version, ...(await readRows(database, priceList)) };
    const after = await readVersion(database);
    // A catalogue that is written to without a pause is taken as it is: its next version is read soon enough.
    if (after === version || reading === MOST_READINGS) return snapshot;
    version = after;
  }
}

async function readRows(
  database: Database,
  priceList: string,
): Promise<{ list: PriceListRow; models: ModelRow[] }> {
  const [list] = await database.query<PriceListRow>(READ_LIST, [priceList]);
  if (!list) {
    const lists = await database.query<{ id: string }>(LIST_IDS);
    throw new Error(
      `There is no price list "${priceList}"; there are: ${lists.map(({ id }) => id).join(', ') || 'none'}.`,
    );
  }
  const [models, costs, prices] = await Promise.all([
    database.query<StoredModel>(READ_MODELS),
    database.query<Stored<CostRow>>(READ_COSTS),
    database.query<Stored<PriceRow>>(READ_PRICES, [priceList]),
  ]);
  const costsOf = Map.groupBy(costs, ({ modelId }) => modelId);
  const pricesOf = Map.groupBy(prices, ({ modelId }) => modelId);
  return {
    list,
    models: models.map((model) => ({
      ...model,
      availableFrom: model.availableFrom.getTime(),
      retiresAt: model.retiresAt?.getTime() ?? null,
      costs: (costsOf.get(model.id) ?? []).map(read),
      prices: (pricesOf.get(model.id) ?? []).map(read),
    })),
  };
}

/** A dated row as the database gives it. */
type Stored<Row extends DatedRow> = Omit<Row, 'effectiveFrom'> & {
  readonly modelId: string;
  readonly effectiveFrom: Date;
};

type StoredModel = Omit<ModelRow, 'availableFrom' | 'retiresAt' | 'costs' | 'prices'> & {
  readonly availableFrom: Date;
  readonly retiresAt: Date | null;
};

function read<Row extends DatedRow>({ modelId: _, effectiveFrom, ...row }: Stored<Row>): Row {
  return { ...row, effectiveFrom: effectiveFrom.getTime() } as unknown as Row;
}
