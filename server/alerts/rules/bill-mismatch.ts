/** That a vendor's bill was not what the books said. */
import { defineRule } from './rule.ts';
import { readAdjustments } from './statements.ts';
import { DAY_MS, money } from './windows.ts';

/** Alerts of a bill stay for so many days, unless somebody ends them. */
const DAYS = 7;

/** BILL_MISMATCH: each vendor and bill, once its difference is booked. */
export const billMismatch = defineRule({
  kind: 'BILL_MISMATCH',
  description:
    "A vendor's bill was not what the books said, and the difference was booked (solvent reconcile --book). It ends after a week.",
  settings: {},
  topics: [],
  ends: 'with-window',
  async observe({ sql, now }) {
    const bills = await readAdjustments(sql, new Date(now.getTime() - DAYS * DAY_MS));
    return bills.map(({ provider, billSha256, bookedAt, amountMicros, lines }) => ({
      subject: provider,
      windowKey: billSha256,
      windowEndsAt: new Date(bookedAt.getTime() + DAYS * DAY_MS),
      severity: 'WARNING' as const,
      title: `A bill of ${provider} was not what the books said`,
      detail: `The difference of ${lines} lines, ${money(amountMicros)} in all, is booked. Compare the catalogue's costs with the vendor's prices.`,
    }));
  },
});
