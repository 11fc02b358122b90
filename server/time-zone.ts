/**
 * The calendar of a time zone. Instants are Unix milliseconds; a *local time* is what clocks there show, as the
 * milliseconds that UTC's clocks would show the same at.
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** More zones than there are; who writes one in ever other cases does not fill the process. */
const MOST_FORMATS = 1_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * What JavaScript takes for another zone than Postgres does: an offset, which is the other way round there (`+05` is five hours
 * behind), and abbreviations, which are others' there (`IST` is Israel's, and India's here) or know no summer (`CET`).
 */
const NO_ZONE =
  /^([+-].*|ACT|AET|AGT|ART|AST|BET|BST|CAT|CET|CNT|CST|CTT|EAT|ECT|EET|IET|IST|JST|MET|MIT|NET|NST|PLT|PNT|PRT|PST|SST|VST|WET)$/i;

/** Whether a text names a time zone of the IANA database, such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  if (NO_ZONE.test(name)) return false;
  try {
    formatOf(name);
    return /^[A-Za-z_+\-/0-9]+$/.test(name);
  } catch {
    return false;
  }
}

const INSTANT = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Reads an instant as ISO 8601 writes it, with its offset.
 *
 * @returns null when it is none: also one of a day that its month does not have, which JavaScript takes for a day of the next, and
 * one that its offset leads out of the years that ISO 8601 and the database can write.
 */
export function readInstant(text: string): Date | null {
  const day = INSTANT.exec(text)?.[1];
  if (day === undefined) return null;
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) return null;
  const instant = new Date(text);
  return instant.getUTCFullYear() >= 1 && instant.getUTCFullYear() <= 9_999 ? instant : null;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
    if (formats.size >= MOST_FORMATS) formats.clear();
    formats.set(zone, format);
  }
  return format;
}

/** By how much the clocks of a zone are ahead of UTC at an instant. */
export function offsetAt(zone: string, at: number): number {
  const [, sign, hours, minutes, seconds] =
    /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(formatOf(zone).format(at)) ?? [];
  if (!sign) return 0;
  const ahead = Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS + Number(seconds ?? 0) * 1_000;
  return sign === '-' ? -ahead : ahead;
}

/** The instant in (from, to] from which the clocks are as far ahead as at its end; they change once in between. */
function changeBetween(zone: string, from: number, to: number): number {
  const after = offsetAt(zone, to);
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(zone, middle) === after) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * The first instant at which the clocks of a zone show a local time, or a later one: of a midnight that is skipped the
 * change of the clocks, of one that comes twice the first.
 */
export function instantOf(zone: string, local: number): number {
  const before = offsetAt(zone, local - DAY_MS);
  const after = offsetAt(zone, local + DAY_MS);
  if (before === after) return local - before;
  const change = changeBetween(zone, local - DAY_MS, local + DAY_MS);
  if (local - before < change) return local - before;
  return Math.max(change, local - after);
}

/** How a calendar is cut: hours, days, weeks from Monday, and months of a time zone. */
export type Interval = 'HOUR' | 'DAY' | 'WEEK' | 'MONTH';

/** The local time at which the day, week or month of a local time begins. */
function beginningOf(interval: Exclude<Interval, 'HOUR'>, local: number): number {
  const day = Math.floor(local / DAY_MS);
  if (interval === 'DAY') return day * DAY_MS;
  // 1 January 1970 was a Thursday, three days after a Monday.
  if (interval === 'WEEK') return (day - ((((day + 3) % 7) + 7) % 7)) * DAY_MS;
  const date = new Date(local);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

function followingOf(interval: Exclude<Interval, 'HOUR'>, beginning: number): number {
  if (interval === 'DAY') return beginning + DAY_MS;
  if (interval === 'WEEK') return beginning + 7 * DAY_MS;
  const date = new Date(beginning);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

/**
 * The hours of a zone have 60 minutes and begin with its clocks' full hours. Where these go on or back by a part of an
 * hour, one hour is cut short.
 */
function nextHour(zone: string, at: number): number {
  const offset = offsetAt(zone, at);
  const end = at + HOUR_MS - ((((at + offset) % HOUR_MS) + HOUR_MS) % HOUR_MS);
  const after = offsetAt(zone, end);
  return (after - offset) % HOUR_MS === 0 ? end : changeBetween(zone, at, end);
}

/**
 * The beginnings of a zone's hours, days, weeks or months that lie in `from < t < to`, after `from` itself: each value is
 * where an interval begins and the one before it ends.
 *
 * @param most null is answered as soon as there are more.
 */
export function beginningsWithin(
  zone: string,
  interval: Interval,
  from: number,
  to: number,
  most: number,
): number[] | null {
  const beginnings = [from];
  const add = (at: number) => {
    // An interval that no instant belongs to, such as a day that a zone skipped, is none.
    if (at > (beginnings.at(-1) ?? from)) beginnings.push(at);
    return beginnings.length <= most;
  };
  if (interval === 'HOUR') {
    if ((to - from) / HOUR_MS > most + 1) return null;
    for (let at = nextHour(zone, from); at < to; at = nextHour(zone, at)) if (!add(at)) return null;
    return beginnings;
  }
  let beginning = beginningOf(interval, from + offsetAt(zone, from));
  for (;;) {
    beginning = followingOf(interval, beginning);
    const at = instantOf(zone, beginning);
    if (at >= to) return beginnings;
    if (!add(at)) return null;
  }
}

/** The local midnight that an instant is, or null when it is none. */
function midnightAt(zone: string, at: number): number | null {
  const local = beginningOf('DAY', at + offsetAt(zone, at));
  return [local, local + DAY_MS].find((midnight) => instantOf(zone, midnight) === at) ?? null;
}

/**
 * The time of equal length that ends where this one begins. Whole days of the zone have as many days before them, also
 * where one of these has 23 or 25 hours.
 *
 * @returns where it begins.
 */
export function beginningOfPrevious(zone: string, from: number, to: number): number {
  const first = midnightAt(zone, from);
  const last = midnightAt(zone, to);
  return first === null || last === null ? from - (to - from) : instantOf(zone, first - (last - first));
}

/**
 * The same time of day so many months before an instant, by a zone's calendar; the last day of a month that is too short.
 */
export function monthBefore(zone: string, at: number, months: number): number {
  const local = new Date(at + offsetAt(zone, at));
  const month = Date.UTC(local.getUTCFullYear(), local.getUTCMonth() - months, 1);
  const following = followingOf('MONTH', month);
  const day = Math.min(local.getUTCDate() - 1, (following - month) / DAY_MS - 1);
  return instantOf(zone, month + day * DAY_MS + (local.getTime() - beginningOf('DAY', local.getTime())));
}
