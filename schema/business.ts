/** The business as its owner asks for it, and what the books advise. */
import { type Micros, margin, ratio } from '../server/money.ts';
import {
  type BreakEven as BreakEvenRecord,
  type CohortMonth as CohortMonthRecord,
  type Figure,
  type FreeBreakEven as FreeBreakEvenRecord,
  lineOf,
  type BusinessMetrics as Metrics,
  type PlanBreakEven as PlanBreakEvenRecord,
  type PlanRevenue as PlanRevenueRecord,
  RECOMMENDATION_KINDS,
  type Recommendation as RecommendationRecord,
  type UnitEconomics as UnitEconomicsRecord,
} from '../server/profit/index.ts';
import { builder, needs } from './builder.ts';
import { Operation } from './enums.ts';
import { orInvalid } from './errors.ts';
import { encodeId } from './node-ids.ts';
import { PLAN_NAME } from './offer-name.ts';
import { ProfitLine } from './profit-line.ts';
import { Money } from './scalars.ts';
import { Range, TIME_ZONE_ARGUMENT, TimeRange } from './time-range.ts';

const PlanRevenue = builder.objectRef<PlanRevenueRecord>('PlanRevenue').implement({
  description: 'What calls of accounts earned and cost while they had a plan.',
  fields: (t) => ({
    plan: t.exposeString('plan', { description: 'Its id, such as tokens-pro; empty for no plan.' }),
    planName: t.exposeString('name', { description: PLAN_NAME }),
    subscribers: t.exposeInt('subscribers', { description: 'At the end of the range.' }),
    revenue: t.field({
      type: Money,
      description: 'Earned by their burned credits.',
      resolve: (plan) => plan.revenueMicros,
    }),
    cost: t.field({ type: Money, description: 'What providers bill.', resolve: (plan) => plan.costMicros }),
    grossProfit: t.field({
      type: Money,
      description: 'revenue − cost',
      resolve: (plan) => plan.revenueMicros - plan.costMicros,
    }),
    margin: t.float({
      nullable: true,
      description: 'grossProfit / revenue, null when revenue is 0.',
      resolve: (plan) => margin(plan.revenueMicros, plan.costMicros),
    }),
  }),
});

const money = (description: string, micros: (metrics: Metrics) => Micros) => ({
  type: Money,
  description,
  resolve: micros,
});

const BusinessMetrics = builder.objectRef<Metrics>('BusinessMetrics').implement({
  description:
    'The business as its owner asks for it. Cash and earned stand side by side. A subscriber is an account with a subscription that has begun, has been paid for and has not ended: also one that is past due, or ends with its period; none that is tried, paused or unpaid.',
  fields: (t) => ({
    range: t.field({ type: Range, description: 'What it is about.', resolve: ({ range }) => range }),
    mrr: t.field(
      money(
        'Monthly recurring revenue at the end of the range: prices by the month, and a twelfth of those by the year.',
        (metrics) => metrics.mrrMicros,
      ),
    ),
    arr: t.field(
      money(
        'The same for a year: twelve times prices by the month, and those by the year.',
        ({ arrMicros }) => arrMicros,
      ),
    ),
    arpu: t.field(money('mrr for each subscriber; 0 without any.', (metrics) => metrics.arpuMicros)),
    ltv: t.field({
      type: Money,
      nullable: true,
      description: "arpu / churnRate. Null while churn can't be known, and while nobody has left.",
      resolve: (metrics) => metrics.ltvMicros,
    }),
    churnRate: t.exposeFloat('churnRate', {
      nullable: true,
      description:
        'Of those who subscribed when a month began, the part that no longer did when it ended; over the whole months of the range, counted back from its end, and at least one. Null while nobody subscribed when one began.',
    }),
    activeSubscribers: t.exposeInt('activeSubscribers', { description: 'At the end of the range.' }),
    leavingSubscribers: t.exposeInt('leavingSubscribers', {
      description: 'Those of them who have said that they will not go on.',
    }),
    payingAccounts: t.exposeInt('payingAccounts', {
      description: 'Accounts that paid in the range, or subscribe at its end.',
    }),
    freeAccounts: t.exposeInt('freeAccounts', {
      description: 'Accounts that had never paid when the range ended.',
    }),
    cashRevenue: t.field(money('What customers paid, without tax.', (metrics) => metrics.cashMicros)),
    sold: t.field(
      money(
        'What credits that were sold will earn, those of months to come too.',
        (metrics) => metrics.soldMicros,
      ),
    ),
    earnedRevenue: t.field(money('What burned credits earned.', (metrics) => metrics.earnedMicros)),
    deferredRevenue: t.field(
      money(
        'What sold credits had yet to earn at the end of the range, months of annual plans that had not come among them.',
        (metrics) => metrics.deferredMicros,
      ),
    ),
    breakage: t.field(
      money('What credits would have earned that expired unused.', (metrics) => metrics.breakageMicros),
    ),
    clawedBack: t.field(
      money(
        'What credits would have earned that were taken back with the money paid for them.',
        (metrics) => metrics.clawedBackMicros,
      ),
    ),
    providerCost: t.field(money('All that providers bill.', (metrics) => metrics.costMicros)),
    paymentFees: t.field(
      money('What the payment provider took, for disputes too.', (metrics) => metrics.feesMicros),
    ),
    refunds: t.field(
      money(
        'What went back to customers by refunds and disputes, without tax.',
        (metrics) => metrics.refundsMicros,
      ),
    ),
    netProfit: t.field(
      money(
        'earnedRevenue + breakage + clawedBack − refunds − paymentFees − providerCost: a refund is a loss as far as its credits were burned.',
        (metrics) => metrics.netProfitMicros,
      ),
    ),
    cashProfit: t.field(
      money('cashRevenue − refunds − paymentFees − providerCost.', (metrics) => metrics.cashProfitMicros),
    ),
    margin: t.exposeFloat('margin', {
      nullable: true,
      description: 'netProfit / (earnedRevenue + breakage), null when these are 0.',
    }),
    revenueByPlan: t.field({
      type: [PlanRevenue],
      description: 'The plan that earned most first.',
      resolve: (metrics) => [...metrics.plans],
    }),
  }),
});

const UnitEconomics = builder.objectRef<UnitEconomicsRecord>('UnitEconomics').implement({
  description: 'What one use costs and asks for, as observed in a range.',
  fields: (t) => ({
    operation: t.expose('operation', { type: Operation, description: 'What was asked for.' }),
    model: t.exposeString('model', {
      nullable: true,
      description: 'provider/name; null for all models of the operation.',
    }),
    calls: t.exposeInt('calls', { description: 'All of them.' }),
    succeeded: t.exposeInt('succeeded', { description: 'Uses: those that made what was asked for.' }),
    cost: t.field({ type: Money, description: 'Of all calls.', resolve: (unit) => unit.costMicros }),
    costPerUse: t.field({
      type: Money,
      nullable: true,
      description:
        'cost / succeeded, rounded up: what failed is paid for by what did not. Null while none has.',
      resolve: (unit) => unit.costPerUseMicros,
    }),
    creditsPerUse: t.exposeFloat('creditsPerUse', {
      nullable: true,
      description: 'Credits burned for each, on average.',
    }),
    marginAtCheapest: t.exposeFloat('marginAtCheapest', {
      nullable: true,
      description: 'At the least that a credit of the price list sells for. Null while no credit was burned.',
    }),
    marginAtDearest: t.exposeFloat('marginAtDearest', {
      nullable: true,
      description: 'At the most that one sells for.',
    }),
  }),
});

/** Micro-dollars a credit as decimal dollars, rounded for people. */
const perCredit = (of: { readonly costMicros: Micros; readonly credits: bigint } | null) =>
  of && of.costMicros / of.credits;

const PlanBreakEven = builder.objectRef<PlanBreakEvenRecord>('PlanBreakEven').implement({
  description: 'Where a plan that is sold now leaves nothing, beside what its subscribers use.',
  fields: (t) => ({
    plan: t.string({ description: 'Its id.', resolve: ({ offer }) => offer.planId }),
    planName: t.string({ description: 'For people.', resolve: ({ offer }) => offer.name }),
    interval: t.string({ description: 'MONTH or YEAR.', resolve: ({ offer }) => offer.interval }),
    price: t.field({
      type: Money,
      description: 'Of one payment.',
      resolve: ({ offer }) => offer.priceMicros,
    }),
    credits: t.int({ description: 'That come with it.', resolve: ({ offer }) => offer.credits }),
    paymentFee: t.field({
      type: Money,
      description: 'What payment usually costs.',
      resolve: (plan) => plan.feeMicros,
    }),
    costPerCredit: t.field({
      type: Money,
      nullable: true,
      description:
        "Of this plan's calls, else of all; rounded down, while the figures below are reckoned with the exact one. Null while no credit was burned.",
      resolve: (plan) => perCredit(plan.costPerCredit),
    }),
    breakEvenCredits: t.float({
      nullable: true,
      description: 'As many burned credits of one payment leave nothing of it. Null while they cost nothing.',
      resolve: (plan) => (plan.breakEvenCredits === null ? null : ratio(plan.breakEvenCredits, 1n)),
    }),
    profitAtFullUse: t.field({
      type: Money,
      nullable: true,
      description: 'What one payment leaves when all its credits are burned at that cost.',
      resolve: (plan) => plan.profitAtFullUseMicros,
    }),
    subscribers: t.exposeInt('subscribers', { description: 'At the end of the range.' }),
    observedCost: t.field({
      type: Money,
      nullable: true,
      description: "What a subscriber's calls cost in 30 days, on average of the range; null without any.",
      resolve: (plan) => plan.observedCostMicros,
    }),
    observedProfit: t.field({
      type: Money,
      nullable: true,
      description: "What a month's price leaves of that, after payment fees.",
      resolve: (plan) => plan.observedProfitMicros,
    }),
  }),
});

const FreeBreakEven = builder.objectRef<FreeBreakEvenRecord>('FreeBreakEven').implement({
  description: 'What free credits cost whoever gives them.',
  fields: (t) => ({
    creditsAMonth: t.exposeInt('creditsAMonth', {
      description: 'That a free account is given in a month of 30 days.',
    }),
    costPerCredit: t.field({
      type: Money,
      nullable: true,
      description:
        'Of the calls of free accounts, else of all; rounded down. Null while no credit was burned.',
      resolve: (free) => perCredit(free.costPerCredit),
    }),
    profit: t.field({
      type: Money,
      nullable: true,
      description: 'What a free account that uses all of them leaves in a month: a loss.',
      resolve: (free) => free.profitMicros,
    }),
    paidCredits: t.float({
      nullable: true,
      description:
        'As many credits have to be sold, at the least that one sells for, to pay for one such account. Null when none are enough.',
      resolve: (free) => (free.paidCredits === null ? null : ratio(free.paidCredits, 1n)),
    }),
    observed: t.field({
      type: ProfitLine,
      description: 'All calls of free accounts in the range.',
      resolve: (free) => lineOf(free.observed),
    }),
  }),
});

const BreakEven = builder.objectRef<BreakEvenRecord>('BreakEven').implement({
  description:
    'Where plans and free credits break even, at the cost of the credits that were burned in a range.',
  fields: (t) => ({
    plans: t.field({
      type: [PlanBreakEven],
      description: 'Those that are sold now, the cheapest first.',
      resolve: ({ plans }) => [...plans],
    }),
    free: t.field({ type: FreeBreakEven, description: 'Free accounts.', resolve: ({ free }) => free }),
  }),
});

const CohortMonth = builder.objectRef<CohortMonthRecord>('CohortMonth').implement({
  description: 'What those who first paid in one month did in another. Months are those of UTC.',
  fields: (t) => ({
    cohort: t.expose('cohort', {
      type: 'DateTime',
      description: 'Where the month of their first payment begins.',
    }),
    month: t.expose('month', { type: 'DateTime', description: 'Where the month begins that is told of.' }),
    accounts: t.exposeInt('accounts', { description: 'How many they are, whatever the month.' }),
    retained: t.exposeInt('retained', {
      description: 'How many of them paid in this month, or subscribe at its end.',
    }),
    revenue: t.field({
      type: Money,
      description: 'What they earned.',
      resolve: (line) => line.revenueMicros,
    }),
    cost: t.field({ type: Money, description: 'What they cost.', resolve: (line) => line.costMicros }),
    grossProfit: t.field({
      type: Money,
      description: 'revenue − cost',
      resolve: (line) => line.revenueMicros - line.costMicros,
    }),
  }),
});

const RecommendationKind = builder.enumType('RecommendationKind', {
  description: 'What is advised.',
  values: RECOMMENDATION_KINDS,
});

const RecommendationFigure = builder.objectRef<Figure>('RecommendationFigure').implement({
  description: 'A figure that a recommendation follows from.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What it is of.' }),
    value: t.exposeString('value', { description: 'As people read it.' }),
  }),
});

const Recommendation = builder.objectRef<RecommendationRecord>('Recommendation').implement({
  description: 'Advice that follows from the books, with the figures that it follows from.',
  fields: (t) => ({
    kind: t.expose('kind', { type: RecommendationKind, description: 'What is advised.' }),
    subject: t.string({
      description: 'A model, a plan, or the id of an account.',
      resolve: ({ kind, subject }) => (kind === 'ACCOUNT_LOSES' ? encodeId('Account', subject) : subject),
    }),
    title: t.exposeString('title', { description: 'A sentence for people.' }),
    rule: t.exposeString('rule', { description: 'When such advice is given.' }),
    effect: t.field({
      type: Money,
      nullable: true,
      description:
        'What it would have brought in the range; negative: what was lost in it. Null where the books cannot tell.',
      resolve: (advice) => advice.effectMicros,
    }),
    figures: t.field({
      type: [RecommendationFigure],
      description: 'What it follows from.',
      resolve: (advice) => [...advice.figures],
    }),
  }),
});

builder.queryFields((t) => {
  const args = { range: t.arg({ type: TimeRange, required: true }) };
  return {
    business: t.field({
      type: BusinessMetrics,
      ...needs('profit:read', 'What comes in every month, who stays, and cash beside what is earned.'),
      args: { ...args, timeZone: t.arg.string({ required: false, description: TIME_ZONE_ARGUMENT }) },
      resolve: async (_root, { range, timeZone }, { core }) =>
        orInvalid(await core.business.metrics(range, timeZone)).metrics,
    }),
    unitEconomics: t.field({
      type: [UnitEconomics],
      ...needs(
        'profit:read',
        'What one use of each operation costs and asks for, and below it of each of its models.',
      ),
      args,
      resolve: async (_root, { range }, { core }) => [
        ...orInvalid(await core.business.unitEconomics(range)).units,
      ],
    }),
    breakEven: t.field({
      type: BreakEven,
      ...needs('profit:read', 'Where plans and free credits break even.'),
      args,
      resolve: async (_root, { range }, { core }) =>
        orInvalid(await core.business.breakEven(range)).breakEven,
    }),
    cohorts: t.field({
      type: [CohortMonth],
      ...needs(
        'profit:read',
        'Those who first paid in each month of UTC that the range touches, by the months since. At most 60 months.',
      ),
      args,
      resolve: async (_root, { range }, { core }) => [
        ...orInvalid(await core.business.cohorts(range)).cohorts,
      ],
    }),
    recommendations: t.field({
      type: [Recommendation],
      ...needs('profit:read', 'What the books of a range advise, the largest effect first.'),
      args,
      resolve: async (_root, { range }, { core }) => [
        ...orInvalid(await core.business.recommendations(range)).recommendations,
      ],
    }),
  };
});
