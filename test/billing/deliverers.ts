/** Processes that take Stripe's events: each opens its own room on the same database, as each of several servers does. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { EventOutcome } from '../../server/billing/index.ts';
import type { BillingJob, Delivery, FromBillingWorker } from '../support/billing-worker.ts';

const SCRIPT = join(import.meta.dirname, '../support/billing-worker.ts');

/** A process that takes events. */
export interface Deliverer {
  readonly pid: number | undefined;
  deliver(event: Omit<Delivery, 'number'>): Promise<EventOutcome>;
  /** Lets it close its database and end. */
  close(): Promise<void>;
}

/** Starts a process; resolves when it takes events. */
export async function forkDeliverer(job: BillingJob): Promise<Deliverer> {
  // A plain process: nothing of the test runner's own set-up.
  const child = fork(SCRIPT, [JSON.stringify(job)], { execArgv: [] });
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const waiting = new Map<number, PromiseWithResolvers<EventOutcome>>();
  let count = 0;
  child.on('message', (message: FromBillingWorker) => {
    if ('ready' in message) return ready.resolve();
    const answer = waiting.get(message.number);
    waiting.delete(message.number);
    if ('error' in message) answer?.reject(new Error(message.error));
    else answer?.resolve(message.outcome);
  });
  child.on('exit', (code) => {
    const error = new Error(`A process that takes events ended with code ${code}.`);
    ready.reject(error);
    for (const answer of waiting.values()) answer.reject(error);
    ended.resolve();
  });
  await ready.promise;
  return {
    pid: child.pid,
    deliver(event) {
      const answer = Promise.withResolvers<EventOutcome>();
      count += 1;
      waiting.set(count, answer);
      child.send({ number: count, ...event } satisfies Delivery);
      return answer.promise;
    },
    async close() {
      if (child.connected) child.disconnect();
      await ended.promise;
    },
  };
}
