/** Times as people write them in a command or an address. */
import { instantOf, offsetAt, readInstant } from '../time-zone.ts';

const DAY_MS = 86_400_000;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const DAYS_AGO = /^(\d{1,5})d$/;

/** What times may look like, for messages. */
export const MOMENT_HINT =
  'Give a day such as 2026-11-01, an instant such as 2026-11-01T12:00:00Z, now, today, yesterday, or 7d for seven days ago.';

/**
 * Reads a time: days are the midnights with which they begin in a time zone.
 *
 * @param now the present.
 * @returns null when it is none.
 */
export function readMoment(text: string, zone: string, now: Date): Date | null {
  if (text === 'now') return now;
  const today = Math.floor((now.getTime() + offsetAt(zone, now.getTime())) / DAY_MS) * DAY_MS;
  if (text === 'today') return new Date(instantOf(zone, today));
  if (text === 'yesterday') return new Date(instantOf(zone, today - DAY_MS));
  const days = DAYS_AGO.exec(text)?.[1];
  if (days !== undefined) return new Date(instantOf(zone, today - Number(days) * DAY_MS));
  const date = DATE.exec(text);
  if (date) {
    const local = Date.UTC(Number(date[1]), Number(date[2]) - 1, Number(date[3]));
    // The thirty-first of a month that has thirty days is no day.
    return new Date(local).toISOString().startsWith(text) ? new Date(instantOf(zone, local)) : null;
  }
  return readInstant(text);
}
