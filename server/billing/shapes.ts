/**
 * Stripe's objects as they come over the wire, each looked at as a whole before anything of it is used.
 *
 * What we ask for comes in the shapes of the version that the SDK pins. Events come in those of the endpoint's version,
 * which the SDK does not check; where an older shape says the same without a doubt it is taken as well.
 */
import { z } from 'zod';

/** An id, or the object in its place. */
const reference = z.union([z.string().min(1), z.object({ id: z.string().min(1) }).transform(({ id }) => id)]);
const maybe = reference.nullish().transform((id) => id ?? null);
const seconds = z
  .int()
  .nonnegative()
  .transform((value) => new Date(value * 1000));
const tags = z
  .record(z.string(), z.string())
  .nullish()
  .transform((given) => given ?? {});
const listOf = <Item extends z.ZodType>(item: Item) => z.object({ data: z.array(item) });

/** Whatever was made: its id is all that is used. */
export const idShape = z.object({ id: z.string().min(1) });

/** Whatever was made and may take a while. */
export const statusShape = z.object({ id: z.string().min(1), status: z.string() });

/** A page. */
export const urlShape = z.object({ url: z.string().min(1) });

/** A list, before its items are looked at. */
export const listShape = z.object({ data: z.array(z.unknown()), has_more: z.boolean() });

/** Whether something is Stripe's at all: each object and each list says what it is. */
export const listOrObject = z.object({ object: z.string().min(1) });

/** A line of Stripe's account book. */
export const balanceShape = z.object({
  id: z.string(),
  object: z.literal('balance_transaction'),
  amount: z.int(),
  fee: z.int(),
  currency: z.string(),
  created: seconds,
});
const expandedBalance = z.union([balanceShape, z.string().transform(() => null)]).nullish();

/** A checkout session. */
export const sessionShape = z.object({
  id: z.string(),
  object: z.literal('checkout.session'),
  payment_status: z.string(),
  payment_intent: maybe,
  subscription: maybe,
  expires_at: seconds,
  url: z.string().nullish(),
  total_details: z.object({ amount_tax: z.int() }).nullish(),
});

/** A payment intent, with its charge and what that cost in it. */
export const intentShape = z.object({
  id: z.string(),
  object: z.literal('payment_intent'),
  status: z.string(),
  currency: z.string(),
  amount_received: z.int().nonnegative(),
  metadata: tags,
  latest_charge: z
    .object({
      id: z.string(),
      object: z.literal('charge'),
      amount: z.int().nonnegative(),
      created: seconds,
      balance_transaction: expandedBalance,
    })
    .nullish(),
});

/** What a charge belongs to. */
export const chargeShape = z.object({ id: z.string(), object: z.literal('charge'), payment_intent: maybe });

/** A refund, with its line of the account book in it, and the one by which it came again. */
export const refundShape = z.object({
  id: z.string(),
  object: z.literal('refund'),
  amount: z.int().positive(),
  currency: z.string(),
  created: seconds,
  status: z.string().nullable(),
  reason: z.string().nullish(),
  metadata: tags,
  balance_transaction: expandedBalance,
  failure_balance_transaction: expandedBalance,
});

/** A dispute. */
export const disputeShape = z.object({
  id: z.string(),
  object: z.literal('dispute'),
  amount: z.int().nonnegative(),
  currency: z.string(),
  created: seconds,
  status: z.string(),
  reason: z.string(),
  balance_transactions: z.array(balanceShape),
});

/** A subscription. */
export const subscriptionShape = z.object({
  id: z.string(),
  object: z.literal('subscription'),
  status: z.string(),
  metadata: tags,
  start_date: seconds,
  cancel_at_period_end: z.boolean(),
  ended_at: seconds.nullable(),
  latest_invoice: maybe,
  items: listOf(
    z.object({
      id: z.string(),
      current_period_end: seconds,
      price: z.object({ id: z.string(), unit_amount: z.int().nullable(), metadata: tags }),
    }),
  ),
});

/** A line of an invoice. */
export const invoiceLineShape = z.object({
  amount: z.int(),
  period: z.object({ start: seconds, end: seconds }),
  pricing: z
    .object({ price_details: z.object({ price: reference }).nullish() })
    .nullable()
    .transform((pricing) => pricing?.price_details?.price ?? null),
});

/** An invoice, with what paid it in it and the first of its lines. */
export const invoiceShape = z.object({
  id: z.string(),
  object: z.literal('invoice'),
  status: z.string().nullable(),
  billing_reason: z.string().nullable(),
  currency: z.string(),
  created: seconds,
  amount_paid: z.int().nonnegative(),
  total: z.int(),
  total_excluding_tax: z.int().nullable(),
  parent: z
    .object({ subscription_details: z.object({ subscription: reference }).nullish() })
    .nullable()
    .transform((parent) => parent?.subscription_details?.subscription ?? null),
  status_transitions: z.object({ paid_at: seconds.nullable() }),
  payments: listOf(
    z.object({
      status: z.string(),
      payment: z.object({ type: z.string(), payment_intent: maybe }),
    }),
  ),
  lines: listOf(invoiceLineShape).extend({ has_more: z.boolean() }),
});

/** Which invoice a payment paid. */
export const invoicePaymentShape = z.object({
  id: z.string(),
  object: z.literal('invoice_payment'),
  invoice: reference,
});

/** A price. */
export const priceShape = z.object({
  id: z.string(),
  object: z.literal('price'),
  unit_amount: z.int().nullable(),
  metadata: tags,
});

/** An event of the kind that carries its object. Those that carry none are not subscribed to. */
export const eventShape = z.object({
  id: z.string().regex(/^evt_\w{1,250}$/),
  object: z.literal('event'),
  type: z.string().min(1).max(200),
  api_version: z.string().nullish(),
  created: seconds,
  data: z.object({ object: z.unknown() }),
});

// ------------------------------------------------------------------------------------------ objects of events

/** Since basil an invoice names its subscription under `parent`; before, at its top. One that has neither is not understood. */
export const eventInvoice = z.union([
  z
    .object({
      id: z.string(),
      object: z.literal('invoice'),
      status: z.string().nullable(),
      parent: z.object({ subscription_details: z.object({ subscription: reference }).nullish() }).nullable(),
    })
    .transform(({ id, parent }) => ({
      id,
      subscriptionId: parent?.subscription_details?.subscription ?? null,
    })),
  z
    .object({
      id: z.string(),
      object: z.literal('invoice'),
      parent: z.undefined().optional(),
      paid: z.boolean(),
      subscription: reference.nullable(),
    })
    .transform(({ id, subscription }) => ({ id, subscriptionId: subscription })),
]);

/** Since basil a period's end stands on the items; before, on the subscription. */
export const eventSubscription = z.union([
  z.object({
    id: z.string(),
    object: z.literal('subscription'),
    status: z.string(),
    items: listOf(z.object({ current_period_end: z.int() })),
  }),
  z.object({
    id: z.string(),
    object: z.literal('subscription'),
    status: z.string(),
    current_period_end: z.int(),
  }),
]);

/** Old charges of invoices have no payment intent, and name their invoice. */
export const eventCharge = z
  .object({
    id: z.string(),
    object: z.literal('charge'),
    amount: z.int(),
    payment_intent: reference.nullable(),
    invoice: maybe,
  })
  .refine(({ payment_intent, invoice }) => payment_intent !== null || invoice !== null, {
    error: 'a charge without a payment intent and without an invoice cannot be told apart',
  });

/** What refunds and disputes have in common. */
export const eventMoneyBack = z.object({
  id: z.string(),
  object: z.enum(['refund', 'dispute']),
  amount: z.int(),
  charge: reference.nullable(),
  payment_intent: maybe,
});

/** A payment intent. */
export const eventIntent = z.object({
  id: z.string(),
  object: z.literal('payment_intent'),
  status: z.string(),
  amount: z.int(),
});

/** What was paid counts, not what the event is called. */
export const eventSession = z.object({
  id: z.string(),
  object: z.literal('checkout.session'),
  mode: z.enum(['payment', 'subscription', 'setup']),
  payment_status: z.enum(['paid', 'unpaid', 'no_payment_required']),
  payment_intent: maybe,
  subscription: maybe,
});

/** The first thing that is wrong, with where it is. Nothing of the body is in it. */
export function sentenceOf(error: z.ZodError): string {
  const [issue] = error.issues;
  const first = issue?.code === 'invalid_union' ? (issue.errors[0]?.[0] ?? issue) : issue;
  return `${first?.path.join('.') || 'the whole'}: ${first?.message ?? 'wrong'}`;
}
