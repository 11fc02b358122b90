/** All SQL of the plans' room. A version is only ever added, and taken away at the most before it begins. */
import type { Sql } from '../database/index.ts';
import type { Tier } from '../ledger/index.ts';
import type { IncludedUse, PlanInterval } from './offers.ts';

/** The ids of all plans, packs and versions of them. */
export const ALL_IDS = `
SELECT id FROM plan UNION ALL SELECT id FROM pack
UNION ALL SELECT id::text FROM plan_version UNION ALL SELECT id::text FROM pack_version`;

/** A plan as it is to be, apart from its figures. */
export interface PlanHead {
  readonly id: string;
  readonly priceListId: string;
  readonly name: string;
  readonly tier: Tier;
  readonly note: string | null;
}

/** Makes a plan or changes its name, tier and note. */
export async function putPlan(sql: Sql, plan: PlanHead): Promise<void> {
  await sql.query(
    `INSERT INTO plan (id, price_list_id, name, tier, note) VALUES ($1, $2, $3, $4::tier, $5)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, tier = excluded.tier, note = excluded.note`,
    [plan.id, plan.priceListId, plan.name, plan.tier, plan.note],
  );
}

/** A version as it is to be. */
export interface VersionRow {
  readonly id: string;
  readonly priceMicros: bigint;
  readonly credits: number;
  readonly effectiveFrom: Date;
  readonly retired: boolean;
}

/** Adds a version of a plan. */
export async function addPlanVersion(
  sql: Sql,
  now: Date,
  planId: string,
  version: VersionRow & {
    readonly interval: PlanInterval;
    readonly rollover: boolean;
    readonly included: readonly IncludedUse[];
  },
): Promise<void> {
  await sql.query(
    `INSERT INTO plan_version (id, plan_id, interval, price_micros, credits, rollover, included, effective_from, retired, created_at)
    VALUES ($1, $2, $3::plan_interval, $4, $5, $6, $7::jsonb, $8, $9, $10)`,
    [
      version.id,
      planId,
      version.interval,
      version.priceMicros.toString(),
      version.credits,
      version.rollover,
      JSON.stringify(version.included),
      version.effectiveFrom,
      version.retired,
      now,
    ],
  );
}

/** Makes a pack or changes its name. */
export async function putPack(sql: Sql, id: string, priceListId: string, name: string): Promise<void> {
  await sql.query(
    `INSERT INTO pack (id, price_list_id, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = excluded.name`,
    [id, priceListId, name],
  );
}

/** Adds a version of a pack. */
export async function addPackVersion(
  sql: Sql,
  now: Date,
  packId: string,
  version: VersionRow,
): Promise<void> {
  await sql.query(
    `INSERT INTO pack_version (id, pack_id, price_micros, credits, effective_from, retired, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      version.id,
      packId,
      version.priceMicros.toString(),
      version.credits,
      version.effectiveFrom,
      version.retired,
      now,
    ],
  );
}

/** What a version said that has been taken away. */
export interface DroppedVersion {
  readonly effectiveFrom: Date;
  readonly retired: boolean;
  readonly priceMicros: bigint;
  readonly credits: number;
}

const drop =
  (table: 'plan_version' | 'pack_version') =>
  async (sql: Sql, now: Date, versionId: string): Promise<DroppedVersion | null> => {
    const [row] = await sql.query<DroppedVersion>(
      `DELETE FROM ${table} WHERE id = $1 AND effective_from > $2
      RETURNING effective_from AS "effectiveFrom", retired, price_micros AS "priceMicros", credits`,
      [versionId, now],
    );
    return row ?? null;
  };

/** Takes a version of a plan away that has not begun; null when there is none. */
export const dropPlanVersion = drop('plan_version');

/** Takes a version of a pack away that has not begun; null when there is none. */
export const dropPackVersion = drop('pack_version');

/** A plan or a pack by its name. */
export interface NamedOffer {
  readonly id: string;
  readonly name: string;
  readonly priceListId: string;
}

const named =
  (table: 'plan' | 'pack') =>
  (sql: Sql, ids: readonly string[]): Promise<NamedOffer[]> =>
    sql.query(`SELECT id, name, price_list_id AS "priceListId" FROM ${table} WHERE id = ANY ($1)`, [ids]);

/** Plans by their ids; those that were never sold here are left out. */
export const plansNamed = named('plan');
/** Packs by their ids, likewise. */
export const packsNamed = named('pack');
