/** What cells say. */

const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;
/** Reads ISO 8601. Without an offset it is UTC; a day alone is its midnight. */
export function readInstant(text: string): Date | null {
  const match = ISO.exec(text);
  if (!match) return null;
  const [, day = '', time = '00:00', offset = 'Z'] = match;
  const zone = offset === 'Z' ? offset : `${offset.slice(0, 3)}:${offset.slice(3).replace(':', '') || '00'}`;
  const clock = time.replace(',', '.').replace(/(\.\d{3})\d+$/, '$1');
  const date = new Date(`${day}T${clock}${zone}`);
  // The thirty-first of a month that has thirty days is taken for the first of the next one.
  const valid = !Number.isNaN(date.getTime()) && new Date(`${day}T00:00Z`).toISOString().startsWith(day);
  return valid ? date : null;
}
