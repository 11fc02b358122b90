/**
 * Whether somebody is signed in, as far as this window knows.
 *
 * - *unknown*: nobody has asked yet.
 * - *in*: the server has said so: with the page itself (server/http/pages.ts), or when asked.
 * - *out*: it has said that there is none, or that the session has ended.
 */

export type SessionStatus = 'unknown' | 'in' | 'out';

let status: SessionStatus = document.querySelector('meta[name="viewer"]') ? 'in' : 'unknown';
const listeners = new Set<() => void>();

function become(next: SessionStatus): void {
  if (next === status) return;
  status = next;
  for (const listener of listeners) listener();
}

export const session = {
  get status(): SessionStatus {
    return status;
  },
  begin(): void {
    become('in');
  },
  /** It has ended, by signing out or on the server. */
  end(): void {
    become('out');
  },
  listen(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
