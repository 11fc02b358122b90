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
  invalidBecause,
  judgeLoss,
  MISCONFIGURED,
  readRetryAfter,
  UNKNOWN_JOB,
  type Verdict,
} from './failure.ts';
import type {
  Billed,
  Provider,
  ProviderFailure,
  ProviderOutput,
  ProviderRunning,
  SubmitRequest,
  SubmitResult,
} from './provider.ts';
import { readStandardWebhook, rejected } from './standard-webhooks.ts';
import { Exchange, WireError } from './wire.ts';

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

  /** One request, and what was heard. */
  async function ask(
    signal: AbortSignal,
    path: string,
    init: {
      readonly method?: 'POST';
      readonly headers?: Record<string, string>;
      readonly body?: string;
    } = {},
  ): Promise<Heard> {
    const exchange = new Exchange(signal, timeoutMs);
    try {
      const headers = {
        accept: 'application/json',
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        ...init.headers,
      };
      const response = await exchange.fetch(`${gatewayUrl}${path}`, { ...init, headers });
      const text = await response.text();
      if (!response.ok) return { refusal: response, text };
      const job: unknown = JSON.parse(text);
      if (isJob(job)) return { job };
      return { loss: new WireError('unreadable', true), detail: `No job in the answer: ${text}` };
    } catch (error) {
      const loss = error instanceof WireError ? error : new WireError('unreadable', exchange.sent, error);
      return { loss, detail: loss.message };
    }
  }

  return {
    name: 'midjourney',
    inProcess: false,
    timeoutMs,

    async submit(submit) {
      const body = bodyOf(submit);
      if (typeof body === 'string') return failures.make({ ...INVALID, message: body }, body);
      const heard = await ask(submit.signal, '/jobs', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': submit.generationId },
        body: JSON.stringify(body),
      });
      if ('loss' in heard) return failures.make(judgeLoss(heard.loss), heard.detail);
      if ('refusal' in heard) return readRefusal(heard.refusal, heard.text, failures);
      return readJob(heard.job, failures);
    },

    async check(jobId, signal) {
      const heard = await ask(signal, `/jobs/${encodeURIComponent(jobId)}`);
      if ('job' in heard) return readJob(heard.job, failures);
      // A question that got no answer says nothing of the job.
      const goesOn = (detail: string, pollAfterMs = POLL_MS): ProviderRunning => ({
        status: 'running',
        jobId,
        pollAfterMs,
        detail: failures.make(BROKEN, detail).detail,
      });
      if ('loss' in heard) return goesOn(heard.detail);
      const { status, headers } = heard.refusal;
      const detail = `HTTP ${status} ${heard.text}`;
      if (status === 404) return failures.make(UNKNOWN_JOB, detail, { jobId });
      const seconds = readRetryAfter(headers);
      return goesOn(detail, seconds === undefined ? undefined : seconds * 1000);
    },

    async cancel(jobId, signal) {
      const heard = await ask(signal, `/jobs/${encodeURIComponent(jobId)}/cancel`, { method: 'POST' });
      const goesOn = (detail: string) =>
        ({ status: 'goes-on', detail: failures.make(BROKEN, detail).detail }) as const;
      if ('loss' in heard) return goesOn(heard.detail);
      if ('refusal' in heard) return goesOn(`HTTP ${heard.refusal.status} ${heard.text}`);
      const ended = readJob(heard.job, failures);
      if (ended.status !== 'failed') return goesOn(`Job ${jobId} is ${heard.job.status}.`);
      const { billed, costMicros } = ended;
      return { status: 'stopped', billed, ...(costMicros === undefined ? {} : { costMicros }) };
    },

    async readWebhook(delivery) {
      const report = readStandardWebhook(delivery, webhookSecret);
      if (report.status === 'rejected') return report;
      if (!isJob(report.body)) return rejected('The body is no job.');
      const result = report.signed ? readJob(report.body, failures) : null;
      return { status: 'accepted', signed: report.signed, jobId: report.body.id, result };
    },
  };
}

/** What one request brought. */
type Heard =
  | { readonly job: Job }
  | { readonly refusal: Response; readonly text: string }
  | { readonly loss: WireError; readonly detail: string };

// ------------------------------------------------------------------------------------------------------ submit

/**
 * Midjourney reads parameters and permutations out of a prompt: `--repeat 40` and `{a, b, c}` make one prompt into as
 * many jobs, each of them billed. A customer pays for one. Keyboards that turn two hyphens into a dash are known to it.
 */
const PARAMETERS = /(?:^|\s)(?:--|—)[a-z]|\{[^{}]*,[^{}]*\}/i;

/** What goes on the wire, or a sentence that says why nothing does. */
function bodyOf({ vendorModel, request, endUser, webhookUrl }: SubmitRequest): object | string {
  if (request.operation !== 'GENERATE_IMAGE') return 'This provider only generates images.';
  if (!request.prompt) return 'A prompt is needed.';
  if (PARAMETERS.test(request.prompt)) {
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

/** A job as it comes from the gateway; everything but its id and status is looked at when it is read. */
interface Job {
  readonly id: string;
  readonly status: string;
  readonly progress?: unknown;
  readonly outputs?: unknown;
  readonly cost?: unknown;
  readonly error?: unknown;
}

function isJob(value: unknown): value is Job {
  return (
    isObject(value) && typeof value.id === 'string' && value.id !== '' && typeof value.status === 'string'
  );
}

function readJob(job: Job, failures: Failures): SubmitResult {
  const jobId = job.id;
  const costMicros = readCost(job.cost);
  switch (job.status) {
    case 'succeeded': {
      const outputs = readOutputs(job.outputs);
      if (outputs.length > 0) return { status: 'succeeded', outputs, costMicros, jobId };
      const detail = `Job ${jobId} succeeded without a file: ${JSON.stringify(job.outputs)}`;
      return end(NO_FILE, detail);
    }
    case 'refused':
      return end(REFUSED, `Job ${jobId} was refused: ${readMessage(job.error)}`);
    case 'failed':
      return end(BROKEN, `Job ${jobId} failed: ${readMessage(job.error)}`);
    case 'canceled':
      return end(CANCELED, `Job ${jobId} was canceled.`);
    default: {
      // `queued`, `running`, and whatever a gateway may add that is no end.
      const progress = readProgress(job.progress);
      return {
        status: 'running',
        jobId,
        pollAfterMs: POLL_MS,
        ...(progress === undefined ? {} : { progress }),
      };
    }
  }

  function end(verdict: Verdict, detail: string): ProviderFailure {
    const failure = failures.make({ ...verdict, billed: billedOf(costMicros) }, detail, { jobId });
    return costMicros !== null && costMicros > 0n ? { ...failure, costMicros } : failure;
  }
}

/** The contract: the cost says it. A gateway that does not know leaves it out. */
function billedOf(costMicros: Micros | null): Billed {
  if (costMicros === null) return 'unknown';
  return costMicros > 0n ? 'yes' : 'no';
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

function readProgress(progress: unknown): number | undefined {
  return typeof progress === 'number' ? Math.min(1, Math.max(0, progress)) : undefined;
}

function readOutputs(outputs: unknown): ProviderOutput[] {
  const found: ProviderOutput[] = [];
  for (const output of Array.isArray(outputs) ? (outputs as readonly unknown[]) : []) {
    if (!isObject(output)) continue;
    const { url, contentType, width, height } = output;
    if (typeof url !== 'string' || !/^https?:\/\//i.test(url)) continue;
    found.push({
      content: { url },
      contentType: typeof contentType === 'string' ? contentType : 'image/png',
      ...(isLength(width) && isLength(height) ? { width, height } : {}),
    });
  }
  return found;
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

// --------------------------------------------------------------------------------------------------- failures

const REFUSED: Verdict = {
  code: 'CONTENT_REFUSED',
  billed: 'no',
  retryable: false,
  message: "The provider's safety system refuses this prompt, or what was made from it.",
};
const CANCELED: Verdict = { ...BROKEN, message: 'The provider stopped before it was finished.' };
const NO_FILE: Verdict = { ...BROKEN, message: 'The provider made nothing that can be fetched.' };

/**
 * Refusals of a request, by status. By the contract a 4xx has made no job, and only jobs cost anything: `no`. A 5xx may
 * come from whatever stands before the gateway, after the gateway has begun: `unknown`, as for any status that is not in
 * this table. Repeating it with the same key starts no second job.
 */
const REFUSALS: Readonly<Record<number, { readonly verdict: Verdict; readonly note?: string }>> = {
  400: { verdict: INVALID },
  401: { verdict: MISCONFIGURED, note: 'The gateway refused the key.' },
  402: { verdict: MISCONFIGURED, note: 'The account behind the gateway has nothing left.' },
  403: { verdict: MISCONFIGURED, note: 'The gateway does not allow this.' },
  404: { verdict: MISCONFIGURED, note: 'The gateway does not know the model, or its address is wrong.' },
  409: { verdict: MISCONFIGURED, note: 'The gateway knows the idempotency key from another request.' },
  413: { verdict: INVALID },
  422: { verdict: INVALID },
  429: { verdict: BUSY },
  451: { verdict: REFUSED },
};

function readRefusal({ status, headers }: Response, text: string, failures: Failures): ProviderFailure {
  const row = REFUSALS[status];
  const verdict = row?.verdict ?? BROKEN;
  return failures.make(
    verdict === INVALID ? invalidBecause(readEnvelope(text), failures) : verdict,
    [row?.note, `HTTP ${status}`, text].filter(Boolean).join(' '),
    { retryAfterSeconds: readRetryAfter(headers) },
  );
}

/** The envelope is `{"error": {"message"}}`, in a refusal as in a job. */
function readEnvelope(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? readMessage(parsed.error) : '';
  } catch {
    return '';
  }
}

function readMessage(error: unknown): string {
  return isObject(error) && typeof error.message === 'string' ? error.message : '';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
