/**
 * The door of the queue: steps of generations that outlive a process, in the database itself (pg-boss).
 *
 * A step names its generation and nothing else: what is to be done is read from the generation when the step's time has
 * come, so that a step which is late, or comes twice, does no harm. Two kinds: `submit`, the call to a vendor for a slow
 * operation, and `check`, a question after a job. At most one of a kind waits for each generation.
 *
 * The queue is not relied on for the truth. A step that is lost is put again by recovery, which finds reservations that
 * nobody answers for.
 */
import { fromPglite, type Job, PgBoss } from 'pg-boss';
import { type Database, isTransient } from '../database/index.ts';
import type { Log } from '../log.ts';

/** `submit` calls a vendor; `check` asks after a job. */
export type Step = 'submit' | 'check';

interface StepData {
  readonly generationId: string;
}

/** What is known of the steps of a kind, for metrics. */
export interface QueueCounts {
  readonly waiting: number;
  readonly active: number;
}

/** The queue of one process. */
export interface Queue {
  /**
   * Puts a step. One that waits already stays as it is. Tries until it is kept when the database is away: a reservation
   * whose process lives is nobody else's, and would wait for its step for as long.
   *
   * @param afterMs how long to wait before it is done; 0 when not said.
   */
  put(step: Step, generationId: string, afterMs?: number): Promise<void>;
  /** Puts steps in one go, to be done at once. Those that wait already stay as they are. */
  putAll(step: Step, generationIds: readonly string[]): Promise<void>;
  /** Lets a step be done now, whether one waits or not: something has happened. */
  hurry(step: Step, generationId: string): Promise<void>;
  /** Begins to do steps in this process. A handler that throws is called again later. */
  work(handle: (step: Step, generationId: string) => Promise<void>): Promise<void>;
  counts(): Promise<Record<Step, QueueCounts>>;
  /** Takes no more steps, and waits at most so long for those under way. */
  stop(timeoutMs: number): Promise<void>;
}

const STEPS: readonly Step[] = ['submit', 'check'];
/** What the library calls the queue of each kind. */
export const NAMES: Record<Step, string> = { submit: 'generation-submit', check: 'generation-check' };

/** How long a worker that does not say that it is at a step still counts as being at it; the least that there is. */
const HEARTBEAT_SECONDS = 10;
const SUPERVISE_SECONDS = 10;

/** Between two tries to put a step when the database is away. */
const LEAST_PAUSE_MS = 50;
const MOST_PAUSE_MS = 2_000;

/** Connections of its own; the library holds one more to listen. */
const CONNECTIONS = 4;
/**
 * A pick goes along the index that is in its order, and stops when it has enough. While a table grows faster than its
 * statistics, Postgres takes it for nearly empty, and would rather gather and sort all that is due, for each pick.
 */
const PLANS = '-c enable_bitmapscan=off -c enable_sort=off';

/** How the library reaches a Postgres. */
export const connectionsTo = (url: string) => ({
  connectionString: url,
  max: CONNECTIONS,
  application_name: 'solvent-queue',
  options: PLANS,
});

/**
 * How each kind is worked off. A question after a job is due at a time of its own, so its queue is looked at twice a
 * second; a call is due at once, and who puts it wakes the workers.
 */
export const WORKERS = {
  submit: { localConcurrency: 8, batchSize: 8, pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 2 },
  check: {
    localConcurrency: 4,
    batchSize: 32,
    pollingIntervalSeconds: 0.5,
    notifyPollingIntervalSeconds: 0.5,
  },
} as const;

/** Opens the queue, and makes its tables where they are missing. Safe when several processes start at once. */
export async function openQueue(options: { readonly database: Database; readonly log: Log }): Promise<Queue> {
  const { database, log } = options;
  const { native } = database;
  const boss = new PgBoss({
    ...(native.kind === 'postgres'
      ? connectionsTo(native.url)
      : { db: fromPglite(native.client), backend: 'pglite' as const }),
    useListenNotify: true,
    // Nothing is scheduled by the clock's face here.
    schedule: false,
    // Steps of workers that have died are looked for so often.
    superviseIntervalSeconds: SUPERVISE_SECONDS,
    monitorIntervalSeconds: SUPERVISE_SECONDS,
    maintenanceIntervalSeconds: 300,
    // Its advice on vacuuming and index bloat is for whoever runs the database.
    monitorVacuum: false,
    reindex: false,
  });
  boss.on('error', (error) => log.warn({ error }, 'The queue met an error; it goes on.'));
  await boss.start();
  for (const step of STEPS) {
    await boss.createQueue(NAMES[step], {
      // One that waits for each generation; one that is under way does not count.
      policy: 'short',
      notify: step === 'submit',
      retryLimit: 10,
      retryDelay: 1,
      retryBackoff: true,
      retryDelayMax: 30,
      // A worker that has died holds its steps until its heart has not beaten for so long. The reservation may be
      // another's who lives, so that recovery would not look after it.
      heartbeatSeconds: HEARTBEAT_SECONDS,
      // The longest that a step may take: a film is sent, or fetched.
      expireInSeconds: 600,
      retentionSeconds: 7 * 86_400,
      deleteAfterSeconds: 60,
    });
  }

  /** One that was kept although its answer was lost is put twice at the worst, which does no harm. */
  async function insert(step: Step, generationIds: readonly string[], startAfter?: Date): Promise<void> {
    const steps = generationIds.map((generationId) => ({
      data: { generationId } satisfies StepData,
      singletonKey: generationId,
      ...(startAfter === undefined ? {} : { startAfter }),
    }));
    for (let pause = LEAST_PAUSE_MS; ; pause = Math.min(pause * 2, MOST_PAUSE_MS)) {
      try {
        await boss.insert(NAMES[step], steps);
        return;
      } catch (error) {
        if (!isTransient(error)) throw error;
        log.warn({ step, error }, 'A step could not be put into the queue; it is tried again.');
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  return {
    async put(step, generationId, afterMs = 0) {
      await insert(step, [generationId], afterMs > 0 ? new Date(Date.now() + afterMs) : undefined);
    },
    async putAll(step, generationIds) {
      if (generationIds.length > 0) await insert(step, generationIds);
    },
    async hurry(step, generationId) {
      await boss.upsert(NAMES[step], { generationId }, { singletonKey: generationId, startAfter: 0 });
    },
    async work(handle) {
      for (const step of STEPS) {
        await boss.work<StepData>(
          NAMES[step],
          { ...WORKERS[step], burstWhenBatchFull: true, perJobResults: true },
          (jobs: Job<StepData>[]) =>
            Promise.all(
              jobs.map(async ({ id, data: { generationId } }) => {
                try {
                  await handle(step, generationId);
                  return { id, status: 'completed' as const };
                } catch (error) {
                  log.error(
                    { generationId, step, error },
                    'A step of a generation failed; it is tried again.',
                  );
                  return { id, status: 'failed' as const };
                }
              }),
            ),
        );
      }
    },
    async counts() {
      const queues = await boss.getQueues(Object.values(NAMES));
      const of = (step: Step): QueueCounts => {
        const queue = queues.find(({ name }) => name === NAMES[step]);
        return { waiting: queue?.queuedCount ?? 0, active: queue?.activeCount ?? 0 };
      };
      return { submit: of('submit'), check: of('check') };
    },
    async stop(timeoutMs) {
      await boss.stop({ graceful: true, timeout: timeoutMs });
      // The library drops its listeners with the last step, and a connection that breaks after that would end the process.
      boss.on('error', (error) => log.debug({ error }, 'The queue met an error when it had stopped.'));
    },
  };
}
