/** Where history comes from: a stream of text, or a SQLite file with the old tables. */
import { DecimalError, type Micros, parseDecimal } from '../money.ts';
import { openSqlite, readTable, type SqliteFile, type Table, TableError } from '../tables/index.ts';
import { API_COSTS, API_USAGE_LOGS, type Layout, plainDecimal, REVENUE, SOLVENT } from './layouts.ts';

/** One table of a source, with how it is laid out. */
export interface Part {
  readonly table: Table;
  readonly layout: Layout;
}

/** What the old system itself said its sums were. */
export interface Stated {
  readonly costMicros: Micros;
  readonly revenueMicros: Micros;
}

/** A source that is open. */
export interface Opened {
  readonly parts: readonly Part[];
  /** The sums of `hourly_stats`, where there is such a table. */
  readonly stated: Stated | null;
  /** Lets go of the source, read to its end or not. */
  close(): Promise<void>;
}

/** Which layout a file of text has; a dump of SQL has always the old one. */
export type TextLayout = 'solvent' | 'api_usage_logs';

/** Opens a stream of CSV, JSON or SQL. */
export async function openText(bytes: AsyncIterable<Uint8Array>, layout: TextLayout | null): Promise<Opened> {
  // One that nobody ends holds its file open, also when that is deleted.
  const iterator = bytes[Symbol.asyncIterator]();
  const close = async () => void (await iterator.return?.());
  try {
    const table = await readTable({ [Symbol.asyncIterator]: () => iterator }, API_USAGE_LOGS.name);
    const old = layout === 'api_usage_logs' || (layout === null && table.kind === 'sql');
    return { parts: [{ table, layout: old ? API_USAGE_LOGS : SOLVENT }], stated: null, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Columns of `revenue` that name the call which brought it. */
const REFERENCES = ['api_cost_id', 'cost_id', 'api_call_id', 'call_id', 'usage_id', 'request_id'];

async function sumsOf(file: SqliteFile): Promise<Stated | null> {
  const { columns, rows } = file.table('hourly_stats');
  const cost = columns.findIndex((name) => /^(total_)?(api_)?costs?(_usd)?$/i.test(name));
  const revenue = columns.findIndex((name) => /^(total_)?revenues?(_usd)?$/i.test(name));
  if (cost < 0 || revenue < 0) return null;
  let [costMicros, revenueMicros] = [0n, 0n];
  try {
    for await (const batch of rows) {
      for (const { cells } of batch) {
        costMicros += parseDecimal(plainDecimal(cells[cost] || '0'));
        revenueMicros += parseDecimal(plainDecimal(cells[revenue] || '0'));
      }
    }
  } catch (error) {
    // They are only looked at beside what is imported: sums that are none say nothing.
    if (error instanceof DecimalError) return null;
    throw error;
  }
  return { costMicros, revenueMicros };
}

/**
 * Opens a SQLite file with `api_costs`, and `revenue` and `hourly_stats` where they are.
 *
 * @throws TableError when it has no `api_costs`.
 */
export async function openOldDatabase(path: string): Promise<Opened> {
  const file = openSqlite(path);
  try {
    const costs = file.columns(API_COSTS.name);
    if (costs.length === 0) {
      throw new TableError(
        `The SQLite file has no table ${API_COSTS.name}: that is where the old system kept its calls.`,
      );
    }
    const parts: Part[] = [{ table: file.table(API_COSTS.name), layout: API_COSTS }];
    const revenue = file.columns(REVENUE.name);
    if (revenue.length > 0) {
      const reference = REFERENCES.find((name) => revenue.includes(name));
      const own = new Set(revenue);
      // What a call brought counts where the call does.
      const table =
        reference && costs.includes('id')
          ? file.table(REVENUE.name, {
              table: API_COSTS.name,
              reference,
              columns: costs.filter(
                (name) => /^(provider|service|model|operation|user_tier|tier)$/i.test(name) && !own.has(name),
              ),
            })
          : file.table(REVENUE.name);
      parts.push({ table, layout: REVENUE });
    }
    const stated = file.columns('hourly_stats').length > 0 ? await sumsOf(file) : null;
    return { parts, stated, close: async () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}
