/**
 * Embedded databases for tests that are used again: to open one takes half a second of the processor, to empty one a
 * tenth of that. What is given out cannot be told from a copy of the template; one of which that is not certain is closed.
 */
import type { PGlite } from '@electric-sql/pglite';
import { closeClient, createClient, embed } from '../../server/database/embedded.ts';
import type { Database } from '../../server/database/index.ts';
import { emptied } from './emptied.ts';

/** In the template: a copy of each table that has rows in it. */
const KEPT = 'kept';

/** After so many uses one is closed: nothing in it clears away what rows have left behind. */
const MOST_USES = 20;
/** One with a table of more rows is closed at once. */
const MOST_ROWS = 5_000;
/** How many wait to be used again. A test rarely has more at once. */
const MOST_IDLE = 2;

/** Tables of ours and of the queue, and where a copy of each is. */
const TABLES = `SELECT format('%I.%I', nspname, relname) AS name, format('%I.%I', '${KEPT}', nspname || '.' || relname) AS copy
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema', '${KEPT}')`;

const COPIES = `SELECT format('%I.%I', schemaname, tablename) AS copy FROM pg_tables WHERE schemaname = '${KEPT}'`;

/** Statements that put each sequence where it is. */
const SEQUENCES = `SELECT format('SELECT setval(%L, %s, %L)', format('%I.%I', schemaname, sequencename),
  coalesce(last_value, start_value), last_value IS NOT NULL) AS statement FROM pg_sequences`;

/** Changes when any row of a table does: a row that is written anew bears the number of the latest transaction. */
const markOf = (table: string) => `(SELECT concat(count(*), '/', max(xmin::text::bigint)) FROM ${table})`;

/** How many rows a table had when it was marked. */
const rowsOf = (mark: string) => Number(mark.split('/')[0]);

/** Changes with whatever a test may do to tables, functions and triggers; to empty tables changes none of it. */
const SHAPE = `SELECT concat_ws(' ',
  ${['pg_attribute', 'pg_constraint', 'pg_trigger', 'pg_proc', 'pg_type'].map(markOf).join(', ')},
  (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_class),
  (SELECT count(*) FROM pg_listening_channels())) AS shape`;

/** An embedded database, and how it was when nobody had used it. */
interface Reusable {
  readonly client: PGlite;
  readonly tables: readonly Table[];
  readonly sequences: readonly string[];
  readonly shape: string;
  uses: number;
}

interface Table {
  readonly name: string;
  /** Where the rows are that it has in the template; undefined when it has none. */
  readonly copy: string | undefined;
  /** {@link markOf} it when it is as in the template. */
  mark: string;
}

const idle: Reusable[] = [];

/** Copies what is in the tables, so that it can be put back. For whoever makes the template. */
export async function keepRows(client: PGlite): Promise<void> {
  await client.exec(`CREATE SCHEMA ${KEPT}`);
  const { rows } = await client.query<{ name: string; copy: string }>(TABLES);
  for (const { name, copy } of rows) {
    const { rows: some } = await client.query(`SELECT FROM ${name} LIMIT 1`);
    if (some.length > 0) await client.exec(`CREATE TABLE ${copy} AS TABLE ${name}`);
  }
}

async function shapeOf(client: PGlite): Promise<string> {
  const { rows } = await client.query<{ shape: string }>(SHAPE);
  return rows[0]?.shape ?? '';
}

/** How each of the tables is now. */
async function marksOf(client: PGlite, tables: readonly { readonly name: string }[]): Promise<string[]> {
  if (tables.length === 0) return [];
  const { rows } = await client.query<{ marks: string[] }>(
    `SELECT ARRAY[${tables.map(({ name }) => markOf(name)).join(', ')}] AS marks`,
  );
  return rows[0]?.marks ?? [];
}

async function create(template: Blob | undefined): Promise<Reusable> {
  const client = await createClient(undefined, template);
  const { rows: tables } = await client.query<{ name: string; copy: string }>(TABLES);
  const { rows: copies } = await client.query<{ copy: string }>(COPIES);
  const { rows: sequences } = await client.query<{ statement: string }>(SEQUENCES);
  const kept = new Set(copies.map(({ copy }) => copy));
  const marks = await marksOf(client, tables);
  return {
    client,
    tables: tables.map(({ name, copy }, index) => ({
      name,
      copy: kept.has(copy) ? copy : undefined,
      mark: marks[index] ?? '',
    })),
    sequences: sequences.map(({ statement }) => statement),
    shape: await shapeOf(client),
    uses: 0,
  };
}

/** Makes a database what it was in the template. False when that cannot be done. */
async function restore({ client, tables, sequences, shape }: Reusable): Promise<boolean> {
  if ((await shapeOf(client)) !== shape) return false;
  const marks = await marksOf(client, tables);
  const used = tables.filter(({ mark }, index) => mark !== marks[index]);
  // Its rows leave more behind than a new one costs.
  if (marks.some((mark) => rowsOf(mark) > MOST_ROWS)) return false;
  const refilled = used.filter(({ copy }) => copy !== undefined);
  await client.exec(
    [
      emptied(used.map(({ name }) => name)),
      'SET session_replication_role = replica',
      ...refilled.map(({ name, copy }) => `INSERT INTO ${name} OVERRIDING SYSTEM VALUE TABLE ${copy}`),
      ...sequences,
    ].join(';\n'),
  );
  await client.exec('DISCARD ALL');
  for (const [index, mark] of (await marksOf(client, refilled)).entries()) {
    const table = refilled[index];
    if (table) table.mark = mark;
  }
  return true;
}

/** Gives a copy of the template, which is given back when it is closed. */
export async function borrowEmbedded(template: Blob | undefined): Promise<Database> {
  const borrowed = idle.pop() ?? (await create(template));
  borrowed.uses += 1;
  return embed(borrowed.client, async () => {
    const isWanted = borrowed.uses < MOST_USES && idle.length < MOST_IDLE;
    if (isWanted && (await restore(borrowed).catch(() => false))) idle.push(borrowed);
    else await closeClient(borrowed.client);
  });
}
