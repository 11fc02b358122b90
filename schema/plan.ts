/** Plans and packs: what is sold for money, and an operator's changes of it. */
import type { IncludedUse, PackOffer, PlanOffer, RetireOutcome, Simulation } from '../server/plans/index.ts';
import { builder, needs } from './builder.ts';
import type { Context } from './context.ts';
import { readDollars } from './decimal.ts';
import { PlanInterval, Tier } from './enums.ts';
import { unauthenticated } from './errors.ts';
import {
  type FieldProblem,
  InvalidInputError,
  invalidInput,
  NotFoundError,
  notFoundOutcome,
  resolveOutcome,
} from './outcome.ts';
import { reasonProblem } from './reason.ts';
import { Money } from './scalars.ts';
import { PlanSimulation, PlanUseInput, useProblems } from './simulation.ts';

const IncludedUseType = builder.objectRef<IncludedUse>('IncludedUse').implement({
  description: 'A use that a plan’s credits are reckoned for. It binds nobody.',
  fields: (t) => ({
    model: t.exposeString('model', { description: 'provider/name' }),
    count: t.exposeInt('count', { description: 'How many an interval.' }),
    size: t.exposeString('size', { nullable: true, description: 'Null: the default.' }),
    quality: t.exposeString('quality', { nullable: true, description: 'Null: the default.' }),
    durationSeconds: t.exposeInt('durationSeconds', { nullable: true, description: 'Null: the default.' }),
  }),
});

interface Offer {
  readonly priceMicros: bigint;
  readonly credits: number;
  readonly included?: readonly IncludedUse[];
}

function simulationOf(offer: Offer, context: Context): Simulation {
  const outcome = context.core.plans.simulate({
    priceMicros: offer.priceMicros,
    credits: offer.credits,
    uses: offer.included ?? [],
  });
  if (outcome.status === 'simulated') return outcome.simulation;
  // A model of its uses is not in the catalogue any more: what its credits can be spent on still is.
  return simulationOf({ priceMicros: offer.priceMicros, credits: offer.credits }, context);
}

/** Whether the included uses, or without any some model that is sold now, leave less than the site's floor. */
function isBelowFloor(offer: Offer, context: Context): boolean {
  const simulation = simulationOf(offer, context);
  const margins =
    simulation.lines.length > 0
      ? [simulation.beforeFees.margin]
      : simulation.models.filter((model) => !model.retired).map((model) => model.marginOfPlan);
  const floor = context.core.environment.minMargin;
  return margins.some((margin) => margin !== null && margin < floor);
}

const pricePerCredit = (offer: Offer) => offer.priceMicros / BigInt(offer.credits);

export const Plan = builder.objectRef<PlanOffer>('Plan').implement({
  description: 'What an account can subscribe to, as it is sold at an instant, for one interval.',
  fields: (t) => ({
    id: t.id({ description: 'Such as tokens-pro.', resolve: (plan) => plan.planId }),
    name: t.exposeString('name', { description: 'For people.' }),
    tier: t.expose('tier', { type: Tier, description: 'What an account that subscribes becomes.' }),
    note: t.exposeString('note', { nullable: true, description: 'What else is to be known.' }),
    interval: t.expose('interval', { type: PlanInterval, description: 'How often it is paid.' }),
    price: t.field({ type: Money, description: 'For one interval.', resolve: (plan) => plan.priceMicros }),
    credits: t.exposeInt('credits', { description: 'That come with each payment.' }),
    pricePerCredit: t.field({
      type: Money,
      description: 'What one credit sells for, rounded down to the micro.',
      resolve: pricePerCredit,
    }),
    rollover: t.exposeBoolean('rollover', {
      description: 'Whether what is left stays when the next credits come.',
    }),
    included: t.field({
      type: [IncludedUseType],
      description: 'What its credits are reckoned for.',
      resolve: (plan) => [...plan.included],
    }),
    effectiveFrom: t.expose('effectiveFrom', {
      type: 'DateTime',
      description: 'From when on it is sold like this.',
    }),
    simulation: t.field({
      type: PlanSimulation,
      ...needs('profit:read', 'What its price leaves when its uses have been paid for.'),
      resolve: (plan, _args, context) => simulationOf(plan, context),
    }),
    belowFloor: t.boolean({
      ...needs(
        'profit:read',
        'Whether its included uses, or without any some model that is sold now, leave less than the floor of margin at its price for a credit.',
      ),
      resolve: (offer, _args, context) => isBelowFloor(offer, context),
    }),
  }),
});

export const Pack = builder.objectRef<PackOffer>('Pack').implement({
  description: 'Credits that are bought once, as they are sold at an instant.',
  fields: (t) => ({
    id: t.id({ description: 'Such as tokens-100.', resolve: (pack) => pack.packId }),
    name: t.exposeString('name', { description: 'For people.' }),
    price: t.field({ type: Money, description: 'What it costs.', resolve: (pack) => pack.priceMicros }),
    credits: t.exposeInt('credits', { description: 'That it gives.' }),
    pricePerCredit: t.field({
      type: Money,
      description: 'What one credit sells for, rounded down to the micro.',
      resolve: pricePerCredit,
    }),
    effectiveFrom: t.expose('effectiveFrom', {
      type: 'DateTime',
      description: 'From when on it is sold like this.',
    }),
    simulation: t.field({
      type: PlanSimulation,
      ...needs('profit:read', 'What its price leaves, by what its credits are spent on.'),
      resolve: (pack, _args, context) => simulationOf(pack, context),
    }),
    belowFloor: t.boolean({
      ...needs(
        'profit:read',
        'Whether some model that is sold now leaves less than the floor of margin at its price for a credit.',
      ),
      resolve: (offer, _args, context) => isBelowFloor(offer, context),
    }),
  }),
});

builder.queryFields((t) => {
  const at = t.arg({ type: 'DateTime', required: false, description: 'As it is sold then; left out: now.' });
  return {
    plans: t.field({
      type: [Plan],
      description: 'Every plan of the active price list that is sold, the cheapest first.',
      authScopes: { signedIn: true },
      args: { at },
      resolve: (_root, args, { core }) => core.plans.offers(args.at ?? undefined),
    }),
    packs: t.field({
      type: [Pack],
      description: 'Every pack of the active price list that is sold, the cheapest first.',
      authScopes: { signedIn: true },
      args: { at },
      resolve: (_root, args, { core }) => core.plans.packs(args.at ?? undefined),
    }),
  };
});

const FROM = 'From when on; left out: from now. What was sold before stays as it was.';
const REASON = 'Why; it is written to the audit log.';
const PRICE = 'In dollars and whole cents: "19.99".';

const SetPlanInput = builder.inputType('SetPlanInput', {
  description: 'A plan’s new figures for one interval. What is left out of one that exists stays as it is.',
  fields: (t) => ({
    plan: t.string({
      required: true,
      description: 'Its id or its name within the active list; one that is not there is made.',
    }),
    interval: t.field({ type: PlanInterval, required: true, description: 'How often it is paid.' }),
    name: t.string({ description: 'For people.' }),
    tier: t.field({ type: Tier, description: 'What a subscriber becomes; needed for a new plan.' }),
    note: t.string({ description: 'What else is to be known.' }),
    price: t.field({ type: 'Decimal', required: true, description: PRICE }),
    credits: t.int({ required: true, description: 'That come with each payment.' }),
    rollover: t.boolean({ description: 'Whether what is left stays when the next credits come.' }),
    included: t.field({ type: [PlanUseInput], description: 'What its credits are reckoned for.' }),
    effectiveFrom: t.field({ type: 'DateTime', description: FROM }),
    reason: t.string({ required: true, description: REASON }),
  }),
});

const SetPackInput = builder.inputType('SetPackInput', {
  description: 'A pack’s new figures.',
  fields: (t) => ({
    pack: t.string({
      required: true,
      description: 'Its id or its name within the active list; one that is not there is made.',
    }),
    name: t.string({ description: 'For people.' }),
    price: t.field({ type: 'Decimal', required: true, description: PRICE }),
    credits: t.int({ required: true, description: 'That it gives.' }),
    effectiveFrom: t.field({ type: 'DateTime', description: FROM }),
    reason: t.string({ required: true, description: REASON }),
  }),
});

const RetirePlanInput = builder.inputType('RetirePlanInput', {
  description: 'A plan that is not to be sold any more by an interval.',
  fields: (t) => ({
    plan: t.string({ required: true, description: 'Its id or its name within the active list.' }),
    interval: t.field({ type: PlanInterval, required: true, description: 'Of which interval.' }),
    effectiveFrom: t.field({ type: 'DateTime', description: FROM }),
    reason: t.string({ required: true, description: REASON }),
  }),
});

const RetirePackInput = builder.inputType('RetirePackInput', {
  description: 'A pack that is not to be sold any more.',
  fields: (t) => ({
    pack: t.string({ required: true, description: 'Its id or its name within the active list.' }),
    effectiveFrom: t.field({ type: 'DateTime', description: FROM }),
    reason: t.string({ required: true, description: REASON }),
  }),
});

const SetPlanResult = builder.unionType('SetPlanResult', {
  description: 'The plan as it will be sold, or what cannot be.',
  types: [Plan, InvalidInputError],
  resolveType: resolveOutcome('Plan'),
});
const SetPackResult = builder.unionType('SetPackResult', {
  description: 'The pack as it will be sold, or what cannot be.',
  types: [Pack, InvalidInputError],
  resolveType: resolveOutcome('Pack'),
});
const RetirePlanResult = builder.unionType('RetirePlanResult', {
  description: 'The plan as it was sold last, or what cannot be.',
  types: [Plan, InvalidInputError, NotFoundError],
  resolveType: resolveOutcome('Plan'),
});
const RetirePackResult = builder.unionType('RetirePackResult', {
  description: 'The pack as it was sold last, or what cannot be.',
  types: [Pack, InvalidInputError, NotFoundError],
  resolveType: resolveOutcome('Pack'),
});

const MOST_PRICE_MICROS = 1_000_000_000_000n;

const LONGEST_NAME = 100;

/** What every change says, checked; or what is wrong with it. */
function readChange(
  input: { readonly name?: string | null | undefined; readonly price: string; readonly reason: string },
  more: readonly FieldProblem[] = [],
): { readonly priceMicros: bigint } | { readonly fields: readonly FieldProblem[] } {
  const price = readDollars(
    'price',
    input.price,
    MOST_PRICE_MICROS,
    'Give dollars from "0.01" to "1000000".',
  );
  const reason = reasonProblem(input.reason);
  const hasName = input.name == null || (input.name.trim() !== '' && input.name.length <= LONGEST_NAME);
  const fields = [
    ...(hasName ? [] : [{ path: 'name', message: `Give 1 to ${LONGEST_NAME} characters, or leave it out.` }]),
    ...('problem' in price ? [price.problem] : []),
    ...(reason ? [reason] : []),
    ...more,
  ];
  return 'micros' in price && fields.length === 0 ? { priceMicros: price.micros } : { fields };
}

/** Uses of a plan name their model: what the cheapest is may be another tomorrow. */
function readIncluded(uses: readonly (typeof PlanUseInput)['$inferInput'][] | null | undefined): {
  readonly included: readonly IncludedUse[] | undefined;
  readonly problems: readonly FieldProblem[];
} {
  if (uses == null) return { included: undefined, problems: [] };
  const problems = useProblems('included', uses);
  const included = uses.flatMap(({ model, count, size, quality, durationSeconds }, index) => {
    if (model == null) {
      problems.push({ path: `included.${index}.model`, message: 'Say which model.' });
      return [];
    }
    return [
      {
        model,
        count,
        ...(size == null ? {} : { size }),
        ...(quality == null ? {} : { quality }),
        ...(durationSeconds == null ? {} : { durationSeconds }),
      },
    ];
  });
  return { included, problems };
}

function retired<Offer extends object>(outcome: RetireOutcome<Offer>, name: string) {
  switch (outcome.status) {
    case 'retired':
      return outcome.offer;
    case 'invalid':
      return invalidInput(outcome.fields);
    case 'not-found':
      return notFoundOutcome(`Nothing named "${name.slice(0, 60)}" is sold at present.`);
  }
}

builder.mutationFields((t) => ({
  setPlan: t.field({
    type: SetPlanResult,
    ...needs(
      'admin',
      'Set what a plan costs and gives from an instant on. Those who have subscribed keep what they have.',
    ),
    args: { input: t.arg({ type: SetPlanInput, required: true }) },
    resolve: async (_root, { input }, { core, caller }) => {
      if (!caller) throw unauthenticated();
      const { included, problems } = readIncluded(input.included);
      const change = readChange(input, problems);
      if ('fields' in change) return invalidInput(change.fields);
      const outcome = await core.plans.setPlan({ ...input, ...change, included, actor: caller.actor });
      return outcome.status === 'changed' ? outcome.offer : invalidInput(outcome.fields);
    },
  }),
  setPack: t.field({
    type: SetPackResult,
    ...needs('admin', 'Set what a pack costs and gives from an instant on.'),
    args: { input: t.arg({ type: SetPackInput, required: true }) },
    resolve: async (_root, { input }, { core, caller }) => {
      if (!caller) throw unauthenticated();
      const change = readChange(input);
      if ('fields' in change) return invalidInput(change.fields);
      const outcome = await core.plans.setPack({ ...input, ...change, actor: caller.actor });
      return outcome.status === 'changed' ? outcome.offer : invalidInput(outcome.fields);
    },
  }),
  retirePlan: t.field({
    type: RetirePlanResult,
    ...needs('admin', 'Sell a plan no more by an interval. Those who have subscribed keep it.'),
    args: { input: t.arg({ type: RetirePlanInput, required: true }) },
    resolve: async (_root, { input }, { core, caller }) => {
      if (!caller) throw unauthenticated();
      const problem = reasonProblem(input.reason);
      if (problem) return invalidInput([problem]);
      const change = { effectiveFrom: input.effectiveFrom, reason: input.reason, actor: caller.actor };
      return retired(await core.plans.retirePlan(input.plan, input.interval, change), input.plan);
    },
  }),
  retirePack: t.field({
    type: RetirePackResult,
    ...needs('admin', 'Sell a pack no more.'),
    args: { input: t.arg({ type: RetirePackInput, required: true }) },
    resolve: async (_root, { input }, { core, caller }) => {
      if (!caller) throw unauthenticated();
      const problem = reasonProblem(input.reason);
      if (problem) return invalidInput([problem]);
      const change = { effectiveFrom: input.effectiveFrom, reason: input.reason, actor: caller.actor };
      return retired(await core.plans.retirePack(input.pack, change), input.pack);
    },
  }),
}));
