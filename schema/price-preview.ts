/** What a change of a price or a cost would do, before anybody makes it. */
import {
  MOST_CREDITS,
  type PreviewedFigure,
  type PreviewedVariant,
  type PreviewOutcome,
} from '../server/catalog/index.ts';
import { DecimalError, MICROS_PER_DOLLAR, parseDecimal } from '../server/money.ts';
import { builder, needs } from './builder.ts';
import { ModelPrice } from './catalog.ts';
import { readDollars } from './decimal.ts';
import { type FieldProblem, InvalidInputError, invalidInput, resolveOutcome } from './outcome.ts';
import { MOST_COST_MICROS, whatIsPriced } from './price.ts';

const PreviewedVariantType = builder.objectRef<PreviewedVariant>('PreviewedVariant').implement({
  description: 'A way in which the model is sold that a change would touch.',
  fields: (t) => ({
    before: t.field({
      type: ModelPrice,
      nullable: true,
      description: 'As it would be sold at that instant without the change; null: not at all.',
      resolve: ({ before }) => before,
    }),
    after: t.field({
      type: ModelPrice,
      description: 'As it would be sold with it.',
      resolve: ({ after }) => after,
    }),
  }),
});

type Previewed = Extract<PreviewOutcome, { status: 'previewed' }>;

const ModelChangePreview = builder.objectRef<Previewed>('ModelChangePreview').implement({
  description: 'What a change would do. Nothing is written.',
  fields: (t) => ({
    effectiveFrom: t.expose('effectiveFrom', {
      type: 'DateTime',
      description: 'From when on it would hold.',
    }),
    credits: t.exposeInt('credits', {
      nullable: true,
      description:
        'For one unit: what was given, or the fewest that leave the margin asked for; null of a cost.',
    }),
    variants: t.field({
      type: [PreviewedVariantType],
      description:
        'What it would touch. Empty: nothing, since other rows are more specific or no cost is known.',
      resolve: ({ variants }) => [...variants],
    }),
    belowFloor: t.boolean({
      description: 'Whether any of these would be sold under the floor of margin.',
      resolve: ({ variants }) => variants.some(({ after }) => after.belowFloor),
    }),
  }),
});

const PreviewModelChangeInput = builder.inputType('PreviewModelChangeInput', {
  description: 'A change that somebody thinks of: say credits, a margin or a cost, and one of them.',
  fields: (t) => ({
    ...whatIsPriced(t),
    credits: t.int({ description: 'For one unit; from 1.' }),
    targetMargin: t.field({
      type: 'Decimal',
      description:
        'The margin to be left when a credit sells for the least that the list allows: "0.4" asks for the fewest credits that leave 40 %.',
    }),
    cost: t.field({ type: 'Decimal', description: 'What the vendor bills for one unit, in dollars.' }),
    effectiveFrom: t.field({ type: 'DateTime', description: 'From when on; left out: from now.' }),
  }),
});

const PreviewModelChangeResult = builder.unionType('PreviewModelChangeResult', {
  description: 'What the change would do, or what cannot be.',
  types: [ModelChangePreview, InvalidInputError],
  resolveType: resolveOutcome('ModelChangePreview'),
});

type Input = (typeof PreviewModelChangeInput)['$inferInput'];

function readFigure({ credits, targetMargin, cost }: Input): PreviewedFigure | FieldProblem {
  if ([credits, targetMargin, cost].filter((figure) => figure != null).length !== 1) {
    return { path: 'credits', message: 'Give credits, a targetMargin or a cost: one of them.' };
  }
  if (credits != null) {
    const isPrice = credits >= 1 && credits <= MOST_CREDITS;
    return isPrice ? { credits } : { path: 'credits', message: `Give 1 to ${MOST_CREDITS} credits.` };
  }
  if (cost != null) {
    const read = readDollars('cost', cost, MOST_COST_MICROS, 'Give dollars from "0" to "10000".');
    return 'problem' in read ? read.problem : { costMicros: read.micros };
  }
  try {
    // As dollars are read: exactly, in millionths.
    const part = parseDecimal(targetMargin ?? '');
    if (part >= 0n && part < MICROS_PER_DOLLAR) return { targetMargin: part };
  } catch (error) {
    if (!(error instanceof DecimalError)) throw error;
  }
  return { path: 'targetMargin', message: 'Give a part of 1 from "0" to "0.999999", such as "0.4".' };
}

builder.queryField('previewModelChange', (t) =>
  t.field({
    type: PreviewModelChangeResult,
    ...needs('profit:read', 'What a change of a price or a cost would do, before it is made.'),
    args: { input: t.arg({ type: PreviewModelChangeInput, required: true }) },
    resolve: (_root, { input }, { core }) => {
      const figure = readFigure(input);
      if ('path' in figure) return invalidInput([figure]);
      const { model, size, quality, durationSeconds, unit, effectiveFrom } = input;
      const outcome = core.catalog.preview({
        model,
        size,
        quality,
        durationSeconds,
        unit: unit ?? 'OUTPUT',
        effectiveFrom,
        figure,
      });
      return outcome.status === 'previewed' ? outcome : invalidInput(outcome.fields);
    },
  }),
);
