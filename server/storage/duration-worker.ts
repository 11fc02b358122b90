/**
 * Reads how long a film or a recording is, in a thread of its own: the file comes from a stranger, and one that is made
 * for it keeps the parser busy for most of a minute, during which nothing else would run. See duration.ts.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { parseBuffer } from 'music-metadata';
import type { DurationAnswer, DurationTask } from './duration.ts';

const { bytes, mimeType } = workerData as DurationTask;

async function readSeconds(): Promise<number | undefined> {
  const { format } = await parseBuffer(
    bytes,
    { mimeType, size: bytes.length },
    // An MP3 of a varying bit rate tells its length by all of its frames.
    { duration: mimeType === 'audio/mpeg', skipCovers: true },
  );
  // Of a film, the format tells the first sound track's; the longest track is what a vendor counts.
  const told = [format.duration, ...format.trackInfo.map((track) => track.duration)];
  const seconds = Math.max(
    0,
    ...told.filter((each) => each !== undefined && Number.isFinite(each)).map(Number),
  );
  return seconds > 0 ? seconds : undefined;
}

const seconds = await readSeconds().catch(() => undefined);
// The bytes go back as they came, without a copy.
const answer: DurationAnswer = { bytes, seconds };
parentPort?.postMessage(answer, [bytes.buffer]);
