import { mkdirSync, readFileSync, rmSync, statSync, utimes, writeFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { join } from 'node:path';
import { PGlite, type PGliteOptions } from '@electric-sql/pglite';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { PrismaClient } from './client/client.ts';
import type { Database, LoadingSql } from './database.ts';

const INT8 = 20;
const INT8_ARRAY = 1016;

const parsers: NonNullable<PGliteOptions['parsers']> = {
  [INT8]: BigInt,
  [INT8_ARRAY]: (text: string) => text.slice(1, -1).split(',').filter(Boolean).map(BigInt),
};

/**
 * Arrays that are read as such, as `pg` does: of bool, bytea, date, float4, float8, int2, int4, json, jsonb, numeric, text,
 * timestamp, timestamptz, uuid and varchar. These numbers are Postgres' own, the same in every version.
 */
const ARRAYS = [1000, 1001, 1182, 1021, 1022, 1005, 1007, 199, 3807, 1231, 1009, 1115, 1185, 2951, 1015];

/** What results may have that PGlite does not read by itself, or not as we want it. */
const LISTED: ReadonlySet<string> = new Set([INT8, INT8_ARRAY, ...ARRAYS].map(String));

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** How often the owner of a folder touches its lock, and after what silence one of another machine has gone. */
const TOUCH_MS = 5_000;
const SILENT_MS = 20_000;

/** Whether the process that wrote a lock still has the folder. */
function isHeld(file: string): boolean {
  const [pid, host] = readFileSync(file, 'utf8').trim().split(' ');
  const silentMs = Date.now() - statSync(file).mtimeMs;
  // Containers that share a volume do not see each other's processes: of those only the lock's age speaks.
  if (host !== hostname()) return silentMs < SILENT_MS;
  // Its owner ended with the machine; whoever has its number since then is somebody else.
  if (silentMs > uptime() * 1_000 + SILENT_MS) return false;
  // A lock with this process's own number was left by an earlier one: nobody else can have that number.
  return Number(pid) > 0 && Number(pid) !== process.pid && isAlive(Number(pid));
}

/**
 * Takes a folder for this process. Two processes that opened one PGlite folder would destroy it, and PGlite
 * itself does not look.
 *
 * @returns what lets go of it.
 * @throws when a living process has it.
 */
function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'lock');
  const mine = `${process.pid} ${hostname()}\n`;
  try {
    writeFileSync(file, mine, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (isHeld(file)) {
      const owner = readFileSync(file, 'utf8').trim().replace(' ', ' on ');
      throw new Error(
        `The embedded database in ${folder} is in use by process ${owner}. Stop that one, set DATA_DIR to another folder, or set DATABASE_URL to a Postgres that several processes can share.`,
      );
    }
    writeFileSync(file, mine);
  }
  const touch = setInterval(() => {
    const now = new Date();
    utimes(file, now, now, () => {});
  }, TOUCH_MS);
  touch.unref();
  return () => {
    clearInterval(touch);
    rmSync(file, { force: true });
  };
}

/**
 * How the embedded Postgres is started. At the end of `max_wal_size` it would begin a checkpoint from within whatever it is
 * writing, and wait for itself for ever: checkpoints are {@link keepWalShort ours} to make, and it is to begin none.
 */
const START = [...PGlite.defaultStartParams, '-c', 'max_wal_size=1TB'];

/**
 * Makes PGlite: Postgres in WebAssembly, in this process.
 *
 * @param folder where it keeps its data, locked by the caller; undefined keeps it in memory, for tests.
 * @param template a dumped data folder to start from, which saves the seconds that a new one takes.
 */
export async function createClient(folder: string | undefined, template?: Blob): Promise<PGlite> {
  const client = await PGlite.create({
    ...(folder ? { dataDir: join(folder, 'postgres') } : {}),
    ...(template ? { loadDataDir: template } : {}),
    parsers,
    startParams: START,
  });
  listParsers(client);
  return client;
}

/**
 * Leaves of PGlite's parsers those as its own that results need. It copies its own for each query, and it has one for the arrays
 * of each type there is, tables included: that takes as long as the rest of a small query. All the others are inherited, where
 * it looks for the parser of an array's elements.
 */
function listParsers(client: PGlite): void {
  const listed = Object.entries(client.parsers).filter(([type]) => LISTED.has(type));
  client.parsers = Object.assign(Object.create(client.parsers), Object.fromEntries(listed));
}

/** What a start after a crash has to go through again at the most, about, and how often is looked at it. */
const MOST_WAL_BYTES = 64 * 2 ** 20;
const LOOK_MS = 2_000;

const WAL_BYTES = `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn)::float8 AS bytes FROM pg_control_checkpoint()`;

/**
 * Makes a checkpoint whenever so much has been written since the last one: an embedded Postgres has no process for it.
 *
 * @param track starts what closing has to wait for.
 * @returns what stops it.
 */
function keepWalShort(
  client: PGlite,
  track: <Result>(start: () => Promise<Result>) => Promise<Result>,
): () => void {
  let isLooking = false;
  const look = async () => {
    const { rows } = await track(() => client.query<{ bytes: number }>(WAL_BYTES));
    if ((rows[0]?.bytes ?? 0) >= MOST_WAL_BYTES) await track(() => client.exec('CHECKPOINT'));
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    // What fails now is tried again at the next look.
    look()
      .catch(() => {})
      .finally(() => {
        isLooking = false;
      });
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Closes a client for good: whoever still knows it would keep its memory and its files, some hundred megabytes. */
export async function closeClient(client: PGlite): Promise<void> {
  await client.close();
  Object.assign(client, { mod: undefined, fs: undefined });
}

/** Opens the embedded database: {@link createClient}, in a folder that no other process has. */
export async function openEmbedded(folder: string | undefined, template?: Blob): Promise<Database> {
  const unlock = folder ? lockFolder(folder) : () => {};
  const client = await createClient(folder, template).catch((error: unknown) => {
    unlock();
    throw error;
  });
  return embed(client, async () => {
    await closeClient(client);
    unlock();
  });
}

/**
 * A client as a database.
 *
 * @param release called when the database is closed, and nothing is under way any more.
 */
export function embed(client: PGlite, release: () => Promise<void>): Database {
  const prisma = new PrismaClient({ adapter: new PrismaPGlite(client) });
  // PGlite that is closed under a transaction never comes back from it, so that closing waits for what is under way.
  const underWay = new Set<Promise<unknown>>();
  let closed = false;
  const track = <Result>(start: () => Promise<Result>): Promise<Result> => {
    if (closed) return Promise.reject(new Error('The database is closed.'));
    const work = start();
    underWay.add(work);
    const end = () => underWay.delete(work);
    work.then(end, end);
    return work;
  };
  const stopCheckpoints = keepWalShort(client, track);
  const queryOn =
    (on: Pick<PGlite, 'query'>) =>
    <Row>(text: string, parameters?: readonly unknown[]) =>
      on.query<Row>(text, parameters as unknown[]).then((result) => result.rows);
  const query = queryOn(client);
  const loadingOn = (on: Pick<PGlite, 'query'>): LoadingSql => ({
    query: queryOn(on),
    load: (text, rows) =>
      on
        .query(text.replace('FROM STDIN', "FROM '/dev/blob'"), [], { blob: new Blob([...rows]) })
        .then(() => undefined),
  });
  const transaction = <Result>(work: (sql: LoadingSql) => Promise<Result>) =>
    track(() => client.transaction((within) => work(loadingOn(within as never))));
  let cursors = 0;

  return {
    kind: 'pglite',
    prisma,
    query: (text, parameters) => track(() => query(text, parameters)),
    apart: { query: (text, parameters) => track(() => query(text, parameters)) },
    transaction,
    session: (work) =>
      work({ query: (text, parameters) => track(() => query(text, parameters)), transaction }),
    // A cursor in a transaction would keep everybody else waiting for a slow reader. One that is held is worked out at once, into
    // files of the database, and read whenever its reader likes.
    async *pages(
      text: string,
      parameters: readonly unknown[],
      { rows, signal }: { readonly rows: number; readonly signal?: AbortSignal | undefined },
    ) {
      signal?.throwIfAborted();
      cursors += 1;
      const cursor = `page_${cursors}`;
      await track(() => query(`DECLARE ${cursor} CURSOR WITH HOLD FOR ${text}`, parameters));
      try {
        for (;;) {
          signal?.throwIfAborted();
          const [next] = await track(() =>
            query<{ page: string }>('SELECT cursor_text($1, $2) AS page', [cursor, rows]),
          );
          if (!next?.page) return;
          yield next.page;
        }
      } finally {
        if (!closed) await track(() => query(`CLOSE ${cursor}`));
      }
    },
    script: (text) =>
      track(async () => {
        await client.exec(text);
        // PGlite learns how arrays of enums are written when it opens: those of a script that has just made them, only now.
        await client.refreshArrayTypes();
        listParsers(client);
      }),
    native: {
      kind: 'pglite',
      client: {
        query: (text, parameters) =>
          track(() => client.query(text, parameters, { parsers: { [INT8]: Number } })),
        exec: (text) => track(() => client.exec(text)),
        listen: (channel, callback) => track(() => client.listen(channel, callback)),
      },
    },
    async close() {
      closed = true;
      stopCheckpoints();
      await Promise.allSettled(underWay);
      await prisma.$disconnect();
      await release();
    },
  };
}
