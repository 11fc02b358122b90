/** CSV, by csv-parse: quoted fields, line ends of either kind, a byte order mark, and the delimiter that the header has. */
import { type CsvError, parse } from 'csv-parse';
import { type Table, TableError, type TableRow } from './table.ts';

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

/**
 * Reads CSV with a header.
 *
 * @param head the text's beginning, with its first line.
 * @throws TableError when there is no header.
 */
export async function readCsv(head: string, texts: AsyncIterable<string>): Promise<Table> {
  let found: { readonly line: number; readonly cells: readonly string[] }[] = [];
  const parser = parse({
    delimiter: delimiterOf(head),
    max_record_size: MAX_ROW_CHARACTERS,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    // Taken here and not from its stream, which forgets what it has read when it meets a broken place.
    on_record: (cells: string[], { lines }) => {
      found.push({ line: lines, cells });
      return null;
    },
  });
  let failure: unknown = null;
  parser.on('error', (error) => {
    failure = explain(error);
  });
  parser.resume();
  const iterator = texts[Symbol.asyncIterator]();
  let ended = false;
  /** Reads on; false at the end, and at a place where it cannot go on. */
  const more = async (): Promise<boolean> => {
    if (ended || failure !== null) return false;
    const next = await iterator.next();
    ended = next.done === true;
    await new Promise<void>((resolve) => {
      const done = () => {
        parser.off('error', done);
        resolve();
      };
      parser.on('error', done);
      if (next.done) parser.end(done);
      else parser.write(next.value, done);
    });
    return true;
  };
  while (found.length === 0 && (await more())) {
    // The header may come in pieces.
  }
  const header = found.shift();
  if (!header) throw failure ?? new TableError('The file is empty: its first line names the columns.');
  const columns = header.cells.map((name) => name.trim());

  async function* rows(): AsyncGenerator<TableRow[]> {
    do {
      const batch = found.map(({ line, cells }) => ({
        line,
        cells,
        problem:
          cells.length === columns.length
            ? null
            : `the row has ${cells.length} fields and the header ${columns.length}: quote a field that has a delimiter in it`,
      }));
      found = [];
      if (batch.length > 0) yield batch;
    } while (await more());
    // What stands before a broken place is good.
    if (failure !== null) throw failure;
  }
  return { kind: 'csv', columns, rows: rows() };
}
