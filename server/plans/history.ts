/** Every version of plans and packs: those that are sold, those that were, and those that are to come. */
import type { Database } from '../database/index.ts';
import { NEWEST, type PackOffer, type PlanOffer, packOffer, planOffer } from './offers.ts';

/** What has become of a version: it is to come, it holds, or another has taken its place. */
export type VersionState = 'SCHEDULED' | 'IN_FORCE' | 'PAST';

/** What a plan or a pack costs and gives from an instant on, as somebody wrote it. */
export interface Version<Offer> {
  readonly offer: Offer;
  /** True: from then on it is not sold. */
  readonly retired: boolean;
  readonly state: VersionState;
  readonly createdAt: Date;
}

/** All versions of all plans of a list, the newest first. */
export async function planVersions(
  database: Database,
  priceListId: string,
  now: Date,
): Promise<Version<PlanOffer>[]> {
  const rows = await database.prisma.planVersion.findMany({
    where: { plan: { priceListId } },
    include: { plan: true },
    orderBy: [...NEWEST],
  });
  return withStates(
    rows,
    now,
    (row) => `${row.planId} ${row.interval}`,
    (row) => planOffer(row.plan, row),
  );
}

/** All versions of all packs of a list, the newest first. */
export async function packVersions(
  database: Database,
  priceListId: string,
  now: Date,
): Promise<Version<PackOffer>[]> {
  const rows = await database.prisma.packVersion.findMany({
    where: { pack: { priceListId } },
    include: { pack: true },
    orderBy: [...NEWEST],
  });
  return withStates(
    rows,
    now,
    (row) => row.packId,
    (row) => packOffer(row.pack, row),
  );
}

interface VersionRow {
  readonly effectiveFrom: Date;
  readonly retired: boolean;
  readonly createdAt: Date;
}

/** Of rows that are sorted, the newest first, the first of each subject that has begun is in force; of two for one instant the first holds. */
function withStates<Row extends VersionRow, Offer>(
  rows: readonly Row[],
  now: Date,
  subjectOf: (row: Row) => string,
  offerOf: (row: Row) => Offer,
): Version<Offer>[] {
  const begun = new Set<string>();
  const known = new Set<string>();
  return rows.map((row) => {
    const subject = subjectOf(row);
    const instant = `${subject} ${row.effectiveFrom.toISOString()}`;
    const isToCome = row.effectiveFrom > now && !known.has(instant);
    known.add(instant);
    const state = isToCome
      ? 'SCHEDULED'
      : row.effectiveFrom > now || begun.has(subject)
        ? 'PAST'
        : 'IN_FORCE';
    if (row.effectiveFrom <= now) begun.add(subject);
    return { offer: offerOf(row), retired: row.retired, state, createdAt: row.createdAt };
  });
}
