/**
 * How an output comes into any store: fetched when it is a URL, measured, looked at, and put under its hash. What
 * differs between stores is the {@link Shelf} that it is put on.
 */
import { createHash, hash } from 'node:crypto';
import type { ProviderOutput } from '../providers/index.ts';
import { identify } from './content-type.ts';
import { readDimensions } from './dimensions.ts';
import { download } from './download.ts';
import { createGet, getBy } from './get.ts';
import { createKnown } from './known.ts';
import { refuseDownload, stopped, tooLarge, wrongType } from './refusals.ts';
import type { Spool } from './spool.ts';
import { type Storage, StorageError, type StoredFile } from './storage.ts';
import { svgProblem } from './svg.ts';

/** What a store takes and how it downloads; the same for every store. */
export interface IntakeOptions {
  /** The largest file that is taken; 256 MiB unless said otherwise. */
  readonly maxBytes?: number;
  /**
   * Replaces the store's own client, which connects only to addresses that it has checked. This one resolves names by
   * itself, so of hosts only those written as addresses are checked.
   */
  readonly fetch?: typeof globalThis.fetch;
  /** Lets outputs be fetched from private, loopback and link-local addresses. For tests and vendors in the same network. */
  readonly allowPrivateHosts?: boolean;
  /** How long a download may stand still; 30 seconds unless said otherwise. */
  readonly stallMs?: number;
  /** How long to wait before each repetition of a failed download; twice unless said otherwise. */
  readonly retryDelaysMs?: readonly number[];
  /** How long a file that was seen is believed to be there; an hour unless said otherwise. For tests. */
  readonly knownMs?: number;
}

/** Where whole files lie, each under its hash. All of it throws StorageErrors and nothing else. */
export interface Shelf {
  /** How long the file under a hash is; null when there is none. */
  sizeOf(sha256: string): Promise<number | null>;
  /** Puts bytes there. They appear whole or not at all. */
  putBytes(sha256: string, bytes: Uint8Array, contentType: string): Promise<void>;
  /** Puts a file of the spool there; it may be moved. It appears whole or not at all. */
  putFile(sha256: string, path: string, bytes: number, contentType: string): Promise<void>;
}

/** The way in, and what it remembers. */
export interface Intake {
  readonly store: Storage['store'];
  /** What stands under a hash no longer does, or may not: equal bytes are to be written again. */
  forget(sha256: string): void;
}

const MAX_BYTES = 256 * 1024 * 1024;
const STALL_MS = 30_000;
const RETRY_DELAYS_MS = [250, 1_000];
/** Up to here a download is gathered in memory and then stored as bytes are; it is also what type and size are read from. */
const HEAD_BYTES = 256 * 1024;
/** An SVG is read whole before it is taken. */
const MOST_SVG_BYTES = 16 * 1024 * 1024;

/** Makes the way into a store. */
export function createIntake(options: IntakeOptions, shelf: Shelf, spool: Spool): Intake {
  const { maxBytes = MAX_BYTES, allowPrivateHosts = false } = options;
  const known = createKnown(options.knownMs);
  const downloads = {
    get: options.fetch ? getBy(options.fetch) : createGet(allowPrivateHosts),
    allowPrivateHosts,
    maxBytes,
    stallMs: options.stallMs ?? STALL_MS,
    retryDelaysMs: options.retryDelaysMs ?? RETRY_DELAYS_MS,
    refuse: refuseDownload,
    isFinal: (error: unknown) => error instanceof StorageError,
  };

  /** Whether the file is there, whole. A power cut may have left one that is shorter; it is then written again. */
  async function has(sha256: string, bytes: number): Promise<boolean> {
    if (known.has(sha256)) return true;
    // A store that does not say is written to: if it is broken, that fails as well, and says so.
    if ((await shelf.sizeOf(sha256).catch(() => null)) !== bytes) return false;
    known.add(sha256);
    return true;
  }

  async function storeBytes(bytes: Uint8Array, output: ProviderOutput): Promise<StoredFile> {
    if (bytes.length > maxBytes) throw tooLarge(maxBytes, `it has ${bytes.length}`);
    const contentType = identify(bytes, output.contentType);
    if (contentType === 'image/svg+xml') refuseSvg(bytes);
    const sha256 = hash('sha256', bytes, 'hex');
    if (!(await has(sha256, bytes.length))) {
      await shelf.putBytes(sha256, bytes, contentType);
      known.add(sha256);
    }
    return describe(sha256, bytes.length, bytes, contentType, output);
  }

  async function storeChunks(chunks: AsyncIterable<Uint8Array>, output: ProviderOutput): Promise<StoredFile> {
    const iterator = chunks[Symbol.asyncIterator]();
    try {
      const gathered = await gather(iterator, HEAD_BYTES);
      if (gathered.ended) return await storeBytes(gathered.bytes, output);
      const contentType = identify(gathered.bytes, output.contentType);
      if (contentType === 'image/svg+xml') {
        const rest = await gather(iterator, MOST_SVG_BYTES);
        if (!rest.ended) throw tooLarge(MOST_SVG_BYTES, 'it is an SVG, which is read whole');
        return await storeBytes(Buffer.concat([gathered.bytes, rest.bytes]), output);
      }
      const digest = createHash('sha256');
      let length = 0;
      const measured = async function* () {
        for (let chunk: Uint8Array | null = gathered.bytes; chunk; chunk = await nextOf(iterator)) {
          digest.update(chunk);
          length += chunk.length;
          yield chunk;
        }
      };
      return await spool.hold(measured(), async (path) => {
        const sha256 = digest.digest('hex');
        await shelf.putFile(sha256, path, length, contentType);
        known.add(sha256);
        return describe(sha256, length, gathered.bytes, contentType, output);
      });
    } finally {
      await iterator.return?.();
    }
  }

  return {
    async store(output, signal) {
      if (signal.aborted) throw stopped(signal.reason);
      const { content } = output;
      if (content instanceof Uint8Array) return storeBytes(content, output);
      return download(content.url, signal, (chunks) => storeChunks(chunks, output), downloads);
    },
    forget: (sha256) => known.delete(sha256),
  };
}

/** The longest side that the books can hold. What a vendor or a file's header says may be anything. */
const MOST_PIXELS = 2 ** 31 - 1;

function lengthOf(pixels: number | undefined): number | undefined {
  return Number.isInteger(pixels) && Number(pixels) > 0 && Number(pixels) <= MOST_PIXELS ? pixels : undefined;
}

function describe(
  sha256: string,
  bytes: number,
  head: Uint8Array,
  contentType: string,
  output: ProviderOutput,
): StoredFile {
  const read = readDimensions(head, contentType);
  return {
    sha256,
    contentType,
    bytes,
    width: lengthOf(output.width ?? read?.width),
    height: lengthOf(output.height ?? read?.height),
    durationSeconds: output.durationSeconds,
  };
}

function refuseSvg(bytes: Uint8Array): void {
  if (bytes.length > MOST_SVG_BYTES) throw tooLarge(MOST_SVG_BYTES, 'it is an SVG, which is read whole');
  const problem = svgProblem(bytes);
  if (problem !== null) throw wrongType(problem);
}

/** Reads until there are more than so many bytes, or no more. */
async function gather(
  iterator: AsyncIterator<Uint8Array>,
  most: number,
): Promise<{ readonly bytes: Uint8Array; readonly ended: boolean }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length <= most) {
    const chunk = await nextOf(iterator);
    if (!chunk) return { bytes: Buffer.concat(chunks), ended: true };
    chunks.push(chunk);
    length += chunk.length;
  }
  return { bytes: Buffer.concat(chunks), ended: false };
}

async function nextOf(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array | null> {
  const next = await iterator.next();
  return next.done ? null : next.value;
}
