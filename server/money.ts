/**
 * Money is a `bigint` of micro-dollars (1 USD = 1,000,000 micros) inside, and exact decimal text outside.
 * No function here takes or gives a float: a price that passed through one can be off by a micro, and a
 * ledger that is off by a micro is wrong.
 */

/** Micro-dollars. Branding it would cost a cast on each row read; the suffix `Micros` in names does its work. */
export type Micros = bigint;

/** One US dollar, in micros. */
export const MICROS_PER_DOLLAR = 1_000_000n;

/** The one currency that Solvent books in. */
export const CURRENCY = 'USD';

const DECIMAL = /^(-?)(\d{1,12})(?:\.(\d{1,6}))?$/;

/** Thrown by {@link parseDecimal}; its message says what would be right and can be shown to a caller. */
export class DecimalError extends Error {
  override readonly name = 'DecimalError';
}

/**
 * Reads exact decimal dollars.
 *
 * @param text such as `"0.003"`; at most twelve digits before the point and six after it.
 * @returns micro-dollars: `3000n`.
 * @throws DecimalError when the text is anything else; nothing is rounded.
 */
export function parseDecimal(text: string): Micros {
  const match = DECIMAL.exec(text);
  if (!match) {
    throw new DecimalError(
      `"${text.slice(0, 40)}" is not a decimal amount: write dollars such as "12.50", with at most six digits after the point.`,
    );
  }
  const [, sign, whole = '0', fraction = ''] = match;
  const micros = BigInt(whole) * MICROS_PER_DOLLAR + BigInt(fraction.padEnd(6, '0'));
  return sign ? -micros : micros;
}

/**
 * Writes exact decimal dollars, without needless zeros but with at least two digits after the point:
 * `3000n` is `"0.003"`, `500000n` is `"0.50"`, `0n` is `"0.00"`.
 */
export function formatDecimal(micros: Micros): string {
  const sign = micros < 0n ? '-' : '';
  const absolute = micros < 0n ? -micros : micros;
  const whole = absolute / MICROS_PER_DOLLAR;
  const fraction = (absolute % MICROS_PER_DOLLAR)
    .toString()
    .padStart(6, '0')
    .replace(/0{1,4}$/, '');
  return `${sign}${whole}.${fraction}`;
}

/**
 * Divides and rounds up, for costs: a part of a micro-dollar that somebody may bill is booked whole.
 *
 * @param divisor greater than zero.
 */
export function divideUp(dividend: Micros, divisor: bigint): Micros {
  const quotient = dividend / divisor;
  return dividend % divisor > 0n ? quotient + 1n : quotient;
}

/**
 * A ratio for people to read (margin, markup), never to compute money with.
 *
 * @returns the quotient rounded to six digits after the point, or null when the denominator is zero.
 */
export function ratio(numerator: Micros, denominator: Micros): number | null {
  if (denominator === 0n) return null;
  return Number((numerator * 1_000_000n) / denominator) / 1_000_000;
}

/** Dollars as a number, for metrics and charts, never to compute money with. */
export function dollars(micros: Micros): number {
  return Number(micros) / Number(MICROS_PER_DOLLAR);
}

/** A ratio, such as a floor of margin, as whole millionths, so that money can be measured by it. */
export function millionths(part: number): bigint {
  return BigInt(Math.round(part * 1_000_000));
}

/**
 * A count of something that is no money, which the database gives as a bigint.
 *
 * @throws RangeError beyond 2^53, where a number would no longer be exact.
 */
export function countOf(value: bigint): number {
  const count = Number(value);
  if (!Number.isSafeInteger(count)) throw new RangeError(`${value} is too many to count.`);
  return count;
}

/** (revenue − cost) / revenue; null when there is no revenue. */
export function margin(revenue: Micros, cost: Micros): number | null {
  return ratio(revenue - cost, revenue);
}

/** (revenue − cost) / cost; null when there is no cost. Never to be mixed up with {@link margin}. */
export function markup(revenue: Micros, cost: Micros): number | null {
  return ratio(revenue - cost, cost);
}
