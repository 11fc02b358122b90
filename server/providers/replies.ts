/**
 * The answers of the contract that follow from what was heard in the place of an answer. They are the same for every
 * vendor; what differs is the table by which a vendor refuses, and where its envelope has the words.
 */
import {
  BROKEN,
  type Failures,
  INVALID,
  invalidBecause,
  judgeLoss,
  readRetryAfter,
  UNKNOWN_JOB,
  UNREADABLE,
  type Verdict,
} from './failure.ts';
import type { Refusal, Unheard } from './heard.ts';
import type { JobGoesOn, ProviderFailure, ProviderRunning } from './provider.ts';

/** A row of a vendor's table of refusals. What is left out fits everything; the first row that fits counts. */
export interface Term {
  readonly statuses?: readonly number[];
  /** One of the vendor's own codes for what was wrong. */
  readonly codes?: readonly string[];
  /** Words of the body, as it came. */
  readonly words?: RegExp;
  readonly verdict: Verdict;
  /** What the operator should know beside the vendor's words. */
  readonly note?: string;
}

/** What a refusal says, as far as it can be read. */
export interface Envelope {
  /** What a customer may be told when the arguments are at fault. */
  readonly words?: string | undefined;
  readonly codes?: readonly (string | undefined)[];
  /** What the operator is told in the place of the whole body. */
  readonly summary?: string | undefined;
  /** For how many seconds the vendor wants to be left alone, where `Retry-After` does not say it. */
  readonly pauseSeconds?: number | undefined;
}

/** How a vendor refuses. */
export interface RefusalTerms {
  /** A status that no row fits is one of which the vendor promises nothing: it may follow a bill. */
  readonly table: readonly Term[];
  read(refusal: Refusal): Envelope;
  /** When to ask again after a question that got no answer, in milliseconds. Missing: this vendor has no jobs. */
  readonly pollMs?: number;
}

/** What one provider answers when it heard nothing that can be used. */
export interface Replies {
  /** To a submit. */
  failure(heard: Unheard): ProviderFailure;
  /**
   * To a question after a job. That it went wrong says nothing of the job: calling it failed would give the customer's
   * money back for what is being made and will be billed. Only a 404 ends it, since asking again would give the same.
   */
  unanswered(heard: Unheard, jobId: string): ProviderRunning | ProviderFailure;
  /** To an order to stop a job. */
  goesOn(heard: Unheard): JobGoesOn;
}

/** Asked to wait for no time at all, we wait for this long. */
const POLL_LEAST_MS = 1_000;
/** Asked to wait for longer, we ask all the same: else a job would outlive its time, and what it made its address. */
const POLL_MOST_MS = 60_000;

/** The replies of one provider. */
export function createReplies(
  failures: Failures,
  { table, read, pollMs = POLL_LEAST_MS }: RefusalTerms,
): Replies {
  function judge(refusal: Refusal) {
    const { status, text } = refusal;
    const { codes = [], ...said } = read(refusal);
    const term = table.find(
      (row) =>
        (row.statuses?.includes(status) ?? true) &&
        (row.codes?.some((code) => codes.includes(code)) ?? true) &&
        (row.words?.test(text) ?? true),
    );
    return { term, ...said };
  }

  function failure(heard: Unheard): ProviderFailure {
    if ('loss' in heard) return failures.make(judgeLoss(heard.loss), heard.loss.message);
    const { status, headers, text } = heard.refusal;
    if (status >= 200 && status < 300) {
      const type = headers.get('content-type') ?? 'without a type';
      const detail = `HTTP ${status} ${type}, which is not what is documented: ${text || 'nothing'}`;
      return failures.make(UNREADABLE, detail);
    }
    const { term, words = '', summary = text, pauseSeconds } = judge(heard.refusal);
    const verdict = term?.verdict ?? BROKEN;
    return failures.make(
      verdict === INVALID ? invalidBecause(words, failures) : verdict,
      [term?.note, `HTTP ${status}`, summary].filter(Boolean).join(' '),
      { retryAfterSeconds: readRetryAfter(headers) ?? pauseSeconds },
    );
  }

  /** A 404 that the vendor gives a reason for is about something else, such as the account. */
  function isUnknownJob({ refusal }: { readonly refusal: Refusal }): boolean {
    const { term } = judge(refusal);
    return refusal.status === 404 && !term?.codes && !term?.words;
  }

  return {
    failure,
    unanswered(heard, jobId) {
      if ('refusal' in heard && isUnknownJob(heard)) {
        return failures.make(UNKNOWN_JOB, `HTTP 404 ${heard.refusal.text}`, { jobId });
      }
      const { detail, retryAfterSeconds } = failure(heard);
      const pollAfterMs =
        retryAfterSeconds === undefined
          ? pollMs
          : Math.min(Math.max(POLL_LEAST_MS, retryAfterSeconds * 1_000), POLL_MOST_MS);
      return { status: 'running', jobId, pollAfterMs, detail };
    },
    goesOn: (heard) => ({ status: 'goes-on', detail: failure(heard).detail }),
  };
}
