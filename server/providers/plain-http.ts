/**
 * What the vendors without an SDK share: one request whose outcome is a value, JSON that may be anything, and the
 * answers that follow from them alone.
 */
import { BROKEN, type Failures, INVALID, judgeLoss, readRetryAfter, type Verdict } from './failure.ts';
import type { InputFile, ProviderFailure, ProviderRunning } from './provider.ts';
import { Exchange, WireError } from './wire.ts';

/** What one request brought: an answer, whatever its status, or none. */
export type Heard = { readonly response: Response } | { readonly loss: WireError };

/** Sends one request. Throws nothing. */
export async function hear(
  signal: AbortSignal,
  timeoutMs: number,
  url: string,
  init: RequestInit,
): Promise<Heard> {
  const exchange = new Exchange(signal, timeoutMs);
  try {
    return { response: await exchange.fetch(url, init) };
  } catch (error) {
    return { loss: error instanceof WireError ? error : new WireError('broken', exchange.sent, error) };
  }
}

/** A JSON object of which nothing is known. */
export type Fields = Readonly<Record<string, unknown>>;

/** The object that a text of JSON holds; undefined when it is anything else. */
export function parseFields(text: string): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The value, if it is an object; undefined when it is anything else. */
export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** The value, if it is a text that says something. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/**
 * The input file as a part of a form.
 *
 * @param name without an ending; vendors that go by one get the type's (`picture.png`, `film.mp4`).
 */
export function fileOf({ bytes, contentType }: InputFile, name: string): File {
  const ending = contentType.split('/')[1] ?? 'bin';
  // The types fear memory that threads share, of which there is none here; a copy of a film would be long.
  return new File([bytes as Uint8Array<ArrayBuffer>], `${name}.${ending}`, { type: contentType });
}

/** The failure of a request that got no whole answer. */
export function lost(failures: Failures, loss: WireError): ProviderFailure {
  return failures.make(judgeLoss(loss), loss.message);
}

/** The failure of a request whose answer is not what the vendor documents, so that it may have been carried out. */
export function unreadable(failures: Failures, detail: string): ProviderFailure {
  return failures.make(judgeLoss(new WireError('unreadable', true)), detail);
}

/** The failure of a request that the vendor has turned away. */
export function refused(
  failures: Failures,
  verdict: Verdict,
  refusal: {
    readonly response: Response;
    readonly body: string;
    /** What the vendor says of the arguments, if it says anything that a customer can read. */
    readonly words: string | undefined;
    /** What an operator is told before the vendor's own words. */
    readonly note?: string | undefined;
  },
): ProviderFailure {
  const { response, body, words, note } = refusal;
  const explanation = verdict === INVALID && words ? failures.explain(words) : '';
  return failures.make(
    explanation
      ? { ...verdict, message: `The provider does not take these arguments: ${explanation}` }
      : verdict,
    [note, `HTTP ${response.status}`, body].filter(Boolean).join(' '),
    { retryAfterSeconds: readRetryAfter(response.headers) },
  );
}

/** The failure of a request that is not sent, since its arguments would be turned away. */
export function unsent(failures: Failures, message: string): ProviderFailure {
  return failures.make({ ...INVALID, message }, message);
}

/**
 * The answer to a question that got none. It says nothing of the job: calling that failed would give the customer's
 * money back for a thing that is being made and will be billed.
 *
 * @param response the vendor's refusal to answer, if there is one: it may say when to ask again.
 */
export function unanswered(
  failures: Failures,
  jobId: string,
  pollAfterMs: number,
  detail: string,
  response?: Response,
): ProviderRunning {
  const seconds = readRetryAfter(response?.headers);
  return {
    status: 'running',
    jobId,
    pollAfterMs: seconds === undefined ? pollAfterMs : Math.max(seconds * 1000, 1),
    detail: redact(failures, detail),
  };
}

/** A text for the operator, without secrets and as short as `detail` may be. */
export function redact(failures: Failures, detail: string): string {
  return failures.make(BROKEN, detail).detail;
}
