/** Forks worker scripts and starts their work at the same instant. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { FromWorker, WorkerResult } from './ledger-worker.ts';

/** Where what processes of their own run is kept compiled: a start takes half the time. */
export const COMPILED = join(import.meta.dirname, '../../node_modules/.cache/solvent-test/compiled');

/** Starts a script beside this one in a process of its own: a plain one, with nothing of the test runner's own set-up. */
export function forkWorker(worker: string, job: object): ChildProcess {
  return fork(join(import.meta.dirname, worker), [JSON.stringify(job)], {
    execArgv: [],
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
  });
}

/**
 * Runs the same job in several processes of their own. Resolves with what each made of it.
 *
 * @param worker which script does it, beside this one.
 */
export async function inProcesses(
  count: number,
  job: object,
  worker = 'ledger-worker.ts',
): Promise<WorkerResult[]> {
  const workers = Array.from({ length: count }, () => {
    const child = forkWorker(worker, job);
    const ready = Promise.withResolvers<void>();
    const done = Promise.withResolvers<WorkerResult>();
    child.on('message', (message: FromWorker) => {
      if ('ready' in message) ready.resolve();
      else done.resolve(message);
    });
    child.on('exit', (code) => {
      const error = new Error(`A worker ended with code ${code} before its work was done.`);
      ready.reject(error);
      done.reject(error);
    });
    done.promise.catch(() => {});
    return { child, ready: ready.promise, done: done.promise };
  });
  try {
    await Promise.all(workers.map((worker) => worker.ready));
    for (const { child } of workers) child.send('go');
    return await Promise.all(workers.map((worker) => worker.done));
  } finally {
    for (const { child } of workers) if (child.exitCode === null && !child.connected) child.kill();
  }
}

/** How often each outcome came in all processes together. */
export function total(results: readonly WorkerResult[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { outcomes } of results) {
    for (const [outcome, times] of Object.entries(outcomes)) sums[outcome] = (sums[outcome] ?? 0) + times;
  }
  return sums;
}
