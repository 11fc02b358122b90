import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import {
  type PackOffer,
  type PlanInterval,
  type PlanOffer,
  packOffers,
  packVersion,
  planOffers,
  planVersion,
} from './offers.ts';

/** What the plans' room needs. */
export interface PlansOptions {
  readonly database: Database;
  readonly clock: Clock;
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
}

/**
 * When credits of a plan expire that come with the payment for a period: at its end, or never when they roll over.
 *
 * @param periodEnd when the period that was paid for ends.
 */
export function creditsExpireAt(offer: Pick<PlanOffer, 'rollover'>, periodEnd: Date): Date | null {
  return offer.rollover ? null : periodEnd;
}

/** Makes the plans' room. */
export function createPlans({ database, clock, priceList }: PlansOptions): Plans {
  const idOf = (name: string) => {
    const lower = name.toLowerCase();
    return lower.startsWith(`${priceList}-`) ? lower : `${priceList}-${lower}`;
  };
  const offers = (at = clock.now()) => planOffers(database, priceList, at);
  const packs = (at = clock.now()) => packOffers(database, priceList, at);
  return {
    offers,
    packs,
    async offer(plan, interval, at) {
      const id = idOf(plan);
      return (await offers(at)).find((one) => one.planId === id && one.interval === interval) ?? null;
    },
    async pack(pack, at) {
      const id = idOf(pack);
      return (await packs(at)).find((one) => one.packId === id) ?? null;
    },
    planVersion: (versionId) => planVersion(database, versionId),
    packVersion: (versionId) => packVersion(database, versionId),
  };
}
