/** What models were, are and will be priced at and cost, and how a change is taken back before it begins. */
import type { CostRow, Dated, PriceRow } from '../server/catalog/index.ts';
import { builder, needs } from './builder.ts';
import { CatalogModel } from './catalog.ts';
import { DatedState } from './enums.ts';
import { decodeId, encodeId } from './node-ids.ts';
import { InvalidInputError, NotFoundError, resolveOutcome } from './outcome.ts';
import { ModelChange, PriceUnit } from './price.ts';
import { Money } from './scalars.ts';
import { takeBack, takeBackInput } from './take-back.ts';

const FROM = 'From when on it holds.';

const DatedPrice = builder.objectRef<Dated<PriceRow>>('DatedPrice').implement({
  description: 'What the active price list asks for a model from an instant on.',
  fields: (t) => ({
    id: t.id({ description: 'Of this row.', resolve: ({ id }) => encodeId('ModelPrice', id) }),
    state: t.expose('state', { type: DatedState, description: 'Whether it holds now.' }),
    size: t.exposeString('size', { nullable: true, description: 'Null: any.' }),
    quality: t.exposeString('quality', { nullable: true, description: 'Null: any.' }),
    durationSeconds: t.exposeInt('durationSeconds', { nullable: true, description: 'Null: any.' }),
    unit: t.expose('unit', { type: PriceUnit, description: 'What is counted.' }),
    credits: t.exposeInt('credits', { description: 'For one unit.' }),
    effectiveFrom: t.field({
      type: 'DateTime',
      description: FROM,
      resolve: ({ effectiveFrom }) => new Date(effectiveFrom),
    }),
  }),
});

const DatedCost = builder.objectRef<Dated<CostRow>>('DatedCost').implement({
  description: 'What a vendor bills for a model from an instant on.',
  fields: (t) => ({
    id: t.id({ description: 'Of this row.', resolve: ({ id }) => encodeId('ModelCost', id) }),
    state: t.expose('state', { type: DatedState, description: 'Whether it holds now.' }),
    size: t.exposeString('size', { nullable: true, description: 'Null: any.' }),
    quality: t.exposeString('quality', { nullable: true, description: 'Null: any.' }),
    durationSeconds: t.exposeInt('durationSeconds', { nullable: true, description: 'Null: any.' }),
    unit: t.expose('unit', { type: PriceUnit, description: 'What is counted.' }),
    cost: t.field({ type: Money, description: 'For one unit.', resolve: (row) => row.costMicros }),
    source: t.exposeString('source', { description: 'Where the figure comes from.' }),
    effectiveFrom: t.field({
      type: 'DateTime',
      description: FROM,
      resolve: ({ effectiveFrom }) => new Date(effectiveFrom),
    }),
  }),
});

builder.objectFields(CatalogModel, (t) => ({
  priceHistory: t.field({
    type: [DatedPrice],
    ...needs(
      'profit:read',
      'Its prices in the active list, the newest first: those to come, in force, and past.',
    ),
    resolve: (card, _args, { core }) => [...(core.catalog.history(card.id)?.prices ?? [])],
  }),
  costHistory: t.field({
    type: [DatedCost],
    ...needs('profit:read', 'What its vendor bills, the newest first: costs to come, in force, and past.'),
    resolve: (card, _args, { core }) => [...(core.catalog.history(card.id)?.costs ?? [])],
  }),
}));

const CancelModelChangeInput = takeBackInput(
  'CancelModelChangeInput',
  'A price or a cost that is still to come, to be taken back.',
  'row',
);

const CancelModelChangeResult = builder.unionType('CancelModelChangeResult', {
  description: 'The change that will not be, with how the model is then sold; or what cannot be.',
  types: [ModelChange, InvalidInputError, NotFoundError],
  resolveType: resolveOutcome('ModelChange'),
});

builder.mutationField('cancelModelChange', (t) =>
  t.field({
    type: CancelModelChangeResult,
    ...needs('admin', 'Take back a price or a cost before it begins. What has begun stands for good.'),
    args: { input: t.arg({ type: CancelModelChangeInput, required: true }) },
    resolve: (_root, { input }, context) =>
      takeBack(input, context, 'price or cost', async (asked) => {
        const price = decodeId('ModelPrice', input.id);
        const id = price ?? decodeId('ModelCost', input.id);
        if (id === null) return null;
        const what = price === null ? 'cost' : 'price';
        const outcome = await context.core.catalog.cancelChange({ id, what, ...asked });
        return outcome.status === 'changed' ? outcome : null;
      }),
  }),
);
