/** The composition root: reads the environment, opens everything, listens, and closes in good order. */

import { systemClock } from './clock.ts';
import { openCore } from './core.ts';
import { EnvironmentError, readEnvironment } from './environment.ts';
import { prepareDemo } from './first-start.ts';
import { startHttp } from './http/index.ts';
import { createLog } from './log.ts';
import { startMaintenance } from './maintenance.ts';
import { openPages } from './pages/index.ts';

/** Starts a server from the environment. Resolves when it is ready. */
async function start(): Promise<void> {
  const startedAt = performance.now();
  const environment = readEnvironment(process.env);
  const log = createLog({ level: environment.logLevel, pretty: process.stdout.isTTY });
  // Whoever asks for a page waits for it; the start does not.
  const pages = environment.role === 'worker' ? Promise.resolve(null) : openPages(log);
  const core = await openCore({ environment, clock: systemClock, log });
  // A worker answers nobody who could sign in.
  const isWorker = environment.role === 'worker';
  const admin = isWorker ? null : await core.access.ensureFirstAdmin(environment.firstAdmin);
  const demo = isWorker ? null : await prepareDemo(core);
  core.generations.recovery.start();
  await core.topUps.start();
  const maintenance = await startMaintenance(core);
  core.alerts.start();
  if (environment.role !== 'web') {
    await core.generations.work();
    await core.alerts.deliveries.work();
  }
  const http = await startHttp({ core, demo, pages });

  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info(
      { signal, callsUnderWay: core.generations.active },
      'Stopping: calls under way are finished first.',
    );
    http.drain();
    // Another process goes on with what is done from time to time.
    const swept = Promise.all([maintenance.stop(), core.alerts.sweeps.stop()]);
    const left = await core.generations.drain(environment.drainSeconds * 1000);
    if (left > 0) log.warn({ left }, 'Some calls were still under way; the next start takes them up.');
    await http.close();
    await swept;
    await core.close();
    log.info({}, 'Stopped.');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));

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
    lines.push(`  API key    ${demo.apiKey}   (filled in in GraphiQL)`);
    lines.push(`  Account    ${demo.accountId}   ("demo")`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

start().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message}\n`);
  if (!(error instanceof EnvironmentError) && error instanceof Error) {
    if (error.cause instanceof Error) process.stderr.write(`${error.cause.message}\n`);
    if (process.env.LOG_LEVEL === 'debug') process.stderr.write(`${error.stack}\n`);
  }
  process.exit(1);
});
