/**
 * A server process as far as alerts are concerned: tests fork several of them on one Postgres, tell each what to do and what
 * time it is, and kill it whenever they like.
 */
import { flushCompileCache } from 'node:module';
import { createAlerts } from '../../server/alerts/index.ts';
import { FakeClock } from '../../server/clock.ts';
import { openDatabase } from '../../server/database/index.ts';
import { openLedger } from '../../server/ledger/index.ts';
import type { Live } from '../../server/live/index.ts';
import { createLog } from '../../server/log.ts';
import type { Queue } from '../../server/queue/index.ts';
import { attempt, reserveItem, settleItem } from './world.ts';

export interface AlertJob {
  readonly url: string;
  readonly now: string;
}

/** What a process is told to do, at an instant. */
export type Order = { readonly number: number; readonly now: string } & (
  | { readonly do: 'wait' | 'look' | 'sweep' }
  | { readonly do: 'spend'; readonly accountId: string; readonly costMicros: string }
);

/** That an order has been carried out, or why not; number 0: the process is there. */
export interface Done {
  readonly number: number;
  readonly error?: string;
}

const job = JSON.parse(process.argv[2] ?? '{}') as AlertJob;
const clock = new FakeClock(job.now);
const database = await openDatabase({ url: job.url, connections: 4 });
const alerts = createAlerts({
  database,
  clock,
  log: createLog({ level: 'error' }),
  // Nobody listens, and nothing is delivered.
  live: { publish() {}, announce() {} } as unknown as Live,
  queue: { async put() {}, async putAll() {}, async hurry() {} } as unknown as Queue,
  allowPrivateHosts: true,
  smtp: undefined,
});
const ledger = await openLedger({ database, clock, observer: alerts.observer });

async function carryOut(order: Order): Promise<void> {
  clock.set(order.now);
  switch (order.do) {
    case 'wait':
      return;
    case 'look':
      return alerts.flush();
    case 'sweep':
      await alerts.sweeps.run();
      return;
    case 'spend': {
      const now = clock.now();
      const costMicros = BigInt(order.costMicros);
      const item = reserveItem(order.accountId, now, { credits: 0, ceilingMicros: costMicros });
      const { status } = await ledger.reserve(item);
      if (status !== 'reserved') throw new Error(`The call was not reserved: ${status}.`);
      const attempts = [attempt(now, { costMicros })];
      await ledger.settle(settleItem(item.id, 'POST', now, { credits: 0, attempts }));
    }
  }
}

process.on('message', (order: Order) => {
  carryOut(order).then(
    () => process.send?.({ number: order.number } satisfies Done),
    (error: unknown) => process.send?.({ number: order.number, error: String(error) } satisfies Done),
  );
});
// Whoever is killed would not keep what it has compiled.
flushCompileCache();
process.on('disconnect', () => process.exit());
process.send?.({ number: 0 } satisfies Done);
