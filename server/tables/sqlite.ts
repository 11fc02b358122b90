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

/**
 * Opens a SQLite file, to be read only.
 *
 * @throws TableError when it cannot be opened.
 */
export function openSqlite(path: string): SqliteFile {
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(path, { readOnly: true });
  } catch (error) {
    throw new TableError(
      `The SQLite file cannot be opened: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
  const file: SqliteFile = {
    columns: (table) =>
      database
        .prepare(statements.COLUMNS)
        .all(table)
        .map((row) => String(row.name)),
    table(name, joined) {
      const own = file.columns(name);
      const columns = [...own, ...(joined?.columns ?? [])];
      async function* rows(): AsyncGenerator<TableRow[]> {
        const statement = database.prepare(statements.rowsOf(name, own, joined));
        statement.setReturnArrays(true);
        let batch: TableRow[] = [];
        for (const row of statement.iterate() as unknown as Iterable<unknown[]>) {
          const [line, ...cells] = row;
          batch.push({ line: Number(line), cells: cells.map((cell) => String(cell ?? '')), problem: null });
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
