/** What a call to a provider comes to in the books: one table, the same whoever hears of its end. */
import { storable } from '../database/index.ts';
import { newId } from '../ids.ts';
import type { AttemptRecord, FailureRecord, OutputRecord, SettleItem } from '../ledger/index.ts';
import { divideUp, type Micros } from '../money.ts';
import type { Billed, ProviderFailure, ProviderSuccess } from '../providers/index.ts';
import type { StoredFile } from '../storage/index.ts';
import { type GenerationRecord, requestOf, type Work } from './record.ts';

/** What the books can hold of a time: some 25 days. A job may outlive that while no process runs. */
const MOST_DURATION_MS = 2 ** 31 - 1;

type Booked = Pick<AttemptRecord, 'outcome' | 'costMicros' | 'costSource' | 'error'>;

function attemptOf({ record }: Work, endedAt: Date, booked: Booked, jobId?: string): AttemptRecord {
  const startedAt = record.sentAt ?? record.createdAt;
  return {
    number: record.attemptNumber,
    provider: record.provider,
    model: record.model,
    modelCostId: record.modelCostId,
    durationMs: Math.min(Math.max(0, endedAt.getTime() - startedAt.getTime()), MOST_DURATION_MS),
    jobId: jobId ?? record.jobId,
    startedAt,
    final: true,
    ...booked,
    // A vendor's own words, cut somewhere: nothing in them may keep it out of the books.
    error: booked.error && storable(booked.error),
  };
}

function costOfSuccess(work: Work, made: number, vendorCostMicros: Micros | null): Omit<Booked, 'error'> {
  const { count } = requestOf(work.record);
  return {
    outcome: 'SUCCEEDED',
    costMicros: vendorCostMicros ?? divideUp(work.ceilingMicros * BigInt(made), BigInt(count)),
    costSource: vendorCostMicros === null ? 'catalog' : 'vendor',
  };
}

/**
 * A success. Fewer outputs than were asked for are charged and, where the vendor does not tell, booked by their number.
 */
export function succeeded(
  work: Work,
  endedAt: Date,
  files: readonly StoredFile[],
  result: ProviderSuccess,
): SettleItem {
  const { record } = work;
  const { count } = requestOf(record);
  const made = Math.min(files.length, count);
  return {
    generationId: record.id,
    action: 'POST',
    credits: Math.floor((record.creditsReserved * made) / count),
    status: 'SUCCEEDED',
    failure: null,
    attempts: [
      attemptOf(
        work,
        endedAt,
        { ...costOfSuccess(work, made, result.costMicros), error: null },
        result.jobId,
      ),
    ],
    outputs: files.map(
      (file, position): OutputRecord => ({
        id: newId(),
        position,
        sha256: file.sha256,
        contentType: file.contentType,
        bytes: file.bytes,
        width: file.width ?? null,
        height: file.height ?? null,
        durationSeconds: file.durationSeconds ?? null,
      }),
    ),
  };
}

/**
 * An earlier result, served again: no provider was called, and nothing is billed.
 *
 * @param credits what the hit is charged, at most what was reserved.
 */
export function served(work: Work, endedAt: Date, earlier: GenerationRecord, credits: number): SettleItem {
  return {
    generationId: work.record.id,
    action: 'POST',
    credits,
    status: 'SUCCEEDED',
    failure: null,
    attempts: [
      {
        ...attemptOf(work, endedAt, {
          outcome: 'SUCCEEDED',
          costMicros: 0n,
          costSource: 'cache',
          error: null,
        }),
        provider: earlier.provider,
        model: earlier.model,
      },
    ],
    outputs: earlier.outputs.map((output) => ({ ...output, id: newId() })),
  };
}

/** Nothing was made: the customer has all credits back, and what the vendor bills for it is booked. */
function refunded({ record }: Work, failure: FailureRecord, attempts: readonly AttemptRecord[]): SettleItem {
  return {
    generationId: record.id,
    action: 'VOID',
    credits: 0,
    status: 'FAILED',
    failure,
    attempts,
    outputs: [],
  };
}

/** What a failure costs, by whether the vendor bills it: no, yes, or nobody knows. */
function costOfFailure(
  { ceilingMicros }: Work,
  billed: Billed,
  costMicros: Micros | undefined,
): Omit<Booked, 'error'> {
  switch (billed) {
    case 'no':
      return { outcome: 'FAILED_UNBILLED', costMicros: 0n, costSource: 'catalog' };
    case 'yes':
      return {
        outcome: 'FAILED_BILLED',
        costMicros: costMicros ?? ceilingMicros,
        costSource: costMicros === undefined ? 'catalog' : 'vendor',
      };
    case 'unknown':
      return { outcome: 'UNKNOWN', costMicros: ceilingMicros, costSource: 'ceiling' };
  }
}

/** The attempt that a failure is in the books. */
export function failedAttempt(work: Work, endedAt: Date, result: ProviderFailure): AttemptRecord {
  const cost = costOfFailure(work, result.billed, result.costMicros);
  return attemptOf(work, endedAt, { ...cost, error: result.detail }, result.jobId);
}

/** A failure, as the provider tells it. */
export function failed(work: Work, endedAt: Date, result: ProviderFailure): SettleItem {
  const failure: FailureRecord = {
    code: result.code,
    message: storable(result.message),
    retryable: result.retryable,
    retryAfterSeconds: result.retryAfterSeconds ?? null,
  };
  return refunded(work, failure, [failedAttempt(work, endedAt, result)]);
}

/** The vendor made and bills something that could not be kept: a link that was dead, a file that was none. */
export function undelivered(
  work: Work,
  endedAt: Date,
  vendorCostMicros: Micros | null,
  error: string,
): SettleItem {
  const failure: FailureRecord = {
    code: 'PROVIDER_UNAVAILABLE',
    message: 'The result could not be fetched from the provider. Your credits are back; please try again.',
    retryable: true,
    retryAfterSeconds: null,
  };
  const cost = costOfFailure(work, 'yes', vendorCostMicros ?? undefined);
  return refunded(work, failure, [attemptOf(work, endedAt, { ...cost, error })]);
}

/** A result that came when the customer had the credits back already: it corrects what the call cost, and no more. */
export function late(work: Work, endedAt: Date, result: ProviderSuccess | ProviderFailure): SettleItem {
  if (result.status === 'failed') {
    // What was given up stays so: the vendor only says what came of that.
    return work.record.status === 'CANCELED'
      ? canceled(work, endedAt, result)
      : failed(work, endedAt, result);
  }
  const made = Math.min(result.outputs.length, requestOf(work.record).count);
  const booked = {
    ...costOfSuccess(work, made, result.costMicros),
    error: 'It succeeded after it had been given up.',
  };
  return { ...refunded(work, INTERRUPTED, [attemptOf(work, endedAt, booked, result.jobId)]) };
}

const INTERRUPTED: FailureRecord = {
  code: 'PROVIDER_UNAVAILABLE',
  message: 'The call was interrupted. Your credits are back; please try again.',
  retryable: true,
  retryAfterSeconds: null,
};

/** A call that never went out: nothing can be billed for it. */
export function neverSent(work: Work, failure: FailureRecord = INTERRUPTED): SettleItem {
  return refunded(work, failure, []);
}

/** A call that nobody could send for a day. */
export function overdue(work: Work): SettleItem {
  return neverSent(work, {
    code: 'PROVIDER_UNAVAILABLE',
    message: 'It could not be sent within a day. Your credits are back; please try again.',
    retryable: true,
    retryAfterSeconds: null,
  });
}

/**
 * A call that went out and of which nothing more will be heard: booked at the most that it can cost.
 *
 * @param action `EXPIRE` when it is given up from outside, `VOID` when the call itself ended so.
 */
export function lost(work: Work, endedAt: Date, action: 'VOID' | 'EXPIRE', error: string): SettleItem {
  const cost = costOfFailure(work, 'unknown', undefined);
  return { ...refunded(work, INTERRUPTED, [attemptOf(work, endedAt, { ...cost, error })]), action };
}

/**
 * A generation whose end, as it was told, the database does not take: as one of which nobody knows more than that it went out. The
 * customer has the credits back, and it is booked at its ceiling.
 */
export function unbookable(work: Work, endedAt: Date): SettleItem {
  return work.record.sentAt === null
    ? neverSent(work)
    : lost(work, endedAt, 'VOID', 'How it ended could not be booked; see the log.');
}

/**
 * A call that its customer gave up: refunded whole, and booked as far as the vendor bills it.
 *
 * @param bill null when nothing had been sent.
 */
export function canceled(
  work: Work,
  endedAt: Date,
  bill: { readonly billed: Billed; readonly costMicros?: Micros | undefined } | null,
): SettleItem {
  const attempts = bill && [
    attemptOf(work, endedAt, {
      ...costOfFailure(work, bill.billed, bill.costMicros),
      outcome: 'CANCELED',
      error: null,
    }),
  ];
  return { ...refunded(work, INTERRUPTED, attempts ?? []), status: 'CANCELED', failure: null };
}
