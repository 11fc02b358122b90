/** The SQL of this room; everything else goes through Prisma. */
import type { Sql } from '../database/index.ts';
import type { PriceUnit } from './snapshot.ts';

/** Sets the setting $1 to $2. Takes the row's lock until the writer's transaction ends, so writers follow each other. */
export const SET_VERSION = `
INSERT INTO setting (key, value) VALUES ($1, $2)
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value`;

/** What the setting $1 says. */
export const READ_SETTING = 'SELECT value FROM setting WHERE key = $1';

/** The ids of all price lists. */
export const LIST_IDS = 'SELECT id FROM price_list ORDER BY id';

/** The ids of all models. */
export const MODEL_IDS = 'SELECT id FROM catalog_model';

const KEY = `id, model_id AS "modelId", size, quality, duration_seconds AS "durationSeconds", effective_from AS "effectiveFrom"`;

/** By what costs are known: their ids, and what they are for. */
export const COST_KEYS = `SELECT ${KEY} FROM model_cost`;

/** By what prices are known. */
export const PRICE_KEYS = `SELECT ${KEY}, price_list_id AS "priceListId" FROM model_price`;

/** The price list $1. */
export const READ_LIST = `
SELECT id, credit_micros AS "creditMicros", credit_max_micros AS "creditMaxMicros", free_credits AS "freeCredits",
  free_period AS "freePeriod"
FROM price_list WHERE id = $1`;

/**
 * All models, for a snapshot. Raw, as what goes with it is, since each start waits for it, and Prisma first compiles its queries. A
 * list that is left out when a row is made is null.
 */
export const READ_MODELS = `
SELECT id, provider, operation, vendor_model AS "vendorModel", quality, available_from AS "availableFrom", retires_at AS "retiresAt",
  replaced_by_id AS "replacedById", coalesce(sizes, '{}') AS sizes, coalesce(qualities, '{}') AS qualities,
  coalesce(durations, '{}') AS durations, max_count AS "maxCount", needs_image AS "needsImage", note
FROM catalog_model ORDER BY id`;

/** All costs, for a snapshot. */
export const READ_COSTS = `SELECT ${KEY}, unit, cost_micros AS "costMicros", source FROM model_cost`;

/** All prices of the list $1, for a snapshot. */
export const READ_PRICES = `SELECT ${KEY}, unit, credits FROM model_price WHERE price_list_id = $1`;

/** Drops quotes that expired before $1. */
export const DROP_QUOTES = 'DELETE FROM quote WHERE expires_at < $1';

/** Which requests a new row is for, and from when on. */
export interface RowKey {
  readonly modelId: string;
  readonly size: string | null;
  readonly quality: string | null;
  readonly durationSeconds: number | null;
  readonly unit: PriceUnit;
  readonly effectiveFrom: Date;
}

/** A null dimension is the same as another null here, unlike in the table's own key. */
const SAME_KEY = `model_id = $2 AND size IS NOT DISTINCT FROM $3 AND quality IS NOT DISTINCT FROM $4
  AND duration_seconds IS NOT DISTINCT FROM $5 AND effective_from = $7`;

const keyParameters = ({ modelId, size, quality, durationSeconds, unit, effectiveFrom }: RowKey) => [
  modelId,
  size,
  quality,
  durationSeconds,
  unit,
  effectiveFrom,
];

/** Adds a dated price; false when one for the same requests begins at that instant already. */
export async function addPrice(
  sql: Sql,
  id: string,
  key: RowKey,
  price: { readonly priceListId: string; readonly credits: number },
): Promise<boolean> {
  const rows = await sql.query(
    `INSERT INTO model_price (id, model_id, size, quality, duration_seconds, unit, effective_from, price_list_id, credits)
    SELECT $1::uuid, $2::text, $3::text, $4::text, $5::int, $6::price_unit, $7::timestamptz, $8::text, $9::int
    WHERE NOT EXISTS (SELECT 1 FROM model_price WHERE ${SAME_KEY} AND price_list_id = $8) RETURNING id`,
    [id, ...keyParameters(key), price.priceListId, price.credits],
  );
  return rows.length > 0;
}

/** Adds a dated cost; false when one for the same requests begins at that instant already. */
export async function addCost(
  sql: Sql,
  id: string,
  key: RowKey,
  cost: { readonly costMicros: bigint; readonly source: string; readonly checkedAt: Date },
): Promise<boolean> {
  const rows = await sql.query(
    `INSERT INTO model_cost (id, model_id, size, quality, duration_seconds, unit, effective_from, cost_micros, source, last_checked_at)
    SELECT $1::uuid, $2::text, $3::text, $4::text, $5::int, $6::price_unit, $7::timestamptz, $8::bigint, $9::text, $10::timestamptz
    WHERE NOT EXISTS (SELECT 1 FROM model_cost WHERE ${SAME_KEY}) RETURNING id`,
    [id, ...keyParameters(key), cost.costMicros.toString(), cost.source, cost.checkedAt],
  );
  return rows.length > 0;
}

/** What a row of a price or a cost said, of whatever model. */
export interface DeletedRow {
  readonly modelId: string;
  readonly effectiveFrom: Date;
  readonly size: string | null;
  readonly quality: string | null;
  readonly durationSeconds: number | null;
  readonly unit: PriceUnit;
}

const DELETED = `model_id AS "modelId", effective_from AS "effectiveFrom", size, quality, duration_seconds AS "durationSeconds", unit`;

/** Takes a price of a list away that has not begun; null when there is none. */
export async function dropPrice(
  sql: Sql,
  now: Date,
  id: string,
  priceListId: string,
): Promise<(DeletedRow & { readonly credits: number }) | null> {
  const [row] = await sql.query<DeletedRow & { credits: number }>(
    `DELETE FROM model_price WHERE id = $1 AND price_list_id = $2 AND effective_from > $3 RETURNING ${DELETED}, credits`,
    [id, priceListId, now],
  );
  return row ?? null;
}

/** Takes a cost away that has not begun; null when there is none. */
export async function dropCost(
  sql: Sql,
  now: Date,
  id: string,
): Promise<(DeletedRow & { readonly costMicros: bigint }) | null> {
  const [row] = await sql.query<DeletedRow & { costMicros: bigint }>(
    `DELETE FROM model_cost WHERE id = $1 AND effective_from > $2 RETURNING ${DELETED}, cost_micros AS "costMicros"`,
    [id, now],
  );
  return row ?? null;
}

/** What an operator may change of a price list; null stays as it is. */
export interface ListFigures {
  readonly creditMicros: bigint | null;
  readonly creditMaxMicros: bigint | null;
  readonly freeCredits: number | null;
  readonly freePeriod: 'DAY' | 'MONTH' | null;
}

/** Changes a price list; false when a credit would then sell for more at the least than at the most. */
export async function setList(sql: Sql, id: string, figures: ListFigures): Promise<boolean> {
  const rows = await sql.query(
    `UPDATE price_list SET credit_micros = coalesce($2, credit_micros), credit_max_micros = coalesce($3, credit_max_micros),
      free_credits = coalesce($4, free_credits), free_period = coalesce($5::budget_period, free_period)
    WHERE id = $1 AND coalesce($2, credit_micros) <= coalesce($3, credit_max_micros) RETURNING id`,
    [
      id,
      figures.creditMicros?.toString() ?? null,
      figures.creditMaxMicros?.toString() ?? null,
      figures.freeCredits,
      figures.freePeriod,
    ],
  );
  return rows.length > 0;
}
