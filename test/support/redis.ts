/** A Redis of a test's own, which it may kill. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe } from 'vitest';
import { freePort, temporaryFolder } from './server.ts';

/** Whether the program is there. */
const isThere = spawnSync('redis-server', ['--version']).status === 0;

/** Registers a `describe` that needs a Redis to start and kill. */
export function describeWithRedis(name: string, define: () => void): void {
  if (isThere) describe(name, define);
  else describe.skip(`${name} (skipped: there is no redis-server; apt-get install redis-server)`, define);
}

/** A Redis in a process of its own. */
export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  /** Starts it, again too. Resolves when it answers. */
  start(): Promise<void>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    return chunk.toString().startsWith('+PONG');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A Redis that keeps nothing on disk, and is not started yet. */
export async function createRedis(): Promise<TestRedis> {
  const port = await freePort();
  const folder = temporaryFolder();
  let child: ChildProcess | undefined;
  const redis: TestRedis = {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      child = spawn('redis-server', ['--port', String(port), '--save', '', '--dir', folder], {
        stdio: 'ignore',
      });
      for (let tries = 0; !(await answers(port)); tries += 1) {
        if (tries > 400 || child.exitCode !== null) throw new Error('redis-server does not answer.');
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    [Symbol.asyncDispose]: () => redis.kill(),
  };
  return redis;
}

/** Starts a Redis. */
export async function startRedis(): Promise<TestRedis> {
  const redis = await createRedis();
  await redis.start();
  return redis;
}
