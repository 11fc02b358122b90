/**
 * A server process as far as periodic tasks are concerned: tests fork several of them on one Postgres, tell each how much
 * later it is, and let it take its turns. It answers each message when that is done.
 */
import { flushCompileCache } from 'node:module';
import { FakeClock } from '../../server/clock.ts';
import { openCore } from '../../server/core.ts';
import { readEnvironment } from '../../server/environment.ts';
import { createLog } from '../../server/log.ts';
import { startMaintenance } from '../../server/maintenance.ts';

export interface MaintenanceJob {
  readonly url: string;
  readonly folder: string;
  readonly now: string;
}

/** How much later it is. */
export interface Turn {
  readonly laterMs: number;
}

const job = JSON.parse(process.argv[2] ?? '{}') as MaintenanceJob;
const clock = new FakeClock(job.now);
const environment = readEnvironment({ DATABASE_URL: job.url, DATA_DIR: job.folder, SANDBOX: 'on' });
const core = await openCore({ environment, clock, log: createLog({ level: 'warn' }) });
const maintenance = await startMaintenance(core);
core.alerts.start();

process.on('message', ({ laterMs }: Turn) => {
  clock.advance(laterMs);
  Promise.all([maintenance.turn(), core.alerts.sweeps.turn()]).then(
    () => process.send?.('done'),
    (error: unknown) => process.send?.(String(error)),
  );
});
// Whoever is killed would not keep what it has compiled.
flushCompileCache();
process.on('disconnect', () => process.exit());
process.send?.('done');
