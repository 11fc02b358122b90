/** That a customer disputes a payment. */
import { defineRule } from './rule.ts';
import { readOpenDisputes } from './statements.ts';
import { money, written } from './windows.ts';

/** PAYMENT_DISPUTE: each dispute. */
export const paymentDispute = defineRule({
  kind: 'PAYMENT_DISPUTE',
  description: 'A customer disputes a payment. It ends when the dispute is decided.',
  settings: {},
  topics: ['payments'],
  async observe({ sql }) {
    const disputes = await readOpenDisputes(sql);
    return disputes.map(({ id, externalId, amountMicros, reason, status, openedAt }) => ({
      subject: externalId,
      windowKey: id,
      windowEndsAt: null,
      severity: status === 'needs_response' ? ('CRITICAL' as const) : ('WARNING' as const),
      title: `The account ${externalId} disputes a payment of ${money(amountMicros)}`,
      detail: `Stripe says "${reason}" since ${written(openedAt)}, and the dispute is "${status}". Answer ${id} in Stripe's dashboard.`,
    }));
  },
});
