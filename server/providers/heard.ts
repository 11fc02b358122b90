/**
 * What one request brought, as a value: by an SDK, or by plain HTTP. Nothing is thrown.
 *
 * An SDK turns an answer into an exception of its own, loses some of it on the way, and may repeat the request; not every
 * one has a switch for that. So it is shown nothing but the answer that it is there to read. Of all else it learns no more
 * than that there is none, by an empty 400, in which no SDK finds a reason to try again; what really happened is kept
 * beside it.
 */
import { parseJson } from './json.ts';
import { Exchange, WireError } from './wire.ts';

/** An answer that cannot be used, read to its end: a refusal, or a 2xx that is not what the vendor documents. */
export interface Refusal {
  readonly status: number;
  readonly headers: Headers;
  /** As it came. Of a body that is too long to be an envelope, no more than how long it is. */
  readonly text: string;
  /** The text's JSON; undefined when it is none. */
  readonly body: unknown;
}

/** What was heard in the place of an answer that can be used. */
export type Unheard = { readonly refusal: Refusal } | { readonly loss: WireError };

/** What one request brought: what was read out of its answer, an answer that cannot be used, or no whole answer. */
export type Heard<Answer> = { readonly answer: Answer; readonly response: Response } | Unheard;

/** Makes one request. */
export type Call<Answer> = (fetch: Exchange['fetch']) => Promise<Answer | undefined>;

/**
 * Makes one request, and lets nothing escape.
 *
 * @param timeoutMs for the whole of it.
 * @param call gets what an SDK is to take for `fetch`, and gives what it has read out of the answer; undefined, or an
 *   exception, where that is not what the vendor documents.
 * @param isReadable which answers it is shown: those with a 2xx when not said.
 */
export async function hear<Answer>(
  signal: AbortSignal,
  timeoutMs: number,
  call: Call<Answer>,
  isReadable: (response: Response) => boolean = ({ ok }) => ok,
): Promise<Heard<Answer>> {
  const exchange = new Exchange(signal, timeoutMs);
  const ear: { unheard?: Unheard; shown?: Response } = {};
  try {
    const answer = await call(async (input, init) => {
      try {
        const response = await exchange.fetch(input, init);
        if (isReadable(response)) {
          ear.shown = response;
          return response;
        }
        ear.unheard ??= { refusal: await readRefusal(response) };
      } catch (error) {
        ear.unheard ??= {
          loss: error instanceof WireError ? error : new WireError('broken', exchange.sent, error),
        };
      }
      return new Response(null, { status: 400, statusText: 'See what was heard' });
    });
    if (ear.shown) {
      return answer === undefined
        ? { refusal: await readRefusal(ear.shown) }
        : { answer, response: ear.shown };
    }
    return ear.unheard ?? { loss: new WireError('unreadable', exchange.sent) };
  } catch (error) {
    return ear.unheard ?? { loss: new WireError('unreadable', exchange.sent, error) };
  }
}

/** An id as one part of a path. Half a character, of which no address can be made, becomes a whole one. */
export function pathPart(id: string): string {
  return encodeURIComponent(id.toWellFormed());
}

/** A call by plain HTTP, for vendors without an SDK. The body of the answer is read as JSON. */
export function callJson<Answer>(
  url: string,
  init: RequestInit,
  read: (body: unknown) => Answer | undefined,
): Call<Answer> {
  return async (fetch) => {
    const response = await fetch(url, init);
    return read(parseJson(await response.text()));
  };
}

/** What is longer is no envelope, and not worth to be searched for secrets. */
const MAX_TEXT = 64 * 1024;

async function readRefusal(response: Response): Promise<Refusal> {
  const { status, headers } = response;
  const text = await response.text();
  // Not cut to its beginning: half a key would no longer be recognised, and told.
  if (text.length > MAX_TEXT) return { status, headers, text: `${text.length} characters`, body: undefined };
  return { status, headers, text, body: parseJson(text) };
}
