/** The door of the plans' room: what is sold, at which price, from when on. See README.md. */
export type {
  Cancellation,
  CancelOutcome,
  PackChange,
  PackChangeOutcome,
  PlanChange,
  PlanChangeOutcome,
} from './edit.ts';
export { usualFee } from './fees.ts';
export type { Version, VersionState } from './history.ts';
export { packNames, planNames } from './names.ts';
export type { IncludedUse, PackOffer, PlanInterval, PlanOffer } from './offers.ts';
export {
  createPlans,
  creditsExpireAt,
  type Plans,
  type PlansOptions,
  type Retirement,
  type RetireOutcome,
} from './plans.ts';
export { type PlanSeedReport, seedPlans } from './seed.ts';
export type {
  Appraising,
  Extreme,
  Figures,
  ModelMargin,
  Result,
  SimulatedLine,
  SimulatedUse,
  SimulateOutcome,
  Simulation,
  SimulationInput,
} from './simulate.ts';
