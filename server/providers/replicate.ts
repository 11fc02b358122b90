/**
 * Replicate: every model is a prediction, which is created, asked after, and ends.
 *
 * Traps of the SDK (replicate 1.4.0) that are gone round here:
 *
 * - `request` repeats a POST on 429, a GET on 429 and 5xx, and **both on every error that `fetch` throws**, six times
 *   in all, without a switch (lib/util.js, withAutomaticRetries: the catch swallows what is no ApiError). So the
 *   `fetch` it is given never throws and never shows it such a status; what really happened is kept beside it.
 * - `replicate.run()` answers null for a prediction that is still processing, canceled or aborted. It is not used.
 * - `predictions.get` and `cancel` put an id into the path as it is.
 * - A Buffer in a prediction's input is uploaded by a POST of its own before the prediction's (lib/predictions.js,
 *   transformFileInputs): files travel as texts, see {@link fileOf}.
 * - `validateWebhook` looks at no timestamp. It is not used; standard-webhooks.ts does.
 */
import Replicate, { type Prediction, parseProgressFromLogs } from 'replicate';
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
  GenerationRequest,
  InputFile,
  Operation,
  Provider,
  ProviderFailure,
  ProviderOutput,
  ProviderRunning,
  SubmitResult,
} from './provider.ts';
import { nearestRatio } from './shapes.ts';
import { readStandardWebhook, rejected } from './standard-webhooks.ts';
import { Exchange, WireError } from './wire.ts';

/** How Replicate is reached. */
export interface ReplicateOptions {
  readonly apiToken: string;
  /** Where the API is, with its version: `https://api.replicate.com/v1`. */
  readonly baseUrl?: string | undefined;
  /** How long one request may take, the held one included. */
  readonly timeoutMs?: number;
  /**
   * For how many seconds (up to 60) Replicate is asked to hold the answer until the prediction has ended; 0 for
   * none. While it is held we know no job's id, and a crash leaves a bill that nobody can ask after: long enough
   * for a fast model, and no longer.
   */
  readonly waitSeconds?: number;
  /**
   * What Replicate signs its reports with: `GET /v1/webhooks/default/secret` tells it, `whsec_…`. Without it a report is
   * no more than a reason to ask.
   */
  readonly webhookSecret?: string | undefined;
}

const BASE_URL = 'https://api.replicate.com/v1';
const TIMEOUT_MS = 30_000;
const WAIT_SECONDS = 5;
/** Replicate allows 3,000 requests a minute other than creates, for the whole account. */
const POLL_STARTING_MS = 2_000;
const POLL_PROCESSING_MS = 1_000;

/** Replicate as a provider. */
export function createReplicate(options: ReplicateOptions): Provider {
  const { apiToken, webhookSecret, baseUrl = BASE_URL } = options;
  const { timeoutMs = TIMEOUT_MS, waitSeconds = WAIT_SECONDS } = options;
  const failures = createFailures(apiToken, webhookSecret ?? '');

  /** One request by the SDK, and what was heard. A client for each takes 3 µs, and keeps their outcomes apart. */
  async function ask(signal: AbortSignal, call: (client: Replicate) => Promise<unknown>): Promise<Heard> {
    const exchange = new Exchange(signal, timeoutMs);
    const ear: { heard?: Heard } = {};
    const client = new Replicate({
      auth: apiToken,
      baseUrl,
      useFileOutput: false,
      fetch: async (input, init) => {
        try {
          const response = await exchange.fetch(input, init);
          if (response.ok) return response;
          ear.heard ??= { refusal: response };
        } catch (error) {
          ear.heard ??= {
            loss: error instanceof WireError ? error : new WireError('broken', exchange.sent, error),
          };
        }
        return new Response(null, { status: 400, statusText: 'See what was heard' });
      },
    });
    try {
      return { answer: await call(client) };
    } catch (error) {
      return ear.heard ?? { loss: new WireError('unreadable', exchange.sent, error) };
    }
  }

  return {
    name: 'replicate',
    inProcess: false,
    timeoutMs,

    async submit({ vendorModel, request, input: file, webhookUrl, signal }) {
      try {
        const target = readModel(vendorModel);
        if (!target)
          return failures.make(MISCONFIGURED, `"${vendorModel}" is no owner/name or owner/name:version.`);
        const input = inputOf(target.name, request, file);
        if (typeof input === 'string') return failures.make({ ...INVALID, message: input }, input);
        const params = {
          input,
          ...(waitSeconds > 0 ? { wait: waitSeconds } : {}),
          // Only the end: by default each output is reported as well, which says nothing that can be booked.
          ...(webhookUrl === undefined
            ? {}
            : { webhook: webhookUrl, webhook_events_filter: ['completed' as const] }),
        };
        const heard = await ask(signal, (client) =>
          client.predictions.create(
            target.version === undefined
              ? { ...params, model: target.name }
              : { ...params, version: target.version },
          ),
        );
        if ('refusal' in heard) return await readRefusal(heard.refusal, failures);
        if ('loss' in heard) return failures.make(judgeLoss(heard.loss), heard.loss.message);
        if (!isPrediction(heard.answer)) return unreadable(heard.answer, failures);
        return readPrediction(heard.answer, target.version === undefined, failures);
      } catch (error) {
        return failures.make(judgeLoss(new WireError('unreadable', true, error)), String(error));
      }
    },

    async check(jobId, signal) {
      // A question that got no answer says nothing of the job. Calling it failed would give the customer's money
      // back for a picture that is being made and will be billed.
      const goesOn = (detail: string, pollAfterMs = POLL_STARTING_MS): ProviderRunning => ({
        status: 'running',
        jobId,
        pollAfterMs,
        detail: failures.make(BROKEN, detail).detail,
      });
      try {
        const heard = await ask(signal, (client) => client.predictions.get(encodeURIComponent(jobId)));
        if ('loss' in heard) return goesOn(heard.loss.message);
        if ('refusal' in heard) {
          const body = await heard.refusal.text();
          const detail = `HTTP ${heard.refusal.status} ${body}`;
          if (heard.refusal.status === 404) return failures.make(UNKNOWN_JOB, detail, { jobId });
          const seconds = readPause(heard.refusal, body);
          return goesOn(detail, seconds === undefined ? undefined : seconds * 1000);
        }
        if (!isPrediction(heard.answer)) return goesOn('An answer that is no prediction.');
        return readPrediction(heard.answer, isOfficial(heard.answer), failures);
      } catch (error) {
        return goesOn(String(error));
      }
    },

    async cancel(jobId, signal) {
      try {
        const heard = await ask(signal, (client) => client.predictions.cancel(encodeURIComponent(jobId)));
        if ('loss' in heard) return { status: 'goes-on', detail: heard.loss.message };
        if ('refusal' in heard) {
          return { status: 'goes-on', detail: (await readRefusal(heard.refusal, failures)).detail };
        }
        if (!isPrediction(heard.answer)) {
          return { status: 'goes-on', detail: unreadable(heard.answer, failures).detail };
        }
        const ended = readPrediction(heard.answer, isOfficial(heard.answer), failures);
        if (ended.status !== 'failed') {
          return { status: 'goes-on', detail: `Prediction ${jobId} is ${heard.answer.status}.` };
        }
        return { status: 'stopped', billed: ended.billed };
      } catch (error) {
        return { status: 'goes-on', detail: failures.make(BROKEN, String(error)).detail };
      }
    },

    async readWebhook(delivery) {
      const report = readStandardWebhook(delivery, webhookSecret);
      if (report.status === 'rejected') return report;
      const { body, signed } = report;
      try {
        if (!isPrediction(body)) return rejected('The body is no prediction.');
        const result = signed ? readPrediction(body, isOfficial(body), failures) : null;
        return { status: 'accepted', signed, jobId: body.id, result };
      } catch {
        return rejected('The body is no prediction that can be read.');
      }
    },
  };
}

/** What one request brought. */
type Heard = { readonly answer: unknown } | { readonly refusal: Response } | { readonly loss: WireError };

// ------------------------------------------------------------------------------------------------------ input

interface Target {
  readonly name: `${string}/${string}`;
  readonly version?: string;
}

/** `owner/name` is an official model, billed by output; `owner/name:version` runs on hardware, billed by time. */
function readModel(vendorModel: string): Target | undefined {
  const match = /^([\w.-]+)\/([\w.-]+)(?::(\w+))?$/.exec(vendorModel);
  if (!match) return undefined;
  const [, owner = '', model = '', version] = match;
  return { name: `${owner}/${model}`, ...(version === undefined ? {} : { version }) };
}

type Input = Readonly<Record<string, string | number | undefined>>;

/** How a family of models names its arguments. */
interface Family {
  readonly names: RegExp;
  readonly operation: Operation;
  /** How many pictures one prediction can make. Models ignore what they do not know, so we must not. */
  readonly maxCount: number;
  /** @param file what is to be worked on, as {@link fileOf} gives it; empty for those that make something new. */
  input(request: GenerationRequest, file: string): Input;
}

/** Those that work on a picture know one argument that we have a value for. */
const ONE_PICTURE: Pick<Family, 'maxCount' | 'input'> = {
  maxCount: 1,
  input: (_request, file) => ({ image: file }),
};

/** The first row that fits counts; sources are the models' own pages on replicate.com. */
const FAMILIES: readonly Family[] = [
  {
    names: /^black-forest-labs\/flux-(?:schnell|dev)/,
    operation: 'GENERATE_IMAGE',
    maxCount: 4,
    input: (request) => ({
      prompt: request.prompt,
      aspect_ratio: aspectRatioOf(request),
      num_outputs: request.count,
      seed: request.seed,
      output_format: 'png',
    }),
  },
  {
    // flux-pro and flux-1.1-pro have no num_outputs.
    names: /^black-forest-labs\/flux/,
    operation: 'GENERATE_IMAGE',
    maxCount: 1,
    input: (request) => ({
      prompt: request.prompt,
      aspect_ratio: aspectRatioOf(request),
      seed: request.seed,
      output_format: 'png',
    }),
  },
  {
    names: /\/sdxl/,
    operation: 'GENERATE_IMAGE',
    maxCount: 4,
    input: (request) => {
      const size = readSize(request.size);
      return {
        prompt: request.prompt,
        width: size?.width,
        height: size?.height,
        num_outputs: request.count,
        seed: request.seed,
        refine: 'expert_ensemble_refiner',
      };
    },
  },
  { names: /^recraft-ai\/recraft-(?:crisp|creative)-upscale$/, operation: 'UPSCALE_IMAGE', ...ONE_PICTURE },
  { names: /\/real-esrgan$/, operation: 'UPSCALE_IMAGE', ...ONE_PICTURE },
  { names: /^recraft-ai\/recraft-remove-background$/, operation: 'REMOVE_BACKGROUND', ...ONE_PICTURE },
  { names: /^recraft-ai\/recraft-vectorize$/, operation: 'VECTORIZE_IMAGE', ...ONE_PICTURE },
  {
    names: /^/,
    operation: 'GENERATE_IMAGE',
    maxCount: 1,
    input: (request) => ({ prompt: request.prompt, seed: request.seed }),
  },
];

/** A prediction's input, or a sentence that says why nothing is sent. */
function inputOf(model: string, request: GenerationRequest, file: InputFile | undefined): Input | string {
  const family = FAMILIES.find(({ names }) => names.test(model));
  if (family?.operation !== request.operation) return 'This model of the provider does not do that.';
  if (request.count > family.maxCount) {
    return `This model makes at most ${family.maxCount} pictures at a time.`;
  }
  if (family.operation === 'GENERATE_IMAGE') {
    return request.prompt ? family.input(request, '') : 'A prompt is needed.';
  }
  return file ? family.input(request, fileOf(file)) : 'An image is needed.';
}

/** Above it Replicate's page on input files advises against data URIs. */
const DATA_URI_MAX_BYTES = 1_000_000;

/**
 * How a file gets to Replicate: as the bytes that were checked, in a data URI. A larger one would have to be uploaded by
 * a POST of its own; it is fetched by Replicate from where the caller says that it is.
 */
function fileOf({ bytes, contentType, url }: InputFile): string {
  if (bytes.length > DATA_URI_MAX_BYTES) return url;
  return `data:${contentType};base64,${Buffer.from(bytes).toString('base64')}`;
}

function readSize(size: string | undefined): { width: number; height: number } | undefined {
  const match = /^(\d{1,5})x(\d{1,5})$/.exec(size ?? '');
  return match ? { width: Number(match[1]), height: Number(match[2]) } : undefined;
}

/** What flux takes (its page on replicate.com). */
const ASPECT_RATIOS = ['1:1', '16:9', '21:9', '3:2', '2:3', '4:5', '5:4', '3:4', '4:3', '9:16', '9:21'];

/** Flux knows shapes and no sizes: the nearest shape to the size that was asked for. */
function aspectRatioOf({ aspectRatio, size }: GenerationRequest): string | undefined {
  if (aspectRatio !== undefined) return aspectRatio;
  const wanted = readSize(size);
  if (!wanted) return undefined;
  return nearestRatio(wanted, ASPECT_RATIOS);
}

// ------------------------------------------------------------------------------------------------- prediction

function isPrediction(answer: unknown): answer is Prediction {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'id' in answer &&
    typeof answer.id === 'string' &&
    answer.id !== '' &&
    'status' in answer &&
    typeof answer.status === 'string'
  );
}

/** "hidden" is what an official model shows in place of its version (index.d.ts, Prediction). */
function isOfficial({ version }: Prediction): boolean {
  return version === 'hidden';
}

/** @param official priced by output, as opposed to by the second of hardware. */
function readPrediction(prediction: Prediction, official: boolean, failures: Failures): SubmitResult {
  const jobId = prediction.id;
  switch (prediction.status) {
    case 'succeeded': {
      const outputs = readOutputs(prediction);
      if (outputs.length > 0) {
        // Replicate tells the seconds and never the money or the hardware: the catalogue's cost stands.
        return { status: 'succeeded', outputs, costMicros: null, jobId };
      }
      const detail = `Prediction ${jobId} succeeded without a file${prediction.data_removed ? '; its data was removed' : ''}: `;
      return failures.make(NO_FILE, detail + JSON.stringify(prediction.output), { jobId });
    }
    case 'failed':
    case 'canceled':
    case 'aborted':
      return readEnd(prediction, official, failures);
    default: {
      // `starting`, `processing`, and whatever Replicate may add that has not ended.
      const processing = prediction.status === 'processing';
      const progress = parseProgressFromLogs(prediction)?.percentage;
      return {
        status: 'running',
        jobId,
        pollAfterMs: processing ? POLL_PROCESSING_MS : POLL_STARTING_MS,
        ...(progress === undefined ? {} : { progress: Math.min(1, progress) }),
      };
    }
  }
}

function readOutputs({ output, input }: Prediction): ProviderOutput[] {
  const list: unknown[] = Array.isArray(output) ? output : [output];
  const dimensions = readDimensions(input);
  const outputs: ProviderOutput[] = [];
  for (const item of list) {
    if (typeof item === 'string' && /^https?:\/\//.test(item)) {
      outputs.push({ content: { url: item }, contentType: contentTypeOf(item), ...dimensions });
    }
  }
  return outputs;
}

/** Only models that are asked for a size in pixels have one to promise. */
function readDimensions(input: object | undefined): { width?: number; height?: number } {
  if (!input || !('width' in input) || !('height' in input)) return {};
  const { width, height } = input;
  return typeof width === 'number' && typeof height === 'number' ? { width, height } : {};
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  svg: 'image/svg+xml',
};

function contentTypeOf(url: string): string {
  const extension = /\.(\w+)(?:[?#]|$)/.exec(url)?.[1]?.toLowerCase() ?? '';
  return CONTENT_TYPES[extension] ?? 'image/png';
}

// --------------------------------------------------------------------------------------------------- failures

/** A prediction that succeeded counts as one, whether we can read what it made or not. */
const NO_FILE: Verdict = {
  ...BROKEN,
  billed: 'yes',
  message: 'The provider made nothing that can be fetched.',
};

/**
 * Refusals of a request, by status. A 4xx made no prediction, and only predictions are billed. After a 5xx there
 * may be one that runs, and whose id we shall never learn: `unknown`, as for any status that is not in this table.
 */
const REFUSALS: Readonly<Record<number, { readonly verdict: Verdict; readonly note?: string }>> = {
  400: { verdict: INVALID },
  401: { verdict: MISCONFIGURED, note: 'Replicate refused the token.' },
  402: { verdict: MISCONFIGURED, note: 'The account at Replicate is out of credit.' },
  403: { verdict: MISCONFIGURED, note: 'Replicate does not allow this to the account.' },
  404: { verdict: MISCONFIGURED, note: 'Replicate does not know the model, or the base URL is wrong.' },
  413: { verdict: INVALID },
  422: { verdict: INVALID },
  429: { verdict: BUSY },
};
/** A 422 that speaks of the catalogue, and not of the customer's arguments. */
const BAD_VERSION = /invalid version or not permitted/i;

async function readRefusal(response: Response, failures: Failures): Promise<ProviderFailure> {
  const body = await response.text();
  const row = BAD_VERSION.test(body) ? REFUSALS[404] : REFUSALS[response.status];
  const verdict = row?.verdict ?? BROKEN;
  return failures.make(
    verdict === INVALID ? invalidBecause(readDetail(body), failures) : verdict,
    [row?.note, `HTTP ${response.status}`, body].filter(Boolean).join(' '),
    { retryAfterSeconds: readPause(response, body) },
  );
}

/** The envelope is `{"detail", "status", "title", "invalid_fields"?}`. */
function readDetail(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null && 'detail' in parsed ? String(parsed.detail) : '';
  } catch {
    return '';
  }
}

/** The documented 429 has no header but says "Your rate limit resets in ~30s." (replicate.com, rate limits). */
function readPause(response: Response, body: string): number | undefined {
  const told = readRetryAfter(response.headers);
  if (told !== undefined) return told;
  const resets = response.status === 429 ? /resets in ~?(\d+)\s?s/.exec(body)?.[1] : undefined;
  return resets === undefined ? undefined : Number(resets);
}

function unreadable(answer: unknown, failures: Failures): ProviderFailure {
  const detail = `No prediction in the answer: ${JSON.stringify(answer)}`;
  return failures.make(judgeLoss(new WireError('unreadable', true)), detail);
}

/**
 * Refused content has no code, only words: "NSFW content detected", "All generated images contained NSFW content",
 * "The input or output was flagged as sensitive. Please try again with different inputs. (E005)".
 */
const REFUSED_CONTENT =
  /\bNSFW\b|flagged as sensitive|\bE005\b|content polic|moderation|safety (?:filter|checker|system)/i;

/** A prediction that ended without success. Codes such as E1001 stay in the detail, in the vendor's own words. */
function readEnd(prediction: Prediction, official: boolean, failures: Failures): ProviderFailure {
  const { id: jobId, status } = prediction;
  const error =
    typeof prediction.error === 'string' ? prediction.error : JSON.stringify(prediction.error ?? null);
  const seconds = prediction.metrics?.predict_time;
  const billed = billedOf(prediction, official);
  const detail = `Prediction ${jobId} ${status}${seconds ? ` after ${seconds} s` : ''}: ${error}`;
  const refused = status === 'failed' && REFUSED_CONTENT.test(error);
  const verdict: Verdict = refused
    ? {
        code: 'CONTENT_REFUSED',
        billed,
        retryable: false,
        message: "The provider's safety system refuses this prompt, or what was made from it.",
      }
    : {
        ...BROKEN,
        billed,
        message: status === 'failed' ? BROKEN.message : 'The provider stopped before it was finished.',
      };
  return failures.make(verdict, detail, { jobId });
}

/**
 * Who pays for a prediction that made nothing:
 *
 * - A version runs on hardware that is billed by the second while it works, whatever comes of it: `yes` as soon as
 *   `predict_time` says that it worked. Setting up is free (Replicate's page on billing).
 * - An official model is billed by output, and there is none: `no`. Canceled is the exception: "for public models,
 *   you're only charged for predictions with a canceled status, not for aborted ones" (Replicate's changelog,
 *   2025-10-16) does not say whether that holds for models billed by output: `unknown`, if it had begun to run.
 * - Aborted means that it never started: `no`, for both.
 */
function billedOf({ status, metrics, started_at }: Prediction, official: boolean): Billed {
  if (status === 'aborted' || (official && status === 'failed')) return 'no';
  const seconds = metrics?.predict_time;
  if (!seconds && (seconds === 0 || !started_at)) return 'no';
  return seconds && !official ? 'yes' : 'unknown';
}
