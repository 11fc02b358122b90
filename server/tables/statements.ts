/** All SQL that is asked of SQLite files. */

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Names of the columns of the table that is its parameter. */
export const COLUMNS = 'SELECT name FROM pragma_table_info(?)';

/** Columns of another table that go along with a row which names a row there. */
export interface Joined {
  readonly table: string;
  /** The column that holds the other row's `id`. */
  readonly reference: string;
  readonly columns: readonly string[];
}

/** The least and the greatest number of a table's rows; null for a table without rows. Fails where rows have none. */
export const numbersOf = (table: string) =>
  `SELECT min(rowid) AS least, max(rowid) AS most FROM ${quoted(table)}`;

/** All rows of a table with their numbers (null where these are not wanted), as texts: a real is written out to the micro, since as a number it would be a float here. */
export function rowsOf(
  table: string,
  columns: readonly string[],
  numbered: boolean,
  joined?: Joined,
): string {
  const names = [
    ...columns.map((name) => `t.${quoted(name)}`),
    ...(joined?.columns ?? []).map((name) => `j.${quoted(name)}`),
  ];
  const values = names.map(
    (column) =>
      `CASE typeof(${column}) WHEN 'real' THEN printf('%.6f', ${column}) ELSE CAST(${column} AS TEXT) END`,
  );
  const join = joined ? `LEFT JOIN ${quoted(joined.table)} j ON j.id = t.${quoted(joined.reference)}` : '';
  return numbered
    ? `SELECT t.rowid, ${values.join(', ')} FROM ${quoted(table)} t ${join} ORDER BY t.rowid`
    : `SELECT NULL, ${values.join(', ')} FROM ${quoted(table)} t ${join}`;
}
