/** Local time by JavaScript's own time-zone data: what the database says of midnights is compared with this. */

const formats = new Map<string, Intl.DateTimeFormat>();

/** Local time of an instant, as if it were UTC. */
function toLocal(zone: string, instant: number): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  const parts = Object.fromEntries(
    format.formatToParts(instant).map((part) => [part.type, Number(part.value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** How far a zone is ahead of UTC at an instant. */
const offset = (zone: string, instant: number): number => {
  const whole = Math.floor(instant / 1_000) * 1_000;
  return toLocal(zone, whole) - whole;
};

/**
 * The instant of a local time. One that is skipped is read by the clock before the change, one that comes twice by
 * the clock after it, as Postgres does.
 */
function toInstant(zone: string, local: number): number {
  const day = 86_400_000;
  const before = local - offset(zone, local - day);
  const after = local - offset(zone, local + day);
  if (before === after) return before;
  return toLocal(zone, after) === local ? after : before;
}

/** The day or month of a zone's calendar in which an instant lies: its name, and where the next one begins. */
export function freePeriod(
  zone: string,
  unit: 'DAY' | 'MONTH',
  instant: number,
): { name: string; end: number } {
  const local = new Date(toLocal(zone, Math.floor(instant / 1_000) * 1_000));
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
  const start = Date.UTC(year, month, unit === 'DAY' ? day : 1);
  const next = unit === 'DAY' ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1, 1);
  return { name: new Date(start).toISOString().slice(0, 10), end: toInstant(zone, next) };
}

/** The hour, day or month of UTC in which an instant lies. */
export function window(period: 'HOUR' | 'DAY' | 'MONTH', instant: number): { start: number; end: number } {
  const date = new Date(instant);
  const [year, month, day, hour] = [
    date.getUTCFullYear(),
    date.getUTCMonth(),
    date.getUTCDate(),
    date.getUTCHours(),
  ];
  switch (period) {
    case 'HOUR':
      return { start: Date.UTC(year, month, day, hour), end: Date.UTC(year, month, day, hour + 1) };
    case 'DAY':
      return { start: Date.UTC(year, month, day), end: Date.UTC(year, month, day + 1) };
    case 'MONTH':
      return { start: Date.UTC(year, month, 1), end: Date.UTC(year, month + 1, 1) };
  }
}
