/**
 * A script that takes all rows out of tables. Not by TRUNCATE, which makes a new file of each table and each of its indexes:
 * for our tables that takes a quarter of a second, and this some milliseconds.
 */
export const emptied = (tables: readonly string[]): string =>
  [
    'BEGIN',
    // What is written once and never changed is guarded by a trigger.
    'SET LOCAL session_replication_role = replica',
    ...tables.map((table) => `DELETE FROM ${table}`),
    'COMMIT',
  ].join(';\n');
