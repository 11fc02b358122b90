/** All SQL of the files of history that admins send. */
import type { Database, Sql } from '../../database/index.ts';
import type { TextLayout } from '../sources.ts';

/** How far a file has come. */
export type ImportState = 'UPLOADING' | 'CHECKING' | 'CHECKED' | 'IMPORTING' | 'IMPORTED' | 'FAILED';

/** A file that is announced. */
export interface NewImport {
  readonly id: string;
  readonly fileName: string;
  readonly layout: TextLayout | null;
  readonly fileBytes: number;
  readonly actor: string;
}

/** Keeps that a file will be sent. */
export async function create(sql: Sql, now: Date, given: NewImport): Promise<void> {
  await sql.query(
    `INSERT INTO history_import (id, state, file_name, layout, file_bytes, received_bytes, run, read_bytes, rows, added, present,
      rejected, cost_micros, revenue_micros, created_at, created_by, changed_at)
    VALUES ($1, 'UPLOADING', $2, $3, $4, 0, 0, 0, 0, 0, 0, 0, 0, 0, $5, $6, $5)`,
    [given.id, given.fileName, given.layout, given.fileBytes, now, given.actor],
  );
}

/** How much of a file is there. */
export interface Arrived {
  readonly state: ImportState;
  readonly fileBytes: number;
  readonly receivedBytes: number;
}

interface ArrivedRow {
  readonly state: ImportState;
  readonly file_bytes: bigint;
  readonly received_bytes: bigint;
}

const arrived = (row: ArrivedRow): Arrived => ({
  state: row.state,
  fileBytes: Number(row.file_bytes),
  receivedBytes: Number(row.received_bytes),
});

/** How much of a file is there; its row is held until the transaction ends. Null: there is no such import. */
export async function lockArrived(sql: Sql, id: string): Promise<Arrived | null> {
  const [row] = await sql.query<ArrivedRow>(
    'SELECT state, file_bytes, received_bytes FROM history_import WHERE id = $1 FOR UPDATE',
    [id],
  );
  return row ? arrived(row) : null;
}

/** Keeps the next part of a file. With the last one it is to be looked at. */
export async function addPart(
  sql: Sql,
  now: Date,
  id: string,
  position: number,
  content: Uint8Array,
): Promise<Arrived> {
  await sql.query('INSERT INTO history_import_part (import_id, position, content) VALUES ($1, $2, $3)', [
    id,
    position,
    content,
  ]);
  const [row] = await sql.query<ArrivedRow>(
    `UPDATE history_import SET received_bytes = received_bytes + $2, changed_at = $3,
      state = CASE WHEN received_bytes + $2 = file_bytes THEN 'CHECKING' ELSE state END
    WHERE id = $1 RETURNING state, file_bytes, received_bytes`,
    [id, content.length, now],
  );
  if (!row) throw new Error('An import is gone whose row was held.');
  return arrived(row);
}

/** Lets a file be imported that was looked at. False when it is in another state. */
export async function allow(sql: Sql, now: Date, id: string): Promise<boolean> {
  const rows = await sql.query(
    `UPDATE history_import SET state = 'IMPORTING', changed_at = $2, read_bytes = 0, rows = 0, added = 0, present = 0, rejected = 0,
      cost_micros = 0, revenue_micros = 0
    WHERE id = $1 AND state = 'CHECKED' RETURNING id`,
    [id, now],
  );
  return rows.length > 0;
}

/** A run of an import. */
export interface Begun {
  readonly run: number;
  readonly state: 'CHECKING' | 'IMPORTING';
  readonly layout: TextLayout | null;
  /** What its earlier runs have booked. */
  readonly added: number;
  readonly actor: string;
}

/** Begins a run: what an earlier one rejected is forgotten, since this one rejects it again. Null: nothing is to be done. */
export function begin(database: Database, now: Date, id: string): Promise<Begun | null> {
  return database.transaction(async (sql) => {
    const [begun] = await sql.query<Begun>(
      `UPDATE history_import SET run = run + 1, changed_at = $2, read_bytes = 0, rows = 0, present = 0, rejected = 0, cost_micros = 0,
        revenue_micros = 0, added = CASE WHEN state = 'IMPORTING' THEN added ELSE 0 END
      WHERE id = $1 AND state IN ('CHECKING', 'IMPORTING')
      RETURNING run, state, layout, added, created_by AS actor`,
      [id, now],
    );
    if (!begun) return null;
    await sql.query('DELETE FROM history_import_reject WHERE import_id = $1', [id]);
    return begun;
  });
}

/** Which run of which import says something. One that is over is not heard. */
export interface RunKey {
  readonly id: string;
  readonly run: number;
}

/** Keeps in a batch's own transaction how many rows it booked. False when the run is over: then it must not be committed. */
export async function countAdded(sql: Sql, { id, run }: RunKey, added: number): Promise<boolean> {
  const rows = await sql.query(
    'UPDATE history_import SET added = added + $3 WHERE id = $1 AND run = $2 RETURNING id',
    [id, run, added],
  );
  return rows.length > 0;
}

/** What a run has seen so far. */
export interface Seen {
  readonly readBytes: number;
  readonly rows: number;
  /** Rows that are in the books now, or would be. */
  readonly good: number;
  /** Of a dry run, those that would be new; null where they are counted with each batch. */
  readonly added: number | null;
  readonly rejected: number;
  readonly costMicros: bigint;
  readonly revenueMicros: bigint;
}

const SEEN = `read_bytes = least($4::bigint, file_bytes), rows = $5, added = coalesce($7::int, added),
  present = greatest(0, $6::int - coalesce($7::int, added)), rejected = $8, cost_micros = $9, revenue_micros = $10, changed_at = $3`;

const seenValues = (key: RunKey, now: Date, seen: Seen) => [
  key.id,
  key.run,
  now,
  seen.readBytes,
  seen.rows,
  seen.good,
  seen.added,
  seen.rejected,
  seen.costMicros,
  seen.revenueMicros,
];

/** Keeps how far a run has come. */
export async function tell(sql: Sql, now: Date, key: RunKey, seen: Seen): Promise<void> {
  await sql.query(
    `UPDATE history_import SET ${SEEN} WHERE id = $1 AND run = $2 AND state IN ('CHECKING', 'IMPORTING')`,
    seenValues(key, now, seen),
  );
}

/** Keeps how a run has ended. A file that is not needed any more goes with it. */
export async function finish(
  database: Database,
  now: Date,
  key: RunKey,
  seen: Seen,
  end: { readonly state: 'CHECKED' | 'IMPORTED' | 'FAILED'; readonly problem: string | null },
): Promise<void> {
  await database.transaction(async (sql) => {
    const rows = await sql.query(
      `UPDATE history_import SET ${SEEN}, state = $11::history_import_state, problem = $12,
        finished_at = CASE WHEN $11 = 'CHECKED' THEN NULL ELSE $3::timestamptz END
      WHERE id = $1 AND run = $2 AND state IN ('CHECKING', 'IMPORTING') RETURNING id`,
      [...seenValues(key, now, seen), end.state, end.problem],
    );
    if (rows.length > 0 && end.state !== 'CHECKED')
      await sql.query('DELETE FROM history_import_part WHERE import_id = $1', [key.id]);
  });
}

/** Keeps that an import has failed, with the figures as they were told last. Its file goes with it. */
export async function fail(
  database: Database,
  now: Date,
  { id, run }: RunKey,
  problem: string,
): Promise<void> {
  await database.transaction(async (sql) => {
    const rows = await sql.query(
      `UPDATE history_import SET state = 'FAILED', problem = $4, finished_at = $3, changed_at = $3
      WHERE id = $1 AND run = $2 AND state IN ('CHECKING', 'IMPORTING') RETURNING id`,
      [id, run, now, problem],
    );
    if (rows.length > 0) await sql.query('DELETE FROM history_import_part WHERE import_id = $1', [id]);
  });
}

/** A rejected row, as it is kept. */
export interface KeptReject {
  readonly number: number;
  readonly line: number;
  readonly problem: string;
  readonly csv: string;
}

/** Keeps rows that a run has rejected. */
export async function addRejects(
  sql: Sql,
  { id, run }: RunKey,
  rejects: readonly KeptReject[],
): Promise<void> {
  await sql.query(
    `INSERT INTO history_import_reject (import_id, number, line, problem, csv)
    SELECT $1::uuid, r.* FROM unnest($3::int[], $4::int[], $5::text[], $6::text[]) AS r
    WHERE EXISTS (SELECT 1 FROM history_import WHERE id = $1 AND run = $2)`,
    [
      id,
      run,
      rejects.map(({ number }) => number),
      rejects.map(({ line }) => line),
      rejects.map(({ problem }) => problem),
      rejects.map(({ csv }) => csv),
    ],
  );
}

/** A rejected row, as it is told. */
export interface ToldReject {
  readonly line: number;
  readonly problem: string;
}

/** The first rows that were rejected, in the order of the file. */
export function readRejects(sql: Sql, id: string, limit: number): Promise<ToldReject[]> {
  return sql.query<ToldReject>(
    'SELECT line, problem FROM history_import_reject WHERE import_id = $1 ORDER BY line, number LIMIT $2',
    [id, limit],
  );
}

const PAGE_ROWS = 1_000;

/** All rejected rows as lines of a reject file, in the order of the file, in pieces. */
export const readRejectLines = (database: Database, id: string, signal: AbortSignal): AsyncIterable<string> =>
  database.pages('SELECT csv FROM history_import_reject WHERE import_id = $1 ORDER BY line, number', [id], {
    rows: PAGE_ROWS,
    signal,
  });

/** The parts of a file in their order, one at a time. */
export async function* readParts(sql: Sql, id: string): AsyncGenerator<Uint8Array> {
  let position = 0;
  for (;;) {
    const [part] = await sql.query<{ content: Uint8Array }>(
      'SELECT content FROM history_import_part WHERE import_id = $1 AND position = $2',
      [id, position],
    );
    if (!part) return;
    yield part.content;
    position += part.content.length;
  }
}

/** Imports that are under way and have not been heard of since. */
export async function readSilent(sql: Sql, since: Date): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `SELECT id FROM history_import WHERE state IN ('CHECKING', 'IMPORTING') AND changed_at < $1 ORDER BY created_at`,
    [since],
  );
  return rows.map(({ id }) => id);
}

/** Removes an import with its file and its rejected rows, unless it is under way. False when it was not. */
export function remove(database: Database, id: string): Promise<boolean> {
  return database.transaction(async (sql) => {
    const rows = await sql.query(
      `DELETE FROM history_import WHERE id = $1 AND state <> 'IMPORTING' RETURNING id`,
      [id],
    );
    if (rows.length === 0) return false;
    await sql.query('DELETE FROM history_import_part WHERE import_id = $1', [id]);
    await sql.query('DELETE FROM history_import_reject WHERE import_id = $1', [id]);
    return true;
  });
}

/** Imports that nobody has touched since. */
export async function readForgotten(sql: Sql, before: Date): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `SELECT id FROM history_import WHERE state NOT IN ('CHECKING', 'IMPORTING') AND changed_at < $1`,
    [before],
  );
  return rows.map(({ id }) => id);
}
