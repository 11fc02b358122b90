/** An operator's changes of what models are priced at and cost. */
import { type ChangeOutcome, MOST_CREDITS, type PriceListRow } from '../server/catalog/index.ts';
import { builder, needs } from './builder.ts';
import { CatalogModel, ModelPrice } from './catalog.ts';
import type { Context } from './context.ts';
import { readDollars } from './decimal.ts';
import { notFound, unauthenticated } from './errors.ts';
import { type FieldProblem, InvalidInputError, invalidInput, resolveOutcome } from './outcome.ts';
import { reasonProblem } from './reason.ts';
import { Money } from './scalars.ts';

export const PriceUnit = builder.enumType('PriceUnit', {
  description: 'What a price or a cost counts.',
  values: {
    OUTPUT: { description: 'One output: a picture, a clip.' },
    SECOND: { description: 'One second of the output.' },
    MINUTE: { description: 'One minute of the output; begun minutes count whole.' },
  } as const,
});

export const ModelChange = builder
  .objectRef<{ readonly model: string; readonly effectiveFrom: Date }>('ModelChange')
  .implement({
    description: 'A price or cost that has been written, and how the model is sold from then on.',
    fields: (t) => ({
      model: t.field({
        type: CatalogModel,
        description: 'As it is sold now.',
        resolve: (change, _args, { core }) => {
          const card = core.catalog.model(change.model);
          if (!card) throw notFound('The model is gone.');
          return card;
        },
      }),
      effectiveFrom: t.expose('effectiveFrom', { type: 'DateTime', description: 'From when on it holds.' }),
      prices: t.field({
        type: [ModelPrice],
        description: 'Each variant as it is sold at that instant, with its margin.',
        resolve: (change, _args, { core }) => [
          ...(core.catalog.variantsAt(change.model, change.effectiveFrom) ?? []),
        ],
      }),
      belowFloor: t.boolean({
        description: 'Whether any variant is then sold under the floor of margin. It is sold all the same.',
        resolve: (change, _args, { core }) =>
          (core.catalog.variantsAt(change.model, change.effectiveFrom) ?? []).some(
            (price) => price.belowFloor,
          ),
      }),
    }),
  });

const DIMENSION = 'Left out: any, where no row is more specific.';

/** Fields of an input that say what a price or a cost is of. */
export const whatIsPriced = (
  t: PothosSchemaTypes.InputFieldBuilder<typeof builder.$inferSchemaTypes, 'InputObject'>,
) => ({
  model: t.string({ required: true, description: 'provider/name' }),
  size: t.string({ description: DIMENSION }),
  quality: t.string({ description: DIMENSION }),
  durationSeconds: t.int({ description: DIMENSION }),
  unit: t.field({ type: PriceUnit, defaultValue: 'OUTPUT', description: 'What is counted.' }),
});

const FROM = 'From when on; left out: from now. What was asked or billed before stays as it was.';
const REASON = 'Why; it is written to the audit log.';

const SetModelPriceInput = builder.inputType('SetModelPriceInput', {
  description: 'What the active price list is to ask for a model from an instant on.',
  fields: (t) => ({
    ...whatIsPriced(t),
    credits: t.int({ required: true, description: 'For one unit; from 1.' }),
    effectiveFrom: t.field({ type: 'DateTime', description: FROM }),
    reason: t.string({ required: true, description: REASON }),
  }),
});

const SetModelCostInput = builder.inputType('SetModelCostInput', {
  description: 'What a vendor bills for a model from an instant on.',
  fields: (t) => ({
    ...whatIsPriced(t),
    cost: t.field({ type: 'Decimal', required: true, description: 'For one unit, in dollars: "0.003".' }),
    source: t.string({ required: true, description: 'Where the figure comes from: a page, a bill.' }),
    effectiveFrom: t.field({ type: 'DateTime', description: FROM }),
    reason: t.string({ required: true, description: REASON }),
  }),
});

const ModelChangeResult = builder.unionType('ModelChangeResult', {
  description: 'The change, or what cannot be.',
  types: [ModelChange, InvalidInputError],
  resolveType: resolveOutcome('ModelChange'),
});

const FreePeriod = builder.enumType('FreePeriod', {
  description: 'How often free credits come.',
  values: {
    DAY: { description: 'At midnight of the account’s own time zone.' },
    MONTH: { description: 'At midnight of the first of the month, in the account’s own time zone.' },
  } as const,
});

const PriceList = builder.objectRef<PriceListRow>('PriceList').implement({
  description: 'The active price list: by it everything is sold.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Such as tokens.' }),
    freeCredits: t.exposeInt('freeCredits', { description: 'Of the tier FREE; unused ones expire.' }),
    freePeriod: t.field({
      type: FreePeriod,
      description: 'How often they come.',
      resolve: ({ freePeriod }) => (freePeriod === 'MONTH' ? 'MONTH' : 'DAY'),
    }),
    creditLeast: t.field({
      type: Money,
      ...needs('profit:read', 'The least that a credit sells for: margins are judged by it.'),
      resolve: (list) => list.creditMicros,
    }),
    creditMost: t.field({
      type: Money,
      ...needs('profit:read', 'The most that a credit sells for.'),
      resolve: (list) => list.creditMaxMicros,
    }),
  }),
});

builder.queryField('priceList', (t) =>
  t.field({
    type: PriceList,
    description: 'The price list by which this site sells.',
    authScopes: { signedIn: true },
    resolve: (_root, _args, { core }) => core.catalog.list(),
  }),
);

const SetPriceListInput = builder.inputType('SetPriceListInput', {
  description: 'Changes of the active price list, from now on; what is left out stays.',
  fields: (t) => ({
    creditLeast: t.field({ type: 'Decimal', description: 'The least that a credit sells for, in dollars.' }),
    creditMost: t.field({ type: 'Decimal', description: 'The most that a credit sells for, in dollars.' }),
    freeCredits: t.int({ description: 'Of the tier FREE, each period; 0: none.' }),
    freePeriod: t.field({ type: FreePeriod, description: 'How often they come.' }),
    reason: t.string({ required: true, description: REASON }),
  }),
});

const SetPriceListResult = builder.unionType('SetPriceListResult', {
  description: 'The price list from now on, or what cannot be.',
  types: [PriceList, InvalidInputError],
  resolveType: resolveOutcome('PriceList'),
});

const MOST_CREDIT_MICROS = 1_000_000_000n;

/** The most that a vendor is believed to bill for one unit. */
export const MOST_COST_MICROS = 10_000_000_000n;

const told = (outcome: ChangeOutcome) =>
  outcome.status === 'changed' ? outcome : invalidInput(outcome.fields);

function actorOf({ caller }: Context): string {
  if (!caller) throw unauthenticated();
  return caller.actor;
}

builder.mutationFields((t) => ({
  setPriceList: t.field({
    type: SetPriceListResult,
    ...needs(
      'admin',
      'Set what a credit sells for and the free credits. Prices of models are dated; this holds from now on.',
    ),
    args: { input: t.arg({ type: SetPriceListInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const reason = reasonProblem(input.reason);
      const fields: FieldProblem[] = reason ? [reason] : [];
      const read = (path: 'creditLeast' | 'creditMost') => {
        const text = input[path];
        if (text == null) return null;
        const amount = readDollars(path, text, MOST_CREDIT_MICROS, 'Give dollars from "0.000001" to "1000".');
        if ('micros' in amount && amount.micros > 0n) return amount.micros;
        fields.push('problem' in amount ? amount.problem : { path, message: 'Give more than nothing.' });
        return null;
      };
      const creditMicros = read('creditLeast');
      const creditMaxMicros = read('creditMost');
      if (input.freeCredits != null && (input.freeCredits < 0 || input.freeCredits > MOST_CREDITS)) {
        fields.push({ path: 'freeCredits', message: `Give 0 to ${MOST_CREDITS} credits.` });
      }
      if (fields.length > 0) return invalidInput(fields);
      const outcome = await context.core.catalog.changeList({
        creditMicros,
        creditMaxMicros,
        freeCredits: input.freeCredits ?? null,
        freePeriod: input.freePeriod ?? null,
        reason: input.reason,
        actor: actorOf(context),
      });
      if (outcome === 'changed') return context.core.catalog.list();
      return invalidInput([{ path: 'creditLeast', message: 'The least must not be above the most.' }]);
    },
  }),
  setModelPrice: t.field({
    type: ModelChangeResult,
    ...needs('admin', 'Set what the active price list asks for a model, as a new dated price.'),
    args: { input: t.arg({ type: SetModelPriceInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const reason = reasonProblem(input.reason);
      const fields: FieldProblem[] = reason ? [reason] : [];
      if (input.credits < 1 || input.credits > MOST_CREDITS) {
        fields.push({ path: 'credits', message: `Give 1 to ${MOST_CREDITS} credits.` });
      }
      if (fields.length > 0) return invalidInput(fields);
      const { unit, ...change } = input;
      return told(
        await context.core.catalog.changePrice({
          ...change,
          unit: unit ?? 'OUTPUT',
          actor: actorOf(context),
        }),
      );
    },
  }),
  setModelCost: t.field({
    type: ModelChangeResult,
    ...needs('admin', 'Set what a vendor bills for a model, as a new dated cost with its source.'),
    args: { input: t.arg({ type: SetModelCostInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const reason = reasonProblem(input.reason);
      const fields: FieldProblem[] = reason ? [reason] : [];
      const cost = readDollars('cost', input.cost, MOST_COST_MICROS, 'Give dollars from "0" to "10000".');
      if ('problem' in cost) fields.push(cost.problem);
      if (input.source.trim() === '' || input.source.length > 1_000) {
        fields.push({ path: 'source', message: 'Say where the figure comes from, in 1 to 1000 characters.' });
      }
      if ('problem' in cost || fields.length > 0) return invalidInput(fields);
      const { unit, cost: _, ...change } = input;
      return told(
        await context.core.catalog.changeCost({
          ...change,
          unit: unit ?? 'OUTPUT',
          costMicros: cost.micros,
          actor: actorOf(context),
        }),
      );
    },
  }),
}));
