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

/** All rows of a table with their numbers, as texts: a real is written out to the micro, since as a number it would be a float here. */
export function rowsOf(table: string, columns: readonly string[], joined?: Joined): string {
  const names = [
    ...columns.map((name) => `t.${quoted(name)}`),
    ...(joined?.columns ?? []).map((name) => `j.${quoted(name)}`),
  ];
  const values = names.map(
    (column) =>
      `CASE typeof(${column}) WHEN 'real' THEN printf('%.6f', ${column}) ELSE CAST(${column} AS TEXT) END`,
  );
  const join = joined ? `LEFT JOIN ${quoted(joined.table)} j ON j.id = t.${quoted(joined.reference)}` : '';
  return `SELECT t.rowid, ${values.join(', ')} FROM ${quoted(table)} t ${join} ORDER BY t.rowid`;
}
