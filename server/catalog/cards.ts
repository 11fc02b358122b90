import { type Micros, margin, markup } from '../money.ts';
import type { Operation } from '../providers/index.ts';
import type { BookModel, PriceBook } from './price-book.ts';
import { USUAL_CLIP_SECONDS, USUAL_DUB_SECONDS } from './request.ts';
import type { DatedRow, PriceListRow, PriceUnit } from './snapshot.ts';

/** One way in which a model is sold: the smallest request with these dimensions, and what it earns. */
export interface VariantPrice {
  /** Null: this price holds for whatever size; so for the next two. */
  readonly size: string | null;
  readonly quality: string | null;
  readonly durationSeconds: number | null;
  /** What the price counts. By `SECOND` or `MINUTE` and without a duration, the figures are of one of them. */
  readonly unit: PriceUnit;
  readonly credits: number;
  readonly costMicros: Micros;
  /** At the least that a credit of the list sells for. */
  readonly margin: number | null;
  readonly markup: number | null;
  /** At the most that a credit of the list sells for. */
  readonly marginMax: number | null;
  /** True when the margin at the least is under the floor; a cost without any revenue is under every floor. */
  readonly belowFloor: boolean;
  /** The rows that it comes from. */
  readonly modelCostId: string;
  readonly modelPriceId: string;
}

/** A model as clients and operators see it. */
export interface ModelCard {
  readonly id: string;
  readonly provider: string;
  readonly operation: Operation;
  readonly vendorModel: string;
  /** Out of 10. */
  readonly quality: number;
  /** What it takes, the default first; an empty list of sizes or durations takes any. */
  readonly sizes: readonly string[];
  readonly qualities: readonly string[];
  readonly durations: readonly number[];
  readonly maxCount: number;
  /** Whether it makes nothing without an image to start from. */
  readonly needsImage: boolean;
  readonly note: string | null;
  readonly availableFrom: Date;
  readonly retiresAt: Date | null;
  readonly retired: boolean;
  readonly replacedBy: string | null;
  /** True when a call that names it would be served now: it lives, it is priced, and something answers for it. */
  readonly available: boolean;
  /** Credits for the smallest request; null when it is not priced. */
  readonly creditsFrom: number | null;
  /** The smallest request's cost; null when the model has no dated cost. */
  readonly costFromMicros: Micros | null;
  /** The smallest request's. */
  readonly margin: number | null;
  readonly markup: number | null;
  /** True when any of its prices is under the floor, so that a good first price hides no bad one; null without a price. */
  readonly belowFloor: boolean | null;
  /** Every way in which it is sold, the smallest first. */
  readonly prices: readonly VariantPrice[];
}

interface Variant {
  readonly size: string | null;
  readonly quality: string | null;
  readonly durationSeconds: number | null;
}

/** A card, but for what changes from call to call. */
export function cardOf(model: BookModel, book: PriceBook, floorMicros: Micros): Omit<ModelCard, 'available'> {
  const { row } = model;
  const prices = pricesOf(model, book, floorMicros);
  const smallest = prices[0];
  return {
    id: row.id,
    provider: row.provider,
    operation: row.operation,
    vendorModel: row.vendorModel,
    quality: row.quality,
    sizes: row.sizes,
    qualities: row.qualities,
    durations: row.durations,
    maxCount: row.maxCount,
    needsImage: row.needsImage,
    note: row.note,
    availableFrom: new Date(row.availableFrom),
    retiresAt: row.retiresAt === null ? null : new Date(row.retiresAt),
    retired: model.life === 'retired',
    replacedBy: row.replacedById,
    creditsFrom: smallest?.credits ?? null,
    costFromMicros: smallest?.costMicros ?? leastCost(model, book),
    margin: smallest?.margin ?? null,
    markup: smallest?.markup ?? null,
    belowFloor: smallest ? prices.some(({ belowFloor }) => belowFloor) : null,
    prices,
  };
}

function pricesOf(model: BookModel, book: PriceBook, floorMicros: Micros): VariantPrice[] {
  const prices = variantsOf(model).flatMap((variant) => {
    const request = smallestRequest(model, variant);
    const cost = book.costOf(model, request);
    const price = book.priceOf(model, request);
    const unit = model.prices.find(({ id }) => id === price?.modelPriceId)?.unit;
    if (!cost || !price || !unit) return [];
    const rows = { modelCostId: cost.modelCostId, modelPriceId: price.modelPriceId };
    return [
      { ...variant, unit, ...rows, ...figures(price.credits, cost.costMicros, book.list, floorMicros) },
    ];
  });
  // Stable: what a model lists first stays first among as many credits.
  return prices.sort(
    (one, other) =>
      one.credits - other.credits ||
      (one.costMicros < other.costMicros ? -1 : one.costMicros > other.costMicros ? 1 : 0),
  );
}

function leastCost(model: BookModel, book: PriceBook): Micros | null {
  const costs = variantsOf(model).flatMap((variant) => {
    const cost = book.costOf(model, smallestRequest(model, variant));
    return cost ? [cost.costMicros] : [];
  });
  return costs.reduce<Micros | null>((least, cost) => (least === null || cost < least ? cost : least), null);
}

/** The dimensions that some cost or price looks at, in every combination that the model takes. */
function variantsOf({ row, costs, prices }: BookModel): Variant[] {
  const rows: readonly DatedRow[] = [...costs, ...prices];
  const sizes = valuesOf(
    rows.map(({ size }) => size),
    row.sizes,
  );
  const qualities = valuesOf(
    rows.map(({ quality }) => quality),
    row.qualities,
  );
  // Whatever counts time differs by duration, even where no row is bound to one.
  const timed = rows.some(({ unit }) => unit !== 'OUTPUT');
  const durations =
    timed && row.durations.length > 0
      ? row.durations
      : valuesOf(
          rows.map(({ durationSeconds }) => durationSeconds),
          row.durations,
        );
  return durations.flatMap((durationSeconds) =>
    qualities.flatMap((quality) => sizes.map((size) => ({ size, quality, durationSeconds }))),
  );
}

/** Nothing is bound: one variant for any. Bound: what the model lists, or what the rows name and all the rest. */
function valuesOf<Value>(
  bound: readonly (Value | null)[],
  listed: readonly Value[],
): readonly (Value | null)[] {
  if (bound.every((value) => value === null)) return [null];
  return listed.length > 0 ? listed : [...new Set(bound)];
}

function smallestRequest({ row, prices }: BookModel, { size, quality, durationSeconds }: Variant) {
  return {
    size: size ?? undefined,
    quality: quality ?? undefined,
    durationSeconds: durationSeconds ?? smallestDuration(row.operation, prices),
    count: 1,
  };
}

function smallestDuration(operation: Operation, prices: readonly DatedRow[]): number {
  if (prices.some(({ unit }) => unit === 'MINUTE')) return 60;
  if (prices.some(({ unit }) => unit === 'SECOND')) return 1;
  return operation === 'DUB_VIDEO' ? USUAL_DUB_SECONDS : USUAL_CLIP_SECONDS;
}

function figures(credits: number, costMicros: Micros, list: PriceListRow, floorMicros: Micros) {
  const revenue = BigInt(credits) * list.creditMicros;
  return {
    credits,
    costMicros,
    margin: margin(revenue, costMicros),
    markup: markup(revenue, costMicros),
    marginMax: margin(BigInt(credits) * list.creditMaxMicros, costMicros),
    // Multiplied out, so that a margin of exactly the floor is not under it.
    belowFloor: (revenue - costMicros) * 1_000_000n < floorMicros * revenue,
  };
}
