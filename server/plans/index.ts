/** The door of the plans' room: what is sold, at which price, from when on. See README.md. */
export type { IncludedUse, PackOffer, PlanInterval, PlanOffer } from './offers.ts';
export { createPlans, creditsExpireAt, type Plans, type PlansOptions } from './plans.ts';
export { type PlanSeedReport, seedPlans } from './seed.ts';
