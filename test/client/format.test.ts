/** Amounts on the pages: exact, by the locale, and never through a float. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  add,
  changeOf,
  compare,
  fromUnits,
  isAmount,
  shareOf,
  subtract,
  toUnits,
} from '../../client/ui/decimal.ts';
import { formatDuration, formatInstant, formatMoney, formatRatio, wordsOf } from '../../client/ui/format.ts';
import { OPERATIONS } from '../../server/providers/index.ts';
import { wordsOf as wordsOfServer } from '../../server/words.ts';
import { histories } from '../support/rounds.ts';

const EN = { locale: 'en-US' };
const DE = { locale: 'de-DE' };

describe('an amount of money', () => {
  test('is shown to its last place, and with two at least', () => {
    expect(
      ['0', '0.003', '12.5', '1234567.891', '-0.16', '0.000001'].map((amount) =>
        formatMoney(amount, 'USD', EN),
      ),
    ).toEqual(['$0.00', '$0.003', '$12.50', '$1,234,567.891', '-$0.16', '$0.000001']);
  });

  test('keeps digits that a float has no room for', () => {
    expect(formatMoney('9007199254740993.000001', 'USD', EN)).toBe('$9,007,199,254,740,993.000001');
  });

  test('is rounded to the cent where that is asked for, but never to nothing', () => {
    expect(
      ['0.005', '12.345', '12.344999', '0.0049', '-0.003', '0'].map((amount) =>
        formatMoney(amount, 'USD', EN, 'cents'),
      ),
    ).toEqual(['$0.005', '$12.35', '$12.34', '$0.0049', '-$0.003', '$0.00']);
  });

  test('follows the locale', () => {
    expect(formatMoney('1234.5', 'EUR', DE)).toBe('1.234,50\u00a0€');
    expect(formatRatio(0.244, DE)).toBe('24,4\u00a0%');
  });

  test('is added, subtracted and compared to the micro', () => {
    const micros = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
    fc.assert(
      fc.property(micros, micros, (a, b) => {
        const [left, right] = [fromUnits(a), fromUnits(b)];
        expect(toUnits(left)).toBe(a);
        expect(add(left, right)).toBe(fromUnits(a + b));
        expect(subtract(left, right)).toBe(fromUnits(a - b));
        expect(Math.sign(compare(left, right))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
      { numRuns: histories(200, 5_000), verbose: true },
    );
  });

  test('that is none is refused, and not shown as something else', () => {
    for (const text of ['', '1e3', '1,5', 'NaN', '0.0000001', '--1', ' 1'])
      expect(() => toUnits(text)).toThrow('is no exact amount');
    expect(['12', '0.25', '500.000001'].map(isAmount)).toEqual([true, true, true]);
    expect(['', '-1', '1.', '.5', '1e3', '0.0000001'].map(isAmount)).toEqual(Array(6).fill(false));
  });

  test('is drawn as a part of a limit, of which nothing is nothing', () => {
    expect([shareOf('12.5', '50'), shareOf('60', '50'), shareOf('1', '0')]).toEqual([0.25, 1.2, 0]);
  });
});

test('an instant is shown in the zone that was chosen, with its year when it is far away', () => {
  const at = '2026-03-29T00:30:00Z';
  const now = Date.parse('2026-04-01T00:00:00Z');
  const berlin = { ...EN, zone: 'Europe/Berlin' };
  expect(formatInstant(at, berlin, 'minute', now)).toBe('Mar 29, 1:30 AM');
  // An hour later clocks have gone forward.
  expect(formatInstant('2026-03-29T01:30:00Z', berlin, 'minute', now)).toBe('Mar 29, 3:30 AM');
  expect(formatInstant(at, berlin, 'minute', now + 2 * 365 * 86_400_000)).toBe('Mar 29, 2026, 1:30 AM');
});

test('a change is a part of the amount before, also from below zero, and none from nothing', () => {
  expect(
    [
      ['110', '100'],
      ['0', '100'],
      ['-50', '-100'],
      ['0.000002', '0.000001'],
      ['1', '0'],
    ].map(([now = '', before = '']) => changeOf(now, before)),
  ).toEqual([0.1, -1, 0.5, 1, null]);
});

test('durations and names are written for people', () => {
  expect([850, 3_240, 245_000, 119_800].map((ms) => formatDuration(ms, EN))).toEqual([
    '850 ms',
    '3.2 sec',
    '4 min 5 sec',
    '2 min 0 sec',
  ]);
  expect(wordsOf('REMOVE_BACKGROUND')).toBe('Remove background');
  expect(wordsOf('PAYG')).toBe('Pay as you go');
});

test('what alerts call an operation or a tier is what the pages call it', () => {
  for (const value of [...OPERATIONS, 'FREE', 'PAYG', 'CREATOR'])
    expect(wordsOfServer(value)).toBe(wordsOf(value));
});
