/** What a call to a provider comes to in the books: one table, the same for a live call and for one found after a crash. */
import { newId } from '../ids.ts';
import type { AttemptRecord, FailureRecord, OutputRecord, SettleItem } from '../ledger/index.ts';
import { divideUp, type Micros } from '../money.ts';
import type { ProviderFailure } from '../providers/index.ts';
import type { StoredFile } from '../storage/index.ts';

/** What is known of a call before its result is. */
export interface Call {
  readonly generationId: string;
  readonly provider: string;
  readonly model: string;
  /** What was reserved. */
  readonly credits: number;
  /** How many outputs were asked for. */
  readonly count: number;
  /** The dated cost of all of them, which is also the ceiling. */
  readonly costMicros: Micros;
  readonly modelCostId: string | null;
  readonly startedAt: Date;
  readonly jobId: string | null;
}

function attemptOf(
  call: Call,
  endedAt: Date,
  booked: Pick<AttemptRecord, 'outcome' | 'costMicros' | 'costSource' | 'error'>,
): AttemptRecord {
  return {
    number: 1,
    provider: call.provider,
    model: call.model,
    modelCostId: call.modelCostId,
    durationMs: Math.max(0, endedAt.getTime() - call.startedAt.getTime()),
    jobId: call.jobId,
    startedAt: call.startedAt,
    final: true,
    ...booked,
  };
}

/**
 * A success. Fewer outputs than were asked for are charged and, where the vendor does not tell, booked by their number.
 */
export function succeeded(
  call: Call,
  endedAt: Date,
  files: readonly StoredFile[],
  vendorCostMicros: Micros | null,
): SettleItem {
  const made = Math.min(files.length, call.count);
  const costMicros = vendorCostMicros ?? divideUp(call.costMicros * BigInt(made), BigInt(call.count));
  return {
    generationId: call.generationId,
    action: 'POST',
    credits: Math.floor((call.credits * made) / call.count),
    status: 'SUCCEEDED',
    failure: null,
    attempts: [
      attemptOf(call, endedAt, {
        outcome: 'SUCCEEDED',
        costMicros,
        costSource: vendorCostMicros === null ? 'catalog' : 'vendor',
        error: null,
      }),
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

/** Nothing was made: the customer has all credits back, and what the vendor bills for it is booked. */
function refunded(call: Call, failure: FailureRecord, attempts: readonly AttemptRecord[]): SettleItem {
  return {
    generationId: call.generationId,
    action: 'VOID',
    credits: 0,
    status: 'FAILED',
    failure,
    attempts,
    outputs: [],
  };
}

/** A failure, billed as the provider says: no, yes, or nobody knows. */
export function failed(call: Call, endedAt: Date, result: ProviderFailure): SettleItem {
  const failure: FailureRecord = {
    code: result.code,
    message: result.message,
    retryable: result.retryable,
    retryAfterSeconds: result.retryAfterSeconds ?? null,
  };
  const error = result.detail;
  switch (result.billed) {
    case 'no':
      return refunded(call, failure, [
        attemptOf(call, endedAt, {
          outcome: 'FAILED_UNBILLED',
          costMicros: 0n,
          costSource: 'catalog',
          error,
        }),
      ]);
    case 'yes':
      return refunded(call, failure, [
        attemptOf(call, endedAt, {
          outcome: 'FAILED_BILLED',
          costMicros: result.costMicros ?? call.costMicros,
          costSource: result.costMicros === undefined ? 'catalog' : 'vendor',
          error,
        }),
      ]);
    case 'unknown':
      return refunded(call, failure, [
        attemptOf(call, endedAt, {
          outcome: 'UNKNOWN',
          costMicros: call.costMicros,
          costSource: 'ceiling',
          error,
        }),
      ]);
  }
}

/** The vendor made and bills something that could not be kept: a link that was dead, a file that was none. */
export function undelivered(
  call: Call,
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
  return refunded(call, failure, [
    attemptOf(call, endedAt, {
      outcome: 'FAILED_BILLED',
      costMicros: vendorCostMicros ?? call.costMicros,
      costSource: vendorCostMicros === null ? 'catalog' : 'vendor',
      error,
    }),
  ]);
}

const INTERRUPTED: FailureRecord = {
  code: 'PROVIDER_UNAVAILABLE',
  message: 'The call was interrupted. Your credits are back; please try again.',
  retryable: true,
  retryAfterSeconds: null,
};

/** A call that never went out: nothing can be billed for it. */
export function neverSent(call: Call): SettleItem {
  return refunded(call, INTERRUPTED, []);
}

/**
 * A call that went out and of which nothing more will be heard: booked at the most that it can cost.
 *
 * @param action `EXPIRE` when it is given up from outside, `VOID` when the call itself ended so.
 */
export function lost(call: Call, endedAt: Date, action: 'VOID' | 'EXPIRE', error: string): SettleItem {
  const item = refunded(call, INTERRUPTED, [
    attemptOf(call, endedAt, {
      outcome: 'UNKNOWN',
      costMicros: call.costMicros,
      costSource: 'ceiling',
      error,
    }),
  ]);
  return { ...item, action };
}

/** A call that its customer gave up: refunded whole, and booked as far as the vendor may still bill it. */
export function canceled(call: Call, endedAt: Date, sent: boolean, unbilled: boolean): SettleItem {
  const costMicros = unbilled ? 0n : call.costMicros;
  return {
    ...refunded(call, { ...INTERRUPTED, message: 'Canceled. Your credits are back.', retryable: false }, []),
    status: 'CANCELED',
    failure: null,
    attempts: sent
      ? [
          attemptOf(call, endedAt, {
            outcome: 'CANCELED',
            costMicros,
            costSource: unbilled ? 'vendor' : 'ceiling',
            error: null,
          }),
        ]
      : [],
  };
}
