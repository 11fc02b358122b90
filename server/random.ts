/**
 * Numbers that look like chance and are the same for the same seed, on every machine (mulberry32: 32 bits of state, good enough
 * to look plausible, and nothing that anybody may not guess).
 *
 * @param seed a whole number; its lowest 32 bits count.
 * @returns gives the next number, from 0 to just under 1.
 */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
