/**
 * The door of the queue: steps of generations that outlive a process, in the database itself (pg-boss).
 *
 * A step names its generation (or its delivery) and nothing else: what is to be done is read from the generation when the step's time has
 * come, so that a step which is late, or comes twice, does no harm. Three kinds: `submit`, the call to a vendor for what
 * need not be made at once; `check`, a question after a job; `batch`, a call that waits for others to be sent together with.
 * At most one of a kind waits for each generation. A fourth, `deliver`, is a try to deliver a message of the alerts; a fifth,
 * `import`, a run over a file of history.
 *
 * The queue is not relied on for the truth. A step that is lost is put again by recovery, which finds reservations that
 * nobody answers for.
 */
import { fromPglite, type Job, PgBoss } from 'pg-boss';
import { type Database, isTransient, type NativePostgres, untilItAnswers } from '../database/index.ts';
import type { Log } from '../log.ts';

/**
 * `submit` calls a vendor; `check` asks after a job; `batch` calls a vendor for several generations at once; `deliver` is
 * about a delivery, and `import` about a file of history.
 */
export type Step = 'submit' | 'check' | 'batch' | 'deliver' | 'import';

/** `LOW` is done when nothing else of its kind waits. */
export type Priority = 'NORMAL' | 'LOW';

/** What a step is about. */
type StepData =
  | { readonly generationId: string }
  | { readonly deliveryId: string }
  | { readonly importId: string };

const dataOf = (step: Step, id: string): StepData =>
  step === 'deliver' ? { deliveryId: id } : step === 'import' ? { importId: id } : { generationId: id };
const idOf = (data: StepData): string =>
  'deliveryId' in data ? data.deliveryId : 'importId' in data ? data.importId : data.generationId;

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
   * @param priority `NORMAL` when not said.
   */
  put(step: Step, id: string, afterMs?: number, priority?: Priority): Promise<void>;
  /** Puts steps in one go, to be done at once. Those that wait already stay as they are. */
  putAll(step: Step, ids: readonly string[], priority?: Priority): Promise<void>;
  /** Lets a step be done now, whether one waits or not: something has happened. Tries until it is kept, as {@link put}. */
  hurry(step: Step, id: string): Promise<void>;
  /**
   * Begins to do steps in this process. A handler that throws is called again later.
   *
   * @param handleBatch gets the steps of the kind `batch` that wait, at most {@link BATCH_SIZE} at a time: every 15
   *   seconds, and as soon as this process has put so many. When it throws, all of them are done again.
   */
  work(
    handle: (step: 'submit' | 'check', generationId: string) => Promise<void>,
    handleBatch: (generationIds: readonly string[]) => Promise<void>,
  ): Promise<void>;
  /** Begins to do steps of the kind `deliver` in this process. A handler that throws is called again later. */
  workDeliveries(handle: (deliveryId: string) => Promise<void>): Promise<void>;
  /** Begins to do steps of the kind `import` in this process, one at a time. A handler that throws is called again later. */
  workImports(handle: (importId: string) => Promise<void>): Promise<void>;
  counts(): Promise<Record<Step, QueueCounts>>;
  /** Takes no more steps, and waits at most so long for those under way. */
  stop(timeoutMs: number): Promise<void>;
}

const STEPS: readonly Step[] = ['submit', 'check', 'batch', 'deliver', 'import'];
/** What the library calls the queue of each kind. */
export const NAMES: Record<Step, string> = {
  submit: 'generation-submit',
  check: 'generation-check',
  batch: 'generation-batch',
  deliver: 'alert-delivery',
  import: 'history-import',
};
const PRIORITIES: Record<Priority, number> = { NORMAL: 0, LOW: -1 };

/** How long a worker that does not say that it is at a step still counts as being at it; the least that there is. */
const HEARTBEAT_SECONDS = 10;
const SUPERVISE_SECONDS = 10;

/** Between two tries to put a step when the database is away. */
const PAUSES = { firstMs: 50, mostMs: 2_000 };

/** Connections of its own; the library holds one more to listen. */
const CONNECTIONS = 4;
/**
 * A pick goes along the index that is in its order, and stops when it has enough. While a table grows faster than its
 * statistics, Postgres takes it for nearly empty, and would rather gather and sort all that is due, for each pick.
 * A plan that cannot do without a sort counts as dear beyond measure then, and would be compiled, which takes a hundred times
 * as long as the pick.
 */
const PLANS = '-c enable_bitmapscan=off -c enable_sort=off -c jit=off';

/** How the library reaches a Postgres. */
export const connectionsTo = ({ url, stream }: NativePostgres) => ({
  connectionString: url,
  stream,
  max: CONNECTIONS,
  application_name: 'solvent-queue',
  options: PLANS,
});

/** Steps of the kind `batch` that are done together. */
export const BATCH_SIZE = 25;

const CALLS = { batchSize: 8, pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 2 } as const;

/**
 * How each kind is worked off. A question after a job is due at a time of its own, so its queue is looked at twice a
 * second; a call is due at once, and who puts it wakes the workers. Most of the workers leave calls of low priority alone:
 * however many there are, and however long they take, the others find a worker.
 */
export const WORKERS = [
  { step: 'submit', localConcurrency: 6, minPriority: PRIORITIES.NORMAL, ...CALLS },
  { step: 'submit', localConcurrency: 2, ...CALLS },
  {
    step: 'check',
    localConcurrency: 4,
    batchSize: 32,
    pollingIntervalSeconds: 0.5,
    notifyPollingIntervalSeconds: 0.5,
  },
] as const;

/** Long enough for others to join a batch, and nothing beside the hours that a batch takes. */
const GATHER_SECONDS = 15;

/** Its handler only hands a delivery on, so that one worker is enough and no receiver can hold it up. */
const DELIVERY_WORKER = {
  batchSize: 32,
  pollingIntervalSeconds: 0.5,
  notifyPollingIntervalSeconds: 2,
} as const;

/** One at a time: imports wait for each other anyway. */
const IMPORT_WORKER = { batchSize: 1, pollingIntervalSeconds: 1, notifyPollingIntervalSeconds: 2 } as const;

/** The longest that a step may take, in seconds: a film is sent, or fetched; a large file of history is booked. */
const LONGEST = { call: 600, import: 6 * 3_600 } as const;

/** What the queue is opened with. */
export interface QueueOptions {
  readonly database: Database;
  readonly log: Log;
  /** How long a batch that is not full waits for others, in seconds: at least half a one, {@link GATHER_SECONDS} when not said. */
  readonly gatherSeconds?: number | undefined;
}

/** Opens the queue, and makes its tables where they are missing. Safe when several processes start at once. */
export async function openQueue(options: QueueOptions): Promise<Queue> {
  const { database, log, gatherSeconds = GATHER_SECONDS } = options;
  const { native } = database;
  const boss = new PgBoss({
    ...(native.kind === 'postgres'
      ? connectionsTo(native)
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
      notify: step === 'submit' || step === 'deliver' || step === 'import',
      retryLimit: 10,
      retryDelay: 1,
      retryBackoff: true,
      retryDelayMax: 30,
      // A worker that has died holds its steps until its heart has not beaten for so long. The reservation may be
      // another's who lives, so that recovery would not look after it.
      heartbeatSeconds: HEARTBEAT_SECONDS,
      expireInSeconds: step === 'import' ? LONGEST.import : LONGEST.call,
      retentionSeconds: 7 * 86_400,
      deleteAfterSeconds: 60,
    });
  }

  /** The worker of batches in this process, and how many steps this process has put since it last looked. */
  let batchWorker: string | undefined;
  let gathered = 0;

  /** One that was kept although its answer was lost is put twice at the worst, which does no harm. */
  const untilKept = (step: Step, put: () => Promise<unknown>): Promise<unknown> =>
    untilItAnswers(put, PAUSES, (error) => {
      if (isTransient(error)) {
        log.warn({ step, error }, 'A step could not be put into the queue; it is tried again.');
      }
    });

  async function insert(
    step: Step,
    ids: readonly string[],
    priority: Priority,
    startAfter?: Date,
  ): Promise<void> {
    const steps = ids.map((id) => ({
      data: dataOf(step, id),
      singletonKey: id,
      priority: PRIORITIES[priority],
      ...(startAfter === undefined ? {} : { startAfter }),
    }));
    await untilKept(step, () => boss.insert(NAMES[step], steps));
    if (step !== 'batch' || startAfter !== undefined) return;
    gathered += ids.length;
    if (gathered < BATCH_SIZE || batchWorker === undefined) return;
    gathered = 0;
    boss.notifyWorker(batchWorker);
  }

  /** Does several steps, each of which may fail by itself. */
  const perform = (step: Step, jobs: readonly Job<StepData>[], handle: (about: string) => Promise<void>) =>
    Promise.all(
      jobs.map(async ({ id, data }) => {
        try {
          await handle(idOf(data));
          return { id, status: 'completed' as const };
        } catch (error) {
          log.error({ ...data, step, error }, 'A step of the queue failed; it is tried again.');
          return { id, status: 'failed' as const };
        }
      }),
    );

  return {
    async put(step, id, afterMs = 0, priority = 'NORMAL') {
      const startAfter = afterMs > 0 ? new Date(Date.now() + afterMs) : undefined;
      await insert(step, [id], priority, startAfter);
    },
    async putAll(step, ids, priority = 'NORMAL') {
      if (ids.length > 0) await insert(step, ids, priority);
    },
    async hurry(step, id) {
      await untilKept(step, () =>
        boss.upsert(NAMES[step], dataOf(step, id), { singletonKey: id, startAfter: 0 }),
      );
    },
    async work(handle, handleBatch) {
      const options = { burstWhenBatchFull: true, perJobResults: true } as const;
      // First: what the other workers hand on to it is then gathered from the first one on.
      batchWorker = await boss.work<StepData>(
        NAMES.batch,
        {
          batchSize: BATCH_SIZE,
          pollingIntervalSeconds: gatherSeconds,
          notifyPollingIntervalSeconds: gatherSeconds,
          ...options,
        },
        (jobs: Job<StepData>[]) => {
          gathered = 0;
          const together = handleBatch(jobs.map(({ data }) => idOf(data)));
          return perform('batch', jobs, () => together);
        },
      );
      for (const { step, ...worker } of WORKERS) {
        await boss.work<StepData>(NAMES[step], { ...worker, ...options }, (jobs: Job<StepData>[]) =>
          perform(step, jobs, (generationId) => handle(step, generationId)),
        );
      }
    },
    async workDeliveries(handle) {
      await boss.work<StepData>(
        NAMES.deliver,
        { ...DELIVERY_WORKER, burstWhenBatchFull: true, perJobResults: true },
        (jobs: Job<StepData>[]) => perform('deliver', jobs, handle),
      );
    },
    async workImports(handle) {
      await boss.work<StepData>(
        NAMES.import,
        { ...IMPORT_WORKER, perJobResults: true },
        (jobs: Job<StepData>[]) => perform('import', jobs, handle),
      );
    },
    async counts() {
      const queues = await boss.getQueues(Object.values(NAMES));
      const of = (step: Step): QueueCounts => {
        const queue = queues.find(({ name }) => name === NAMES[step]);
        return { waiting: queue?.queuedCount ?? 0, active: queue?.activeCount ?? 0 };
      };
      return {
        submit: of('submit'),
        check: of('check'),
        batch: of('batch'),
        deliver: of('deliver'),
        import: of('import'),
      };
    },
    async stop(timeoutMs) {
      await boss.stop({ graceful: true, timeout: timeoutMs });
      // The library drops its listeners with the last step, and a connection that breaks after that would end the process.
      boss.on('error', (error) => log.debug({ error }, 'The queue met an error when it had stopped.'));
    },
  };
}
