/**
 * What plans and packs ship as: the owner's own figures, and ours where he gave none. It reads like a table; what puts
 * it into the database is seed.ts.
 *
 * To change a figure, never edit a row that has shipped: add one with a later date. The old row says what was sold
 * before.
 */
import type { Tier } from '../ledger/index.ts';
import type { IncludedUse, PlanInterval } from './offers.ts';

/** The day from which the owner's figures hold. */
const OWNER = '2025-01-01';

/** A plan as it ships. Its id is `<list>-<name in lower case>`. */
export interface ShippedPlan {
  readonly list: string;
  readonly name: string;
  readonly tier: Tier;
  readonly note: string;
  readonly versions: readonly ShippedVersion[];
}

/** What a plan costs and gives from a day on. */
export interface ShippedVersion {
  readonly interval: PlanInterval;
  /** Decimal dollars. */
  readonly price: string;
  readonly credits: number;
  readonly rollover: boolean;
  readonly included: readonly IncludedUse[];
  /** Day, UTC. */
  readonly from: string;
}

/** A pack as it ships. Its id is `<list>-<credits>`. */
export interface ShippedPack {
  readonly list: string;
  readonly credits: number;
  /** Decimal dollars. */
  readonly price: string;
  /** Day, UTC. */
  readonly from: string;
}

/** Pictures of DALL·E 3 HD (16 credits) and clips of 8 s by Gen-3 Turbo (50 credits): what the owner reckons with. */
const mix = (pictures: number, clips: number): IncludedUse[] => [
  { model: 'openai/dall-e-3-hd', count: pictures },
  { model: 'runway/gen3a_turbo', count: clips, durationSeconds: 8 },
];

/**
 * Both lists' plans.
 *
 * The tokens list: the owner's table has two mixes for each plan, one that earns and one that loses. The credits are
 * those of the mix that earns, at the list's prices: Creator 10 × 16 + 15 × 50 = 910, Pro 30 × 16 + 30 × 50 = 1,980.
 * With as many credits nobody can use the mix that loses. A year has twelve times the credits, for twelve months'
 * price less what one payment instead of twelve saves in fixed fees (11 × $0.30), rounded to dollars that keep the
 * mix's margin at 20 % or more. More off would sell the clips under the floor.
 *
 * The dtf list: a year is ten months' price where a credit then still sells for $0.40; Pro's sells for $0.3998 by the
 * month already, so that its year is twelve months' price.
 */
export const PLANS: readonly ShippedPlan[] = [
  {
    list: 'tokens',
    name: 'Creator',
    tier: 'CREATOR',
    note: 'Reckoned for 10 HD pictures and 15 clips of 8 s a month.',
    versions: [
      { interval: 'MONTH', price: '9', credits: 910, rollover: false, included: mix(10, 15), from: OWNER },
      {
        interval: 'YEAR',
        price: '104',
        credits: 10_920,
        rollover: false,
        included: mix(120, 180),
        from: OWNER,
      },
    ],
  },
  {
    list: 'tokens',
    name: 'Pro',
    tier: 'PRO',
    note: 'Reckoned for 30 HD pictures and 30 clips of 8 s a month. What is left stays.',
    versions: [
      {
        interval: 'MONTH',
        price: '19.99',
        credits: 1_980,
        rollover: true,
        included: mix(30, 30),
        from: OWNER,
      },
      {
        interval: 'YEAR',
        price: '236',
        credits: 23_760,
        rollover: true,
        included: mix(360, 360),
        from: OWNER,
      },
    ],
  },
  {
    list: 'dtf',
    name: 'Basic',
    tier: 'BASIC',
    note: 'A credit sells for $0.4995 by the month.',
    versions: [
      { interval: 'MONTH', price: '9.99', credits: 20, rollover: false, included: [], from: OWNER },
      { interval: 'YEAR', price: '99.90', credits: 240, rollover: false, included: [], from: OWNER },
    ],
  },
  {
    list: 'dtf',
    name: 'Starter',
    tier: 'STARTER',
    note: "The owner's figures are those of Basic; what is left stays.",
    versions: [
      { interval: 'MONTH', price: '9.99', credits: 20, rollover: true, included: [], from: OWNER },
      { interval: 'YEAR', price: '99.90', credits: 240, rollover: true, included: [], from: OWNER },
    ],
  },
  {
    list: 'dtf',
    name: 'Pro',
    tier: 'PRO',
    note: 'A credit sells for $0.3998. What is left stays.',
    versions: [
      { interval: 'MONTH', price: '19.99', credits: 50, rollover: true, included: [], from: OWNER },
      { interval: 'YEAR', price: '239.88', credits: 600, rollover: true, included: [], from: OWNER },
    ],
  },
];

/**
 * Both lists' packs. Tokens sell for a cent each whatever the size: at a cent the clips stand at the floor of margin,
 * so that there is nothing to give off. A larger pack saves the operator fees: of $1 Stripe keeps a third. Credits of
 * dtf go from $0.80 to $0.40, the owner's bounds.
 */
export const PACKS: readonly ShippedPack[] = [
  { list: 'tokens', credits: 100, price: '1', from: OWNER },
  { list: 'tokens', credits: 500, price: '5', from: OWNER },
  { list: 'tokens', credits: 1_000, price: '10', from: OWNER },
  { list: 'tokens', credits: 2_500, price: '25', from: OWNER },
  { list: 'tokens', credits: 10_000, price: '100', from: OWNER },
  { list: 'dtf', credits: 5, price: '4', from: OWNER },
  { list: 'dtf', credits: 10, price: '7', from: OWNER },
  { list: 'dtf', credits: 25, price: '15', from: OWNER },
  { list: 'dtf', credits: 50, price: '25', from: OWNER },
  { list: 'dtf', credits: 100, price: '40', from: OWNER },
];
