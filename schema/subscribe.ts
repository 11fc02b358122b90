/** How every subscription lives: the present state first, then changes, asking again now and then. */
import type { Messages } from '../server/live/index.ts';
import type { Context } from './context.ts';
import { credentialsEnded } from './errors.ts';

/** What a subscription's stream carries: a state, or word that the caller's credentials have ended. */
export type Event<State> = State | typeof ENDED;

/** In the place of a state: the caller may no longer see any. */
const ENDED = Symbol('the credentials have ended');

/** What a subscription watches. */
export interface Watched<State> {
  /** The present state, which is sent first. */
  readonly first: State;
  /** Changes as this process hears of them; null when it has heard nothing for a while. */
  readonly changes: Messages<State>;
  /** Asks the database, since the change may have happened in another process. */
  readonly read: () => Promise<State>;
  /** Whether there is nothing new to tell. */
  readonly isSame: (before: State, after: State) => boolean;
  /** Whether nothing can come after this. */
  readonly isLast: (state: State) => boolean;
}

/** States as they come. */
async function* states<State>(context: Context, watched: Watched<State>): AsyncGenerator<Event<State>> {
  const { caller, core } = context;
  let known = watched.first;
  yield known;
  if (watched.isLast(known)) return;
  for await (const change of watched.changes) {
    if (!caller || !(await core.access.isStillValid(caller))) {
      yield ENDED;
      return;
    }
    const state = change ?? (await watched.read());
    if (watched.isSame(known, state)) continue;
    known = state;
    yield state;
    if (watched.isLast(state)) return;
  }
}

/**
 * Sends the present state, then each change, until there can be no further one, the client goes away, or its
 * credentials end: a revoked key and an expired token see nothing more than the two seconds between two looks.
 */
export function present<State>(
  context: Context,
  watched: Watched<State>,
): AsyncIterableIterator<Event<State>> {
  const stream = states(context, watched);
  return {
    async next() {
      const result = await stream.next();
      if (result.done) await watched.changes.return();
      return result;
    },
    // A generator's own `return` waits for the change that its `next` waits for, which may never come.
    async return() {
      await watched.changes.return();
      await stream.return(undefined);
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/**
 * The state of an event, for a subscription field's resolver.
 *
 * @throws UNAUTHENTICATED, as the last thing that the client hears, when its credentials have ended.
 */
export function stateOf<State>(event: Event<State>): State {
  if (event === ENDED) throw credentialsEnded();
  return event as State;
}
