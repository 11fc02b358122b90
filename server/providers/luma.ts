/**
 * Luma's films (Dream Machine): a generation, which is created, asked after, and ends. Luma reports every change to
 * `callback_url` and signs nothing, and no answer tells money: the catalogue's cost stands.
 *
 * Traps of the SDK (lumaai 1.19.1) and of the API that are gone round here:
 *
 * - The SDK repeats a POST twice by default (`maxRetries`), on 408, 409, 429, 5xx and lost connections.
 * - It is written for node-fetch 2, which it would use by itself; `lumaai/shims/web` makes it expect the platform's `fetch`,
 *   and the exchange takes its place.
 * - It reads LUMAAI_BASE_URL and LUMAAI_API_KEY where no option says otherwise; here each does.
 * - With DEBUG=true it writes its headers to the console, the key among them, and has no option against it. So it is not
 *   given the key, which is added where the request leaves.
 * - `generations.get` and `delete` put an id into the path as it is.
 * - Pictures are taken by their address only, so that Luma fetches again what Solvent has checked.
 * - DELETE removes a generation, with its film when there is one. So a generation is asked after before it is removed.
 */
import 'lumaai/shims/web';
import LumaAI from 'lumaai';
import type { VideoCreateParams } from 'lumaai/resources/generations/video';
import {
  BROKEN,
  BUSY,
  createFailures,
  type Failures,
  INVALID,
  MISCONFIGURED,
  NO_FILE,
  REFUSED,
  type Verdict,
} from './failure.ts';
import { isAddress } from './files.ts';
import { hear, pathPart } from './heard.ts';
import { removableJobs, running } from './jobs.ts';
import { listOf, memberOf, textOf } from './json.ts';
import type { Provider, ProviderFailure, SubmitRequest, SubmitResult } from './provider.ts';
import { createReplies, type RefusalTerms } from './replies.ts';
import { bodyOf, reasonToAsk, rejected } from './reports.ts';

/** How Luma is reached. */
export interface LumaOptions {
  readonly apiKey: string;
  /** Where the API is, with its version: `https://api.lumalabs.ai/dream-machine/v1`. */
  readonly baseUrl?: string | undefined;
  /** How long one request may take. */
  readonly timeoutMs?: number | undefined;
}

const BASE_URL = 'https://api.lumalabs.ai/dream-machine/v1';
const TIMEOUT_MS = 30_000;
/** Luma's own examples ask every three seconds; a film takes a minute or more. */
const POLL_MS = 5_000;

/** Luma as a provider. */
export function createLuma(options: LumaOptions): Provider {
  const { apiKey, baseUrl = BASE_URL, timeoutMs = TIMEOUT_MS } = options;
  const failures = createFailures(apiKey);
  const replies = createReplies(failures, TERMS);

  const ask = <Answer>(signal: AbortSignal, call: (client: LumaAI) => Promise<Answer | undefined>) =>
    hear(signal, timeoutMs, (fetch) =>
      call(
        new LumaAI({
          authToken: 'not-here',
          baseURL: baseUrl,
          maxRetries: 0,
          // The exchange's deadline comes first; this one would hide whether the request was sent.
          timeout: timeoutMs + 5_000,
          fetch: (input, init) => {
            const headers = new Headers(init?.headers);
            headers.set('authorization', `Bearer ${apiKey}`);
            return fetch(input, { ...init, headers });
          },
        }),
      ),
    );

  return {
    name: 'luma',
    inProcess: false,
    timeoutMs,

    async submit(submit) {
      const params = paramsOf(submit);
      if (typeof params === 'string') return failures.unsent(params);
      // The address to report to is a secret as well, and Luma says back what it was asked.
      const discreet = createFailures(apiKey, submit.webhookUrl ?? '');
      const heard = await ask(submit.signal, async ({ generations }) =>
        readGeneration(await generations.video.create(params), discreet),
      );
      return 'answer' in heard ? heard.answer : createReplies(discreet, TERMS).failure(heard);
    },

    // Luma has no order to stop; removing a generation is all that there is. It documents that an account is charged before a
    // generation begins and gets the money back if that fails, and says nothing of one that is removed meanwhile. Nobody can
    // fetch the film after that: it has stopped as far as anyone is concerned, and may be billed in full.
    ...removableJobs({
      get: (jobId, signal) =>
        ask(signal, async ({ generations }) =>
          readGeneration(await generations.get(pathPart(jobId)), failures),
        ),
      remove: (jobId, signal) =>
        ask(signal, async ({ generations }) => {
          await generations.delete(pathPart(jobId));
          return true;
        }),
      replies,
    }),

    /** The body is the generation, at each change of its state and more than once for each. Nothing proves it. */
    async readWebhook(delivery) {
      const jobId = textOf(memberOf(bodyOf(delivery), 'id'));
      return jobId === undefined ? rejected('The body is not a generation.') : reasonToAsk(jobId);
    },
  };
}

// ------------------------------------------------------------------------------------------------------ input

/** What is sold: the catalogue's costs are those of 720p, and what Luma makes when not told is not documented. */
const RESOLUTION = '720p';

/** What goes on the wire, or a sentence that says why nothing does. */
function paramsOf({ vendorModel, request, input, webhookUrl }: SubmitRequest): VideoCreateParams | string {
  if (request.operation !== 'GENERATE_VIDEO') return 'This provider only generates videos.';
  if (!request.prompt) return 'A prompt is needed.';
  if (request.count !== 1) return 'This model makes one video at a time.';
  if (input && !input.contentType.startsWith('image/')) return 'Give a picture to start from.';
  const { prompt, aspectRatio, durationSeconds } = request;
  return {
    // Which models, shapes and durations there are is the vendor's to say; it refuses the others without a bill.
    model: vendorModel as VideoCreateParams['model'],
    prompt,
    resolution: RESOLUTION,
    ...(aspectRatio === undefined
      ? {}
      : { aspect_ratio: aspectRatio as NonNullable<VideoCreateParams['aspect_ratio']> }),
    ...(durationSeconds === undefined ? {} : { duration: `${durationSeconds}s` }),
    ...(input ? { keyframes: { frame0: { type: 'image', url: input.url } } } : {}),
    ...(webhookUrl === undefined ? {} : { callback_url: webhookUrl }),
  };
}

// ------------------------------------------------------------------------------------------------- generation

/**
 * What a generation says of itself; undefined for an answer that is none. By its types every member may be missing: an id is
 * enough, since a generation must not be lost for want of a state.
 */
function readGeneration(answer: unknown, failures: Failures): SubmitResult | undefined {
  const jobId = textOf(memberOf(answer, 'id'));
  if (jobId === undefined) return undefined;
  switch (memberOf(answer, 'state')) {
    case 'completed': {
      const url = memberOf(answer, 'assets', 'video');
      if (!isAddress(url)) {
        return failures.make(NO_FILE, `Generation ${jobId} completed without a video.`, { jobId });
      }
      return {
        status: 'succeeded',
        outputs: [{ content: { url }, contentType: 'video/mp4' }],
        costMicros: null,
        jobId,
      };
    }
    case 'failed':
      return readFailure(jobId, memberOf(answer, 'failure_reason'), failures);
    default:
      // `queued`, `dreaming`, and whatever Luma may add that has not ended. How far it is, it does not tell.
      return running(jobId, POLL_MS);
  }
}

// --------------------------------------------------------------------------------------------------- failures

const REFUSED_HERE: Verdict = {
  ...REFUSED,
  message: "The provider's safety system refuses this prompt or picture.",
};
const UNREADABLE_FRAME: Verdict = {
  ...INVALID,
  message: 'The provider cannot fetch the picture to start from: it must be where anyone can read it.',
};

/**
 * Refused content has no code, only words (Luma's page on errors): "Contains blacklisted words", "Frame moderation failed",
 * "Advanced prompt moderation failed". Others have met "prompt not allowed".
 */
const REFUSED_CONTENT = /\bmoderation\b|\bblacklisted\b|\bprompt not allowed\b/i;

/**
 * A generation that failed is not billed, whatever failed it: "you won't be charged for failed generations … if the
 * generation fails, we fully refund the amount to your credit balance" (Luma's FAQ of the API).
 */
function readFailure(jobId: string, told: unknown, failures: Failures): ProviderFailure {
  const reason = textOf(told) ?? `no reason is told: ${JSON.stringify(told)}`;
  const verdict = REFUSED_CONTENT.test(reason)
    ? REFUSED_HERE
    : /failed to read user input frames/i.test(reason)
      ? UNREADABLE_FRAME
      : { ...BROKEN, billed: 'no' as const };
  return failures.make(verdict, `Generation ${jobId} failed: ${reason}`, { jobId });
}

/**
 * Refusals of a request, by status. Luma documents words and no statuses (those here are the SDK's classes): a 4xx made no
 * generation, and only generations are billed. After a 5xx there may be one that runs, and whose id we shall never learn
 * unless it reports: `unknown`, as for any status that is not in this table.
 */
const TERMS: RefusalTerms = {
  pollMs: POLL_MS,
  table: [
    { statuses: [400, 413, 422], words: REFUSED_CONTENT, verdict: REFUSED_HERE },
    {
      statuses: [400, 413, 422],
      words: /\b(?:insufficient|not enough) (?:credit|balance|fund)/i,
      verdict: MISCONFIGURED,
      note: 'The account at Luma is out of credit.',
    },
    { statuses: [400, 413, 422], verdict: INVALID },
    { statuses: [401], verdict: MISCONFIGURED, note: 'Luma refused the key.' },
    { statuses: [402], verdict: MISCONFIGURED, note: 'The account at Luma is out of credit.' },
    { statuses: [403], verdict: MISCONFIGURED, note: 'Luma does not allow this to the account.' },
    {
      statuses: [404],
      verdict: MISCONFIGURED,
      note: 'Luma does not know the model, or the base URL is wrong.',
    },
    {
      statuses: [429],
      verdict: BUSY,
      note: 'Too many requests a minute, or too many generations at a time.',
    },
  ],
  /** The envelope is `{"detail"}`: a sentence, or a list of `{"loc", "msg", "type"}`. */
  read({ body }) {
    const detail = memberOf(body, 'detail');
    const messages = listOf(detail).map((item) => textOf(memberOf(item, 'msg')));
    return { words: textOf(detail) ?? messages.join(' ') };
  },
};
