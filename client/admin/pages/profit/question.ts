/** What the profit page asks, as its address says it. */
import { addDays, daysBetween } from '../../../ui/zone.ts';
import type { Days } from '../../range.ts';

/** The search parameters of the page. */
export interface Search {
  readonly days?: '1' | '7' | '30' | '90';
  readonly from?: string;
  readonly to?: string;
  readonly interval?: 'HOUR' | 'DAY' | 'WEEK' | 'MONTH';
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
