/** What Stripe's objects look like on the wire, as far as Solvent reads them: API version 2026-10-28.endive. */

/** The version whose shapes these are. */
export const API_VERSION = '2026-10-28.endive';

/** A list as Stripe nests it. */
export interface List<Item> {
  readonly object: 'list';
  readonly data: Item[];
  readonly has_more: boolean;
  readonly url: string;
}

export type Metadata = Record<string, string>;

interface Kept {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  readonly livemode: false;
}

/** Who buys. `balance` is in cents; what is owed to the customer is negative. */
export interface Customer extends Kept {
  readonly object: 'customer';
  readonly email: string | null;
  readonly balance: number;
  readonly invoice_settings: { readonly default_payment_method: string | null };
  readonly metadata: Metadata;
}

/** A card that was saved. */
export interface PaymentMethod extends Kept {
  readonly object: 'payment_method';
  readonly type: 'card';
  readonly customer: string;
  readonly card: { readonly brand: string; readonly last4: string };
}

/** What a plan costs, in cents. */
export interface Price extends Kept {
  readonly object: 'price';
  readonly active: true;
  readonly currency: string;
  readonly lookup_key: string | null;
  readonly metadata: Metadata;
  readonly product: string;
  readonly recurring: { readonly interval: 'month' | 'year'; readonly interval_count: 1 } | null;
  readonly unit_amount: number;
  /** What the product is called: Stripe has it on the product, which the sandbox does not keep. */
  readonly nickname: string | null;
}

/** A page at which somebody pays. */
export interface Session extends Kept {
  readonly object: 'checkout.session';
  readonly mode: 'payment' | 'subscription';
  readonly status: 'open' | 'complete' | 'expired';
  readonly payment_status: 'paid' | 'unpaid' | 'no_payment_required';
  readonly amount_subtotal: number;
  readonly amount_total: number;
  readonly total_details: {
    readonly amount_discount: number;
    readonly amount_shipping: number;
    readonly amount_tax: number;
  };
  readonly currency: string;
  readonly customer: string;
  readonly client_reference_id: string | null;
  readonly payment_intent: string | null;
  readonly subscription: string | null;
  readonly invoice: string | null;
  readonly metadata: Metadata;
  readonly success_url: string;
  readonly cancel_url: string;
  readonly expires_at: number;
  readonly url: string | null;
  /** What Stripe keeps to itself: what is bought, and what its objects will be told. */
  readonly inside: {
    readonly price: string | null;
    readonly name: string;
    readonly objectMetadata: Metadata;
    readonly saveCard: boolean;
  };
}

/** The wish to be paid. */
export interface PaymentIntent extends Kept {
  readonly object: 'payment_intent';
  readonly amount: number;
  readonly amount_received: number;
  readonly currency: string;
  readonly customer: string | null;
  readonly latest_charge: string | null;
  readonly metadata: Metadata;
  readonly payment_method: string | null;
  readonly status: 'requires_payment_method' | 'processing' | 'succeeded' | 'canceled';
  readonly last_payment_error: { readonly code: string; readonly message: string } | null;
}

/** Money that was taken, or could not be. */
export interface Charge extends Kept {
  readonly object: 'charge';
  readonly amount: number;
  readonly amount_captured: number;
  readonly amount_refunded: number;
  readonly balance_transaction: string | null;
  readonly currency: string;
  readonly customer: string | null;
  readonly disputed: boolean;
  readonly paid: boolean;
  readonly payment_intent: string;
  readonly refunded: boolean;
  readonly status: 'succeeded' | 'failed';
}

/** A line of the merchant's account with Stripe. */
export interface BalanceTransaction {
  readonly id: string;
  readonly object: 'balance_transaction';
  readonly amount: number;
  readonly created: number;
  readonly currency: string;
  readonly exchange_rate: number | null;
  readonly fee: number;
  readonly net: number;
  readonly reporting_category: string;
  readonly source: string;
  readonly status: 'pending' | 'available';
  readonly type: string;
}

/** Money that went back. */
export interface Refund {
  readonly id: string;
  readonly object: 'refund';
  readonly created: number;
  readonly amount: number;
  readonly balance_transaction: string | null;
  readonly charge: string;
  readonly currency: string;
  /** By which it came again, once it has failed. */
  readonly failure_balance_transaction: string | null;
  readonly metadata: Metadata;
  readonly payment_intent: string;
  readonly reason: string | null;
  readonly status: 'pending' | 'succeeded' | 'failed';
}

/** A payment whose owner says that it was none of his. */
export interface Dispute extends Kept {
  readonly object: 'dispute';
  readonly amount: number;
  readonly balance_transactions: readonly BalanceTransaction[];
  readonly charge: string;
  readonly currency: string;
  readonly metadata: Metadata;
  readonly payment_intent: string;
  readonly reason: string;
  readonly status: string;
}

/** What of a price a customer subscribes to. */
export interface SubscriptionItem {
  readonly id: string;
  readonly object: 'subscription_item';
  readonly created: number;
  readonly current_period_start: number;
  readonly current_period_end: number;
  readonly metadata: Metadata;
  readonly price: Price;
  readonly quantity: 1;
  readonly subscription: string;
}

/** What is paid again and again. */
export interface Subscription extends Kept {
  readonly object: 'subscription';
  readonly billing_cycle_anchor: number;
  readonly cancel_at: number | null;
  readonly cancel_at_period_end: boolean;
  readonly canceled_at: number | null;
  readonly currency: string;
  readonly customer: string;
  readonly default_payment_method: string | null;
  readonly ended_at: number | null;
  readonly items: List<SubscriptionItem>;
  readonly latest_invoice: string | null;
  readonly metadata: Metadata;
  readonly start_date: number;
  readonly status: 'active' | 'past_due' | 'canceled' | 'unpaid';
}

/** A line of an invoice. */
export interface InvoiceLine {
  readonly id: string;
  readonly object: 'line_item';
  readonly amount: number;
  readonly currency: string;
  readonly description: string;
  readonly invoice: string;
  readonly parent: {
    readonly type: 'subscription_item_details';
    readonly subscription_item_details: {
      readonly subscription: string;
      readonly subscription_item: string;
      readonly proration: boolean;
    };
    readonly invoice_item_details: null;
  };
  readonly period: { readonly start: number; readonly end: number };
  readonly pricing: {
    readonly type: 'price_details';
    readonly price_details: { readonly price: string; readonly product: string };
  };
  readonly quantity: 1;
  readonly subtotal: number;
}

/** What is asked for a period of a subscription. */
export interface Invoice extends Kept {
  readonly object: 'invoice';
  readonly amount_due: number;
  readonly amount_overpaid: 0;
  readonly amount_paid: number;
  readonly amount_remaining: number;
  readonly attempt_count: number;
  readonly billing_reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update';
  readonly currency: string;
  readonly customer: string;
  readonly ending_balance: number;
  readonly lines: List<InvoiceLine>;
  readonly metadata: Metadata;
  readonly parent: {
    readonly type: 'subscription_details';
    readonly subscription_details: { readonly subscription: string; readonly metadata: Metadata };
    readonly quote_details: null;
  };
  readonly period_start: number;
  readonly period_end: number;
  readonly starting_balance: number;
  readonly status: 'open' | 'paid' | 'void' | 'uncollectible';
  readonly status_transitions: {
    readonly finalized_at: number | null;
    readonly marked_uncollectible_at: number | null;
    readonly paid_at: number | null;
    readonly voided_at: number | null;
  };
  readonly subtotal: number;
  readonly total: number;
  readonly total_excluding_tax: number;
  readonly total_taxes: readonly { readonly amount: number }[];
}

/** Which payment paid how much of which invoice. */
export interface InvoicePayment extends Kept {
  readonly object: 'invoice_payment';
  readonly amount_paid: number;
  readonly amount_requested: number;
  readonly currency: string;
  readonly invoice: string;
  readonly is_default: true;
  readonly payment: { readonly type: 'payment_intent'; readonly payment_intent: string };
  readonly status: 'paid';
  readonly status_transitions: { readonly canceled_at: null; readonly paid_at: number };
}

/** A page at which a customer looks after a subscription. */
export interface PortalSession extends Kept {
  readonly object: 'billing_portal.session';
  readonly customer: string;
  readonly return_url: string | null;
  readonly url: string;
}

/** What has happened, with the object as it was then. */
export interface WireEvent extends Kept {
  readonly object: 'event';
  readonly api_version: string;
  readonly type: string;
  readonly data: { readonly object: unknown };
  readonly pending_webhooks: number;
}

/** The answer to a request with an idempotency key, kept for a repetition. */
export interface KeptAnswer {
  readonly id: string;
  readonly object: 'kept_answer';
  readonly request: string;
  readonly status: number;
  readonly body: unknown;
}

/** The secret by which events are signed. */
export interface WebhookEndpoint {
  readonly id: string;
  readonly object: 'webhook_endpoint';
  readonly secret: string;
}

/** All kinds that are kept, by the name that stands in `object`. */
export interface Kinds {
  customer: Customer;
  payment_method: PaymentMethod;
  price: Price;
  'checkout.session': Session;
  payment_intent: PaymentIntent;
  charge: Charge;
  balance_transaction: BalanceTransaction;
  refund: Refund;
  dispute: Dispute;
  subscription: Subscription;
  invoice: Invoice;
  invoice_payment: InvoicePayment;
  'billing_portal.session': PortalSession;
  event: WireEvent;
  kept_answer: KeptAnswer;
  webhook_endpoint: WebhookEndpoint;
}

export type Kind = keyof Kinds;
export type AnyObject = Kinds[Kind];
