/** The application as one object: what schema/, http/ and cli/ see of it. */
import { join } from 'node:path';
import { type Access, createAccess } from './access/index.ts';
import { type Accounts, createAccounts } from './accounts/index.ts';
import { type Alerts, createAlerts, orphansFound } from './alerts/index.ts';
import { type Billing, createBilling } from './billing/index.ts';
import { type Catalog, createCatalog, seedCatalog } from './catalog/index.ts';
import type { Clock } from './clock.ts';
import { type Database, openDatabase } from './database/index.ts';
import { type Environment, sandboxServes } from './environment.ts';
import { createExports, type Exports } from './export/index.ts';
import { createGenerations, type FetchInput, type Generations } from './generation/index.ts';
import { createHistory, createImports, type History, type Imports } from './history/index.ts';
import { type Ledger, openLedger } from './ledger/index.ts';
import { type Live, openLive } from './live/index.ts';
import type { Log } from './log.ts';
import { createPlans, type Plans, seedPlans } from './plans/index.ts';
import { type Business, createBusiness, createProfit, type Profit } from './profit/index.ts';
import { createProtection, type ProtectionRoom } from './protection/index.ts';
import {
  createProviders,
  createSandbox,
  openVendors,
  type Provider,
  type Providers,
} from './providers/index.ts';
import { openQueue, type Queue } from './queue/index.ts';
import { createReconciliation, type Reconciliation } from './reconciliation/index.ts';
import { createRewards, type Rewards, referring } from './rewards/index.ts';
import { createRouting, type Routing, type Thresholds } from './routing/index.ts';
import { useSetting } from './settings/index.ts';
import {
  createFolderStorage,
  createInputs,
  createOutputs,
  InputError,
  type Outputs,
  openS3Storage,
  type Storage,
} from './storage/index.ts';
import { createTopUps, type TopUps, watchBalances } from './topup/index.ts';
import { tracedLedger, tracedProvider } from './trace.ts';
import { openTracing, type Tracing } from './tracing/index.ts';
import { BookCounts, createWatch, type Watch } from './watch/index.ts';

/** Every room's door. */
export interface Core {
  readonly environment: Environment;
  /** Where the outside finds this server, without a slash at the end. Known for good once it listens. */
  publicUrl: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly database: Database;
  readonly access: Access;
  readonly accounts: Accounts;
  readonly ledger: Ledger;
  readonly protection: ProtectionRoom;
  readonly profit: Profit;
  readonly business: Business;
  readonly exports: Exports;
  readonly history: History;
  readonly imports: Imports;
  readonly reconciliation: Reconciliation;
  readonly catalog: Catalog;
  readonly plans: Plans;
  readonly billing: Billing;
  readonly rewards: Rewards;
  readonly topUps: TopUps;
  readonly providers: Providers;
  readonly routing: Routing;
  readonly queue: Queue;
  readonly storage: Storage;
  readonly outputs: Outputs;
  readonly live: Live;
  readonly tracing: Tracing;
  readonly watch: Watch;
  /** What this process has booked. */
  readonly booked: BookCounts;
  readonly alerts: Alerts;
  readonly generations: Generations;
  /** Stops background work and closes what is open. Calls under way have been drained before. */
  close(): Promise<void>;
}

/** What the application is opened with. */
export interface CoreOptions {
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
  /** An open database instead of the environment's, for tests. The core closes it. */
  readonly database?: Database;
  /** Vendors beside the environment's, or in their place, for tests and benchmarks. */
  readonly providers?: readonly Provider[];
  /** What fetches the files that requests name by URL, for tests. */
  readonly fetchInput?: FetchInput;
  /** When a provider is left alone, for tests; the routing room's own thresholds when not said. */
  readonly thresholds?: Thresholds;
  /** How long a batch waits for others, in seconds, for tests; the queue's own time when not said. */
  readonly gatherSeconds?: number;
}

/** Where outputs are kept: the bucket when there is one, else the folder. */
async function openStorage(environment: Environment): Promise<Storage> {
  const { s3, database, allowPrivateUrls: allowPrivateHosts } = environment;
  return s3
    ? openS3Storage({ ...s3, spoolFolder: join(database.folder, 'incoming'), allowPrivateHosts })
    : createFolderStorage({ folder: join(database.folder, 'files'), allowPrivateHosts });
}

/** Vendors with a key, those that were handed in, and the sandbox where it stands in: each call of theirs is traced. */
async function openProviders(options: CoreOptions, tracing: Tracing): Promise<Providers> {
  const { environment, clock } = options;
  const sandbox = sandboxServes(environment)
    ? createSandbox({ clock, speed: environment.sandboxSpeed })
    : null;
  const vendors = [...(await openVendors(environment.providers)), ...(options.providers ?? [])];
  return createProviders(
    vendors.map((vendor) => tracedProvider(vendor, tracing)),
    sandbox && tracedProvider(sandbox, tracing),
  );
}

/** What can be bought of whom, and who is told when something is wrong with that. */
async function openMarket(options: CoreOptions, database: Database) {
  const { environment, clock, log } = options;
  await seedCatalog(database, clock);
  await seedPlans(database, clock);
  await useSetting(database, 'price-list', environment.priceList);
  const tracing = await openTracing({ ...environment.tracing, log });
  const providers = await openProviders(options, tracing);
  const live = await openLive({ database, log, redisUrl: environment.redisUrl });
  const queue = await openQueue({ database, log, gatherSeconds: options.gatherSeconds });
  const alerts = createAlerts({
    database,
    clock,
    log,
    live,
    queue,
    allowPrivateHosts: environment.allowPrivateUrls,
    smtp: environment.smtp,
  });
  const routing = await createRouting({
    database,
    clock,
    log,
    thresholds: options.thresholds,
    onChanged: () => alerts.signal('circuits'),
  });
  const catalog = await createCatalog({
    database,
    clock,
    priceList: environment.priceList,
    marginFloor: environment.minMargin,
    isServed: (model) => {
      const provider = providers.serving(model.provider);
      return provider !== null && (provider.inProcess || routing.isHealthy(provider.name));
    },
    onRefreshError: (error) => log.warn({ error }, 'The catalogue could not be read again.'),
  });
  const plans = createPlans({ database, clock, catalog, priceList: environment.priceList });
  return { tracing, providers, live, queue, alerts, routing, catalog, plans };
}

type Market = Awaited<ReturnType<typeof openMarket>>;

/** The ledger, of whose every batch this process's counts and the alerts are told. */
async function openBooks(options: CoreOptions, database: Database, { tracing, live, alerts }: Market) {
  const booked = new BookCounts(() => live.publish('books', '', null));
  const observers = [booked, alerts.observer];
  const untraced = await openLedger({
    database,
    clock: options.clock,
    observer: {
      reserved: (...told) => observers.forEach((observer) => void observer.reserved(...told)),
      settled: (...told) => observers.forEach((observer) => void observer.settled(...told)),
      rerouted: (...told) => observers.forEach((observer) => void observer.rerouted(...told)),
    },
  });
  return { booked, ledger: tracedLedger(untraced, tracing) };
}

/** Money in: Stripe, and top-ups that nobody has to be there for. */
function openTill(
  options: CoreOptions,
  database: Database,
  ledger: Ledger,
  { live, alerts, plans }: Market,
  publicUrl: () => string,
) {
  const { environment, clock, log } = options;
  const accounts = createAccounts({ database, clock, referring });
  const billing = createBilling({
    database,
    clock,
    log,
    plans,
    stripe: environment.stripe,
    barDisputed: environment.barDisputed,
    publicUrl,
    onChange(accountId) {
      alerts.signal('payments');
      ledger
        .balance(accountId)
        .then((balance) => balance && live.publish('balance', accountId, balance))
        .catch((error: unknown) => log.warn({ error }, 'A new balance could not be told.'));
    },
  });
  const topUps = createTopUps({
    database,
    clock,
    log,
    accounts,
    plans,
    chargeSaved: (item) => billing.chargeSaved(item),
    onLowBalance: () => alerts.signal('balances'),
  });
  return { accounts, billing, topUps };
}

/** Fetches the files that requests name. What is wrong with one is told to the caller, and why to the log. */
function fetchInputWith(inputs: ReturnType<typeof createInputs>, log: Log): FetchInput {
  return (url, kind, signal) =>
    inputs.fetch(url, kind, signal).then(
      (file) => ({ file }),
      (error: unknown) => {
        if (!(error instanceof InputError)) throw error;
        log.info({ detail: error.detail }, 'The file that a request names could not be used.');
        return { problem: error.message };
      },
    );
}

/** Paid calls, from the request to the file. */
async function openWork(
  options: CoreOptions,
  database: Database,
  rooms: Market & { readonly ledger: Ledger; readonly topUps: TopUps; readonly access: Access },
) {
  const { environment, clock, log } = options;
  const storage = await openStorage(environment);
  const inputs = createInputs({ allowPrivateHosts: environment.allowPrivateUrls });
  const generations = createGenerations({
    database,
    clock,
    log,
    ledger: watchBalances(rooms.ledger, rooms.topUps.notice),
    catalog: rooms.catalog,
    providers: rooms.providers,
    routing: rooms.routing,
    queue: rooms.queue,
    storage,
    live: rooms.live,
    inputProblem: inputs.problemOf,
    fetchInput: options.fetchInput ?? fetchInputWith(inputs, log),
    cache: {
      scope: environment.cache.scope,
      ttlMs: environment.cache.hours * 3_600_000,
      pricePercent: environment.cache.pricePercent,
    },
    minMargin: environment.minMargin,
    providerConcurrency: environment.limits.providerConcurrency,
    publicUrl: environment.http.publicUrl,
    sign: rooms.access.sign,
    onOrphans: (count) => rooms.alerts.raise(orphansFound(count, clock.now())),
  });
  return { storage, generations };
}

/** What is asked of the books: profit, the business, reports, and what was before. */
function openReports(options: CoreOptions, database: Database, { catalog, plans, queue }: Market) {
  const { environment, clock, log } = options;
  const { priceList, timeZone, minMargin: marginFloor } = environment;
  const profit = createProfit({ database, timeZone });
  const history = createHistory({ database, clock });
  const folder = join(environment.database.folder, 'incoming');
  return {
    profit,
    business: createBusiness({ database, clock, timeZone, catalog, plans, priceList, marginFloor }),
    exports: createExports({ database, profit }),
    history,
    imports: createImports({ database, clock, log, queue, history, folder }),
    reconciliation: createReconciliation({ database, clock }),
  };
}

/** Stops background work and closes what is open: what works first, what it works with last. */
async function closeRooms(core: Omit<Core, 'close'>): Promise<void> {
  await core.generations.recovery.stop();
  await core.topUps.stop();
  await core.billing.close();
  await core.alerts.stop();
  await core.imports.sweeps.stop();
  await core.imports.stop();
  await core.queue.stop(1_000);
  core.catalog.close();
  core.routing.close();
  await core.live.close();
  await core.access.close();
  await core.ledger.stop().catch((error: unknown) => {
    core.log.warn({ error }, 'That this process ends could not be said; the others find out by its silence.');
  });
  await core.tracing.close();
  await core.database.close();
}

/** Opens every room on an open database, in the order in which one needs another. */
async function openRooms(options: CoreOptions, database: Database): Promise<Core> {
  const { environment, clock, log } = options;
  const market = await openMarket(options, database);
  const { live, alerts } = market;
  const access = await createAccess({
    database,
    clock,
    log,
    adminKey: environment.adminKey,
    tokenSecret: environment.tokenSecret,
    publicUrl: environment.http.publicUrl,
  });
  const { booked, ledger } = await openBooks(options, database, market);
  const till = openTill(options, database, ledger, market, () => core.publicUrl);
  const work = await openWork(options, database, { ...market, ledger, access, topUps: till.topUps });
  const protection = createProtection({
    database,
    clock,
    onChanged() {
      alerts.signal('protection');
      live.publish('books', '', null);
      live.announce('books', '');
    },
  });
  const core: Core = {
    environment,
    publicUrl: environment.http.publicUrl ?? `http://${environment.http.host}:${environment.http.port}`,
    clock,
    log,
    database,
    ...market,
    access,
    booked,
    ledger,
    protection,
    ...openReports(options, database, market),
    ...till,
    ...work,
    rewards: createRewards({ database, clock, catalog: market.catalog, priceList: environment.priceList }),
    outputs: createOutputs({ database, clock }),
    watch: createWatch({ database, clock, log, live, protection }),
    close: () => closeRooms(core),
  };
  return core;
}

/** Opens everything. */
export async function openCore(options: CoreOptions): Promise<Core> {
  const database = options.database ?? (await openDatabase(options.environment.database));
  try {
    return await openRooms(options, database);
  } catch (error) {
    await database.close();
    throw error;
  }
}
