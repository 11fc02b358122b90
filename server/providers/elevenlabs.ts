/**
 * ElevenLabs' dubbing: a film is uploaded, becomes a dub that is asked after, and is fetched when it is done.
 *
 * It is spoken to by plain HTTP: the SDK (elevenlabs-js 2.73.0) takes 108 MB on disk for four short calls, and sends a
 * POST up to three times on 408, 429 and 5xx.
 *
 * Of the vendor's two surfaces this is the older one, `/v1/dubbing`, for three reasons:
 *
 * - It alone gives a **film** back. A language target of `/v1/dubbing/project` has two outputs, a track of sound in
 *   FLAC and subtitles (the SDK's DubbingLanguageOutputs), and what is sold here is a dubbed video.
 * - It alone has a `watermark`, without which the price that the catalogue knows does not hold.
 * - It makes a dub in one POST, and runs the model of the catalogue, `dubbing_v1`, which it need not be told.
 *
 * What follows from that choice, and which traps are gone round:
 *
 * - A dub's file is found by its id **and** its language, so a job's id holds both: `21m00Tcm4TlvDq8ikWAM:es`.
 * - The file is served to the holder of the key only, so `check` fetches the bytes by itself instead of giving a URL.
 * - "Done" and "can be fetched" are two moments: the file may answer 425 after the dub is `dubbed`.
 * - Deleting is the only way to stop a dub, and deletes a finished one as well, which may be paid for. So `cancel`
 *   looks first, and lets a dub alone that has ended.
 * - It takes no address to report to, and of the reports that a workspace can be set up for none is documented for it.
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
  UNKNOWN_JOB,
  type Verdict,
  withCost,
} from './failure.ts';
import { filePart } from './files.ts';
import { callJson, hear, pathPart } from './heard.ts';
import { running } from './jobs.ts';
import { isKey, listOf, memberOf, textOf } from './json.ts';
import type { Provider, ProviderFailure, ProviderOutput, SubmitRequest, SubmitResult } from './provider.ts';
import { createReplies, type RefusalTerms } from './replies.ts';
import { inTime, NEVER, Shared } from './shared.ts';

/** How ElevenLabs is reached. */
export interface ElevenLabsOptions {
  readonly apiKey: string;
  /** Where the API is, with its version: `https://api.elevenlabs.io/v1`. */
  readonly baseUrl?: string | undefined;
  /** How long one request may take: films are sent and fetched, and a long one takes minutes on a slow line. */
  readonly timeoutMs?: number;
}

const BASE_URL = 'https://api.elevenlabs.io/v1';
const TIMEOUT_MS = 300_000;
/** The vendor promises no time, and takes films of hours: three times what other jobs are given. */
const JOB_TIMEOUT_MS = 60 * 60_000;
/** How long a question may take, which carries no film. */
const QUESTION_TIMEOUT_MS = 30_000;
const POLL_MS = 10_000;
/** Films that came when nobody was waiting any more are kept until they are asked for again, each of them in memory. */
const FILMS_KEPT = 4;
const FILM_KEPT_MS = 60_000;
/** The longest film that is dubbed: with room for a dub that is longer, within the longest answer that is read. */
const MOST_FILM_BYTES = 200_000_000;
/** The one model of this surface, by its name on the other. */
const MODEL = 'dubbing_v1';

/** ElevenLabs as a provider. */
export function createElevenLabs(options: ElevenLabsOptions): Provider {
  const { apiKey, baseUrl = BASE_URL, timeoutMs = TIMEOUT_MS } = options;
  const failures = createFailures(apiKey);
  const replies = createReplies(failures, REFUSALS);
  const headers = { 'xi-api-key': apiKey };
  const films = new Shared<Film>(FILMS_KEPT, FILM_KEPT_MS);
  const questionMs = Math.min(timeoutMs, QUESTION_TIMEOUT_MS);
  const urlOf = ({ dubbingId }: Job) => `${baseUrl}/dubbing/${pathPart(dubbingId)}`;

  /** How a dub stands. */
  const look = (job: Job, signal: AbortSignal) =>
    hear(
      signal,
      questionMs,
      callJson(urlOf(job), { headers }, (body) => readDub(body, job)),
    );

  /** A film, with a deadline of its own: a question that is given up after some seconds finds it here when it is repeated. */
  const filmOf = (dub: Dub, jobId: string) =>
    films.get(jobId, () =>
      hear(NEVER, timeoutMs, async (fetch) => {
        const response = await fetch(`${urlOf(dub)}/audio/${dub.language}`, { headers });
        const contentType = contentTypeOf(response, dub);
        const content = await response.bytes();
        return contentType && content.length > 0 ? { content, contentType } : undefined;
      }),
    );

  /** The dubbed film. */
  async function fetchFile(dub: Dub, jobId: string, signal: AbortSignal): Promise<SubmitResult> {
    const heard = await inTime(filmOf(dub, jobId), signal);
    if (heard === null) return { ...running(jobId, POLL_MS), detail: 'The film is still being fetched.' };
    const costMicros = costOf(dub.seconds);
    if ('answer' in heard) {
      films.forget(jobId);
      const outputs = [{ ...heard.answer, durationSeconds: dub.seconds }];
      return { status: 'succeeded', outputs, costMicros, jobId };
    }
    if ('refusal' in heard && heard.refusal.status === 404) {
      return withCost(failures.make(NO_FILE, `HTTP 404 ${heard.refusal.text}`, { jobId }), costMicros);
    }
    if ('loss' in heard && heard.loss.loss === 'too-long') {
      return withCost(failures.make(NO_FILE, heard.loss.message, { jobId }), costMicros);
    }
    // 425 is the documented "too early"; every other refusal says as little of the film.
    return replies.unanswered(heard, jobId);
  }

  return {
    name: 'elevenlabs',
    inProcess: false,
    timeoutMs,
    jobTimeoutMs: JOB_TIMEOUT_MS,

    async submit(submit) {
      if (submit.vendorModel !== MODEL) {
        return failures.make(MISCONFIGURED, `"${submit.vendorModel}" is not ${MODEL}, the one model here.`);
      }
      const order = orderOf(submit);
      if (typeof order === 'string') return failures.unsent(order);
      const init = { method: 'POST', headers, body: order.form };
      const heard = await hear(
        submit.signal,
        timeoutMs,
        callJson(`${baseUrl}/dubbing`, init, (body) => textOf(memberOf(body, 'dubbing_id'))),
      );
      return 'answer' in heard
        ? running(`${heard.answer}:${order.language}`, POLL_MS)
        : replies.failure(heard);
    },

    async check(jobId, signal) {
      const job = readJobId(jobId);
      if (!job) return failures.make(UNKNOWN_JOB, NO_JOB, { jobId });
      const heard = await look(job, signal);
      if (!('answer' in heard)) return replies.unanswered(heard, jobId);
      const dub = heard.answer;
      if (dub.status === 'dubbed') return fetchFile(dub, jobId, signal);
      if (dub.status === 'failed') return readFailure(dub, jobId, failures);
      // `preparing`, `queued`, `dubbing`, `cloning`, and whatever may be added that has not ended.
      return running(jobId, POLL_MS);
    },

    async cancel(jobId, signal) {
      const job = readJobId(jobId);
      if (!job) return { status: 'goes-on', detail: NO_JOB };
      const heard = await look(job, signal);
      if (!('answer' in heard)) return replies.goesOn(heard);
      const { status } = heard.answer;
      if (status === 'dubbed' || status === 'failed') {
        const detail = `The dub has ended: it is ${status}. Deleting it would only lose the film.`;
        return { status: 'goes-on', detail };
      }
      const removed = await hear(
        signal,
        questionMs,
        callJson(urlOf(job), { method: 'DELETE', headers }, (body) =>
          memberOf(body, 'status') === 'ok' ? true : undefined,
        ),
      );
      // Of this surface the vendor does not say what a deleted dub costs. Of the other it says that "a dub already
      // running is still billed" (the SDK's ProjectClient.delete), so that nobody may count on its being free.
      return 'answer' in removed ? { status: 'stopped', billed: 'unknown' } : replies.goesOn(removed);
    },
  };
}

// ------------------------------------------------------------------------------------------------------- order

type Film = Pick<ProviderOutput, 'content' | 'contentType'>;

/** Where a dub's file is found. */
interface Job {
  readonly dubbingId: string;
  /** As the vendor writes it: `es`. */
  readonly language: string;
}

/** A dub, as the vendor says that it stands. */
interface Dub extends Job {
  readonly status: string;
  readonly seconds: number | undefined;
  readonly contentType: string | undefined;
  readonly error: string | undefined;
}

const NO_JOB = 'The id does not name a dub and its language.';

function readJobId(jobId: string): Job | undefined {
  const match = /^(.+):([a-z]{2,3})$/.exec(jobId);
  return match ? { dubbingId: match[1] ?? '', language: match[2] ?? '' } : undefined;
}

/** A dub out of an answer; undefined for one that is none. */
function readDub(body: unknown, job: Job): Dub | undefined {
  const status = textOf(memberOf(body, 'status'));
  if (status === undefined) return undefined;
  const duration = memberOf(body, 'media_metadata', 'duration');
  return {
    ...job,
    status,
    seconds: typeof duration === 'number' && duration > 0 && Number.isFinite(duration) ? duration : undefined,
    contentType: textOf(memberOf(body, 'media_metadata', 'content_type')),
    error: textOf(memberOf(body, 'error')),
  };
}

/** What goes on the wire, or a sentence that says why nothing does. */
function orderOf({
  request,
  input,
  generationId,
}: SubmitRequest): { form: FormData; language: string } | string {
  if (request.operation !== 'DUB_VIDEO') return 'This provider only dubs videos.';
  if (request.count !== 1) return 'This provider makes one dub at a time.';
  if (!input) return 'A video is needed.';
  if (!/^(?:video|audio)\//.test(input.contentType)) return 'What is to be dubbed must be a video.';
  // A dub is about as long as its film. What could not be fetched would be billed all the same.
  if (input.bytes.length > MOST_FILM_BYTES) return 'Give a video of at most 200 MB.';
  if (!request.targetLanguage) return 'A target language is needed.';
  const language = languageOf(request.targetLanguage);
  if (!language) return 'The target language is not one that can be spoken: write a tag such as es or pt-BR.';
  const form = new FormData();
  form.set('file', filePart(input, 'film'));
  // What the vendor's list of dubs shows, and so what a dub whose answer was lost can be found by.
  form.set('name', generationId);
  form.set('source_lang', 'auto');
  form.set('target_lang', language);
  // The price that is known is the one with a watermark; without, the rate is another (second-hand of the vendor's
  // help centre).
  form.set('watermark', 'true');
  return { form, language };
}

/**
 * "A valid ISO 639-1 or ISO 639-3 language code", out of a tag of BCP 47: `pt` for `pt-BR`, `he` for the old `iw`. The
 * region is not passed on, since the field for it (`target_accent`) is marked as experimental.
 */
function languageOf(tag: string): string | undefined {
  try {
    const { language } = new Intl.Locale(tag);
    // "Undetermined", "several", "none" and "not coded" are tags as well.
    return /^(?!und|mul|zxx|mis)[a-z]{2,3}$/.test(language) ? language : undefined;
  } catch {
    return undefined;
  }
}

// -------------------------------------------------------------------------------------------------------- film

/**
 * The type that the answer says; where it says none, that of what was dubbed. Undefined for an answer that is no
 * film.
 */
function contentTypeOf(response: Response, dub: Dub): string | undefined {
  const told = response.headers.get('content-type')?.split(';')[0]?.trim() ?? 'application/octet-stream';
  const type = told === 'application/octet-stream' ? (dub.contentType ?? 'video/mp4') : told;
  return /^(?:video|audio)\//.test(type) ? type : undefined;
}

/**
 * A begun minute of dubbing v1 with a watermark: $0.33 (second-hand: developer.puter.com, ElevenLabs API Pricing, June
 * 2026), the same for every plan. The catalogue's cost has the same source; here it meets the duration that the vendor
 * has measured, in the place of the one that was assumed.
 */
const MINUTE_MICROS = parseDecimal('0.33');

/** What a dub costs; null when the vendor does not tell its duration. */
function costOf(seconds: number | undefined): Micros | null {
  return seconds === undefined ? null : BigInt(Math.ceil(seconds / 60)) * MINUTE_MICROS;
}

// ---------------------------------------------------------------------------------------------------- failures

/**
 * Refusals of the upload, by status. A 4xx made no dub, and dubs are what is billed, by the minute. After a 5xx there
 * may be one whose id we shall never learn: `unknown`, as for any status that is not in this table.
 */
const REFUSALS: RefusalTerms = {
  pollMs: POLL_MS,
  table: [
    {
      // The state of the key and the account, which comes as a 400 as well as a 401 (the vendor's help page "API Error Code
      // 400 or 401").
      statuses: [400, 401, 422],
      codes: ['quota_exceeded', 'invalid_api_key'],
      verdict: MISCONFIGURED,
      note: 'The account at ElevenLabs, or its key.',
    },
    { statuses: [400, 413, 415, 422], verdict: INVALID },
    { statuses: [401], verdict: MISCONFIGURED, note: 'ElevenLabs refused the key.' },
    { statuses: [402], verdict: MISCONFIGURED, note: 'The account at ElevenLabs is out of credit.' },
    { statuses: [403], verdict: MISCONFIGURED, note: 'ElevenLabs does not allow this to the account.' },
    { statuses: [404], verdict: MISCONFIGURED, note: 'The base URL is wrong.' },
    // Too many requests, or more dubs at once than the plan allows: rate_limit_exceeded, concurrent_limit_exceeded.
    { statuses: [429], verdict: BUSY },
  ],
  /**
   * The envelope is `{"detail": {"type", "code", "status", "message", …}}`, where `status` is the older name of `code`; or,
   * from the validation of a form, `{"detail": [{"loc", "msg", "type"}]}`.
   */
  read({ body }) {
    const detail = memberOf(body, 'detail');
    const faults = listOf(detail).map((item) => {
      const place = listOf(memberOf(item, 'loc')).slice(1).filter(isKey).join('.');
      return `${place}: ${textOf(memberOf(item, 'msg')) ?? ''}`;
    });
    return {
      words: textOf(memberOf(detail, 'message')) ?? textOf(detail) ?? faults.join('; '),
      codes: [textOf(memberOf(detail, 'code')) ?? textOf(memberOf(detail, 'status'))],
    };
  },
};

/** A dub that was refused for what it says has no code, only words; these are read generously. */
const REFUSED_CONTENT = /moderat|content polic|safety|prohibited|terms of (?:service|use)|usage polic/i;

const REFUSED_HERE: Verdict = {
  ...REFUSED,
  billed: 'unknown',
  message: "The provider's safety system refuses this video.",
};

/**
 * A dub that failed. Whether it is billed is `unknown`: the vendor's pages say what a dubbed minute costs, and
 * nothing of one that was worked on and came to nothing.
 */
function readFailure(
  { error = 'without a reason' }: Dub,
  jobId: string,
  failures: Failures,
): ProviderFailure {
  const verdict = REFUSED_CONTENT.test(error) ? REFUSED_HERE : BROKEN;
  return failures.make(verdict, `Dub ${jobId} failed: ${error}`, { jobId });
}
