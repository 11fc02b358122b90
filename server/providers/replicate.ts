/**
 * Replicate: every model is a prediction, which is created, asked after, and ends.
 *
 * Traps of the SDK (replicate 1.4.0) that are gone round here:
 *
 * - `request` repeats a POST on 429, a GET on 429 and 5xx, and **both on every error that `fetch` throws**, six times
 *   in all, without a switch (lib/util.js, withAutomaticRetries: the catch swallows what is no ApiError). So it is shown
 *   nothing that it would repeat (heard.ts).
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
  MISCONFIGURED,
  NO_FILE,
  REFUSED,
  STOPPED,
  type Verdict,
} from './failure.ts';
import { dataUri, isAddress, typeOfAddress } from './files.ts';
import { hear, pathPart } from './heard.ts';
import { running, stoppedAs } from './jobs.ts';
import { listOf, memberOf, textOf } from './json.ts';
import type {
  Billed,
  GenerationRequest,
  InputFile,
  Operation,
  Provider,
  ProviderFailure,
  ProviderOutput,
  SubmitResult,
} from './provider.ts';
import { createReplies, type RefusalTerms } from './replies.ts';
import { nearestRatio, readSize } from './shapes.ts';
import { readStandardWebhook } from './standard-webhooks.ts';

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

  const replies = createReplies(failures, REFUSALS);

  /** One request by the SDK, and how the prediction stands. A client for each takes 3 µs, and keeps their outcomes apart. */
  const ask = (signal: AbortSignal, call: (client: Replicate) => Promise<unknown>, official?: boolean) =>
    hear(signal, timeoutMs, async (fetch) => {
      const client = new Replicate({ auth: apiToken, baseUrl, useFileOutput: false, fetch });
      return readPrediction(await call(client), failures, official);
    });

  return {
    name: 'replicate',
    inProcess: false,
    timeoutMs,

    async submit({ vendorModel, request, input: file, webhookUrl, signal }) {
      const target = readModel(vendorModel);
      if (!target) {
        return failures.make(MISCONFIGURED, `"${vendorModel}" is no owner/name or owner/name:version.`);
      }
      const input = inputOf(target.name, request, file);
      if (typeof input === 'string') return failures.unsent(input);
      const params = {
        input,
        ...(waitSeconds > 0 ? { wait: waitSeconds } : {}),
        // Only the end: by default each output is reported as well, which says nothing that can be booked.
        ...(webhookUrl === undefined
          ? {}
          : { webhook: webhookUrl, webhook_events_filter: ['completed' as const] }),
      };
      const { name: model, version } = target;
      const heard = await ask(
        signal,
        ({ predictions }) =>
          predictions.create(version === undefined ? { ...params, model } : { ...params, version }),
        version === undefined,
      );
      return 'answer' in heard ? heard.answer : replies.failure(heard);
    },

    async check(jobId, signal) {
      const heard = await ask(signal, ({ predictions }) => predictions.get(pathPart(jobId)));
      return 'answer' in heard ? heard.answer : replies.unanswered(heard, jobId);
    },

    async cancel(jobId, signal) {
      const heard = await ask(signal, ({ predictions }) => predictions.cancel(pathPart(jobId)));
      return 'answer' in heard ? stoppedAs(jobId, heard.answer) : replies.goesOn(heard);
    },

    readWebhook: async (delivery) =>
      readStandardWebhook(delivery, webhookSecret, (body) => readPrediction(body, failures)),
  };
}

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
function fileOf(file: InputFile): string {
  return file.bytes.length > DATA_URI_MAX_BYTES ? file.url : dataUri(file);
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
  return textOf(memberOf(answer, 'id')) !== undefined && typeof memberOf(answer, 'status') === 'string';
}

/**
 * How a prediction stands; undefined for an answer that is none.
 *
 * @param official priced by output, as opposed to by the second of hardware. When it is not said: "hidden" is what an
 *   official model shows in place of its version (index.d.ts, Prediction).
 */
function readPrediction(
  prediction: unknown,
  failures: Failures,
  official = memberOf(prediction, 'version') === 'hidden',
): SubmitResult | undefined {
  if (!isPrediction(prediction)) return undefined;
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
      const pollMs = prediction.status === 'processing' ? POLL_PROCESSING_MS : POLL_STARTING_MS;
      return running(jobId, pollMs, parseProgressFromLogs(prediction)?.percentage);
    }
  }
}

function readOutputs({ output, input }: Prediction): ProviderOutput[] {
  const dimensions = readDimensions(input);
  return (Array.isArray(output) ? listOf(output) : [output])
    .filter(isAddress)
    .map((url) => ({ content: { url }, contentType: typeOfAddress(url), ...dimensions }));
}

/** Only models that are asked for a size in pixels have one to promise. */
function readDimensions(input: object | undefined): { width?: number; height?: number } {
  if (!input || !('width' in input) || !('height' in input)) return {};
  const { width, height } = input;
  return typeof width === 'number' && typeof height === 'number' ? { width, height } : {};
}

// --------------------------------------------------------------------------------------------------- failures

const UNKNOWN_MODEL = 'Replicate does not know the model, or the base URL is wrong.';

/**
 * Refusals of a request, by status. A 4xx made no prediction, and only predictions are billed. After a 5xx there
 * may be one that runs, and whose id we shall never learn: `unknown`, as for any status that is not in this table.
 */
const REFUSALS: RefusalTerms = {
  pollMs: POLL_STARTING_MS,
  table: [
    // A 422 that speaks of the catalogue, and not of the customer's arguments.
    { words: /invalid version or not permitted/i, verdict: MISCONFIGURED, note: UNKNOWN_MODEL },
    { statuses: [400, 413, 422], verdict: INVALID },
    { statuses: [401], verdict: MISCONFIGURED, note: 'Replicate refused the token.' },
    { statuses: [402], verdict: MISCONFIGURED, note: 'The account at Replicate is out of credit.' },
    { statuses: [403], verdict: MISCONFIGURED, note: 'Replicate does not allow this to the account.' },
    { statuses: [404], verdict: MISCONFIGURED, note: UNKNOWN_MODEL },
    { statuses: [429], verdict: BUSY },
  ],
  /**
   * The envelope is `{"detail", "status", "title", "invalid_fields"?}`. The documented 429 has no header but says "Your rate
   * limit resets in ~30s." (replicate.com, rate limits).
   */
  read({ status, body, text }) {
    const resets = status === 429 ? /resets in ~?(\d+)\s?s/.exec(text)?.[1] : undefined;
    return {
      words: textOf(memberOf(body, 'detail')),
      pauseSeconds: resets === undefined ? undefined : Number(resets),
    };
  },
};

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
  const verdict: Verdict = status === 'failed' ? (REFUSED_CONTENT.test(error) ? REFUSED : BROKEN) : STOPPED;
  return failures.make({ ...verdict, billed }, detail, { jobId });
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
