/**
 * What ClippingMagic and Vectorizer.AI have in common. Both are made by Cedar Lake Ventures, and their APIs are built
 * alike: a picture goes up in one multipart POST that is held until the answer, the finished file, comes back. There are
 * no jobs, no webhooks, and nothing to stop. There is no SDK for Node either, so there are no traps of one.
 *
 * Sources: clippingmagic.com/api/serverApi; the vendor's OpenAPI description of Vectorizer.AI (github.com/clv,
 * api/openapi.yaml, June 2026) and its list of errors (vectorizer.ai/api/errors).
 */
import type { Micros } from '../money.ts';
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
import type { InputFile, Operation, Provider, ProviderFailure, ProviderOutput } from './provider.ts';
import { Exchange, WireError } from './wire.ts';

/** How either service is reached. */
export interface CedarLakeOptions {
  /** Both halves of the API's credentials: they travel as user and password of HTTP Basic. */
  readonly apiId: string;
  readonly apiSecret: string;
  /** Where the API is, with its version. */
  readonly baseUrl?: string | undefined;
  /** How long one picture may take: 180 s when not said, which Vectorizer.AI asks for at the least. */
  readonly timeoutMs?: number;
}

/** What one of the two services is, apart from the other. */
export interface CedarLakeService {
  /** As in the catalogue. */
  readonly name: string;
  /** As the operator knows it. */
  readonly title: string;
  readonly baseUrl: string;
  /** Where pictures are posted to, below the base URL. */
  readonly path: string;
  readonly operation: Operation;
  /** What is posted beside the picture. */
  readonly fields: Readonly<Record<string, string>>;
  /** The file that an answer brings, or undefined when it brings none. */
  readOutput(answer: Response): Promise<ProviderOutput | undefined>;
  /** What the answer says of the cost; null when it says nothing. */
  costOf(headers: Headers): Micros | null;
}

const TIMEOUT_MS = 180_000;

/** One of the two services as a provider. */
export function createCedarLake(service: CedarLakeService, options: CedarLakeOptions): Provider {
  const { apiId, apiSecret, baseUrl = service.baseUrl, timeoutMs = TIMEOUT_MS } = options;
  const basic = Buffer.from(`${apiId}:${apiSecret}`).toString('base64');
  const failures = createFailures(apiSecret, basic);

  return {
    name: service.name,
    inProcess: false,
    timeoutMs,

    async submit({ request, input, signal }) {
      const exchange = new Exchange(signal, timeoutMs);
      try {
        const problem =
          request.operation !== service.operation
            ? 'This provider does not do that.'
            : request.count !== 1
              ? 'This provider makes one picture at a time.'
              : undefined;
        if (problem !== undefined) return failures.make({ ...INVALID, message: problem }, problem);
        if (!input)
          return failures.make({ ...INVALID, message: 'An image is needed.' }, 'No image was given.');
        const answer = await exchange.fetch(`${baseUrl}${service.path}`, {
          method: 'POST',
          headers: { authorization: `Basic ${basic}` },
          body: formOf(input, service.fields),
        });
        const output = await service.readOutput(answer);
        if (output) {
          return { status: 'succeeded', outputs: [output], costMicros: service.costOf(answer.headers) };
        }
        return answer.ok
          ? await readNothing(answer, service, failures)
          : await readRefusal(answer, service, failures);
      } catch (error) {
        const loss = error instanceof WireError ? error : new WireError('unreadable', exchange.sent, error);
        return failures.make(judgeLoss(loss), loss.message);
      }
    },

    check: async (jobId) =>
      failures.make(UNKNOWN_JOB, `${service.title} has no jobs, so "${jobId}" is none of its.`, { jobId }),

    cancel: async () => ({ status: 'goes-on', detail: `${service.title} has no jobs to stop.` }),
  };
}

/** A part without a file name counts as a text, and a picture that is one is refused (error 1016). */
function formOf({ bytes, contentType }: InputFile, fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  const picture = new Blob([new Uint8Array(bytes)], { type: contentType });
  form.set('image', picture, `image.${contentType.replace(/^image\/|\+.*$/g, '')}`);
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return form;
}

// --------------------------------------------------------------------------------------------------- failures

/** A 200 without a file in it. Where it says what was charged, that is what was billed. */
async function readNothing(
  answer: Response,
  service: CedarLakeService,
  failures: Failures,
): Promise<ProviderFailure> {
  const words = (await answer.text()).slice(0, MAX_WORDS);
  const verdict = judgeLoss(new WireError('unreadable', true));
  const failure = failures.make(verdict, `HTTP ${answer.status} without a file: ${words}`);
  const costMicros = service.costOf(answer.headers);
  if (costMicros === null) return failure;
  return costMicros > 0n ? { ...failure, billed: 'yes', costMicros } : { ...failure, billed: 'no' };
}

/** More than any error has, and little enough to be searched for secrets when it is a picture after all. */
const MAX_WORDS = 20_000;

/**
 * Refusals by status and by the vendor's own code; the first row that fits counts. The reasoning for `billed`:
 *
 * - A 4xx says that the picture was turned away. What is charged stands in a header of the 200 alone
 *   (`X-Credits-Charged` in the OpenAPI description), and ClippingMagic sells credits for results: `no`. That holds for
 *   a 429 as well, also for the one after waiting too long for a worker (1017: "there wasn't enough time left to start").
 * - A 503 with code -3 says "Workers overloaded": none has begun. It is a 429 by another number.
 * - Of every other 5xx the vendor promises nothing; -10 ("Internal timeout") comes after the work has begun: `unknown`,
 *   as for any status that is not in this table.
 */
const REFUSALS: readonly {
  readonly statuses: readonly number[];
  readonly code?: number;
  readonly verdict: Verdict;
  readonly note?: string;
}[] = [
  { statuses: [401], verdict: MISCONFIGURED, note: 'The API id and secret were refused.' },
  {
    statuses: [402],
    verdict: MISCONFIGURED,
    note: 'The account is out of credits or past due, or its plan has no API.',
  },
  { statuses: [403], verdict: MISCONFIGURED, note: 'This is not allowed to the account.' },
  { statuses: [404, 405], verdict: MISCONFIGURED, note: 'The base URL is wrong.' },
  { statuses: [429], verdict: BUSY },
  { statuses: [503], code: -3, verdict: BUSY },
  { statuses: [400, 413, 415, 422], verdict: INVALID },
];

/**
 * Both services' rule for a 429: wait for 5 s after the first, 10 s after the second in a row, 15 s after the third.
 * Which one it is only who repeats the call knows, and each repeat here is an attempt of its own.
 */
const BACK_OFF_SECONDS = 5;

async function readRefusal(
  answer: Response,
  service: CedarLakeService,
  failures: Failures,
): Promise<ProviderFailure> {
  const { status, headers } = answer;
  const words = (await answer.text()).slice(0, MAX_WORDS);
  const { code, message } = readError(words);
  const row = REFUSALS.find(
    (candidate) =>
      candidate.statuses.includes(status) && (candidate.code === undefined || candidate.code === code),
  );
  const verdict = row?.verdict ?? BROKEN;
  const detail = [
    row?.note && `${service.title}: ${row.note}`,
    `HTTP ${status}`,
    code === undefined ? undefined : `error ${code}`,
    message || words,
  ];
  const told = readRetryAfter(headers);
  return failures.make(
    verdict === INVALID ? invalidBecause(message, failures) : verdict,
    detail.filter(Boolean).join(' '),
    { retryAfterSeconds: told ?? (status === 429 ? BACK_OFF_SECONDS : undefined) },
  );
}

/**
 * `{"error": {"status", "code", "message"}}`. Vectorizer.AI's description nests it so too, beside an echo of the form;
 * a transcript of its documentation shows it bare, so both are read.
 */
function readError(words: string): { readonly code?: number; readonly message: string } {
  try {
    const parsed: unknown = JSON.parse(words);
    const error = isObject(parsed) && isObject(parsed.error) ? parsed.error : parsed;
    if (!isObject(error)) return { message: '' };
    const { code, message } = error;
    return {
      ...(typeof code === 'number' ? { code } : {}),
      message: typeof message === 'string' ? message : '',
    };
  } catch {
    return { message: '' };
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
