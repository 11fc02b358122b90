import { type FileHandle, open, rm } from 'node:fs/promises';
import { REJECT_HEADER, type Rejection, rejectLine } from '../history/index.ts';

/** Rows that an import has refused, as a file that can be put right and imported. Made with its first row. */
export class RejectFile {
  readonly path: string;
  #file: Promise<FileHandle> | null = null;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** Adds a row; resolves when it is written. */
  async add(rejection: Rejection): Promise<void> {
    this.#file ??= this.#begin();
    const row = rejectLine(rejection);
    this.#writing = this.#writing.then(async () => (await this.#file)?.appendFile(row));
    await this.#writing;
  }

  async #begin(): Promise<FileHandle> {
    const file = await open(this.path, 'w');
    await file.appendFile(REJECT_HEADER);
    return file;
  }

  /** What an earlier import left would be taken for this one's: without a row there is no file. */
  async close(): Promise<void> {
    if (this.#file) await (await this.#file).close();
    else await rm(this.path, { force: true });
  }
}
