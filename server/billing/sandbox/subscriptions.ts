/** Subscriptions of the sandbox's Stripe, and the invoices that they are paid by. */
import { change, listOf, makeId, need, type Scene } from './scene.ts';
import { fail, openPayment, type PayOptions, saveCard, succeed } from './till.ts';
import type { Invoice, InvoiceLine, Metadata, Price, Subscription } from './wire.ts';

interface Line {
  readonly price: Price;
  readonly amount: number;
  readonly start: number;
  readonly end: number;
  readonly proration: boolean;
  readonly description: string;
}

/** The same day of the next month or year; the last one where there is no such day. */
function periodEnd(start: number, interval: 'month' | 'year'): number {
  const from = new Date(start * 1000);
  const months = interval === 'year' ? 12 : 1;
  const end = new Date(from);
  end.setUTCMonth(from.getUTCMonth() + months, 1);
  const lastDay = new Date(Date.UTC(end.getUTCFullYear(), end.getUTCMonth() + 1, 0)).getUTCDate();
  end.setUTCDate(Math.min(from.getUTCDate(), lastDay));
  return Math.floor(end.getTime() / 1000);
}

function firstItem(subscription: Subscription) {
  const [item] = subscription.items.data;
  if (!item) throw new Error(`Subscription ${subscription.id} has no item.`);
  return item;
}

/** Begins a subscription with its first invoice, paid. */
export async function subscribe(
  scene: Scene,
  given: { readonly customer: string; readonly price: Price; readonly metadata: Metadata },
  options: PayOptions = {},
): Promise<{ subscription: Subscription; invoice: Invoice }> {
  const id = makeId('sub');
  const end = periodEnd(scene.now, given.price.recurring?.interval ?? 'month');
  const subscription: Subscription = {
    id,
    object: 'subscription',
    created: scene.now,
    livemode: false,
    billing_cycle_anchor: scene.now,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    currency: given.price.currency,
    customer: given.customer,
    default_payment_method: await saveCard(scene, given.customer),
    ended_at: null,
    items: listOf(
      [
        {
          id: makeId('si'),
          object: 'subscription_item',
          created: scene.now,
          current_period_start: scene.now,
          current_period_end: end,
          metadata: {},
          price: given.price,
          quantity: 1,
          subscription: id,
        },
      ],
      `/v1/subscription_items?subscription=${id}`,
    ),
    latest_invoice: null,
    metadata: given.metadata,
    start_date: scene.now,
    status: 'active',
  };
  await scene.shelf.put(subscription);
  await scene.emit('customer.subscription.created', subscription);
  const invoice = await bill(
    scene,
    id,
    'subscription_create',
    [lineOf(given.price, scene.now, end, 'Subscription')],
    true,
    options,
  );
  return { subscription: await need(scene, 'subscription', id), invoice };
}

function lineOf(price: Price, start: number, end: number, description: string): Line {
  return { price, amount: price.unit_amount, start, end, proration: false, description };
}

/** Makes an invoice, and pays it as far as money of the customer's own balance does not. */
async function bill(
  scene: Scene,
  subscriptionId: string,
  reason: Invoice['billing_reason'],
  lines: readonly Line[],
  pays: boolean,
  options: PayOptions,
): Promise<Invoice> {
  const subscription = await need(scene, 'subscription', subscriptionId);
  const customer = await need(scene, 'customer', subscription.customer);
  const id = makeId('in');
  const total = lines.reduce((sum, line) => sum + line.amount, 0);
  // A total below zero becomes money of the customer's, and what the customer has pays first.
  const due = Math.max(0, total + Math.min(customer.balance, 0));
  const balance = total <= 0 ? customer.balance + total : customer.balance + (total - due);
  const invoice: Invoice = {
    id,
    object: 'invoice',
    created: scene.now,
    livemode: false,
    amount_due: due,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: due,
    attempt_count: 0,
    billing_reason: reason,
    currency: subscription.currency,
    customer: customer.id,
    ending_balance: balance,
    lines: listOf(
      lines.map((line) => wireLine(line, id, subscription)),
      `/v1/invoices/${id}/lines`,
    ),
    metadata: {},
    parent: {
      type: 'subscription_details',
      subscription_details: { subscription: subscription.id, metadata: subscription.metadata },
      quote_details: null,
    },
    period_start: scene.now,
    period_end: scene.now,
    starting_balance: customer.balance,
    status: 'open',
    status_transitions: {
      finalized_at: scene.now,
      marked_uncollectible_at: null,
      paid_at: null,
      voided_at: null,
    },
    subtotal: total,
    total,
    total_excluding_tax: total,
    total_taxes: [],
  };
  await scene.shelf.put(invoice);
  await change(scene, 'customer', customer.id, { balance });
  await change(scene, 'subscription', subscription.id, { latest_invoice: id });
  await scene.emit('invoice.finalized', invoice);
  return payInvoice(scene, id, pays, options);
}

function wireLine(line: Line, invoice: string, subscription: Subscription): InvoiceLine {
  return {
    id: makeId('il'),
    object: 'line_item',
    amount: line.amount,
    currency: line.price.currency,
    description: line.description,
    invoice,
    parent: {
      type: 'subscription_item_details',
      subscription_item_details: {
        subscription: subscription.id,
        subscription_item: firstItem(subscription).id,
        proration: line.proration,
      },
      invoice_item_details: null,
    },
    period: { start: line.start, end: line.end },
    pricing: { type: 'price_details', price_details: { price: line.price.id, product: line.price.product } },
    quantity: 1,
    subtotal: line.amount,
  };
}

/** Tries to be paid. An invoice that is not stays open, and its subscription is past due. */
export async function payInvoice(
  scene: Scene,
  invoiceId: string,
  pays: boolean,
  options: PayOptions = {},
): Promise<Invoice> {
  const invoice = await need(scene, 'invoice', invoiceId);
  if (invoice.status !== 'open') return invoice;
  const subscriptionId = invoice.parent.subscription_details.subscription;
  if (invoice.amount_due > 0) {
    const subscription = await need(scene, 'subscription', subscriptionId);
    const intent = await openPayment(scene, {
      amount: invoice.amount_due,
      currency: invoice.currency,
      customer: invoice.customer,
      metadata: {},
      paymentMethod: subscription.default_payment_method,
    });
    if (!pays) {
      await fail(scene, intent.id);
      await scene.emit(
        'invoice.payment_failed',
        await change(scene, 'invoice', invoiceId, { attempt_count: invoice.attempt_count + 1 }),
      );
      if (subscription.status === 'active') {
        await scene.emit(
          'customer.subscription.updated',
          await change(scene, 'subscription', subscriptionId, { status: 'past_due' }),
        );
      }
      return need(scene, 'invoice', invoiceId);
    }
    await scene.shelf.put({
      id: makeId('inpay'),
      object: 'invoice_payment',
      created: scene.now,
      livemode: false,
      amount_paid: invoice.amount_due,
      amount_requested: invoice.amount_due,
      currency: invoice.currency,
      invoice: invoiceId,
      is_default: true,
      payment: { type: 'payment_intent', payment_intent: intent.id },
      status: 'paid',
      status_transitions: { canceled_at: null, paid_at: scene.now },
    });
    await succeed(scene, intent.id, options);
  }
  const paid = await change(scene, 'invoice', invoiceId, {
    status: 'paid',
    amount_paid: invoice.amount_due,
    amount_remaining: 0,
    attempt_count: invoice.attempt_count + 1,
    status_transitions: { ...invoice.status_transitions, paid_at: scene.now },
  });
  await scene.emit('invoice.paid', paid);
  const subscription = await need(scene, 'subscription', subscriptionId);
  if (subscription.status === 'past_due') {
    await scene.emit(
      'customer.subscription.updated',
      await change(scene, 'subscription', subscriptionId, { status: 'active' }),
    );
  }
  return paid;
}

async function setItem(
  scene: Scene,
  subscription: Subscription,
  item: Partial<ReturnType<typeof firstItem>>,
  more: Partial<Subscription> = {},
): Promise<Subscription> {
  const data = [{ ...firstItem(subscription), ...item }];
  return change(scene, 'subscription', subscription.id, {
    ...more,
    items: { ...subscription.items, data },
  });
}

/** Begins the next period: bills it, unless the subscription was to end. */
export async function renew(
  scene: Scene,
  subscriptionId: string,
  pays: boolean,
  options: PayOptions = {},
): Promise<void> {
  const subscription = await need(scene, 'subscription', subscriptionId);
  if (subscription.status === 'canceled') return;
  if (subscription.cancel_at_period_end) return cancel(scene, subscriptionId);
  const { price, current_period_end: start } = firstItem(subscription);
  const end = periodEnd(start, price.recurring?.interval ?? 'month');
  await scene.emit(
    'customer.subscription.updated',
    await setItem(scene, subscription, { current_period_start: start, current_period_end: end }),
  );
  await bill(
    scene,
    subscriptionId,
    'subscription_cycle',
    [lineOf(price, start, end, 'Renewal')],
    pays,
    options,
  );
}

/** Ends a subscription now. Nothing is given back for the rest of the period. */
export async function cancel(scene: Scene, subscriptionId: string): Promise<void> {
  const subscription = await need(scene, 'subscription', subscriptionId);
  if (subscription.status === 'canceled') return;
  const { latest_invoice: latest } = subscription;
  const open = latest ? await scene.shelf.get('invoice', latest) : null;
  if (open?.status === 'open') {
    await scene.emit(
      'invoice.voided',
      await change(scene, 'invoice', open.id, {
        status: 'void',
        status_transitions: { ...open.status_transitions, voided_at: scene.now },
      }),
    );
  }
  await scene.emit(
    'customer.subscription.deleted',
    await change(scene, 'subscription', subscriptionId, {
      status: 'canceled',
      canceled_at: scene.now,
      ended_at: scene.now,
    }),
  );
}

/** Says whether a subscription ends with its period. */
export async function endWithPeriod(scene: Scene, subscriptionId: string, ends: boolean): Promise<void> {
  const subscription = await need(scene, 'subscription', subscriptionId);
  await scene.emit(
    'customer.subscription.updated',
    await change(scene, 'subscription', subscriptionId, {
      cancel_at_period_end: ends,
      cancel_at: ends ? firstItem(subscription).current_period_end : null,
      canceled_at: ends ? scene.now : null,
    }),
  );
}

/**
 * Goes over to another price at once: what is left of the old one is credited, what is left of the new one billed. Without
 * proration nothing is billed before the next period.
 */
export async function changePrice(
  scene: Scene,
  subscriptionId: string,
  price: Price,
  metadata: Metadata,
  options: PayOptions & { readonly prorate?: boolean } = {},
): Promise<void> {
  const subscription = await need(scene, 'subscription', subscriptionId);
  const item = firstItem(subscription);
  const { current_period_start: start, current_period_end: end, price: old } = item;
  const share = Math.min(1, Math.max(0, (end - scene.now) / (end - start)));
  const sameInterval = old.recurring?.interval === price.recurring?.interval;
  const newEnd = sameInterval ? end : periodEnd(scene.now, price.recurring?.interval ?? 'month');
  const lines: Line[] = [
    {
      price: old,
      amount: -Math.round(old.unit_amount * share),
      start: scene.now,
      end,
      proration: true,
      description: 'Unused time',
    },
    {
      price,
      amount: sameInterval ? Math.round(price.unit_amount * share) : price.unit_amount,
      start: scene.now,
      end: newEnd,
      proration: sameInterval,
      description: 'Remaining time',
    },
  ];
  await scene.emit(
    'customer.subscription.updated',
    await setItem(
      scene,
      subscription,
      {
        price,
        current_period_end: newEnd,
        ...(sameInterval ? {} : { current_period_start: scene.now }),
      },
      { metadata: { ...subscription.metadata, ...metadata } },
    ),
  );
  if (options.prorate === false && sameInterval) return;
  await bill(scene, subscriptionId, 'subscription_update', lines, true, options);
}
