/**
 * Stripe through its SDK, which is imported here and nowhere else.
 *
 * - The SDK repeats nothing by itself (`maxNetworkRetries: 0`), but for a connection that was closed on it, once, which it
 *   cannot be told to leave: each request that changes something carries our idempotency key, so that Stripe does it once
 *   however often it comes. Our callers repeat with the same key when they want to.
 * - It takes an answer without `error` in its body for a success, whatever its status: so that each answer is looked at.
 * - It verifies signatures and does not check in which version an event was written: see shapes.ts.
 */
import Stripe from 'stripe';
import type { z } from 'zod';
import type { Log } from '../log.ts';
import { fromCents } from './cents.ts';
import {
  type BalanceRead,
  type DisputeRead,
  type IntentRead,
  type InvoiceRead,
  type RefundRead,
  type SessionRead,
  StripeFailure,
  type StripeGateway,
  type SubscriptionRead,
  TAGS,
  type Tags,
} from './gateway.ts';
import {
  type balanceShape,
  chargeShape,
  disputeShape,
  idShape,
  intentShape,
  invoiceLineShape,
  invoicePaymentShape,
  invoiceShape,
  listOrObject,
  listShape,
  priceShape,
  refundShape,
  sentenceOf,
  sessionShape,
  statusShape,
  subscriptionShape,
  urlShape,
} from './shapes.ts';

/** What answers in Stripe's place within this process. */
export type InProcess = (request: {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}) => Promise<{ readonly status: number; readonly body: unknown }>;

/** How Stripe is reached. */
export interface StripeOptions {
  readonly secretKey: string;
  /** Another address than Stripe's own, without a path. */
  readonly apiBase?: string | undefined;
  /** Answers instead of anything on the network. */
  readonly inProcess?: InProcess | undefined;
  readonly timeoutMs?: number | undefined;
  readonly log: Log;
}

/** Stripe's own default is 80 s; nobody waits so long for a page. */
const TIMEOUT_MS = 20_000;
/** As many as Stripe gives at once; a payment has far fewer refunds and disputes. */
const PAGE = 100;

function clientOf({ secretKey, apiBase, inProcess, timeoutMs }: StripeOptions): Stripe {
  const base = apiBase === undefined ? null : new URL(apiBase);
  return new Stripe(secretKey, {
    maxNetworkRetries: 0,
    timeout: timeoutMs ?? TIMEOUT_MS,
    telemetry: false,
    appInfo: { name: 'solvent' },
    ...(base
      ? {
          host: base.hostname,
          protocol: base.protocol === 'http:' ? 'http' : 'https',
          port: base.port || (base.protocol === 'http:' ? 80 : 443),
        }
      : {}),
    ...(inProcess ? { httpClient: httpClientOf(inProcess) } : {}),
  });
}

function httpClientOf(inProcess: InProcess): NonNullable<Stripe.StripeConfig['httpClient']> {
  return {
    getClientName: () => 'solvent-sandbox',
    async makeRequest(_host, _port, path, method, headers, requestData) {
      const lower = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
      );
      const answer = await inProcess({ method, path, headers: lower, body: requestData ?? '' });
      return {
        getStatusCode: () => answer.status,
        getHeaders: () => ({}),
        getRawResponse: () => ({}),
        toStream: () => {
          throw new Error('Nothing here streams.');
        },
        toJSON: async () => structuredClone(answer.body),
      };
    },
  };
}

/** Puts what the SDK throws into our own words. Stripe's message may repeat what it was sent, so that only the log has it. */
function failureOf(error: unknown, log: Log): StripeFailure {
  if (error instanceof StripeFailure) return error;
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  const code = error.code ?? null;
  const more = { code, parameter: error.param ?? null, cause: error };
  if (error instanceof Stripe.errors.StripeCardError) {
    return new StripeFailure('declined', 'The bank declined the payment.', {
      ...more,
      code: error.decline_code ?? code,
    });
  }
  if (
    error instanceof Stripe.errors.StripeAuthenticationError ||
    error instanceof Stripe.errors.StripePermissionError
  ) {
    log.error(
      { code, status: error.statusCode },
      'Stripe does not take the secret key, or it may not do this.',
    );
    return new StripeFailure('unavailable', 'Payments are not set up rightly.', more);
  }
  if (error instanceof Stripe.errors.StripeInvalidRequestError) {
    const missing = code === 'resource_missing' || error.statusCode === 404;
    log.warn({ code, parameter: error.param, status: error.statusCode }, 'Stripe refused a request.');
    return new StripeFailure(
      missing ? 'missing' : 'refused',
      `Stripe refused this${code ? ` (${code})` : ''}${error.param ? `: ${error.param}` : ''}.`,
      more,
    );
  }
  if (error instanceof Stripe.errors.StripeIdempotencyError) {
    // What the key was used for may have been done, by a version of ours that said it otherwise: nobody may be told no.
    log.error({ requestId: error.requestId }, 'A key of ours was used at Stripe for something else.');
    return new StripeFailure('unavailable', 'Stripe knows this key with another request.', more);
  }
  const wait = Number(error.headers?.['retry-after']);
  log.warn({ code, type: error.type, status: error.statusCode }, 'Stripe does not answer as it should.');
  return new StripeFailure('unavailable', 'Stripe does not answer at present.', {
    ...more,
    retryAfterSeconds: Number.isInteger(wait) && wait > 0 ? wait : null,
  });
}

/** Opens the way to Stripe. Nothing is sent yet. */
export function createStripeGateway(options: StripeOptions): StripeGateway {
  const { log } = options;
  const stripe = clientOf(options);

  /** Asks, and looks at what comes back. */
  async function ask<Shape extends z.ZodType>(
    shape: Shape,
    request: () => Promise<unknown>,
  ): Promise<z.output<Shape>> {
    let answer: unknown;
    try {
      answer = await request();
    } catch (error) {
      throw failureOf(error, log);
    }
    const read = shape.safeParse(answer);
    if (read.success) return read.data;
    log.error({ problem: read.error.issues[0] }, 'Stripe answered in a shape that is not understood.');
    // What is no object of Stripe's at all came from something in between, and may be gone the next time.
    const isObject = listOrObject.safeParse(answer).success;
    throw new StripeFailure(
      isObject ? 'unreadable' : 'unavailable',
      `Stripe answered in a shape that is not understood${isObject ? `: ${sentenceOf(read.error)}` : ''}.`,
    );
  }

  /** Every item of a list that is short by its nature. */
  async function askAll<Shape extends z.ZodType>(
    shape: Shape,
    request: () => Promise<{ data: unknown[]; has_more: boolean }>,
  ): Promise<z.output<Shape>[]> {
    const list = await ask(listShape, request);
    if (list.has_more) throw new StripeFailure('unreadable', 'Stripe has more than is read at once.');
    return Promise.all(list.data.map((item) => ask(shape, async () => item)));
  }

  const session = (read: z.output<typeof sessionShape>): SessionRead => ({
    id: read.id,
    paymentIntentId: read.payment_intent,
    subscriptionId: read.subscription,
    taxMicros: fromCents(read.total_details?.amount_tax ?? 0),
  });

  return {
    async createCustomer({ accountId, externalId, email }, key) {
      const made = await ask(idShape, () =>
        stripe.customers.create(
          {
            ...(email === null ? {} : { email }),
            description: externalId,
            metadata: { [TAGS.account]: accountId },
          },
          { idempotencyKey: key },
        ),
      );
      return made.id;
    },
    async priceOf({ planVersionId, name, interval, cents }) {
      const lookupKey = `solvent-${planVersionId}`;
      const find = async () =>
        (await askAll(priceShape, () => stripe.prices.list({ lookup_keys: [lookupKey], limit: PAGE })))[0];
      const found = await find();
      if (found) return found.id;
      try {
        const made = await ask(priceShape, () =>
          stripe.prices.create(
            {
              currency: 'usd',
              unit_amount: cents,
              recurring: { interval: interval === 'YEAR' ? 'year' : 'month' },
              lookup_key: lookupKey,
              metadata: { [TAGS.planVersion]: planVersionId },
              product_data: { name },
            },
            { idempotencyKey: lookupKey },
          ),
        );
        return made.id;
      } catch (error) {
        // Somebody else has made it meanwhile: a lookup key is given once.
        const other = error instanceof StripeFailure && error.kind === 'refused' ? await find() : undefined;
        if (other) return other.id;
        throw error;
      }
    },
    async openCheckout({ customerId, successUrl, cancelUrl, tags, accountId, buys }, key) {
      const common = {
        customer: customerId,
        client_reference_id: accountId,
        success_url: successUrl,
        cancel_url: cancelUrl,
        metadata: inOrder(tags),
      };
      const made = await ask(sessionShape, () =>
        buys.mode === 'payment'
          ? stripe.checkout.sessions.create(
              {
                ...common,
                mode: 'payment',
                line_items: [
                  {
                    quantity: 1,
                    price_data: {
                      currency: 'usd',
                      unit_amount: buys.cents,
                      product_data: { name: buys.name },
                    },
                  },
                ],
                payment_intent_data: {
                  metadata: inOrder(tags),
                  ...(buys.saveCard ? { setup_future_usage: 'off_session' as const } : {}),
                },
              },
              { idempotencyKey: key },
            )
          : stripe.checkout.sessions.create(
              {
                ...common,
                mode: 'subscription',
                line_items: [{ quantity: 1, price: buys.priceId }],
                subscription_data: { metadata: inOrder(tags) },
              },
              { idempotencyKey: key },
            ),
      );
      if (!made.url) throw new StripeFailure('unreadable', 'Stripe made a checkout without an address.');
      return { id: made.id, url: made.url, expiresAt: made.expires_at };
    },
    async openPortal(customerId, returnUrl) {
      const made = await ask(urlShape, () =>
        stripe.billingPortal.sessions.create({ customer: customerId, return_url: returnUrl }),
      );
      return made.url;
    },
    async savedPaymentMethod(customerId) {
      const saved = await askAll(idShape, () =>
        stripe.paymentMethods.list({ customer: customerId, type: 'card', limit: PAGE }),
      );
      return saved[0]?.id ?? null;
    },
    charge: ({ customerId, paymentMethodId, cents, description, tags }, key) =>
      ask(statusShape, () =>
        stripe.paymentIntents.create(
          {
            amount: cents,
            currency: 'usd',
            customer: customerId,
            payment_method: paymentMethodId,
            off_session: true,
            confirm: true,
            description,
            metadata: inOrder(tags),
          },
          { idempotencyKey: key },
        ),
      ),
    async changePrice({ subscriptionId, itemId, priceId, tags, prorate }, key) {
      await ask(idShape, () =>
        stripe.subscriptions.update(
          subscriptionId,
          {
            items: [{ id: itemId, price: priceId }],
            metadata: inOrder(tags),
            proration_behavior: prorate ? 'always_invoice' : 'none',
          },
          { idempotencyKey: key },
        ),
      );
    },
    async endWithPeriod(subscriptionId, ends, key) {
      await ask(idShape, () =>
        stripe.subscriptions.update(subscriptionId, { cancel_at_period_end: ends }, { idempotencyKey: key }),
      );
    },
    async endNow(subscriptionId, key) {
      await ask(idShape, () => stripe.subscriptions.cancel(subscriptionId, {}, { idempotencyKey: key }));
    },
    refund: ({ paymentIntentId, cents, tags }, key) =>
      ask(statusShape, () =>
        stripe.refunds.create(
          {
            payment_intent: paymentIntentId,
            ...(cents === null ? {} : { amount: cents }),
            metadata: inOrder(tags),
          },
          { idempotencyKey: key },
        ),
      ),

    readSession: async (id) => session(await ask(sessionShape, () => stripe.checkout.sessions.retrieve(id))),
    async sessionOf(paymentIntentId) {
      const [found] = await askAll(sessionShape, () =>
        stripe.checkout.sessions.list({ payment_intent: paymentIntentId, limit: PAGE }),
      );
      return found ? session(found) : null;
    },
    async readIntent(id): Promise<IntentRead> {
      const read = await ask(intentShape, () =>
        stripe.paymentIntents.retrieve(id, { expand: ['latest_charge.balance_transaction'] }),
      );
      const charge = read.latest_charge ?? null;
      return {
        id: read.id,
        status: read.status,
        succeeded: read.status === 'succeeded' && charge !== null,
        currency: read.currency,
        receivedMicros: fromCents(read.amount_received),
        tags: read.metadata,
        charge: charge && {
          id: charge.id,
          at: charge.created,
          amountMicros: fromCents(charge.amount),
          balance: charge.balance_transaction ? balance(charge.balance_transaction) : null,
        },
      };
    },
    intentOfCharge: async (id) => (await ask(chargeShape, () => stripe.charges.retrieve(id))).payment_intent,
    async refundsOf(paymentIntentId): Promise<RefundRead[]> {
      const refunds = await askAll(refundShape, () =>
        stripe.refunds.list({
          payment_intent: paymentIntentId,
          limit: PAGE,
          expand: ['data.balance_transaction', 'data.failure_balance_transaction'],
        }),
      );
      return refunds.map((refund) => ({
        id: refund.id,
        at: refund.created,
        amountMicros: fromCents(refund.amount),
        status: refund.status ?? 'succeeded',
        reason: refund.reason ?? null,
        tags: refund.metadata,
        balance: refund.balance_transaction ? balance(refund.balance_transaction) : null,
        returned: refund.failure_balance_transaction ? balance(refund.failure_balance_transaction) : null,
      }));
    },
    async disputesOf(paymentIntentId): Promise<DisputeRead[]> {
      const disputes = await askAll(disputeShape, () =>
        stripe.disputes.list({ payment_intent: paymentIntentId, limit: PAGE }),
      );
      return disputes.map((dispute) => ({
        id: dispute.id,
        at: dispute.created,
        amountMicros: fromCents(dispute.amount),
        status: dispute.status,
        reason: dispute.reason,
        balances: dispute.balance_transactions.map(balance),
      }));
    },
    async readSubscription(id): Promise<SubscriptionRead> {
      const read = await ask(subscriptionShape, () => stripe.subscriptions.retrieve(id));
      // Somebody may have added another by hand.
      const { data } = read.items;
      const item = data.find(({ price }) => price.metadata[TAGS.planVersion] !== undefined) ?? data[0];
      if (!item) throw new StripeFailure('unreadable', 'Stripe has a subscription without an item.');
      return {
        id: read.id,
        status: read.status,
        tags: read.metadata,
        itemId: item.id,
        priceId: item.price.id,
        priceMicros: fromCents(item.price.unit_amount ?? 0),
        startedAt: read.start_date,
        currentPeriodEnd: item.current_period_end,
        cancelAtPeriodEnd: read.cancel_at_period_end,
        endedAt: read.ended_at,
        latestInvoiceId: read.latest_invoice,
      };
    },
    async readInvoice(id): Promise<InvoiceRead> {
      const read = await ask(invoiceShape, () => stripe.invoices.retrieve(id, { expand: ['payments'] }));
      // An invoice has ten of its lines in it.
      const lines = read.lines.has_more
        ? await askAll(invoiceLineShape, () => stripe.invoices.listLineItems(id, { limit: PAGE }))
        : read.lines.data;
      return {
        id: read.id,
        subscriptionId: read.parent,
        paid: read.status === 'paid',
        paidAt: read.status_transitions.paid_at ?? read.created,
        reason: read.billing_reason,
        currency: read.currency,
        paidMicros: fromCents(read.amount_paid),
        taxMicros: fromCents(read.total_excluding_tax === null ? 0 : read.total - read.total_excluding_tax),
        paymentIntentIds: read.payments.data.flatMap(({ status, payment }) =>
          status === 'paid' && payment.payment_intent !== null ? [payment.payment_intent] : [],
        ),
        lines: lines.map((line) => ({
          priceId: line.pricing,
          amountMicros: fromCents(line.amount),
          start: line.period.start,
          end: line.period.end,
        })),
      };
    },
    async invoiceOf(paymentIntentId) {
      const [paid] = await askAll(invoicePaymentShape, () =>
        stripe.invoicePayments.list({
          payment: { type: 'payment_intent', payment_intent: paymentIntentId },
          limit: PAGE,
        }),
      );
      return paid?.invoice ?? null;
    },
    async planVersionOf(priceId) {
      const price = await ask(priceShape, () => stripe.prices.retrieve(priceId));
      return price.metadata[TAGS.planVersion] ?? null;
    },
  };
}

/** In one order always: a repetition under a key must say the same, and the database keeps objects in an order of its own. */
function inOrder(tags: Tags): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function balance(read: z.output<typeof balanceShape>): BalanceRead {
  return {
    id: read.id,
    at: read.created,
    amountMicros: fromCents(read.amount),
    feeMicros: fromCents(read.fee),
    currency: read.currency,
  };
}

/** How old an event may be when it comes, in seconds. */
const TOLERANCE_SECONDS = 300;

/**
 * Whether a body was signed with one of these secrets, and lately.
 *
 * @param payload the bytes as they came.
 * @returns null when it was, else why it is not believed; nothing of the body or a secret is in it.
 */
export function signatureProblem(
  payload: Buffer,
  header: string | undefined,
  secrets: readonly string[],
  now: Date,
): string | null {
  if (secrets.length === 0) return 'No webhook secret is set, so that no event can be believed.';
  if (header === undefined || header === '') return 'The header stripe-signature is missing.';
  const { signature } = Stripe.webhooks;
  if (!signature) throw new Error('The SDK cannot verify signatures in this runtime.');
  let tooOld = false;
  for (const secret of secrets) {
    try {
      signature.verifyHeader(payload, header, secret, TOLERANCE_SECONDS, undefined, now.getTime());
      return null;
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) throw error;
      tooOld ||= /tolerance/i.test(error.message);
    }
  }
  return tooOld
    ? `The signature is older than ${TOLERANCE_SECONDS} s.`
    : 'The signature is not that of any webhook secret over this body.';
}

/** Signs a body as Stripe does: for the sandbox, which has to be believed as Stripe is. */
export function signEvent(payload: string, secret: string, now: Date): string {
  return Stripe.webhooks.generateTestHeaderString({
    payload,
    secret,
    timestamp: Math.floor(now.getTime() / 1000),
  });
}
