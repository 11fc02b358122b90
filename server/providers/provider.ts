/**
 * The contract between Solvent and a vendor of generative AI. One file a vendor implements it; one suite
 * (test/contracts/provider.ts) holds for all of them.
 *
 * Three rules carry it:
 *
 * 1. **One call of `submit` puts at most one submit on the wire.** A vendor's SDK that repeats a paid POST by
 *    itself has its retries switched off or gone round. Every retry is Solvent's own, and an attempt of its own.
 * 2. **Refunding the customer and costing nothing are two different facts.** A failure says whether the vendor
 *    bills it: `no`, `yes`, or `unknown`. Unknown is booked at the ceiling, since a loss that was not one is
 *    corrected more easily than one that vanished.
 * 3. **A provider throws nothing.** What a vendor answers, or fails to answer, is a value. An exception is a
 *    defect, and is booked as `unknown`.
 */
import type { Micros } from '../money.ts';

/** What Solvent can be asked to make. The names of the GraphQL enum and of the database's. */
export const OPERATIONS = [
  'GENERATE_IMAGE',
  'GENERATE_VIDEO',
  'UPSCALE_IMAGE',
  'REMOVE_BACKGROUND',
  'VECTORIZE_IMAGE',
  'DUB_VIDEO',
] as const;

/** One of {@link OPERATIONS}. */
export type Operation = (typeof OPERATIONS)[number];

/** What is to be made, with every default filled in. Fields that an operation does not use are undefined. */
export interface GenerationRequest {
  readonly operation: Operation;
  readonly prompt?: string | undefined;
  /** Width × height in pixels, such as `1024x1024`. */
  readonly size?: string | undefined;
  /** As the vendor names it: `low`, `medium`, `high`, `hd`. */
  readonly quality?: string | undefined;
  /** How many pictures, from 1. */
  readonly count: number;
  readonly seed?: number | undefined;
  readonly imageUrl?: string | undefined;
  readonly videoUrl?: string | undefined;
  readonly durationSeconds?: number | undefined;
  /** Such as `16:9`. */
  readonly aspectRatio?: string | undefined;
  /** BCP 47, such as `es` or `pt-BR`. */
  readonly targetLanguage?: string | undefined;
}

/** One submit: which model, what to make, and how long there is. */
export interface SubmitRequest {
  /** The generation's id. A provider may pass it on as the vendor's idempotency key or user reference. */
  readonly generationId: string;
  /** The catalogue's name, `provider/name`. */
  readonly model: string;
  /** What the vendor calls that model on the wire, such as `gpt-image-2` or `black-forest-labs/flux-schnell`. */
  readonly vendorModel: string;
  readonly request: GenerationRequest;
  /** A stable, opaque text for the end user, for vendors that ask for one to fight abuse. Never an e-mail address. */
  readonly endUser: string;
  /** Aborted when the deadline has passed or the caller has canceled. */
  readonly signal: AbortSignal;
}

/** One file that a provider made: its bytes, or where to fetch them before the vendor's link expires. */
export interface ProviderOutput {
  readonly content: Uint8Array | { readonly url: string };
  /** Such as `image/png`. Storage checks it against the first bytes. */
  readonly contentType: string;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly durationSeconds?: number | undefined;
}

/** Why a vendor made nothing. */
export type FailureCode =
  /** The vendor will not make this for anybody; another try gives the same answer. */
  | 'CONTENT_REFUSED'
  /** The vendor does not take these arguments; the message says which. */
  | 'INVALID_INPUT'
  /** Everything else: time-out, rate limit, outage, wrong key, an answer that cannot be read. */
  | 'PROVIDER_UNAVAILABLE';

/** Whether the vendor bills a call that made nothing. */
export type Billed = 'no' | 'yes' | 'unknown';

/** The vendor made what was asked for. */
export interface ProviderSuccess {
  readonly status: 'succeeded';
  readonly outputs: readonly ProviderOutput[];
  /** The exact cost when the vendor's answer tells it; null lets the catalogue's dated cost stand. */
  readonly costMicros: Micros | null;
  readonly jobId?: string | undefined;
}

/** The vendor is at it, as a job that can be asked after. */
export interface ProviderRunning {
  readonly status: 'running';
  /** What the vendor calls the job; kept before anything else is done, so that a restart can ask after it. */
  readonly jobId: string;
  /** When it is worth asking again. */
  readonly pollAfterMs: number;
  /** From 0 to 1, where the vendor tells it. */
  readonly progress?: number | undefined;
}

/** The vendor made nothing; whether it bills that all the same is said apart. */
export interface ProviderFailure {
  readonly status: 'failed';
  readonly code: FailureCode;
  readonly billed: Billed;
  /** The exact cost of a billed failure, when the vendor tells it. */
  readonly costMicros?: Micros | undefined;
  /** True when the same request may succeed later, or elsewhere. */
  readonly retryable: boolean;
  /** Seconds that the vendor asks to be left alone for. */
  readonly retryAfterSeconds?: number | undefined;
  /** A sentence for the customer: no key, no host name, no stack. */
  readonly message: string;
  /** What an operator wants to know: the vendor's own words and status, without secrets. At most 1,000 characters. */
  readonly detail: string;
  readonly jobId?: string | undefined;
}

export type SubmitResult = ProviderSuccess | ProviderRunning | ProviderFailure;

/** A vendor. */
export interface Provider {
  /** As in the catalogue: `openai`. Lower case; the part of a model's name before the slash. */
  readonly name: string;
  /** True when a call never leaves this process, so that a crash cannot leave a bill behind. */
  readonly inProcess: boolean;
  /** How long one submit may take before Solvent gives it up, in milliseconds. */
  readonly timeoutMs: number;
  /** Asks for the thing. Puts at most one submit on the wire; throws nothing. */
  submit(submit: SubmitRequest): Promise<SubmitResult>;
  /**
   * Asks after a job that answered `running`. Free of cost; may be repeated at will. `failed` is the job's end; a question
   * that went wrong says nothing of the job and is answered `running`.
   */
  check(jobId: string, signal: AbortSignal): Promise<SubmitResult>;
  /** Asks the vendor to stop a job. True when it will be neither finished nor billed any further. */
  cancel(jobId: string, signal: AbortSignal): Promise<boolean>;
}
