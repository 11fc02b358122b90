import { describe, expect, test } from 'vitest';
import {
  beginningOfPrevious,
  beginningsWithin,
  instantOf,
  isTimeZone,
  monthBefore,
  offsetAt,
} from '../server/time-zone.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (instant: string) => Date.parse(instant);
const told = (instants: readonly number[] | null) => instants?.map((each) => new Date(each).toISOString());
const days = (zone: string, from: string, to: string) => beginningsWithin(zone, 'DAY', at(from), at(to), 100);
const hoursBetween = (instants: readonly number[] | null) =>
  instants?.slice(1).map((each, index) => (each - (instants[index] ?? 0)) / HOUR);

describe('days of a time zone', () => {
  test('have 23 or 25 hours where clocks change', () => {
    const spring = days('Europe/Berlin', '2027-03-26T23:00:00Z', '2027-03-30T22:00:00Z');
    expect(hoursBetween(spring)).toEqual([24, 23, 24]);
    const autumn = days('America/New_York', '2026-10-31T04:00:00Z', '2026-11-03T05:00:00Z');
    expect(hoursBetween(autumn)).toEqual([24, 25]);
  });

  test('begin with the change where their midnight is skipped, and are none where the whole day is', () => {
    expect(told(days('America/Santiago', '2026-09-05T12:00:00Z', '2026-09-07T12:00:00Z'))).toEqual([
      '2026-09-05T12:00:00.000Z',
      '2026-09-06T04:00:00.000Z',
      '2026-09-07T03:00:00.000Z',
    ]);
    // Apia went from 29 to 31 December 2011.
    expect(told(days('Pacific/Apia', '2011-12-29T12:00:00Z', '2012-01-01T12:00:00Z'))).toEqual([
      '2011-12-29T12:00:00.000Z',
      '2011-12-30T10:00:00.000Z',
      '2011-12-31T10:00:00.000Z',
      '2012-01-01T10:00:00.000Z',
    ]);
  });

  test('begin with the first of two midnights', () => {
    // Havana goes back from one o'clock to midnight.
    const found = days('America/Havana', '2026-10-31T04:00:00Z', '2026-11-03T05:00:00Z');
    expect(hoursBetween(found)).toEqual([24, 25]);
  });

  test('hold the instants whose local date they are', () => {
    for (const zone of [
      'Europe/Berlin',
      'Asia/Kathmandu',
      'Australia/Lord_Howe',
      'Pacific/Apia',
      'America/St_Johns',
    ]) {
      const date = new Intl.DateTimeFormat('en-CA', { timeZone: zone });
      const from = at('2026-10-01T00:00:00Z');
      const to = from + 70 * DAY;
      const beginnings = beginningsWithin(zone, 'DAY', from, to, 100) ?? [];
      // Changes of the date, looked for quarter of an hour by quarter of an hour.
      const changes = [from];
      for (let time = from + HOUR / 4; time < to; time += HOUR / 4) {
        if (date.format(time) !== date.format(time - HOUR / 4)) changes.push(time);
      }
      expect(told(beginnings), zone).toEqual(told(changes));
    }
  });
});

test('hours begin with the full hours of the zone, and one that its clocks cut is short', () => {
  const kathmandu = beginningsWithin(
    'Asia/Kathmandu',
    'HOUR',
    at('2026-11-20T00:00:00Z'),
    at('2026-11-20T02:30:00Z'),
    10,
  );
  expect(told(kathmandu)).toEqual([
    '2026-11-20T00:00:00.000Z',
    '2026-11-20T00:15:00.000Z',
    '2026-11-20T01:15:00.000Z',
    '2026-11-20T02:15:00.000Z',
  ]);
  // Lord Howe goes back by half an hour, at two o'clock.
  const lordHowe = beginningsWithin(
    'Australia/Lord_Howe',
    'HOUR',
    at('2027-04-03T14:00:00Z'),
    at('2027-04-03T17:00:00Z'),
    10,
  );
  expect(hoursBetween(lordHowe)).toEqual([1, 0.5, 1]);
  // New York goes back by an hour: one hour comes twice, and is two.
  const twice = beginningsWithin(
    'America/New_York',
    'HOUR',
    at('2026-11-01T04:00:00Z'),
    at('2026-11-01T08:00:00Z'),
    10,
  );
  expect(hoursBetween(twice)).toEqual([1, 1, 1]);
});

test('weeks begin on Monday and months on the first', () => {
  expect(
    told(beginningsWithin('UTC', 'WEEK', at('2026-11-20T12:00:00Z'), at('2026-12-01T00:00:00Z'), 10)),
  ).toEqual(['2026-11-20T12:00:00.000Z', '2026-11-23T00:00:00.000Z', '2026-11-30T00:00:00.000Z']);
  expect(
    told(
      beginningsWithin('Europe/Berlin', 'MONTH', at('2026-09-30T22:00:00Z'), at('2026-12-31T00:00:00Z'), 10),
    ),
  ).toEqual(['2026-09-30T22:00:00.000Z', '2026-10-31T23:00:00.000Z', '2026-11-30T23:00:00.000Z']);
});

test('more beginnings than were asked for are none', () => {
  expect(beginningsWithin('UTC', 'HOUR', 0, 10 * DAY, 239)).toBeNull();
  expect(beginningsWithin('UTC', 'HOUR', 0, 10 * DAY, 240)).toHaveLength(240);
  expect(beginningsWithin('UTC', 'HOUR', 0, at('9998-01-01T00:00:00Z'), 9_000)).toBeNull();
});

test('the days before whole days are as many, and what is no day has as many milliseconds before it', () => {
  const zone = 'Europe/Berlin';
  // A week with 23 hours in one of its days; the one before has none.
  expect(told([beginningOfPrevious(zone, at('2027-03-21T23:00:00Z'), at('2027-03-28T22:00:00Z'))])).toEqual([
    '2027-03-14T23:00:00.000Z',
  ]);
  // The week after: that before it begins an hour earlier by UTC.
  expect(told([beginningOfPrevious(zone, at('2027-03-28T22:00:00Z'), at('2027-04-04T22:00:00Z'))])).toEqual([
    '2027-03-21T23:00:00.000Z',
  ]);
  expect(beginningOfPrevious(zone, 5_000, 7_000)).toBe(3_000);
});

test('a month before is the same day, or the last of a shorter month', () => {
  const zone = 'America/New_York';
  expect(told([1, 2, 3].map((months) => monthBefore(zone, at('2026-05-31T16:00:00Z'), months)))).toEqual([
    '2026-04-30T16:00:00.000Z',
    '2026-03-31T16:00:00.000Z',
    '2026-02-28T17:00:00.000Z',
  ]);
});

test('offsets have their sign and their seconds, and what is no zone is none', () => {
  expect(offsetAt('Asia/Kathmandu', 0) / HOUR).toBe(5.5);
  expect(offsetAt('America/St_Johns', at('2026-11-20T00:00:00Z')) / HOUR).toBe(-3.5);
  // Liberia's clocks were 44 minutes and 30 seconds behind until 1972.
  expect(offsetAt('Africa/Monrovia', at('1971-01-01T00:00:00Z'))).toBe(-2_670_000);
  expect(instantOf('UTC', 12_345)).toBe(12_345);
  expect(['Europe/Berlin', 'UTC', 'Etc/GMT+3'].map(isTimeZone)).toEqual([true, true, true]);
  expect(['EST', 'GMT', 'EST5EDT', 'Japan'].map(isTimeZone)).toEqual([true, true, true, true]);
  // Which the database would take for another one, or for none.
  for (const name of ['+05', '-03', '+0530', '+05:30', 'IST', 'ist', 'BST', 'PST', 'CET']) {
    expect(isTimeZone(name), name).toBe(false);
  }
  expect(['', 'Mars/Olympus', 'Europe/Berlin; DROP', '2026'].map(isTimeZone)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
