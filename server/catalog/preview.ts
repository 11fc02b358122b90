/** What a change of a price or a cost would do, before anybody makes it: reckoned as the change itself would be. */
import { divideUp, type Micros } from '../money.ts';
import { cardOf, type VariantPrice } from './cards.ts';
import { MOST_CREDITS, type RowChange, readKey, takenProblem } from './edit.ts';
import { PriceBook } from './price-book.ts';
import { type FieldProblem, invalid } from './request.ts';
import type { DatedRow, Snapshot } from './snapshot.ts';

/** What would be set: so many credits, as few as leave a margin, or what the vendor bills for one unit. */
export type PreviewedFigure =
  | { readonly credits: number }
  /** In millionths, under a million. */
  | { readonly targetMargin: bigint }
  | { readonly costMicros: Micros };

/** A change that somebody thinks of. */
export interface PreviewedChange extends Omit<RowChange, 'reason' | 'actor'> {
  readonly figure: PreviewedFigure;
}

/** A way in which the model is sold that the change would touch. */
export interface PreviewedVariant {
  /** As it would be sold at that instant without the change; null: not at all. */
  readonly before: VariantPrice | null;
  readonly after: VariantPrice;
}

export type PreviewOutcome =
  | {
      readonly status: 'previewed';
      readonly effectiveFrom: Date;
      /** For one unit: what was given, or the fewest that leave the margin; null of a cost. */
      readonly credits: number | null;
      readonly variants: readonly PreviewedVariant[];
    }
  | { readonly status: 'invalid'; readonly fields: readonly FieldProblem[] };

/** The id of the row that is not there. */
const IMAGINED = '';
const MILLION = 1_000_000n;

/** Reckons a change on what is known now. */
export function preview(
  snapshot: Snapshot,
  now: Date,
  floorMicros: Micros,
  change: PreviewedChange,
): PreviewOutcome {
  const read = readKey(new PriceBook(snapshot, now.getTime()), change, now);
  if ('fields' in read) return invalid(...read.fields);
  const { modelId, effectiveFrom, ...dimensions } = read.key;
  const row: DatedRow = { id: IMAGINED, ...dimensions, effectiveFrom: effectiveFrom.getTime() };
  const what = 'costMicros' in change.figure ? 'cost' : 'price';
  const model = snapshot.models.find(({ id }) => id === modelId);
  const rows: readonly DatedRow[] = (what === 'cost' ? model?.costs : model?.prices) ?? [];
  if (rows.some((other) => isSame(other, row))) return invalid(takenProblem(what));

  const sold = (of: Snapshot) => {
    const book = new PriceBook(of, effectiveFrom.getTime());
    const then = book.models.get(modelId);
    return then ? cardOf(then, book, floorMicros).prices : [];
  };
  const touched = (figure: { readonly credits: number } | { readonly costMicros: Micros }) =>
    sold(withRow(snapshot, modelId, row, figure)).filter(
      ({ modelCostId, modelPriceId }) => modelCostId === IMAGINED || modelPriceId === IMAGINED,
    );
  const before = sold(snapshot);
  const previewed = (variants: readonly VariantPrice[], credits: number | null): PreviewOutcome => ({
    status: 'previewed',
    effectiveFrom,
    credits,
    variants: variants.map((after) => ({
      before: before.find((one) => isVariant(one, after)) ?? null,
      after,
    })),
  });

  const { figure } = change;
  if ('costMicros' in figure) return previewed(touched(figure), null);
  if ('credits' in figure) return previewed(touched(figure), figure.credits);
  // At one credit a unit, a variant's credits are its units.
  const units = touched({ credits: 1 });
  if (units.length === 0) {
    return invalid({
      path: 'targetMargin',
      message: 'It would price no request: more specific prices hold, or no cost is known. Give credits.',
    });
  }
  const needed = units.map((variant) =>
    divideUp(
      variant.costMicros * MILLION,
      BigInt(variant.credits) * snapshot.list.creditMicros * (MILLION - figure.targetMargin),
    ),
  );
  const fewest = needed.reduce((most, credits) => (credits > most ? credits : most), 1n);
  if (fewest > BigInt(MOST_CREDITS)) {
    return invalid({ path: 'targetMargin', message: `It would take more than ${MOST_CREDITS} credits.` });
  }
  const credits = Number(fewest);
  return previewed(touched({ credits }), credits);
}

function withRow(
  snapshot: Snapshot,
  modelId: string,
  row: DatedRow,
  figure: { readonly credits: number } | { readonly costMicros: Micros },
): Snapshot {
  return {
    ...snapshot,
    models: snapshot.models.map((model) => {
      if (model.id !== modelId) return model;
      return 'credits' in figure
        ? { ...model, prices: [...model.prices, { ...row, ...figure }] }
        : { ...model, costs: [...model.costs, { ...row, ...figure, source: '' }] };
    }),
  };
}

interface Dimensions {
  readonly size: string | null;
  readonly quality: string | null;
  readonly durationSeconds: number | null;
}

const isVariant = (one: Dimensions, other: Dimensions) =>
  one.size === other.size && one.quality === other.quality && one.durationSeconds === other.durationSeconds;

const isSame = (one: DatedRow, other: DatedRow) =>
  isVariant(one, other) && one.effectiveFrom === other.effectiveFrom;
