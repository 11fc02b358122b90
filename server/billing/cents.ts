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

/** What Stripe will take of a payment, until it says: 2.9 % in whole cents, and 30 cents. */
export function estimateFee(amount: Micros): Micros {
  if (amount === 0n) return 0n;
  const cents = (amount * 29n + PER_CENT * 500n) / (PER_CENT * 1_000n);
  return (cents + 30n) * PER_CENT;
}
