/** What is wrong with a whole file: it cannot be read on. Its message can be shown to whoever gave the file. */
export class TableError extends Error {
  override readonly name = 'TableError';
  /** Where, counted from 1; undefined when it is about the whole. */
  readonly line: number | undefined;

  constructor(message: string, line?: number) {
    super(line === undefined ? message : `Line ${line}: ${message}`);
    this.line = line;
  }
}

/** A row as it stands in the file. */
export interface TableRow {
  /** The line on which it ends, counted from 1; of a database the row's own number. */
  readonly line: number;
  /** In the order of the table's columns; an empty text where there is nothing. */
  readonly cells: readonly string[];
  /** Why it is no row, when it is none. */
  readonly problem: string | null;
}

/** A file of rows that is being read. */
export interface Table {
  readonly kind: 'csv' | 'json' | 'sql' | 'sqlite';
  /** Names of the columns. Of JSON it grows while rows are read that have new ones. */
  readonly columns: readonly string[];
  /** Rows, many at a time. Throws {@link TableError} where the file cannot be read on. */
  readonly rows: AsyncIterable<readonly TableRow[]>;
}

/** As many rows are handed on at a time. */
export const ROWS_AT_ONCE = 1_000;

/** Rows, many at a time: the first, and those that are found after it. What stands before a place that cannot be read is good. */
export async function* inBatches<Found>(
  first: TableRow,
  found: AsyncIterable<Found>,
  toRow: (found: Found) => TableRow,
): AsyncGenerator<TableRow[]> {
  let batch = [first];
  try {
    for await (const next of found) {
      batch.push(toRow(next));
      if (batch.length >= ROWS_AT_ONCE) {
        yield batch;
        batch = [];
      }
    }
  } catch (error) {
    if (batch.length > 0) yield batch;
    throw error;
  }
  if (batch.length > 0) yield batch;
}
