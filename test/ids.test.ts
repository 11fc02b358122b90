/** Ids of our own: UUIDv7, in the order in which they were made, whatever the clock does. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { isUuid, newId } from '../server/ids.ts';

const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const millisecondsOf = (id: string) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

afterEach(() => {
  vi.useRealTimers();
});

describe('a new id', () => {
  test('is a UUID of version 7 that says when it was made', () => {
    const before = Date.now();
    const id = newId();
    expect(id).toMatch(V7);
    expect(isUuid(id)).toBe(true);
    expect(millisecondsOf(id)).toBeGreaterThanOrEqual(before);
    expect(millisecondsOf(id)).toBeLessThanOrEqual(Date.now() + 1);
  });

  test.each([
    ['while the clock stands, beyond what its counter holds', () => {}],
    ['while the clock goes back', () => vi.setSystemTime(Date.now() - 1_000)],
    ['while the clock goes on', () => vi.setSystemTime(Date.now() + 1)],
  ])('comes after all that were made before it, %s', (_case, step) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
    const ids = Array.from({ length: 3 * 4_096 }, (_, index) => {
      if (index % 1_000 === 0) step();
      return newId();
    });
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(ids);
    expect(ids.every((id) => V7.test(id))).toBe(true);
  });

  test('has random bits of its own', () => {
    const tails = Array.from({ length: 2_000 }, () => newId().slice(19));
    expect(new Set(tails).size).toBe(tails.length);
    expect(new Set(tails.map((tail) => tail[0]))).toEqual(new Set(['8', '9', 'a', 'b']));
  });
});
