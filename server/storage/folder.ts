/**
 * The store as a folder: `aa/bb/<sha256>`, where aa and bb are the hash's first four digits. A file is written under a
 * name of its own in `incoming/` and renamed when it is whole, so what stands under a hash is always all of it.
 */
import { createHash, hash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '../ids.ts';
import type { ProviderOutput } from '../providers/index.ts';
import { identify, wrong } from './content-type.ts';
import { readDimensions } from './dimensions.ts';
import { download, stopped, tooLarge } from './download.ts';
import { createGet, getBy } from './get.ts';
import { type ByteRange, type Storage, StorageError, type StoredFile } from './storage.ts';
import { svgProblem } from './svg.ts';

/** Where the store is and what it takes. */
export interface FolderStorageOptions {
  /** Made when it is not there. Several processes may share it. */
  readonly folder: string;
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
  /**
   * Waits until the disk itself has a file, so that a power cut leaves no empty one under its hash. On unless switched
   * off.
   */
  readonly durable?: boolean;
}

const MAX_BYTES = 256 * 1024 * 1024;
const STALL_MS = 30_000;
const RETRY_DELAYS_MS = [250, 1_000];
/** Up to here a download is gathered in memory and then stored as bytes are; it is also what type and size are read from. */
const HEAD_BYTES = 256 * 1024;
/** An SVG is read whole before it is taken. */
const MOST_SVG_BYTES = 16 * 1024 * 1024;
const MOST_KNOWN = 10_000;
const CHUNK_BYTES = 64 * 1024;
/** No download takes as long, so what is older was left behind by a crash. */
const STALE_MS = 24 * 60 * 60 * 1000;
const INCOMING = 'incoming';
const SHA256 = /^[0-9a-f]{64}$/;

/** Opens a store in a folder. */
export function createFolderStorage(options: FolderStorageOptions): Storage {
  const { folder, maxBytes = MAX_BYTES, allowPrivateHosts = false, durable = true } = options;
  const downloads = {
    get: options.fetch ? getBy(options.fetch) : createGet(allowPrivateHosts),
    allowPrivateHosts,
    maxBytes,
    stallMs: options.stallMs ?? STALL_MS,
    retryDelaysMs: options.retryDelaysMs ?? RETRY_DELAYS_MS,
  };
  const incoming = join(folder, INCOMING);
  // Hashes that are known to be stored, the one asked for last at the end. Whoever deletes files from the folder of a
  // running store must count on this: until `open` has missed a file once, equal bytes are not written again.
  const known = new Map<string, true>();
  let prepared: Promise<void> | undefined;

  async function store(output: ProviderOutput, signal: AbortSignal): Promise<StoredFile> {
    if (signal.aborted) throw stopped(signal);
    const { content } = output;
    try {
      if (content instanceof Uint8Array) return await storeBytes(content, output);
      return await download(content.url, signal, (chunks) => storeChunks(chunks, output), downloads);
    } catch (error) {
      if (error instanceof StorageError) throw error;
      throw writeFailed(error);
    }
  }

  async function storeBytes(bytes: Uint8Array, output: ProviderOutput): Promise<StoredFile> {
    if (bytes.length > maxBytes) throw tooLarge(maxBytes, `it has ${bytes.length}`);
    const contentType = identify(bytes, output.contentType);
    if (contentType === 'image/svg+xml') refuseSvg(bytes);
    const sha256 = hash('sha256', bytes, 'hex');
    if (!(await has(sha256, bytes.length))) {
      await write(async (file) => {
        await file.writeFile(bytes);
        return sha256;
      });
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
      const sha256 = await write(async (file) => {
        for (let chunk: Uint8Array | null = gathered.bytes; chunk; chunk = await nextOf(iterator)) {
          digest.update(chunk);
          length += chunk.length;
          await file.writeFile(chunk).catch(refuseWrite);
        }
        return digest.digest('hex');
      });
      return describe(sha256, length, gathered.bytes, contentType, output);
    } finally {
      await iterator.return?.();
    }
  }

  /** Whether the file is there, whole. A power cut may have left one that is shorter; it is then written again. */
  async function has(sha256: string, bytes: number): Promise<boolean> {
    if (known.has(sha256)) {
      remember(sha256);
      return true;
    }
    const found = await stat(pathOf(sha256)).catch(nullIfMissing);
    if (found?.size !== bytes) return false;
    remember(sha256);
    return true;
  }

  function remember(sha256: string): void {
    known.delete(sha256);
    known.set(sha256, true);
    if (known.size <= MOST_KNOWN) return;
    const oldest = known.keys().next();
    if (!oldest.done) known.delete(oldest.value);
  }

  /** Lets `fill` write a new file and say its hash, then gives it that name; leaves nothing behind when it fails. */
  async function write(fill: (file: FileHandle) => Promise<string>): Promise<string> {
    prepared ??= prepare();
    await prepared.catch((error: unknown) => {
      prepared = undefined;
      return refuseWrite(error);
    });
    const temporary = join(incoming, newId());
    try {
      const file = await open(temporary, 'wx').catch(refuseWrite);
      let sha256: string;
      try {
        sha256 = await fill(file);
        if (durable) await file.datasync().catch(refuseWrite);
      } finally {
        await file.close().catch(refuseWrite);
      }
      await place(temporary, sha256).catch(refuseWrite);
      remember(sha256);
      return sha256;
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
  }

  async function place(temporary: string, sha256: string): Promise<void> {
    const path = pathOf(sha256);
    try {
      await rename(temporary, path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      await mkdir(join(path, '..'), { recursive: true });
      await rename(temporary, path);
    }
  }

  /** Makes the folder, and removes what crashes have left in it. */
  async function prepare(): Promise<void> {
    await mkdir(incoming, { recursive: true });
    const before = Date.now() - STALE_MS;
    for (const name of await readdir(incoming)) {
      const found = await stat(join(incoming, name)).catch(nullIfMissing);
      if (found && found.mtimeMs < before) await rm(join(incoming, name), { force: true });
    }
  }

  function pathOf(sha256: string): string {
    return join(folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  }

  return {
    store,
    async open(sha256, range) {
      // Also what keeps a path out of the folder's reach from becoming one within it.
      if (!SHA256.test(sha256)) return null;
      const path = pathOf(sha256);
      const found = await stat(path).catch(nullIfMissing);
      if (!found?.isFile()) {
        known.delete(sha256);
        return null;
      }
      return { bytes: found.size, stream: streamOf(path, range ?? { start: 0, end: found.size - 1 }) };
    },
  };
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
    width: output.width ?? read?.width,
    height: output.height ?? read?.height,
    durationSeconds: output.durationSeconds,
  };
}

function refuseSvg(bytes: Uint8Array): void {
  if (bytes.length > MOST_SVG_BYTES) throw tooLarge(MOST_SVG_BYTES, 'it is an SVG, which is read whole');
  const problem = svgProblem(bytes);
  if (problem !== null) throw wrong(problem);
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

/** Opens the file at the first read, and closes it after the last or when the reader goes away. */
function streamOf(path: string, range: ByteRange): ReadableStream<Uint8Array> {
  let at = range.start;
  let file: FileHandle | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const length = Math.min(CHUNK_BYTES, range.end + 1 - at);
          if (length > 0) {
            file ??= await open(path);
            const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, at);
            if (bytesRead === 0) throw new Error('The file is shorter than it was.');
            at += bytesRead;
            controller.enqueue(buffer.subarray(0, bytesRead));
          }
          if (at <= range.end) return;
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        await file?.close();
      },
      async cancel() {
        await file?.close();
      },
    },
    { highWaterMark: 0 },
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function nullIfMissing(error: unknown): null {
  if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
  return refuseWrite(error);
}

/** Told apart from a broken connection, which is worth another download. */
function refuseWrite(error: unknown): never {
  throw writeFailed(error);
}

function writeFailed(error: unknown): StorageError {
  return new StorageError(
    'WRITE_FAILED',
    'The finished file could not be kept.',
    `The store's folder refused it: ${error instanceof Error ? error.message : String(error)}`.slice(0, 1000),
    { cause: error },
  );
}
