/**
 * Midjourney, through a gateway that the operator runs and answers for.
 *
 * **Midjourney has no public API, and its terms forbid automation and resale to whom it has not granted them.** Nothing
 * here gets round that: this file speaks to an address that the operator has set up, in a contract of Solvent's own, and
 * does nothing without one. The contract, and what the operator takes upon himself, is in midjourney-gateway.md.
 *
 * Since the contract is ours, so are its promises: a job's `cost` alone says whether a job without a result is billed,
 * and a gateway's word is taken for no more than what is written there.
 */
import { type Micros, parseDecimal } from '../money.ts';
import {
  BROKEN,
  BUSY,
  createFailures,
  type Failures,
  INVALID,
  MISCONFIGURED,
  NO_FILE,
  REFUSED,
  STOPPED,
  type Verdict,
  withCost,
} from './failure.ts';
import { isAddress } from './files.ts';
import { callJson, hear, pathPart } from './heard.ts';
import { running, stoppedAs } from './jobs.ts';
import { listOf, memberOf, textOf } from './json.ts';
import type { Provider, ProviderFailure, ProviderOutput, SubmitRequest, SubmitResult } from './provider.ts';
import { createReplies, type RefusalTerms } from './replies.ts';
import { readStandardWebhook } from './standard-webhooks.ts';

/** How the operator's gateway is reached. */
export interface MidjourneyOptions {
  /** What the paths of the contract are below: `https://gateway.example/v1`. There is no default. */
  readonly gatewayUrl: string;
  /** Sent as a bearer token. Undefined where the gateway asks for none, such as one within the same network. */
  readonly apiKey?: string | undefined;
  /** How long one request may take. The gateway answers a submit at once, and works afterwards. */
  readonly timeoutMs?: number;
  /** What the gateway signs its reports with, `whsec_…`. Without it a report is no more than a reason to ask. */
  readonly webhookSecret?: string | undefined;
}

const TIMEOUT_MS = 30_000;
/** A picture takes about a minute. */
const POLL_MS = 3_000;

/** Midjourney, through the operator's gateway, as a provider. */
export function createMidjourney(options: MidjourneyOptions): Provider {
  const { gatewayUrl, apiKey, webhookSecret, timeoutMs = TIMEOUT_MS } = options;
  const failures = createFailures(apiKey ?? '', webhookSecret ?? '');

  const replies = createReplies(failures, REFUSALS);

  /** One request, and how the job stands by its answer: every answer of the contract is a job. */
  const ask = (signal: AbortSignal, path: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set('accept', 'application/json');
    if (apiKey !== undefined) headers.set('authorization', `Bearer ${apiKey}`);
    return hear(
      signal,
      timeoutMs,
      callJson(`${gatewayUrl}${path}`, { ...init, headers }, (body) => readJob(body, failures)),
    );
  };

  return {
    name: 'midjourney',
    inProcess: false,
    timeoutMs,

    async submit(submit) {
      const body = bodyOf(submit);
      if (typeof body === 'string') return failures.unsent(body);
      const heard = await ask(submit.signal, '/jobs', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': submit.generationId },
        body: JSON.stringify(body),
      });
      return 'answer' in heard ? heard.answer : replies.failure(heard);
    },

    async check(jobId, signal) {
      const heard = await ask(signal, `/jobs/${pathPart(jobId)}`);
      return 'answer' in heard ? heard.answer : replies.unanswered(heard, jobId);
    },

    async cancel(jobId, signal) {
      const heard = await ask(signal, `/jobs/${pathPart(jobId)}/cancel`, { method: 'POST' });
      return 'answer' in heard ? stoppedAs(jobId, heard.answer) : replies.goesOn(heard);
    },

    readWebhook: async (delivery) =>
      readStandardWebhook(delivery, webhookSecret, (body) => readJob(body, failures)),
  };
}

// ------------------------------------------------------------------------------------------------------ submit

/**
 * Midjourney reads parameters and permutations out of a prompt: `--repeat 40` and `{a, b, c}` make one prompt into as
 * many jobs, each of them billed. A customer pays for one. Keyboards that turn two hyphens into a dash are known to it.
 */
const PARAMETERS = /(?:^|\s)(?:--|—)[a-z]/i;

/** Whether a comma stands within braces that close again, which may lie within each other: `{red, {green}}`. */
function hasPermutations(prompt: string): boolean {
  /** Of each brace that is open, whether a comma has come since. */
  const open: boolean[] = [];
  for (const [mark] of prompt.matchAll(/[{},]/g)) {
    if (mark === '{') open.push(false);
    else if (mark === ',') open.fill(true, -1);
    else if (open.pop()) return true;
  }
  return false;
}

/** What goes on the wire, or a sentence that says why nothing does. */
function bodyOf({ vendorModel, request, endUser, webhookUrl }: SubmitRequest): object | string {
  if (request.operation !== 'GENERATE_IMAGE') return 'This provider only generates images.';
  if (!request.prompt) return 'A prompt is needed.';
  if (PARAMETERS.test(request.prompt) || hasPermutations(request.prompt)) {
    return 'This provider takes no parameters (such as --ar) and no permutations (in braces) within a prompt.';
  }
  // What is undefined is no part of JSON.
  return {
    model: vendorModel,
    prompt: request.prompt,
    count: request.count,
    size: request.size,
    aspectRatio: request.aspectRatio,
    quality: request.quality,
    seed: request.seed,
    user: endUser,
    webhookUrl,
  };
}

// -------------------------------------------------------------------------------------------------------- job

/** How a job stands; undefined for an answer that is none. The cost says who pays for one that made nothing. */
function readJob(job: unknown, failures: Failures): SubmitResult | undefined {
  const jobId = textOf(memberOf(job, 'id'));
  const status = memberOf(job, 'status');
  if (jobId === undefined || typeof status !== 'string') return undefined;
  const costMicros = readCost(memberOf(job, 'cost'));
  const reason = textOf(memberOf(job, 'error', 'message')) ?? 'no reason is told';
  const end = (verdict: Verdict, detail: string): ProviderFailure =>
    withCost(failures.make({ ...verdict, billed: 'unknown' }, detail, { jobId }), costMicros);
  switch (status) {
    case 'succeeded': {
      const outputs = readOutputs(memberOf(job, 'outputs'));
      if (outputs.length > 0) return { status: 'succeeded', outputs, costMicros, jobId };
      return end(
        NO_FILE,
        `Job ${jobId} succeeded without a file: ${JSON.stringify(memberOf(job, 'outputs'))}`,
      );
    }
    case 'refused':
      return end(REFUSED, `Job ${jobId} was refused: ${reason}`);
    case 'failed':
      return end(BROKEN, `Job ${jobId} failed: ${reason}`);
    case 'canceled':
      return end(STOPPED, `Job ${jobId} was canceled.`);
    default:
      // `queued`, `running`, and whatever a gateway may add that is no end.
      return running(jobId, POLL_MS, memberOf(job, 'progress'));
  }
}

/** Decimal dollars as a text, at most six digits after the point. Anything else, a number included, tells nothing. */
function readCost(cost: unknown): Micros | null {
  if (typeof cost !== 'string') return null;
  try {
    const micros = parseDecimal(cost);
    return micros < 0n ? null : micros;
  } catch {
    return null;
  }
}

function readOutputs(outputs: unknown): ProviderOutput[] {
  return listOf(outputs).flatMap((output) => {
    const url = memberOf(output, 'url');
    if (!isAddress(url)) return [];
    const [width, height] = [memberOf(output, 'width'), memberOf(output, 'height')];
    return {
      content: { url },
      contentType: textOf(memberOf(output, 'contentType')) ?? 'image/png',
      ...(isLength(width) && isLength(height) ? { width, height } : {}),
    };
  });
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

// --------------------------------------------------------------------------------------------------- failures

/**
 * Refusals of a request, by status. By the contract a 4xx has made no job, and only jobs cost anything: `no`. A 5xx may
 * come from whatever stands before the gateway, after the gateway has begun: `unknown`, as for any status that is not in
 * this table. Repeating it with the same key starts no second job.
 */
const REFUSALS: RefusalTerms = {
  pollMs: POLL_MS,
  table: [
    { statuses: [400, 413, 422], verdict: INVALID },
    { statuses: [401], verdict: MISCONFIGURED, note: 'The gateway refused the key.' },
    { statuses: [402], verdict: MISCONFIGURED, note: 'The account behind the gateway has nothing left.' },
    { statuses: [403], verdict: MISCONFIGURED, note: 'The gateway does not allow this.' },
    {
      statuses: [404],
      verdict: MISCONFIGURED,
      note: 'The gateway does not know the model, or its address is wrong.',
    },
    {
      statuses: [409],
      verdict: MISCONFIGURED,
      note: 'The gateway knows the idempotency key from another request.',
    },
    { statuses: [429], verdict: BUSY },
    { statuses: [451], verdict: REFUSED },
  ],
  /** The envelope is `{"error": {"message"}}`, in a refusal as in a job. */
  read: ({ body }) => ({ words: textOf(memberOf(body, 'error', 'message')) }),
};
