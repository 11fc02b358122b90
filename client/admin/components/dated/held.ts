/** What is dated: of the rows for one thing the newest that has begun holds. */
import type { DatedState } from '../../gql/graphql.ts';

/** What holds from an instant on. */
export interface Dated {
  readonly id: string;
  readonly state: DatedState;
  readonly effectiveFrom: string;
}

/** What holds from a row's instant on when it is taken back: of those of the same thing the newest that is no later. */
export function heldInstead<Row extends Dated>(
  rows: readonly Row[],
  taken: Row,
  isOfTheSame: (row: Row) => boolean,
): Row | undefined {
  const from = ({ effectiveFrom }: Row) => Date.parse(effectiveFrom);
  return rows
    .filter((row) => row.id !== taken.id && isOfTheSame(row) && from(row) <= from(taken))
    .sort((one, other) => from(other) - from(one))[0];
}
