import { isTransient } from './transient.ts';

/** Pauses between two questions: the first, and the longest to which they double. */
export interface Pauses {
  readonly firstMs: number;
  readonly mostMs: number;
}

/**
 * Asks the database again and again until it answers. What is asked carries its own identity: it may have been done though nobody
 * heard so.
 *
 * @param onFailure told of each failure, the last one too.
 * @throws what will not be gone on another try.
 */
export async function untilItAnswers<Result>(
  ask: () => Promise<Result>,
  { firstMs, mostMs }: Pauses,
  onFailure: (error: unknown) => void,
): Promise<Result> {
  for (let pause = firstMs; ; pause = Math.min(pause * 2, mostMs)) {
    try {
      return await ask();
    } catch (error) {
      onFailure(error);
      if (!isTransient(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
