/** Jobs: what the vendors that have them answer alike, and what those answer that have none. */
import { type Failures, UNKNOWN_JOB } from './failure.ts';
import type { Heard } from './heard.ts';
import type { CancelResult, Provider, ProviderRunning, SubmitResult } from './provider.ts';
import type { Replies } from './replies.ts';

/** A job that is being worked on. @param progress what the vendor tells of it, if that is a number from 0 to 1. */
export function running(jobId: string, pollAfterMs: number, progress?: unknown): ProviderRunning {
  return {
    status: 'running',
    jobId,
    pollAfterMs,
    ...(typeof progress === 'number' ? { progress: Math.min(1, Math.max(0, progress)) } : {}),
  };
}

/** What an order to stop comes to, by how the job stands after it. */
export function stoppedAs(jobId: string, known: SubmitResult): CancelResult {
  if (known.status !== 'failed') {
    const stands = known.status === 'running' ? 'is running' : 'has succeeded already';
    return { status: 'goes-on', detail: `Job ${jobId} ${stands}.` };
  }
  const { billed, costMicros } = known;
  return { status: 'stopped', billed, ...(costMicros === undefined ? {} : { costMicros }) };
}

/** `check` and `cancel` of a vendor that answers at once or not at all. */
export function withoutJobs(title: string, failures: Failures): Pick<Provider, 'check' | 'cancel'> {
  return {
    check: async (jobId) =>
      failures.make(UNKNOWN_JOB, `${title} has no jobs, so "${jobId}" is none of its.`, { jobId }),
    cancel: async () => ({ status: 'goes-on', detail: `${title} has no jobs to stop.` }),
  };
}

/** What a vendor brings whose jobs are asked after by GET and stopped by DELETE. */
export interface RemovableJobs {
  /** Asks after a job. */
  get(jobId: string, signal: AbortSignal): Promise<Heard<SubmitResult>>;
  /** Stops a job that runs, and deletes one that has ended, with what it made. */
  remove(jobId: string, signal: AbortSignal): Promise<Heard<unknown>>;
  readonly replies: Replies;
}

/** `check` and `cancel` of such a vendor. */
export function removableJobs({ get, remove, replies }: RemovableJobs): Pick<Provider, 'check' | 'cancel'> {
  return {
    async check(jobId, signal) {
      const heard = await get(jobId, signal);
      return 'answer' in heard ? heard.answer : replies.unanswered(heard, jobId);
    },

    /**
     * Asks first, lest it delete what was made; and asks once more after it, since the answer to a DELETE is empty and the
     * job may tell what it cost. Where it does not, or is not there any more, the bill is unknown.
     */
    async cancel(jobId, signal) {
      const before = await get(jobId, signal);
      if (!('answer' in before)) return replies.goesOn(before);
      if (before.answer.status !== 'running') return stoppedAs(jobId, before.answer);
      const removed = await remove(jobId, signal);
      if (!('answer' in removed)) return replies.goesOn(removed);
      const after = await get(jobId, signal);
      if ('answer' in after && after.answer.status !== 'running') return stoppedAs(jobId, after.answer);
      return { status: 'stopped', billed: 'unknown' };
    },
  };
}
