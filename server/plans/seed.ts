import type { Clock } from '../clock.ts';
import { addMissing, type Database } from '../database/index.ts';
import { keyedId } from '../ids.ts';
import { parseDecimal } from '../money.ts';
import { PACKS, PLANS } from './plan-rows.ts';
import { ALL_IDS } from './statements.ts';

/** How many rows were missing and are there now. */
export interface PlanSeedReport {
  readonly plans: number;
  readonly packs: number;
  /** Versions of both. */
  readonly versions: number;
}

/**
 * Puts the shipped plans and packs (plan-rows.ts) that are missing into the database, and touches no row that is there.
 * May be run at each start, and by several processes at once: a shipped row has the same id everywhere.
 *
 * @throws what the database throws. A seeding that was cut short is completed by the next.
 */
export async function seedPlans(database: Database, clock: Clock): Promise<PlanSeedReport> {
  const { prisma } = database;
  const createdAt = clock.now();
  const rows = await database.query<{ id: string }>(ALL_IDS);
  const known = new Set(rows.map(({ id }) => id));
  return {
    plans: await addMissing(
      known,
      PLANS.map(({ list, name, tier, note }) => ({
        id: `${list}-${name.toLowerCase()}`,
        priceListId: list,
        name,
        tier,
        note,
      })),
      (missing) => prisma.plan.createMany(missing),
    ),
    packs: await addMissing(
      known,
      PACKS.map(({ list, credits }) => ({
        id: `${list}-${credits}`,
        priceListId: list,
        name: `${credits.toLocaleString('en')} credits`,
      })),
      (missing) => prisma.pack.createMany(missing),
    ),
    versions:
      (await addMissing(
        known,
        PLANS.flatMap(({ list, name, versions }) =>
          versions.map(({ interval, price, credits, rollover, included, from }) => {
            const planId = `${list}-${name.toLowerCase()}`;
            return {
              id: keyedId(['solvent-plan', planId, interval, from]),
              planId,
              interval,
              priceMicros: parseDecimal(price),
              credits,
              rollover,
              included: included.map((use) => ({ ...use })),
              effectiveFrom: new Date(from),
              createdAt,
            };
          }),
        ),
        (missing) => prisma.planVersion.createMany(missing),
      )) +
      (await addMissing(
        known,
        PACKS.map(({ list, credits, price, from }) => {
          const packId = `${list}-${credits}`;
          return {
            id: keyedId(['solvent-pack', packId, from]),
            packId,
            priceMicros: parseDecimal(price),
            credits,
            effectiveFrom: new Date(from),
            createdAt,
          };
        }),
        (missing) => prisma.packVersion.createMany(missing),
      )),
  };
}
