/**
 * Arithmetic on amounts of money as they come over the wire: exact decimal text, to the micro. Nothing here makes a float of
 * one, but for `shareOf`, whose result is drawn and never shown as an amount.
 */

const PLACES = 6;
const DECIMAL = /^(-?)(\d+)(?:\.(\d{1,6}))?$/;

/** Millionths, exactly. @throws when the text is no decimal with at most six places. */
export function toUnits(amount: string): bigint {
  const match = DECIMAL.exec(amount);
  if (!match) throw new Error(`"${amount}" is no exact amount.`);
  const [, sign, whole = '0', fraction = ''] = match;
  const units = BigInt(whole + fraction.padEnd(PLACES, '0'));
  return sign === '-' ? -units : units;
}

/** The text of so many millionths, without needless zeros. */
export function fromUnits(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(PLACES + 1, '0');
  const fraction = digits.slice(-PLACES).replace(/0+$/, '');
  const whole = digits.slice(0, -PLACES);
  return `${units < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** The sum of amounts. */
export const add = (...amounts: readonly string[]): string =>
  fromUnits(amounts.reduce((sum, amount) => sum + toUnits(amount), 0n));

/** The first less the second. */
export const subtract = (amount: string, less: string): string => fromUnits(toUnits(amount) - toUnits(less));

/** Below 0 when the first is less, 0 when they are equal, above 0 when it is more: for sorting. */
export function compare(a: string, b: string): number {
  const difference = toUnits(a) - toUnits(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export const isNegative = (amount: string): boolean => toUnits(amount) < 0n;
export const isZero = (amount: string): boolean => toUnits(amount) === 0n;

/** What part of a whole an amount is, from 0 up, to a ten-thousandth: for the length of a bar. 0 of a whole of 0. */
export function shareOf(amount: string, whole: string): number {
  const all = toUnits(whole);
  return all === 0n ? 0 : Number((toUnits(amount) * 10_000n) / all) / 10_000;
}

/** By what part an amount has changed from one before, to a ten-thousandth: for people to read. Null: there was nothing before. */
export function changeOf(amount: string, before: string): number | null {
  const was = toUnits(before);
  if (was === 0n) return null;
  return Number(((toUnits(amount) - was) * 10_000n) / (was < 0n ? -was : was)) / 10_000;
}

/** Whether a text that somebody types is an amount of dollars that can be sent: not negative, at most six places. */
export const isAmount = (text: string): boolean => /^\d{1,9}(\.\d{1,6})?$/.test(text);
