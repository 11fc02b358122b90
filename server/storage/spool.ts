/**
 * Files on their way: what is too large for memory is written here while it arrives, under a name of its own, and
 * is moved or sent on from here once it is whole. A file that fails leaves nothing behind; what a crash leaves is
 * removed after a day.
 */
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '../ids.ts';
import { StorageError } from './storage.ts';

/** Where files are while they arrive. */
export interface Spool {
  /**
   * Writes the chunks to a file and hands its path to `use`, which may move it away; if it has not, it is gone
   * afterwards.
   *
   * @throws StorageError `WRITE_FAILED` for the disk; what the chunks or `use` throw goes through.
   */
  hold<Result>(
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    use: (path: string) => Promise<Result>,
  ): Promise<Result>;
}

/** How to spool. */
export interface SpoolOptions {
  /** Made when it is not there. Several processes may share it. */
  readonly folder: string;
  /** Waits until the disk itself has a file before it is handed on. */
  readonly durable: boolean;
  /** What is thrown when the disk refuses. */
  readonly refuse: (error: unknown) => StorageError;
}

/** No download takes as long, so what is older was left behind by a crash. */
const STALE_MS = 24 * 60 * 60 * 1000;

/** Opens a spool. Nothing is touched before its first file. */
export function createSpool({ folder, durable, refuse }: SpoolOptions): Spool {
  let prepared: Promise<void> | undefined;
  const refused = (error: unknown): never => {
    throw error instanceof StorageError ? error : refuse(error);
  };

  async function prepare(): Promise<void> {
    await mkdir(folder, { recursive: true });
    const before = Date.now() - STALE_MS;
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      // Another process may be at it too, and quicker.
      const found = await stat(path).catch(() => null);
      if (found && found.mtimeMs < before) await rm(path, { force: true });
    }
  }

  return {
    async hold(chunks, use) {
      prepared ??= prepare();
      await prepared.catch((error: unknown) => {
        prepared = undefined;
        return refused(error);
      });
      const path = join(folder, newId());
      try {
        const file = await open(path, 'wx').catch(refused);
        try {
          for await (const chunk of chunks) await file.writeFile(chunk).catch(refused);
          if (durable) await file.datasync().catch(refused);
        } finally {
          await file.close().catch(refused);
        }
        return await use(path);
      } finally {
        await rm(path, { force: true }).catch(() => {});
      }
    },
  };
}
