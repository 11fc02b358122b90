/** Why somebody does a thing that is kept. */
import type { FieldProblem } from './outcome.ts';

/** What is wrong with a reason, or null. */
export function reasonProblem(reason: string): FieldProblem | null {
  if (reason.trim() !== '' && reason.length <= 1_000) return null;
  return { path: 'reason', message: 'Say why, in 1 to 1000 characters; it is written to the audit log.' };
}
