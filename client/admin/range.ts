/** Ranges of whole days, as addresses say them and as the API takes them. */
import { addDays, beginOf, dayOf, daysBetween } from '../ui/zone.ts';

/** A range of whole days, both ends counted. */
export interface Days {
  readonly from: string;
  readonly to: string;
}

/** Which days an address means: those that it names, or the last so many, today counted. */
export function daysOf(
  { days, from, to }: { readonly days?: string; readonly from?: string; readonly to?: string },
  now: number,
  zone: string,
  usual = '30',
): Days {
  if (from && to && from <= to) return { from, to };
  const today = dayOf(now, zone);
  return { from: addDays(today, 1 - Number(days ?? usual)), to: today };
}

/** The same as the API takes it: from <= t < to. */
export function rangeOf({ from, to }: Days, zone: string): { from: string; to: string } {
  return { from: beginOf(from, zone), to: beginOf(addDays(to, 1), zone) };
}

/** As many days just before. */
export function daysBefore({ from, to }: Days): Days {
  return { from: addDays(from, -daysBetween(from, to)), to: addDays(from, -1) };
}
