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
 * - It takes no address to report to. A webhook is set up in the workspace by hand; see {@link readReport}.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Micros, parseDecimal } from '../money.ts';
import {
  BROKEN,
  BUSY,
  createFailures,
  type Failures,
  INVALID,
  MISCONFIGURED,
  NO_FILE,
  UNKNOWN_JOB,
  type Verdict,
} from './failure.ts';
import {
  type Fields,
  fieldsOf,
  fileOf,
  hear,
  lost,
  parseFields,
  redact,
  refused,
  textOf,
  unanswered,
  unreadable,
  unsent,
} from './plain-http.ts';
import {
  type Provider,
  type ProviderFailure,
  type SubmitRequest,
  type SubmitResult,
  WEBHOOK_TOLERANCE_SECONDS,
  type WebhookDelivery,
  type WebhookReading,
} from './provider.ts';

/** How ElevenLabs is reached. */
export interface ElevenLabsOptions {
  readonly apiKey: string;
  /** Where the API is, with its version: `https://api.elevenlabs.io/v1`. */
  readonly baseUrl?: string | undefined;
  /** How long one request may take: films are sent and fetched, and a long one takes minutes on a slow line. */
  readonly timeoutMs?: number;
  /** What the workspace's webhook signs with. Without it, reports are not taken. */
  readonly webhookSecret?: string | undefined;
}

const BASE_URL = 'https://api.elevenlabs.io/v1';
const TIMEOUT_MS = 300_000;
/** The vendor promises no time, and takes films of hours: three times what other jobs are given. */
const JOB_TIMEOUT_MS = 60 * 60_000;
/** How long a question may take, which carries no film. */
const QUESTION_TIMEOUT_MS = 30_000;
const POLL_MS = 10_000;
/** The one model of this surface, by its name on the other. */
const MODEL = 'dubbing_v1';

/** ElevenLabs as a provider. */
export function createElevenLabs(options: ElevenLabsOptions): Provider {
  const { apiKey, baseUrl = BASE_URL, timeoutMs = TIMEOUT_MS, webhookSecret } = options;
  const failures = createFailures(apiKey, webhookSecret ?? '');

  const ask = (signal: AbortSignal, path: string, init: RequestInit = {}, longestMs = timeoutMs) =>
    hear(signal, Math.min(timeoutMs, longestMs), `${baseUrl}/dubbing${path}`, {
      ...init,
      headers: { 'xi-api-key': apiKey },
    });
  const pathOf = ({ dubbingId }: Job) => `/${encodeURIComponent(dubbingId)}`;
  const notYet = (jobId: string, detail: string, response?: Response) =>
    unanswered(failures, jobId, POLL_MS, detail, response);

  /** How a dub stands, or why that is not known. */
  async function look(jobId: string, signal: AbortSignal): Promise<Dub | { readonly result: SubmitResult }> {
    const job = readJobId(jobId);
    if (!job) {
      const detail = `"${jobId}" does not name a dub and its language.`;
      return { result: failures.make(UNKNOWN_JOB, detail, { jobId }) };
    }
    const heard = await ask(signal, pathOf(job), {}, QUESTION_TIMEOUT_MS);
    if ('loss' in heard) return { result: notYet(jobId, heard.loss.message) };
    const { response } = heard;
    const body = await response.text();
    const detail = `HTTP ${response.status} ${body}`;
    if (response.status === 404) return { result: failures.make(UNKNOWN_JOB, detail, { jobId }) };
    const fields = response.ok ? parseFields(body) : undefined;
    const status = textOf(fields?.status);
    if (!fields || !status) return { result: notYet(jobId, detail, response) };
    const media = fieldsOf(fields.media_metadata);
    return {
      ...job,
      jobId,
      status,
      seconds: secondsOf(media),
      contentType: textOf(media?.content_type),
      error: textOf(fields.error),
    };
  }

  /** The dubbed film. */
  async function fetchFile(dub: Dub, signal: AbortSignal): Promise<SubmitResult> {
    const { jobId, seconds } = dub;
    const heard = await ask(signal, `${pathOf(dub)}/audio/${dub.language}`);
    if ('loss' in heard) return notYet(jobId, heard.loss.message);
    const { response } = heard;
    const costMicros = costOf(seconds);
    if (response.status === 404) {
      const failure = failures.make(NO_FILE, `HTTP 404 ${await response.text()}`, { jobId });
      return costMicros === null ? failure : { ...failure, costMicros };
    }
    // 425 is the documented "too early"; every other refusal says as little of the film.
    if (!response.ok) return notYet(jobId, `HTTP ${response.status} ${await response.text()}`, response);
    const contentType = contentTypeOf(response, dub);
    const content = await response.bytes();
    if (!contentType || content.length === 0) {
      const type = response.headers.get('content-type');
      return notYet(jobId, `HTTP 200 with ${content.length} bytes of ${type} in the place of the dub.`);
    }
    const duration = seconds === undefined ? {} : { durationSeconds: seconds };
    return { status: 'succeeded', outputs: [{ content, contentType, ...duration }], costMicros, jobId };
  }

  return {
    name: 'elevenlabs',
    inProcess: false,
    timeoutMs,
    jobTimeoutMs: JOB_TIMEOUT_MS,

    async submit(submit) {
      try {
        if (submit.vendorModel !== MODEL) {
          return failures.make(MISCONFIGURED, `"${submit.vendorModel}" is not ${MODEL}, the one model here.`);
        }
        const order = orderOf(submit);
        if (typeof order === 'string') return unsent(failures, order);
        const heard = await ask(submit.signal, '', { method: 'POST', body: order.form });
        if ('loss' in heard) return lost(failures, heard.loss);
        const { response } = heard;
        const body = await response.text();
        if (!response.ok) return readRefusal(response, body, failures);
        const dubbingId = textOf(parseFields(body)?.dubbing_id);
        if (!dubbingId) return unreadable(failures, `HTTP ${response.status} without a dubbing_id: ${body}`);
        return { status: 'running', jobId: `${dubbingId}:${order.language}`, pollAfterMs: POLL_MS };
      } catch (error) {
        return unreadable(failures, String(error));
      }
    },

    async check(jobId, signal) {
      try {
        const dub = await look(jobId, signal);
        if ('result' in dub) return dub.result;
        if (dub.status === 'dubbed') return await fetchFile(dub, signal);
        if (dub.status === 'failed') return readFailure(dub, failures);
        // `preparing`, `queued`, `dubbing`, `cloning`, and whatever may be added that has not ended.
        return { status: 'running', jobId, pollAfterMs: POLL_MS };
      } catch (error) {
        return notYet(jobId, String(error));
      }
    },

    async cancel(jobId, signal) {
      const goesOn = (detail: string) => ({ status: 'goes-on', detail: redact(failures, detail) }) as const;
      try {
        const dub = await look(jobId, signal);
        if ('result' in dub) {
          const detail = 'detail' in dub.result ? dub.result.detail : undefined;
          return goesOn(`It is not known how the dub stands: ${detail}`);
        }
        if (dub.status === 'dubbed' || dub.status === 'failed') {
          return goesOn(`The dub has ended: it is ${dub.status}. Deleting it would only lose the film.`);
        }
        const heard = await ask(signal, pathOf(dub), { method: 'DELETE' }, QUESTION_TIMEOUT_MS);
        if ('loss' in heard) return goesOn(heard.loss.message);
        const body = await heard.response.text();
        if (!heard.response.ok || parseFields(body)?.status !== 'ok') {
          return goesOn(`HTTP ${heard.response.status} ${body}`);
        }
        // Of this surface the vendor does not say what a deleted dub costs. Of the other it says that "a dub already
        // running is still billed" (the SDK's ProjectClient.delete), so that nobody may count on its being free.
        return { status: 'stopped', billed: 'unknown' };
      } catch (error) {
        return goesOn(String(error));
      }
    },

    ...(webhookSecret
      ? { readWebhook: async (delivery: WebhookDelivery) => readReport(delivery, webhookSecret) }
      : {}),
  };
}

// ------------------------------------------------------------------------------------------------------- order

/** Where a dub's file is found. */
interface Job {
  readonly dubbingId: string;
  /** As the vendor writes it: `es`. */
  readonly language: string;
}

/** A dub, as the vendor says that it stands. */
interface Dub extends Job {
  readonly jobId: string;
  readonly status: string;
  readonly seconds: number | undefined;
  readonly contentType: string | undefined;
  readonly error: string | undefined;
}

function readJobId(jobId: string): Job | undefined {
  const match = /^(.+):([a-z]{2,3})$/.exec(jobId);
  return match ? { dubbingId: match[1] ?? '', language: match[2] ?? '' } : undefined;
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
  if (!request.targetLanguage) return 'A target language is needed.';
  const language = languageOf(request.targetLanguage);
  if (!language) return 'The target language is not one that can be spoken: write a tag such as es or pt-BR.';
  const form = new FormData();
  form.set('file', fileOf(input, 'film'));
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

function secondsOf(media: Fields | undefined): number | undefined {
  const duration = media?.duration;
  return typeof duration === 'number' && Number.isFinite(duration) && duration > 0 ? duration : undefined;
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
 * The state of the key and the account, which comes as a 400 as well as a 401 (the vendor's help page "API Error Code
 * 400 or 401").
 */
const OPERATORS_AFFAIR = /^(?:quota_exceeded|invalid_api_key)$/;

/**
 * Refusals of the upload, by status. A 4xx made no dub, and dubs are what is billed, by the minute. After a 5xx there
 * may be one whose id we shall never learn: `unknown`, as for any status that is not in this table.
 */
const REFUSALS: Readonly<Record<number, { readonly verdict: Verdict; readonly note?: string }>> = {
  400: { verdict: INVALID },
  401: { verdict: MISCONFIGURED, note: 'ElevenLabs refused the key.' },
  402: { verdict: MISCONFIGURED, note: 'The account at ElevenLabs is out of credit.' },
  403: { verdict: MISCONFIGURED, note: 'ElevenLabs does not allow this to the account.' },
  404: { verdict: MISCONFIGURED, note: 'The base URL is wrong.' },
  413: { verdict: INVALID },
  415: { verdict: INVALID },
  422: { verdict: INVALID },
  // Too many requests, or more dubs at once than the plan allows: rate_limit_exceeded, concurrent_limit_exceeded.
  429: { verdict: BUSY },
};

function readRefusal(response: Response, body: string, failures: Failures): ProviderFailure {
  const { code, words } = readDetail(body);
  const row =
    response.status < 500 && response.status !== 429 && code && OPERATORS_AFFAIR.test(code)
      ? { verdict: MISCONFIGURED, note: `The account at ElevenLabs: ${code}.` }
      : REFUSALS[response.status];
  return refused(failures, row?.verdict ?? BROKEN, { response, body, words, note: row?.note });
}

/**
 * The envelope is `{"detail": {"type", "code", "status", "message", …}}`, where `status` is the older name of `code`; or,
 * from the validation of a form, `{"detail": [{"loc", "msg", "type"}]}`.
 */
function readDetail(body: string): {
  readonly code?: string | undefined;
  readonly words?: string | undefined;
} {
  const detail = parseFields(body)?.detail;
  if (Array.isArray(detail)) {
    const words = detail.map((item) => {
      const { loc, msg } = fieldsOf(item) ?? {};
      return `${Array.isArray(loc) ? loc.slice(1).join('.') : ''}: ${textOf(msg) ?? ''}`;
    });
    return { words: words.join('; ') };
  }
  const fields = fieldsOf(detail);
  return {
    code: textOf(fields?.code) ?? textOf(fields?.status),
    words: textOf(fields?.message) ?? textOf(detail),
  };
}

/** A dub that was refused for what it says has no code, only words; these are read generously. */
const REFUSED_CONTENT = /moderat|content polic|safety|prohibited|terms of (?:service|use)|usage polic/i;

/**
 * A dub that failed. Whether it is billed is `unknown`: the vendor's pages say what a dubbed minute costs, and
 * nothing of one that was worked on and came to nothing.
 */
function readFailure({ jobId, error }: Dub, failures: Failures): ProviderFailure {
  const detail = `Dub ${jobId} failed: ${error ?? 'without a reason'}`;
  const verdict: Verdict =
    error && REFUSED_CONTENT.test(error)
      ? {
          code: 'CONTENT_REFUSED',
          billed: 'unknown',
          retryable: false,
          message: "The provider's safety system refuses this video.",
        }
      : BROKEN;
  return failures.make(verdict, detail, { jobId });
}

// ----------------------------------------------------------------------------------------------------- reports

/**
 * A report of the workspace's webhook: `ElevenLabs-Signature: t=<unix seconds>,v0=<hex>`, the HMAC-SHA256 of
 * `t.body`. The SDK's own check compares with `!==`, takes reports of the last 30 minutes, and all that are dated in
 * the future.
 *
 * Which reports the vendor sends of this surface's dubs is documented nowhere (of the other's it sends
 * `dubbing_language_completed` and three more). So one that is signed, and names a dub and its language, is a reason
 * to ask after it and no more: `result` is null, and what it says of the end is not used.
 */
function readReport({ headers, body, receivedAt }: WebhookDelivery, secret: string): WebhookReading {
  const rejected = (reason: string): WebhookReading => ({ status: 'rejected', reason });
  const parts = (headers['elevenlabs-signature'] ?? '').split(',').map((part) => part.trim());
  const timestamp = /^t=(\d{1,12})$/.exec(parts.find((part) => part.startsWith('t=')) ?? '')?.[1];
  if (timestamp === undefined) return rejected('The signature has no timestamp.');
  const age = receivedAt.getTime() / 1000 - Number(timestamp);
  if (Math.abs(age) > WEBHOOK_TOLERANCE_SECONDS)
    return rejected('The report is too old, or from the future.');
  const right = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest();
  // There may be several signatures, while a secret is being replaced.
  const signed = parts.some((part) => {
    const hex = /^v0=([0-9a-f]{64})$/i.exec(part)?.[1];
    return hex !== undefined && timingSafeEqual(Buffer.from(hex, 'hex'), right);
  });
  if (!signed) return rejected('The signature is missing or wrong.');
  const data = fieldsOf(parseFields(Buffer.from(body).toString('utf8'))?.data);
  const dubbingId = textOf(data?.dubbing_id);
  const language = textOf(data?.target_language);
  const jobId = `${dubbingId}:${language}`;
  if (!dubbingId || !readJobId(jobId)) return rejected('The report names no dub and language.');
  return { status: 'accepted', signed: true, jobId, result: null };
}
