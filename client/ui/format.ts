/** How values are written for people: by their locale and their time zone, and money exactly. */
import { isZero, toUnits } from './decimal.ts';

/** In whose manner something is written. */
export interface Manner {
  /** BCP 47, such as de-DE. */
  readonly locale: string;
  /** IANA name, such as Europe/Berlin. */
  readonly zone: string;
}

/** Intl's formatters are dear to make: each is made once. */
function remembered<Options extends object, Formatter>(
  make: (locale: string, options: Options) => Formatter,
) {
  const known = new Map<string, Formatter>();
  return (locale: string, options: Options): Formatter => {
    const key = `${locale} ${JSON.stringify(options)}`;
    let formatter = known.get(key);
    if (!formatter) {
      formatter = make(locale, options);
      known.set(key, formatter);
    }
    return formatter;
  };
}

const numbers = remembered(
  (locale, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options),
);
const dates = remembered(
  (locale, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options),
);
const agos = remembered(
  (locale, options: Intl.RelativeTimeFormatOptions) => new Intl.RelativeTimeFormat(locale, options),
);

/** Below a cent an amount is written with as many places as it has, even where cents would do. */
const CENT = toUnits('0.01');

/**
 * An amount of money. Intl takes decimal text as it is (ECMA-402's "mathematical value"), so that no digit passes through a
 * float.
 *
 * @param precision `exact`: all places that it has, at least two. `cents`: rounded to the cent, but for what is less than one.
 */
export function formatMoney(
  amount: string,
  currency: string,
  { locale }: Pick<Manner, 'locale'>,
  precision: 'exact' | 'cents' = 'exact',
): string {
  const units = toUnits(amount);
  const isTiny = !isZero(amount) && (units < 0n ? -units : units) < CENT;
  return numbers(locale, {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: 2,
    maximumFractionDigits: precision === 'exact' || isTiny ? 6 : 2,
  }).format(amount as Intl.StringNumericLiteral);
}

/** A count: of credits, calls, users. */
export const formatCount = (count: number, { locale }: Pick<Manner, 'locale'>): string =>
  numbers(locale, { maximumFractionDigits: 0 }).format(count);

/** A count with its sign, as a change. */
export const formatChange = (count: number, { locale }: Pick<Manner, 'locale'>): string =>
  numbers(locale, { maximumFractionDigits: 0, signDisplay: 'exceptZero' }).format(count);

/** A ratio, such as a margin of 0.244, as 24.4 %. @param signed whether a change: with its sign. */
export const formatRatio = (ratio: number, { locale }: Pick<Manner, 'locale'>, signed = false): string =>
  numbers(locale, {
    style: 'percent',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
    signDisplay: signed ? 'exceptZero' : 'auto',
  }).format(ratio);

/** How much of an instant is written. */
export type InstantStyle = 'time' | 'minute' | 'second' | 'day' | 'full';

const NEAR: Intl.DateTimeFormatOptions = {
  month: 'short',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
};

const STYLES: Readonly<Record<InstantStyle, Intl.DateTimeFormatOptions>> = {
  time: { timeStyle: 'medium' },
  minute: NEAR,
  second: { ...NEAR, second: '2-digit' },
  day: { dateStyle: 'medium' },
  full: { dateStyle: 'full', timeStyle: 'long' },
};

/** Farther away than this an instant needs its year. */
const NEAR_MS = 300 * 86_400_000;

/** An instant, given in ISO 8601, in somebody's zone. */
export function formatInstant(
  instant: string,
  { locale, zone }: Manner,
  style: InstantStyle = 'minute',
  now = Date.now(),
): string {
  const isFar = (style === 'minute' || style === 'second') && Math.abs(Date.parse(instant) - now) > NEAR_MS;
  return dates(locale, { ...STYLES[style], ...(isFar ? { year: 'numeric' } : {}), timeZone: zone }).format(
    new Date(instant),
  );
}

const STEPS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** How long ago an instant is, or how far ahead: "3 minutes ago". */
export function formatAgo(instant: string, now: number, { locale }: Pick<Manner, 'locale'>): string {
  const seconds = Math.round((Date.parse(instant) - now) / 1_000);
  const [unit, length] = STEPS.find(([, each]) => Math.abs(seconds) >= each) ?? ['second', 1];
  return agos(locale, { numeric: 'auto' }).format(Math.round(seconds / length), unit);
}

/** How long something took: 850 ms, 3.2 s, 4 min 5 s. */
export function formatDuration(durationMs: number, { locale }: Pick<Manner, 'locale'>): string {
  const write = (value: number, unit: string, places = 0) =>
    numbers(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: places }).format(
      value,
    );
  if (durationMs < 1_000) return write(durationMs, 'millisecond');
  if (durationMs < 60_000) return write(durationMs / 1_000, 'second', 1);
  const seconds = Math.round(durationMs / 1_000);
  return `${write(Math.floor(seconds / 60), 'minute')} ${write(seconds % 60, 'second')}`;
}

/** How large a file is. */
export function formatBytes(bytes: number, { locale }: Pick<Manner, 'locale'>): string {
  const [unit, size] =
    bytes >= 1_000_000 ? ['megabyte', 1_000_000] : bytes >= 1_000 ? ['kilobyte', 1_000] : ['byte', 1];
  return numbers(locale, { style: 'unit', unit: String(unit), maximumFractionDigits: 1 }).format(
    bytes / Number(size),
  );
}

/** Values whose words are not their own. */
const NAMES: Readonly<Record<string, string>> = { PAYG: 'Pay as you go' };

/** `GENERATE_IMAGE` as "Generate image": an enum's value for people. */
export function wordsOf(value: string): string {
  const name = NAMES[value];
  if (name !== undefined) return name;
  const words = value.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** An enum's values as what a field lets people choose from. */
export const choicesOf = <Value extends string>(values: readonly Value[]) =>
  values.map((value) => ({ value, label: wordsOf(value) }));
