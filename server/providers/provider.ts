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

/** A picture or a film that the caller named by URL: fetched and checked by Solvent before anything is submitted. */
export interface InputFile {
  /** Where the caller says that it is. Only for vendors that take no bytes; the others would have to fetch it again. */
  readonly url: string;
  readonly bytes: Uint8Array;
  /** Found in the bytes, whatever the server said: `image/png`, `video/mp4`. */
  readonly contentType: string;
  /** In pixels, of a picture. */
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** Of a film or a recording. */
  readonly durationSeconds?: number | undefined;
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
  /** What `request.imageUrl` or `request.videoUrl` leads to; undefined when the request has neither. */
  readonly input?: InputFile | undefined;
  /**
   * Where the vendor may report the job's end. It holds an unguessable text and names the generation, so that a report
   * which comes before the answer to the submit finds its way. Undefined when nobody outside can reach this server.
   */
  readonly webhookUrl?: string | undefined;
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
  /** How long this job may take in all, where that is not the provider's `jobTimeoutMs`. */
  readonly deadlineMs?: number | undefined;
  /** Why a question got no answer, for the operator, without secrets: a revoked key must not look like a slow job. */
  readonly detail?: string | undefined;
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

/** The vendor has stopped a job: it will not be finished, and be billed no further than is said here. */
export interface JobStopped {
  readonly status: 'stopped';
  readonly billed: Billed;
  /** The exact cost of what it had done, when the vendor tells it. */
  readonly costMicros?: Micros | undefined;
}

/** The job goes on: it has ended already, the vendor cannot stop it, or nobody answered. */
export interface JobGoesOn {
  readonly status: 'goes-on';
  /** Why, for the operator, without secrets. */
  readonly detail: string;
}

export type CancelResult = JobStopped | JobGoesOn;

/** A report as it arrived at /webhooks/:provider. */
export interface WebhookDelivery {
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** As it came, byte for byte: signatures are over these. */
  readonly body: Uint8Array;
  readonly receivedAt: Date;
}

/** A report that is the vendor's. */
export interface WebhookAccepted {
  readonly status: 'accepted';
  readonly jobId: string;
  /** True when a signature proves whose it is; else only the address that it went to speaks for it. */
  readonly signed: boolean;
  /**
   * What it says of the job, where its signature proves it. Null when the vendor signs nothing, or says too little:
   * then the job is asked after, and the report is no more than a reason to ask.
   */
  readonly result: SubmitResult | null;
}

/** A report that is not to be believed: forged, too old, or not readable. */
export interface WebhookRejected {
  readonly status: 'rejected';
  /** A sentence for whoever sent it: what is wrong, and nothing that helps to forge a better one. */
  readonly reason: string;
}

export type WebhookReading = WebhookAccepted | WebhookRejected;

/** How far the sender's clock may be from ours before a signed report counts as replayed. */
export const WEBHOOK_TOLERANCE_SECONDS = 300;

/** Many submits in one call: without haste, and for less. */
export interface BatchSubmits {
  /** The most outputs that one call may ask for: a submit for several outputs counts as so many. */
  readonly maxItems: number;
  /**
   * Asks for several things at once, all of one `vendorModel`; their signals end the call together. Puts at most one paid
   * batch on the wire, whatever else (such as a file of requests) has to go before it free of cost. Throws nothing.
   *
   * @returns a result for each submit, in their order: `running`, with a job id of its own by which any process can find
   *   what becomes of it, or `failed` with `billed` being `no` or `unknown`.
   */
  submit(submits: readonly SubmitRequest[]): Promise<readonly SubmitResult[]>;
}

/** A vendor. */
export interface Provider {
  /** As in the catalogue: `openai`. Lower case; the part of a model's name before the slash. */
  readonly name: string;
  /** True when a call never leaves this process: it can be stopped at any time, and a crash leaves no bill behind. */
  readonly inProcess: boolean;
  /** How long one submit may take before Solvent gives it up, in milliseconds. */
  readonly timeoutMs: number;
  /** How long a job may take in all before Solvent gives it up, in milliseconds; 20 minutes unless said otherwise. */
  readonly jobTimeoutMs?: number | undefined;
  /** Asks for the thing. Puts at most one submit on the wire; throws nothing. */
  submit(submit: SubmitRequest): Promise<SubmitResult>;
  /** Present where the vendor has a lower price for what may take up to a day. Its jobs are asked after as any other. */
  readonly batch?: BatchSubmits | undefined;
  /**
   * Asks after a job that answered `running`. Free of cost; may be repeated at will. `failed` is the job's end; a question
   * that went wrong says nothing of the job and is answered `running`.
   */
  check(jobId: string, signal: AbortSignal): Promise<SubmitResult>;
  /** Asks the vendor to stop a job, and says what has come of it. Throws nothing. */
  cancel(jobId: string, signal: AbortSignal): Promise<CancelResult>;
  /** Reads the report of a job's end: who sent it, and what it says. Throws nothing. Undefined: the vendor sends none. */
  readWebhook?(delivery: WebhookDelivery): Promise<WebhookReading>;
}
