/**
 * Servers for tests: one in this process, whose clock, providers and rooms a test can reach into, and real ones in
 * processes of their own, which can be killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runAudit } from '../../server/audit/index.ts';
import { type Clock, systemClock } from '../../server/clock.ts';
import { type Core, openCore } from '../../server/core.ts';
import { openDatabase } from '../../server/database/index.ts';
import { type Environment, readEnvironment } from '../../server/environment.ts';
import type { FetchInput } from '../../server/generation/index.ts';
import { startHttp } from '../../server/http/index.ts';
import { createLog } from '../../server/log.ts';
import { openPages } from '../../server/pages/index.ts';
import type { Provider } from '../../server/providers/index.ts';
import type { Thresholds } from '../../server/routing/index.ts';
import { createClient, type TestClient } from './client.ts';
import { type DatabaseKind, openTestDatabase, pgliteTemplate } from './databases.ts';
import { COMPILED } from './processes.ts';
import { expectClean } from './world.ts';

const ROOT = join(import.meta.dirname, '../..');

/** A key with every scope, known to every server of the tests. */
export const ADMIN_KEY = 'test-admin-key-7Qd2pXv9';

/** What every server of the tests is told, unless a test says otherwise. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  HOST: '127.0.0.1',
  PORT: '0',
  SOLVENT_ADMIN_KEY: ADMIN_KEY,
  TOKEN_SECRET: 'a secret of the tests, long enough to sign with',
  SANDBOX_SPEED: 'instant',
  RATE_LIMIT_PER_MINUTE: '0',
  // Tests of calls ask for the same thing again and again.
  RESULT_CACHE: 'off',
  LOG_LEVEL: 'warn',
  // A dozen servers may run at once, on a Postgres that takes a hundred connections.
  DATABASE_CONNECTIONS: '5',
};

/** Long enough on a busy machine for all that a test puts at once to come into one batch. */
const GATHER_SECONDS = 3;

/** A folder that is gone with the test. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'solvent-test-'));
}

export interface TestServerOptions {
  /** `pglite` unless told otherwise. */
  readonly kind?: DatabaseKind;
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Vendors in the place of the environment's. The sandbox serves the rest unless `env` says otherwise. */
  readonly providers?: readonly Provider[];
  /** False leaves what waits in the queue to others. */
  readonly work?: boolean;
  /** True tells vendors where to report to: this server's own address. */
  readonly reachable?: boolean;
  /** What fetches the files that requests name by URL. */
  readonly fetchInput?: FetchInput;
  /** When a provider is left alone. Never unless told so: a test of faults would be a test of that. */
  readonly thresholds?: Thresholds;
  /** True serves the built pages. */
  readonly pages?: boolean;
  /** False keeps the budgets that a new installation has; they would end a test of many calls. */
  readonly defaultBudgets?: boolean;
}

/** A server in this process, on a database of its own. */
export interface TestServer extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly core: Core;
  /** Calls with the key that may do everything. */
  readonly admin: TestClient;
  /** A URL by which another process reaches the database; undefined on PGlite. */
  readonly databaseUrl: string | undefined;
  /** What was logged at `warn` and above. */
  readonly log: readonly Record<string, unknown>[];
  /** Calls with other credentials, or with none. */
  as(token: string | null): TestClient;
  rows<Row = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Another core on the same database, as a second or a restarted process has. Closed with the server. */
  another(options?: { readonly clock?: Clock; readonly providers?: readonly Provider[] }): Promise<Core>;
  /** From now on not ready, as when it was told to stop. */
  drain(): void;
  /** Fails with whatever the audit finds. */
  expectSound(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a server in this process. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const opened = await openTestDatabase(options.kind ?? 'pglite');
  if (!options.defaultBudgets) await opened.database.query('DELETE FROM budget');
  // Several cores may share it, so that none of them closes it.
  const database = { ...opened.database, close: async () => {} };
  const folder = temporaryFolder();
  const environment: Environment = readEnvironment({
    ...ENVIRONMENT,
    SANDBOX: 'on',
    DATA_DIR: folder,
    ...(options.reachable ? await reachable() : {}),
    ...options.env,
  });
  const clock = options.clock ?? systemClock;
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level: environment.logLevel,
    to: { write: (line) => lines.push(JSON.parse(line)) },
  });
  const cores: Core[] = [];
  const open = async (given: { clock?: Clock; providers?: readonly Provider[] }) => {
    const core = await openCore({
      environment,
      clock: given.clock ?? clock,
      log,
      database,
      providers: given.providers ?? options.providers ?? [],
      ...(options.fetchInput ? { fetchInput: options.fetchInput } : {}),
      gatherSeconds: GATHER_SECONDS,
      thresholds: options.thresholds ?? { failures: Number.POSITIVE_INFINITY, pauseMs: 1_000 },
    });
    cores.push(core);
    return core;
  };
  const core = await open({});
  if (options.work !== false) {
    await core.generations.work();
    await core.alerts.deliveries.work();
    await core.imports.work();
  }
  const http = await startHttp({ core, demo: null, ...(options.pages ? { pages: openPages(log) } : {}) });

  const close = async () => {
    await http.close();
    for (const each of cores) await each.close();
    await opened.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    url: http.url,
    core,
    admin: createClient(http.url, ADMIN_KEY),
    databaseUrl: opened.url,
    log: lines,
    as: (token) => createClient(http.url, token),
    rows: (text, parameters) => database.query(text, parameters),
    another: (given = {}) => open(given),
    drain: () => http.drain(),
    expectSound: async () => expectClean(await runAudit(database)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const finder = createServer().listen(0, '127.0.0.1');
  await once(finder, 'listening');
  const { port } = finder.address() as AddressInfo;
  finder.close();
  await once(finder, 'close');
  return port;
}

/** A port that is free, and the address of whoever will listen there: vendors are told it before anybody does. */
export async function reachable(): Promise<{ PORT: string; PUBLIC_URL: string }> {
  const port = await freePort();
  return { PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}` };
}

// ------------------------------------------------------------------------------------------ their own processes

export interface SpawnOptions {
  /** DATA_DIR. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A server in a process of its own. */
export interface SpawnedServer {
  readonly process: ChildProcess;
  /** Where it listens; rejects when it ends before it does. */
  readonly ready: Promise<string>;
  /** How it ended, when it has, with all of its output read. */
  readonly exit: Promise<Exit>;
  /** What it has printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Calls with the key that may do everything. Only once it is ready. */
  readonly admin: TestClient;
  /** Sends a signal, and waits for the end. */
  kill(signal: NodeJS.Signals): Promise<Exit>;
}

const running = new Set<ChildProcess>();
// A test that fails half-way must not leave servers behind.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts `node server/main.ts`, as `npm start` does. Resolves before it is ready. */
export function spawnServer(options: SpawnOptions): SpawnedServer {
  const child = spawn(process.execPath, ['--liftoff-only', join(ROOT, 'server/main.ts')], {
    cwd: ROOT,
    // Nothing of the caller's own environment: a key of a vendor in it would be used.
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: COMPILED,
      ...ENVIRONMENT,
      DATA_DIR: options.folder,
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  const address = Promise.withResolvers<string>();
  let admin: TestClient | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    const url = /(?:GraphiQL {3}|Worker {5})(http:\S+?)\/(?:graphql|health\/ready)/.exec(stdout)?.[1];
    if (url) {
      admin ??= createClient(url, ADMIN_KEY);
      address.resolve(url);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exit = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      address.reject(
        new Error(`The server ended (${code ?? signal}) before it was ready:\n${stdout}${stderr}`),
      );
      resolve({ code, signal });
    });
  });
  // Whoever only waits for the end does not listen for the address.
  address.promise.catch(() => {});
  return {
    process: child,
    ready: address.promise,
    exit,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    get admin() {
      if (!admin) throw new Error('Await `ready` first.');
      return admin;
    },
    async kill(signal) {
      child.kill(signal);
      return exit;
    },
  };
}

/** Starts a server and waits until it is ready. */
export async function spawnReady(options: SpawnOptions): Promise<SpawnedServer> {
  const server = spawnServer(options);
  await server.ready;
  return server;
}

/** A data folder with a migrated database in it, which saves the first start most of its time. */
export async function prepareFolder(): Promise<string> {
  const folder = temporaryFolder();
  const database = await openDatabase({ folder, template: await pgliteTemplate() });
  await database.query('DELETE FROM budget');
  await database.close();
  return folder;
}

/** Audits a folder's embedded database, once its server has ended. */
export async function expectSoundFolder(folder: string): Promise<void> {
  const database = await openDatabase({ folder });
  try {
    expectClean(await runAudit(database));
    const [pending] = await database.query<{ count: bigint }>(
      "SELECT count(*) AS count FROM reservation WHERE status = 'PENDING'",
    );
    expect(pending?.count, 'reservations that nobody resolved').toBe(0n);
  } finally {
    await database.close();
  }
}

/** Waits until something is so: for what no event tells, such as another process's work. */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  withinMs = 10_000,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`In ${withinMs} ms it did not come to this: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
