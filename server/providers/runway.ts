/**
 * Runway's films: a task, which is created, asked after every few seconds, and ends. It sends no reports, and it is the vendor
 * that tells its costs best: every task that has ended says in `cost.credits` what remains charged for it.
 *
 * Traps of the SDK (@runwayml/sdk 4.20.1) and of the API that are gone round here:
 *
 * - The SDK repeats a POST twice by default (`maxRetries`), on 408, 409, 429, 5xx and lost connections.
 * - It reads RUNWAYML_BASE_URL, RUNWAYML_API_SECRET and RUNWAYML_LOG where no option says otherwise; here each does.
 *   (RUNWAYML_CUSTOM_HEADERS has no option: who sets it adds headers to every request.)
 * - `waitForTaskOutput()` polls by itself and throws when a task has failed. It is not used.
 * - DELETE stops a task that runs and **deletes one that has ended, with its film**. So a task is asked after before it is
 *   stopped.
 */
import RunwayML from '@runwayml/sdk';
import type { ImageToVideoCreateParams } from '@runwayml/sdk/resources/image-to-video';
import type { TextToVideoCreateParams } from '@runwayml/sdk/resources/text-to-video';
import { divideUp, type Micros, parseDecimal } from '../money.ts';
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
  withCost,
} from './failure.ts';
import { dataUri, isAddress } from './files.ts';
import { hear } from './heard.ts';
import { removableJobs, running } from './jobs.ts';
import { isKey, listOf, memberOf, textOf } from './json.ts';
import type {
  GenerationRequest,
  InputFile,
  Provider,
  ProviderFailure,
  ProviderOutput,
  SubmitRequest,
  SubmitResult,
} from './provider.ts';
import { createReplies, type RefusalTerms } from './replies.ts';
import { nearestRatio } from './shapes.ts';

/** How Runway is reached. */
export interface RunwayOptions {
  readonly apiKey: string;
  /** Where the API is, without its version: `https://api.dev.runwayml.com`. */
  readonly baseUrl?: string | undefined;
  /** How long one request may take; a picture of 5 MB travels in it. */
  readonly timeoutMs?: number | undefined;
}

const BASE_URL = 'https://api.dev.runwayml.com';
const TIMEOUT_MS = 60_000;
/** "Consumers should not expect updates more frequent than once every five seconds for a given task." */
const POLL_MS = 6_000;

/** Runway as a provider. */
export function createRunway(options: RunwayOptions): Provider {
  const { apiKey, baseUrl = BASE_URL, timeoutMs = TIMEOUT_MS } = options;
  const failures = createFailures(apiKey);
  const replies = createReplies(failures, TERMS);

  const ask = <Answer>(signal: AbortSignal, call: (client: RunwayML) => Promise<Answer | undefined>) =>
    hear(signal, timeoutMs, (fetch) =>
      call(
        new RunwayML({
          apiKey,
          baseURL: baseUrl,
          maxRetries: 0,
          // The exchange's deadline comes first; this one would hide whether the request was sent.
          timeout: timeoutMs + 5_000,
          logLevel: 'off',
          fetch,
        }),
      ),
    );

  return {
    name: 'runway',
    inProcess: false,
    timeoutMs,

    async submit(submit) {
      const order = orderOf(submit);
      if (typeof order === 'string') return failures.unsent(order);
      const heard = await ask(submit.signal, async (client) => {
        const task: unknown =
          order.endpoint === 'image_to_video'
            ? await client.imageToVideo.create(order.params)
            : await client.textToVideo.create(order.params);
        return textOf(memberOf(task, 'id'));
      });
      return 'answer' in heard ? running(heard.answer, POLL_MS) : replies.failure(heard);
    },

    ...removableJobs({
      // The SDK encodes the id, and refuses one that would lead to another path.
      get: (jobId, signal) =>
        ask(signal, async ({ tasks }) => readTask(await tasks.retrieve(jobId), failures)),
      remove: (jobId, signal) =>
        ask(signal, async ({ tasks }) => {
          await tasks.delete(jobId);
          return true;
        }),
      replies,
    }),
  };
}

// ------------------------------------------------------------------------------------------------------ input

/** What a film is asked for with, and where. */
type Order =
  | { readonly endpoint: 'image_to_video'; readonly params: ImageToVideoCreateParams }
  | { readonly endpoint: 'text_to_video'; readonly params: TextToVideoCreateParams };

type Shapes = Readonly<Record<string, string>>;

/** Runway names a shape by its pixels, and only those of a model's own list. */
const WIDE_AND_TALL: Shapes = { '16:9': '1280:720', '9:16': '720:1280' };
const GEN4_SHAPES: Shapes = {
  ...WIDE_AND_TALL,
  '4:3': '1104:832',
  '3:4': '832:1104',
  '1:1': '960:960',
  '21:9': '1584:672',
};

/** The shapes that a model makes from a picture and from words. No shapes: it does not make films from that. */
interface Family {
  readonly names: RegExp;
  readonly fromImage?: Shapes;
  readonly fromText?: Shapes;
}

/**
 * The first row that fits counts; the source is the SDK's types. A model that is not listed is passed on as it is: Runway
 * knows its own models, and refuses the others without a bill.
 */
const FAMILIES: readonly Family[] = [
  { names: /^gen4_turbo$/, fromImage: GEN4_SHAPES },
  { names: /^gen4\.5$/, fromImage: GEN4_SHAPES, fromText: WIDE_AND_TALL },
  { names: /^/, fromImage: WIDE_AND_TALL, fromText: WIDE_AND_TALL },
];

/** What goes on the wire, or a sentence that says why nothing does. */
function orderOf({ vendorModel, request, input }: SubmitRequest): Order | string {
  if (request.operation !== 'GENERATE_VIDEO') return 'This provider only generates videos.';
  if (!request.prompt) return 'A prompt is needed.';
  if (request.count !== 1) return 'This model makes one video at a time.';
  const family = FAMILIES.find(({ names }) => names.test(vendorModel));
  const shapes = input ? family?.fromImage : family?.fromText;
  if (!shapes) return 'This model makes a video from a picture: give one to start from.';
  const aspectRatio = request.aspectRatio ?? shapeOf(input, Object.keys(shapes));
  const ratio = shapes[aspectRatio];
  if (ratio === undefined) {
    return `This model makes videos of ${Object.keys(shapes).join(', ')}, and not of ${aspectRatio}.`;
  }
  const params = paramsOf(vendorModel, request, ratio);
  // Which models there are and which durations they make differs; the vendor refuses the others without a bill.
  if (!input) return { endpoint: 'text_to_video', params: params as TextToVideoCreateParams };
  const promptImage = imageOf(input);
  if (typeof promptImage !== 'string') return promptImage.problem;
  return { endpoint: 'image_to_video', params: { ...params, promptImage } as ImageToVideoCreateParams };
}

/** The shape that is nearest to the picture's; wide where there is no picture, or it does not say. */
function shapeOf(input: InputFile | undefined, ratios: readonly string[]): string {
  const { width, height } = input ?? {};
  return width && height ? nearestRatio({ width, height }, ratios) : '16:9';
}

function paramsOf(model: string, { prompt, durationSeconds, seed }: GenerationRequest, ratio: string) {
  return {
    model,
    promptText: prompt,
    ratio,
    ...(durationSeconds === undefined ? {} : { duration: durationSeconds }),
    ...(seed === undefined ? {} : { seed }),
  };
}

/** Runway's page on inputs: pictures of these types, of up to 5 MB as a data URI and up to 16 MB behind an address. */
const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/webp'];
const MAX_DATA_URI = 5_000_000;
const MAX_BEHIND_URL = 16_000_000;

/** How the picture travels: in the request, since these bytes are the ones that were checked; a big one by its address. */
function imageOf(input: InputFile): string | { readonly problem: string } {
  const { bytes, contentType, url } = input;
  if (!IMAGE_TYPES.includes(contentType)) return { problem: 'Give a picture as JPEG, PNG or WebP.' };
  const data = dataUri(input);
  if (data.length <= MAX_DATA_URI) return data;
  if (bytes.length > MAX_BEHIND_URL) return { problem: 'Give a picture of at most 16 MB.' };
  if (!url.startsWith('https://')) return { problem: 'Give a picture of at most 3.5 MB, or an https URL.' };
  return url;
}

// ------------------------------------------------------------------------------------------------------- task

/** A task, as far as it has been looked at. */
interface Task {
  readonly id: string;
  readonly status: string;
  readonly raw: unknown;
}

/** What a task says of itself; undefined for an answer that is no task. */
function readTask(answer: unknown, failures: Failures): SubmitResult | undefined {
  const jobId = textOf(memberOf(answer, 'id'));
  const status = memberOf(answer, 'status');
  if (jobId === undefined || typeof status !== 'string') return undefined;
  const task: Task = { id: jobId, status, raw: answer };
  switch (status) {
    case 'SUCCEEDED': {
      const outputs = readOutputs(memberOf(answer, 'output'));
      if (outputs.length === 0) return readEnd(task, NO_FILE, failures);
      return { status: 'succeeded', outputs, costMicros: costOf(task), jobId };
    }
    case 'FAILED':
      return readEnd(task, judgeCode(memberOf(answer, 'failureCode')), failures);
    case 'CANCELLED':
      return readEnd(task, STOPPED, failures);
    default:
      // THROTTLED (too many at a time for the account), PENDING, RUNNING, and whatever may be added that has not ended.
      return running(jobId, POLL_MS, memberOf(answer, 'progress'));
  }
}

/** Addresses that expire after one to two days. Unless another format is asked for, films are MP4. */
function readOutputs(output: unknown): ProviderOutput[] {
  return listOf(output)
    .filter(isAddress)
    .map((url) => ({ content: { url }, contentType: 'video/mp4' }));
}

// ------------------------------------------------------------------------------------------------------- cost

/** A credit costs $0.01, as of 2026-11-20 (Runway's own repository runwayml/skills, rw-check-org-details). */
const CREDITS_PER_DOLLAR = 100n;

/** What an ended task says that remains charged, or null when it does not say. */
function costOf(task: Task): Micros | null {
  const credits = memberOf(task.raw, 'cost', 'credits');
  if (typeof credits !== 'number' || credits < 0) return null;
  try {
    return divideUp(parseDecimal(String(credits)), CREDITS_PER_DOLLAR);
  } catch {
    return null;
  }
}

// --------------------------------------------------------------------------------------------------- failures

const REFUSED_HERE: Verdict = {
  ...REFUSED,
  message: "The provider's safety system refuses this prompt or picture, or what was made from it.",
};
const BAD_ASSET: Verdict = {
  ...INVALID,
  message: 'The provider cannot make a video from this picture: its size or shape is not one that it takes.',
};

/**
 * Runway's page on task failures: SAFETY.INPUT.*, SAFETY.OUTPUT.* and INPUT_PREPROCESSING.SAFETY.TEXT are content that is
 * refused; ASSET.INVALID is a picture that the model does not take; INTERNAL, INTERNAL.BAD_OUTPUT.*,
 * INPUT_PREPROCESSING.INTERNAL and THIRD_PARTY.UNAVAILABLE, and a failure without a code, may succeed another time. The
 * codes are for diagnosis, and not for customers.
 */
function judgeCode(code: unknown): Verdict {
  if (typeof code !== 'string') return BROKEN;
  if (code.split('.').includes('SAFETY')) return REFUSED_HERE;
  return code.startsWith('ASSET.') ? BAD_ASSET : BROKEN;
}

/**
 * A task that made nothing. The task's own `cost` says whether it is billed ("fully refunded tasks report 0"), and not its
 * code, though those who quote Runway's page agree that SAFETY.INPUT.* is the one failure that is not refunded. Without a
 * cost it is unknown.
 */
function readEnd(task: Task, verdict: Verdict, failures: Failures): ProviderFailure {
  const words = [memberOf(task.raw, 'failureCode'), memberOf(task.raw, 'failure')].filter(isKey).join(' ');
  const detail = `Task ${task.id} ${task.status}: ${words}`;
  return withCost(failures.make({ ...verdict, billed: 'unknown' }, detail, { jobId: task.id }), costOf(task));
}

/**
 * Refusals of a request, by status (Runway's page on HTTP errors). A 4xx made no task, and only tasks are billed. Runway
 * says of 503 that it is "shedding load": turned away, as by a 429. It says the same of 502, and of 504 that it could not
 * satisfy the request; but a proxy gives those two for a request that it has passed on, and a task may then run whose id we
 * shall never learn: `unknown`, as for any status that is not in this table.
 */
const TERMS: RefusalTerms = {
  pollMs: POLL_MS,
  table: [
    // Two that come as a 400, and are none of the customer's affair.
    {
      statuses: [400],
      words: /\bnot have enough credits\b/i,
      verdict: MISCONFIGURED,
      note: 'The account at Runway is out of credit.',
    },
    {
      statuses: [400],
      codes: ['model'],
      verdict: MISCONFIGURED,
      note: 'Runway does not have the model.',
    },
    { statuses: [400, 413], verdict: INVALID },
    { statuses: [401], verdict: MISCONFIGURED, note: 'Runway refused the key.' },
    { statuses: [403], verdict: MISCONFIGURED, note: 'Runway does not allow this to the account.' },
    {
      statuses: [404, 405],
      verdict: MISCONFIGURED,
      note: 'Runway does not know the address: the base URL is wrong.',
    },
    { statuses: [429], verdict: BUSY, note: 'Too many requests, or the limit of a day is reached.' },
    { statuses: [503], verdict: BUSY },
  ],
  /**
   * The envelope is `{"error", "issues"?: [{"code", "path", "message"}], "docUrl"?}`. Which argument an issue is about says
   * more than its code.
   */
  read({ body }) {
    const issues = listOf(memberOf(body, 'issues')).map((issue) => ({
      path: listOf(memberOf(issue, 'path')).filter(isKey).join('.'),
      message: textOf(memberOf(issue, 'message')) ?? '',
    }));
    const said = issues.map(({ path, message }) => `${path}: ${message}`);
    return {
      words: [textOf(memberOf(body, 'error')), ...said].filter(Boolean).join(' '),
      codes: issues.map(({ path }) => path),
    };
  },
};
