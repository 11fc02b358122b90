/** A generation as it stands. */
import type { JsonValue } from '../database/index.ts';
import type { FailureRecord, GenerationStatus, OutputRecord, Tier } from '../ledger/index.ts';
import type { GenerationRequest, Operation } from '../providers/index.ts';
import type { Priority } from '../queue/index.ts';

/** A generation as it stands, with its outputs. The fields are those of the table. */
export interface GenerationRecord {
  readonly id: string;
  readonly accountId: string;
  readonly operation: Operation;
  readonly status: GenerationStatus;
  readonly provider: string;
  readonly model: string;
  readonly prompt: string | null;
  /** A {@link StoredRequest}. */
  readonly request: JsonValue;
  readonly tier: Tier;
  readonly country: string | null;
  /** The plan of the account at that time. */
  readonly planId: string | null;
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
  readonly attemptNumber: number;
  readonly progress: number | null;
  readonly cancelRequestedAt: Date | null;
  readonly cacheKey: string | null;
  readonly servedById: string | null;
  readonly inputSha256: string | null;
  readonly failureCode: string | null;
  readonly failureMessage: string | null;
  readonly failureRetryable: boolean | null;
  readonly retryAfterSeconds: number | null;
  readonly createdAt: Date;
  readonly completedAt: Date | null;
  readonly outputs: readonly OutputRecord[];
}

/** The normalised request as it is kept. */
export interface StoredRequest extends GenerationRequest {
  /** What the router was asked for. Undefined when a model was named: then no other serves in its place. */
  readonly routing?: RoutedRequest | undefined;
  /** Undefined for `NORMAL`. */
  readonly priority?: 'LOW' | undefined;
}

/** What was asked of the router, without what the chosen model filled in by itself. */
export interface RoutedRequest {
  readonly minimumQuality?: number | null | undefined;
  readonly size?: string | null | undefined;
  readonly quality?: string | null | undefined;
  readonly durationSeconds?: number | null | undefined;
  readonly aspectRatio?: string | null | undefined;
}

/** A generation with what is reserved for it: all that a process needs to go on with it. */
export interface Work {
  readonly record: GenerationRecord;
  /** The most that the present attempt may cost. */
  readonly ceilingMicros: bigint;
}

/** The request that a generation was made with. */
export function requestOf(record: Pick<GenerationRecord, 'request'>): StoredRequest {
  return record.request as unknown as StoredRequest;
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

/** Operations that take vendors minutes. */
const SLOW: ReadonlySet<Operation> = new Set<Operation>(['GENERATE_VIDEO', 'DUB_VIDEO']);

/**
 * Whether a call goes through the queue, so that any worker can make it: those of slow operations, and those that have time.
 * The others are made by the process that was asked, which answers with what comes back.
 */
export function isQueued(operation: Operation, priority: Priority): boolean {
  return SLOW.has(operation) || priority === 'LOW';
}

/** How long a queued call may wait before its credits go back. */
export const QUEUE_MAX_MS = 24 * 60 * 60_000;

/** Whether a call that has not been sent has waited for too long. */
export function isOverdue({ createdAt }: GenerationRecord, now: Date): boolean {
  return now.getTime() - createdAt.getTime() >= QUEUE_MAX_MS;
}

/** How soon a generation is wanted. */
export function priorityOf(record: Pick<GenerationRecord, 'request'>): Priority {
  return requestOf(record).priority ?? 'NORMAL';
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
