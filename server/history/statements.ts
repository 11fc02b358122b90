/** All SQL of the history room. What books is a function in the database. */
import type { Session, Sql } from '../database/index.ts';

/** Any number: it means "an import runs" to all processes that share a database. */
const LOCK = 7_301_003;

/** Makes the import the only one of the database for as long as its connection lives. False when another one runs. */
export async function takeLock(session: Session): Promise<boolean> {
  const [row] = await session.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [LOCK]);
  return row?.taken === true;
}

/** Lets the next import in. The embedded database has one connection, which does not end with the import. */
export async function releaseLock(session: Session): Promise<void> {
  await session.query('SELECT pg_advisory_unlock($1)', [LOCK]);
}

/** Makes what `import_batch` works on. */
export async function open(session: Session): Promise<void> {
  await session.query('SELECT import_open()');
}

/** What became of a batch. */
export interface Batch {
  /** How many rows are new. */
  readonly added: number;
  /** How many were there before. */
  readonly present: number;
  /** Of those, the lines whose figures are others than what stands. */
  readonly differing: readonly number[];
}

/**
 * Books rows in one transaction; see import_batch.
 *
 * @param within what else belongs to that transaction; `dry`: of a dry run nothing stays.
 */
export function bookBatch(
  session: Session,
  now: Date,
  rows: string,
  within: 'dry' | ((sql: Sql, added: number) => Promise<void>),
): Promise<Batch> {
  return session.transaction(async (sql) => {
    await sql.load('COPY import_row FROM STDIN', [rows]);
    const booked = await batch(sql, now, within === 'dry');
    if (within !== 'dry') await within(sql, booked.added);
    return booked;
  });
}

async function batch(sql: Sql, now: Date, dryRun: boolean): Promise<Batch> {
  const [row] = await sql.query<Batch>('SELECT added, present, differing FROM import_batch($1, $2)', [
    now,
    dryRun,
  ]);
  if (!row) throw new Error('import_batch answered nothing.');
  return row;
}

/** Keeps in the audit log who brought in how much. */
export async function recordImport(
  sql: Sql,
  now: Date,
  id: string,
  actor: string,
  figures: Readonly<Record<string, string>>,
): Promise<void> {
  await sql.query(
    `INSERT INTO audit_log (id, at, actor, action, detail) VALUES ($1, $2, $3, 'history.import', $4::jsonb)`,
    [id, now, actor, JSON.stringify(figures)],
  );
}
