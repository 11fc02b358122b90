/** Waiting for a generation to end, wherever it is made. */
import type { Database } from '../database/index.ts';
import type { Live } from '../live/index.ts';
import type { GenerationRecord } from './record.ts';
import * as statements from './statements.ts';

/** How often at the least a process looks for the result of a call that another process makes. */
const POLL_MS = 150;
const SLOWEST_POLL_MS = 1_000;

/**
 * The generation when it has ended, or as it stands after so long: told by what this process hears, and by asking the
 * database now and then.
 *
 * @returns null when there is no such generation.
 */
export async function waitForEnd(
  { database, live }: { readonly database: Database; readonly live: Live },
  generationId: string,
  waitMs: number,
): Promise<GenerationRecord | null> {
  const until = performance.now() + waitMs;
  const changes = live.listen('generation', generationId);
  try {
    for (let pause = POLL_MS; ; pause = Math.min(pause * 1.5, SLOWEST_POLL_MS)) {
      const record = await statements.readGeneration(database, generationId);
      const left = until - performance.now();
      if (!record || record.completedAt !== null || left <= 0) return record;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, Math.min(pause, left));
      });
      await Promise.race([changes.next(), late]);
      clearTimeout(timer);
    }
  } finally {
    await changes.return();
  }
}
