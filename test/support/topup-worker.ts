/**
 * A server process as far as top-ups are concerned: tests fork several of them on one Postgres. It says `ready`, waits for
 * `go`, makes its calls on one account and says what came of it.
 */
import { createAccounts } from '../../server/accounts/index.ts';
import { FakeClock } from '../../server/clock.ts';
import { openDatabase } from '../../server/database/index.ts';
import { openLedger } from '../../server/ledger/index.ts';
import { createLog } from '../../server/log.ts';
import { createPlans } from '../../server/plans/index.ts';
import { referring } from '../../server/rewards/index.ts';
import { createTopUps, watchBalances } from '../../server/topup/index.ts';
import type { FromWorker } from './ledger-worker.ts';
import { openTill } from './till.ts';
import { reserveItem, settleItem } from './world.ts';

/** As many calls as told, at once, each reserved and then posted. */
export interface TopUpJob {
  readonly url: string;
  readonly now: string;
  readonly accountId: string;
  readonly calls: number;
  readonly credits: number;
}

const job = JSON.parse(process.argv[2] ?? '{}') as TopUpJob;
const database = await openDatabase({ url: job.url, connections: 6 });
const clock = new FakeClock(job.now);
const ledger = await openLedger({ database, clock });
const catalog = {
  appraise: () => ({ status: 'invalid', fields: [] }) as const,
  candidates: () => [],
  models: () => [],
};
const plans = createPlans({ database, clock, catalog, priceList: 'tokens' });
const till = openTill(ledger, plans);
const topUps = createTopUps({
  database,
  clock,
  log: createLog({ level: 'warn' }),
  accounts: createAccounts({ database, clock, referring }),
  plans,
  chargeSaved: till.charge,
});
await topUps.start();
const watched = watchBalances(ledger, topUps.notice);
process.send?.({ ready: true } satisfies FromWorker);
await new Promise((resolve) => process.once('message', resolve));

const outcomes: Record<string, number> = { asked: 0 };
const errors: string[] = [];
await Promise.all(
  Array.from({ length: job.calls }, async () => {
    const item = reserveItem(job.accountId, clock.now(), { credits: job.credits });
    const reserved = await watched.reserve(item);
    outcomes[reserved.status] = (outcomes[reserved.status] ?? 0) + 1;
    if (reserved.status === 'reserved') {
      await watched.settle(settleItem(item.id, 'POST', clock.now(), { credits: job.credits }));
    }
  }),
).catch((error: unknown) => errors.push(String(error)));
await topUps.stop();
outcomes.asked = till.asked.length;
await ledger.stop();
await database.close();
process.send?.({ outcomes, errors } satisfies FromWorker);
process.disconnect();
