/** A model's dated prices and costs: those that hold, those that did, and those that are to come. */
import { costOf, creditsOf, rowsInForce } from './in-force.ts';
import type { BookModel } from './price-book.ts';
import type { CostRow, DatedRow, PriceRow } from './snapshot.ts';

/** What has become of a dated row: it is to come, it holds, or another has taken its place. */
export type DatedState = 'SCHEDULED' | 'IN_FORCE' | 'PAST';

/** A row with its state at an instant. */
export type Dated<Row> = Row & { readonly state: DatedState };

/** All rows of one model, the newest first. */
export interface ModelHistory {
  readonly prices: readonly Dated<PriceRow>[];
  readonly costs: readonly Dated<CostRow>[];
}

/** @param now Unix milliseconds, at which the book of this model holds. */
export function historyOf({ row, prices, costs }: BookModel, now: number): ModelHistory {
  return { prices: dated(row.prices, prices, now, creditsOf), costs: dated(row.costs, costs, now, costOf) };
}

function dated<Row extends DatedRow>(
  rows: readonly Row[],
  inForce: readonly Row[],
  now: number,
  amount: (row: Row) => bigint,
): Dated<Row>[] {
  const holds = new Set(inForce.map(({ id }) => id));
  // The table can hold two rows for the same requests and instant: one of them will never hold.
  const willHold = (row: Row) => rowsInForce(rows, row.effectiveFrom, amount).includes(row);
  return rows
    .map((row): Dated<Row> => {
      const isToCome = row.effectiveFrom > now;
      const counts = isToCome ? willHold(row) : holds.has(row.id);
      return { ...row, state: !counts ? 'PAST' : isToCome ? 'SCHEDULED' : 'IN_FORCE' };
    })
    .sort((one, other) => other.effectiveFrom - one.effectiveFrom || (one.id < other.id ? 1 : -1));
}
