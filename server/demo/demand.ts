/** How much is asked for when: more by day than by night, less at weekends, and more each week. */

/** An hour in milliseconds. */
export const HOUR_MS = 3_600_000;
/** A day of UTC in milliseconds. */
export const DAY_MS = 24 * HOUR_MS;

/** What is asked for on a day at the weekend, beside a weekday. */
const WEEKEND = 0.45;
/** How much is asked for in each hour of UTC, beside the others. */
const HOURS = [
  0.4, 0.3, 0.25, 0.25, 0.3, 0.4, 0.7, 1, 1.4, 1.7, 1.8, 1.7, 1.5, 1.7, 1.9, 1.9, 1.8, 1.6, 1.4, 1.2, 1, 0.8, 0.6, 0.5,
] as const; // biome-ignore format: twenty-four hours
const HOURS_SUM = HOURS.reduce((sum, hour) => sum + hour, 0);
/** How much more is asked for after thirty days. */
const GROWTH = 1.55;

/**
 * How many calls are to be expected in an hour.
 *
 * @param callsADay on an average weekday in the middle of the month that is told.
 * @param day since its first one, with its fraction; negative before.
 */
export function demandOf(at: Date, day: number, callsADay: number): number {
  const weekday = at.getUTCDay();
  const share = (HOURS[at.getUTCHours()] ?? 1) / HOURS_SUM;
  const weekend = weekday === 0 || weekday === 6 ? WEEKEND : 1;
  return callsADay * share * weekend * GROWTH ** ((day - 15) / 30);
}
