/** What the sandbox's Stripe answers: as much of the API as Solvent asks. */
import { type Form, readForm, textAt, textsAt } from './form.ts';
import { listOf, makeId, missing, need, refused, type Scene, WireError } from './scene.ts';
import type { Shelf, Store } from './store.ts';
import { cancel, changePrice, endWithPeriod } from './subscriptions.ts';
import { fail, openPayment, refund, succeed } from './till.ts';
import type { AnyObject, Kind, Price, Session } from './wire.ts';

/** A request as it comes over the wire. */
export interface WireRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** A form. */
  readonly body: string;
}

/** What is answered. */
export interface WireAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What an answer depends on beside the objects. */
export interface Surroundings {
  /** Where the pages are, without a slash at the end. */
  pagesUrl(): string;
  /** Whether payments without anybody present go through. */
  declines(customerId: string): boolean;
}

interface Call {
  readonly scene: Scene;
  readonly form: Form;
  /** Ids that stand in the path. */
  readonly id: string;
  readonly around: Surroundings;
}

type Handler = (call: Call) => Promise<unknown>;

const whole = (text: string | undefined, parameter: string): number => {
  if (text === undefined || !/^\d{1,12}$/.test(text)) {
    throw refused(`Invalid integer: ${text ?? ''}`, { param: parameter, code: 'parameter_invalid_integer' });
  }
  return Number(text);
};

const required = (form: Form, ...path: string[]): string => {
  const text = textAt(form, ...path);
  if (text === undefined || text === '') {
    throw refused(`Missing required param: ${path.join('.')}.`, {
      param: path.join('.'),
      code: 'parameter_missing',
    });
  }
  return text;
};

const byId =
  (kind: Kind): Handler =>
  ({ scene, id }) =>
    need(scene, kind, id);

/** A list of a kind, filtered by fields of the same names. */
const listBy =
  (kind: Kind, url: string, ...fields: string[]): Handler =>
  async ({ scene, form }) => {
    const where: Record<string, string> = {};
    for (const field of fields) {
      const value = textAt(form, field);
      if (value !== undefined) where[field] = value;
    }
    return listOf((await scene.shelf.all(kind, where)).reverse(), url);
  };

const createCustomer: Handler = async ({ scene, form }) => {
  const customer = {
    id: makeId('cus'),
    object: 'customer',
    created: scene.now,
    livemode: false,
    email: textAt(form, 'email') ?? null,
    balance: 0,
    invoice_settings: { default_payment_method: null },
    metadata: textsAt(form, 'metadata'),
  } as const;
  await scene.shelf.put(customer);
  return customer;
};

const createPrice: Handler = async ({ scene, form }) => {
  const interval = textAt(form, 'recurring', 'interval');
  const price: Price = {
    id: makeId('price'),
    object: 'price',
    created: scene.now,
    livemode: false,
    active: true,
    currency: required(form, 'currency'),
    lookup_key: textAt(form, 'lookup_key') ?? null,
    metadata: textsAt(form, 'metadata'),
    product: textAt(form, 'product') ?? makeId('prod'),
    recurring: interval === 'month' || interval === 'year' ? { interval, interval_count: 1 } : null,
    unit_amount: whole(textAt(form, 'unit_amount'), 'unit_amount'),
    nickname: textAt(form, 'product_data', 'name') ?? null,
  };
  const { lookup_key: key } = price;
  if (key !== null && (await scene.shelf.all('price', { lookup_key: key })).length > 0) {
    throw refused(`A price already uses that lookup key: ${key}`, { param: 'lookup_key' });
  }
  await scene.shelf.put(price);
  return price;
};

const listPrices: Handler = async ({ scene, form }) => {
  const keys = Object.values(textsAt(form, 'lookup_keys'));
  const prices = await scene.shelf.all('price');
  return listOf(
    prices.filter(({ lookup_key: key }) => keys.length === 0 || (key !== null && keys.includes(key))),
    '/v1/prices',
  );
};

/** Days that a page stays open. */
const SESSION_SECONDS = 86_400;

const createSession: Handler = async ({ scene, form, around }) => {
  // Stripe takes it no longer since 23; a site that sent it would find out only there.
  if (textAt(form, 'payment_method_types', '0') !== undefined) {
    throw refused('Received unknown parameter: payment_method_types', { param: 'payment_method_types' });
  }
  const mode = required(form, 'mode');
  if (mode !== 'payment' && mode !== 'subscription') throw refused('Invalid mode', { param: 'mode' });
  const customer = required(form, 'customer');
  if (!(await scene.shelf.get('customer', customer))) throw missing('customer', customer, 'customer');
  const priceId = textAt(form, 'line_items', '0', 'price') ?? null;
  const price = priceId === null ? null : await need(scene, 'price', priceId);
  const data = ['line_items', '0', 'price_data'] as const;
  const amount = price ? price.unit_amount : whole(textAt(form, ...data, 'unit_amount'), data.join('.'));
  const id = makeId('cs_test');
  const of = mode === 'payment' ? 'payment_intent_data' : 'subscription_data';
  const session: Session = {
    id,
    object: 'checkout.session',
    created: scene.now,
    livemode: false,
    mode,
    status: 'open',
    payment_status: 'unpaid',
    amount_subtotal: amount,
    amount_total: amount,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    currency: price ? price.currency : required(form, ...data, 'currency'),
    customer,
    client_reference_id: textAt(form, 'client_reference_id') ?? null,
    payment_intent: null,
    subscription: null,
    invoice: null,
    metadata: textsAt(form, 'metadata'),
    success_url: required(form, 'success_url'),
    cancel_url: textAt(form, 'cancel_url') ?? required(form, 'success_url'),
    expires_at: scene.now + SESSION_SECONDS,
    url: `${around.pagesUrl()}/sandbox/checkout/${id}`,
    inside: {
      price: priceId,
      name: price?.nickname ?? textAt(form, ...data, 'product_data', 'name') ?? 'Credits',
      objectMetadata: textsAt(form, of, 'metadata'),
      saveCard: textAt(form, 'payment_intent_data', 'setup_future_usage') === 'off_session',
    },
  };
  await scene.shelf.put(session);
  return session;
};

const createPortal: Handler = async ({ scene, form, around }) => {
  const customer = required(form, 'customer');
  if (!(await scene.shelf.get('customer', customer))) throw missing('customer', customer, 'customer');
  const id = makeId('bps');
  const portal = {
    id,
    object: 'billing_portal.session',
    created: scene.now,
    livemode: false,
    customer,
    return_url: textAt(form, 'return_url') ?? null,
    url: `${around.pagesUrl()}/sandbox/portal/${id}`,
  } as const;
  await scene.shelf.put(portal);
  return portal;
};

const createIntent: Handler = async ({ scene, form, around }) => {
  const customer = required(form, 'customer');
  const method = required(form, 'payment_method');
  if ((await scene.shelf.get('payment_method', method))?.customer !== customer) {
    throw missing('PaymentMethod', method, 'payment_method');
  }
  const intent = await openPayment(scene, {
    amount: whole(textAt(form, 'amount'), 'amount'),
    currency: required(form, 'currency'),
    customer,
    metadata: textsAt(form, 'metadata'),
    paymentMethod: method,
  });
  if (textAt(form, 'confirm') !== 'true') return intent;
  if (!around.declines(customer)) return succeed(scene, intent.id);
  const failed = await fail(scene, intent.id);
  throw new WireError(402, {
    type: 'card_error',
    code: 'card_declined',
    decline_code: 'insufficient_funds',
    message: 'Your card has insufficient funds.',
    payment_intent: failed,
  });
};

const updateSubscription: Handler = async ({ scene, form, id }) => {
  await need(scene, 'subscription', id);
  const price = textAt(form, 'items', '0', 'price');
  const ends = textAt(form, 'cancel_at_period_end');
  if (ends !== undefined) await endWithPeriod(scene, id, ends === 'true');
  if (price !== undefined) {
    const prorate = textAt(form, 'proration_behavior') !== 'none';
    await changePrice(scene, id, await need(scene, 'price', price), textsAt(form, 'metadata'), { prorate });
  }
  return need(scene, 'subscription', id);
};

const cancelSubscription: Handler = async ({ scene, id }) => {
  const subscription = await need(scene, 'subscription', id);
  if (subscription.status === 'canceled') throw missing('subscription', id);
  await cancel(scene, id);
  return need(scene, 'subscription', id);
};

const createRefund: Handler = async ({ scene, form }) => {
  const amount = textAt(form, 'amount');
  return refund(scene, {
    paymentIntent: textAt(form, 'payment_intent'),
    charge: textAt(form, 'charge'),
    amount: amount === undefined ? undefined : whole(amount, 'amount'),
    metadata: textsAt(form, 'metadata'),
    reason: textAt(form, 'reason') ?? null,
  });
};

const listInvoicePayments: Handler = async ({ scene, form }) => {
  const invoice = textAt(form, 'invoice');
  const intent = textAt(form, 'payment', 'payment_intent');
  const payments = await scene.shelf.all('invoice_payment', invoice === undefined ? {} : { invoice });
  return listOf(
    payments.filter((payment) => intent === undefined || payment.payment.payment_intent === intent),
    '/v1/invoice_payments',
  );
};

const listInvoices: Handler = async ({ scene, form }) => {
  const subscription = textAt(form, 'subscription');
  const status = textAt(form, 'status');
  const invoices = await scene.shelf.all('invoice', status === undefined ? {} : { status });
  return listOf(
    invoices
      .filter(
        ({ parent }) =>
          (subscription ?? parent.subscription_details.subscription) ===
          parent.subscription_details.subscription,
      )
      .reverse(),
    '/v1/invoices',
  );
};

/** Lines that an invoice has in it. */
const LINES = 10;

const readInvoice: Handler = async ({ scene, id }) => {
  const invoice = await need(scene, 'invoice', id);
  const { data } = invoice.lines;
  return {
    ...invoice,
    lines: { ...invoice.lines, data: data.slice(0, LINES), has_more: data.length > LINES },
  };
};

const ROUTES: readonly (readonly [string, RegExp, Handler])[] = [
  ['POST', /^\/v1\/customers$/, createCustomer],
  ['GET', /^\/v1\/customers\/([\w]+)$/, byId('customer')],
  ['GET', /^\/v1\/payment_methods$/, listBy('payment_method', '/v1/payment_methods', 'customer', 'type')],
  ['GET', /^\/v1\/prices$/, listPrices],
  ['POST', /^\/v1\/prices$/, createPrice],
  ['GET', /^\/v1\/prices\/(\w+)$/, byId('price')],
  ['POST', /^\/v1\/checkout\/sessions$/, createSession],
  [
    'GET',
    /^\/v1\/checkout\/sessions$/,
    listBy('checkout.session', '/v1/checkout/sessions', 'payment_intent', 'subscription'),
  ],
  ['GET', /^\/v1\/checkout\/sessions\/(\w+)$/, byId('checkout.session')],
  ['POST', /^\/v1\/billing_portal\/sessions$/, createPortal],
  ['POST', /^\/v1\/payment_intents$/, createIntent],
  ['GET', /^\/v1\/payment_intents\/(\w+)$/, byId('payment_intent')],
  ['GET', /^\/v1\/charges\/(\w+)$/, byId('charge')],
  ['POST', /^\/v1\/refunds$/, createRefund],
  ['GET', /^\/v1\/refunds$/, listBy('refund', '/v1/refunds', 'payment_intent', 'charge')],
  ['GET', /^\/v1\/disputes$/, listBy('dispute', '/v1/disputes', 'payment_intent', 'charge')],
  ['GET', /^\/v1\/balance_transactions\/(\w+)$/, byId('balance_transaction')],
  ['GET', /^\/v1\/subscriptions\/(\w+)$/, byId('subscription')],
  ['POST', /^\/v1\/subscriptions\/(\w+)$/, updateSubscription],
  ['DELETE', /^\/v1\/subscriptions\/(\w+)$/, cancelSubscription],
  ['GET', /^\/v1\/invoices$/, listInvoices],
  ['GET', /^\/v1\/invoices\/(\w+)$/, readInvoice],
  [
    'GET',
    /^\/v1\/invoices\/(\w+)\/lines$/,
    async ({ scene, id }) => (await need(scene, 'invoice', id)).lines,
  ],
  ['GET', /^\/v1\/invoice_payments$/, listInvoicePayments],
];

/** Which kind an expandable field names. */
const EXPANDABLE: Readonly<Record<string, Kind>> = {
  latest_charge: 'charge',
  balance_transaction: 'balance_transaction',
  failure_balance_transaction: 'balance_transaction',
  payment_intent: 'payment_intent',
  subscription: 'subscription',
};

/** Puts objects in the place of their ids, along a path such as `data.latest_charge.balance_transaction`. */
async function expand(shelf: Shelf, value: unknown, path: readonly string[]): Promise<unknown> {
  const [field, ...rest] = path;
  if (field === undefined || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Promise.all(value.map((item) => expand(shelf, item, path)));
  const object = value as Record<string, unknown>;
  let inner = object[field];
  const kind = EXPANDABLE[field];
  if (field === 'payments' && object.object === 'invoice') {
    inner = listOf(
      await shelf.all('invoice_payment', { invoice: String(object.id) }),
      `/v1/invoice_payments?invoice=${String(object.id)}`,
    );
  } else if (kind && typeof inner === 'string') inner = await shelf.get(kind, inner);
  return { ...object, [field]: await expand(shelf, inner, rest) };
}

/** An object as the outside sees it. */
function outside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(outside);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => (name === 'inside' ? [] : [[name, outside(inner)]])),
  );
}

async function perform(scene: Scene, request: WireRequest, around: Surroundings): Promise<unknown> {
  const [path = '', query = ''] = request.path.split('?');
  const form = readForm(request.method === 'POST' ? request.body : query);
  for (const [method, pattern, handler] of ROUTES) {
    const match = method === request.method ? pattern.exec(path) : null;
    if (!match) continue;
    let answer = await handler({ scene, form, id: match[1] ?? '', around });
    for (const field of Object.values(textsAt(form, 'expand'))) {
      answer = await expand(scene.shelf, answer, field.split('.'));
    }
    return outside(answer);
  }
  throw new WireError(404, {
    type: 'invalid_request_error',
    message: `Unrecognized request URL (${request.method}: ${path}).`,
  });
}

/**
 * Answers one request, once under its idempotency key: a repetition gets the first answer again, errors too.
 *
 * @returns the answer; never rejects for what the request brings.
 */
export async function answer(
  store: Store,
  sceneOf: (shelf: Shelf) => Scene,
  request: WireRequest,
  around: Surroundings,
): Promise<WireAnswer> {
  if (!/^Bearer \S+$/.test(request.headers.authorization ?? '')) {
    return {
      status: 401,
      body: { error: { type: 'invalid_request_error', message: 'You did not provide an API key.' } },
    };
  }
  return store.work(async (shelf) => {
    const key = request.method === 'POST' ? request.headers['idempotency-key'] : undefined;
    const asked = `${request.method} ${request.path} ${request.body}`;
    const kept = key === undefined ? null : await shelf.get('kept_answer', `key:${key}`);
    if (kept && kept.request !== asked) {
      return {
        status: 400,
        body: {
          error: {
            type: 'idempotency_error',
            message:
              'Keys for idempotent requests can only be used with the same parameters they were first used with.',
          },
        },
      };
    }
    if (kept) return { status: kept.status, body: kept.body };
    let made: WireAnswer;
    try {
      made = { status: 200, body: await perform(sceneOf(shelf), request, around) };
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      made = { status: error.status, body: error.body };
    }
    if (key !== undefined) {
      await shelf.put({
        id: `key:${key}`,
        object: 'kept_answer',
        request: asked,
        status: made.status,
        body: made.body,
      } satisfies AnyObject);
    }
    return made;
  });
}
