/**
 * Hugging Face's own inference (`hf-inference`): one POST that is answered with one picture, as it is. No jobs, no webhooks,
 * no way to stop one. The other vendors behind Hugging Face's router are not used.
 *
 * Traps of the SDK (@huggingface/inference 4.13.30) that are gone round here:
 *
 * - **It repeats a POST on 503 for ever, without a pause** (utils/request.js), unless `retry_on_error` is false.
 * - It asks huggingface.co which vendor has the model before each call; `endpointUrl` spares that, and settles that the
 *   call goes to no other vendor.
 * - A JSON answer with a list `output` has it fetch the first of the addresses there, by the global `fetch` and from
 *   wherever it points to; and `outputType: 'json'` makes `{}` of a picture. It is shown nothing but what claims to be a
 *   picture's bytes.
 * - It says nothing of an answer's Retry-After: refusals are read from the answer itself.
 */
import { textToImage } from '@huggingface/inference';
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
import { memberOf, parseJson } from './json.ts';
import { pictureTypeOf } from './picture.ts';
import type { GenerationRequest, Provider, ProviderFailure, SubmitResult } from './provider.ts';
import { askOnce } from './unrepeated.ts';
import { Exchange, WireError } from './wire.ts';

/** How Hugging Face is reached. */
export interface HuggingFaceOptions {
  /** A token that may call Inference Providers. */
  readonly apiToken: string;
  /** Where the router is: `https://router.huggingface.co`. */
  readonly baseUrl?: string | undefined;
  /** How long one picture may take. The router gives up after about a minute by itself. */
  readonly timeoutMs?: number;
}

const BASE_URL = 'https://router.huggingface.co';
const TIMEOUT_MS = 120_000;
/** What is longer is no envelope, and not worth to be searched for a token. */
const MAX_WORDS = 64 * 1024;

/** Hugging Face as a provider. */
export function createHuggingFace({
  apiToken,
  baseUrl = BASE_URL,
  timeoutMs = TIMEOUT_MS,
}: HuggingFaceOptions): Provider {
  const failures = createFailures(apiToken);

  return {
    name: 'huggingface',
    inProcess: false,
    timeoutMs,

    async submit({ vendorModel, request, signal }) {
      const exchange = new Exchange(signal, timeoutMs);
      try {
        if (!/^\w[\w.-]*\/\w[\w.-]*$/.test(vendorModel)) {
          return failures.make(MISCONFIGURED, `"${vendorModel}" is no owner/name.`);
        }
        const order = orderOf(request);
        if (typeof order === 'string') return failures.make({ ...INVALID, message: order }, order);
        const endpointUrl = `${baseUrl.replace(/\/$/, '')}/hf-inference/models/${vendorModel}`;
        const heard = await askOnce(
          exchange,
          (fetch) =>
            textToImage(
              { accessToken: apiToken, endpointUrl, model: vendorModel, ...order },
              { retry_on_error: false, fetch, outputType: 'blob' },
            ),
          ({ ok, headers }) => ok && !headers.get('content-type')?.startsWith('application/json'),
        );
        if ('loss' in heard) return failures.make(judgeLoss(heard.loss), heard.loss.message);
        if ('refusal' in heard) return await readRefusal(heard.refusal, failures);
        return await readPicture(heard.response, failures);
      } catch (error) {
        return failures.make(judgeLoss(new WireError('unreadable', exchange.sent, error)), String(error));
      }
    },

    check: async (jobId) =>
      failures.make(UNKNOWN_JOB, `Hugging Face has no jobs, so "${jobId}" is none of its.`, { jobId }),

    cancel: async () => ({ status: 'goes-on', detail: 'Hugging Face has no jobs to stop.' }),
  };
}

interface Order {
  readonly inputs: string;
  readonly parameters: { readonly width?: number; readonly height?: number; readonly seed?: number };
}

/** What is asked for, or a sentence that says why nothing is. */
function orderOf({ operation, prompt, count, size, seed }: GenerationRequest): Order | string {
  if (operation !== 'GENERATE_IMAGE') return 'This provider only generates images.';
  if (!prompt) return 'A prompt is needed.';
  // The task has no parameter for it: an answer is one picture (@huggingface/tasks, text-to-image).
  if (count !== 1) return 'This provider makes one picture at a time.';
  const pixels = /^(\d{1,5})x(\d{1,5})$/.exec(size ?? '');
  return {
    inputs: prompt,
    parameters: {
      ...(pixels ? { width: Number(pixels[1]), height: Number(pixels[2]) } : {}),
      ...(seed === undefined ? {} : { seed }),
    },
  };
}

/** Hugging Face tells no cost, and bills the time that its hardware took: the catalogue's cost stands. */
async function readPicture(response: Response, failures: Failures): Promise<SubmitResult> {
  const content = await response.bytes();
  const contentType = pictureTypeOf(content);
  if (contentType !== undefined) {
    return { status: 'succeeded', outputs: [{ content, contentType }], costMicros: null };
  }
  return unreadable(response, failures);
}

/** A 200 that is no picture; there may be one that was made, and billed. */
async function unreadable(response: Response, failures: Failures): Promise<ProviderFailure> {
  const text = await response.text();
  // Not cut to its beginning: half a token would no longer be recognised, and told.
  const words = text.length > MAX_WORDS ? `${text.length} characters` : text;
  const detail = `HTTP ${response.status} ${response.headers.get('content-type') ?? ''} that is no picture: ${words}`;
  return failures.make(judgeLoss(new WireError('unreadable', true)), detail);
}

// --------------------------------------------------------------------------------------------------- failures

/**
 * Hugging Face's refusals, by status. It bills the seconds that its hardware works on a request (its page on pricing), and
 * for a 4xx none did: `no`. A 503 that says how long the model still needs to be loaded has not begun either. Of every
 * other 5xx nothing is promised, and a gateway's 504 comes after up to a minute of work: `unknown`, as for any status that
 * is not in this table.
 */
const REFUSALS: Readonly<Record<number, { readonly verdict: Verdict; readonly note?: string }>> = {
  400: { verdict: INVALID },
  401: { verdict: MISCONFIGURED, note: 'Hugging Face refused the token.' },
  402: { verdict: MISCONFIGURED, note: "The account's monthly credit at Hugging Face is used up." },
  403: {
    verdict: MISCONFIGURED,
    note: "The token may not call Inference Providers, or the account has not accepted the model's terms.",
  },
  404: { verdict: MISCONFIGURED, note: 'Hugging Face does not know the model, or the base URL is wrong.' },
  410: { verdict: MISCONFIGURED, note: 'Hugging Face no longer serves the model itself.' },
  413: { verdict: INVALID },
  422: { verdict: INVALID },
  429: { verdict: BUSY },
};
const LOADING: Verdict = {
  ...BUSY,
  message: 'The provider is getting ready to make this. Please try again later.',
};

async function readRefusal(response: Response, failures: Failures): Promise<ProviderFailure> {
  if (response.ok) return unreadable(response, failures);
  const { status } = response;
  const text = await response.text();
  const body = parseJson(text);
  const row = REFUSALS[status];
  const seconds = memberOf(body, 'estimated_time');
  const loadsFor =
    status === 503 && typeof seconds === 'number' && seconds >= 0 ? Math.ceil(seconds) : undefined;
  const verdict = loadsFor === undefined ? (row?.verdict ?? BROKEN) : LOADING;
  return failures.make(
    verdict === INVALID ? invalidBecause(readWords(body), failures) : verdict,
    [row?.note, `HTTP ${status}`, text].filter(Boolean).join(' '),
    { retryAfterSeconds: readRetryAfter(response.headers) ?? loadsFor ?? readReset(response.headers) },
  );
}

/** The envelope is `{"error": "…"}`, and for some errors a list of such texts; `detail` and `message` occur too. */
function readWords(body: unknown): string {
  const words = memberOf(body, 'error') ?? memberOf(body, 'detail') ?? memberOf(body, 'message');
  if (Array.isArray(words)) return words.filter((word) => typeof word === 'string').join(' ');
  return typeof words === 'string' ? words : '';
}

/** Hugging Face's rate limits say in `RateLimit: "api";r=0;t=55` when the window ends (its page on rate limits). */
function readReset(headers: Headers): number | undefined {
  const seconds = /;\s*t=(\d{1,6})\b/.exec(headers.get('ratelimit') ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
