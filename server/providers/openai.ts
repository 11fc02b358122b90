/**
 * OpenAI's images: one POST that is answered when the pictures are there, with no job, no webhook and no way to stop it; or
 * many at once for half the price, which is openai-batch.ts.
 *
 * Traps of the SDK (openai 7.55.0) that are gone round here: it repeats a POST twice by default (`maxRetries`),
 * reads OPENAI_BASE_URL, OPENAI_ORG_ID and OPENAI_PROJECT_ID by itself (only server/environment.ts reads the
 * environment), and loses the cause of a failure when a signal is handed to it (so the {@link Exchange} gets it).
 */
import OpenAI from 'openai';
import type { ImageGenerateParamsNonStreaming, ImagesResponse } from 'openai/resources/images';
import { divideUp, type Micros } from '../money.ts';
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
import { createOpenAiBatch } from './openai-batch.ts';
import type {
  Provider,
  ProviderFailure,
  ProviderOutput,
  ProviderSuccess,
  SubmitRequest,
  SubmitResult,
} from './provider.ts';
import { Exchange, WireError } from './wire.ts';

/** How OpenAI, or a gateway that speaks its language, is reached. */
export interface OpenAiOptions {
  readonly apiKey: string;
  /** Where the API is, with its version: `https://api.openai.com/v1`. A compatible gateway will do. */
  readonly baseUrl?: string | undefined;
  /** How long one picture may take. OpenAI's guide speaks of up to two minutes for a hard prompt. */
  readonly timeoutMs?: number;
}

const BASE_URL = 'https://api.openai.com/v1';
const TIMEOUT_MS = 180_000;

/** OpenAI as a provider. */
export function createOpenAi({ apiKey, baseUrl, timeoutMs = TIMEOUT_MS }: OpenAiOptions): Provider {
  const failures = createFailures(apiKey);
  // One client for all calls: making one takes 18 µs. Each call's exchange travels in `fetchOptions`.
  const client = new OpenAI({
    apiKey,
    baseURL: baseUrl ?? BASE_URL,
    organization: null,
    project: null,
    adminAPIKey: null,
    webhookSecret: null,
    maxRetries: 0,
    // The exchange's deadline comes first; this one would hide whether the request was sent.
    timeout: timeoutMs + 5_000,
    logLevel: 'off',
    fetch: fetchByExchange,
  });

  const batch = createOpenAiBatch({
    async ask(signal, call) {
      const exchange = new Exchange(signal, timeoutMs);
      try {
        return { answer: await call(client, { fetchOptions: { agent: exchange } }) };
      } catch (error) {
        const status = error instanceof OpenAI.APIError ? error.status : undefined;
        return { failure: readError(error, exchange.sent, failures), status };
      }
    },
    paramsOf,
    readAnswer: (answer, vendorModel) => readAnswer(answer, { vendorModel }, failures),
    readRefusal: (status, body) =>
      readError(OpenAI.APIError.generate(status, body as object, undefined, new Headers()), true, failures),
    failures,
  });

  return {
    name: 'openai',
    inProcess: false,
    timeoutMs,
    batch,

    async submit(submit) {
      const exchange = new Exchange(submit.signal, timeoutMs);
      try {
        const params = paramsOf(submit);
        if (typeof params === 'string') return failures.make({ ...INVALID, message: params }, params);
        const answer: unknown = await client.images.generate(params, {
          fetchOptions: { agent: exchange },
          // What OpenAI's support can find a call by when no answer, and so no x-request-id, arrived.
          headers: { 'X-Client-Request-Id': submit.generationId },
        });
        return readAnswer(answer, submit, failures);
      } catch (error) {
        return readError(error, exchange.sent, failures);
      }
    },

    check: async (jobId, signal) =>
      batch.owns(jobId)
        ? batch.check(jobId, signal)
        : failures.make(UNKNOWN_JOB, `Only OpenAI's batches have jobs, so "${jobId}" is none.`, { jobId }),

    cancel: async (jobId, signal) =>
      batch.owns(jobId)
        ? batch.cancel(jobId, signal)
        : { status: 'goes-on', detail: "Only OpenAI's batches have jobs to stop." },
  };
}

/** The SDK hands `fetchOptions` through to `fetch`; `agent` is one of the names that its types leave free. */
function fetchByExchange(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  if (init && 'agent' in init && init.agent instanceof Exchange) return init.agent.fetch(input, init);
  return Promise.reject(new WireError('repeated', false));
}

/** What goes on the wire, or a sentence that says why nothing does. */
function paramsOf({
  vendorModel,
  request,
  endUser,
}: SubmitRequest): ImageGenerateParamsNonStreaming | string {
  if (request.operation !== 'GENERATE_IMAGE') return 'This provider only generates images.';
  if (!request.prompt) return 'A prompt is needed.';
  return {
    model: vendorModel,
    prompt: request.prompt,
    n: request.count,
    ...(request.size === undefined ? {} : { size: request.size }),
    // Which qualities there are differs from model to model; the vendor refuses the others without a bill.
    ...(request.quality === undefined
      ? {}
      : { quality: request.quality as NonNullable<ImageGenerateParamsNonStreaming['quality']> }),
    safety_identifier: endUser,
  };
}

// ---------------------------------------------------------------------------------------------------- success

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  svg: 'image/svg+xml',
};

function readAnswer(
  answer: unknown,
  submit: Pick<SubmitRequest, 'vendorModel'>,
  failures: Failures,
): SubmitResult {
  // Anything but JSON arrives as a text, and an empty body as undefined (openai/internal/parse.js).
  if (!isImages(answer)) {
    const detail = `HTTP 200 without a list of images: ${typeof answer === 'string' ? answer : JSON.stringify(answer)}`;
    return failures.make(judgeLoss(new WireError('unreadable', true)), detail);
  }
  const costMicros = costOf(submit.vendorModel, answer.usage);
  const outputs = readOutputs(answer);
  if (outputs.length === 0) {
    const failure = failures.make(NOTHING_MADE, 'HTTP 200 with an empty list of images.');
    return costMicros === null ? failure : { ...failure, billed: 'yes', costMicros };
  }
  return { status: 'succeeded', outputs, costMicros } satisfies ProviderSuccess;
}

function isImages(answer: unknown): answer is ImagesResponse & { data: NonNullable<ImagesResponse['data']> } {
  return typeof answer === 'object' && answer !== null && 'data' in answer && Array.isArray(answer.data);
}

function readOutputs(answer: ImagesResponse): ProviderOutput[] {
  const contentType = CONTENT_TYPES[answer.output_format ?? 'png'] ?? 'image/png';
  const size = /^(\d{1,5})x(\d{1,5})$/.exec(answer.size ?? '');
  const dimensions = size ? { width: Number(size[1]), height: Number(size[2]) } : {};
  const outputs: ProviderOutput[] = [];
  for (const image of answer.data ?? []) {
    // GPT image models answer with bytes only; compatible gateways with addresses as well.
    if (image.b64_json) {
      outputs.push({ content: Buffer.from(image.b64_json, 'base64'), contentType, ...dimensions });
    } else if (image.url) {
      outputs.push({ content: { url: image.url }, contentType, ...dimensions });
    }
  }
  return outputs;
}

// ------------------------------------------------------------------------------------------------------- cost

/** Micro-dollars for a million tokens. */
interface TokenPrices {
  readonly textIn: Micros;
  readonly imageIn: Micros;
  readonly imageOut: Micros;
}

/**
 * OpenAI answers with token counts and never with money. Prices as of 2026-11-20: $5 / $8 / $30 for a million
 * tokens of text in, image in and image out (two second-hand sources that quote OpenAI's page; the prices of
 * gpt-image-2.5 and 2.6 reached us from nobody, so the catalogue's cost stands for them).
 */
const TOKEN_PRICES: Readonly<Record<string, TokenPrices>> = {
  'gpt-image-2': { textIn: 5_000_000n, imageIn: 8_000_000n, imageOut: 30_000_000n },
};
const TOKENS = 1_000_000n;

/**
 * What the tokens of an answer cost, rounded up to the micro-dollar, or null when that is not known. Where the
 * vendor does not say of which kind a token is, it counts as one of the dearer kind.
 */
function costOf(vendorModel: string, usage: ImagesResponse.Usage | undefined): Micros | null {
  const prices = TOKEN_PRICES[vendorModel.replace(/-\d{4}-\d{2}-\d{2}$/, '')];
  if (!prices || !usage || !isCount(usage.input_tokens) || !isCount(usage.output_tokens)) return null;
  const told = usage.input_tokens_details?.text_tokens;
  const text = isCount(told) && told <= usage.input_tokens ? BigInt(told) : 0n;
  const image = BigInt(usage.input_tokens) - text;
  const total = text * prices.textIn + image * prices.imageIn + BigInt(usage.output_tokens) * prices.imageOut;
  return divideUp(total, TOKENS);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

// --------------------------------------------------------------------------------------------------- failures

const REFUSED: Verdict = {
  code: 'CONTENT_REFUSED',
  billed: 'no',
  retryable: false,
  message: "The provider's safety system refuses this prompt.",
};
const NOTHING_MADE: Verdict = { ...BROKEN, message: 'The provider made nothing.' };

/**
 * OpenAI's refusals by status and code; the first row that fits counts. The reasoning for `billed`:
 *
 * - A 4xx says that the request was turned away, and images are billed by the tokens of what was made: `no`.
 *   That holds for `moderation_blocked` too ([2nd] "no billing, no token consumption"), although the same code may
 *   come after a picture was made; OpenAI's answer then carries no `usage`, by which it would bill.
 * - A 503 whose envelope says `server_is_overloaded` or `slow_down` is documented as "not enough capacity to
 *   process your request": it is a 429 by another number, and not billed.
 * - Of every other 5xx OpenAI promises nothing. A gateway's 502 or 504 may well follow a picture that was made and
 *   counted: `unknown`, as for any status that is not in this table.
 */
const REFUSALS: readonly {
  readonly statuses: readonly number[];
  readonly codes?: readonly string[];
  readonly verdict: Verdict;
  readonly note?: string;
}[] = [
  { statuses: [400, 403], codes: ['moderation_blocked', 'content_policy_violation'], verdict: REFUSED },
  {
    statuses: [400, 402, 403, 429],
    codes: [
      'insufficient_quota',
      'credit_balance_exhausted',
      'billing_hard_limit_reached',
      'billing_not_active',
    ],
    verdict: MISCONFIGURED,
    note: 'The account at OpenAI is out of credit or over its limit.',
  },
  { statuses: [401], verdict: MISCONFIGURED, note: 'OpenAI refused the key.' },
  { statuses: [402, 403], verdict: MISCONFIGURED, note: 'OpenAI does not allow this to the account.' },
  {
    statuses: [404],
    verdict: MISCONFIGURED,
    note: 'OpenAI does not know the model, or the base URL is wrong.',
  },
  { statuses: [429], verdict: BUSY },
  { statuses: [503], codes: ['server_is_overloaded', 'slow_down'], verdict: BUSY },
  { statuses: [400, 413, 415, 422], verdict: INVALID },
];

function readError(error: unknown, sent: boolean, failures: Failures): ProviderFailure {
  if (error instanceof OpenAI.APIError && error.status !== undefined) {
    return readRefusal(error, error.status, failures);
  }
  const loss =
    error instanceof OpenAI.APIConnectionError && error.cause instanceof WireError
      ? error.cause
      : // JSON that cannot be parsed, or a defect of ours; what counts is whether the request went out.
        new WireError('unreadable', sent, error);
  return failures.make(judgeLoss(loss), loss.message);
}

function readRefusal(
  error: InstanceType<typeof OpenAI.APIError>,
  status: number,
  failures: Failures,
): ProviderFailure {
  const code = typeof error.code === 'string' ? error.code : undefined;
  const type = typeof error.type === 'string' ? error.type : undefined;
  const row = REFUSALS.find(
    ({ statuses, codes }) =>
      statuses.includes(status) &&
      (!codes ||
        (code !== undefined && codes.includes(code)) ||
        (type !== undefined && codes.includes(type))),
  );
  const verdict = row?.verdict ?? BROKEN;
  // The SDK puts the status before the vendor's words (openai/core/error.js, makeMessage).
  const words = error.message.replace(/^\d{3} /, '');
  const detail = [
    row?.note,
    `HTTP ${status}`,
    code ?? type,
    error.param ? `parameter ${error.param}` : undefined,
    words,
    error.requestID ? `(request ${error.requestID})` : undefined,
  ];
  return failures.make(
    verdict === INVALID ? invalidBecause(words, failures) : verdict,
    detail.filter(Boolean).join(' '),
    { retryAfterSeconds: readRetryAfter(error.headers) },
  );
}
