/** The catalogue: models with what they cost and are priced at, and quotes. */
import type { ModelCard, StoredQuote } from '../server/catalog/index.ts';
import { maySee } from './account.ts';
import { builder, needs } from './builder.ts';
import { Operation } from './enums.ts';
import { serviceUnavailable } from './errors.ts';
import { decodeId, encodeId } from './node-ids.ts';
import { InvalidInputError, invalidInput, resolveOutcome, UnpricedModelError } from './outcome.ts';
import { Money } from './scalars.ts';

export const ModelPrice = builder.objectRef<ModelCard['prices'][number]>('ModelPrice').implement({
  description: 'What the active price list asks for one variant of a model.',
  fields: (t) => ({
    size: t.exposeString('size', { nullable: true, description: 'Null: any size.' }),
    quality: t.exposeString('quality', { nullable: true, description: 'Null: any quality.' }),
    durationSeconds: t.exposeInt('durationSeconds', { nullable: true, description: 'Null: any duration.' }),
    unit: t.string({
      description: 'What the price is for: an OUTPUT, a SECOND or a MINUTE of one.',
      resolve: (price) => price.unit,
    }),
    credits: t.exposeInt('credits', { description: 'Credits for one unit.' }),
    cost: t.field({
      type: Money,
      nullable: true,
      ...needs('profit:read', 'What the provider bills.'),
      resolve: (price) => price.costMicros,
    }),
    margin: t.float({
      nullable: true,
      ...needs(
        'profit:read',
        '(revenue − cost) / revenue when a credit sells for the least that the list allows.',
      ),
      resolve: (price) => price.margin,
    }),
    marginMax: t.float({
      nullable: true,
      ...needs('profit:read', 'The margin when a credit sells for the most that the list allows.'),
      resolve: (price) => price.marginMax,
    }),
    markup: t.float({
      nullable: true,
      ...needs('profit:read', '(revenue − cost) / cost. Never to be mixed up with margin.'),
      resolve: (price) => price.markup,
    }),
    belowFloor: t.boolean({
      nullable: true,
      ...needs('profit:read', 'Whether the margin is under the floor.'),
      resolve: (price) => price.belowFloor,
    }),
  }),
});

export const CatalogModel = builder.objectRef<ModelCard>('CatalogModel');

builder.node(CatalogModel, {
  description: 'A model that can be asked for.',
  id: { resolve: (card) => card.id },
  loadOne: (id, context) => context.core.catalog.model(id),
  fields: (t) => ({
    model: t.string({ description: 'provider/name', resolve: (card) => card.id }),
    provider: t.exposeString('provider', { description: 'Who makes it.' }),
    operation: t.expose('operation', { type: Operation, description: 'What it does.' }),
    quality: t.exposeFloat('quality', { description: 'Out of 10.' }),
    creditsFrom: t.exposeInt('creditsFrom', {
      nullable: true,
      description:
        'What the price list asks for the smallest request; null when the active list has no price.',
    }),
    available: t.exposeBoolean('available', {
      description:
        'False while it is not served: retired, without a price, or its provider has no key and the sandbox does not stand in.',
    }),
    sandbox: t.boolean({
      description: 'Whether the sandbox stands in for its provider: what comes back is made up.',
      resolve: (card, _args, context) => context.core.providers.serving(card.provider)?.name === 'sandbox',
    }),
    retiresAt: t.expose('retiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'From when its provider no longer answers.',
    }),
    replacedBy: t.exposeString('replacedBy', { nullable: true, description: 'What to ask for instead.' }),
    sizes: t.stringList({
      description: 'The first is the default; empty: any.',
      resolve: (c) => [...c.sizes],
    }),
    qualities: t.stringList({
      description: 'The first is the default; empty: it knows none.',
      resolve: (card) => [...card.qualities],
    }),
    durations: t.intList({
      description: 'Seconds; the first is the default; empty: any.',
      resolve: (card) => [...card.durations],
    }),
    maxCount: t.exposeInt('maxCount', { description: 'How many outputs one call can make.' }),
    needsImage: t.exposeBoolean('needsImage', {
      description: 'Whether it makes nothing without an image to start from.',
    }),
    note: t.exposeString('note', { nullable: true, description: 'What else is to be known.' }),
    prices: t.field({
      type: [ModelPrice],
      description: 'Each variant that the active list prices.',
      resolve: (card) => [...card.prices],
    }),
    costFrom: t.field({
      type: Money,
      nullable: true,
      ...needs('profit:read', 'What its provider bills for the smallest request.'),
      resolve: (card) => card.costFromMicros,
    }),
    margin: t.float({
      nullable: true,
      ...needs('profit:read', '(revenue − cost) / revenue of the smallest request.'),
      resolve: (card) => card.margin,
    }),
    markup: t.float({
      nullable: true,
      ...needs('profit:read', '(revenue − cost) / cost of the smallest request.'),
      resolve: (card) => card.markup,
    }),
    belowFloor: t.boolean({
      nullable: true,
      ...needs('profit:read', 'Whether any of its prices is under the floor of margin.'),
      resolve: (card) => card.belowFloor,
    }),
  }),
});

const Quote = builder.objectRef<StoredQuote>('Quote').implement({
  description: 'A price that is honoured until it expires, whatever the catalogue does meanwhile.',
  fields: (t) => ({
    id: t.id({
      description: 'Give it as `quoteId` to be held to it.',
      resolve: (quote) => encodeId('Quote', quote.id),
    }),
    operation: t.expose('operation', { type: Operation, description: 'For what.' }),
    model: t.exposeString('model', { description: 'provider/name' }),
    credits: t.exposeInt('credits', { description: 'What it costs.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'Until when.' }),
    expectedCost: t.field({
      type: Money,
      nullable: true,
      ...needs('profit:read', 'What the provider is expected to bill.'),
      resolve: (quote) => quote.costMicros,
    }),
    expectedMargin: t.float({
      nullable: true,
      ...needs('profit:read', 'The margin when a credit sells for the least that the list allows.'),
      resolve: (quote) => quote.margin,
    }),
  }),
});

const QuoteInput = builder.inputType('QuoteInput', {
  description: 'What is to be priced.',
  fields: (t) => ({
    operation: t.field({ type: Operation, required: true, description: 'What is to be done.' }),
    model: t.string({ description: 'provider/name; left out: what the router would take.' }),
    allowSuccessor: t.boolean({
      defaultValue: false,
      description: 'Whether what replaced a retired model may be quoted in its place.',
    }),
    minimumQuality: t.float({ description: 'Out of 10.' }),
    size: t.string({ description: 'Such as 1024x1024.' }),
    quality: t.string({ description: 'As the model names it.' }),
    count: t.int({ description: 'How many outputs.' }),
    durationSeconds: t.int({ description: 'Of a clip, or of the video to be dubbed.' }),
    hasImage: t.boolean({
      defaultValue: false,
      description: 'Whether there will be an image to start from: some models make nothing without one.',
    }),
    accountId: t.id({ description: 'Only this account may use it; left out: whoever asks.' }),
  }),
});

const QuoteResult = builder.unionType('QuoteResult', {
  types: [Quote, UnpricedModelError, InvalidInputError],
  resolveType: resolveOutcome('Quote'),
});

builder.queryFields((t) => ({
  catalog: t.field({
    type: [CatalogModel],
    description: 'Every model, retired ones too, by operation and quality.',
    authScopes: { signedIn: true },
    args: { operation: t.arg({ type: Operation, required: false, description: 'Only those.' }) },
    resolve: (_root, args, context) => context.core.catalog.models(args.operation ?? undefined),
  }),
  quote: t.field({
    type: QuoteResult,
    description: 'A price to be held to, for ten minutes.',
    authScopes: { signedIn: true },
    args: { input: t.arg({ type: QuoteInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const asked = input.accountId == null ? null : decodeId('Account', input.accountId);
      if (input.accountId != null && (asked === null || !maySee(context, asked))) {
        return invalidInput([{ path: 'accountId', message: 'There is no such account.' }]);
      }
      const outcome = await context.core.catalog.createQuote(
        input,
        asked ?? context.caller?.accountId ?? null,
      );
      switch (outcome.status) {
        case 'quoted':
          return outcome.quote;
        case 'unpriced':
          return { code: 'UNPRICED_MODEL', message: outcome.message, model: outcome.model } as const;
        case 'invalid':
          return invalidInput(outcome.fields);
        case 'unavailable':
          throw serviceUnavailable(outcome.message);
      }
    },
  }),
}));
