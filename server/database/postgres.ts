import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { PrismaClient } from './client/client.ts';
import type { Database, LoadingSql, Sql } from './database.ts';
import { type Line, openLine } from './line.ts';

const INT8 = 20;
const INT8_ARRAY = 1016;

/**
 * node-postgres reads int8 as text, since it may not fit a double; here it is a bigint. The types are given
 * with each pool, so that nothing global changes for other users of the package.
 */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8) return BigInt;
    if (oid === INT8_ARRAY) return (text: string) => text.slice(1, -1).split(',').filter(Boolean).map(BigInt);
    return pg.types.getTypeParser(oid, format as 'text');
  }) as typeof pg.types.getTypeParser,
};

/** Where the server is, and by which sockets. */
type Reached = Pick<Line, 'stream'> & { readonly connectionString: string };

/**
 * What a query is thought to cost makes Postgres compile it, which takes ten times as long as the query itself.
 *
 * A pool listens to a connection only while nobody has it. One that breaks between two statements of a transaction is heard of by the
 * next one; without a listener it would end the process.
 */
const onConnect = (client: pg.ClientBase) => {
  client.on('error', () => {});
  return client.query('SET jit = off').then(() => undefined);
};

const SHARED =
  'DATABASE_URL leads through a pooler that gives each transaction another connection, as PgBouncer does by pool_mode = transaction: statements that were prepared, locks of a session and LISTEN would be lost. Set it to the address of the Postgres itself, or of a pooler that keeps a connection for each client (pool_mode = session).';

/** How often two connections are asked which process of the server answers: a pooler that others use has several. */
const LOOKS = 3;

/** Whether two connections are answered by the same process of the server in turn: behind each there should be one of its own. */
async function shareConnections(...[one, other]: readonly [pg.Pool, pg.Pool]): Promise<boolean> {
  const answering = async (pool: pg.Pool) => {
    const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return rows[0]?.pid;
  };
  const ofOne = new Set<number | undefined>();
  for (let look = 0; look < LOOKS; look += 1) {
    ofOne.add(await answering(one));
    if (ofOne.has(await answering(other))) return true;
  }
  return false;
}

/**
 * Opens Postgres.
 *
 * @param url such as `postgres://user:password@host:5432/name`.
 * @param connections how many at the most, for the ledger; Prisma's lists have as many of their own.
 * @throws when it cannot be reached within ten seconds, or only through a pooler that keeps no connections for its clients.
 */
export async function openPostgres(url: string, connections = 10): Promise<Database> {
  const line = openLine(url);
  const { stream } = line;
  const reached: Reached = { connectionString: url, stream };
  const makePool = (max: number, name: string) => {
    const made = new pg.Pool({
      ...reached,
      max,
      types,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
      application_name: name,
      onConnect,
    });
    // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
    made.on('error', () => {});
    return made;
  };
  const pool = makePool(connections, 'solvent');
  const apart = makePool(1, 'solvent-apart');
  const queryIn =
    (from: pg.Pool): Sql['query'] =>
    (text, parameters, name) =>
      from
        .query({ text, values: parameters as unknown[], ...(name === undefined ? {} : { name }) })
        .then((result) => result.rows);
  const end = async () => {
    await Promise.all([pool.end(), apart.end()]);
    await line.close();
  };
  try {
    if (await shareConnections(pool, apart)) throw new Error(SHARED);
  } catch (error) {
    await end();
    throw error;
  }
  const prisma = new PrismaClient({
    adapter: new PrismaPg({
      ...reached,
      max: connections,
      application_name: 'solvent-lists',
      onConnect,
    }),
  });

  return {
    kind: 'postgres',
    prisma,
    query: queryIn(pool),
    apart: { query: queryIn(apart) },
    async transaction(work) {
      const client = await pool.connect();
      let broken: Error | undefined;
      try {
        return await transactionOn(client, work, (failure) => {
          broken = failure;
        });
      } finally {
        client.release(broken);
      }
    },
    session: (work) =>
      withClient(reached, (client) =>
        work({
          query: (text, parameters) => queryOn(client)(text, parameters),
          transaction: (within) => transactionOn(client, within),
        }),
      ),
    pages: (text, parameters, options) => pages(reached, pool, text, parameters, options),
    script: (text) => pool.query(text).then(() => undefined),
    native: { kind: 'postgres', url, stream },
    async close() {
      await prisma.$disconnect();
      await end();
    },
  };
}

const queryOn =
  (client: pg.ClientBase) =>
  <Row>(text: string, parameters?: readonly unknown[]): Promise<Row[]> =>
    client.query(text, parameters as unknown[]).then((result) => result.rows);

/** Runs work in a transaction of one connection. `onBroken` is told when not even the rollback went through. */
async function transactionOn<Result>(
  client: pg.ClientBase,
  work: (sql: LoadingSql) => Promise<Result>,
  onBroken: (failure: Error) => void = () => {},
): Promise<Result> {
  const sql: LoadingSql = {
    query: queryOn(client),
    async load(text, rows) {
      await pipeline(Readable.from(rows), client.query(copyFrom(text)));
    },
  };
  try {
    await client.query('BEGIN');
    const result = await work(sql);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(onBroken);
    throw error;
  }
}

/** Makes a connection that is not the pool's, for work that holds one for long, and closes it after the work. */
async function withClient<Result>(
  reached: Reached,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = await connectAlone(reached);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

async function connectAlone(reached: Reached): Promise<pg.Client> {
  const client = new pg.Client({
    ...reached,
    types,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: 'solvent-session',
  });
  // What is under way is rejected; without a listener a connection that breaks would end the process.
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Pages of a cursor, in a read-only transaction of a connection of its own: nothing is worked out before it is asked for. */
async function* pages(
  reached: Reached,
  pool: pg.Pool,
  text: string,
  parameters: readonly unknown[],
  { rows, signal }: { readonly rows: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<string> {
  signal?.throwIfAborted();
  const client = await connectAlone(reached);
  const { processID } = client as unknown as { processID: number };
  // A statement goes on when its connection is merely closed, until it has something to say.
  const cancel = () => void pool.query('SELECT pg_cancel_backend($1)', [processID]).catch(() => {});
  signal?.addEventListener('abort', cancel);
  const nextPage = { name: 'page', text: `SELECT cursor_text('page', ${rows}) AS page` };
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    await client.query(`DECLARE page NO SCROLL CURSOR FOR ${text}`, parameters as unknown[]);
    for (;;) {
      signal?.throwIfAborted();
      const result = await client.query<{ page: string }>(nextPage);
      const page = result.rows[0]?.page;
      if (!page) return;
      yield page;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    await client.end().catch(() => {});
  }
}
