/**
 * The door of the generation room: what a paid call goes through, from the price to the answer.
 *
 * The way of one call: `price` (checks the input, asks the catalogue) → `reserve` (credits and budgets, in the
 * ledger's transaction) → the runner (calls the provider, stores the files, settles) → the answer. The GraphQL schema
 * drives it through plugin-credits. Slow operations and what has time go through the queue, so that any process can go on
 * with them; recovery.ts takes up what a crash has left.
 */
import type { Catalog } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import type { Database, JsonValue } from '../database/index.ts';
import { newId } from '../ids.ts';
import type { Ledger, OutputRecord, ReserveOutcome } from '../ledger/index.ts';
import type { Live } from '../live/index.ts';
import type { Log } from '../log.ts';
import type { Operation, Providers } from '../providers/index.ts';
import type { Queue } from '../queue/index.ts';
import type { Routing } from '../routing/index.ts';
import type { Storage } from '../storage/index.ts';
import { createBatches } from './batches.ts';
import { type CacheSettings, cacheKeyOf, Leaders } from './cache.ts';
import type { GenerationInput } from './input.ts';
import {
  type Asker,
  createPricing,
  type PricedCall,
  type PriceResult,
  type Refusal,
  type Ticket,
} from './pricing.ts';
import {
  type GenerationRecord,
  isQueued,
  type OutputFile,
  priorityOf,
  QUEUE_MAX_MS,
  type Work,
} from './record.ts';
import { createRecovery, type Recovery } from './recovery.ts';
import { createReports, type Reports } from './reports.ts';
import { createRunner, type FetchInput, type RunnerOptions, type Stage } from './runner.ts';
import { Slots } from './slots.ts';
import * as statements from './statements.ts';
import { waitForEnd } from './wait.ts';

export type { CacheSettings } from './cache.ts';
export type { FieldProblem, GenerationInput } from './input.ts';
export type { Asker, PricedCall, PriceResult, Refusal, Ticket } from './pricing.ts';
export { failureOf, type GenerationRecord, type OutputFile } from './record.ts';
export type { Report, ReportOutcome } from './reports.ts';
export type { FetchInput } from './runner.ts';

export type CancelResult =
  | { readonly status: 'found'; readonly generation: GenerationRecord }
  | { readonly status: 'not-found' };

/** The generation room. */
export interface Generations {
  /** Checks an input and asks the catalogue for its price. Nothing is set aside yet. */
  price(asker: Asker, operation: Operation, input: GenerationInput): Promise<PriceResult> | PriceResult;
  /** Sets credits and budget aside and starts the call. */
  reserve(call: PricedCall): Promise<Ticket | { readonly refusal: Refusal }>;
  /** The generation as soon as it is done, or as it stands after `waitMs`. */
  wait(ticket: Ticket, waitMs: number): Promise<GenerationRecord>;
  /**
   * Gives up a call that the customer no longer wants, wherever it is. What has not been sent, and what its vendor can
   * stop, ends CANCELED; what cannot be stopped any more goes on, and is delivered and charged. What is done stays done.
   */
  cancel(generationId: string): Promise<CancelResult>;
  read(generationId: string): Promise<GenerationRecord | null>;
  outputsOf(generationIds: readonly string[]): Promise<Map<string, OutputRecord[]>>;
  output(outputId: string): Promise<OutputFile | null>;
  /** What vendors report of their jobs. */
  readonly reports: Reports;
  /** Begins to do what waits in the queue. A process that only answers does not call it. */
  work(): Promise<void>;
  /** Calls under way in this process. */
  readonly active: number;
  /** Takes up what crashed processes have left, and expires what is over; called every few seconds. */
  readonly recovery: Recovery;
  /** Waits until no call is under way, at most so long. Returns how many still are. */
  drain(timeoutMs: number): Promise<number>;
}

/** The rooms that this one goes through. */
export interface GenerationOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly ledger: Ledger;
  readonly catalog: Catalog;
  readonly providers: Providers;
  readonly routing: Routing;
  readonly queue: Queue;
  readonly storage: Storage;
  readonly live: Live;
  readonly fetchInput: FetchInput;
  /** What is wrong with a URL as it is written, a sentence for the customer; null when nothing is. */
  readonly inputProblem: (url: string) => string | null;
  readonly cache: CacheSettings;
  /** The part of the revenue that must be left when another provider serves in the place of the quoted one; 0 to 1. */
  readonly minMargin: number;
  /** Calls under way to one provider in this process; the rest wait. */
  readonly providerConcurrency: number;
  /** Where vendors reach this server, without a slash at the end; undefined when they cannot. */
  readonly publicUrl: string | undefined;
  /** Signs what a report's address says, so that nobody else can make one. */
  readonly sign: (text: string) => string;
  /** Told how many reservations were found that nobody answered for, before anything is done with them. */
  readonly onOrphans?: ((count: number) => Promise<unknown>) | undefined;
}

/** A call under way in this process. */
interface Running {
  /** As it was reserved. */
  readonly record: GenerationRecord;
  /** The generation when it has ended here; null when it goes on elsewhere. */
  readonly done: Promise<GenerationRecord | null>;
  readonly abort: AbortController;
}

/** Makes the generation room of one process. Recovery begins with `recovery.start()`, the queue with `work()`. */
export function createGenerations(options: GenerationOptions): Generations {
  const { database, clock, log, ledger, catalog, providers, queue, live } = options;
  const running = new Map<string, Running>();
  const slots = new Map<string, Slots>();
  const leaders = new Leaders();

  const slotsOf = (provider: string): Slots => {
    let found = slots.get(provider);
    if (!found) {
      found = new Slots(options.providerConcurrency);
      slots.set(provider, found);
    }
    return found;
  };

  const reports = createReports({
    database,
    clock,
    log,
    ledger,
    providers,
    publicUrl: options.publicUrl,
    sign: options.sign,
    take: (work, provider, result) => runner.take(work, provider, result),
  });
  const batches = createBatches({ ...options, slotsOf, runner: () => runner });
  const runnerOptions: RunnerOptions = {
    ...options,
    slotsOf,
    webhookUrl: reports.urlFor,
    isBatched: batches.takes,
    launch: (work) => run(work, 'rerouted'),
  };
  const runner = createRunner(runnerOptions);
  const price = createPricing({ database, catalog, inputProblem: options.inputProblem });

  /** Makes a call here, and keeps hold of it until it has ended or gone elsewhere. */
  function run(work: Work, stage: Stage): void {
    const { record } = work;
    const abort = new AbortController();
    const done = runner.perform(work, stage, abort.signal);
    const entry: Running = { record, done, abort };
    running.set(record.id, entry);
    done
      .catch((error: unknown) =>
        log.error({ generationId: record.id, error }, 'A call went wrong on our side; recovery takes it up.'),
      )
      .finally(() => {
        // It may have been sent on meanwhile: then the next attempt stands here.
        if (running.get(record.id) === entry) running.delete(record.id);
      });
  }

  /**
   * Leaves a reservation that may have been committed though its caller is told otherwise to the next sweep: nobody here goes on
   * with it, and it is not to wait until its time is over.
   */
  function abandon(generationId: string, isUnsent: boolean): void {
    ledger
      .abandon({ generationId, isUnsent })
      .catch((error: unknown) =>
        log.error({ generationId, error }, 'A reservation could not be left to the next sweep.'),
      );
  }

  async function whileHere(entry: Running, waitMs: number): Promise<GenerationRecord | null> {
    if (waitMs === 0) return entry.record;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, waitMs, null);
    });
    try {
      return await Promise.race([entry.done, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  const room: Generations = {
    reports,
    price,

    get active() {
      return running.size;
    },

    async reserve(call) {
      const provider = providers.serving(call.priced.provider);
      if (!provider) {
        return {
          refusal: { kind: 'unavailable', message: `${call.priced.model} is not served at present.` },
        };
      }
      const id = newId();
      const now = clock.now();
      const priority = priorityOf({ request: call.request as unknown as JsonValue });
      const queued = isQueued(call.operation, priority);
      const cacheKey = cacheKeyOf(options.cache, call.accountId, call.priced.model, call.request);
      // What may take a day leads nobody who wants it now.
      const leaderKey = `${priority} ${cacheKey}`;
      const leader = cacheKey !== null && call.useCache ? leaders.lead(leaderKey, id) : id;
      // What has to be fetched first, or waits for a worker or a leader, is not written as sent.
      const waits = queued || leader !== id || (!provider.inProcess && call.request.imageUrl !== undefined);
      const slot = slotsOf(provider.name);
      // Asked when the batch goes and not before: what only waits for its turn in the ledger keeps no slot from others.
      let taken: boolean | undefined;
      const sent = () => {
        taken ??= !waits && slot.tryTake();
        return taken;
      };
      let reserved: ReserveOutcome;
      try {
        reserved = await ledger.reserve({
          id,
          accountId: call.accountId,
          credits: call.priced.credits,
          ceilingMicros: call.priced.costMicros,
          namespace: call.namespace,
          key: call.key,
          inputHash: call.inputHash,
          provider: call.priced.provider,
          operation: call.operation,
          model: call.priced.model,
          prompt: call.request.prompt ?? null,
          request: call.request,
          modelCostId: call.priced.modelCostId,
          modelPriceId: call.priced.modelPriceId,
          quoteId: call.quoteId,
          cacheKey,
          cacheSince:
            cacheKey !== null && call.useCache ? new Date(now.getTime() - options.cache.ttlMs) : null,
          servedById: leader === id ? null : leader,
          sent,
          expiresAt: queued ? new Date(now.getTime() + QUEUE_MAX_MS) : runner.expiryOf(provider, now),
        });
      } catch (error) {
        if (taken) slot.give();
        abandon(id, taken === true);
        throw error;
      } finally {
        leaders.done(leaderKey, id);
      }
      if (reserved.status !== 'reserved') {
        if (taken) slot.give();
        return refusalOf(call, reserved);
      }
      const served = reserved.servedById !== null;
      if (served && taken) slot.give();
      const record = recordOf(id, call, reserved, { sent: taken === true && !served, cacheKey });
      live.publish('generation', id, record);
      if (queued) {
        const step = !served && batches.takes(record) ? 'batch' : 'submit';
        try {
          await queue.put(step, id, 0, priority);
        } catch (error) {
          abandon(id, false);
          throw error;
        }
      } else
        run({ record, ceilingMicros: call.priced.costMicros }, served ? 'served' : taken ? 'slot' : 'queued');
      return { generationId: id, replayed: false };
    },

    async wait({ generationId }, waitMs) {
      const until = performance.now() + waitMs;
      const here = running.get(generationId);
      const done = here && (await whileHere(here, waitMs));
      // What is told here need not be the end: another process may have sent it on to another provider.
      if (done && (waitMs === 0 || done.completedAt !== null)) return done;
      const record = await waitForEnd(options, generationId, until - performance.now());
      if (!record) throw new Error(`The generation ${generationId} is not there.`);
      return record;
    },

    async cancel(generationId) {
      await ledger.requestCancel(generationId);
      const work = await statements.readWork(database, generationId);
      if (!work) return { status: 'not-found' };
      const here = running.get(generationId);
      const stopped = await runner.stop(work);
      if (stopped.completedAt === null && here) {
        // Only what is in this process can be stopped at once; a vendor that is waited for delivers.
        if (!providers.serving(work.record.provider)?.inProcess)
          return { status: 'found', generation: stopped };
        here.abort.abort();
        await here.done;
      }
      const generation = await statements.readGeneration(database, generationId);
      return generation ? { status: 'found', generation } : { status: 'not-found' };
    },

    read: (generationId) => statements.readGeneration(database, generationId),
    outputsOf: (generationIds) => statements.readOutputs(database, generationIds),
    output: (outputId) => statements.readOutput(database, outputId),

    work: () =>
      queue.work(
        (step, generationId) => (step === 'submit' ? runner.begin(generationId) : runner.check(generationId)),
        batches.submit,
      ),

    recovery: createRecovery({
      database,
      clock,
      log,
      ledger,
      queue,
      runner,
      isRunningHere: runner.hasInHand,
      onOrphans: options.onOrphans,
    }),

    async drain(timeoutMs) {
      const until = performance.now() + timeoutMs;
      await queue.stop(timeoutMs);
      while (running.size > 0 && performance.now() < until) {
        const done = Promise.allSettled([...running.values()].map((entry) => entry.done));
        await Promise.race([done, new Promise((resolve) => setTimeout(resolve, until - performance.now()))]);
      }
      return running.size;
    },
  };
  return room;
}

function recordOf(
  id: string,
  call: PricedCall,
  reserved: Extract<ReserveOutcome, { status: 'reserved' }>,
  { sent, cacheKey }: { readonly sent: boolean; readonly cacheKey: string | null },
): GenerationRecord {
  return {
    id,
    accountId: call.accountId,
    operation: call.operation,
    status: sent ? 'RUNNING' : 'QUEUED',
    provider: call.priced.provider,
    model: call.priced.model,
    prompt: call.request.prompt ?? null,
    request: call.request as unknown as JsonValue,
    tier: reserved.tier,
    country: reserved.country,
    planId: reserved.planId,
    creditsReserved: call.priced.credits,
    creditsCharged: 0,
    cached: false,
    costMicros: 0n,
    revenueMicros: 0n,
    modelCostId: call.priced.modelCostId,
    modelPriceId: call.priced.modelPriceId,
    quoteId: call.quoteId,
    sentAt: sent ? reserved.at : null,
    jobId: null,
    attemptNumber: 1,
    progress: null,
    cancelRequestedAt: null,
    cacheKey: reserved.servedById === null ? cacheKey : null,
    servedById: reserved.servedById,
    inputSha256: null,
    failureCode: null,
    failureMessage: null,
    failureRetryable: null,
    retryAfterSeconds: null,
    createdAt: reserved.at,
    completedAt: null,
    outputs: [],
  };
}

function refusalOf(
  call: PricedCall,
  reserved: Exclude<ReserveOutcome, { status: 'reserved' }>,
): Ticket | { readonly refusal: Refusal } {
  switch (reserved.status) {
    case 'replay':
      return { generationId: reserved.generationId, replayed: true };
    case 'conflict':
      return { refusal: { kind: 'idempotency-conflict', key: call.key } };
    case 'account-not-found':
      return {
        refusal: {
          kind: 'invalid-input',
          fields: [{ path: 'accountId', message: 'There is no such account.' }],
        },
      };
    case 'account-barred':
      return { refusal: { kind: 'account-barred', reason: reserved.reason } };
    case 'shutdown':
      return { refusal: { kind: 'shutdown', reason: reserved.reason, resetsAt: reserved.resetsAt } };
    case 'insufficient-credits':
      return {
        refusal: {
          kind: 'insufficient-credits',
          required: call.priced.credits,
          available: reserved.available,
        },
      };
    case 'budget-exceeded':
      return { refusal: { kind: 'budget-exceeded', scope: reserved.scope, resetsAt: reserved.resetsAt } };
  }
}
