/**
 * One dialect over two databases: PGlite (Postgres in this process, in a folder) and Postgres. Both give the
 * same types: `int8` is a bigint, `timestamptz` a Date, `numeric` stays text.
 */
import type { Socket } from 'node:net';
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

/** A Postgres by its address, and what makes the sockets to it (line.ts). */
export interface NativePostgres {
  readonly kind: 'postgres';
  readonly url: string;
  readonly stream: () => Socket;
}

/** What a library needs that speaks SQL on connections of its own: an address, or the embedded database itself. */
export type NativeDatabase = NativePostgres | { readonly kind: 'pglite'; readonly client: EmbeddedClient };

/** As much of PGlite as such a library uses, with PGlite's own types: an `int8` is a number. */
export interface EmbeddedClient {
  query<Row>(text: string, parameters?: unknown[]): Promise<{ rows: Row[] }>;
  exec(text: string): Promise<{ rows: unknown[] }[]>;
  listen(channel: string, callback: (payload: string) => void): Promise<() => Promise<void>>;
}

/** SQL that can also load rows in bulk. */
export interface LoadingSql extends Sql {
  /**
   * Loads rows by COPY.
   *
   * @param text `COPY table (columns) FROM STDIN`, in COPY's text format.
   * @param rows lines of that format, each with its end; several texts are one after the other.
   */
  load(text: string, rows: readonly string[]): Promise<void>;
}

/** One connection of its own: what temporary tables and session locks live on. The embedded database has one for all. */
export interface Session extends Sql {
  /** As {@link Database.transaction}, on this connection. */
  transaction<Result>(work: (sql: LoadingSql) => Promise<Result>): Promise<Result>;
}

/** An open, migrated database. */
export interface Database extends Sql {
  readonly kind: 'pglite' | 'postgres';
  /**
   * For lists and reports. What money does goes through the ledger's statements.
   */
  readonly prisma: PrismaClient;
  /** Runs a statement that must not wait until others let a connection go: it has one to itself, on a Postgres. */
  readonly apart: Sql;
  /**
   * Runs work in one transaction: committed when it resolves, rolled back when it rejects. On PGlite, which has
   * one connection, everything else waits meanwhile; never call the database itself from inside.
   */
  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result>;
  /** Gives work a connection of its own, outside the pool, and closes it when the work is done. */
  session<Result>(work: (session: Session) => Promise<Result>): Promise<Result>;
  /**
   * Reads the rows of one statement, each of which is one text, put together in pages and all of one instant, without ever
   * holding more than a page. Whoever stops reading ends the statement; so does the signal, also in the middle of a page.
   */
  pages(
    text: string,
    parameters: readonly unknown[],
    options: { readonly rows: number; readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<string>;
  /**
   * Runs a script of several statements without parameters.
   */
  script(text: string): Promise<void>;
  /** For the queue, whose library brings its own SQL. */
  readonly native: NativeDatabase;
  /** Waits for what is under way, then lets go of connections, files and locks. */
  close(): Promise<void>;
}
