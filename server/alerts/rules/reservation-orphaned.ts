/** That a process has died with calls under way, or calls have not ended in their time. */
import { whole } from '../settings.ts';
import type { Raise } from '../types.ts';
import { defineRule } from './rule.ts';
import { hourOf } from './windows.ts';

const SETTINGS = {
  criticalCount: whole('COUNT', 'So many at once are critical.', 100, [1, 1_000_000]),
};

/** RESERVATION_ORPHANED: by the hour. Adopting is the fact, and whoever adopts tells of it: there is nothing to look at. */
export const reservationOrphaned = defineRule({
  kind: 'RESERVATION_ORPHANED',
  description:
    'Reservations were found that no process answered for: one has died, or calls have not ended in their time. One alert an hour.',
  settings: SETTINGS,
  topics: [],
  ends: 'with-window',
  observe: async () => [],
});

/** What is to be told of so many reservations that were adopted at once: once an hour, and once more when they are many. */
export function orphansFound(count: number, now: Date): Raise {
  const hour = hourOf(now);
  return {
    kind: 'RESERVATION_ORPHANED',
    window: hour.key,
    windowEndsAt: hour.endsAt,
    severity: (values) =>
      count >= (values as { readonly criticalCount: number }).criticalCount ? 'CRITICAL' : 'WARNING',
    title: 'Reservations were found that no process answered for',
    detail: `${count} at once. Each is asked after at its vendor, sent again where it had not been sent, or its customer has the credits back.`,
  };
}
