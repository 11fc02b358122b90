/** Forks worker scripts and starts their work at the same instant. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { FromWorker, WorkerResult } from './ledger-worker.ts';

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
  const script = join(import.meta.dirname, worker);
  const workers = Array.from({ length: count }, () => {
    // The worker is a plain process: nothing of the test runner's own set-up.
    const child = fork(script, [JSON.stringify(job)], { execArgv: [] });
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
