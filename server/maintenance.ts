/**
 * What is done from time to time for the whole site: each task by one process at a time, whichever has its lease. Alerts are
 * looked at likewise, by their own room. What a process does for itself alone (its heart, what it reads again) is not here.
 */
import type { Core } from './core.ts';
import { createPeriodic, type Periodic, vacateLeases } from './lease/index.ts';
import { sweepOutputs } from './storage/index.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
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

/** Every task, with the name of its lease. */
const TASKS: readonly {
  readonly name: string;
  readonly everyMs: number;
  readonly work: (core: Core) => Promise<unknown>;
}[] = [
  {
    name: 'orphaned-reservations',
    everyMs: 5 * SECOND_MS,
    work: ({ generations }) => generations.recovery.sweep(),
  },
  // What is left of them is breakage from then on.
  { name: 'expired-grants', everyMs: 5 * SECOND_MS, work: ({ ledger }) => ledger.expireGrants() },
  { name: 'low-balances', everyMs: 30 * SECOND_MS, work: ({ topUps }) => topUps.sweep() },
  { name: 'due-credits', everyMs: 10 * MINUTE_MS, work: ({ billing }) => billing.giveDueParts() },
  { name: 'ended-outputs', everyMs: 10 * MINUTE_MS, work: sweepAll },
  { name: 'old-quotes', everyMs: 60 * MINUTE_MS, work: ({ catalog }) => catalog.dropOldQuotes() },
];

/** The tasks of one process. */
export interface Maintenance {
  /** Lets each task take a turn now, for tests. */
  turn(): Promise<void>;
  /** Waits for the rounds under way, and leaves the tasks to other processes. */
  stop(): Promise<void>;
}

/** Begins to take turns at every task. */
export async function startMaintenance(core: Core): Promise<Maintenance> {
  const { database, clock, log } = core;
  await vacateLeases(database);
  const tasks: readonly Periodic[] = TASKS.map(({ name, everyMs, work }) =>
    createPeriodic({
      database,
      clock,
      log,
      name,
      everyMs,
      async work() {
        await work(core);
      },
    }),
  );
  for (const task of tasks) task.start();
  return {
    async turn() {
      await Promise.all(tasks.map((task) => task.turn()));
    },
    async stop() {
      await Promise.all(tasks.map((task) => task.stop()));
    },
  };
}
