/**
 * What billing asks of Stripe, in our own words, so that Stripe's SDK stands in one file. Whatever is told here has been
 * read whole: an answer of another shape is a failure, and never half-read.
 */
import type { Micros } from '../money.ts';

/** Why Stripe did not do what it was asked. */
export class StripeFailure extends Error {
  override readonly name = 'StripeFailure';
  /**
   * `unavailable`: another try may work, with the same key; `refused`: it will not; `missing`: Stripe has no such object;
   * `declined`: the bank says no; `unreadable`: it was done, and the object that came back has a shape that is not understood.
   */
  readonly kind: 'unavailable' | 'refused' | 'missing' | 'declined' | 'unreadable';
  /** Stripe's code, such as `card_declined`; for people and logs. */
  readonly code: string | null;
  /** The argument that it is about, as Stripe calls it. */
  readonly parameter: string | null;
  /** How long Stripe asks to be left alone, when it says. */
  readonly retryAfterSeconds: number | null;

  constructor(
    kind: StripeFailure['kind'],
    message: string,
    more: {
      code?: string | null;
      parameter?: string | null;
      retryAfterSeconds?: number | null;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: more.cause });
    this.kind = kind;
    this.code = more.code ?? null;
    this.parameter = more.parameter ?? null;
    this.retryAfterSeconds = more.retryAfterSeconds ?? null;
  }
}

/** Names that our objects at Stripe carry, and by which they are known again. */
export const TAGS = {
  account: 'solvent_account',
  planVersion: 'solvent_plan_version',
  packVersion: 'solvent_pack_version',
  /** `PACK` or `TOP_UP`. */
  kind: 'solvent_kind',
  /** The request that a refund was made for. */
  request: 'solvent_request',
} as const;

/** Texts that an object at Stripe carries. */
export type Tags = Readonly<Record<string, string>>;

/** A page at which somebody pays. */
export interface OpenCheckout {
  readonly customerId: string;
  readonly successUrl: string;
  readonly cancelUrl: string;
  /** Put on the payment or the subscription that comes of it. */
  readonly tags: Tags;
  readonly accountId: string;
  readonly buys:
    | { readonly mode: 'payment'; readonly name: string; readonly cents: number; readonly saveCard: boolean }
    | { readonly mode: 'subscription'; readonly priceId: string };
}

/** A plan's price as Stripe is told it. */
export interface PlanPrice {
  readonly planVersionId: string;
  readonly name: string;
  readonly interval: 'MONTH' | 'YEAR';
  readonly cents: number;
}

/** A line of Stripe's own account book. */
export interface BalanceRead {
  readonly id: string;
  readonly at: Date;
  readonly amountMicros: Micros;
  readonly feeMicros: Micros;
  /** Lower case, such as `usd`. */
  readonly currency: string;
}

/** A payment intent with its charge. */
export interface IntentRead {
  readonly id: string;
  /** Stripe's word: succeeded, processing, requires_payment_method, … */
  readonly status: string;
  /** True once the money is taken. */
  readonly succeeded: boolean;
  readonly currency: string;
  readonly receivedMicros: Micros;
  readonly tags: Tags;
  readonly charge: {
    readonly id: string;
    readonly at: Date;
    readonly amountMicros: Micros;
    /** Null until Stripe says. */
    readonly balance: BalanceRead | null;
  } | null;
}

/** A refund. */
export interface RefundRead {
  readonly id: string;
  readonly at: Date;
  readonly amountMicros: Micros;
  readonly status: string;
  readonly reason: string | null;
  readonly tags: Tags;
  readonly balance: BalanceRead | null;
  /** By which it came again, when it failed after all. */
  readonly returned: BalanceRead | null;
}

/** A dispute. */
export interface DisputeRead {
  readonly id: string;
  readonly at: Date;
  readonly amountMicros: Micros;
  readonly status: string;
  readonly reason: string;
  readonly balances: readonly BalanceRead[];
}

/** A subscription. */
export interface SubscriptionRead {
  readonly id: string;
  readonly status: string;
  readonly tags: Tags;
  readonly itemId: string;
  readonly priceId: string;
  readonly priceMicros: Micros;
  readonly startedAt: Date;
  readonly currentPeriodEnd: Date;
  readonly cancelAtPeriodEnd: boolean;
  readonly endedAt: Date | null;
  readonly latestInvoiceId: string | null;
}

/** An invoice with what paid it. */
export interface InvoiceRead {
  readonly id: string;
  /** Null: it is not for a subscription. */
  readonly subscriptionId: string | null;
  readonly paid: boolean;
  readonly paidAt: Date;
  readonly reason: string | null;
  readonly currency: string;
  /** Tax included. */
  readonly paidMicros: Micros;
  readonly taxMicros: Micros;
  readonly paymentIntentIds: readonly string[];
  readonly lines: readonly {
    readonly priceId: string | null;
    readonly amountMicros: Micros;
    readonly start: Date;
    readonly end: Date;
  }[];
}

/** A checkout. */
export interface SessionRead {
  readonly id: string;
  readonly paymentIntentId: string | null;
  readonly subscriptionId: string | null;
  readonly taxMicros: Micros;
}

/** Stripe. Every function rejects with a {@link StripeFailure}. What changes something takes a key, and is done once under it. */
export interface StripeGateway {
  createCustomer(
    customer: { readonly accountId: string; readonly externalId: string; readonly email: string | null },
    key: string,
  ): Promise<string>;
  /** The price of a plan's version, made when it is not there yet. */
  priceOf(price: PlanPrice): Promise<string>;
  openCheckout(checkout: OpenCheckout, key: string): Promise<{ id: string; url: string; expiresAt: Date }>;
  openPortal(customerId: string, returnUrl: string): Promise<string>;
  /** A card that can be charged without anybody present; null when there is none. */
  savedPaymentMethod(customerId: string): Promise<string | null>;
  /** Charges a saved card. `declined` is a failure of that kind. */
  charge(
    charge: {
      readonly customerId: string;
      readonly paymentMethodId: string;
      readonly cents: number;
      readonly description: string;
      readonly tags: Tags;
    },
    key: string,
  ): Promise<{ id: string; status: string }>;
  changePrice(
    change: {
      readonly subscriptionId: string;
      readonly itemId: string;
      readonly priceId: string;
      readonly tags: Tags;
      /** True bills the difference at once; false bills the new price from the next period on. */
      readonly prorate: boolean;
    },
    key: string,
  ): Promise<void>;
  endWithPeriod(subscriptionId: string, ends: boolean, key: string): Promise<void>;
  endNow(subscriptionId: string, key: string): Promise<void>;
  refund(
    refund: {
      readonly paymentIntentId: string;
      /** Of the payment's own currency; null: all that is left. */
      readonly cents: number | null;
      readonly tags: Tags;
    },
    key: string,
  ): Promise<{ id: string; status: string }>;

  readSession(id: string): Promise<SessionRead>;
  /** The checkout that a payment came from; null when it came from none. */
  sessionOf(paymentIntentId: string): Promise<SessionRead | null>;
  readIntent(id: string): Promise<IntentRead>;
  /** The payment intent of a charge; null when it has none. */
  intentOfCharge(id: string): Promise<string | null>;
  refundsOf(paymentIntentId: string): Promise<RefundRead[]>;
  disputesOf(paymentIntentId: string): Promise<DisputeRead[]>;
  readSubscription(id: string): Promise<SubscriptionRead>;
  readInvoice(id: string): Promise<InvoiceRead>;
  /** The invoice that a payment paid; null when it paid none. */
  invoiceOf(paymentIntentId: string): Promise<string | null>;
  /** The version of a plan that a price stands for; null when it is none of ours. */
  planVersionOf(priceId: string): Promise<string | null>;
}
