/** What must hold of money in and back. See statements.ts above for what a query gives. */
import type { Invariant, Reference } from '../invariant.ts';

/** Rows of billing that name rows of other tables. */
export const BILLING_REFERENCES: readonly Reference[] = [
  { from: 'payment', column: 'account_id', to: 'account', key: 'x.id' },
  { from: 'payment', column: 'grant_id', to: '"grant"', key: 'x.id' },
  { from: 'payment', column: 'plan_version_id', to: 'plan_version', key: 'x.id' },
  { from: 'payment', column: 'pack_version_id', to: 'pack_version', key: 'x.id' },
  { from: 'payment_part', column: 'payment_id', to: 'payment', key: 'x.id' },
  { from: 'payment_part', column: 'grant_id', to: '"grant"', key: 'x.id' },
  { from: 'payment_charge', column: 'payment_id', to: 'payment', key: 'x.id' },
  { from: 'refund', column: 'payment_id', to: 'payment', key: 'x.id' },
  { from: 'dispute', column: 'payment_id', to: 'payment', key: 'x.id' },
  { from: 'book_line', column: 'payment_id', to: 'payment', key: 'x.id' },
  { from: 'subscription', column: 'account_id', to: 'account', key: 'x.id' },
  { from: 'subscription', column: 'plan_version_id', to: 'plan_version', key: 'x.id' },
  { from: 'stripe_customer', column: 'account_id', to: 'account', key: 'x.id' },
  { from: 'billing_request', column: 'account_id', to: 'account', key: 'x.id' },
];

/** In the order of the report. */
export const BILLING_INVARIANTS: readonly Invariant[] = [
  {
    sentence:
      'Each payment stands in the cash book once, with what was paid, and nothing else stands there as one.',
    query: `SELECT p.id IS NOT NULL AND l.lines = 1 AND l.amount = p.amount_micros AND l.account_id = p.account_id,
        format('payment %s: %s paid, %s lines of %s', coalesce(p.id, l.payment_id), p.amount_micros, coalesce(l.lines, 0), l.amount)
      FROM payment p
      FULL JOIN (SELECT payment_id, min(account_id::text)::uuid AS account_id, count(*) AS lines, sum(amount_micros) AS amount
        FROM book_line WHERE kind = 'PAYMENT' GROUP BY 1) l ON l.payment_id = p.id`,
  },
  {
    sentence:
      "What a payment bought earns what was paid: its parts' revenue and credits are the payment's, to the micro.",
    query: `SELECT coalesce(x.revenue, 0) = p.amount_micros AND coalesce(x.credits, 0) = p.credits AND coalesce(x.own, false),
        format('payment %s: paid %s for %s credits, its parts earn %s by %s, its grant among them: %s', p.id, p.amount_micros, p.credits,
          coalesce(x.revenue, 0), coalesce(x.credits, 0), coalesce(x.own, false))
      FROM payment p
      LEFT JOIN (SELECT s.payment_id, sum(s.revenue_micros) AS revenue, sum(s.credits) AS credits, bool_or(s.grant_id = y.grant_id) AS own
        FROM payment_part s JOIN payment y ON y.id = s.payment_id WHERE NOT s.returned GROUP BY 1) x ON x.payment_id = p.id`,
  },
  {
    sentence:
      'Each part of a payment that has come is one grant, with its credits, its revenue and its account.',
    query: `SELECT s.grants = 1 AND s.taken <= g.revoked + g.revoke_pending + g.used AND (g.credits, g.revenue_micros, g.account_id) = (s.credits, s.revenue_micros, s.account_id),
        format('part %s of payment %s: %s credits earn %s, its grant %s has %s and %s, parts of that grant: %s', s.id, s.payment_id,
          s.credits, s.revenue_micros, s.grant_id, g.credits, g.revenue_micros, s.grants)
      FROM (SELECT s.*, count(*) OVER (PARTITION BY grant_id) AS grants FROM payment_part s WHERE grant_id IS NOT NULL) s
      LEFT JOIN "grant" g ON g.id = s.grant_id`,
  },
  {
    sentence:
      "Each charge's fee in the cash book is what Stripe took, or the estimate while it has not said.",
    query: `SELECT coalesce(l.fee, 0) = coalesce(c.fee, 0),
        format('payment %s: its charges cost %s, the cash book says %s', p.id, coalesce(c.fee, 0), coalesce(l.fee, 0))
      FROM payment p
      LEFT JOIN (SELECT payment_id, sum(coalesce(fee_micros, estimate_micros, 0)) AS fee FROM payment_charge GROUP BY 1) c ON c.payment_id = p.id
      LEFT JOIN (SELECT payment_id, -sum(amount_micros) AS fee FROM book_line
        WHERE kind = 'FEE' AND (source LIKE 'fee-estimate:%' OR source LIKE 'charge-fee:%') GROUP BY 1) l ON l.payment_id = p.id`,
  },
  {
    sentence:
      'No more goes back than was paid: what a payment has refunded and lost is that of its refunds and disputes.',
    query: `SELECT p.refunded_micros = least(coalesce(r.amount, 0), p.amount_micros + p.tax_micros) AND coalesce(r.amount, 0) <= p.amount_micros + p.tax_micros
          AND p.disputed_micros = coalesce(d.amount, 0) AND coalesce(l.lines, 0) = coalesce(r.refunds, 0),
        format('payment %s of %s: refunded %s, its refunds %s in %s lines for %s; lost %s, its disputes %s', p.id, p.amount_micros + p.tax_micros,
          p.refunded_micros, coalesce(r.amount, 0), coalesce(l.lines, 0), coalesce(r.refunds, 0), p.disputed_micros, coalesce(d.amount, 0))
      FROM payment p
      LEFT JOIN (SELECT payment_id, sum(amount_micros) AS amount, count(*) AS refunds FROM refund WHERE status = 'succeeded' GROUP BY 1) r ON r.payment_id = p.id
      LEFT JOIN (SELECT payment_id, sum(amount_micros) AS amount FROM dispute WHERE status = 'lost' GROUP BY 1) d ON d.payment_id = p.id
      LEFT JOIN (SELECT payment_id, count(*) FILTER (WHERE source NOT LIKE '%:undone') - count(*) FILTER (WHERE source LIKE '%:undone') AS lines
        FROM book_line WHERE kind = 'REFUND' GROUP BY 1) l ON l.payment_id = p.id`,
  },
  {
    sentence: 'Credits are taken back for money that went back, in proportion, and for nothing else.',
    query: `SELECT p.credits_due = x.due AND p.credits_taken BETWEEN 0 AND p.credits_due AND p.taken_micros BETWEEN 0 AND p.amount_micros,
        format('payment %s: %s of its %s credits go with the money that went back and not %s, %s were taken', p.id, x.due, p.credits,
          p.credits_due, p.credits_taken)
      FROM payment p CROSS JOIN LATERAL (SELECT CASE
        WHEN p.amount_micros + p.tax_micros = 0 THEN 0
        WHEN p.refunded_micros + p.disputed_micros >= p.amount_micros + p.tax_micros THEN p.credits
        ELSE p.credits::bigint * (p.refunded_micros + p.disputed_micros) / (p.amount_micros + p.tax_micros) END AS due) x`,
  },
  {
    sentence: "An account's plan is the one that it subscribes to.",
    query: `SELECT a.plan_id IS NOT DISTINCT FROM s.plan_id,
        format('account %s: its plan is %s, it subscribes to %s', a.id, a.plan_id, s.plan_id)
      FROM account a LEFT JOIN (SELECT DISTINCT ON (account_id) account_id, plan_id FROM subscription
        WHERE status IN ('active', 'trialing', 'past_due') ORDER BY account_id, started_at DESC, id DESC) s ON s.account_id = a.id`,
  },
  {
    sentence:
      "Each day's deferred revenue is that of the day before, and what was sold, less what was earned, broke and was clawed back.",
    query: `SELECT d.change = d.sold - d.earned - d.breakage - d.clawed_back AND d.sold >= 0 AND d.earned >= 0 AND d.breakage >= 0,
        format('the day of account %s, %s: deferred revenue changed by %s; sold %s, earned %s, breakage %s, clawed back %s', d.account_id,
          d.day, d.change, d.sold, d.earned, d.breakage, d.clawed_back)
      FROM (SELECT account_id, date_trunc('day', created_at, 'UTC')::date AS day, sum(deferred_delta_micros) AS change,
          coalesce(sum(deferred_delta_micros) FILTER (WHERE kind = 'GRANT'), 0) AS sold,
          coalesce(-sum(deferred_delta_micros) FILTER (WHERE kind = 'POST'), 0) AS earned,
          coalesce(-sum(deferred_delta_micros) FILTER (WHERE kind = 'EXPIRE_GRANT'), 0) AS breakage,
          coalesce(-sum(deferred_delta_micros) FILTER (WHERE kind = 'REVOKE'), 0) AS clawed_back
        FROM entry GROUP BY 1, 2) d`,
  },
  {
    sentence: 'Every idempotency key of a request to Stripe points at what was asked.',
    query: `SELECT b.id IS NOT NULL AND b.kind::text = i.operation,
        format('key %s of %s (%s): what was asked, %s, is not there', i.key, i.namespace, i.operation, i.result_id)
      FROM idempotency_record i LEFT JOIN billing_request b ON b.id = i.result_id
      WHERE i.operation IN (SELECT unnest(enum_range(NULL::billing_request_kind))::text)`,
  },
];
