/** What a page takes from its address. */
import { expect, test } from 'vitest';
import { day, oneOf, searchOf, someOf } from '../../client/admin/search.ts';

test('what an address says that cannot be is put out of it, also where the router keeps the address beside it', () => {
  const search = searchOf({ days: oneOf('7', '30'), by: someOf('MODEL', 'TIER'), from: day() });
  const raw = { days: 'all', by: 'FOO', from: 'today', utm: 'x' };
  expect({ ...raw, ...search(raw) }).toEqual({ utm: 'x' });
  expect(search({ days: '7', by: 'TIER', from: '2026-02-28' })).toEqual({
    days: '7',
    by: ['TIER'],
    from: '2026-02-28',
  });
});

test('a day is one of the calendar, in years that pages ask for', () => {
  const read = day();
  const cannotBe = ['2026-02-29', '2026-13-01', '0999-01-01', '1999-12-31', '2100-01-01', '202666-11-30', ''];
  expect(cannotBe.filter((each) => read(each) !== undefined)).toEqual([]);
  expect(['2000-01-01', '2028-02-29', '2099-12-31'].map(read)).not.toContain(undefined);
});
