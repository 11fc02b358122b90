/**
 * Pictures and films that customers name by URL: fetched before anything is submitted, and looked at, so that a vendor
 * is not paid for refusing them.
 *
 * The URL is a stranger's. It may lead into our own network, by itself, by its name's addresses or by a redirect: each
 * is refused, and the address that was looked at is the one that is connected to. What comes may be endless, slow, or
 * something else than it says: it is cut at a size and a time, and its type is what its bytes are.
 */
import type { InputFile } from '../providers/index.ts';
import { recognise } from './content-type.ts';
import { readDimensions } from './dimensions.ts';
import { type DownloadProblem, download } from './download.ts';
import { readDuration } from './duration.ts';
import { createGet, getBy, isInnerHost, type Resolve } from './get.ts';

/** What a customer names: a picture; or a film, or a recording, to be dubbed. */
export type InputKind = 'image' | 'video';

/** Fetches inputs. */
export interface Inputs {
  /**
   * What is wrong with a URL as it is written, a sentence for the customer, or null: what can be said before anything is
   * looked up, so that a call that cannot succeed is refused before it is paid for.
   */
  problemOf(url: string): string | null;
  /**
   * Fetches a file and looks at it. The whole of it is in memory, since that is how vendors' SDKs take it.
   *
   * @throws InputError for whatever the customer can do something about; the reason of `signal` when that is aborted.
   */
  fetch(url: string, kind: InputKind, signal: AbortSignal): Promise<InputFile>;
}

/** How to fetch inputs. */
export interface InputOptions {
  /** Lets customers' URLs lead to private, loopback and link-local addresses. For tests and development. */
  readonly allowPrivateHosts: boolean;
  /** The most bytes of each kind: 25 MiB of a picture and 500 MiB of a film unless said otherwise. */
  readonly maxBytes?: Partial<Readonly<Record<InputKind, number>>>;
  /** How long fetching and reading may take in all: 30 seconds of a picture and 5 minutes of a film unless said otherwise. */
  readonly timeoutMs?: Partial<Readonly<Record<InputKind, number>>>;
  /** How long a download may stand still; 15 seconds unless said otherwise. */
  readonly stallMs?: number;
  /** How long to wait before each repetition of a failed download; once unless said otherwise. */
  readonly retryDelaysMs?: readonly number[];
  /** Replaces the system's resolver. For tests. */
  readonly resolve?: Resolve;
  /** Replaces the own client, which connects only to addresses that it has checked. For tests. */
  readonly fetch?: typeof globalThis.fetch;
}

/** Why an input cannot be used. The message is for the customer and says what would be right, `detail` is for operators. */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** No query of a URL, since that is where signatures are. */
  readonly detail: string;

  constructor(message: string, detail: string, options?: ErrorOptions) {
    super(message, options);
    this.detail = detail.slice(0, 1000);
  }
}

const MIB = 1024 * 1024;
const PRIVATE_ADDRESS = 'The URL leads to a private address. Give one that anybody on the internet can open.';
const STALL_MS = 15_000;
const RETRY_DELAYS_MS = [250];
/** Enough to tell what a file is, and to let go of the rest if it is the wrong thing. */
const HEAD_BYTES = 4096;

interface Terms {
  readonly noun: string;
  readonly takes: string;
  readonly example: string;
  /** Each type that is taken, and what it is called from here on. */
  readonly types: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

const TERMS: Readonly<Record<InputKind, Terms>> = {
  image: {
    noun: 'picture',
    takes: 'Give a picture as PNG, JPEG, WebP or GIF.',
    example: 'https://example.com/picture.png',
    // An APNG is a PNG to whoever does not know better. An SVG is a program, and no vendor takes one.
    types: {
      'image/png': 'image/png',
      'image/apng': 'image/png',
      'image/jpeg': 'image/jpeg',
      'image/webp': 'image/webp',
      'image/gif': 'image/gif',
    },
    maxBytes: 25 * MIB,
    timeoutMs: 30_000,
  },
  video: {
    noun: 'film',
    takes: 'Give a film as MP4, MOV, WebM or MKV, or a recording as MP3, WAV or M4A.',
    example: 'https://example.com/film.mp4',
    types: {
      'video/mp4': 'video/mp4',
      'video/quicktime': 'video/quicktime',
      'video/webm': 'video/webm',
      'video/x-matroska': 'video/x-matroska',
      'audio/mpeg': 'audio/mpeg',
      'audio/wav': 'audio/wav',
      'audio/mp4': 'audio/mp4',
    },
    maxBytes: 500 * MIB,
    timeoutMs: 5 * 60_000,
  },
};

/** Makes what fetches inputs. */
export function createInputs(options: InputOptions): Inputs {
  const { allowPrivateHosts } = options;
  const get = options.fetch ? getBy(options.fetch) : createGet(allowPrivateHosts, options.resolve);
  return {
    problemOf(address) {
      const url = URL.parse(address);
      if (!url || allowPrivateHosts) return null;
      return isInnerHost(url) ? PRIVATE_ADDRESS : null;
    },
    async fetch(url, kind, signal) {
      signal.throwIfAborted();
      const terms: Terms = {
        ...TERMS[kind],
        maxBytes: options.maxBytes?.[kind] ?? TERMS[kind].maxBytes,
        timeoutMs: options.timeoutMs?.[kind] ?? TERMS[kind].timeoutMs,
      };
      const timeout = AbortSignal.timeout(terms.timeoutMs);
      const either = AbortSignal.any([signal, timeout]);
      try {
        refuseCredentials(url);
        const bytes = await download(url, either, (chunks) => gather(chunks, terms), {
          get,
          allowPrivateHosts,
          maxBytes: terms.maxBytes,
          stallMs: options.stallMs ?? STALL_MS,
          retryDelaysMs: options.retryDelaysMs ?? RETRY_DELAYS_MS,
          refuse: (problem) => refuseDownload(problem, terms),
          isFinal: (error) => error instanceof InputError,
        });
        const contentType = typeOf(bytes, terms);
        return kind === 'image'
          ? describePicture(url, bytes, contentType)
          : await describeFilm(url, bytes, contentType, either, terms);
      } catch (error) {
        // What the caller has stopped is not the customer's fault, whatever it looked like at that moment.
        signal.throwIfAborted();
        throw error;
      }
    },
  };
}

/** The whole body, as soon as its beginning is of a kind that is taken. */
async function gather(chunks: AsyncIterable<Uint8Array>, terms: Terms): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  let looked = false;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
    if (!looked && length >= HEAD_BYTES) {
      typeOf(Buffer.concat(parts), terms);
      looked = true;
    }
  }
  // Of its own buffer and not of Node's pool, so that it can be handed to a thread.
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function typeOf(bytes: Uint8Array, terms: Terms): string {
  const found = recognise(bytes.subarray(0, HEAD_BYTES));
  const type = found === null ? undefined : terms.types[found];
  if (type === undefined) {
    const what = whatIs(found, bytes);
    throw new InputError(`At the URL is ${what}. ${terms.takes}`, `The input is ${what} (${found}).`);
  }
  return type;
}

const NAMES: Readonly<Record<string, string>> = {
  'image/svg+xml': 'an SVG',
  'image/avif': 'an AVIF picture',
  'image/heic': 'a HEIC picture',
};

/** What came instead, in words: people put the address of a page where that of a picture should be. */
function whatIs(type: string | null, bytes: Uint8Array): string {
  if (type !== null) {
    const other = type.startsWith('image/')
      ? 'a picture'
      : type.startsWith('video/')
        ? 'a film'
        : 'a recording';
    return NAMES[type] ?? other;
  }
  if (bytes.length === 0) return 'an empty file';
  const text = Buffer.from(bytes.subarray(0, 1024)).toString('latin1');
  return /^\s*<(?:!doctype\s+html|html|head|body)\b/i.test(text) ? 'a web page' : 'a file of another type';
}

function describePicture(url: string, bytes: Uint8Array, contentType: string): InputFile {
  const size = readDimensions(bytes, contentType);
  if (!size) {
    throw new InputError(
      'The picture is damaged: its width and height cannot be read. Give one that is whole.',
      `The ${contentType} of ${bytes.length} bytes has no dimensions.`,
    );
  }
  return { url, bytes, contentType, ...size };
}

async function describeFilm(
  url: string,
  bytes: Uint8Array<ArrayBuffer>,
  contentType: string,
  signal: AbortSignal,
  terms: Terms,
): Promise<InputFile> {
  const { length } = bytes;
  const read = await readDuration(bytes, contentType, signal);
  if (!read) {
    throw new InputError(
      `The ${terms.noun} cannot be read in the time that there is for it. Give one in a plain format, such as MP4.`,
      `The length of a ${contentType} of ${length} bytes could not be read in time, or took too much memory.`,
    );
  }
  return { url, bytes: read.bytes, contentType, durationSeconds: read.seconds };
}

/** The store drops what a vendor's URL has of these; a customer's file would then be asked for in vain. */
function refuseCredentials(address: string): void {
  const url = URL.parse(address);
  if (url && (url.username !== '' || url.password !== '')) {
    throw new InputError(
      'The URL has a user name or a password in it. Give one that needs neither.',
      `The input's address on ${url.hostname} has credentials.`,
    );
  }
}

/** A download that came to nothing, in words for the customer: no address of ours, and nothing of our network. */
function refuseDownload(problem: DownloadProblem, terms: Terms): InputError {
  const { noun, example } = terms;
  switch (problem.kind) {
    case 'address':
      return problem.protocol === null
        ? new InputError(`This is no URL. Give one such as ${example}.`, 'The input has no URL.')
        : new InputError(
            `Only http and https URLs are fetched. Give one such as ${example}.`,
            `The input's URL, or a redirect of it, is one of ${problem.protocol}`,
          );
    case 'private-host':
      return new InputError(PRIVATE_ADDRESS, `The input's host ${problem.host} has a private address.`);
    case 'status':
      return new InputError(
        `${statusSentence(problem.status)} Give a URL at which anybody can get the ${noun} itself.`,
        `GET ${named(problem.url)}: the server answered ${problem.status}.`,
      );
    case 'redirects':
      return new InputError(
        `The URL is redirected more than ${problem.most} times. Give the one at which the ${noun} itself is.`,
        `GET ${named(problem.url)}: it was redirected more than ${problem.most} times.`,
      );
    case 'too-large':
      return new InputError(
        `The ${noun} is too large. Give one of at most ${sizeInWords(problem.maxBytes)}.`,
        `The input has more than ${problem.maxBytes} bytes; its server announced ${problem.announced ?? 'nothing'}.`,
      );
    case 'broken':
      return new InputError(
        `The ${noun} could not be fetched: its server cannot be reached, or breaks off. Try again later, or give another URL.`,
        `GET ${named(problem.url)}: ${problem.why}, ${problem.tries} times.`,
        { cause: problem.cause },
      );
    case 'stopped':
      return new InputError(
        `The ${noun} did not arrive within ${terms.timeoutMs / 1000} seconds. Give one that is smaller, or on a faster server.`,
        `The input took longer than ${terms.timeoutMs} ms.`,
        { cause: problem.reason },
      );
  }
}

function statusSentence(status: number): string {
  if (status === 401 || status === 403) return `The server does not give the file to everybody (${status}).`;
  if (status === 404 || status === 410) return `The server has no such file (${status}).`;
  return `The server does not give the file (${status}).`;
}

function sizeInWords(bytes: number): string {
  return bytes % MIB === 0 ? `${bytes / MIB} MB` : `${bytes} bytes`;
}

function named(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
