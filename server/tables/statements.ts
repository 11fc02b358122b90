/** All SQL that is asked of SQLite files. */

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Names of the columns of the table that is its parameter. */
export const COLUMNS = 'SELECT name FROM pragma_table_info(?)';

/** How many rows a table has. */
export const countOf = (table: string) => `SELECT count(*) AS rows FROM ${quoted(table)}`;

/** All rows of a table with their numbers, as texts: a real is written out to the micro, since as a number it would be a float here. */
export function rowsOf(table: string, columns: readonly string[]): string {
  const values = columns.map((name) => {
    const column = quoted(name);
    return `CASE typeof(${column}) WHEN 'real' THEN printf('%.6f', ${column}) ELSE CAST(${column} AS TEXT) END`;
  });
  return `SELECT rowid, ${values.join(', ')} FROM ${quoted(table)} ORDER BY rowid`;
}
