/** Dollars in an input: exact, within bounds, or a problem that names the field. */
import { DecimalError, type Micros, parseDecimal } from '../server/money.ts';
import type { FieldProblem } from './outcome.ts';

/**
 * Reads an amount from 0 to `most`.
 *
 * @param hint what would be right, when the amount is a decimal and out of bounds.
 * @returns micro-dollars, or what is wrong with the text.
 */
export function readDollars(
  path: string,
  text: string,
  most: Micros,
  hint: string,
): { readonly micros: Micros } | { readonly problem: FieldProblem } {
  try {
    const micros = parseDecimal(text);
    return micros < 0n || micros > most ? { problem: { path, message: hint } } : { micros };
  } catch (error) {
    if (!(error instanceof DecimalError)) throw error;
    return { problem: { path, message: error.message } };
  }
}
