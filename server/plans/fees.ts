/** What the payment provider keeps of a payment, as long as its own figure is not known. */
import { divideUp, type Micros } from '../money.ts';

/** 2.9 %, in thousandths. */
const PER_THOUSAND = 29n;
const FIXED_MICROS = 300_000n;

/** The usual fee of a payment: 2.9 % + $0.30, to the micro and rounded up. Nothing is paid for nothing. */
export function usualFee(amountMicros: Micros): Micros {
  return amountMicros === 0n ? 0n : divideUp(amountMicros * PER_THOUSAND, 1_000n) + FIXED_MICROS;
}

/** The least price of which a cost is left when the usual fee has been paid. */
export function priceWithFee(costMicros: Micros): Micros {
  return divideUp((costMicros + FIXED_MICROS) * 1_000n, 1_000n - PER_THOUSAND);
}
