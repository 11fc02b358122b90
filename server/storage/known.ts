/**
 * Which files this process has seen in the store of late, so that storing one of them again costs one hash.
 *
 * What was seen is believed for a while and no longer: another process may have set the file aside since (see
 * retention.ts), which waits for longer than this before it deletes anything.
 */
export interface Known {
  /** Whether it was seen lately. */
  has(sha256: string): boolean;
  /** It is there now. */
  add(sha256: string): void;
  /** It was missed. */
  delete(sha256: string): void;
}

/** How long a file is believed to be there, in milliseconds. */
export const KNOWN_MS = 60 * 60 * 1000;
const MOST = 10_000;

/**
 * Makes an empty one. Above 10,000 hashes, the one seen first is forgotten.
 *
 * @param now milliseconds of a clock that never goes back.
 */
export function createKnown(forMs: number = KNOWN_MS, now: () => number = () => performance.now()): Known {
  // In the order in which they were seen: asking for one does not make it newer, since nobody has looked again.
  const seenAt = new Map<string, number>();
  return {
    has(sha256) {
      const at = seenAt.get(sha256);
      return at !== undefined && now() - at < forMs;
    },
    add(sha256) {
      seenAt.delete(sha256);
      seenAt.set(sha256, now());
      if (seenAt.size <= MOST) return;
      const oldest = seenAt.keys().next();
      if (!oldest.done) seenAt.delete(oldest.value);
    },
    delete: (sha256) => void seenAt.delete(sha256),
  };
}
