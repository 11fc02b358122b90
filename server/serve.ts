/** Opens everything, listens, and closes in good order: what `npm start` and `npm run demo` have in common. */
import { systemClock } from './clock.ts';
import { type Core, openCore } from './core.ts';
import type { Database } from './database/index.ts';
import { type Environment, EnvironmentError } from './environment.ts';
import { prepareDemo } from './first-start.ts';
import { type Demo, type HttpServer, startHttp } from './http/index.ts';
import type { Log } from './log.ts';
import { startMaintenance } from './maintenance.ts';
import { openPages } from './pages/index.ts';
import { hearStopSignals, type StopSignal, type StopSignals } from './signals.ts';

/** What a server is started with. */
export interface ServeOptions {
  readonly environment: Environment;
  readonly log: Log;
  /** When the start began, by `performance.now()`. */
  readonly startedAt: number;
  /** What has been listened to since the process began; from now on when left out. */
  readonly signals?: StopSignals;
  /** An open database instead of the environment's. */
  readonly database?: Database;
  /** What else is begun once it listens. Gives lines to print, and what ends it. */
  readonly beside?: (server: Served) => Beside;
}

/** A server that listens. */
export interface Served {
  readonly core: Core;
  readonly http: HttpServer;
  /** What a local start has for a newcomer. */
  readonly demo: Demo | null;
}

/** What goes on beside a server. */
export interface Beside {
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

/** Starts a server. Resolves when it is ready. */
export async function serve(options: ServeOptions): Promise<void> {
  const { environment, log, startedAt, signals = hearStopSignals() } = options;
  // Whoever asks for a page waits for it; the start does not.
  const pages = environment.role === 'worker' ? Promise.resolve(null) : openPages(log);
  const core = await openCore({
    environment,
    clock: systemClock,
    log,
    ...(options.database ? { database: options.database } : {}),
  });
  if (signals.heard) {
    await core.close();
    log.info({ signal: signals.heard }, 'Stopped during the start.');
    process.exit(0);
  }
  // A worker answers nobody who could sign in.
  const isWorker = environment.role === 'worker';
  const admin = isWorker ? null : await core.access.ensureFirstAdmin(environment.firstAdmin);
  const demo = isWorker ? null : await prepareDemo(core);
  core.generations.recovery.start();
  await core.topUps.start();
  const maintenance = await startMaintenance(core);
  core.alerts.start();
  core.imports.sweeps.start();
  if (environment.role !== 'web') {
    await core.generations.work();
    await core.alerts.deliveries.work();
    await core.imports.work();
  }
  const http = await startHttp({ core, demo, pages });
  const beside = options.beside?.({ core, http, demo });

  let stopping = false;
  const stop = async (signal: StopSignal) => {
    if (stopping) return;
    stopping = true;
    log.info(
      { signal, callsUnderWay: core.generations.active },
      'Stopping: calls under way are finished first.',
    );
    http.drain();
    await beside?.stop();
    // Another process goes on with what is done from time to time, and with a file of history, which may take for hours.
    const swept = Promise.all([maintenance.stop(), core.alerts.sweeps.stop(), core.imports.stop()]);
    const left = await core.generations.drain(environment.drainSeconds * 1000);
    if (left > 0) log.warn({ left }, 'Some calls were still under way; the next start takes them up.');
    await http.close();
    await swept;
    await core.close();
    log.info({}, 'Stopped.');
    process.exit(0);
  };

  const lines = [
    `Solvent is ready, ${((performance.now() - startedAt) / 1000).toFixed(1)} s after its start.`,
    isWorker ? `  Worker     ${http.url}/health/ready` : `  GraphiQL   ${core.publicUrl}/graphql`,
    ...(isWorker ? [] : [`  Admin      ${core.publicUrl}/admin`]),
    `  Database   ${core.database.kind === 'pglite' ? `embedded, in ${environment.database.folder}` : 'Postgres'}`,
    `  Providers  ${[...core.providers.names, ...(core.providers.sandbox ? ['sandbox (stands in for the rest; its files are made up)'] : [])].join(', ') || 'none: set a provider key, or SANDBOX=on'}`,
  ];
  const { secretKey, webhookSecrets } = environment.stripe;
  lines.push(
    `  Payments   ${secretKey === undefined ? 'sandbox (stands in for Stripe; no money moves)' : 'Stripe'}`,
  );
  if (secretKey !== undefined && webhookSecrets.length === 0) {
    lines.push(
      '  Note       STRIPE_WEBHOOK_SECRET is not set: no event of Stripe is believed, and nothing is booked.',
    );
  }
  if (admin) {
    const password = environment.firstAdmin.password === undefined ? admin.password : '(ADMIN_PASSWORD)';
    lines.push(`  Sign in    ${admin.email}  ${password}   (shown this once)`);
  }
  if (demo) {
    const isFilledIn = environment.http.publicUrl === undefined;
    lines.push(`  API key    ${demo.apiKey}${isFilledIn ? '   (filled in in GraphiQL)' : ''}`);
    lines.push(`  Account    ${demo.accountId}   ("demo")`);
  }
  process.stdout.write(`${[...lines, ...(beside?.lines ?? [])].join('\n')}\n`);
  signals.handle((signal) => void stop(signal));
}

/** Ends a process whose start failed, with what is worth knowing of it. */
export function endWith(error: unknown, isDebugged: boolean): never {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message}\n`);
  if (!(error instanceof EnvironmentError) && error instanceof Error) {
    if (error.cause instanceof Error) process.stderr.write(`${error.cause.message}\n`);
    if (isDebugged) process.stderr.write(`${error.stack}\n`);
  }
  process.exit(1);
}
