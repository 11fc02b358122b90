/** An operator's changes of what models are priced at and cost. */
import type { ChangeOutcome } from '../server/catalog/index.ts';
import { builder, needs } from './builder.ts';
import { CatalogModel, ModelPrice } from './catalog.ts';
import type { Context } from './context.ts';
import { readDollars } from './decimal.ts';
import { notFound, unauthenticated } from './errors.ts';
import { type FieldProblem, InvalidInputError, invalidInput, resolveOutcome } from './outcome.ts';
import { reasonProblem } from './reason.ts';

const PriceUnit = builder.enumType('PriceUnit', {
  description: 'What a price or a cost counts.',
  values: {
    OUTPUT: { description: 'One output: a picture, a clip.' },
    SECOND: { description: 'One second of the output.' },
    MINUTE: { description: 'One minute of the output; begun minutes count whole.' },
  } as const,
});

const ModelChange = builder
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
const FROM = 'From when on; left out: from now. What was asked or billed before stays as it was.';
const REASON = 'Why; it is written to the audit log.';

const SetModelPriceInput = builder.inputType('SetModelPriceInput', {
  description: 'What the active price list is to ask for a model from an instant on.',
  fields: (t) => ({
    model: t.string({ required: true, description: 'provider/name' }),
    size: t.string({ description: DIMENSION }),
    quality: t.string({ description: DIMENSION }),
    durationSeconds: t.int({ description: DIMENSION }),
    unit: t.field({ type: PriceUnit, defaultValue: 'OUTPUT', description: 'What is counted.' }),
    credits: t.int({ required: true, description: 'For one unit; from 1.' }),
    effectiveFrom: t.field({ type: 'DateTime', description: FROM }),
    reason: t.string({ required: true, description: REASON }),
  }),
});

const SetModelCostInput = builder.inputType('SetModelCostInput', {
  description: 'What a vendor bills for a model from an instant on.',
  fields: (t) => ({
    model: t.string({ required: true, description: 'provider/name' }),
    size: t.string({ description: DIMENSION }),
    quality: t.string({ description: DIMENSION }),
    durationSeconds: t.int({ description: DIMENSION }),
    unit: t.field({ type: PriceUnit, defaultValue: 'OUTPUT', description: 'What is counted.' }),
    cost: t.field({ type: 'Decimal', required: true, description: 'For one unit, in dollars: "0.003".' }),
    source: t.string({ required: true, description: 'Where the figure comes from: a page, a bill.' }),
    effectiveFrom: t.field({ type: 'DateTime', description: FROM }),
    reason: t.string({ required: true, description: REASON }),
  }),
});

const ModelChangeResult = builder.unionType('ModelChangeResult', {
  types: [ModelChange, InvalidInputError],
  resolveType: resolveOutcome('ModelChange'),
});

const MOST_CREDITS = 1_000_000;
const MOST_COST_MICROS = 10_000_000_000n;

const told = (outcome: ChangeOutcome) =>
  outcome.status === 'changed' ? outcome : invalidInput(outcome.fields);

function actorOf({ caller }: Context): string {
  if (!caller) throw unauthenticated();
  return caller.actor;
}

builder.mutationFields((t) => ({
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
