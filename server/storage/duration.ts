/** How long a film or a recording is, for what is priced by time. */
import { Worker } from 'node:worker_threads';

/** What the thread is given. */
export interface DurationTask {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mimeType: string;
}

/** What the thread gives back. */
export interface DurationAnswer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly seconds: number | undefined;
}

/** The parser knows Matroska by its registered name only. */
const PARSED_AS: Readonly<Record<string, string>> = { 'video/x-matroska': 'video/matroska' };
const MOST_HEAP_MB = 256;

/**
 * Reads it in a thread that is stopped when it takes too long or too much memory.
 *
 * @param bytes all of its buffer; it is handed to the thread and cannot be used any more. The answer has it again.
 * @param signal stops it.
 * @returns null when the file could not be read in that time or memory; `seconds` is undefined when it does not say.
 */
export async function readDuration(
  bytes: Uint8Array<ArrayBuffer>,
  contentType: string,
  signal: AbortSignal,
): Promise<DurationAnswer | null> {
  if (signal.aborted) return null;
  const task: DurationTask = { bytes, mimeType: PARSED_AS[contentType] ?? contentType };
  const worker = new Worker(new URL('./duration-worker.ts', import.meta.url), {
    workerData: task,
    transferList: [bytes.buffer],
    resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB },
    // It needs nothing of the process, and least of all its secrets.
    env: {},
    stdout: true,
    stderr: true,
  });
  const { promise, resolve } = Promise.withResolvers<DurationAnswer | null>();
  const give = () => resolve(null);
  worker.once('message', resolve);
  worker.once('error', give);
  worker.once('exit', give);
  signal.addEventListener('abort', give, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', give);
    await worker.terminate();
  }
}
