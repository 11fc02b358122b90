/** CSV, by csv-parse: quoted fields, line ends of either kind, a byte order mark, and the delimiter that the header has. */
import { Readable } from 'node:stream';
import { type CsvError, parse } from 'csv-parse';
import { ROWS_AT_ONCE, type Table, TableError, type TableRow } from './table.ts';

/** A quote that is never closed would take the rest of a file into one field. */
const MAX_ROW_CHARACTERS = 1_000_000;

const PROBLEMS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and not closed',
  CSV_INVALID_CLOSING_QUOTE: 'a closing quote is followed by text: write a quote inside a quoted field twice',
  CSV_MAX_RECORD_SIZE: `a row has more than ${MAX_ROW_CHARACTERS} characters: is a quote not closed?`,
};

function explain(error: unknown): unknown {
  const { code, lines, message } = error as Partial<CsvError> & { lines?: number };
  if (typeof code !== 'string' || !code.startsWith('CSV_')) return error;
  return new TableError(PROBLEMS[code] ?? message ?? code, lines);
}

/** The delimiter of a header: a comma, or the semicolon or tab of spreadsheets whose decimals have commas. */
function delimiterOf(head: string): string {
  const [header = ''] = head.trimStart().split('\n', 1);
  return [',', ';', '\t'].find((delimiter) => header.includes(delimiter)) ?? ',';
}

interface Parsed {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

/**
 * Reads CSV with a header.
 *
 * @param head the text's beginning, with its first line.
 * @throws TableError when there is no header.
 */
export async function readCsv(head: string, texts: AsyncIterable<string>): Promise<Table> {
  const parser = parse({
    delimiter: delimiterOf(head),
    info: true,
    max_record_size: MAX_ROW_CHARACTERS,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
  });
  const source = Readable.from(texts);
  source.on('error', (error) => parser.destroy(error));
  const records = source.pipe(parser)[Symbol.asyncIterator]() as AsyncIterator<Parsed>;
  const next = () =>
    records.next().catch((error: unknown) => {
      throw explain(error);
    });
  const header = await next();
  if (header.done) throw new TableError('The file is empty: its first line names the columns.');
  const columns = header.value.record.map((name) => name.trim());

  async function* rows(): AsyncGenerator<TableRow[]> {
    let batch: TableRow[] = [];
    try {
      for (let item = await next(); !item.done; item = await next()) {
        const { record, info } = item.value;
        const problem =
          record.length === columns.length
            ? null
            : `the row has ${record.length} fields and the header ${columns.length}: quote a field that has a delimiter in it`;
        batch.push({ line: info.lines, cells: record, problem });
        if (batch.length === ROWS_AT_ONCE) {
          yield batch;
          batch = [];
        }
      }
    } catch (error) {
      // What stands before a broken place is good.
      if (batch.length > 0) yield batch;
      throw error;
    } finally {
      source.destroy();
      parser.destroy();
    }
    if (batch.length > 0) yield batch;
  }
  return { kind: 'csv', columns, rows: rows() };
}
