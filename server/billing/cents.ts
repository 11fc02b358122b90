/** Stripe counts whole cents; here money is micro-dollars. */
import type { Micros } from '../money.ts';

const PER_CENT = 10_000n;

/** Micro-dollars of so many cents. */
export function fromCents(cents: number): Micros {
  return BigInt(cents) * PER_CENT;
}

/** Whole cents, or null when the amount has parts of a cent, which Stripe cannot take. */
export function toCents(amount: Micros): number | null {
  return amount % PER_CENT === 0n ? Number(amount / PER_CENT) : null;
}

/** An amount without its parts of a cent. */
export function wholeCents(amount: Micros): Micros {
  return amount - (amount % PER_CENT);
}
