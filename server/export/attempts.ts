/** Every booked line as CSV. */
import type { Database } from '../database/index.ts';
import { formatDecimal } from '../money.ts';
import type { ProfitFilter, TimeRange } from '../profit/index.ts';
import { csvLine, defuse } from '../tables/index.ts';
import { type BookedRow, bookedRows } from './statements.ts';

/** Rows that are read, and held, at a time. */
const PAGE_ROWS = 1_000;

const HEADER = [
  'at',
  'kind',
  'id',
  'attempt',
  'account_id',
  'account_external_id',
  'provider',
  'model',
  'operation',
  'tier',
  'country',
  'plan',
  'outcome',
  'cost',
  'lost_cost',
  'cost_source',
  'credits',
  'revenue',
  'duration_ms',
  'note',
];

/** How ids look outside. */
export type EncodeId = (type: 'Account' | 'Generation', id: string) => string;

function lineOf(row: BookedRow, encodeId: EncodeId): string {
  return csvLine([
    row.at.toISOString(),
    row.kind,
    row.kind === 'attempt' ? encodeId('Generation', row.id) : defuse(row.id),
    row.number === null ? '' : String(row.number),
    row.account_id === null ? '' : encodeId('Account', row.account_id),
    defuse(row.account ?? ''),
    defuse(row.provider),
    defuse(row.model),
    row.operation,
    row.tier,
    row.country ?? '',
    defuse(row.plan ?? ''),
    row.outcome ?? '',
    formatDecimal(row.cost_micros),
    formatDecimal(row.lost_cost_micros),
    row.cost_source,
    String(row.credits),
    formatDecimal(row.revenue_micros),
    String(row.duration_ms),
    defuse(row.error ?? ''),
  ]);
}

/** Pieces of CSV, a page of the database each. */
export async function* attemptsCsv(
  database: Database,
  { range, filter }: { readonly range: TimeRange; readonly filter?: ProfitFilter | null | undefined },
  encodeId: EncodeId,
  signal: AbortSignal,
): AsyncGenerator<string> {
  yield csvLine(HEADER);
  for await (const rows of bookedRows(database, range, filter ?? {}, { rows: PAGE_ROWS, signal })) {
    let text = '';
    for (const row of rows) text += lineOf(row, encodeId);
    yield text;
  }
}
