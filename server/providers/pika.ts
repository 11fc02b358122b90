/**
 * Pika's films, through fal: a request is queued, asked after, and ends. Other vendors' models at fal are none of this
 * provider's.
 *
 * Traps of the SDK (@fal-ai/client 1.10.1) that are gone round here:
 *
 * - **Every call is repeated** on 429, 502, 503 and 504 and on every error that looks like the network's: four times in all,
 *   the status six times and on 500 too. `retry: { maxRetries: 0 }` stops only the cancel's; over the others queue.js lays
 *   a policy of its own. So it is shown nothing that it would repeat (heard.ts).
 * - It knows no base URL: https://queue.fal.run is written into it, and the host is exchanged in `fetch`.
 * - It throws away the header `x-fal-billable-units`, and the body in which a cancel says what came of it: both are read
 *   from the answer that is kept beside it.
 * - It puts an id into the path as it is, and uploads each Blob of an input by a request of its own: pictures are handed
 *   over as data URIs.
 *
 * fal itself repeats what failed in its queue, up to ten times; `x-fal-no-retry` forbids it.
 */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { createFalClient } from '@fal-ai/client';
import { divideUp, MICROS_PER_DOLLAR, type Micros, parseDecimal } from '../money.ts';
import {
  BROKEN,
  BUSY,
  createFailures,
  type Failures,
  INVALID,
  invalidBecause,
  MISCONFIGURED,
  NO_FILE,
  REFUSED,
  STOPPED,
  UNKNOWN_JOB,
  type Verdict,
} from './failure.ts';
import { dataUri, isAddress } from './files.ts';
import { callJson, hear, pathPart, type Refusal } from './heard.ts';
import { running, stoppedAs } from './jobs.ts';
import { listOf, memberOf, parseJson, textOf } from './json.ts';
import type {
  Billed,
  GenerationRequest,
  InputFile,
  Provider,
  ProviderFailure,
  SubmitResult,
  WebhookDelivery,
} from './provider.ts';
import { createReplies, type RefusalTerms } from './replies.ts';
import { bodyOf, findProblemOfTime, reasonToAsk, rejected } from './reports.ts';

/** How fal is reached. */
export interface PikaOptions {
  /** `<id>:<secret>`, as fal's dashboard shows it. */
  readonly falKey: string;
  /** Where fal's queue is: `https://queue.fal.run`. */
  readonly baseUrl?: string | undefined;
  /** Where fal publishes the keys that it signs reports by. */
  readonly webhookKeysUrl?: string | undefined;
  /** How long one request may take. A submit may carry a picture. */
  readonly timeoutMs?: number;
}

const BASE_URL = 'https://queue.fal.run';
const KEYS_URL = 'https://rest.fal.ai/.well-known/jwks.json';
const TIMEOUT_MS = 60_000;
const POLL_QUEUED_MS = 5_000;
const POLL_RUNNING_MS = 3_000;

/**
 * What fal calls the application: all of Pika's endpoints are paths below it, and it is all that a question after a
 * request names beside the id. A report by webhook names the request alone, so that no more can be in a job's id.
 */
const APP = 'fal-ai/pika';

type FalQueue = ReturnType<typeof createFalClient>['queue'];

/** Pika as a provider. */
export function createPika(options: PikaOptions): Provider {
  const { falKey, baseUrl = BASE_URL, webhookKeysUrl = KEYS_URL, timeoutMs = TIMEOUT_MS } = options;
  const failures = createFailures(falKey, ...falKey.split(':').filter(({ length }) => length >= 8));
  const replies = createReplies(failures, REFUSALS);
  const keys = new SigningKeys(webhookKeysUrl);
  const submitted = new Submitted();

  const ask = <Answer>(signal: AbortSignal, call: (queue: FalQueue) => Promise<Answer | undefined>) =>
    hear(signal, timeoutMs, (fetch) =>
      call(
        createFalClient({
          credentials: falKey,
          fetch: (input, init) => fetch(relocate(input, baseUrl), init),
        }).queue,
      ),
    );

  async function look(jobId: string, signal: AbortSignal): Promise<SubmitResult> {
    const id = readJobId(jobId);
    if (id === undefined) return failures.make(UNKNOWN_JOB, NO_JOB, { jobId });
    const requestId = pathPart(id);
    const asked = await ask(signal, async (queue) => {
      const answer: unknown = await queue.status(APP, { requestId });
      return textOf(memberOf(answer, 'status')) && answer;
    });
    if (!('answer' in asked)) return replies.unanswered(asked, jobId);
    const status = memberOf(asked.answer, 'status');
    if (status !== 'COMPLETED') {
      return running(jobId, status === 'IN_QUEUE' ? POLL_QUEUED_MS : POLL_RUNNING_MS);
    }
    const ended = await ask(signal, (queue) => queue.result(APP, { requestId }));
    const unitPrice = UNIT_PRICES[submitted.endpointOf(id) ?? ''];
    if ('answer' in ended) {
      return readFilm(memberOf(ended.answer, 'data'), ended.response.headers, unitPrice, jobId, failures);
    }
    return 'refusal' in ended && isOfTheJob(ended.refusal, asked.answer)
      ? readEnd(ended.refusal, unitPrice, jobId, failures)
      : replies.unanswered(ended, jobId);
  }

  return {
    name: 'pika',
    inProcess: false,
    timeoutMs,

    async submit({ vendorModel, request, input, webhookUrl, signal }) {
      const model = readModel(vendorModel);
      if (!model) {
        return failures.make(MISCONFIGURED, `"${vendorModel}" makes no films of a text or a picture.`);
      }
      const order = orderOf(model, request, input);
      if (typeof order === 'string') return failures.unsent(order);
      const heard = await ask(signal, async (queue) => {
        const answer: unknown = await queue.submit(order.endpoint, {
          input: order.input,
          headers: { 'x-fal-no-retry': '1' },
          ...(webhookUrl === undefined ? {} : { webhookUrl }),
        });
        return readRequestId(answer);
      });
      if (!('answer' in heard)) return replies.failure(heard);
      submitted.note(heard.answer, order.endpoint);
      return running(`${APP}/${heard.answer}`, POLL_QUEUED_MS);
    },

    check: look,

    async cancel(jobId, signal) {
      const id = readJobId(jobId);
      if (id === undefined) return { status: 'goes-on', detail: NO_JOB };
      const requestId = pathPart(id);
      const heard = await ask(signal, async (queue) => {
        await queue.cancel(APP, { requestId });
        return true;
      });
      // ALREADY_COMPLETED comes with a 400, NOT_FOUND with a 404.
      if (!('answer' in heard)) return replies.goesOn(heard);
      const said = await heard.response.text();
      // Taken out of the queue before any runner had it; fal never bills time spent waiting there (its page on pricing).
      if (memberOf(parseJson(said), 'status') === 'OK') return { status: 'stopped', billed: 'no' };
      // Else fal has passed the wish on, and the model decides: only the job itself says whether it is over.
      const after = stoppedAs(jobId, await look(jobId, signal));
      return after.status === 'stopped'
        ? after
        : { ...after, detail: failures.redact(`${after.detail} HTTP ${heard.response.status} ${said}`) };
    },

    async readWebhook(delivery) {
      const problem = await findProblem(delivery, keys);
      if (problem !== null) return rejected(problem);
      const requestId = readRequestId(bodyOf(delivery));
      // fal signs the reports of all its customers by the same keys, so that a signature does not prove the report to be
      // about a request of ours; and neither the units nor an error's status, by which a bill is known, are in it.
      return requestId === undefined
        ? rejected('The body names no request.')
        : reasonToAsk(`${APP}/${requestId}`, true);
    },
  };
}

/** The SDK's address at the host that is meant. */
function relocate(input: string | URL | Request, baseUrl: string): string {
  const { pathname, search } = new URL(input instanceof Request ? input.url : input);
  return `${baseUrl.replace(/\/$/, '')}${pathname}${search}`;
}

const NO_JOB = `The id is no ${APP}/<request id>.`;

/** The request's id out of a job's. `.` and `..` would lead to another path however they are escaped. */
function readJobId(jobId: string): string | undefined {
  return /^fal-ai\/pika\/(?!\.\.?$)([^/]+)$/.exec(jobId)?.[1];
}

/** The request's id out of an answer or a report; undefined where there is none that a job's id could be made of. */
function readRequestId(body: unknown): string | undefined {
  return readJobId(`${APP}/${textOf(memberOf(body, 'request_id')) ?? ''}`);
}

// ------------------------------------------------------------------------------------------------------ input

/** An endpoint is a version of Pika's model and what it makes films of. */
interface Model {
  /** `fal-ai/pika/v2.2`. */
  readonly version: string;
  readonly of: 'text' | 'image';
}

function readModel(vendorModel: string): Model | undefined {
  const match = /^(fal-ai\/pika(?:\/\w[\w.-]*)+)\/(text|image)-to-video$/.exec(vendorModel);
  if (!match) return undefined;
  const [, version = '', of] = match;
  return { version, of: of === 'image' ? 'image' : 'text' };
}

interface Order {
  readonly endpoint: string;
  readonly input: Readonly<Record<string, string | number | undefined>>;
}

/** What the endpoints' schemas list (types/endpoints.d.ts of the SDK; fal's page of each model). */
const ASPECT_RATIOS = ['16:9', '9:16', '1:1', '4:5', '5:4', '3:2', '2:3'];
const SECONDS = [5, 10];
const RESOLUTION = '720p';
/** These want the seconds as a number, and list none; the later ones want one of two texts. */
const NUMERIC_SECONDS = /\/v2(?:\.1|\/turbo)$/;

/**
 * A request's input, or a sentence that says why nothing is sent. What an endpoint's schema does not list is not even tried:
 * fal finds out only when the request's turn has come, and may bill that.
 */
function orderOf(
  { version, of }: Model,
  request: GenerationRequest,
  input: InputFile | undefined,
): Order | string {
  if (request.operation !== 'GENERATE_VIDEO') return 'This provider only makes films.';
  if (!request.prompt) return 'A prompt is needed.';
  if (request.count !== 1) return 'This model makes one film at a time.';
  const isNumeric = NUMERIC_SECONDS.test(version);
  const seconds = request.durationSeconds;
  if (seconds !== undefined && !isNumeric && !SECONDS.includes(seconds)) {
    return `This model makes films of ${SECONDS.join(' or ')} seconds.`;
  }
  const common = {
    prompt: request.prompt,
    resolution: RESOLUTION,
    duration: isNumeric ? seconds : seconds?.toString(),
    seed: request.seed,
  };
  if (of === 'text' && request.imageUrl === undefined && !input) {
    if (request.aspectRatio !== undefined && !ASPECT_RATIOS.includes(request.aspectRatio)) {
      return `This model makes films of the shapes ${ASPECT_RATIOS.join(', ')}.`;
    }
    return {
      endpoint: `${version}/text-to-video`,
      input: { ...common, aspect_ratio: request.aspectRatio },
    };
  }
  if (!input?.contentType.startsWith('image/')) return 'A picture to begin with is needed.';
  if (request.aspectRatio !== undefined) {
    return 'A film that begins with a picture has its shape: leave the aspect ratio out.';
  }
  return { endpoint: `${version}/image-to-video`, input: { ...common, image_url: dataUri(input) } };
}

// ------------------------------------------------------------------------------------------------------- cost

/**
 * What a billable unit costs, where fal's page of the endpoint says so: "$0.2 per videos", "$0.4 per videos" (its llms.txt,
 * read in a stored copy on 2026-11-20). `x-fal-billable-units` counts in the same unit (fal's page on publishing models). The page of v2.2
 * tells what two kinds of film cost and not what a unit is, and that of v2.1/text-to-video was not found: for these the
 * catalogue's cost stands.
 */
const UNIT_PRICES: Readonly<Record<string, Micros>> = {
  'fal-ai/pika/v2/turbo/text-to-video': 200_000n,
  'fal-ai/pika/v2/turbo/image-to-video': 200_000n,
  'fal-ai/pika/v2.1/image-to-video': 400_000n,
};

/** How many requests' endpoints are remembered: far more than run at a time. */
const REMEMBERED = 10_000;

/**
 * Which endpoint a request went to. A unit's price hangs on it, and neither a job's id nor any answer of fal tells it. What
 * a former process submitted is not known here, and the catalogue's cost stands for it.
 */
class Submitted {
  readonly #endpoints = new Map<string, string>();

  note(requestId: string, endpoint: string): void {
    this.#endpoints.set(requestId, endpoint);
    const [oldest] = this.#endpoints.keys();
    if (this.#endpoints.size > REMEMBERED && oldest !== undefined) this.#endpoints.delete(oldest);
  }

  endpointOf(requestId: string): string | undefined {
    return this.#endpoints.get(requestId);
  }
}

interface Bill {
  readonly billed: Billed;
  readonly costMicros?: Micros;
}

/** @param otherwise what is to be thought where fal tells no units. */
function readBill(headers: Headers, unitPrice: Micros | undefined, otherwise: Billed): Bill {
  const told = headers.get('x-fal-billable-units') ?? '';
  if (!/^\d{1,12}(?:\.\d{1,6})?$/.test(told)) return { billed: otherwise };
  // In millionths of a unit, as money is in millionths of a dollar.
  const units = parseDecimal(told);
  if (units === 0n) return { billed: 'no' };
  if (unitPrice === undefined) return { billed: 'yes' };
  return { billed: 'yes', costMicros: divideUp(units * unitPrice, MICROS_PER_DOLLAR) };
}

// ----------------------------------------------------------------------------------------------------- a film

function readFilm(
  data: unknown,
  headers: Headers,
  unitPrice: Micros | undefined,
  jobId: string,
  failures: Failures,
): SubmitResult {
  const bill = readBill(headers, unitPrice, NO_FILE.billed);
  const video = memberOf(data, 'video');
  const url = memberOf(video, 'url');
  if (!isAddress(url)) {
    const detail = `The request succeeded without a film: ${JSON.stringify(data)}`;
    return { ...failures.make(NO_FILE, detail, { jobId }), ...bill };
  }
  const type = memberOf(video, 'content_type');
  const contentType = typeof type === 'string' && type.startsWith('video/') ? type : 'video/mp4';
  return {
    status: 'succeeded',
    outputs: [{ content: { url }, contentType }],
    // No units at all are the one thing that makes a film free.
    costMicros: bill.billed === 'no' ? 0n : (bill.costMicros ?? null),
    jobId,
  };
}

// --------------------------------------------------------------------------------------------------- failures

const REFUSED_HERE: Verdict = {
  ...REFUSED,
  message: "The provider's safety system refuses this prompt, this picture, or what was made of them.",
};

const REFUSED_CONTENT = 'content_policy_violation';

/**
 * Refusals of a submit, by status. A 4xx queued nothing, and only what was queued is billed. fal's promise that a 5xx is
 * never billed speaks of a request that failed; when it is the answer to the submit, there may be a request that runs, and
 * whose id we shall never learn: `unknown`, as for any status that is not in this table.
 */
const REFUSALS: RefusalTerms = {
  pollMs: POLL_QUEUED_MS,
  table: [
    { codes: [REFUSED_CONTENT], verdict: REFUSED_HERE },
    { statuses: [400, 413, 422], verdict: INVALID },
    { statuses: [401], verdict: MISCONFIGURED, note: 'fal refused the key.' },
    { statuses: [402], verdict: MISCONFIGURED, note: 'The account at fal is out of credit.' },
    {
      // "User is locked. Reason: Exhausted balance." comes with this one.
      statuses: [403],
      verdict: MISCONFIGURED,
      note: 'fal does not allow this to the account, or it is out of credit.',
    },
    {
      statuses: [404],
      verdict: MISCONFIGURED,
      note: 'fal does not know the model, or the base URL is wrong.',
    },
    { statuses: [429], verdict: BUSY },
  ],
  read: ({ body }) => ({ words: readWords(body), codes: readTypes(body) }),
};

/** A model's errors are a list under `detail`, each with a `type`; the platform's are one text with an `error_type`. */
function readTypes(body: unknown): string[] {
  const types = listOf(memberOf(body, 'detail')).map((error) => memberOf(error, 'type'));
  return [...types, memberOf(body, 'error_type')].filter((type) => typeof type === 'string');
}

/** What the envelope says in words. */
function readWords(body: unknown): string {
  const detail = memberOf(body, 'detail');
  const messages = listOf(detail).map((error) => textOf(memberOf(error, 'msg')));
  return textOf(detail) ?? messages.join(' ');
}

/**
 * Whether a refused question after a result is how the job ended. fal answers it with the error of the job, and a gateway
 * in between, a rate limit or a revoked key answer it too. The job's error has a type (fal's pages on errors); else its
 * status has one, or it is a 422 or a 499, which nobody else gives. To take another's answer for the job's would be to
 * throw away a film that is there and paid.
 */
function isOfTheJob(refusal: Refusal, status: unknown): boolean {
  if (refusal.status === 422 || refusal.status === 499) return true;
  if ([401, 402, 403, 404, 408, 429].includes(refusal.status)) return false;
  return (
    readTypes(refusal.body).length > 0 ||
    refusal.headers.has('x-fal-error-type') ||
    typeof memberOf(status, 'error_type') === 'string' ||
    typeof memberOf(status, 'error') === 'string'
  );
}

/**
 * How a job ended without a film, and who pays for that:
 *
 * - "Server errors (HTTP 500+) are never charged" (fal's FAQ; its page on reliability says the same): `no`.
 * - "Client-side errors like invalid inputs (HTTP 422) may still be charged if a runner spent GPU time" (the FAQ): `unknown`
 *   unless the answer counts the units; refused content is such a 422. For want of a promise the same holds for all else.
 */
function readEnd(
  { status, headers, text, body }: Refusal,
  unitPrice: Micros | undefined,
  jobId: string,
  failures: Failures,
): ProviderFailure {
  const verdict = judgeEnd(status, body, failures);
  const detail = `The request ended with HTTP ${status} ${text}`;
  const bill: Bill = status >= 500 ? { billed: 'no' } : readBill(headers, unitPrice, 'unknown');
  return { ...failures.make(verdict, detail, { jobId }), ...bill };
}

/** Types of errors that come with a 4xx, and are the fault of fal or of Pika behind it. */
const VENDORS_FAULT = /^(?:downstream_service_error|no_media_generated|generation_timeout)$/;

function judgeEnd(status: number, body: unknown, failures: Failures): Verdict {
  if (readTypes(body).includes(REFUSED_CONTENT)) return REFUSED_HERE;
  if (status === 499) return STOPPED;
  const isInvalid =
    [400, 413, 422].includes(status) && !readTypes(body).some((type) => VENDORS_FAULT.test(type));
  return isInvalid ? invalidBecause(readWords(body), failures) : BROKEN;
}

// ---------------------------------------------------------------------------------------------------- reports

/** fal asks for the keys to be kept no longer. */
const KEYS_FOR_MS = 24 * 60 * 60 * 1_000;
/** Whoever sends forgeries must not be able to make us ask fal for each of them. */
const KEYS_APART_MS = 60_000;
/** fal waits 15 s for us to take a report. */
const KEYS_TIMEOUT_MS = 5_000;

/**
 * Why a report is not to be believed, or null when it is. ED25519 over four lines: the request's id, the user's, the second
 * and the body's SHA-256 in hex. There is nothing secret to compare with, and so no time that could tell it.
 */
async function findProblem(delivery: WebhookDelivery, keys: SigningKeys): Promise<string | null> {
  const { headers, body, receivedAt } = delivery;
  const id = headers['x-fal-webhook-request-id'];
  const user = headers['x-fal-webhook-user-id'];
  const timestamp = headers['x-fal-webhook-timestamp'];
  const signature = headers['x-fal-webhook-signature'];
  if (!id || !user || !timestamp || !signature) {
    return 'The headers x-fal-webhook-request-id, -user-id, -timestamp and -signature are needed.';
  }
  const problem = findProblemOfTime('x-fal-webhook-timestamp', delivery);
  if (problem !== null) return problem;
  if (!/^[\da-f]{128}$/i.test(signature)) return 'The x-fal-webhook-signature is no signature.';
  const digest = createHash('sha256').update(body).digest('hex');
  const message = Buffer.from([id, user, timestamp, digest].join('\n'));
  const isSigned = await keys.haveSigned(message, Buffer.from(signature, 'hex'), receivedAt.getTime());
  return isSigned ? null : 'The signature fits no key of fal.';
}

/** The keys that fal signs reports by, fetched when they are needed. */
class SigningKeys {
  readonly #url: string;
  #keys: readonly KeyObject[] = [];
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> = Promise.resolve();

  constructor(url: string) {
    this.#url = url;
  }

  /** Whether one of the keys fits; when none does, they may have been changed, and are fetched anew. */
  async haveSigned(message: Uint8Array, signature: Uint8Array, now: number): Promise<boolean> {
    if (this.#fit(message, signature, now)) return true;
    if (now - this.#askedAt >= KEYS_APART_MS) {
      this.#askedAt = now;
      this.#asking = this.#fetch(now);
    }
    await this.#asking;
    return this.#fit(message, signature, now);
  }

  #fit(message: Uint8Array, signature: Uint8Array, now: number): boolean {
    if (now - this.#fetchedAt > KEYS_FOR_MS) return false;
    return this.#keys.some((key) => verify(null, message, key, signature));
  }

  /** Leaves the keys as they are when there is no answer: fal delivers a rejected report again, ten times over two hours. */
  async #fetch(now: number): Promise<void> {
    const call = callJson(this.#url, {}, (body) => memberOf(body, 'keys'));
    const heard = await hear(new AbortController().signal, KEYS_TIMEOUT_MS, call);
    if (!('answer' in heard) || !Array.isArray(heard.answer)) return;
    this.#keys = listOf(heard.answer)
      .map(readKey)
      .filter((key) => key !== undefined);
    this.#fetchedAt = now;
  }
}

/** A key of the list, or undefined when it is of another kind. */
function readKey(listed: unknown): KeyObject | undefined {
  const x = memberOf(listed, 'x');
  if (typeof x !== 'string' || (memberOf(listed, 'crv') ?? 'Ed25519') !== 'Ed25519') return undefined;
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  } catch {
    return undefined;
  }
}
