/** The rooms through which the demo's past is made, on a clock that goes where it is told. */
import { join } from 'node:path';
import { type Access, createAccess } from '../access/index.ts';
import { type Accounts, createAccounts } from '../accounts/index.ts';
import { type Alerts, createAlerts } from '../alerts/index.ts';
import { type Billing, createBilling, createMemoryStore, type Sandbox } from '../billing/index.ts';
import { type Catalog, createCatalog, seedCatalog } from '../catalog/index.ts';
import { FakeClock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { createHistory, type History } from '../history/index.ts';
import { type Ledger, openLedger } from '../ledger/index.ts';
import { openLive } from '../live/index.ts';
import type { Log } from '../log.ts';
import { createPlans, type Plans, seedPlans } from '../plans/index.ts';
import { createProtection, type ProtectionRoom } from '../protection/index.ts';
import { createSandbox, type Provider } from '../providers/index.ts';
import { openQueue } from '../queue/index.ts';
import { createReconciliation, type Reconciliation } from '../reconciliation/index.ts';
import { createRewards, type Rewards, referring } from '../rewards/index.ts';
import { useSetting } from '../settings/index.ts';
import { createFolderStorage, type Storage } from '../storage/index.ts';

/** What the rooms are opened with. */
export interface RoomsOptions {
  readonly database: Database;
  readonly log: Log;
  readonly priceList: string;
  readonly marginFloor: number;
  /** In which the made-up files go. */
  readonly folder: string;
  /** The first instant of what is made. */
  readonly begin: Date;
}

/** The rooms. */
export interface Rooms {
  readonly database: Database;
  readonly clock: FakeClock;
  readonly access: Access;
  readonly accounts: Accounts;
  readonly alerts: Alerts;
  readonly billing: Billing;
  readonly till: Sandbox;
  readonly catalog: Catalog;
  readonly history: History;
  readonly ledger: Ledger;
  readonly plans: Plans;
  readonly protection: ProtectionRoom;
  readonly reconciliation: Reconciliation;
  readonly rewards: Rewards;
  readonly sandbox: Provider;
  readonly storage: Storage;
  /** Writes down what was in memory alone. */
  keep(): Promise<void>;
  /** Lets go of all but the database. */
  close(): Promise<void>;
}

/** Opens them. What is sold is put in at the beginning of the time that is made up. */
export async function openRooms(options: RoomsOptions): Promise<Rooms> {
  const { database, log, priceList, marginFloor } = options;
  const clock = new FakeClock(options.begin.toISOString());
  await seedCatalog(database, clock);
  await seedPlans(database, clock);
  await useSetting(database, 'price-list', priceList);
  const live = await openLive({ database, log, redisUrl: undefined });
  const queue = await openQueue({ database, log });
  const catalog = await createCatalog({ database, clock, priceList, marginFloor, isServed: () => true });
  const plans = createPlans({ database, clock, catalog, priceList });
  // Reading and writing it in the database would take as long as all the rest.
  const sandboxStore = createMemoryStore();
  const billing = createBilling({
    database,
    clock,
    log,
    plans,
    stripe: { secretKey: undefined, webhookSecrets: [], apiBase: undefined },
    sandboxStore,
    barDisputed: true,
    publicUrl: () => 'http://127.0.0.1:4000',
    onChange: () => {},
  });
  const { sandbox: till } = billing;
  if (!till) throw new Error('Without a key of Stripe there is a sandbox in its place.');
  // No server listens yet: what the till tells is handed over at once.
  till.deliverTo(async (payload, signature) => {
    const outcome = await billing.webhook(Buffer.from(payload), signature);
    return outcome.status === 'unavailable' ? 503 : 200;
  });
  const alerts = createAlerts({
    database,
    clock,
    log,
    live,
    queue,
    allowPrivateHosts: false,
    smtp: undefined,
  });
  const ledger = await openLedger({ database, clock });
  return {
    database,
    clock,
    access: await createAccess({ database, clock, log }),
    accounts: createAccounts({ database, clock, referring }),
    alerts,
    billing,
    till,
    catalog,
    history: createHistory({ database, clock }),
    ledger,
    plans,
    protection: createProtection({ database, clock }),
    reconciliation: createReconciliation({ database, clock }),
    rewards: createRewards({ database, clock, catalog, priceList }),
    sandbox: createSandbox({ clock, speed: 'instant' }),
    storage: createFolderStorage({ folder: join(options.folder, 'files'), allowPrivateHosts: false }),
    keep: () => sandboxStore.keep(database),
    async close() {
      await billing.close();
      await alerts.stop();
      await queue.stop(1_000);
      catalog.close();
      await live.close();
      await ledger.stop();
    },
  };
}
