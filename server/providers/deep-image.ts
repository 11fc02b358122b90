/**
 * Deep-Image.ai: makes a picture larger. One POST, which is held for up to 25 seconds and answered with the result
 * or, if it takes longer, with a job that is asked after. There is no SDK; it is spoken to by plain HTTP.
 *
 * What is gone round:
 *
 * - The vendor documents its refusals as sentences without a status, so they are known by their words first.
 * - One of those sentences, "No user found for provided token", sounds like a 404. So a job is taken for unknown only
 *   when the answer to a question does not speak of the account.
 * - Its reports are unsigned, and repeat the request: they are a reason to ask, and nothing that they say is used.
 * - Beyond four times the size it enlarges without its model ("traditionally with bicubic supersampling") and bills
 *   the same credit. Nobody buys that here, so it is refused before a call.
 */
import { BROKEN, BUSY, createFailures, type Failures, INVALID, MISCONFIGURED, NO_FILE } from './failure.ts';
import { filePart, isAddress, typeOfAddress } from './files.ts';
import { callJson, hear, pathPart } from './heard.ts';
import { running } from './jobs.ts';
import { memberOf, textOf } from './json.ts';
import type { InputFile, Provider, SubmitRequest, SubmitResult } from './provider.ts';
import { createReplies, type RefusalTerms } from './replies.ts';
import { bodyOf, reasonToAsk, rejected } from './reports.ts';
import { readSize } from './shapes.ts';

/** How Deep-Image is reached. */
export interface DeepImageOptions {
  readonly apiKey: string;
  /** Where the API is: `https://deep-image.ai/rest_api`. */
  readonly baseUrl?: string | undefined;
  /** How long one request may take: the upload, and the 25 seconds for which the answer is held. */
  readonly timeoutMs?: number;
}

const BASE_URL = 'https://deep-image.ai/rest_api';
const TIMEOUT_MS = 60_000;
const POLL_MS = 2_000;
/** The catalogue's name for the one thing that is sold of this vendor; its API has operations and no models. */
const MODEL = 'upscale';

/** Deep-Image as a provider. */
export function createDeepImage({ apiKey, baseUrl, timeoutMs = TIMEOUT_MS }: DeepImageOptions): Provider {
  const failures = createFailures(apiKey);
  const replies = createReplies(failures, REFUSALS);
  const ask = (signal: AbortSignal, path: string, init: RequestInit = {}, jobId?: string) =>
    hear(
      signal,
      timeoutMs,
      callJson(`${baseUrl ?? BASE_URL}${path}`, { ...init, headers: { 'x-api-key': apiKey } }, (body) =>
        readJob(body, failures, jobId),
      ),
    );

  return {
    name: 'deep-image',
    inProcess: false,
    timeoutMs,

    async submit(submit) {
      if (submit.vendorModel !== MODEL) {
        return failures.make(
          MISCONFIGURED,
          `"${submit.vendorModel}" is not ${MODEL}, the one thing sold here.`,
        );
      }
      const form = formOf(submit);
      if (typeof form === 'string') return failures.unsent(form);
      const heard = await ask(submit.signal, '/process_result', { method: 'POST', body: form });
      return 'answer' in heard ? heard.answer : replies.failure(heard);
    },

    async check(jobId, signal) {
      const heard = await ask(signal, `/result/${pathPart(jobId)}`, {}, jobId);
      return 'answer' in heard ? heard.answer : replies.unanswered(heard, jobId);
    },

    cancel: async () => ({ status: 'goes-on', detail: 'Deep-Image has no way to stop a job.' }),

    /** Reports are not signed: the address that they come to is all that speaks for them. */
    async readWebhook(delivery) {
      const jobId = textOf(memberOf(bodyOf(delivery), 'job'));
      return jobId === undefined ? rejected('The report names no job.') : reasonToAsk(jobId);
    },
  };
}

// ------------------------------------------------------------------------------------------------------- input

/** The vendor's model enlarges up to so much; what is larger is stretched. */
const MOST_TIMES = 4;

/** What goes on the wire, or a sentence that says why nothing does. */
function formOf({ request, input, webhookUrl }: SubmitRequest): FormData | string {
  if (request.operation !== 'UPSCALE_IMAGE') return 'This provider only makes pictures larger.';
  if (request.count !== 1) return 'This provider makes one picture at a time.';
  if (!input) return 'A picture is needed.';
  if (!input.contentType.startsWith('image/')) return 'What is to be made larger must be a picture.';
  const size = sizeOf(request.size, input);
  if (typeof size === 'string') return size;
  const form = new FormData();
  form.set('image', filePart(input, 'picture'));
  const parameters = {
    ...size,
    output_format: formatOf(input),
    ...(webhookUrl === undefined ? {} : { webhooks: { complete: webhookUrl } }),
  };
  form.set('parameters', JSON.stringify(parameters));
  return form;
}

/**
 * Twice the size when none is asked for. The catalogue sells "an upscale" at one price and names no factor; the
 * vendor takes one credit for any, so the least that is worth the name is what everybody gets. Four times would be
 * four times as many pixels again: more than many a customer wants, and than storage may hold.
 *
 * A size is the frame that the whole picture fits into (`bounds`): the vendor's default would fill what is left with
 * bars.
 */
function sizeOf(size: string | undefined, { width, height }: InputFile): object | string {
  if (size === undefined) return { width: '200%' };
  const wanted = readSize(size);
  if (!wanted) return 'The size must be a width and a height in pixels, such as 2048x2048.';
  if (width !== undefined && height !== undefined) {
    const times = Math.min(wanted.width / width, wanted.height / height);
    if (times > MOST_TIMES) {
      return `The picture has ${width}x${height} pixels, and is made at most ${MOST_TIMES} times as large: up to ${width * MOST_TIMES}x${height * MOST_TIMES}.`;
    }
    if (times <= 1) return `The picture has ${width}x${height} pixels already, and would not become larger.`;
  }
  return { ...wanted, fit: 'bounds' };
}

/** A photograph stays one: as PNG it would be many times as long. Everything else is kept without loss. */
function formatOf({ contentType }: InputFile): 'jpeg' | 'png' {
  return contentType === 'image/jpeg' ? 'jpeg' : 'png';
}

// --------------------------------------------------------------------------------------------------------- job

/**
 * How a job stands; undefined when the answer is none.
 *
 * @param asked the id that was asked after, which an answer to that question need not repeat.
 */
function readJob(body: unknown, failures: Failures, asked?: string): SubmitResult | undefined {
  const status = textOf(memberOf(body, 'status'));
  const jobId = asked ?? textOf(memberOf(body, 'job'));
  if (!status) return undefined;
  const named = jobId === undefined ? {} : { jobId };
  switch (status) {
    case 'complete': {
      const url = memberOf(body, 'result_url');
      if (!isAddress(url)) {
        const detail = `Deep-Image completed a job without a file: ${JSON.stringify(body)}`;
        return failures.make(NO_FILE, detail, named);
      }
      // One credit a picture ("1 image transformation requires 1 credit"), whose price hangs on the plan: no money is
      // told.
      return {
        status: 'succeeded',
        outputs: [{ content: { url }, contentType: typeOfAddress(url) }],
        costMicros: null,
        ...named,
      };
    }
    // Neither is documented; both are what callers have written down.
    case 'failed':
    case 'error':
      return failures.make(BROKEN, `Deep-Image failed: ${JSON.stringify(body)}`, named);
    default:
      // `received`, `in_progress`, `not_started`, and whatever may be added that has not ended.
      return jobId === undefined ? undefined : running(jobId, POLL_MS);
  }
}

// ---------------------------------------------------------------------------------------------------- failures

/** The vendor's sentences on a key, an account, a plan, or credits (documentation.deep-image.ai, API methods). */
const ACCOUNT =
  /no x-(?:api-key|application-name) header|no user found|no plan found|no more requests are available|e-?mail has not been confirmed|does not have access|no such application/i;
const ANY_4XX = Array.from({ length: 100 }, (_, index) => 400 + index);

/**
 * Refusals by their words, then by status; the vendor shows no statuses beside its sentences. What is refused with a
 * 4xx was not transformed, and transformations are what takes a credit: `no`. Of a 5xx the vendor says nothing, and a
 * gateway's may follow a picture that was made: `unknown`, as for any status that is not named here. A job that
 * failed is `unknown` too: whether its credit is given back is said nowhere.
 */
const REFUSALS: RefusalTerms = {
  pollMs: POLL_MS,
  table: [
    { statuses: ANY_4XX, words: /rate limit has been reached/i, verdict: BUSY },
    { statuses: [429], verdict: BUSY },
    {
      statuses: ANY_4XX,
      words: ACCOUNT,
      verdict: MISCONFIGURED,
      note: 'The account at Deep-Image, or its credits.',
    },
    {
      statuses: [401, 402, 403],
      verdict: MISCONFIGURED,
      note: 'Deep-Image does not allow this to the account.',
    },
    { statuses: [404], verdict: MISCONFIGURED, note: 'The base URL is wrong.' },
    { statuses: [400, 413, 415, 422], verdict: INVALID },
  ],
  /** No more is documented of the envelope than that it has a sentence. A page of HTML is none. */
  read({ body, text }) {
    if (body === undefined) return { words: text.trimStart().startsWith('<') ? undefined : text };
    const places = [['error'], ['message'], ['detail'], ['error', 'message']];
    return { words: places.map((names) => textOf(memberOf(body, ...names))).find(Boolean) };
  },
};
