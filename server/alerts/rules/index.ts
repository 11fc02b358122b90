/** Every rule, in the order of the kinds. */
import { ALERT_KINDS } from '../types.ts';
import { budgetWarning } from './budget-warning.ts';
import { costAboveHold } from './cost-above-hold.ts';
import { costSpike } from './cost-spike.ts';
import { emergencyShutdown } from './emergency-shutdown.ts';
import { freeTierCost } from './free-tier-cost.ts';
import { marginLow } from './margin-low.ts';
import { modelRetiring } from './model-retiring.ts';
import { providerDown } from './provider-down.ts';
import { RAISED } from './raised.ts';
import type { Rule } from './rule.ts';
import { unusualUsage } from './unusual-usage.ts';

export type { Booked, Rule, Topic } from './rule.ts';

/** One for each kind of alert. */
export const RULES: readonly Rule[] = [
  budgetWarning,
  emergencyShutdown,
  marginLow,
  costSpike,
  freeTierCost,
  unusualUsage,
  costAboveHold,
  providerDown,
  modelRetiring,
  ...RAISED,
].sort((a, b) => ALERT_KINDS.indexOf(a.kind) - ALERT_KINDS.indexOf(b.kind));
