/**
 * What ClippingMagic and Vectorizer.AI have in common. Both are made by Cedar Lake Ventures, and their APIs are built
 * alike: a picture goes up in one multipart POST that is held until the answer, the finished file, comes back. There are
 * no jobs, no webhooks, and nothing to stop. There is no SDK for Node either, so there are no traps of one.
 *
 * Sources: clippingmagic.com/api/serverApi; the vendor's OpenAPI description of Vectorizer.AI (github.com/clv,
 * api/openapi.yaml, June 2026) and its list of errors (vectorizer.ai/api/errors).
 */
import type { Micros } from '../money.ts';
import { BUSY, createFailures, INVALID, MISCONFIGURED, withCost } from './failure.ts';
import { filePart } from './files.ts';
import { hear, type Refusal } from './heard.ts';
import { withoutJobs } from './jobs.ts';
import { memberOf, textOf } from './json.ts';
import type { InputFile, Operation, Provider, ProviderOutput } from './provider.ts';
import { createReplies, type Envelope, type Term } from './replies.ts';

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
  /** Statuses other than a 2xx that an answer with a file may have. */
  readonly alsoAnswers: readonly number[];
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
  const replies = createReplies(failures, { table: refusalsOf(service.title), read: readEnvelope });

  return {
    name: service.name,
    inProcess: false,
    timeoutMs,

    async submit({ request, input, signal }) {
      if (request.operation !== service.operation) return failures.unsent('This provider does not do that.');
      if (request.count !== 1) return failures.unsent('This provider makes one picture at a time.');
      if (!input) return failures.unsent('An image is needed.');
      const heard = await hear(
        signal,
        timeoutMs,
        async (fetch) =>
          service.readOutput(
            await fetch(`${baseUrl}${service.path}`, {
              method: 'POST',
              headers: { authorization: `Basic ${basic}` },
              body: formOf(input, service.fields),
            }),
          ),
        ({ ok, status }) => ok || service.alsoAnswers.includes(status),
      );
      if ('answer' in heard) {
        const costMicros = service.costOf(heard.response.headers);
        return { status: 'succeeded', outputs: [heard.answer], costMicros };
      }
      const failure = replies.failure(heard);
      // An answer without a file in it. Where it says what was charged, that is what was billed.
      const isAnswer = 'refusal' in heard && heard.refusal.status < 300;
      return isAnswer ? withCost(failure, service.costOf(heard.refusal.headers)) : failure;
    },

    ...withoutJobs(service.title, failures),
  };
}

/** A part without a file name counts as a text, and a picture that is one is refused (error 1016). */
function formOf(input: InputFile, fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  form.set('image', filePart(input, 'image'));
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return form;
}

// --------------------------------------------------------------------------------------------------- failures

/**
 * Refusals by status and by the vendor's own code. The reasoning for `billed`:
 *
 * - A 4xx says that the picture was turned away. What is charged stands in a header of the 200 alone
 *   (`X-Credits-Charged` in the OpenAPI description), and ClippingMagic sells credits for results: `no`. That holds for
 *   a 429 as well, also for the one after waiting too long for a worker (1017: "there wasn't enough time left to start").
 * - A 503 with code -3 says "Workers overloaded": none has begun. It is a 429 by another number.
 * - Of every other 5xx the vendor promises nothing; -10 ("Internal timeout") comes after the work has begun: `unknown`,
 *   as for any status that is not in this table.
 */
function refusalsOf(title: string): readonly Term[] {
  return [
    { statuses: [401], verdict: MISCONFIGURED, note: `${title}: The API id and secret were refused.` },
    {
      statuses: [402],
      verdict: MISCONFIGURED,
      note: `${title}: The account is out of credits or past due, or its plan has no API.`,
    },
    { statuses: [403], verdict: MISCONFIGURED, note: `${title}: This is not allowed to the account.` },
    { statuses: [404, 405], verdict: MISCONFIGURED, note: `${title}: The base URL is wrong.` },
    { statuses: [429], verdict: BUSY },
    { statuses: [503], codes: ['-3'], verdict: BUSY },
    { statuses: [400, 413, 415, 422], verdict: INVALID },
  ];
}

/**
 * Both services' rule for a 429: wait for 5 s after the first, 10 s after the second in a row, 15 s after the third.
 * Which one it is only who repeats the call knows, and each repeat here is an attempt of its own.
 */
const BACK_OFF_SECONDS = 5;

/**
 * `{"error": {"status", "code", "message"}}`. Vectorizer.AI's description nests it so too, beside an echo of the form;
 * a transcript of its documentation shows it bare, so both are read.
 */
function readEnvelope({ status, body, text }: Refusal): Envelope {
  const error = memberOf(body, 'error') ?? body;
  const told = memberOf(error, 'code');
  const code = typeof told === 'number' ? String(told) : undefined;
  const words = textOf(memberOf(error, 'message'));
  return {
    words,
    codes: [code],
    summary: [code && `error ${code}`, words ?? text].filter(Boolean).join(' '),
    pauseSeconds: status === 429 ? BACK_OFF_SECONDS : undefined,
  };
}
