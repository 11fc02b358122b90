/** The few numbers that a bench tells, and how they are put. */

/** The value below which a part of the values lies; NaN without values. `values` is sorted in place. */
export function quantile(values: number[], part: number): number {
  values.sort((a, b) => a - b);
  const at = (values.length - 1) * part;
  const low = values[Math.floor(at)];
  const high = values[Math.ceil(at)];
  if (low === undefined || high === undefined) return Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile([...values], 0.5);

/** The middle of some rounds, and how far they lay apart. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly rounds: readonly number[];
}

export function spread(rounds: readonly number[]): Spread {
  return { median: median(rounds), least: Math.min(...rounds), most: Math.max(...rounds), rounds };
}

/** Ratios round by round, so that what slows both sides of a round down cancels out. */
export function ratios(above: readonly number[], below: readonly number[]): Spread {
  return spread(above.map((value, index) => value / (below[index] ?? Number.NaN)));
}

/** Three significant digits, thousands kept whole: 0.0123, 4.56, 1,235. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}

/** `1,235 (1,180–1,260)` */
export function figures({ median, least, most }: Spread): string {
  return `${figure(median)} (${figure(least)}–${figure(most)})`;
}

/** `61 % (58–66 %)` */
export function percents({ median, least, most }: Spread): string {
  const whole = (part: number) => Math.round(part * 100).toString();
  return `${whole(median)} % (${whole(least)}–${whole(most)} %)`;
}
