/**
 * Jobs that are asked after by GET and stopped by DELETE, where a DELETE that comes too late deletes what was made. What
 * such vendors' jobs look like is each vendor's own affair; what follows from them is the same.
 */
import { type Failures, UNKNOWN_JOB } from './failure.ts';
import { failureOf, type Heard, type RefusalTerms } from './heard.ts';
import type { CancelResult, Provider, SubmitResult } from './provider.ts';

/** What one vendor brings to it. */
export interface JobVendor {
  /** Asks after a job. */
  get(jobId: string, signal: AbortSignal): Promise<Heard>;
  /** Stops a job that runs, and deletes one that has ended. */
  remove(jobId: string, signal: AbortSignal): Promise<Heard>;
  /** What a job says of itself; undefined for an answer that is no job. */
  read(answer: unknown): SubmitResult | undefined;
  /** When to ask again after a question that got no answer, in milliseconds. */
  readonly pollMs: number;
  readonly terms: RefusalTerms;
  readonly failures: Failures;
}

/** A vendor's answers to `check` and `cancel`. Neither throws anything. */
export function followJobs(vendor: JobVendor): Pick<Provider, 'check' | 'cancel'> {
  const { get, remove, read, pollMs, terms, failures } = vendor;
  const readHeard = (heard: Heard) => ('answer' in heard ? read(heard.answer) : undefined);

  return {
    /**
     * A question that got no answer says nothing of the job. Calling it failed would give the customer's money back for
     * what is being made and will be billed. Only a 404 ends it, since asking again would give the same answer.
     */
    async check(jobId, signal) {
      const heard = await get(jobId, signal);
      const known = readHeard(heard);
      if (known) return known;
      const { detail, retryAfterSeconds } = await failureOf(heard, terms, failures);
      if ('refusal' in heard && heard.refusal.status === 404) {
        return failures.make(UNKNOWN_JOB, detail, { jobId });
      }
      const pollAfterMs =
        retryAfterSeconds === undefined ? pollMs : Math.max(1_000, retryAfterSeconds * 1_000);
      return { status: 'running', jobId, pollAfterMs, detail };
    },

    /**
     * Asks first, lest it delete what was made; and asks once more after it, since the answer to a DELETE is empty and the
     * job may tell what it cost. Where it does not, or is not there any more, the bill is unknown.
     */
    async cancel(jobId, signal) {
      const before = await get(jobId, signal);
      const known = readHeard(before);
      if (!known) return { status: 'goes-on', detail: (await failureOf(before, terms, failures)).detail };
      const ended = settle(known);
      if (ended) return ended;
      const removed = await remove(jobId, signal);
      if (!('answer' in removed)) {
        return { status: 'goes-on', detail: (await failureOf(removed, terms, failures)).detail };
      }
      const after = readHeard(await get(jobId, signal));
      return (after && settle(after)) ?? { status: 'stopped', billed: 'unknown' };
    },
  };
}

/** What an order to stop comes to for a job that has ended; undefined while it runs. */
function settle(known: SubmitResult): CancelResult | undefined {
  if (known.status === 'running') return undefined;
  if (known.status === 'succeeded') return { status: 'goes-on', detail: 'The job has succeeded already.' };
  const { billed, costMicros } = known;
  return { status: 'stopped', billed, ...(costMicros === undefined ? {} : { costMicros }) };
}
