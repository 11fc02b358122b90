/** Days as a calendar in some time zone has them. A day is `YYYY-MM-DD`. */

const parts = new Map<string, Intl.DateTimeFormat>();

function clockOf(zone: string): Intl.DateTimeFormat {
  let clock = parts.get(zone);
  if (!clock) {
    clock = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    parts.set(zone, clock);
  }
  return clock;
}

/** How far a zone's clocks are ahead of UTC at an instant, in milliseconds. */
function offsetMs(at: number, zone: string): number {
  const read = Object.fromEntries(
    clockOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const local = Date.UTC(
    Number(read.year),
    Number(read.month) - 1,
    Number(read.day),
    Number(read.hour),
    Number(read.minute),
    Number(read.second),
  );
  return local - Math.floor(at / 1_000) * 1_000;
}

/** The day that it is in a zone. */
export function dayOf(at: number, zone: string): string {
  return new Date(at + offsetMs(at, zone)).toISOString().slice(0, 10);
}

/** A day so many days later, or earlier. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Days that pages ask for, both ends counted: what is typed beyond them is a slip. */
export const EARLIEST = '2000-01-01';
export const LATEST = '2099-12-31';

/** Whether a text is a day of the calendar that pages ask for. */
export const isDay = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d$/.test(text) &&
  text >= EARLIEST &&
  text <= LATEST &&
  !Number.isNaN(Date.parse(text)) &&
  addDays(text, 0) === text;

/** The instant at which a day begins in a zone, in ISO 8601. */
export function beginOf(day: string, zone: string): string {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // Clocks may change between a first guess and midnight: the second guess knows.
  const guess = midnight - offsetMs(midnight, zone);
  const at = midnight - offsetMs(guess, zone);
  // Where clocks go on at midnight there is none, and the second guess is an hour of the day before.
  return new Date(dayOf(at, zone) < day ? guess : at).toISOString();
}

/** How many days a range has, both ends counted. */
export const daysBetween = (from: string, to: string): number =>
  Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1;
