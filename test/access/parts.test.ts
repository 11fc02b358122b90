import { expect, test } from 'vitest';
import { isWellFormedKey, makeKey } from '../../server/access/key-format.ts';
import { Lookup } from '../../server/access/lookup.ts';
import { hashPassword, isPassword, nobodysHash } from '../../server/access/passwords.ts';
import { Recent } from '../../server/access/recent.ts';
import { Throttle } from '../../server/access/throttle.ts';
import { FakeClock } from '../../server/clock.ts';

test('any one wrong character in a key is noticed', () => {
  const key = makeKey();
  expect(isWellFormedKey(key)).toBe(true);
  for (let position = 4; position < key.length; position += 1) {
    const other = key[position] === '7' ? '8' : '7';
    expect(isWellFormedKey(key.slice(0, position) + other + key.slice(position + 1)), `${position}`).toBe(
      false,
    );
  }
});

test('no two keys are alike, and all have one length', () => {
  const keys = new Set(Array.from({ length: 2000 }, makeKey));
  expect(keys.size).toBe(2000);
  for (const key of keys) expect(key).toHaveLength(53);
});

test('what was used last is kept, and no more than its size', () => {
  const recent = new Recent<number>(2);
  recent.set('a', 1);
  recent.set('b', 2);
  recent.get('a');
  recent.set('c', 3);
  expect([recent.get('a'), recent.get('b'), recent.get('c'), recent.size]).toEqual([1, undefined, 3, 2]);
});

test('a reading that is older than cacheMs is not shared with those who ask now', async () => {
  const readings: ((value: string) => void)[] = [];
  const lookup = new Lookup<string>(() => new Promise((resolve) => readings.push(resolve)), 2000, 10);
  const slow = lookup.get('k', 0);
  const joins = lookup.get('k', 1999);
  const apart = lookup.get('k', 2000);
  expect(readings).toHaveLength(2);
  readings[1]?.('new');
  readings[0]?.('old');
  expect(await Promise.all([slow, joins, apart])).toEqual(['old', 'old', 'new']);
});

test('a reading that fails is not remembered', async () => {
  let broken = true;
  const lookup = new Lookup<string>(
    async () => {
      if (broken) throw new Error('lost');
      return 'there';
    },
    2000,
    10,
  );
  await expect(lookup.get('k', 0)).rejects.toThrow('lost');
  broken = false;
  expect(await lookup.get('k', 0)).toBe('there');
});

test('a password is known again by its hash, which says how it was made', async () => {
  const stored = await hashPassword('pässword');
  expect(stored).toMatch(/^scrypt\$32768\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
  expect(await isPassword('pässword', stored)).toBe(true);
  // The same letters, typed as a letter and a mark.
  expect(await isPassword('pässword'.normalize('NFD'), stored)).toBe(true);
  expect(await isPassword('passwort', stored)).toBe(false);
  expect(await isPassword('', nobodysHash())).toBe(false);
  expect(await isPassword('pässword', 'plain')).toBe(false);
  expect(await hashPassword('pässword')).not.toBe(stored);
});

test('waits double up to a quarter of an hour, and an hour of quiet forgets', () => {
  const clock = new FakeClock('2026-11-20T10:00:00.000Z');
  const throttle = new Throttle(clock);
  const waits: number[] = [];
  for (let round = 0; round < 12; round += 1) {
    expect(throttle.take('k')).toBe(0);
    const wait = throttle.take('k');
    // A take that was let through counts; the first four are followed by another free one.
    waits.push(wait);
    clock.advance(wait * 1000);
  }
  expect(waits.filter((wait) => wait > 0)).toEqual([30, 60, 120, 240, 480, 900, 900, 900, 900, 900]);
  clock.advance(3_600_000);
  for (let round = 0; round < 5; round += 1) expect(throttle.take('k')).toBe(0);
  expect(throttle.take('k')).toBe(30);
});
