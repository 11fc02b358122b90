/** The door of the tables' room: files of rows, read and written a piece at a time. */
import { readCsv } from './csv.ts';
import { readJson } from './json.ts';
import { type Table, TableError } from './table.ts';
import { decode, peek } from './text.ts';

export { isSqlite, openSqlite, type SqliteFile } from './sqlite.ts';
export { type Table, TableError, type TableRow } from './table.ts';
export { csvLine, defuse } from './write.ts';

import { isSqlDump, readSqlDump } from './sql-dump.ts';

/**
 * Reads a table of text: CSV with a header, JSON (an array of objects, or one object a line), or a dump of one table as SQL. Which
 * one it is its beginning tells.
 *
 * @param bytes UTF-8, with or without a byte order mark.
 * @param dumped the table whose rows are wanted of a dump.
 * @throws TableError when it is none of these; reading on may throw it too.
 */
export async function readTable(bytes: AsyncIterable<Uint8Array>, dumped: string): Promise<Table> {
  const { head, texts } = await peek(decode(bytes));
  const begins = head.trimStart();
  if (begins === '') throw new TableError('The file is empty: its first line names the columns.');
  if (begins.startsWith('{') || begins.startsWith('[')) return readJson(texts);
  if (isSqlDump(begins)) return readSqlDump(texts, dumped);
  return readCsv(head, texts);
}
