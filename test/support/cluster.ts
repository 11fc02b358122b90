/** A Postgres of a test's own, which it may kill: a cluster in a temporary folder, on a port of its own. */
import { execFile } from 'node:child_process';
import { chownSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe } from 'vitest';
import { freePort, temporaryFolder } from './server.ts';

const run = promisify(execFile);
const VERSIONS = '/usr/lib/postgresql';

/** The folder with Postgres's programs; undefined where there are none. */
const programs = existsSync(VERSIONS)
  ? readdirSync(VERSIONS)
      .map((version) => join(VERSIONS, version, 'bin'))
      .filter((folder) => existsSync(join(folder, 'pg_ctl')))
      .at(-1)
  : undefined;

/** Registers a `describe` that needs a Postgres to start and kill. */
export function describeWithCluster(name: string, define: () => void): void {
  if (programs) describe(name, define);
  else {
    const how = `there is no pg_ctl under ${VERSIONS}; apt-get install postgresql`;
    describe.skip(`${name} (skipped: ${how})`, define);
  }
}

/** A Postgres in processes of its own. */
export interface Cluster extends AsyncDisposable {
  readonly url: string;
  /** Starts it, again too. Resolves when it takes connections. */
  start(): Promise<void>;
  /** Ends it as a crash does: what was under way is lost, and it has to recover at its next start. */
  crash(): Promise<void>;
}

/** `runuser` is where not every PATH leads. */
const ROOTS_ENVIRONMENT = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

/** Postgres refuses to run as root: then as the user that its package has made. */
async function asPostgres(program: string, ...args: string[]): Promise<string> {
  const path = join(programs ?? '', program);
  const isRoot = process.getuid?.() === 0;
  const { stdout } = isRoot
    ? await run('runuser', ['-u', 'postgres', '--', path, ...args], { cwd: '/tmp', env: ROOTS_ENVIRONMENT })
    : await run(path, args, { cwd: '/tmp' });
  return stdout;
}

/** Makes a cluster and starts it. */
export async function startCluster(): Promise<Cluster> {
  const folder = temporaryFolder();
  const port = await freePort();
  if (process.getuid?.() === 0) {
    const { stdout } = await run('id', ['-u', 'postgres']);
    chownSync(folder, Number(stdout), -1);
  }
  const data = join(folder, 'data');
  await asPostgres('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync');
  let runs = false;
  const cluster: Cluster = {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async start() {
      const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder} -c fsync=on`;
      await asPostgres('pg_ctl', 'start', '-D', data, '-w', '-o', settings, '-l', join(folder, 'log'));
      runs = true;
    },
    async crash() {
      if (!runs) return;
      await asPostgres('pg_ctl', 'stop', '-D', data, '-m', 'immediate');
      runs = false;
    },
    async [Symbol.asyncDispose]() {
      await cluster.crash();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await cluster.start();
  return cluster;
}
