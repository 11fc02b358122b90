/** For what has to be known or written before a generation can end, whatever the database does meanwhile. */
import { isPassing } from '../ledger/index.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Asks the database again and again until it answers. What is asked carries its own identity: it may have been done though nobody
 * heard so.
 *
 * @param onFailure told of each failure.
 * @throws what will not be gone on another try.
 */
export async function untilItAnswers<Result>(
  ask: () => Promise<Result>,
  onFailure: (error: unknown) => void,
): Promise<Result> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return await ask();
    } catch (error) {
      onFailure(error);
      if (!isPassing(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
