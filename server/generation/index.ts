/**
 * The door of the generation room: what a paid call goes through, from the price to the answer.
 *
 * The way of one call: `price` (checks the input, asks the catalogue) → `reserve` (credits and budgets, in the
 * ledger's transaction) → `run` (calls the provider, stores the files, settles) → the answer. The GraphQL schema
 * drives it through plugin-credits; recovery.ts takes it up again after a crash.
 */
import type { Catalog, PricedOutcome } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import type { Database, JsonValue } from '../database/index.ts';
import { newId } from '../ids.ts';
import {
  type BudgetScope,
  type FailureRecord,
  type GenerationStatus,
  isPassing,
  type Ledger,
  type OutputRecord,
  type SettleItem,
  type SettleOutcome,
  type Tier,
} from '../ledger/index.ts';
import type { Live } from '../live/index.ts';
import type { Log } from '../log.ts';
import type {
  GenerationRequest,
  Operation,
  Provider,
  ProviderOutput,
  Providers,
  SubmitResult,
} from '../providers/index.ts';
import { type Storage, StorageError } from '../storage/index.ts';
import { checkInput, type FieldProblem, type GenerationInput, hashInput } from './input.ts';
import * as outcome from './outcome.ts';
import { endUserOf, follow } from './provider-call.ts';
import { createRecovery, type Recovery } from './recovery.ts';
import { Slots } from './slots.ts';
import * as statements from './statements.ts';

export type { FieldProblem, GenerationInput } from './input.ts';

/** A generation as it stands, with its outputs. The fields are those of the table. */
export interface GenerationRecord {
  readonly id: string;
  readonly accountId: string;
  readonly operation: Operation;
  readonly status: GenerationStatus;
  readonly provider: string;
  readonly model: string;
  readonly prompt: string | null;
  /** The normalised request: a GenerationRequest of the providers' contract. */
  readonly request: JsonValue;
  readonly tier: Tier;
  readonly country: string | null;
  readonly creditsReserved: number;
  readonly creditsCharged: number;
  readonly cached: boolean;
  readonly costMicros: bigint;
  readonly revenueMicros: bigint;
  readonly modelCostId: string | null;
  readonly modelPriceId: string | null;
  readonly quoteId: string | null;
  readonly sentAt: Date | null;
  readonly jobId: string | null;
  readonly failureCode: string | null;
  readonly failureMessage: string | null;
  readonly failureRetryable: boolean | null;
  readonly retryAfterSeconds: number | null;
  readonly createdAt: Date;
  readonly completedAt: Date | null;
  readonly outputs: readonly OutputRecord[];
}

/** The file that an output's link leads to. */
export interface OutputFile {
  readonly sha256: string;
  readonly contentType: string;
  readonly bytes: number;
  /** From when the link is gone: somebody took it back, or its time was over. */
  readonly revokedAt: Date | null;
  readonly expiredAt: Date | null;
}

/** Who asks; see Caller in the access room. */
export interface Asker {
  /** The account that an account's token acts for; null for API keys and admins. */
  readonly accountId: string | null;
  /** Whose idempotency keys these are. */
  readonly namespace: string;
}

/** A checked and priced request, ready to be reserved. */
export interface PricedCall {
  readonly operation: Operation;
  readonly accountId: string;
  readonly namespace: string;
  readonly key: string;
  readonly inputHash: string;
  readonly priced: PricedOutcome;
  readonly request: GenerationRequest;
  readonly quoteId: string | null;
}

/** Why nothing was set aside. An outcome that the caller's user can act on, but for `shutdown`. */
export type Refusal =
  | { readonly kind: 'invalid-input'; readonly fields: readonly FieldProblem[] }
  | { readonly kind: 'unpriced-model'; readonly model: string; readonly message: string }
  | { readonly kind: 'unavailable'; readonly message: string }
  | { readonly kind: 'insufficient-credits'; readonly required: number; readonly available: number }
  | { readonly kind: 'budget-exceeded'; readonly scope: BudgetScope; readonly resetsAt: Date }
  | { readonly kind: 'idempotency-conflict'; readonly key: string }
  | { readonly kind: 'shutdown'; readonly reason: string | null; readonly resetsAt: Date | null };

/** What a caller may wait for: its own call, or the one that its key had made before. */
export interface Ticket {
  readonly generationId: string;
  readonly replayed: boolean;
}

export type PriceResult =
  | { readonly status: 'priced'; readonly credits: number; readonly call: PricedCall }
  /** The key made this before, and the same request would not be priced today. */
  | { readonly status: 'replay'; readonly ticket: Ticket }
  | { readonly status: 'refused'; readonly refusal: Refusal };

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
  /** Gives up a call that the customer no longer wants. What is done already stays done. */
  cancel(generationId: string): Promise<CancelResult>;
  read(generationId: string): Promise<GenerationRecord | null>;
  outputsOf(generationIds: readonly string[]): Promise<Map<string, OutputRecord[]>>;
  output(outputId: string): Promise<OutputFile | null>;
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
  readonly storage: Storage;
  readonly live: Live;
  /** Calls under way to one provider in this process; the rest wait. */
  readonly providerConcurrency: number;
}

/** How long a vendor's job may take in all before it is given up. */
export const JOB_MAX_MS = 20 * 60_000;
/** Beyond the provider's own time-out, for storing and settling. */
const RESERVATION_SLACK_MS = 60_000;
/** How often a process looks for the result of a call that another process makes. */
const ELSEWHERE_POLL_MS = 150;

/** A call under way in this process. */
interface Running {
  /** As it stands; replaced when something is known of it. */
  record: GenerationRecord;
  readonly done: Promise<GenerationRecord>;
  readonly abort: AbortController;
  canceled: boolean;
}

/** Makes the generation room of one process. Recovery begins with `recovery.start()`. */
export function createGenerations(options: GenerationOptions): Generations {
  const { database, clock, log, ledger, catalog, providers, storage, live } = options;
  const running = new Map<string, Running>();
  const slots = new Map<string, Slots>();

  const slotsOf = (provider: string): Slots => {
    let found = slots.get(provider);
    if (!found) {
      found = new Slots(options.providerConcurrency);
      slots.set(provider, found);
    }
    return found;
  };

  /** The books must close whatever the database does meanwhile: as long as this process lives, it tries. */
  async function settle(item: SettleItem): Promise<SettleOutcome> {
    for (let pause = 100; ; pause = Math.min(pause * 2, 5_000)) {
      try {
        return await ledger.settle(item);
      } catch (error) {
        log.error({ generationId: item.generationId, error }, 'A generation could not be settled.');
        if (!isPassing(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  /** Settles, tells everyone who listens, and gives the record as it stands then. */
  async function finish(record: GenerationRecord, item: SettleItem): Promise<GenerationRecord> {
    const settled = await settle(item);
    if (settled.status !== 'settled') {
      // Somebody else has ended it: the sweeper, or a cancel in another process. What stands in the database counts.
      const standing = await statements.readGeneration(database, record.id);
      log.warn(
        { generationId: record.id, status: settled.status },
        'A generation was settled after its reservation had ended.',
      );
      return standing ?? record;
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
    live.publish('generation', record.id, done);
    return done;
  }

  /** Turns what a provider answered into the end of the reservation; stores the files on the way. */
  async function conclude(
    call: outcome.Call,
    result: Exclude<SubmitResult, { status: 'running' }>,
    storeMs: number,
  ): Promise<SettleItem> {
    if (result.status === 'failed') return outcome.failed(call, clock.now(), result);
    try {
      const signal = timeLimit(result.outputs, storeMs);
      const files = await Promise.all(result.outputs.map((output) => storage.store(output, signal)));
      if (files.length === 0) {
        return outcome.undelivered(
          call,
          clock.now(),
          result.costMicros,
          'The vendor reported success without an output.',
        );
      }
      return outcome.succeeded(call, clock.now(), files, result.costMicros);
    } catch (error) {
      const detail = error instanceof StorageError ? `${error.code}: ${error.detail}` : String(error);
      return outcome.undelivered(call, clock.now(), result.costMicros, detail);
    }
  }

  /** Calls the provider and settles. Never rejects for the provider's sake. */
  async function execute(
    entry: Running,
    priced: PricedCall,
    provider: Provider,
    slotTaken: boolean,
  ): Promise<GenerationRecord> {
    const { record, abort } = entry;
    const slot = slotsOf(provider.name);
    const base: outcome.Call = {
      generationId: record.id,
      provider: priced.priced.provider,
      model: priced.priced.model,
      credits: priced.priced.credits,
      count: priced.request.count,
      costMicros: priced.priced.costMicros,
      modelCostId: priced.priced.modelCostId,
      startedAt: clock.now(),
      jobId: null,
    };
    if (!slotTaken) await slot.take();
    let call = base;
    let item: SettleItem;
    try {
      if (!slotTaken) {
        if (entry.canceled) return await finish(record, outcome.canceled(base, clock.now(), false, true));
        await ledger.markSent(record.id);
        entry.record = { ...record, status: 'RUNNING', sentAt: clock.now() };
        live.publish('generation', record.id, entry.record);
      }
      call = { ...base, startedAt: clock.now() };
      item = await callProvider();
    } finally {
      slot.give();
    }
    return finish(entry.record, item);

    async function callProvider(): Promise<SettleItem> {
      try {
        const result = await follow({
          provider,
          submit: {
            generationId: record.id,
            model: priced.priced.model,
            vendorModel: priced.priced.vendorModel,
            request: priced.request,
            endUser: endUserOf(record.accountId),
          },
          abort: abort.signal,
          maxMs: JOB_MAX_MS,
          onJob: async (jobId) => {
            call = { ...call, jobId };
            entry.record = { ...entry.record, jobId };
            const expiresAt = new Date(clock.now().getTime() + JOB_MAX_MS + RESERVATION_SLACK_MS);
            await ledger.recordJob(record.id, jobId, expiresAt);
          },
        });
        return entry.canceled && result.status === 'failed'
          ? outcome.canceled(call, clock.now(), true, result.billed === 'no')
          : await conclude(call, result, provider.timeoutMs);
      } catch (error) {
        log.error(
          { generationId: record.id, provider: provider.name, error },
          'A call could not be followed.',
        );
        return outcome.lost(call, clock.now(), 'VOID', 'The call could not be followed to its end.');
      }
    }
  }

  /** A refusal stands only if the key has not been used before: a retry gets the first result, whatever has changed. */
  async function refuse(call: RefusedCall, refusal: Refusal): Promise<PriceResult> {
    const earlier = await statements.readIdempotency(database, call.namespace, call.key);
    if (!earlier) return { status: 'refused', refusal };
    if (earlier.inputHash !== call.inputHash) {
      return { status: 'refused', refusal: { kind: 'idempotency-conflict', key: call.key } };
    }
    return { status: 'replay', ticket: { generationId: earlier.resultId, replayed: true } };
  }

  function finishPrice(
    asked: RefusedCall & { accountId: string; operation: Operation },
    input: GenerationInput,
    priced: ReturnType<Catalog['price']>,
  ): PriceResult | Promise<PriceResult> {
    switch (priced.status) {
      case 'priced':
        return {
          status: 'priced',
          credits: priced.credits,
          call: {
            operation: asked.operation,
            accountId: asked.accountId,
            namespace: asked.namespace,
            key: asked.key,
            inputHash: asked.inputHash,
            priced,
            quoteId: input.quoteId ?? null,
            request: {
              operation: asked.operation,
              ...priced.request,
              prompt: input.prompt ?? undefined,
              seed: input.seed ?? undefined,
              imageUrl: input.imageUrl ?? undefined,
              videoUrl: input.videoUrl ?? undefined,
              targetLanguage: input.targetLanguage ?? undefined,
            },
          },
        };
      case 'invalid':
        return refuse(asked, { kind: 'invalid-input', fields: priced.fields });
      case 'unpriced':
        return refuse(asked, { kind: 'unpriced-model', model: priced.model, message: priced.message });
      case 'unavailable':
        return refuse(asked, { kind: 'unavailable', message: priced.message });
    }
  }

  const room: Generations = {
    get active() {
      return running.size;
    },

    price(asker, operation, input) {
      const accountId = asker.accountId ?? input.accountId ?? '';
      const asked = {
        operation,
        accountId,
        namespace: asker.namespace,
        key: input.idempotencyKey,
        inputHash: hashInput(operation, accountId, input),
      };
      const problems = checkInput(operation, input);
      if (accountId === '') {
        problems.push({
          path: 'accountId',
          message: 'Say for which account: an API key may act for any, so it has to name one.',
        });
      } else if (asker.accountId && input.accountId && input.accountId !== asker.accountId) {
        problems.push({
          path: 'accountId',
          message: "An account's token acts for that account alone; leave accountId out.",
        });
      }
      if (problems.length > 0) return refuse(asked, { kind: 'invalid-input', fields: problems });

      const request = { ...input, operation };
      if (!input.quoteId) return finishPrice(asked, input, catalog.price(request));
      return catalog.quote(input.quoteId).then((quote) =>
        quote
          ? finishPrice(asked, input, catalog.priceUnder(quote, request, accountId))
          : refuse(asked, {
              kind: 'invalid-input',
              fields: [{ path: 'quoteId', message: 'There is no such quote; ask for a new one.' }],
            }),
      );
    },

    async reserve(call) {
      const provider = providers.serving(call.priced.provider);
      if (!provider) {
        return {
          refusal: { kind: 'unavailable', message: `${call.priced.model} is not served at present.` },
        };
      }
      const id = newId();
      const slot = slotsOf(provider.name);
      const sent = slot.tryTake();
      let reserved: Awaited<ReturnType<Ledger['reserve']>>;
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
          sent,
          expiresAt: new Date(clock.now().getTime() + provider.timeoutMs + RESERVATION_SLACK_MS),
        });
      } catch (error) {
        if (sent) slot.give();
        throw error;
      }
      if (reserved.status !== 'reserved' && sent) slot.give();
      switch (reserved.status) {
        case 'reserved': {
          const record: GenerationRecord = {
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
            failureCode: null,
            failureMessage: null,
            failureRetryable: null,
            retryAfterSeconds: null,
            createdAt: reserved.at,
            completedAt: null,
            outputs: [],
          };
          const { promise, resolve, reject } = Promise.withResolvers<GenerationRecord>();
          const entry: Running = { record, done: promise, abort: new AbortController(), canceled: false };
          running.set(id, entry);
          live.publish('generation', id, record);
          execute(entry, call, provider, sent)
            .then(resolve, reject)
            .finally(() => running.delete(id));
          promise.catch((error: unknown) =>
            log.error({ generationId: id, error }, 'A generation ended without being settled.'),
          );
          return { generationId: id, replayed: false };
        }
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
          return {
            refusal: { kind: 'budget-exceeded', scope: reserved.scope, resetsAt: reserved.resetsAt },
          };
      }
    },

    async wait(ticket, waitMs) {
      const here = running.get(ticket.generationId);
      if (here) {
        if (waitMs === 0) return here.record;
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<GenerationRecord>((resolve) => {
          timer = setTimeout(() => resolve(here.record), waitMs);
        });
        try {
          return await Promise.race([here.done, late]);
        } finally {
          clearTimeout(timer);
        }
      }
      // Done already, or another process makes it.
      const until = performance.now() + waitMs;
      for (;;) {
        const record = await statements.readGeneration(database, ticket.generationId);
        if (!record) throw new Error(`The generation ${ticket.generationId} is not there.`);
        if (record.completedAt !== null || performance.now() >= until) return record;
        await new Promise((resolve) => setTimeout(resolve, ELSEWHERE_POLL_MS));
      }
    },

    async cancel(generationId) {
      const here = running.get(generationId);
      if (here) {
        here.canceled = true;
        here.abort.abort();
        return { status: 'found', generation: await here.done };
      }
      const record = await statements.readGeneration(database, generationId);
      if (!record) return { status: 'not-found' };
      return { status: 'found', generation: record };
    },

    read: (generationId) => {
      const here = running.get(generationId);
      return here ? Promise.resolve(here.record) : statements.readGeneration(database, generationId);
    },
    outputsOf: (generationIds) => statements.readOutputs(database, generationIds),
    output: (outputId) => statements.readOutput(database, outputId),

    recovery: createRecovery({
      database,
      clock,
      log,
      ledger,
      providers,
      conclude,
      finish,
      isRunningHere: (generationId) => running.has(generationId),
    }),

    async drain(timeoutMs) {
      const until = performance.now() + timeoutMs;
      while (running.size > 0 && performance.now() < until) {
        const done = Promise.allSettled([...running.values()].map((entry) => entry.done));
        await Promise.race([done, new Promise((resolve) => setTimeout(resolve, until - performance.now()))]);
      }
      return running.size;
    },
  };
  return room;
}

/** Bytes that are here already are stored in no time: a timer a call would only be work for the garbage collector. */
const NO_LIMIT = new AbortController().signal;

/** How long the outputs of one call may take to be fetched. */
function timeLimit(outputs: readonly ProviderOutput[], milliseconds: number): AbortSignal {
  return outputs.some(({ content }) => 'url' in content) ? AbortSignal.timeout(milliseconds) : NO_LIMIT;
}

interface RefusedCall {
  readonly namespace: string;
  readonly key: string;
  readonly inputHash: string;
}

/** What a customer is told of a generation that made nothing. */
export function failureOf(record: GenerationRecord): FailureRecord | null {
  if (record.failureCode === null || record.failureMessage === null) return null;
  return {
    code: record.failureCode as FailureRecord['code'],
    message: record.failureMessage,
    retryable: record.failureRetryable ?? false,
    retryAfterSeconds: record.retryAfterSeconds,
  };
}
