/** The plan simulator: what a price leaves when its uses have been paid for. */
import type {
  Extreme as ExtremeRecord,
  Figures,
  SimulatedLine as LineRecord,
  ModelMargin as ModelMarginRecord,
  Result,
  Simulation as SimulationRecord,
} from '../server/plans/index.ts';
import { builder, needs } from './builder.ts';
import { readDollars } from './decimal.ts';
import { Operation, PlanInterval } from './enums.ts';
import {
  type FieldProblem,
  InvalidInputError,
  invalidInput,
  NotFoundError,
  notFoundOutcome,
  resolveOutcome,
} from './outcome.ts';
import { Money } from './scalars.ts';

const SimulatedResult = builder.objectRef<Result>('SimulatedResult').implement({
  description: 'What is left of a revenue.',
  fields: (t) => ({
    profit: t.field({
      type: Money,
      description: 'Less than nothing is a loss.',
      resolve: (r) => r.profitMicros,
    }),
    margin: t.exposeFloat('margin', {
      nullable: true,
      description: 'profit / revenue; null without revenue.',
    }),
    markup: t.exposeFloat('markup', {
      nullable: true,
      description: 'profit / cost; null when nothing is billed. Never to be mixed up with margin.',
    }),
    breakEvenPrice: t.field({
      type: Money,
      description: 'The least revenue that leaves no loss.',
      resolve: (r) => r.breakEvenPriceMicros,
    }),
    breakEvenUse: t.exposeFloat('breakEvenUse', {
      nullable: true,
      description: 'How many times all of these uses the revenue pays for: 1 leaves nothing, less is a loss.',
    }),
  }),
});

interface FiguresOf extends Figures {}

/** Fields of a cost against a revenue, before and after the usual payment fee. */
const SimulatedFigures = builder.interfaceRef<FiguresOf>('SimulatedFigures').implement({
  description: 'A cost against a revenue, before and after the usual payment fee of 2.9 % + $0.30.',
  fields: (t) => ({
    cost: t.field({ type: Money, description: 'What providers bill.', resolve: (f) => f.costMicros }),
    revenue: t.field({
      type: Money,
      description: 'The price, or the share of it.',
      resolve: (f) => f.revenueMicros,
    }),
    fee: t.field({ type: Money, description: 'The fee, or the share of it.', resolve: (f) => f.feeMicros }),
    beforeFees: t.field({
      type: SimulatedResult,
      description: 'As if no fee were taken.',
      resolve: (f) => f.beforeFees,
    }),
    afterFees: t.field({ type: SimulatedResult, description: 'With the fee.', resolve: (f) => f.afterFees }),
  }),
});

const SimulatedLine = builder.objectRef<LineRecord>('SimulatedLine').implement({
  description: 'One use. Its revenue and fee are shares of the whole by credits, and add up to it.',
  interfaces: [SimulatedFigures],
  fields: (t) => ({
    model: t.exposeString('model', { description: 'provider/name' }),
    operation: t.expose('operation', { type: Operation, description: 'What it does.' }),
    size: t.string({
      nullable: true,
      description: 'As it was reckoned with.',
      resolve: (l) => l.request.size,
    }),
    quality: t.string({
      nullable: true,
      description: 'As it was reckoned with.',
      resolve: (l) => l.request.quality,
    }),
    durationSeconds: t.int({
      nullable: true,
      description: 'As it was reckoned with.',
      resolve: (l) => l.request.durationSeconds,
    }),
    count: t.exposeInt('count', { description: 'How many.' }),
    unitCost: t.field({ type: Money, description: 'Of one.', resolve: (l) => l.unitCostMicros }),
    unitCredits: t.exposeInt('unitCredits', {
      nullable: true,
      description: 'What the active list asks for one; null when it has no price.',
    }),
    credits: t.exposeInt('credits', { nullable: true, description: 'For all; null without a price.' }),
  }),
});

const ModelMargin = builder.objectRef<ModelMarginRecord>('ModelMargin').implement({
  description: 'One way in which the active list sells a model, and the margins that it leaves.',
  fields: (t) => ({
    model: t.exposeString('model', { description: 'provider/name' }),
    operation: t.expose('operation', { type: Operation, description: 'What it does.' }),
    retired: t.exposeBoolean('retired', { description: 'Whether it is not sold any more.' }),
    size: t.exposeString('size', { nullable: true, description: 'Null: any.' }),
    quality: t.exposeString('quality', { nullable: true, description: 'Null: any.' }),
    durationSeconds: t.exposeInt('durationSeconds', { nullable: true, description: 'Null: any.' }),
    credits: t.exposeInt('credits', { description: 'What it is priced at.' }),
    cost: t.field({ type: Money, description: 'What its provider bills.', resolve: (m) => m.costMicros }),
    marginLeast: t.exposeFloat('marginLeast', {
      nullable: true,
      description: 'The margin when a credit sells for the least that the list allows.',
    }),
    marginMost: t.exposeFloat('marginMost', {
      nullable: true,
      description: 'The margin when a credit sells for the most that the list allows.',
    }),
    marginOfPlan: t.exposeFloat('marginOfPlan', {
      nullable: true,
      description: 'The margin when a credit sells for what this plan asks; null without credits.',
    }),
  }),
});

const SimulatedExtreme = builder.objectRef<ExtremeRecord>('SimulatedExtreme').implement({
  description: 'All credits spent in one way.',
  interfaces: [SimulatedFigures],
  fields: (t) => ({
    model: t.exposeString('model', { description: 'provider/name' }),
    uses: t.exposeInt('uses', { description: 'How many uses the credits pay for.' }),
  }),
});

export const PlanSimulation = builder.objectRef<SimulationRecord>('PlanSimulation').implement({
  description: 'What a price leaves when its uses have been paid for, by the costs and prices in force.',
  interfaces: [SimulatedFigures],
  fields: (t) => ({
    credits: t.exposeInt('credits', {
      nullable: true,
      description: 'That come with the price, or that the uses need; null when neither is known.',
    }),
    creditsNeeded: t.exposeInt('creditsNeeded', {
      nullable: true,
      description: 'That all uses need by the active list; null when one of them has no price.',
    }),
    creditsMissing: t.exposeInt('creditsMissing', {
      nullable: true,
      description: 'Needed and not included; 0 when there are enough.',
    }),
    pricePerCredit: t.field({
      type: Money,
      nullable: true,
      description: 'What one credit sells for, rounded down to the micro.',
      resolve: (s) => s.creditMicros,
    }),
    lines: t.field({ type: [SimulatedLine], description: 'Each use.', resolve: (s) => [...s.lines] }),
    models: t.field({
      type: [ModelMargin],
      description: 'Each way in which the active list sells a model, and its margins.',
      resolve: (s) => [...s.models],
    }),
    worst: t.field({
      type: SimulatedExtreme,
      nullable: true,
      description: 'All credits spent on the model sold now that leaves the least.',
      resolve: (s) => s.worst,
    }),
    best: t.field({
      type: SimulatedExtreme,
      nullable: true,
      description: 'All credits spent on the model sold now that leaves the most.',
      resolve: (s) => s.best,
    }),
  }),
});

/** A use, as plans include them and the simulator reckons with them. */
export const PlanUseInput = builder.inputType('PlanUseInput', {
  description: 'A use: of a model, or of the cheapest that serves an operation now.',
  fields: (t) => ({
    model: t.string({ description: 'provider/name; a retired one too.' }),
    operation: t.field({ type: Operation, description: 'Where no model is said.' }),
    size: t.string({ description: 'Left out, as the next two: the default of the model.' }),
    quality: t.string({ description: 'As the model names it.' }),
    durationSeconds: t.int({ description: 'Of one clip.' }),
    count: t.int({ required: true, description: 'How many an interval; from 0 to 1,000,000.' }),
  }),
});

const MOST_USES = 50;
const MOST_COUNT = 1_000_000;

/** What is wrong with uses apart from what the catalogue says of them. */
export function useProblems(
  path: string,
  uses: readonly (typeof PlanUseInput)['$inferInput'][],
): FieldProblem[] {
  if (uses.length > MOST_USES) return [{ path, message: `Give at most ${MOST_USES} uses.` }];
  return uses.flatMap(({ count }, index) =>
    count >= 0 && count <= MOST_COUNT
      ? []
      : [{ path: `${path}.${index}.count`, message: `Give a count from 0 to ${MOST_COUNT}.` }],
  );
}

const SimulatePlanInput = builder.inputType('SimulatePlanInput', {
  description:
    'A plan by its id, or a price of one’s own; what is said beside a plan stands in the place of its figures.',
  fields: (t) => ({
    plan: t.string({ description: 'Its id or its name within the active list, such as pro.' }),
    interval: t.field({ type: PlanInterval, defaultValue: 'MONTH', description: 'Of that plan.' }),
    price: t.field({ type: 'Decimal', description: 'In dollars; needed without a plan.' }),
    credits: t.int({ description: 'That come with the price; left out: as many as the uses need.' }),
    uses: t.field({ type: [PlanUseInput], description: 'What is used.' }),
  }),
});

const SimulatePlanResult = builder.unionType('SimulatePlanResult', {
  types: [PlanSimulation, InvalidInputError, NotFoundError],
  resolveType: resolveOutcome('PlanSimulation'),
});

const MOST_PRICE_MICROS = 1_000_000_000_000n;

builder.queryField('simulatePlan', (t) =>
  t.field({
    type: SimulatePlanResult,
    ...needs(
      'profit:read',
      'What a plan, or any price, leaves when its uses have been paid for. Nothing is sold or changed.',
    ),
    args: { input: t.arg({ type: SimulatePlanInput, required: true }) },
    resolve: async (_root, { input }, { core }) => {
      const offer = input.plan == null ? null : await core.plans.offer(input.plan, input.interval ?? 'MONTH');
      if (input.plan != null && !offer) {
        return notFoundOutcome(
          `There is no plan "${input.plan.slice(0, 60)}"; the query plans has those there are.`,
        );
      }
      const fields = useProblems('uses', input.uses ?? []);
      if (input.credits != null && (input.credits < 1 || input.credits > 100_000_000)) {
        fields.push({ path: 'credits', message: 'Give 1 to 100000000 credits, or leave it out.' });
      }
      if (input.price == null && !offer) {
        fields.push({ path: 'price', message: 'Say what it sells for, such as "9", or which plan.' });
      }
      const price =
        input.price == null
          ? { micros: offer?.priceMicros ?? 0n }
          : readDollars('price', input.price, MOST_PRICE_MICROS, 'Give dollars from "0" to "1000000".');
      if ('problem' in price) fields.push(price.problem);
      if ('problem' in price || fields.length > 0) return invalidInput(fields);
      const outcome = core.plans.simulate({
        priceMicros: price.micros,
        credits: input.credits ?? offer?.credits ?? null,
        uses: input.uses ?? offer?.included ?? [],
      });
      return outcome.status === 'simulated' ? outcome.simulation : invalidInput(outcome.fields);
    },
  }),
);
