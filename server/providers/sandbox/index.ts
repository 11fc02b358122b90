/**
 * A vendor that is not there. It stands in for every model of the catalogue without a key or a network, makes real
 * files, and misbehaves on request (see `directives.ts`), so that a newcomer's first start, a demonstration and a
 * test can all be had for nothing. What it costs is null: the catalogue's cost of the model that it stands in for
 * is booked.
 *
 * It never leaves the process, so what it does not bill is known; only `[sandbox:unknown]` pretends otherwise.
 */
import { once } from 'node:events';
import type { Clock } from '../../clock.ts';
import { newId } from '../../ids.ts';
import type {
  Billed,
  CancelResult,
  Provider,
  ProviderFailure,
  ProviderOutput,
  ProviderRunning,
  ProviderSuccess,
  SubmitRequest,
  SubmitResult,
} from '../provider.ts';
import { type Directives, type Ending, readDirectives } from './directives.ts';
import { type Job, jobIdOf, readJobId } from './job.ts';
import { type Order, readOrder } from './order.ts';
import { paintAnimation, paintPicture } from './paint.ts';
import { drawVector } from './vector.ts';

/** How the sandbox behaves. */
export interface SandboxOptions {
  /** Decides when a job is done. */
  readonly clock: Clock;
  /**
   * `instant` (the default) answers without any timer, for tests and measurements. `plausible` takes its time as a
   * vendor does: a picture for part of a second, while videos and dubbing are jobs of two to four seconds, so that
   * RUNNING and the subscription can be seen.
   */
  readonly speed?: 'instant' | 'plausible';
  /** How long one submit may take; matters for `[sandbox:hang]` and `[sandbox:slow]`. A minute unless said otherwise. */
  readonly timeoutMs?: number;
}

const USUAL_TIMEOUT_MS = 60_000;
const MOST_REMEMBERED_BYTES = 16 * 1024 * 1024;
const MOST_REMEMBERED_CANCELS = 10_000;
const LEAST_POLL_MS = 50;
const MOST_POLL_MS = 1_000;

/** Makes a sandbox. */
export function createSandbox(options: SandboxOptions): Provider {
  const { clock, speed = 'instant', timeoutMs = USUAL_TIMEOUT_MS } = options;
  const render = createRenderer();
  // A job's id cannot say that the job was canceled later, so this much is remembered, and a restart forgets it: the
  // job is then done as if nothing had been said, which costs nothing here.
  const canceled = new Set<string>();

  async function submit(call: SubmitRequest): Promise<SubmitResult> {
    const { signal } = call;
    if (signal.aborted) return stopped('succeed');
    const read = readDirectives(call.request);
    if ('problem' in read) return invalid(read.problem);
    const { directives, request } = read;
    const decided = readOrder(request, call.model);
    if ('problem' in decided) return invalid(decided.problem);
    const { order } = decided;

    const jobMs = directives.jobMs ?? (speed === 'plausible' ? plausibleJobMs(order) : null);
    const waitMs = directives.slowMs ?? (speed === 'plausible' ? plausibleWaitMs(order) : 0);
    if (directives.hang) await abortOf(signal);
    else if (waitMs > 0) await pause(waitMs, signal);
    if (signal.aborted) return stopped(directives.ending);
    if (jobMs === null) return finish(directives, order, signal);
    const started = clock.now().getTime();
    const job = { id: newId(), started, ready: started + jobMs, order, ...endingOf(directives) };
    return running(job, jobIdOf(job), started);
  }

  async function check(jobId: string, signal: AbortSignal): Promise<SubmitResult> {
    const job = readJobId(jobId);
    if (!job) {
      return failed('no', {
        retryable: true,
        message: 'The sandbox does not know this job.',
        detail: 'The id is not one that the sandbox gave: its checksum or its form is wrong.',
        jobId,
      });
    }
    if (canceled.has(jobId)) {
      return failed('no', {
        retryable: true,
        message: 'The job was canceled.',
        detail: 'The sandbox was asked to cancel this job.',
        jobId,
      });
    }
    const now = clock.now().getTime();
    if (now < job.ready) return running(job, jobId, now);
    const result = await finish(job, job.order, signal);
    // Whoever stops asking does not stop the job: the truthful answer is that it is not known to be over.
    return signal.aborted ? running(job, jobId, now) : { ...result, jobId };
  }

  async function cancel(jobId: string): Promise<CancelResult> {
    const job = readJobId(jobId);
    if (!job) return { status: 'goes-on', detail: 'The sandbox knows no such job.' };
    const { billed } = stopped(job.ending);
    if (canceled.has(jobId)) return { status: 'stopped', billed };
    if (clock.now().getTime() >= job.ready) return { status: 'goes-on', detail: 'The job has ended.' };
    canceled.add(jobId);
    for (const oldest of canceled) {
      if (canceled.size <= MOST_REMEMBERED_CANCELS) break;
      canceled.delete(oldest);
    }
    return { status: 'stopped', billed };
  }

  async function finish(
    asked: Pick<Job, 'ending' | 'retryAfterSeconds'>,
    order: Order,
    signal: AbortSignal,
  ): Promise<ProviderSuccess | ProviderFailure> {
    const failure = failureOf(asked);
    if (failure) return failure;
    const outputs = await render(order, signal);
    if (!outputs) return stopped(asked.ending);
    return { status: 'succeeded', outputs, costMicros: null };
  }

  return {
    name: 'sandbox',
    inProcess: true,
    timeoutMs,
    submit: (call) => submit(call).catch(broken),
    check: (jobId, signal) => check(jobId, signal).catch(broken),
    cancel: (jobId) =>
      cancel(jobId).catch((error: unknown) => ({ status: 'goes-on', detail: broken(error).detail })),
  };
}

/**
 * Draws orders, and remembers the newest few megabytes of them: an equal order is an equal file, and a measurement of
 * everything else should not be one of painting. Answers null once the signal has been aborted.
 */
function createRenderer(): (order: Order, signal: AbortSignal) => Promise<readonly ProviderOutput[] | null> {
  const remembered = new Map<string, { outputs: readonly ProviderOutput[]; bytes: number }>();
  let rememberedBytes = 0;
  return async (order, signal) => {
    const key = JSON.stringify(order);
    const known = remembered.get(key);
    if (known) {
      remembered.delete(key);
      remembered.set(key, known);
      return known.outputs;
    }
    const outputs: ProviderOutput[] = [];
    let bytes = 0;
    for (let index = 0; index < order.count; index += 1) {
      const file = await draw(order, (order.seed + index) >>> 0);
      if (signal.aborted) return null;
      outputs.push(file);
      bytes += file.content.length;
    }
    if (bytes <= MOST_REMEMBERED_BYTES && !remembered.has(key)) {
      remembered.set(key, { outputs, bytes });
      rememberedBytes += bytes;
      for (const [oldest, entry] of remembered) {
        if (rememberedBytes <= MOST_REMEMBERED_BYTES) break;
        remembered.delete(oldest);
        rememberedBytes -= entry.bytes;
      }
    }
    return outputs;
  };
}

async function draw(order: Order, seed: number): Promise<ProviderOutput & { readonly content: Uint8Array }> {
  const { width, height } = order;
  switch (order.kind) {
    case 'picture':
    case 'cutout':
      return { content: await paintPicture(order, seed), contentType: 'image/png', width, height };
    case 'vector':
      return { content: drawVector(order, seed), contentType: 'image/svg+xml', width, height };
    case 'animation': {
      const durationSeconds = order.durationSeconds ?? undefined;
      return {
        content: await paintAnimation(order, seed),
        contentType: 'image/apng',
        width,
        height,
        durationSeconds,
      };
    }
  }
}

function failureOf(asked: Pick<Job, 'ending' | 'retryAfterSeconds'>): ProviderFailure | null {
  switch (asked.ending) {
    case 'succeed':
      return null;
    case 'fail':
      return failed('no', {
        retryable: true,
        message: 'The provider is unavailable at the moment.',
        detail: 'The prompt asked for it with [sandbox:fail].',
      });
    case 'refuse':
      return failed('no', {
        code: 'CONTENT_REFUSED',
        retryable: false,
        message: 'The provider refuses to make this.',
        detail: 'The prompt asked for it with [sandbox:refuse].',
      });
    case 'rate-limit':
      return failed('no', {
        retryable: true,
        message: 'The provider has too much to do at the moment.',
        detail: 'The prompt asked for it with [sandbox:rate-limit].',
        ...(asked.retryAfterSeconds === null ? {} : { retryAfterSeconds: asked.retryAfterSeconds }),
      });
    case 'bill-failure':
      return failed('yes', {
        retryable: true,
        message: 'The provider could not make this.',
        detail: 'The prompt asked for a billed failure with [sandbox:bill-failure].',
      });
    case 'unknown':
      return failed('unknown', {
        retryable: true,
        message: 'The provider gave an answer that could not be read.',
        detail: 'The prompt asked for a failure of unknown cost with [sandbox:unknown].',
      });
  }
}

/** The caller gave up; a directive can make that as costly as it would be with a real vendor. */
function stopped(ending: Ending): ProviderFailure {
  const billed: Billed = ending === 'unknown' ? 'unknown' : ending === 'bill-failure' ? 'yes' : 'no';
  return failed(billed, {
    retryable: true,
    message: 'It was stopped before it was finished.',
    detail: 'The caller aborted the call, for its deadline or for a cancellation.',
  });
}

function invalid(problem: string): ProviderFailure {
  return failed('no', {
    code: 'INVALID_INPUT',
    retryable: false,
    message: problem,
    detail: problem.slice(0, 1000),
  });
}

function broken(error: unknown): ProviderFailure {
  return failed('no', {
    retryable: false,
    message: 'The sandbox could not make this.',
    detail: `A defect of the sandbox: ${String(error)}`.slice(0, 1000),
  });
}

function failed(
  billed: Billed,
  rest: Pick<ProviderFailure, 'retryable' | 'message' | 'detail'> &
    Partial<Pick<ProviderFailure, 'code' | 'retryAfterSeconds' | 'jobId'>>,
): ProviderFailure {
  return { status: 'failed', code: 'PROVIDER_UNAVAILABLE', billed, ...rest };
}

function running(job: Job, jobId: string, now: number): ProviderRunning {
  const left = Math.max(0, job.ready - now);
  const whole = Math.max(1, job.ready - job.started);
  return {
    status: 'running',
    jobId,
    pollAfterMs: Math.min(MOST_POLL_MS, Math.max(LEAST_POLL_MS, left)),
    // A clock that was set back must not show less than nothing.
    progress: Math.min(1, Math.max(0, (now - job.started) / whole)),
  };
}

function endingOf(directives: Directives): Pick<Job, 'ending' | 'retryAfterSeconds'> {
  return { ending: directives.ending, retryAfterSeconds: directives.retryAfterSeconds };
}

/** Two to four seconds for what moves; the seed decides, so that a repetition takes as long. */
function plausibleJobMs(order: Order): number | null {
  return order.kind === 'animation' ? 2_000 + (order.seed % 2_000) : null;
}

function plausibleWaitMs(order: Order): number {
  return order.kind === 'animation' ? 120 : 350 + (order.seed % 450);
}

/** Resolves after so many milliseconds or at once when the signal is aborted, and leaves neither timer nor listener. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const wake = () => resolve();
  signal.addEventListener('abort', wake, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', wake);
}

async function abortOf(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
