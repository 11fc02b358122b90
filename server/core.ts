/** The application as one object: what schema/, http/ and cli/ see of it. */
import { join } from 'node:path';
import { type Access, createAccess } from './access/index.ts';
import { type Accounts, createAccounts } from './accounts/index.ts';
import { type Alerts, createAlerts } from './alerts/index.ts';
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
}

/** Where outputs are kept: the bucket when there is one, else the folder. */
async function openStorage(environment: Environment): Promise<Storage> {
  const { s3, database, allowPrivateUrls: allowPrivateHosts } = environment;
  return s3
    ? openS3Storage({ ...s3, spoolFolder: join(database.folder, 'incoming'), allowPrivateHosts })
    : createFolderStorage({ folder: join(database.folder, 'files'), allowPrivateHosts });
}

/** Opens everything, in the order in which one room needs another. */
export async function openCore(options: CoreOptions): Promise<Core> {
  const { environment, clock, log } = options;
  const database =
    options.database ??
    (await openDatabase({ url: environment.database.url, folder: environment.database.folder }));
  try {
    await seedCatalog(database, clock);
    await seedPlans(database, clock);
    await useSetting(database, 'price-list', environment.priceList);
    const tracing = await openTracing({ ...environment.tracing, log });
    const sandbox = sandboxServes(environment)
      ? createSandbox({ clock, speed: environment.sandboxSpeed })
      : null;
    const vendors = [...(await openVendors(environment.providers)), ...(options.providers ?? [])];
    const providers = createProviders(
      vendors.map((vendor) => tracedProvider(vendor, tracing)),
      sandbox && tracedProvider(sandbox, tracing),
    );
    const live = await openLive({ database, log, redisUrl: environment.redisUrl });
    const tellWatchers = () => live.publish('books', '', null);
    const queue = await openQueue({ database, log });
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
    const access = await createAccess({
      database,
      clock,
      log,
      adminKey: environment.adminKey,
      tokenSecret: environment.tokenSecret,
      publicUrl: environment.http.publicUrl,
    });
    const booked = new BookCounts(tellWatchers);
    const observers = [booked, alerts.observer];
    const untraced = await openLedger({
      database,
      clock,
      observer: {
        reserved: (...told) => observers.forEach((observer) => void observer.reserved(...told)),
        settled: (...told) => observers.forEach((observer) => void observer.settled(...told)),
        rerouted: (...told) => observers.forEach((observer) => void observer.rerouted(...told)),
      },
    });
    const ledger = tracedLedger(untraced, tracing);
    const storage = await openStorage(environment);
    const inputs = createInputs({ allowPrivateHosts: environment.allowPrivateUrls });
    const profit = createProfit({ database, timeZone: environment.timeZone });
    const fetchInput: FetchInput = (url, kind, signal) =>
      inputs.fetch(url, kind, signal).then(
        (file) => ({ file }),
        (error: unknown) => {
          if (!(error instanceof InputError)) throw error;
          log.info({ detail: error.detail }, 'The file that a request names could not be used.');
          return { problem: error.message };
        },
      );
    const accounts = createAccounts({ database, clock, referring });
    const plans = createPlans({ database, clock, catalog, priceList: environment.priceList });
    const billing = createBilling({
      database,
      clock,
      log,
      plans,
      stripe: environment.stripe,
      barDisputed: environment.barDisputed,
      publicUrl: () => core.publicUrl,
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
    const generations = createGenerations({
      database,
      clock,
      log,
      ledger: watchBalances(ledger, topUps.notice),
      catalog,
      providers,
      routing,
      queue,
      storage,
      live,
      inputProblem: inputs.problemOf,
      fetchInput: options.fetchInput ?? fetchInput,
      cache: {
        scope: environment.cache.scope,
        ttlMs: environment.cache.hours * 3_600_000,
        pricePercent: environment.cache.pricePercent,
      },
      minMargin: environment.minMargin,
      providerConcurrency: environment.limits.providerConcurrency,
      publicUrl: environment.http.publicUrl,
      sign: access.sign,
      onOrphans: alerts.orphaned,
    });
    const protection = createProtection({
      database,
      clock,
      onChanged() {
        alerts.signal('protection');
        tellWatchers();
        live.announce('books', '');
      },
    });
    const history = createHistory({ database, clock });
    const imports = createImports({
      database,
      clock,
      log,
      queue,
      history,
      folder: join(environment.database.folder, 'incoming'),
    });
    const core: Core = {
      environment,
      publicUrl: environment.http.publicUrl ?? `http://${environment.http.host}:${environment.http.port}`,
      clock,
      log,
      database,
      access,
      accounts,
      ledger,
      protection,
      profit,
      business: createBusiness({
        database,
        clock,
        timeZone: environment.timeZone,
        catalog,
        plans,
        priceList: environment.priceList,
        marginFloor: environment.minMargin,
      }),
      exports: createExports({ database, profit }),
      history,
      imports,
      reconciliation: createReconciliation({ database, clock }),
      catalog,
      plans,
      billing,
      topUps,
      rewards: createRewards({ database, clock, catalog, priceList: environment.priceList }),
      providers,
      routing,
      queue,
      storage,
      outputs: createOutputs({ database, clock }),
      live,
      tracing,
      watch: createWatch({ database, clock, log, live, protection }),
      booked,
      alerts,
      generations,
      async close() {
        await generations.recovery.stop();
        await topUps.stop();
        await billing.close();
        await alerts.stop();
        await imports.sweeps.stop();
        await imports.stop();
        await queue.stop(1_000);
        catalog.close();
        routing.close();
        await live.close();
        await access.close();
        await ledger.stop();
        await tracing.close();
        await database.close();
      },
    };
    return core;
  } catch (error) {
    await database.close();
    throw error;
  }
}
