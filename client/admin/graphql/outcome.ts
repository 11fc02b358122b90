/** What an action has come to. */
import { toastFailure } from '../../ui/toasts.ts';

/** A member of a mutation's union. */
interface Outcome {
  readonly __typename: string;
}

/**
 * Whether an action has come to what it is for. What it has come to instead is told in a toast; that there is no outcome has been
 * told by then (`useAction`).
 *
 * @param title of the toast: how things stand now.
 */
export function isDone<Any extends Outcome, Done extends Any['__typename']>(
  outcome: Any | null | undefined,
  done: Done,
  title: string,
): outcome is Extract<Any, { readonly __typename: Done }> {
  if (!outcome) return false;
  if (outcome.__typename === done) return true;
  toastFailure({ title, message: (outcome as { message?: string }).message ?? 'No reason was given.' });
  return false;
}
