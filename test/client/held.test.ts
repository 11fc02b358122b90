/** What holds instead of a dated row that is taken back. */
import { expect, test } from 'vitest';
import { type Dated, heldInstead } from '../../client/admin/components/dated/held.ts';

interface Price extends Dated {
  readonly of: string;
}
const price = (id: string, of: string, day: string, state: Dated['state']): Price => ({
  id,
  of,
  state,
  effectiveFrom: `2026-03-${day}T00:00:00.000Z`,
});
const past = price('past', 'small', '01', 'PAST');
const today = price('today', 'small', '10', 'IN_FORCE');
const soon = price('soon', 'small', '20', 'SCHEDULED');
const later = price('later', 'small', '30', 'SCHEDULED');
const other = price('other', 'large', '25', 'SCHEDULED');
const rows = [later, other, soon, today, past];
const held = (taken: Price) => heldInstead(rows, taken, ({ of }) => of === taken.of)?.id;

test('is what holds today, when nothing else is to come before', () => {
  expect(held(soon)).toBe('today');
});

test('is what is to come before it, and not what holds today', () => {
  expect(held(later)).toBe('soon');
});

test('is nothing where there was none of the same before', () => {
  expect(held(other)).toBeUndefined();
});
