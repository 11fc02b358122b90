/** Which dated row holds for a request, and how many of its units the request takes. */
import type { CostRow, DatedRow, PriceRow, PriceUnit } from './snapshot.ts';

/** What rows are matched by. */
export interface Dimensions {
  readonly size?: string | undefined;
  readonly quality?: string | undefined;
  readonly durationSeconds?: number | undefined;
}

/**
 * More dimensions are more specific; among as many, a row bound to a duration is more specific than one bound to
 * a quality, and that than one bound to a size. The order of the last three is arbitrary, but it must be one.
 */
function specificity(row: DatedRow): number {
  const size = row.size === null ? 0 : 1;
  const quality = row.quality === null ? 0 : 1;
  const duration = row.durationSeconds === null ? 0 : 1;
  return (size + quality + duration) * 8 + duration * 4 + quality * 2 + size;
}

function sameDimensions(one: DatedRow, other: DatedRow): boolean {
  return (
    one.size === other.size && one.quality === other.quality && one.durationSeconds === other.durationSeconds
  );
}

const dearerFirst = (one: bigint, other: bigint) => (one === other ? 0 : one > other ? -1 : 1);

/**
 * The rows that hold at an instant, the most specific first: of those for the same dimensions the newest that has
 * begun.
 *
 * @param now Unix milliseconds.
 * @param amount decides between rows of the same dimensions and date: the dearer holds, which can lose no money.
 */
export function rowsInForce<Row extends DatedRow>(
  rows: readonly Row[],
  now: number,
  amount: (row: Row) => bigint,
): Row[] {
  return rows
    .filter((row) => row.effectiveFrom <= now)
    .sort(
      (one, other) =>
        specificity(other) - specificity(one) ||
        other.effectiveFrom - one.effectiveFrom ||
        dearerFirst(amount(one), amount(other)),
    )
    .filter((row, index, sorted) => sorted.findIndex((other) => sameDimensions(row, other)) === index);
}

/** What decides between two costs of one date. */
export const costOf = ({ costMicros }: CostRow): bigint => costMicros;

/** What decides between two prices of one date. */
export const creditsOf = ({ credits }: PriceRow): bigint => BigInt(credits);

/** The first row that holds for these dimensions; the rows are sorted. */
export function rowFor<Row extends DatedRow>(rows: readonly Row[], dimensions: Dimensions): Row | undefined {
  return rows.find(
    (row) =>
      (row.size === null || row.size === dimensions.size) &&
      (row.quality === null || row.quality === dimensions.quality) &&
      (row.durationSeconds === null || row.durationSeconds === dimensions.durationSeconds),
  );
}

/** How many units are billed; null when a row counts time and there is none. Begun minutes count whole. */
export function unitsOf(unit: PriceUnit, count: number, durationSeconds: number | undefined): number | null {
  if (unit === 'OUTPUT') return count;
  if (durationSeconds === undefined) return null;
  return (unit === 'SECOND' ? durationSeconds : Math.ceil(durationSeconds / 60)) * count;
}
