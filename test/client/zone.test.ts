/** The calendar of the pages, beside the server's own: a range of days on a page is the range that the books mean. */
import { expect, test } from 'vitest';
import { addDays, beginOf, dayOf } from '../../client/ui/zone.ts';
import { instantOf } from '../../server/time-zone.ts';

const ZONES = [
  'UTC',
  'Asia/Tokyo',
  'Asia/Kathmandu',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  // These go on at midnight, on either side of UTC.
  'Africa/Cairo',
  'Asia/Beirut',
  'America/Havana',
  'America/Santiago',
  'Atlantic/Azores',
];

test('a day begins where the server says that it does, also where clocks go on at midnight', () => {
  const unlike: string[] = [];
  for (const zone of ZONES) {
    for (let day = '2026-01-01'; day < '2027-01-01'; day = addDays(day, 1)) {
      const begin = Date.parse(beginOf(day, zone));
      if (begin !== instantOf(zone, Date.parse(`${day}T00:00:00Z`))) unlike.push(`${day} in ${zone}`);
      if (dayOf(begin, zone) !== day || dayOf(begin - 1, zone) === day) unlike.push(`${day} of ${zone}`);
    }
  }
  expect(unlike).toEqual([]);
  expect(beginOf('2026-09-06', 'America/Santiago')).toBe('2026-09-06T04:00:00.000Z');
  expect(beginOf('2026-03-29', 'Atlantic/Azores')).toBe('2026-03-29T01:00:00.000Z');
  expect(beginOf('2026-03-08', 'America/New_York')).toBe('2026-03-08T05:00:00.000Z');
});
