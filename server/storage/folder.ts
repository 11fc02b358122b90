/**
 * The store as a folder: `aa/bb/<sha256>`, where aa and bb are the hash's first four digits. A file is written under a
 * name of its own in `incoming/` and renamed when it is whole, so what stands under a hash is always all of it. What
 * is set aside lies in `aside/<sha256>`.
 */
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createIntake, type IntakeOptions } from './intake.ts';
import { notRead, notWritten } from './refusals.ts';
import { createSpool } from './spool.ts';
import { type ByteRange, isSha256, type Storage } from './storage.ts';

/** Where the store is and what it takes. */
export interface FolderStorageOptions extends IntakeOptions {
  /** Made when it is not there. Several processes may share it. */
  readonly folder: string;
  /**
   * Waits until the disk itself has a file, so that a power cut leaves no empty one under its hash. On unless switched
   * off.
   */
  readonly durable?: boolean;
}

const CHUNK_BYTES = 64 * 1024;
const PLACE = "The store's folder";
const writeRefused = (error: unknown) => notWritten(PLACE, error);

/** Opens a store in a folder. */
export function createFolderStorage(options: FolderStorageOptions): Storage {
  const { folder, durable = true } = options;
  const pathOf = (sha256: string) => join(folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  const asideOf = (sha256: string) => join(folder, 'aside', sha256);

  const spool = createSpool({ folder: join(folder, 'incoming'), durable, refuse: writeRefused });
  const putFile = (sha256: string, path: string) => move(path, pathOf(sha256));
  const intake = createIntake(
    options,
    {
      sizeOf: async (sha256) => (await statOf(pathOf(sha256)))?.size ?? null,
      putBytes: (sha256, bytes) => spool.hold([bytes], (path) => putFile(sha256, path)),
      putFile,
    },
    spool,
  );

  return {
    store: intake.store,
    async open(sha256, range) {
      // Also what keeps a path out of the folder's reach from becoming one within it.
      if (!isSha256(sha256)) return null;
      // A file that is put back between two looks is found by the third.
      for (const path of [pathOf(sha256), asideOf(sha256), pathOf(sha256)]) {
        const found = await statOf(path);
        if (found?.isFile()) {
          return { bytes: found.size, stream: streamOf(path, range ?? { start: 0, end: found.size - 1 }) };
        }
        intake.forget(sha256);
      }
      return null;
    },
    async setAside(sha256) {
      if (!isSha256(sha256)) return false;
      intake.forget(sha256);
      if (await statOf(pathOf(sha256))) await moveIfThere(pathOf(sha256), asideOf(sha256));
      return (await statOf(asideOf(sha256))) !== null;
    },
    async restore(sha256) {
      if (isSha256(sha256)) await moveIfThere(asideOf(sha256), pathOf(sha256));
    },
    async remove(sha256) {
      if (!isSha256(sha256)) return;
      await rm(asideOf(sha256), { force: true }).catch((error: unknown) => {
        throw writeRefused(error);
      });
    },
  };
}

/** Gives a file another name, whose folder is made when it is not there. */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to).catch(async (error: unknown) => {
      if (!isMissing(error)) throw error;
      await mkdir(dirname(to), { recursive: true });
      await rename(from, to);
    });
  } catch (error) {
    throw writeRefused(error);
  }
}

/** The same; a file that is not there, or that another process has just moved, stays where it is. */
async function moveIfThere(from: string, to: string): Promise<void> {
  await move(from, to).catch(async (error: unknown) => {
    if (await statOf(from)) throw error;
  });
}

async function statOf(path: string) {
  return stat(path).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw notRead(PLACE, error);
  });
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

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
