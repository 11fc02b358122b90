/**
 * Kinds of alerts whose facts belong to other rooms. These say by `raise` that one holds, and by `settle` that it does no
 * more; all that is seen to here is that an alert with a window ends with it.
 */
import type { AlertKind } from '../types.ts';
import { defineRule, type Rule } from './rule.ts';

const raised = (kind: AlertKind, description: string): Rule =>
  defineRule({ kind, description, settings: {}, topics: [], ends: 'with-window', observe: async () => [] });

/** Rules that see nothing by themselves. */
export const RAISED: readonly Rule[] = [
  raised('PAYMENT_DISPUTE', 'A customer disputes a payment. It ends when the dispute is decided.'),
  raised(
    'RESERVATION_ORPHANED',
    'Reservations were found that no process answered for: one has died, or a call has not ended in its time. One alert an hour.',
  ),
  raised('BILL_MISMATCH', "A vendor's bill is not what the books say."),
  raised('LOW_BALANCE', 'An account, or one of ours at a vendor, is about to run out.'),
];
