/**
 * Runs once before all tests: makes the templates from which test databases are copied, and clears away what
 * crashed runs have left.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import pg from 'pg';
import { seedCatalog } from '../../server/catalog/index.ts';
import { systemClock } from '../../server/clock.ts';
import { createClient, embed } from '../../server/database/embedded.ts';
import { type Database, openDatabase } from '../../server/database/index.ts';
import { migrate } from '../../server/database/migrate.ts';
import { createLog } from '../../server/log.ts';
import { seedPlans } from '../../server/plans/index.ts';
import { openQueue } from '../../server/queue/index.ts';
import { postgresIsReachable, postgresUrl, TEMPLATE_DATABASE, TEMPLATE_FILE, urlOf } from './databases.ts';
import { keepRows } from './embedded.ts';

const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(ROOT, 'node_modules/.cache/solvent-test');
const DAY_MS = 86_400_000;

/** What a template is made of and by. */
const FOLDERS = ['prisma/migrations', 'server/database', 'server/catalog', 'server/plans', 'server/queue'];
const FILES = ['test/support/global-setup.ts', 'test/support/embedded.ts', 'package-lock.json'];

/** Changes whenever a template made before would not be what a new one is. */
function templateKey(): string {
  const hash = createHash('sha256');
  for (const folder of FOLDERS) {
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).sort()) {
      if (/\.(?:sql|ts)$/.test(name)) hash.update(name).update(readFileSync(join(ROOT, folder, name)));
    }
  }
  for (const file of FILES) hash.update(readFileSync(join(ROOT, file)));
  const pglite = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  hash.update(`${pglite} ${statSync(pglite).size} ${statSync(pglite).mtimeMs}`);
  return hash.digest('hex').slice(0, 24);
}

/** Puts into a migrated database what the first start of any server does, so that no test's server has to. */
async function begin(database: Database): Promise<void> {
  await seedCatalog(database, systemClock);
  await seedPlans(database, systemClock);
  const queue = await openQueue({ database, log: createLog({ level: 'error' }) });
  await queue.stop(0);
}

/**
 * A PGlite folder as a file, migrated and {@link begin begun}. Making one takes seconds, so it is kept for as long as nothing
 * changes.
 */
async function makePgliteTemplate(): Promise<string> {
  mkdirSync(CACHE, { recursive: true });
  for (const name of readdirSync(CACHE)) {
    const file = join(CACHE, name);
    if (Date.now() - statSync(file).mtimeMs > DAY_MS) rmSync(file, { force: true });
  }
  const file = join(CACHE, `pglite-${templateKey()}.tar`);
  if (statSync(file, { throwIfNoEntry: false })) return file;
  const client = await createClient(undefined);
  const database = embed(client, async () => {});
  await migrate(database);
  await begin(database);
  await database.close();
  await keepRows(client);
  // Each copy is unpacked, and lays out its shared buffers, before it can be asked anything: what no test needs is left out.
  await client.exec("ALTER SYSTEM SET shared_buffers = '16MB'");
  await client.exec('UPDATE pg_database SET datistemplate = false');
  for (const unused of ['template0', 'template1']) await client.exec(`DROP DATABASE ${unused}`);
  const dump = await client.dumpDataDir('none');
  await client.close();
  // Another run may be reading or writing the same file.
  writeFileSync(`${file}.${process.pid}`, Buffer.from(await dump.arrayBuffer()));
  renameSync(`${file}.${process.pid}`, file);
  return file;
}

const PREFIX = 'solvent_test_';

/**
 * A migrated and {@link begin begun} database on the server. While the run lives it keeps a connection that bears its name:
 * databases of a run without one are leftovers.
 */
async function makePostgresTemplate(): Promise<{ name: string; drop(): Promise<void> }> {
  const run = `${PREFIX}${Date.now().toString(36)}${process.pid.toString(36)}`;
  const client = new pg.Client({ connectionString: postgresUrl, application_name: run });
  client.on('error', () => {});
  await client.connect();

  const dropAll = async (pattern: RegExp) => {
    const { rows } = await client.query<{ datname: string }>(
      "SELECT datname FROM pg_database WHERE datname LIKE 'solvent\\_test\\_%'",
    );
    for (const { datname } of rows) {
      if (pattern.test(datname)) await client.query(`DROP DATABASE IF EXISTS "${datname}" WITH (FORCE)`);
    }
  };
  const { rows: living } = await client.query<{ application_name: string }>(
    "SELECT DISTINCT application_name FROM pg_stat_activity WHERE application_name LIKE 'solvent\\_test\\_%'",
  );
  const runs = living.map((row) => row.application_name).join('|');
  await dropAll(new RegExp(`^(?!(${runs})_)`));

  const name = `${run}_template`;
  await client.query(`CREATE DATABASE "${name}"`);
  const database = await openDatabase({ url: urlOf(name), connections: 1 });
  await begin(database);
  await database.close();
  return {
    name,
    async drop() {
      await dropAll(new RegExp(`^${run}_`));
      await client.end();
    },
  };
}

export default async function setUp(): Promise<() => Promise<void>> {
  // Once for all: each server that a suite starts would find them old, and build them.
  spawnSync(process.execPath, [join(ROOT, 'scripts/build-pages.ts')], { stdio: 'inherit' });
  process.env[TEMPLATE_FILE] = await makePgliteTemplate();
  if (!(await postgresIsReachable())) return async () => {};
  const postgres = await makePostgresTemplate();
  process.env[TEMPLATE_DATABASE] = postgres.name;
  return () => postgres.drop();
}
