import type { FieldProblem } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import {
  type Cancellation,
  type CancelOutcome,
  cancelPackVersion,
  cancelPlanVersion,
  type Editing,
  type PackChange,
  type PackChangeOutcome,
  type PlanChange,
  type PlanChangeOutcome,
  retirePack,
  retirePlan,
  setPack,
  setPlan,
} from './edit.ts';
import { packVersions, planVersions, type Version } from './history.ts';
import {
  type PackOffer,
  type PlanInterval,
  type PlanOffer,
  packOffers,
  packVersion,
  planOffers,
  planVersion,
} from './offers.ts';
import { type Appraising, type SimulateOutcome, type SimulationInput, simulate } from './simulate.ts';

/** What the plans' room needs. */
export interface PlansOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly catalog: Appraising;
  /** Id of the active price list: nothing of another is sold. */
  readonly priceList: string;
}

/** Plans and packs of the active price list. Its functions throw what the database throws. */
export interface Plans {
  /** Every plan that is sold at an instant (now, when none is said), the cheapest first. */
  offers(at?: Date): Promise<PlanOffer[]>;
  /** Every pack that is sold at an instant (now, when none is said), the cheapest first. */
  packs(at?: Date): Promise<PackOffer[]>;
  /**
   * A plan as it is sold at an instant.
   *
   * @param plan its id (`tokens-pro`), or its name within the active list (`pro`), in any case.
   * @returns null when the active list has none of that name, or it is not sold then.
   */
  offer(plan: string, interval: PlanInterval, at?: Date): Promise<PlanOffer | null>;
  /** A pack as it is sold at an instant, by its id (`tokens-100`) or its name within the active list (`100`); or null. */
  pack(pack: string, at?: Date): Promise<PackOffer | null>;
  /** What a version of a plan says, in force or not, of whatever list: what somebody has subscribed to. */
  planVersion(versionId: string): Promise<PlanOffer | null>;
  /** What a version of a pack says, in force or not, of whatever list. */
  packVersion(versionId: string): Promise<PackOffer | null>;
  /** Every version of the active list's plans: to come, in force, past. The newest first. */
  planVersions(): Promise<Version<PlanOffer>[]>;
  /** Every version of the active list's packs, likewise. */
  packVersions(): Promise<Version<PackOffer>[]>;
  /** What a price leaves when its uses have been paid for; see simulate.ts. */
  simulate(input: SimulationInput): SimulateOutcome;
  /** Sets what a plan costs and gives from an instant on; a plan that is not there is made. */
  setPlan(change: PlanChange): Promise<PlanChangeOutcome>;
  /** Sets what a pack costs and gives from an instant on; a pack that is not there is made. */
  setPack(change: PackChange): Promise<PackChangeOutcome>;
  /** Ends the sale of a plan by an interval; those who have subscribed keep it. */
  retirePlan(plan: string, interval: PlanInterval, change: Retirement): Promise<RetireOutcome<PlanOffer>>;
  /** Ends the sale of a pack. */
  retirePack(pack: string, change: Retirement): Promise<RetireOutcome<PackOffer>>;
  /** Takes back a version of a plan of the active list before it begins. */
  cancelPlanVersion(cancellation: Cancellation): Promise<CancelOutcome<PlanOffer>>;
  /** Takes back a version of a pack, likewise. */
  cancelPackVersion(cancellation: Cancellation): Promise<CancelOutcome<PackOffer>>;
}

/** From when on something is not sold, and why. */
export interface Retirement {
  /** Left out: from now. */
  readonly effectiveFrom?: Date | null | undefined;
  readonly reason: string;
  readonly actor: string;
}

export type RetireOutcome<Offer> =
  /** The offer as it was sold last. */
  | { readonly status: 'retired'; readonly offer: Offer }
  | { readonly status: 'not-found' }
  | { readonly status: 'invalid'; readonly fields: readonly FieldProblem[] };

/**
 * When credits of a plan expire that come with the payment for a period: at its end, or never when they roll over.
 *
 * @param periodEnd when the period that was paid for ends.
 */
export function creditsExpireAt(offer: Pick<PlanOffer, 'rollover'>, periodEnd: Date): Date | null {
  return offer.rollover ? null : periodEnd;
}

/** Makes the plans' room. */
export function createPlans({ database, clock, catalog, priceList }: PlansOptions): Plans {
  const idOf = (name: string) => {
    const lower = name.toLowerCase();
    return lower.startsWith(`${priceList}-`) ? lower : `${priceList}-${lower}`;
  };
  const offers = (at = clock.now()) => planOffers(database, priceList, at);
  const packs = (at = clock.now()) => packOffers(database, priceList, at);
  const editing: Editing = { database, clock, catalog, priceList, idOf };

  async function offer(plan: string, interval: PlanInterval, at?: Date): Promise<PlanOffer | null> {
    const id = idOf(plan);
    return (await offers(at)).find((one) => one.planId === id && one.interval === interval) ?? null;
  }

  async function pack(name: string, at?: Date): Promise<PackOffer | null> {
    const id = idOf(name);
    return (await packs(at)).find((one) => one.packId === id) ?? null;
  }

  async function retire<Offer>(
    found: Offer | null,
    end: (found: Offer) => Promise<Extract<RetireOutcome<Offer>, { status: 'invalid' }> | null>,
  ): Promise<RetireOutcome<Offer>> {
    if (!found) return { status: 'not-found' };
    return (await end(found)) ?? { status: 'retired', offer: found };
  }

  return {
    offers,
    packs,
    offer,
    pack,
    planVersion: (versionId) => planVersion(database, versionId),
    packVersion: (versionId) => packVersion(database, versionId),
    planVersions: () => planVersions(database, priceList, clock.now()),
    packVersions: () => packVersions(database, priceList, clock.now()),
    simulate: (input) => simulate(catalog, input),
    setPlan: (change) => setPlan(editing, change),
    setPack: (change) => setPack(editing, change),
    retirePlan: async (plan, interval, change) =>
      retire(await offer(plan, interval), (found) => retirePlan(editing, found, change)),
    retirePack: async (name, change) =>
      retire(await pack(name), (found) => retirePack(editing, found, change)),
    cancelPlanVersion: (cancellation) => cancelPlanVersion(editing, cancellation),
    cancelPackVersion: (cancellation) => cancelPackVersion(editing, cancellation),
  };
}
