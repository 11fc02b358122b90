/** One call to a provider from submit to result: its deadline, its job's polling, its cancelling. */
import { hash } from 'node:crypto';
import type {
  Provider,
  ProviderFailure,
  ProviderRunning,
  SubmitRequest,
  SubmitResult,
} from '../providers/index.ts';

type FinalResult = Exclude<SubmitResult, { status: 'running' }>;

/** Vendors ask for a stable name of the end user to fight abuse by; they need not learn ours. */
export function endUserOf(accountId: string): string {
  return hash('sha256', `solvent:${accountId}`).slice(0, 32);
}

/** Sleeps, or wakes early when the signal comes. */
function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
  });
}

const GIVEN_UP: ProviderFailure = {
  status: 'failed',
  code: 'PROVIDER_UNAVAILABLE',
  billed: 'unknown',
  retryable: true,
  message: 'The provider took too long. Your credits are back; please try again.',
  detail: 'The job was not done within the time that Solvent gives a job.',
};

/**
 * Asks after a job until it is done, the caller aborts or its time is over. A question that goes wrong says nothing of the
 * job: providers answer `running` to it.
 */
export async function poll(
  provider: Provider,
  first: ProviderRunning,
  abort: AbortSignal,
  maxMs: number,
): Promise<FinalResult> {
  const until = performance.now() + maxMs;
  let answer: SubmitResult = first;
  let pause = first.pollAfterMs;
  while (answer.status === 'running') {
    if (abort.aborted || performance.now() >= until) {
      const canceled = await provider.cancel(first.jobId, AbortSignal.timeout(10_000));
      const billed = canceled.status === 'stopped' ? canceled.billed : 'unknown';
      return { ...GIVEN_UP, billed, jobId: first.jobId };
    }
    await sleep(pause, abort);
    const next: SubmitResult = await provider.check(
      first.jobId,
      AbortSignal.any([abort, AbortSignal.timeout(provider.timeoutMs)]),
    );
    answer = next;
    if (next.status === 'running') pause = next.pollAfterMs;
  }
  return answer;
}

/**
 * Submits once and follows the job, if it becomes one.
 *
 * @param onJob keeps the vendor's job id; polling begins when it has resolved.
 */
export async function follow(options: {
  readonly provider: Provider;
  readonly submit: Omit<SubmitRequest, 'signal'>;
  readonly abort: AbortSignal;
  readonly maxMs: number;
  readonly onJob: (jobId: string) => Promise<void>;
}): Promise<FinalResult> {
  const { provider, submit, abort } = options;
  const deadline = new AbortController();
  // A timer of our own rather than AbortSignal.timeout: it ends with the call instead of lingering behind it.
  const timer = setTimeout(() => deadline.abort(), provider.timeoutMs);
  const stop = () => deadline.abort();
  abort.addEventListener('abort', stop, { once: true });
  let result: SubmitResult;
  try {
    result = await provider.submit({ ...submit, signal: deadline.signal });
  } finally {
    clearTimeout(timer);
    abort.removeEventListener('abort', stop);
  }
  if (result.status !== 'running') return result;
  await options.onJob(result.jobId);
  return poll(provider, result, abort, options.maxMs);
}
