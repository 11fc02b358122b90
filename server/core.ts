/** The application as one object: what schema/, http/ and cli/ see of it. */
import { join } from 'node:path';
import { type Access, createAccess } from './access/index.ts';
import { type Accounts, createAccounts } from './accounts/index.ts';
import { type Catalog, createCatalog, seedCatalog } from './catalog/index.ts';
import type { Clock } from './clock.ts';
import { type Database, openDatabase } from './database/index.ts';
import { type Environment, sandboxServes } from './environment.ts';
import { createGenerations, type Generations } from './generation/index.ts';
import { type Ledger, openLedger } from './ledger/index.ts';
import { createLive, type Live } from './live/index.ts';
import type { Log } from './log.ts';
import { createProtection, type ProtectionRoom } from './protection/index.ts';
import {
  createOpenAi,
  createProviders,
  createReplicate,
  createSandbox,
  type Provider,
  type Providers,
} from './providers/index.ts';
import { useSetting } from './settings/index.ts';
import {
  createFolderStorage,
  createOutputs,
  type Outputs,
  openS3Storage,
  type Storage,
} from './storage/index.ts';

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
  readonly catalog: Catalog;
  readonly providers: Providers;
  readonly storage: Storage;
  readonly outputs: Outputs;
  readonly live: Live;
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
}

function vendorsOf(environment: Environment): Provider[] {
  const { openai, replicate } = environment.providers;
  const vendors: Provider[] = [];
  if (openai) vendors.push(createOpenAi({ apiKey: openai.apiKey, baseUrl: openai.baseUrl }));
  if (replicate) {
    vendors.push(createReplicate({ apiToken: replicate.apiToken, baseUrl: replicate.baseUrl }));
  }
  return vendors;
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
    await useSetting(database, 'price-list', environment.priceList);
    const providers = createProviders(
      [...vendorsOf(environment), ...(options.providers ?? [])],
      sandboxServes(environment) ? createSandbox({ clock, speed: environment.sandboxSpeed }) : null,
    );
    const catalog = await createCatalog({
      database,
      clock,
      priceList: environment.priceList,
      marginFloor: environment.minMargin,
      isServed: (model) => providers.serving(model.provider) !== null,
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
    const ledger = await openLedger({ database, clock });
    const storage = await openStorage(environment);
    const live = createLive();
    const generations = createGenerations({
      database,
      clock,
      log,
      ledger,
      catalog,
      providers,
      storage,
      live,
      providerConcurrency: environment.limits.providerConcurrency,
    });
    return {
      environment,
      publicUrl: environment.http.publicUrl ?? `http://${environment.http.host}:${environment.http.port}`,
      clock,
      log,
      database,
      access,
      accounts: createAccounts({ database, clock }),
      ledger,
      protection: createProtection({ database, clock }),
      catalog,
      providers,
      storage,
      outputs: createOutputs({ database, clock }),
      live,
      generations,
      async close() {
        await generations.recovery.stop();
        catalog.close();
        await access.close();
        await ledger.stop();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
