/** What the profit page asks, as its address says it. */
import { addDays, beginOf, dayOf, daysBetween } from '../../../ui/zone.ts';

/** The search parameters of the page. */
export interface Search {
  readonly days?: '1' | '7' | '30' | '90';
  readonly from?: string;
  readonly to?: string;
  readonly interval?: 'HOUR' | 'DAY' | 'WEEK' | 'MONTH';
}

/** A range of whole days, both ends counted. */
export interface Days {
  readonly from: string;
  readonly to: string;
}

/** Which days an address means: those that it names, or the last thirty. */
export function daysOf({ days, from, to }: Search, now: number, zone: string): Days {
  if (from && to && from <= to) return { from, to };
  const today = dayOf(now, zone);
  return { from: addDays(today, 1 - Number(days ?? '30')), to: today };
}

/** The same as the API takes it: from <= t < to. */
export function rangeOf({ from, to }: Days, zone: string): { from: string; to: string } {
  return { from: beginOf(from, zone), to: beginOf(addDays(to, 1), zone) };
}

/** How finely a range is drawn when nobody has said so. */
export function intervalOf({ interval }: Search, { from, to }: Days): 'HOUR' | 'DAY' | 'WEEK' | 'MONTH' {
  if (interval) return interval;
  const days = daysBetween(from, to);
  return days <= 2 ? 'HOUR' : days <= 92 ? 'DAY' : days <= 400 ? 'WEEK' : 'MONTH';
}

/** Where the same report is to be had as CSV. */
export function csvAddress(
  { from, to }: Days,
  zone: string,
  parts: Readonly<Record<string, string | undefined>>,
): string {
  const search = new URLSearchParams({ from, to: addDays(to, 1), timeZone: zone });
  for (const [name, value] of Object.entries(parts)) if (value) search.set(name, value);
  return `/export/profit.csv?${search}`;
}
