/**
 * Fetches a file by its address: an output from where the vendor left it, or what a customer named as an input. A GET
 * costs nothing, so it is repeated when the connection fails or the server does; what has been paid for should not be
 * lost to one broken socket.
 */
import { type Get, type Got, InnerHostError, refuseInnerHost } from './get.ts';

/** Why there is no file. Who downloads puts it into words: operators and customers are told different things. */
export type DownloadProblem =
  /** It is no URL (null), or one of another protocol (`ftp:`). */
  | { readonly kind: 'address'; readonly protocol: string | null }
  | { readonly kind: 'private-host'; readonly host: string }
  /** An answer that another try would not change. */
  | { readonly kind: 'status'; readonly url: URL; readonly status: number }
  | { readonly kind: 'redirects'; readonly url: URL; readonly most: number }
  /** `announced` is null when it was not said, and more came than may. */
  | { readonly kind: 'too-large'; readonly maxBytes: number; readonly announced: number | null }
  /** The connection or the server failed each time; `why` is for operators. */
  | {
      readonly kind: 'broken';
      readonly url: URL;
      readonly why: string;
      readonly tries: number;
      readonly cause: unknown;
    }
  /** The caller's signal. */
  | { readonly kind: 'stopped'; readonly reason: unknown };

/** How to download. */
export interface DownloadOptions {
  readonly get: Get;
  readonly allowPrivateHosts: boolean;
  readonly maxBytes: number;
  /** How long nothing at all may arrive. */
  readonly stallMs: number;
  /** How long to wait before each repetition; its length is how often to repeat. */
  readonly retryDelaysMs: readonly number[];
  /** Puts a problem into words, as the error that is thrown. */
  readonly refuse: (problem: DownloadProblem) => Error;
  /** Whether an error is one of `refuse`'s or of the consumer's own, which ends it. Others are worth another try. */
  readonly isFinal: (error: unknown) => boolean;
}

const MOST_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Downloads, and hands the bytes to `consume` as they arrive; when the connection breaks, `consume` is called anew.
 *
 * @throws what `refuse` makes of a problem; a final error of `consume` ends it.
 */
export async function download<Result>(
  address: string,
  signal: AbortSignal,
  consume: (chunks: AsyncIterable<Uint8Array>) => Promise<Result>,
  options: DownloadOptions,
): Promise<Result> {
  const url = parse(address, options);
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await downloadOnce(url, signal, consume, options);
    } catch (error) {
      if (options.isFinal(error)) throw error;
      if (signal.aborted) throw options.refuse({ kind: 'stopped', reason: signal.reason });
      const delay = options.retryDelaysMs[attempt];
      if (delay === undefined) {
        const why = error instanceof Error ? error.message : String(error);
        throw options.refuse({ kind: 'broken', url, why, tries: attempt + 1, cause: error });
      }
      await pause(delay, signal);
      if (signal.aborted) throw options.refuse({ kind: 'stopped', reason: signal.reason });
    }
  }
}

async function downloadOnce<Result>(
  start: URL,
  signal: AbortSignal,
  consume: (chunks: AsyncIterable<Uint8Array>) => Promise<Result>,
  options: DownloadOptions,
): Promise<Result> {
  const stall = new AbortController();
  const timer = setTimeout(() => {
    stall.abort(new Error(`nothing arrived for ${options.stallMs} ms`));
  }, options.stallMs);
  const either = AbortSignal.any([signal, stall.signal]);
  try {
    const got = await follow(start, either, options);
    timer.refresh();
    const length = Number(got.header('content-length') ?? Number.NaN);
    if (length > options.maxBytes) {
      got.discard();
      throw options.refuse({ kind: 'too-large', maxBytes: options.maxBytes, announced: length });
    }
    return await consume(watch(got, length, () => timer.refresh(), options));
  } catch (error) {
    // An aborted socket says only that it was aborted; the reason is what an operator wants to know.
    throw stall.signal.aborted && !signal.aborted && !options.isFinal(error) ? stall.signal.reason : error;
  } finally {
    clearTimeout(timer);
    // Whatever is still open, such as the body of a file that was refused, is closed.
    stall.abort();
  }
}

async function follow(start: URL, signal: AbortSignal, options: DownloadOptions): Promise<Got> {
  let url = start;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const got = await getOnce(url, signal, options);
    if (got.status === 200) return got;
    got.discard();
    if (got.status >= 500) throw new Error(`the server answered ${got.status}`);
    const location = got.header('location');
    if (!REDIRECTS.has(got.status) || location === null) {
      throw options.refuse({ kind: 'status', url, status: got.status });
    }
    url = parse(location, options, url);
  }
  throw options.refuse({ kind: 'redirects', url: start, most: MOST_REDIRECTS });
}

async function getOnce(url: URL, signal: AbortSignal, options: DownloadOptions): Promise<Got> {
  try {
    if (!options.allowPrivateHosts) refuseInnerHost(url);
    return await options.get(url, signal);
  } catch (error) {
    if (error instanceof InnerHostError) throw options.refuse({ kind: 'private-host', host: error.host });
    throw error;
  }
}

async function* watch(
  got: Got,
  length: number,
  alive: () => void,
  options: Pick<DownloadOptions, 'maxBytes' | 'refuse'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of got.body) {
    alive();
    bytes += chunk.length;
    if (bytes > options.maxBytes) {
      throw options.refuse({ kind: 'too-large', maxBytes: options.maxBytes, announced: null });
    }
    yield chunk;
    // The time that the disk took is not the server's.
    alive();
  }
  if (bytes < length && got.header('content-encoding') === null) {
    throw new Error(`the connection ended after ${bytes} of ${length} bytes`);
  }
}

function parse(address: string, options: Pick<DownloadOptions, 'refuse'>, base?: URL): URL {
  const url = URL.parse(address, base);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw options.refuse({ kind: 'address', protocol: url?.protocol ?? null });
  }
  url.username = '';
  url.password = '';
  return url;
}

/** Waits, at most until the signal. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const wake = () => resolve();
  signal.addEventListener('abort', wake, { once: true });
  if (signal.aborted) wake();
  await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', wake);
}
