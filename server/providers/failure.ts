/**
 * Puts a vendor's failure into the words of the contract: a verdict out of a table, a sentence for the customer,
 * and the vendor's own words for the operator, from which secrets have been taken.
 */
import { storable } from '../database/index.ts';
import type { Micros } from '../money.ts';
import type { Billed, FailureCode, ProviderFailure } from './provider.ts';
import type { WireError } from './wire.ts';

/** A row of a vendor's table of failures. */
export interface Verdict {
  readonly code: FailureCode;
  readonly billed: Billed;
  readonly retryable: boolean;
  /** A sentence for the customer. */
  readonly message: string;
}

/** What the contract allows `detail` to hold. */
const MAX_DETAIL = 1_000;
/** The longest pause that is passed on, in seconds: a day. A header may hold any number, and the books cannot. */
const MOST_PAUSE_SECONDS = 86_400;
/** How much of a vendor's explanation a customer is shown. */
const MAX_EXPLANATION = 300;
/** How much of it is looked through for addresses: the time for that grows with the square of a text that is made for it. */
const MAX_READ = 2_000;

/** Anything that looks like a key of a vendor, also when the vendor has put stars into it. */
const KEY_LIKE = /\b(?:(?:Bearer|Basic)\s+\S+|Key\s+\S{16,}|(?:sk|r8|pk|rk)[-_][\w*.-]{6,})/g;
/** What a customer need not know: addresses, host names, and the key-like rest. */
const ADDRESS_LIKE = /\bhttps?:\/\/\S+|\b(?:[\w-]+\.)+(?:com|net|org|io|ai|dev|local|internal)\b\S*/gi;

const pauseOf = (seconds: number) => Math.min(Math.max(0, seconds), MOST_PAUSE_SECONDS);

/** Makes the failures of one provider, none of which holds its secret. */
export interface Failures {
  /**
   * @param detail the vendor's words, raw; they are redacted and cut here.
   */
  make(
    verdict: Verdict,
    detail: string,
    more?: { retryAfterSeconds?: number | undefined; jobId?: string | undefined },
  ): ProviderFailure;
  /** Of a request that is not sent, since its arguments would be turned away; the message says why. */
  unsent(message: string): ProviderFailure;
  /** What the vendor says of the caller's arguments, fit to be shown to a customer. Empty when nothing is left. */
  explain(words: string): string;
  /** A text for the operator, without secrets and as short as `detail` may be. */
  redact(detail: string): string;
}

/**
 * @param secrets the key, in each form in which it travels: none appears in anything that is made here, even if the
 *   vendor says it back.
 */
export function createFailures(...secrets: string[]): Failures {
  const known = secrets.filter((secret) => secret !== '');
  const redact = (text: string) =>
    known.reduce((left, secret) => left.replaceAll(secret, '[key]'), text).replace(KEY_LIKE, '[key]');
  // Redacted before it is cut: half a key at the edge would no longer be recognised.
  const brief = (detail: string) => storable(redact(detail).slice(0, MAX_DETAIL));
  const make: Failures['make'] = (verdict, detail, more = {}) => ({
    status: 'failed',
    ...verdict,
    message: storable(redact(verdict.message)),
    detail: brief(detail),
    ...(more.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: pauseOf(more.retryAfterSeconds) }),
    ...(more.jobId === undefined ? {} : { jobId: more.jobId }),
  });
  return {
    make,
    unsent: (message) => make({ ...INVALID, message }, message),
    redact: brief,
    explain(words) {
      const text = redact(words).slice(0, MAX_READ).replace(ADDRESS_LIKE, '').replace(/\s+/g, ' ').trim();
      return text.slice(0, MAX_EXPLANATION);
    },
  };
}

/** The vendor does not take these arguments. */
export const INVALID: Verdict = {
  code: 'INVALID_INPUT',
  billed: 'no',
  retryable: false,
  message: 'The provider does not take these arguments.',
};

/** {@link INVALID}, with what the vendor says of the arguments where it is fit to be shown. */
export function invalidBecause(words: string, failures: Failures): Verdict {
  const explanation = failures.explain(words);
  if (!explanation) return INVALID;
  return { ...INVALID, message: `The provider does not take these arguments: ${explanation}` };
}

/** The operator's affair: a key, an account, credit, or a model's name. Asking again changes nothing. */
export const MISCONFIGURED: Verdict = {
  code: 'PROVIDER_UNAVAILABLE',
  billed: 'no',
  retryable: false,
  message: 'The provider is not available at the moment.',
};

/** Turned away for the time being. */
export const BUSY: Verdict = {
  code: 'PROVIDER_UNAVAILABLE',
  billed: 'no',
  retryable: true,
  message: 'The provider has too much to do at the moment. Please try again later.',
};

/** Something went wrong on the vendor's side, and nobody says whether it is billed. */
export const BROKEN: Verdict = {
  code: 'PROVIDER_UNAVAILABLE',
  billed: 'unknown',
  retryable: true,
  message: 'The provider failed to make this.',
};

/** The vendor has made what it bills, whether it can be had or not. */
export const NO_FILE: Verdict = {
  ...BROKEN,
  billed: 'yes',
  message: 'The provider made nothing that can be fetched.',
};

/** The vendor will not make this for anybody. Who bills it all the same says so. */
export const REFUSED: Verdict = {
  code: 'CONTENT_REFUSED',
  billed: 'no',
  retryable: false,
  message: "The provider's safety system refuses this prompt, or what was made from it.",
};

/** A job that was stopped, by whomever. */
export const STOPPED: Verdict = { ...BROKEN, message: 'The provider stopped before it was finished.' };

/** An answer that is not what the vendor documents, so that the request may have been carried out. */
export const UNREADABLE: Verdict = {
  ...BROKEN,
  message: 'The provider gave an answer that cannot be read.',
};

/** A question after a job that the vendor has never heard of. */
export const UNKNOWN_JOB: Verdict = { ...BROKEN, message: 'The provider does not know this job.' };

/** A failure of which the vendor has told the cost; as it is where it has told none (null). */
export function withCost(failure: ProviderFailure, costMicros: Micros | null): ProviderFailure {
  if (costMicros === null) return failure;
  return costMicros > 0n ? { ...failure, billed: 'yes', costMicros } : { ...failure, billed: 'no' };
}

/**
 * The verdict on a request that got no complete answer; the same for every vendor, since it follows from the
 * socket and not from a vendor's promise. What never left is not billed. What left may have been carried out: no
 * vendor here promises to stop, or to bill nothing, when the caller hangs up.
 */
export function judgeLoss(error: WireError): Verdict {
  const billed = error.sent ? 'unknown' : 'no';
  const message =
    error.loss === 'aborted'
      ? 'The request was stopped before the provider answered.'
      : error.loss === 'late'
        ? 'The provider did not answer in time.'
        : error.loss === 'unreadable' || error.loss === 'too-long'
          ? UNREADABLE.message
          : error.sent
            ? 'The connection to the provider broke before it answered.'
            : 'The provider cannot be reached at the moment.';
  return { code: 'PROVIDER_UNAVAILABLE', billed, retryable: true, message };
}

/**
 * How long a vendor asks to be left alone for: `retry-after-ms`, else `retry-after` in seconds or as an HTTP date.
 * OpenAI sends the first beside the second (openai/client.js, retryRequest, reads both in this order).
 *
 * @returns whole seconds, rounded up, or undefined when neither header can be read.
 */
export function readRetryAfter(headers: Headers | undefined, now: number = Date.now()): number | undefined {
  const milliseconds = headers?.get('retry-after-ms');
  if (milliseconds && /^\d+(\.\d+)?$/.test(milliseconds)) return Math.ceil(Number(milliseconds) / 1000);
  const value = headers?.get('retry-after');
  if (!value) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value));
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}
