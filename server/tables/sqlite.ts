/** SQLite files, by Node's own reader. */
import { open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import type { Joined } from './statements.ts';
import * as statements from './statements.ts';
import { ROWS_AT_ONCE, type Table, TableError, type TableRow } from './table.ts';

const MAGIC = 'SQLite format 3\0';

/** Whether a file is a SQLite database, by its first bytes. */
export async function isSqlite(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
    return bytesRead === MAGIC.length && buffer.toString('latin1') === MAGIC;
  } finally {
    await file.close();
  }
}

/** A SQLite file that is open. */
export interface SqliteFile {
  /** Names of a table's columns; empty when there is no such table. */
  columns(table: string): string[];
  /** A table's rows, in the order of their numbers; with columns of another table's row, where a reference to its `id` is given. */
  table(name: string, joined?: Joined): Table;
  close(): void;
}

/** What SQLite finds out when it is asked: that a file is cut off or damaged, or is none in spite of its beginning. */
function told<Result>(ask: () => Result): Result {
  try {
    return ask();
  } catch (error) {
    if (error instanceof TableError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new TableError(`The SQLite file cannot be read: ${why}.`);
  }
}

/** Rows have 32 bits for their numbers from here on. */
const MOST_NUMBER = 2n ** 31n - 1n;

/**
 * Opens a SQLite file, to be read only.
 *
 * @throws TableError when it cannot be opened; so does what reads it.
 */
export function openSqlite(path: string): SqliteFile {
  const database = told(() => new DatabaseSync(path, { readOnly: true }));

  /** Whether the rows of a table have numbers of their own that can be told: not in every kind of table, and ids may be large. */
  function isNumbered(table: string): boolean {
    try {
      const statement = database.prepare(statements.numbersOf(table));
      statement.setReadBigInts(true);
      const { least, most } = statement.get() ?? {};
      return typeof least === 'bigint' && least >= 0n && typeof most === 'bigint' && most <= MOST_NUMBER;
    } catch {
      return false;
    }
  }

  const file: SqliteFile = {
    columns: (table) =>
      told(() =>
        database
          .prepare(statements.COLUMNS)
          .all(table)
          .map((row) => String(row.name)),
      ),
    table(name, joined) {
      const own = file.columns(name);
      const columns = [...own, ...(joined?.columns ?? [])];
      async function* rows(): AsyncGenerator<TableRow[]> {
        const rowsAsked = told(() => {
          const statement = database.prepare(statements.rowsOf(name, own, isNumbered(name), joined));
          statement.setReturnArrays(true);
          return statement.iterate() as unknown as Iterator<unknown[]>;
        });
        let batch: TableRow[] = [];
        let count = 0;
        for (;;) {
          const { value: row, done } = told(() => rowsAsked.next());
          if (done) break;
          count += 1;
          const [line, ...cells] = row;
          batch.push({
            line: line === null ? count : Number(line),
            cells: cells.map((cell) => String(cell ?? '')),
            problem: null,
          });
          if (batch.length === ROWS_AT_ONCE) {
            yield batch;
            batch = [];
          }
        }
        if (batch.length > 0) yield batch;
      }
      return { kind: 'sqlite', columns, rows: rows() };
    },
    close: () => database.close(),
  };
  return file;
}
