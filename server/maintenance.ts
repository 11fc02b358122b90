/** What is done from time to time, in every process that works: safe when several do it at once. */
import type { Core } from './core.ts';
import { sweepOutputs } from './storage/index.ts';

const EVERY_MS = 10 * 60_000;
/** Steps of one sweep. A full one means that there is more to do. */
const SWEEP_LIMIT = 500;

/** Ends outputs whose time is over, and deletes files that no output needs. */
async function sweepAll({ database, clock, storage, environment, log }: Core): Promise<void> {
  for (;;) {
    const swept = await sweepOutputs({
      database,
      clock,
      storage,
      retentionDays: environment.outputRetentionDays,
      limit: SWEEP_LIMIT,
    });
    for (const failure of swept.failures)
      log.warn(failure, 'A file could not be removed; it is tried again.');
    if (Math.max(swept.expired, swept.setAside, swept.restored, swept.deleted) < SWEEP_LIMIT) return;
  }
}

/** What ends the rounds. */
export interface Maintenance {
  /** Waits for the round under way. */
  stop(): Promise<void>;
}

/** Does a round now, and then every ten minutes. */
export function startMaintenance(core: Core): Maintenance {
  let round: Promise<void> = Promise.resolve();
  const run = () => {
    round = round
      .then(() => sweepAll(core))
      .catch((error: unknown) => core.log.error({ error }, 'Outputs could not be swept; it is tried again.'))
      .then(() => core.billing.giveDueParts())
      .catch((error: unknown) =>
        core.log.error({ error }, 'Credits that are due could not be given; it is tried again.'),
      );
  };
  run();
  const timer = setInterval(run, EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await round;
    },
  };
}
