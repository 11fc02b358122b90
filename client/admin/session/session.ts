/**
 * Whether somebody is signed in, as far as this window knows.
 *
 * - *unknown*: nobody has asked yet.
 * - *in*: the server has named the viewer.
 * - *out*: it has said that there is none, or that the session has ended.
 */

/** Who is signed in. */
export interface Viewer {
  readonly scopes: readonly string[];
}

export type SessionState =
  | { readonly status: 'unknown' }
  | { readonly status: 'in'; readonly viewer: Viewer }
  | { readonly status: 'out' };

let state: SessionState = { status: 'unknown' };
const listeners = new Set<() => void>();

function become(next: SessionState): void {
  const before = state.status;
  state = next;
  if (before !== next.status) for (const listener of listeners) listener();
}

export const session = {
  get state(): SessionState {
    return state;
  },
  begin(viewer: Viewer): void {
    become({ status: 'in', viewer });
  },
  /** It has ended, by signing out or on the server. */
  end(): void {
    become({ status: 'out' });
  },
  listen(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
