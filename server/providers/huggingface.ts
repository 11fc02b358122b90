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
import { BUSY, createFailures, INVALID, MISCONFIGURED, type Verdict } from './failure.ts';
import { typeOfPicture } from './files.ts';
import { hear } from './heard.ts';
import { withoutJobs } from './jobs.ts';
import { listOf, memberOf, textOf } from './json.ts';
import type { GenerationRequest, Provider } from './provider.ts';
import { createReplies, type RefusalTerms } from './replies.ts';
import { readSize, type Size } from './shapes.ts';

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

/** Hugging Face as a provider. */
export function createHuggingFace({
  apiToken,
  baseUrl = BASE_URL,
  timeoutMs = TIMEOUT_MS,
}: HuggingFaceOptions): Provider {
  const failures = createFailures(apiToken);
  const replies = createReplies(failures, REFUSALS);

  return {
    name: 'huggingface',
    inProcess: false,
    timeoutMs,

    async submit({ vendorModel, request, signal }) {
      if (!/^\w[\w.-]*\/\w[\w.-]*$/.test(vendorModel)) {
        return failures.make(MISCONFIGURED, `"${vendorModel}" is no owner/name.`);
      }
      const order = orderOf(request);
      if (typeof order === 'string') return failures.unsent(order);
      const endpointUrl = `${baseUrl.replace(/\/$/, '')}/hf-inference/models/${vendorModel}`;
      const heard = await hear(
        signal,
        timeoutMs,
        async (fetch) => {
          const picture = await textToImage(
            { accessToken: apiToken, endpointUrl, model: vendorModel, ...order },
            { retry_on_error: false, fetch, outputType: 'blob' },
          );
          const content = new Uint8Array(await picture.arrayBuffer());
          const contentType = typeOfPicture(content);
          return contentType === undefined ? undefined : { content, contentType };
        },
        ({ ok, headers }) => ok && !headers.get('content-type')?.startsWith('application/json'),
      );
      // Hugging Face tells no cost, and bills the time that its hardware took: the catalogue's cost stands.
      return 'answer' in heard
        ? { status: 'succeeded', outputs: [heard.answer], costMicros: null }
        : replies.failure(heard);
    },

    ...withoutJobs('Hugging Face', failures),
  };
}

interface Order {
  readonly inputs: string;
  readonly parameters: Partial<Size> & { readonly seed?: number };
}

/** What is asked for, or a sentence that says why nothing is. */
function orderOf({ operation, prompt, count, size, seed }: GenerationRequest): Order | string {
  if (operation !== 'GENERATE_IMAGE') return 'This provider only generates images.';
  if (!prompt) return 'A prompt is needed.';
  // The task has no parameter for it: an answer is one picture (@huggingface/tasks, text-to-image).
  if (count !== 1) return 'This provider makes one picture at a time.';
  return { inputs: prompt, parameters: { ...readSize(size), ...(seed === undefined ? {} : { seed }) } };
}

// --------------------------------------------------------------------------------------------------- failures

const LOADING: Verdict = {
  ...BUSY,
  message: 'The provider is getting ready to make this. Please try again later.',
};

/**
 * Hugging Face's refusals, by status. It bills the seconds that its hardware works on a request (its page on pricing), and
 * for a 4xx none did: `no`. A 503 that says how long the model still needs to be loaded has not begun either. Of every
 * other 5xx nothing is promised, and a gateway's 504 comes after up to a minute of work: `unknown`, as for any status that
 * is not in this table.
 */
const REFUSALS: RefusalTerms = {
  table: [
    { statuses: [400, 413, 422], verdict: INVALID },
    { statuses: [401], verdict: MISCONFIGURED, note: 'Hugging Face refused the token.' },
    {
      statuses: [402],
      verdict: MISCONFIGURED,
      note: "The account's monthly credit at Hugging Face is used up.",
    },
    {
      statuses: [403],
      verdict: MISCONFIGURED,
      note: "The token may not call Inference Providers, or the account has not accepted the model's terms.",
    },
    {
      statuses: [404],
      verdict: MISCONFIGURED,
      note: 'Hugging Face does not know the model, or the base URL is wrong.',
    },
    { statuses: [410], verdict: MISCONFIGURED, note: 'Hugging Face no longer serves the model itself.' },
    { statuses: [429], verdict: BUSY },
    { statuses: [503], words: /"estimated_time"\s*:\s*\d/, verdict: LOADING },
  ],
  /** The envelope is `{"error": "…"}`, and for some errors a list of such texts; `detail` and `message` occur too. */
  read({ status, headers, body }) {
    const error = memberOf(body, 'error') ?? memberOf(body, 'detail') ?? memberOf(body, 'message');
    const seconds = memberOf(body, 'estimated_time');
    return {
      words: textOf(error) ?? listOf(error).filter(textOf).join(' '),
      pauseSeconds: status === 503 && typeof seconds === 'number' ? Math.ceil(seconds) : readReset(headers),
    };
  },
};

/** Hugging Face's rate limits say in `RateLimit: "api";r=0;t=55` when the window ends (its page on rate limits). */
function readReset(headers: Headers): number | undefined {
  const seconds = /;\s*t=(\d{1,6})\b/.exec(headers.get('ratelimit') ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
