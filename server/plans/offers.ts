/** What is offered at an instant: the versions of plans and packs that are in force. */
import type { Database } from '../database/index.ts';
import type { Tier } from '../ledger/index.ts';
import type { Micros } from '../money.ts';

export type PlanInterval = 'MONTH' | 'YEAR';

/** A use that a plan's credits are reckoned for. */
export interface IncludedUse {
  /** `provider/name`; a retired one too. */
  readonly model: string;
  /** How many an interval. */
  readonly count: number;
  readonly size?: string;
  readonly quality?: string;
  readonly durationSeconds?: number;
}

/** A plan as it is sold at an instant, for one interval. */
export interface PlanOffer {
  readonly planId: string;
  /** The row that holds these figures: written once, never changed. */
  readonly versionId: string;
  readonly priceListId: string;
  readonly name: string;
  readonly tier: Tier;
  readonly note: string | null;
  readonly interval: PlanInterval;
  /** For one interval. */
  readonly priceMicros: Micros;
  /** That come with each payment. */
  readonly credits: number;
  /** Whether what is left stays when the next credits come. */
  readonly rollover: boolean;
  readonly included: readonly IncludedUse[];
  readonly effectiveFrom: Date;
}

/** A pack as it is sold at an instant. */
export interface PackOffer {
  readonly packId: string;
  /** The row that holds these figures: written once, never changed. */
  readonly versionId: string;
  readonly priceListId: string;
  readonly name: string;
  readonly priceMicros: Micros;
  readonly credits: number;
  readonly effectiveFrom: Date;
}

/** The newest first; of two with one date the one that was written later holds. */
export const NEWEST = [{ effectiveFrom: 'desc' }, { createdAt: 'desc' }, { id: 'desc' }] as const;

interface Dated {
  readonly retired: boolean;
}

/** The first of sorted versions, unless it says that nothing is sold any more. */
function inForce<Version extends Dated>(versions: readonly Version[]): Version | null {
  const newest = versions[0];
  return newest && !newest.retired ? newest : null;
}

/** Plans of a price list that are sold at an instant, the cheapest first, months before years. */
export async function planOffers(database: Database, priceListId: string, at: Date): Promise<PlanOffer[]> {
  const plans = await database.prisma.plan.findMany({
    where: { priceListId },
    include: { versions: { where: { effectiveFrom: { lte: at } }, orderBy: [...NEWEST] } },
    orderBy: { id: 'asc' },
  });
  return plans
    .flatMap((plan) =>
      (['MONTH', 'YEAR'] as const).flatMap((interval) => {
        const version = inForce(plan.versions.filter((row) => row.interval === interval));
        return version ? [planOffer(plan, version)] : [];
      }),
    )
    .sort(byPrice);
}

/** Packs of a price list that are sold at an instant, the cheapest first. */
export async function packOffers(database: Database, priceListId: string, at: Date): Promise<PackOffer[]> {
  const packs = await database.prisma.pack.findMany({
    where: { priceListId },
    include: { versions: { where: { effectiveFrom: { lte: at } }, orderBy: [...NEWEST], take: 1 } },
    orderBy: { id: 'asc' },
  });
  return packs
    .flatMap((pack) => {
      const version = inForce(pack.versions);
      return version ? [packOffer(pack, version)] : [];
    })
    .sort(byPrice);
}

/** The figures of one version, in force or not, of whatever list; null when there is none. */
export async function planVersion(database: Database, id: string): Promise<PlanOffer | null> {
  const version = await database.prisma.planVersion.findUnique({ where: { id }, include: { plan: true } });
  return version ? planOffer(version.plan, version) : null;
}

/** The figures of one version, in force or not, of whatever list; null when there is none. */
export async function packVersion(database: Database, id: string): Promise<PackOffer | null> {
  const version = await database.prisma.packVersion.findUnique({ where: { id }, include: { pack: true } });
  return version ? packOffer(version.pack, version) : null;
}

function byPrice(one: { priceMicros: Micros }, other: { priceMicros: Micros }): number {
  if (one.priceMicros === other.priceMicros) return 0;
  return one.priceMicros < other.priceMicros ? -1 : 1;
}

interface PlanRow {
  readonly id: string;
  readonly priceListId: string;
  readonly name: string;
  readonly tier: Tier;
  readonly note: string | null;
}

interface PlanVersionRow {
  readonly id: string;
  readonly interval: PlanInterval;
  readonly priceMicros: Micros;
  readonly credits: number;
  readonly rollover: boolean;
  readonly included: unknown;
  readonly effectiveFrom: Date;
}

/** A plan with one of its versions, in force or not. */
export function planOffer(plan: PlanRow, version: PlanVersionRow): PlanOffer {
  return {
    planId: plan.id,
    versionId: version.id,
    priceListId: plan.priceListId,
    name: plan.name,
    tier: plan.tier,
    note: plan.note,
    interval: version.interval,
    priceMicros: version.priceMicros,
    credits: version.credits,
    rollover: version.rollover,
    // Written by this room alone, which checks it before.
    included: version.included as readonly IncludedUse[],
    effectiveFrom: version.effectiveFrom,
  };
}

/** A pack with one of its versions, in force or not. */
export function packOffer(
  pack: { readonly id: string; readonly priceListId: string; readonly name: string },
  version: {
    readonly id: string;
    readonly priceMicros: Micros;
    readonly credits: number;
    readonly effectiveFrom: Date;
  },
): PackOffer {
  return {
    packId: pack.id,
    versionId: version.id,
    priceListId: pack.priceListId,
    name: pack.name,
    priceMicros: version.priceMicros,
    credits: version.credits,
    effectiveFrom: version.effectiveFrom,
  };
}
