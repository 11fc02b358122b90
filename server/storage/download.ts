/**
 * Fetches an output from where the vendor left it. A GET costs nothing, so it is repeated when the connection fails
 * or the server does; what has been paid for should not be lost to one broken socket.
 */
import { type Get, type Got, refuseInnerHost } from './get.ts';
import { StorageError } from './storage.ts';

/** How to download. */
export interface DownloadOptions {
  readonly get: Get;
  readonly allowPrivateHosts: boolean;
  readonly maxBytes: number;
  /** How long nothing at all may arrive. */
  readonly stallMs: number;
  /** How long to wait before each repetition; its length is how often to repeat. */
  readonly retryDelaysMs: readonly number[];
}

const MOST_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Downloads, and hands the bytes to `consume` as they arrive; when the connection breaks, `consume` is called anew.
 *
 * @throws StorageError; one that `consume` throws ends it.
 */
export async function download<Result>(
  address: string,
  signal: AbortSignal,
  consume: (chunks: AsyncIterable<Uint8Array>) => Promise<Result>,
  options: DownloadOptions,
): Promise<Result> {
  const url = parse(address);
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await downloadOnce(url, signal, consume, options);
    } catch (error) {
      if (error instanceof StorageError) throw error;
      if (signal.aborted) throw stopped(signal);
      const delay = options.retryDelaysMs[attempt];
      if (delay === undefined)
        throw failed(
          `${error instanceof Error ? error.message : String(error)}, ${attempt + 1} times`,
          url,
          error,
        );
      await pause(delay, signal);
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
      throw tooLarge(options.maxBytes, `the server announces ${length}`);
    }
    return await consume(watch(got, length, () => timer.refresh(), options.maxBytes));
  } catch (error) {
    // An aborted socket says only that it was aborted; the reason is what an operator wants to know.
    throw stall.signal.aborted && !signal.aborted && !(error instanceof StorageError)
      ? stall.signal.reason
      : error;
  } finally {
    clearTimeout(timer);
    // Whatever is still open, such as the body of a file that was refused, is closed.
    stall.abort();
  }
}

async function follow(start: URL, signal: AbortSignal, options: DownloadOptions): Promise<Got> {
  let url = start;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    if (!options.allowPrivateHosts) refuseInnerHost(url);
    const got = await options.get(url, signal);
    if (got.status === 200) return got;
    got.discard();
    if (got.status >= 500) throw new Error(`the server answered ${got.status}`);
    const location = got.header('location');
    if (!REDIRECTS.has(got.status) || location === null)
      throw failed(`the server answered ${got.status}`, url);
    url = parse(location, url);
  }
  throw failed(`it was redirected more than ${MOST_REDIRECTS} times`, start);
}

async function* watch(
  got: Got,
  length: number,
  alive: () => void,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of got.body) {
    alive();
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes, 'more than that arrived');
    yield chunk;
    // The time that the disk took is not the server's.
    alive();
  }
  if (bytes < length && got.header('content-encoding') === null) {
    throw new Error(`the connection ended after ${bytes} of ${length} bytes`);
  }
}

function parse(address: string, base?: URL): URL {
  const url = URL.parse(address, base);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    const what = url ? `a URL of ${url.protocol}` : 'no URL';
    throw new StorageError(
      'DOWNLOAD_FAILED',
      'The finished file could not be fetched from the provider.',
      `The output's address is ${what}; only http and https are fetched.`,
    );
  }
  url.username = '';
  url.password = '';
  return url;
}

function failed(why: string, url: URL, cause?: unknown): StorageError {
  return new StorageError(
    'DOWNLOAD_FAILED',
    'The finished file could not be fetched from the provider.',
    `GET ${url.origin}${url.pathname}: ${why}.`.slice(0, 1000),
    { cause },
  );
}

/** The caller gave up. */
export function stopped(signal: AbortSignal): StorageError {
  return new StorageError(
    'DOWNLOAD_FAILED',
    'The copying of the finished file was stopped.',
    'The caller aborted it, for its deadline or for a cancellation.',
    { cause: signal.reason },
  );
}

/** More than the store takes. */
export function tooLarge(maxBytes: number, why: string): StorageError {
  return new StorageError(
    'TOO_LARGE',
    'The finished file is too large to be kept.',
    `The store takes ${maxBytes} bytes at most: ${why}.`,
  );
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const wake = () => resolve();
  signal.addEventListener('abort', wake, { once: true });
  if (signal.aborted) wake();
  await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', wake);
  if (signal.aborted) throw stopped(signal);
}
