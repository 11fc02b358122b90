/**
 * Takes a reserved generation to its end, step by step: the call, the job that it may become, the next provider when one
 * fails, the files, the books. Each step can be done by any process and more than once: what it is about is read from the
 * database, and what it changes is changed once, by the ledger.
 */
import { hash } from 'node:crypto';
import type { Catalog, PricedOutcome } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import { type Database, type JsonValue, untilItAnswers } from '../database/index.ts';
import type { Ledger, SettleItem, SettleOutcome } from '../ledger/index.ts';
import type { Live } from '../live/index.ts';
import type { Log } from '../log.ts';
import { MICROS_PER_DOLLAR, type Micros, millionths } from '../money.ts';
import type {
  InputFile,
  Provider,
  ProviderFailure,
  ProviderOutput,
  ProviderRunning,
  ProviderSuccess,
  Providers,
  SubmitResult,
} from '../providers/index.ts';
import type { Queue } from '../queue/index.ts';
import type { Routing } from '../routing/index.ts';
import { type Storage, StorageError } from '../storage/index.ts';
import { type CacheSettings, creditsOfHit } from './cache.ts';
import * as outcome from './outcome.ts';
import { submit } from './provider-call.ts';
import { type GenerationRecord, isOverdue, isQueued, priorityOf, requestOf, type Work } from './record.ts';
import { Slots } from './slots.ts';
import * as statements from './statements.ts';
import { waitForEnd } from './wait.ts';

/** What a runner goes through. */
export interface RunnerOptions {
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
  /** Fetches what the caller named by URL; null where the provider needs no bytes. */
  readonly fetchInput: FetchInput;
  /** Where a provider may report the end of an attempt's job; undefined when nobody outside can reach this server. */
  readonly webhookUrl: (provider: string, generationId: string, attempt: number) => string | undefined;
  readonly slotsOf: (provider: string) => Slots;
  /** Whether a generation is to be sent together with others; see batches.ts. */
  readonly isBatched: (record: GenerationRecord) => boolean;
  readonly cache: CacheSettings;
  /**
   * Makes the call of a generation that has been sent on. Whoever heard that the attempt before it failed does not wait for
   * it: a vendor waits for the answer to its report, and other jobs for their turn to be asked after.
   */
  readonly launch: (work: Work) => void;
  /** The part of the revenue that must be left when another provider serves in the place of the quoted one; 0 to 1. */
  readonly minMargin: number;
}

/** The file that a request names by URL, or a sentence for the customer that says why it cannot be used. */
export type FetchInput = (
  url: string,
  kind: 'image' | 'video',
  signal: AbortSignal,
) => Promise<{ readonly file: InputFile } | { readonly problem: string }>;

/** How long a vendor's job may take in all before it is given up, where its provider says nothing else. */
const JOB_MAX_MS = 20 * 60_000;
/** Beyond the provider's own time-out, for fetching, storing and settling. */
const SLACK_MS = 60_000;
/** How long one question after a job may take. */
const CHECK_MS = 15_000;
/** Calls for one generation, the first included. */
const MOST_ATTEMPTS = 3;
/** How long a process waits by itself for an identical generation that is under way. */
const LEADER_MS = 5 * 60_000;
/** How often a queued generation looks whether the identical one that it waits for has ended. */
const LEADER_POLL_MS = 1_000;
/** Files that are fetched at once, each held in memory whole: a film may have half a gigabyte. */
const INPUTS_AT_ONCE = { image: 32, video: 4 } as const;
/** Between two tries to tell the database what a vendor has answered. */
const PAUSES = { firstMs: 100, mostMs: 5_000 };
/** The longest pause between two questions after a job. */
const MOST_PAUSE_MS = 15_000;

/**
 * How far a generation is when its call is made: `served`, and an identical one may serve in its place; `queued`, and
 * nothing is written down of a call yet; `slot`, reserved as sent and with one of its provider's slots; `rerouted`,
 * written down as sent to the next provider.
 */
export type Stage = 'served' | 'queued' | 'slot' | 'rerouted';

type FinalResult = ProviderSuccess | ProviderFailure;

/** See the head of this file. Nothing here rejects for a provider's sake. */
export interface Runner {
  /** How long a reservation is given before anybody looks after it. */
  expiryOf(provider: Provider, now: Date): Date;
  /**
   * Makes the call of a generation, from its input to its end, or until it has become a job.
   *
   * @param abort stops a call that never leaves this process.
   * @returns the generation when it has ended; null when it goes on as a job or at another provider, or is somebody else's.
   * @throws what the database throws, unless that is gone on another try. Nothing has been sent then, or recovery finds what has.
   */
  perform(work: Work, stage: Stage, abort: AbortSignal): Promise<GenerationRecord | null>;
  /** Makes the call of a queued generation, if nobody else has. */
  begin(generationId: string): Promise<void>;
  /** Asks after a generation's job, and puts the next question into the queue if it goes on. */
  check(generationId: string): Promise<void>;
  /**
   * Does what follows from an answer to the present attempt, whoever heard it.
   *
   * @returns the generation when it has ended.
   */
  take(work: Work, provider: Provider, result: SubmitResult): Promise<GenerationRecord | null>;
  /** Stops a generation that its customer has given up, as far as that can be done. */
  stop(work: Work): Promise<GenerationRecord>;
  /** Ends a generation in the books, and tells everybody who listens. */
  finish(record: GenerationRecord, item: SettleItem): Promise<GenerationRecord>;
  /** Tells everybody who listens how a generation stands. */
  publish(record: GenerationRecord): void;
  /** Whether this process makes its call, or takes the answer to it, at this moment. */
  hasInHand(generationId: string): boolean;
}

/** Makes the runner of one process. */
export function createRunner(options: RunnerOptions): Runner {
  const { database, clock, log, ledger, catalog, providers, routing, queue, storage, live } = options;
  const floorMicros = millionths(1 - options.minMargin);
  /** Results that are being taken in this process: a report and a poll may bring the same one at the same time. */
  const taking = new Map<string, Promise<GenerationRecord | null>>();
  /** By how many at once a generation is gone on with here: a call takes its own answer. */
  const inHand = new Map<string, number>();

  const inputSlots = { image: new Slots(INPUTS_AT_ONCE.image), video: new Slots(INPUTS_AT_ONCE.video) };

  const expiryOf = (provider: Provider, now: Date) => new Date(now.getTime() + provider.timeoutMs + SLACK_MS);
  const jobMs = (provider: Provider, running?: ProviderRunning) =>
    running?.deadlineMs ?? provider.jobTimeoutMs ?? JOB_MAX_MS;
  const isMadeElsewhere = (record: GenerationRecord) => isQueued(record.operation, priorityOf(record));

  function publish(record: GenerationRecord): void {
    live.publish('generation', record.id, record);
    // Whoever waits for one of the queue may do so in another process.
    if (isMadeElsewhere(record)) live.announce('generation', record.id);
  }

  /** The books must close whatever the database does meanwhile: as long as this process lives, it tries. */
  const settle = (item: SettleItem): Promise<SettleOutcome> =>
    untilItAnswers(
      () => ledger.settle(item),
      PAUSES,
      (error) => log.error({ generationId: item.generationId, error }, 'A generation could not be settled.'),
    );

  /** What has to be known before they can, likewise: a vendor's answer is heard once, and must not be lost for that. */
  const patiently = <Result>({ id }: GenerationRecord, ask: () => Promise<Result>): Promise<Result> =>
    untilItAnswers(ask, PAUSES, (error) =>
      log.error({ generationId: id, error }, 'The database did not answer; it is asked again.'),
    );

  /**
   * The last resort for an end that the database refuses, and would refuse at each try: without it credits would be held, and files
   * fetched again, for ever. What has ended meanwhile, or been sent on, stays as it is.
   *
   * @throws `refusal` when there is nothing to be ended.
   */
  async function unbookable(record: GenerationRecord, refusal: unknown): Promise<SettleItem> {
    const work = await patiently(record, () => statements.readWork(database, record.id));
    if (!work || work.record.completedAt !== null || work.record.attemptNumber !== record.attemptNumber) {
      throw refusal;
    }
    log.error(
      { generationId: record.id, error: refusal },
      'The books refuse how a generation has ended; it is booked as one whose end nobody knows.',
    );
    return outcome.unbookable(work, clock.now());
  }

  async function finish(record: GenerationRecord, told: SettleItem): Promise<GenerationRecord> {
    const { attemptNumber } = record;
    let item = told;
    const settled = await settle({ ...told, attemptNumber }).catch(async (error: unknown) => {
      item = await unbookable(record, error);
      return settle({ ...item, attemptNumber });
    });
    if (settled.status !== 'settled') {
      // Somebody else has ended it, or sent it on: a report, a cancel, the sweeper. What stands in the database counts.
      return (await statements.readGeneration(database, record.id)) ?? record;
    }
    const done: GenerationRecord = {
      ...record,
      status: item.status,
      creditsCharged: settled.creditsCharged,
      costMicros: settled.costMicros,
      revenueMicros: settled.revenueMicros,
      failureCode: item.failure?.code ?? null,
      failureMessage: item.failure?.message ?? null,
      failureRetryable: item.failure?.retryable ?? null,
      retryAfterSeconds: item.failure?.retryAfterSeconds ?? null,
      completedAt: settled.at,
      outputs: item.outputs,
    };
    live.publish('balance', record.accountId, settled.balance);
    if (isMadeElsewhere(record)) live.announce('balance', record.accountId);
    publish(done);
    return done;
  }

  // -------------------------------------------------------------------------------------------------- the call

  /** The file that the request names, fetched for a provider outside; a settled failure when it cannot be used. */
  async function inputOf(
    { record, ceilingMicros }: Work,
    provider: Provider,
  ): Promise<{ file?: InputFile } | { item: SettleItem }> {
    const request = requestOf(record);
    const url = request.imageUrl ?? request.videoUrl;
    // What never leaves this process makes its files up.
    if (url === undefined || provider.inProcess) return {};
    const kind = request.imageUrl === undefined ? 'video' : 'image';
    const refuse = (problem: string) => ({
      item: outcome.neverSent(
        { record, ceilingMicros },
        {
          code: 'INVALID_INPUT' as const,
          message: `${kind}Url: ${problem}`,
          retryable: false,
          retryAfterSeconds: null,
        },
      ),
    });
    await inputSlots[kind].take();
    const got = await options.fetchInput(url, kind, NEVER).finally(() => inputSlots[kind].give());
    if ('problem' in got) return refuse(got.problem);
    if (record.operation === 'DUB_VIDEO') {
      // The vendor bills the minutes that there are, not those that were said.
      const seconds = got.file.durationSeconds;
      const paid = Math.ceil((request.durationSeconds ?? 60) / 60) * 60;
      if (seconds === undefined) {
        return refuse(
          'The file does not say how long the video is, as recordings of a browser do not. Give one that does, such as an MP4.',
        );
      }
      if (seconds > paid) {
        return refuse(
          `The video is ${Math.ceil(seconds)} seconds long, and the request is for ${paid}. Ask again with durationSeconds: ${Math.ceil(seconds)}.`,
        );
      }
    }
    return { file: got.file };
  }

  // ------------------------------------------------------------------------------------- an identical generation

  /** Ends a generation with the result of an identical one that has succeeded; null when that cannot serve. */
  async function serve(work: Work, earlier: GenerationRecord): Promise<GenerationRecord | null> {
    const { record } = work;
    if (earlier.status !== 'SUCCEEDED' || earlier.outputs.length === 0) return null;
    if (earlier.outputs.some(({ revokedAt, expiredAt }) => revokedAt || expiredAt)) return null;
    if (earlier.inputSha256 !== null) {
      const provider = providers.serving(record.provider);
      const input = provider && (await inputOf(work, provider));
      // What is behind a URL may have changed: only the same file has the same result.
      if (!input || 'item' in input || sha256Of(input.file) !== earlier.inputSha256) return null;
    }
    if (earlier.completedAt !== null && earlier.completedAt > record.createdAt) {
      // It may have been given up while it waited: then nothing has served it, and there is no call to be booked.
      const standing = await patiently(record, () => statements.readGeneration(database, record.id));
      if (standing && standing.completedAt !== null) return standing;
    }
    const credits = creditsOfHit(options.cache, record.creditsReserved);
    const item = outcome.served(work, clock.now(), earlier, credits);
    return finish({ ...record, cached: true, provider: earlier.provider, model: earlier.model }, item);
  }

  async function holding<Result>({ id }: GenerationRecord, work: () => Promise<Result>): Promise<Result> {
    inHand.set(id, (inHand.get(id) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const others = (inHand.get(id) ?? 1) - 1;
      if (others > 0) inHand.set(id, others);
      else inHand.delete(id);
    }
  }

  async function perform(work: Work, stage: Stage, abort: AbortSignal): Promise<GenerationRecord | null> {
    const { record } = work;
    if (stage === 'served') {
      const earlier = await patiently(record, () => waitForEnd(options, record.servedById ?? '', LEADER_MS));
      return (earlier && (await serve(work, earlier))) ?? perform(work, 'queued', abort);
    }
    const provider = providers.serving(record.provider);
    const vendorModel = catalog.model(record.model)?.vendorModel;
    const slot = provider && options.slotsOf(provider.name);
    let holds = stage === 'slot';
    let current = work;
    try {
      if (!provider || !slot || vendorModel === undefined) {
        return await finish(record, outcome.neverSent(work, NOT_SERVED));
      }
      const input = await inputOf(work, provider);
      if ('item' in input) return await finish(record, input.item);
      if (input.file && record.cacheKey !== null) {
        const sha256 = sha256Of(input.file);
        await patiently(record, () => statements.writeInput(database, record.id, sha256));
      }
      if (!holds) {
        await slot.take();
        holds = true;
      }
      if (stage === 'queued') {
        if (!(await ledger.markSent(record.id, expiryOf(provider, clock.now())))) return null;
        current = { ...work, record: { ...record, status: 'RUNNING', sentAt: clock.now() } };
        publish(current.record);
      }
      let result: SubmitResult;
      try {
        const call = () =>
          submit(current, {
            provider,
            vendorModel,
            input: input.file,
            webhookUrl: options.webhookUrl(provider.name, record.id, record.attemptNumber),
            abort,
          });
        // What is in this process fails when a prompt asks for it, which is no reason to leave it alone.
        result = provider.inProcess ? await call() : await routing.call(provider.name, call);
      } catch (error) {
        log.error({ generationId: record.id, provider: provider.name, error }, 'A provider threw.');
        return await finish(
          current.record,
          outcome.lost(current, clock.now(), 'VOID', 'The call could not be followed to its end.'),
        );
      }
      slot.give();
      holds = false;
      return await take(current, provider, result);
    } finally {
      if (holds) slot?.give();
    }
  }

  // ------------------------------------------------------------------------------------------------ its answer

  function take(work: Work, provider: Provider, result: SubmitResult): Promise<GenerationRecord | null> {
    if (result.status === 'running') {
      // What has been given up is not followed any more.
      if (work.record.completedAt !== null) return Promise.resolve(work.record);
      return follow(work, provider, result.jobId, result);
    }
    const key = `${work.record.id}/${work.record.attemptNumber}`;
    const known = taking.get(key);
    if (known) return known;
    const taken = (
      work.record.completedAt === null ? end(work, provider, result) : correct(work, result)
    ).finally(() => taking.delete(key));
    taking.set(key, taken);
    return taken;
  }

  /**
   * It has ended before: what it cost is corrected if it is known better now, and nothing else. One that made nothing has
   * given the credits back, which the customer keeps.
   */
  async function correct(work: Work, result: FinalResult): Promise<GenerationRecord> {
    const { record } = work;
    // One that succeeded has been booked from the vendor's own answer.
    if (record.status === 'SUCCEEDED') return record;
    if (result.status === 'failed' && result.billed === 'unknown') return record;
    const item = outcome.late(work, clock.now(), result);
    const booked = await patiently(record, () =>
      statements.readBooked(database, record.id, record.attemptNumber),
    );
    const isKnown = item.attempts.some(
      ({ costMicros, costSource }) => costMicros === booked?.costMicros && costSource === booked.costSource,
    );
    return isKnown ? record : finish(record, item);
  }

  async function end(work: Work, provider: Provider, result: FinalResult): Promise<GenerationRecord | null> {
    const { record } = work;
    if (result.status === 'succeeded') {
      const item = await store(work, provider, result);
      // A job's end is heard of in several ways; an answer at once comes to nobody else.
      const isOvertaken = record.jobId !== null && (await standingOf(work)) === null;
      return isOvertaken ? null : finish(record, item);
    }
    const standing = await standingOf(work);
    if (standing === null) return null;
    if (standing.completedAt !== null) {
      await correct({ ...work, record: standing }, result);
      return statements.readGeneration(database, record.id);
    }
    if (standing.cancelRequestedAt !== null) {
      return finish(record, outcome.canceled(work, clock.now(), result));
    }
    const next = await sendOn(work, result);
    // Somebody was quicker: what is to be done hangs on what that was.
    if (next === 'stale') return end(work, provider, result);
    if (next) {
      options.launch(next);
      return null;
    }
    return finish(record, outcome.failed(work, clock.now(), result));
  }

  /** How the generation stands now; null when another attempt has followed this one, which is booked then. */
  async function standingOf({ record }: Work): Promise<GenerationRecord | null> {
    const standing = await patiently(record, () => statements.readWork(database, record.id));
    return standing?.record.attemptNumber === record.attemptNumber ? standing.record : null;
  }

  /** Stores the files of a success on the way to the end of its reservation. */
  async function store(work: Work, provider: Provider, result: ProviderSuccess): Promise<SettleItem> {
    try {
      const signal = timeLimit(result.outputs, Math.max(provider.timeoutMs, SLACK_MS));
      const files = await Promise.all(result.outputs.map((output) => storage.store(output, signal)));
      if (files.length > 0) return outcome.succeeded(work, clock.now(), files, result);
      const detail = 'The vendor reported success without an output.';
      return outcome.undelivered(work, clock.now(), result.costMicros, detail);
    } catch (error) {
      const detail = error instanceof StorageError ? `${error.code}: ${error.detail}` : String(error);
      return outcome.undelivered(work, clock.now(), result.costMicros, detail);
    }
  }

  // ---------------------------------------------------------------------------------------- the next provider

  /**
   * The most that a generation may cost in all: what it was quoted at, or what its credits earn at the least they sell
   * for, less the margin that must be left.
   */
  function limitOf({ record, ceilingMicros }: Work): Micros {
    const revenue = BigInt(record.creditsReserved) * catalog.creditMicros();
    const affordable = (revenue * floorMicros) / MICROS_PER_DOLLAR;
    return affordable > ceilingMicros ? affordable : ceilingMicros;
  }

  /** Whose turn it is when the present provider does not work: the cheapest other one that the credits still pay for. */
  async function nextOf(work: Work, spent: Micros): Promise<PricedOutcome | undefined> {
    const { record } = work;
    const request = requestOf(record);
    if (!request.routing) return undefined;
    const left = limitOf(work) - spent;
    const before = await patiently(record, () => statements.readTried(database, record.id));
    const tried = [record.provider, ...before];
    return catalog
      .candidates({
        ...request.routing,
        operation: request.operation,
        count: request.count,
        hasImage: request.imageUrl !== undefined,
      })
      .find(({ provider, costMicros }) => !tried.includes(provider) && costMicros <= left);
  }

  /** Sends a failed generation on to another provider; null when it ends here, `stale` when its state has changed. */
  async function sendOn(work: Work, result: ProviderFailure): Promise<Work | 'stale' | null> {
    const { record } = work;
    if (result.code !== 'PROVIDER_UNAVAILABLE' || record.attemptNumber >= MOST_ATTEMPTS) return null;
    const failed = { ...outcome.failedAttempt(work, clock.now(), result), final: false };
    const next = await nextOf(work, record.costMicros + failed.costMicros);
    const provider = next && providers.serving(next.provider);
    if (!next || !provider) return null;
    const rerouted = await ledger.reroute({
      generationId: record.id,
      failed,
      provider: next.provider,
      model: next.model,
      modelCostId: next.modelCostId,
      ceilingMicros: next.costMicros,
      expiresAt: expiryOf(provider, clock.now()),
    });
    if (rerouted !== 'rerouted') return rerouted === 'stale' ? 'stale' : null;
    log.warn(
      { generationId: record.id, from: record.model, to: next.model, detail: result.detail },
      'A provider failed; the next one is asked.',
    );
    const sent = await patiently(record, () => statements.readWork(database, record.id));
    // What the first model filled in by itself, such as a quality, the next one may not know.
    const { size, quality, durationSeconds, aspectRatio } = next.request;
    const request = { ...requestOf(record), size, quality, durationSeconds, aspectRatio };
    return sent && { ...sent, record: { ...sent.record, request: request as unknown as JsonValue } };
  }

  // --------------------------------------------------------------------------------------------------- its job

  async function follow(
    work: Work,
    provider: Provider,
    jobId: string,
    running: ProviderRunning,
  ): Promise<GenerationRecord | null> {
    const { record } = work;
    const now = clock.now();
    let canceled = false;
    if (record.jobId !== jobId) {
      const expiresAt = new Date(now.getTime() + jobMs(provider, running) + SLACK_MS);
      // Before anything else: from here on a crash loses nothing.
      canceled = await ledger.recordJob({
        generationId: record.id,
        number: record.attemptNumber,
        jobId,
        expiresAt,
      });
    }
    const known: GenerationRecord = { ...record, status: 'RUNNING', jobId };
    if (canceled) {
      const stopped = await stop({ ...work, record: known });
      if (stopped.completedAt !== null) return stopped;
    }
    const progress = running.progress ?? null;
    if (progress !== null && progress !== record.progress) {
      // A report may have ended it meanwhile, of which nobody must hear as running after that.
      const stands = await patiently(record, () =>
        statements.writeProgress(database, record.id, jobId, progress),
      );
      if (stands) publish({ ...known, progress });
    }
    // The older a job, the less a second more matters.
    const age = now.getTime() - (record.sentAt ?? record.createdAt).getTime();
    await queue.put('check', record.id, Math.max(running.pollAfterMs, Math.min(age / 20, MOST_PAUSE_MS)));
    return null;
  }

  async function check(generationId: string): Promise<void> {
    const work = await statements.readWork(database, generationId);
    if (!work || work.record.completedAt !== null || work.record.jobId === null) return;
    const { record } = work;
    const provider = providers.serving(record.provider);
    if (!provider) return giveUp(work, null);
    const result = await provider.check(
      record.jobId ?? '',
      AbortSignal.timeout(Math.min(provider.timeoutMs, CHECK_MS)),
    );
    // Asked first: it may have been done long ago, and nobody was there to hear of it; and only the job itself says how long
    // it may take.
    const age = clock.now().getTime() - (record.sentAt ?? record.createdAt).getTime();
    if (result.status === 'running' && age >= jobMs(provider, result)) return giveUp(work, provider);
    if (result.status !== 'running') {
      if (!provider.inProcess) routing.learn(provider.name, result);
    } else if (result.detail !== undefined) {
      log.warn(
        { generationId, provider: provider.name, detail: result.detail },
        'A job could not be asked after.',
      );
    }
    await take(work, provider, result);
  }

  /** A job whose time is over, or whose provider is no longer configured. */
  async function giveUp(work: Work, provider: Provider | null): Promise<void> {
    const { jobId } = work.record;
    const canceled = provider && (await provider.cancel(jobId ?? '', AbortSignal.timeout(CHECK_MS)));
    const bill = canceled?.status === 'stopped' ? canceled : { billed: 'unknown' as const };
    await finish(
      work.record,
      outcome.failed(work, clock.now(), {
        ...GIVEN_UP,
        ...bill,
        status: 'failed',
        jobId: jobId ?? undefined,
      }),
    );
  }

  // ------------------------------------------------------------------------------------------------ giving up

  async function stop(work: Work): Promise<GenerationRecord> {
    const { record } = work;
    if (record.completedAt !== null) return record;
    // Since the wish is written down, nobody can send it any more.
    if (record.sentAt === null) return finish(record, outcome.canceled(work, clock.now(), null));
    const provider = providers.serving(record.provider);
    if (record.jobId === null || !provider) return record;
    const canceled = await provider.cancel(record.jobId, AbortSignal.timeout(CHECK_MS));
    if (canceled.status === 'stopped') return finish(record, outcome.canceled(work, clock.now(), canceled));
    log.info(
      { generationId: record.id, provider: provider.name, detail: canceled.detail },
      'A job that its customer gave up could not be stopped; it is delivered.',
    );
    return record;
  }

  return {
    expiryOf,
    perform: (work, stage, abort) => holding(work.record, () => perform(work, stage, abort)),
    async begin(generationId) {
      const work = await statements.readWork(database, generationId);
      // One that was sent belongs to whoever sent it.
      if (!work || work.record.completedAt !== null || work.record.sentAt !== null) return;
      const { servedById } = work.record;
      const earlier = servedById === null ? null : await statements.readGeneration(database, servedById);
      if (earlier && earlier.completedAt === null) {
        // One of low priority may wait for a day, and need not know to the second that it is over.
        const age = clock.now().getTime() - work.record.createdAt.getTime();
        const pause = Math.max(LEADER_POLL_MS, Math.min(age / 20, MOST_PAUSE_MS));
        return queue.put('submit', generationId, pause, priorityOf(work.record));
      }
      if (earlier && (await serve(work, earlier))) return;
      if (isOverdue(work.record, clock.now())) {
        await finish(work.record, outcome.overdue(work));
        return;
      }
      if (options.isBatched(work.record)) return queue.put('batch', generationId, 0, 'LOW');
      await holding(work.record, () => perform(work, 'queued', NEVER));
    },
    check,
    take: (work, provider, result) => holding(work.record, () => take(work, provider, result)),
    stop,
    finish,
    publish,
    hasInHand: (generationId) => inHand.has(generationId),
  };
}

const NEVER = new AbortController().signal;

/** In hex; empty for no file, which none has. */
function sha256Of(file: InputFile | undefined): string {
  return file ? hash('sha256', file.bytes) : '';
}

const NOT_SERVED = {
  code: 'PROVIDER_UNAVAILABLE',
  message: 'The model is not served at present. Your credits are back.',
  retryable: true,
  retryAfterSeconds: null,
} as const;

const GIVEN_UP = {
  code: 'PROVIDER_UNAVAILABLE',
  retryable: true,
  message: 'The provider took too long. Your credits are back; please try again.',
  detail: 'The job was not done within the time that Solvent gives a job.',
} as const;

/** Bytes that are here already are stored in no time: a timer a call would only be work for the garbage collector. */
function timeLimit(outputs: readonly ProviderOutput[], milliseconds: number): AbortSignal {
  return outputs.some(({ content }) => 'url' in content) ? AbortSignal.timeout(milliseconds) : NEVER;
}
