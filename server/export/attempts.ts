/** Every booked line as CSV. */
import type { Database } from '../database/index.ts';
import type { ProfitFilter, TimeRange } from '../profit/index.ts';
import { csvLine } from '../tables/index.ts';
import { BOOKED_COLUMNS, bookedRows } from './statements.ts';

/** Rows that are read, and held, at a time. */
const PAGE_ROWS = 1_000;

/** How ids look outside. */
export type EncodeId = (type: 'Account' | 'Generation', id: string) => string;

/** Pieces of CSV, a page of the database each. */
export async function* attemptsCsv(
  database: Database,
  { range, filter }: { readonly range: TimeRange; readonly filter?: ProfitFilter | null | undefined },
  encodeId: EncodeId,
  signal: AbortSignal,
): AsyncGenerator<string> {
  yield csvLine(BOOKED_COLUMNS);
  const prefixes = { account: encodeId('Account', ''), generation: encodeId('Generation', '') };
  yield* bookedRows(database, range, filter ?? {}, prefixes, { rows: PAGE_ROWS, signal });
}
