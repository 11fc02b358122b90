import type { Micros } from '../money.ts';
import type { Operation } from '../providers/index.ts';

export type Tier = 'FREE' | 'PAYG' | 'BASIC' | 'STARTER' | 'CREATOR' | 'PRO';
export type GrantSource = 'DAILY_FREE' | 'PLAN' | 'PURCHASE' | 'PRIZE' | 'REFERRAL' | 'ADMIN';
export type BudgetScope = 'GLOBAL' | 'PROVIDER' | 'OPERATION' | 'TIER' | 'ACCOUNT';
export type AttemptOutcome = 'SUCCEEDED' | 'FAILED_UNBILLED' | 'FAILED_BILLED' | 'UNKNOWN' | 'CANCELED';
export type GenerationStatus = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELED';

/** What a call sets aside: credits of its account, and money of every budget that applies. */
export interface ReserveItem {
  /** Id of the reservation and of its generation. */
  readonly id: string;
  readonly accountId: string;
  readonly credits: number;
  /** The most that the provider may bill. */
  readonly ceilingMicros: Micros;
  /** Whose idempotency keys these are; see Caller in the access room. */
  readonly namespace: string;
  readonly key: string;
  /** Tells whether the same key came with the same input. */
  readonly inputHash: string;
  readonly provider: string;
  readonly operation: Operation;
  readonly model: string;
  readonly prompt: string | null;
  /** The normalised request, kept so that a restart can go on with it. */
  readonly request: unknown;
  readonly modelCostId: string;
  readonly modelPriceId: string;
  readonly quoteId: string | null;
  /** What an identical request is known again by; null when its result is not kept. */
  readonly cacheKey: string | null;
  /** An earlier result that was completed after this instant may serve; null when none may. */
  readonly cacheSince: Date | null;
  /** An identical generation that is being reserved by this process, and may serve; null when there is none. */
  readonly servedById: string | null;
  /**
   * Whether the call follows at once, so that it counts as sent after a crash. Asked when its batch goes, and again when that is
   * sent once more: it must say the same each time.
   */
  readonly sent: () => boolean;
  readonly expiresAt: Date;
}

/** In order of precedence. All but `reserved` leave nothing behind. */
export type ReserveOutcome =
  /** The same key and input came before: this is what they made. */
  | { readonly status: 'replay'; readonly generationId: string }
  /** The same key came before with another input. */
  | { readonly status: 'conflict' }
  | { readonly status: 'account-not-found' }
  /** The account may make no paid calls; `reason` says why, for people. */
  | { readonly status: 'account-barred'; readonly reason: string }
  /** No paid call may go out; `resetsAt` is null when only an operator ends it. */
  | { readonly status: 'shutdown'; readonly reason: string | null; readonly resetsAt: Date | null }
  | { readonly status: 'insufficient-credits'; readonly available: number }
  | { readonly status: 'budget-exceeded'; readonly scope: BudgetScope; readonly resetsAt: Date }
  | {
      readonly status: 'reserved';
      /** The instant that stands in the books. */
      readonly at: Date;
      readonly available: number;
      readonly tier: Tier;
      readonly country: string | null;
      readonly planId: string | null;
      /** An identical generation that has succeeded, or is under way; null when there is none, or none may serve. */
      readonly servedById: string | null;
    };

/** One call to a provider, to be booked. */
export interface AttemptRecord {
  /** From 1 within its generation; the same number again corrects what was booked. */
  readonly number: number;
  readonly provider: string;
  readonly model: string;
  readonly outcome: AttemptOutcome;
  readonly costMicros: Micros;
  /** `cache`: no provider was called. */
  readonly costSource: 'vendor' | 'catalog' | 'ceiling' | 'cache';
  readonly modelCostId: string | null;
  readonly durationMs: number;
  readonly jobId: string | null;
  readonly error: string | null;
  readonly startedAt: Date;
  /** True for the attempt to which the generation's credits and revenue belong: its last. */
  readonly final: boolean;
}

/** A file that was made. */
export interface OutputRecord {
  readonly id: string;
  readonly position: number;
  readonly sha256: string;
  readonly contentType: string;
  readonly bytes: number;
  readonly width: number | null;
  readonly height: number | null;
  readonly durationSeconds: number | null;
  /** From when its link is gone because somebody took it back. Not there on one that has just been made. */
  readonly revokedAt?: Date | null;
  /** From when its link is gone because its time was over. Not there on one that has just been made. */
  readonly expiredAt?: Date | null;
}

/** Why a generation made nothing, as its customer sees it. */
export interface FailureRecord {
  readonly code: 'CONTENT_REFUSED' | 'INVALID_INPUT' | 'PROVIDER_UNAVAILABLE';
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | null;
}

/** The end of a reservation. */
export interface SettleItem {
  readonly generationId: string;
  /** The attempt of whose end this tells: nothing changes once another has followed it. Not said: whichever is the last. */
  readonly attemptNumber?: number;
  /**
   * `POST` burns `credits` (at most those reserved) and releases the rest; `VOID` releases all; `EXPIRE` does the
   * same for the sweeper.
   */
  readonly action: 'POST' | 'VOID' | 'EXPIRE';
  readonly credits: number;
  readonly status: 'SUCCEEDED' | 'FAILED' | 'CANCELED';
  readonly failure: FailureRecord | null;
  readonly attempts: readonly AttemptRecord[];
  readonly outputs: readonly OutputRecord[];
}

/** What has become of the end of a reservation. */
export interface SettleOutcome {
  /**
   * `settled`: done now. `late`: it had been voided or expired; only its cost was corrected. `already`: it had been
   * posted; nothing changed. `followed`: another attempt had followed; nothing changed. `not-found`: there is no such
   * reservation.
   */
  readonly status: 'settled' | 'late' | 'already' | 'followed' | 'not-found';
  /** The instant that stands in the books, when it was settled now. */
  readonly at: Date;
  readonly accountId: string | null;
  readonly creditsCharged: number;
  readonly costMicros: Micros;
  readonly revenueMicros: Micros;
  readonly balance: Balance;
}

/** available = posted - reserved, at one instant. */
export interface Balance {
  readonly posted: number;
  readonly reserved: number;
  readonly available: number;
}

/** Credits to be given. */
export interface GrantItem {
  readonly accountId: string;
  readonly namespace: string;
  readonly key: string;
  readonly inputHash: string;
  readonly source: GrantSource;
  readonly credits: number;
  /** What all of them together earn when burned. */
  readonly revenueMicros: Micros;
  /** From when on they count as held: of grants that are else alike the earliest burns first. Now, when not said or later. */
  readonly effectiveAt?: Date;
  readonly expiresAt: Date | null;
  readonly reason: string;
  /** Who gives them, for the audit log. */
  readonly actor: string;
}

export type GrantOutcome =
  | { readonly status: 'granted' | 'replay'; readonly grantId: string; readonly balance: Balance }
  | { readonly status: 'conflict' | 'account-not-found' | 'too-many' };

/** Credits to be taken back. */
export interface RevokeItem {
  readonly grantId: string;
  readonly namespace: string;
  readonly key: string;
  readonly inputHash: string;
  /** At most so many. */
  readonly credits: number;
  readonly reason: string;
  /** Who takes them back, for the audit log. */
  readonly actor: string;
}

/** Credits that were taken back, once. */
export interface Revocation {
  readonly id: string;
  readonly grantId: string;
  readonly accountId: string;
  /** Asked for; revoked and pending together may be less. */
  readonly credits: number;
  /** Taken back at once. */
  readonly revoked: number;
  /** Held by calls under way then: taken back as far as those release them. */
  readonly pending: number;
  readonly reason: string;
  readonly at: Date;
}

/** What a revocation would take now. */
export interface RevocationPreview {
  readonly grantId: string;
  /** At once. */
  readonly revoked: number;
  /** As far as the calls that hold them release them. */
  readonly pending: number;
  /** What those that are taken at once have yet to earn. */
  readonly unearnedMicros: Micros;
  /** What those that wait would have earned, should all of them be released. */
  readonly pendingMicros: Micros;
}

/** All but `revoked` leave nothing behind. `replay` tells what the key did the first time. */
export type RevokeOutcome =
  | { readonly status: 'revoked' | 'replay'; readonly revocation: Revocation }
  | { readonly status: 'conflict' | 'grant-not-found' | 'nothing-left' };
