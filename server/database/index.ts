/** The door of the database room: open one, migrated and ready. */
import type { Database } from './database.ts';
import { openEmbedded } from './embedded.ts';
import { migrate } from './migrate.ts';
import { openPostgres } from './postgres.ts';

export { addMissing } from './add-missing.ts';
export { type AuditLogLine, writeAuditLog } from './audit-log.ts';
export type { Prisma, PrismaClient } from './client/client.ts';
export type { Database, LoadingSql, NativePostgres, Session, Sql } from './database.ts';
export type { JsonValue } from './json.ts';
export { listen, notify } from './notify.ts';
export { untilItAnswers } from './patience.ts';
export { isStorable, isTextRefused, storable } from './text.ts';
export { isTransient } from './transient.ts';

/** Where the data is: a Postgres, a folder of this process, or memory. */
export interface DatabaseOptions {
  /** `postgres://…`; when it is there, the rest is not looked at. */
  readonly url?: string | undefined;
  /** Folder of the embedded database; undefined keeps it in memory. */
  readonly folder?: string | undefined;
  /** A dumped PGlite data folder to start from. */
  readonly template?: Blob | undefined;
  /** Connections of the pool; Postgres only. */
  readonly connections?: number | undefined;
}

/** Opens a database and applies what migrations it lacks. Safe when several processes start at once. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const database = options.url
    ? await openPostgres(options.url, options.connections)
    : await openEmbedded(options.folder, options.template);
  try {
    await migrate(database);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
