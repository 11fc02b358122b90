/**
 * One dialect over two databases: PGlite (Postgres in this process, in a folder) and Postgres. Both give the
 * same types: `int8` is a bigint, `timestamptz` a Date, `numeric` stays text.
 */
import type { PrismaClient } from './client/client.ts';

/** Whatever runs one SQL statement with parameters. */
export interface Sql {
  /**
   * Runs one statement.
   *
   * @param text with `$1`, `$2`, … for its parameters. Text never holds a value.
   * @param name prepares the statement once a connection, for the few that every paid call waits for.
   * @returns its rows.
   */
  query<Row>(text: string, parameters?: readonly unknown[], name?: string): Promise<Row[]>;
}

/** An open, migrated database. */
export interface Database extends Sql {
  readonly kind: 'pglite' | 'postgres';
  /**
   * For lists and reports. What money does goes through the ledger's statements.
   */
  readonly prisma: PrismaClient;
  /**
   * Runs work in one transaction: committed when it resolves, rolled back when it rejects. On PGlite, which has
   * one connection, everything else waits meanwhile; never call the database itself from inside.
   */
  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result>;
  /**
   * Runs a script of several statements without parameters.
   */
  script(text: string): Promise<void>;
  /** Waits for what is under way, then lets go of connections, files and locks. */
  close(): Promise<void>;
}
