/**
 * What one request by a vendor's SDK brought, as it was on the wire. An SDK turns an answer into an exception of its own and
 * loses some of it on the way; here it is kept beside the SDK, so that one judgement serves for all SDKs that throw.
 */
import { BROKEN, type Failures, INVALID, judgeLoss, readRetryAfter, type Verdict } from './failure.ts';
import type { ProviderFailure } from './provider.ts';
import { type Exchange, WireError } from './wire.ts';

/** What one request brought: what the SDK made of a 2xx, an answer with another status, or no whole answer. */
export type Heard =
  | { readonly answer: unknown }
  | { readonly refusal: Response }
  | { readonly loss: WireError };

/**
 * Makes one request by an SDK. Throws nothing.
 *
 * @param exchange of this request alone.
 * @param call gets what the SDK is to take for `fetch`.
 */
export async function hear(
  exchange: Exchange,
  call: (fetch: Exchange['fetch']) => Promise<unknown>,
): Promise<Heard> {
  let heard: Heard | undefined;
  try {
    const answer = await call(async (input, init) => {
      try {
        const response = await exchange.fetch(input, init);
        if (!response.ok) heard ??= { refusal: response };
        return response;
      } catch (error) {
        if (error instanceof WireError) heard ??= { loss: error };
        throw error;
      }
    });
    return { answer };
  } catch (error) {
    // Nothing was heard of a failure: the SDK cannot read a 2xx, or took offence before it sent anything.
    return heard ?? { loss: new WireError('unreadable', exchange.sent, error) };
  }
}

/** What a refusal means, and what the operator should know beside the vendor's words. */
export interface RefusalTerm {
  readonly verdict: Verdict;
  readonly note?: string;
}

/** How a vendor refuses. */
export interface RefusalTerms {
  /** The vendor's words in its envelope. Empty when they are not found. */
  wordsOf(body: unknown): string;
  /** Undefined for what the vendor promises nothing of: that may follow a bill. */
  termOf(status: number, words: string, body: unknown): RefusalTerm | undefined;
}

/** The failure behind whatever was heard in the place of an answer that can be used. */
export async function failureOf(
  heard: Heard,
  terms: RefusalTerms,
  failures: Failures,
): Promise<ProviderFailure> {
  if ('loss' in heard) return failures.make(judgeLoss(heard.loss), heard.loss.message);
  if ('answer' in heard) {
    const words = typeof heard.answer === 'string' ? heard.answer : JSON.stringify(heard.answer);
    return failures.make(judgeLoss(new WireError('unreadable', true)), `Not what is documented: ${words}`);
  }
  const { status, headers } = heard.refusal;
  const text = await heard.refusal.text();
  const body = parseJson(text);
  const words = terms.wordsOf(body);
  const term = terms.termOf(status, words, body);
  const verdict = term?.verdict ?? BROKEN;
  const explanation = verdict === INVALID ? failures.explain(words) : '';
  return failures.make(
    explanation
      ? { ...verdict, message: `The provider does not take these arguments: ${explanation}` }
      : verdict,
    [term?.note, `HTTP ${status}`, text].filter(Boolean).join(' '),
    { retryAfterSeconds: readRetryAfter(headers) },
  );
}

/** JSON, or undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The member of an object, or undefined where there is none: answers of vendors are looked into with it. */
export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
