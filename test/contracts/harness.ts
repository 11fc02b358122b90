/** How a provider comes into the suite that holds for all of them: what to ask of it, and what can be done to it. */
import type { Micros } from '../../server/money.ts';
import type {
  CancelResult,
  GenerationRequest,
  InputFile,
  Provider,
  ProviderFailure,
  WebhookDelivery,
} from '../../server/providers/provider.ts';
import type { HttpVendor } from '../support/vendors/http-vendor.ts';

/** Makes sure that the next submit meets a certain fate, and gives the request to submit. */
export type Arrange = (request: GenerationRequest) => GenerationRequest;

/** A provider under test and what can be done to it. What is missing skips the tests that need it. */
export interface ProviderSession extends AsyncDisposable {
  readonly provider: Provider;
  /** Present when calls leave the process. */
  readonly wire?: {
    readonly vendor: HttpVendor;
    /** What the provider was given as its key. */
    readonly key: string;
    /** The same provider, but its vendor's port refuses connections. */
    refused(): Promise<Provider>;
  };
  /** False when every submit becomes a job. */
  readonly answersAtOnce?: boolean;
  /** Present when a submit may answer `running`. */
  readonly jobs?: {
    /** The next submit answers `running`. */
    readonly arrange: Arrange;
    finish(jobId: string): void | Promise<void>;
    /** Lets the job be this far, from 0 to 1. Missing: the vendor does not tell. */
    progress?(jobId: string, fraction: number): void;
    /** Ends the job without a result, through the vendor's own fault. */
    fail?(jobId: string): void;
    /** Ends the job because its content is refused. */
    refuse?(jobId: string): void;
  };
  /** Present when the vendor reports its jobs' ends. */
  readonly webhooks?: {
    /** True when the vendor signs its reports; else the address that they go to is all that speaks for them. */
    readonly signed: boolean;
    /** What the vendor would POST of a job as it stands now, at this instant, signed as it signs. */
    deliver(jobId: string, at: Date): WebhookDelivery | Promise<WebhookDelivery>;
  };
  /** The vendor's safety system refuses the next submit. */
  readonly refuse?: Arrange;
  /** The vendor does not take these arguments. */
  readonly invalid?: Arrange;
  /** The next submit makes nothing and is billed. */
  readonly billedFailure?: Arrange;
}

/** What a failure is, without its texts. */
export interface Expected {
  readonly code: ProviderFailure['code'];
  readonly billed: ProviderFailure['billed'];
  readonly retryable: boolean;
  readonly retryAfterSeconds?: number;
  readonly costMicros?: Micros;
}

export interface ProviderHarness {
  readonly model: string;
  readonly vendorModel: string;
  /** A request for one output that succeeds. */
  readonly request: GenerationRequest;
  /** The file that the request's URL leads to, for operations that need one. */
  readonly input?: InputFile;
  /** What is made: `image/png` when not said. */
  readonly contentType?: 'image/png' | 'image/svg+xml' | 'video/mp4';
  /** The most outputs of one submit that are tried: 2 when not said. */
  readonly maxCount?: 1 | 2;
  /** False when a job that runs cannot be stopped. */
  readonly cancelable?: boolean;
  /** A request that this provider has no operation for. */
  readonly unsupported: GenerationRequest;
  /** What the answer says of the cost of so many pictures; null when it says nothing. */
  costMicros(count: number): Micros | null;
  /** Where this vendor's terms differ from the suite's. */
  readonly expected?: {
    readonly overloaded?: Partial<Expected>;
    /** An internal error, or a gateway's time-out: may follow a bill when not said. */
    readonly serverError?: Partial<Expected>;
    readonly billedFailure?: Partial<Expected>;
    readonly unknownJob?: Partial<Expected>;
    /** A job that was stopped while it ran, when it is asked after. */
    readonly canceledJob?: Partial<Expected>;
    /** A job that failed through the vendor's own fault. */
    readonly failedJob?: Partial<Expected>;
    /** A job whose content was refused. */
    readonly refusedJob?: Partial<Expected>;
    readonly stopped?: Partial<CancelResult>;
  };
  start(options?: { readonly timeoutMs?: number }): Promise<ProviderSession>;
}
