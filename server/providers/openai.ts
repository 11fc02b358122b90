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
  MISCONFIGURED,
  REFUSED,
  type Verdict,
  withCost,
} from './failure.ts';
import { typeOfEnding } from './files.ts';
import { hear } from './heard.ts';
import { withoutJobs } from './jobs.ts';
import { memberOf, textOf } from './json.ts';
import { createOpenAiBatch } from './openai-batch.ts';
import type { Provider, ProviderOutput, SubmitRequest, SubmitResult } from './provider.ts';
import { createReplies, type RefusalTerms } from './replies.ts';
import { readSize } from './shapes.ts';
import { type Exchange, WireError } from './wire.ts';

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
  const replies = createReplies(failures, REFUSALS);
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
    fetch: fetchByAgent,
  });
  const batch = createOpenAiBatch({
    ask: (signal, call) =>
      hear(signal, timeoutMs, (fetch) => call(client, { fetchOptions: { agent: fetch } })),
    paramsOf,
    readAnswer: (answer, vendorModel) => readAnswer(answer, { vendorModel }, failures),
    terms: REFUSALS,
    failures,
  });
  const alone = withoutJobs("OpenAI's service for images", failures);

  return {
    name: 'openai',
    inProcess: false,
    timeoutMs,

    async submit(submit) {
      const params = paramsOf(submit);
      if (typeof params === 'string') return failures.unsent(params);
      const heard = await hear(submit.signal, timeoutMs, async (fetch) =>
        readAnswer(
          await client.images.generate(params, {
            fetchOptions: { agent: fetch },
            // What OpenAI's support can find a call by when no answer, and so no x-request-id, arrived.
            headers: { 'X-Client-Request-Id': submit.generationId },
          }),
          submit,
          failures,
        ),
      );
      return 'answer' in heard ? heard.answer : replies.failure(heard);
    },

    batch,
    check: (jobId, signal) => (batch.owns(jobId) ? batch : alone).check(jobId, signal),
    cancel: (jobId, signal) => (batch.owns(jobId) ? batch : alone).cancel(jobId, signal),
  };
}

/** The SDK hands `fetchOptions` through to `fetch`; `agent` is one of the names that its types leave free. */
const fetchByAgent: Exchange['fetch'] = (input, init) =>
  init && 'agent' in init && typeof init.agent === 'function'
    ? init.agent(input, init)
    : Promise.reject(new WireError('repeated', false));

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

/** Undefined for an answer that is no list of images: anything but JSON arrives as a text (openai/internal/parse.js). */
function readAnswer(
  answer: unknown,
  submit: Pick<SubmitRequest, 'vendorModel'>,
  failures: Failures,
): SubmitResult | undefined {
  if (!isImages(answer)) return undefined;
  const costMicros = costOf(submit.vendorModel, answer.usage);
  const outputs = readOutputs(answer);
  if (outputs.length > 0) return { status: 'succeeded', outputs, costMicros };
  return withCost(failures.make(NOTHING_MADE, 'HTTP 200 with an empty list of images.'), costMicros);
}

function isImages(answer: unknown): answer is ImagesResponse & { data: NonNullable<ImagesResponse['data']> } {
  return Array.isArray(memberOf(answer, 'data'));
}

function readOutputs(answer: ImagesResponse): ProviderOutput[] {
  const contentType = typeOfEnding(answer.output_format ?? 'png');
  const dimensions = readSize(answer.size);
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

const REFUSED_HERE: Verdict = { ...REFUSED, message: "The provider's safety system refuses this prompt." };
const NOTHING_MADE: Verdict = { ...BROKEN, message: 'The provider made nothing.' };

/**
 * OpenAI's refusals by status and code. The reasoning for `billed`:
 *
 * - A 4xx says that the request was turned away, and images are billed by the tokens of what was made: `no`.
 *   That holds for `moderation_blocked` too ([2nd] "no billing, no token consumption"), although the same code may
 *   come after a picture was made; OpenAI's answer then carries no `usage`, by which it would bill.
 * - A 503 whose envelope says `server_is_overloaded` or `slow_down` is documented as "not enough capacity to
 *   process your request": it is a 429 by another number, and not billed.
 * - Of every other 5xx OpenAI promises nothing. A gateway's 502 or 504 may well follow a picture that was made and
 *   counted: `unknown`, as for any status that is not in this table.
 */
const REFUSALS: RefusalTerms = {
  table: [
    {
      statuses: [400, 403],
      codes: ['moderation_blocked', 'content_policy_violation'],
      verdict: REFUSED_HERE,
    },
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
  ],
  /** The envelope is `{"error": {"message", "type", "param", "code"}}`; some refusals have their reason in the type. */
  read({ headers, body, text }) {
    const error = memberOf(body, 'error');
    const [code, type, param, words] = ['code', 'type', 'param', 'message'].map((name) =>
      textOf(memberOf(error, name)),
    );
    const request = headers.get('x-request-id');
    const summary = [
      code ?? type,
      param && `parameter ${param}`,
      words ?? text,
      request && `(request ${request})`,
    ];
    return { words, codes: [code, type], summary: summary.filter(Boolean).join(' ') };
  },
};
