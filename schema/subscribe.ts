/** How every subscription lives: the present state first, then changes, asking again now and then. */

export interface Watched<State> {
  /** The present state, which is sent first. */
  readonly first: State;
  /** Changes as this process hears of them; null when it has heard nothing for a while. */
  readonly changes: AsyncGenerator<State | null, void, void>;
  /** Asks the database, since the change may have happened in another process. */
  readonly read: () => Promise<State>;
  /** Whether there is nothing new to tell. */
  readonly isSame: (before: State, after: State) => boolean;
  /** Whether nothing can come after this. */
  readonly isLast: (state: State) => boolean;
}

/** Sends the present state, then each change, until there can be no further one or the client goes away. */
export async function* present<State>(watched: Watched<State>): AsyncGenerator<State, void, void> {
  let known = watched.first;
  try {
    yield known;
    if (watched.isLast(known)) return;
    for await (const change of watched.changes) {
      const state = change ?? (await watched.read());
      if (watched.isSame(known, state)) continue;
      known = state;
      yield state;
      if (watched.isLast(state)) return;
    }
  } finally {
    await watched.changes.return();
  }
}
