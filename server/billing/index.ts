/** The door of billing: money that arrives becomes credits, and money that goes back takes them along. See README.md. */
import type { Clock } from '../clock.ts';
import { type Database, writeAuditLog } from '../database/index.ts';
import type { Log } from '../log.ts';
import type { Plans } from '../plans/index.ts';
import { type BookDay, type BooksRange, readBooks } from './books/index.ts';
import {
  type CancelWhen,
  type ChangeOutcome,
  cancelSubscription,
  changePlan,
  type RefundInput,
  refundPayment,
} from './changes.ts';
import {
  type BuyingOptions,
  type ChargeOutcome,
  type Checkout,
  type CheckoutInput,
  chargeSaved,
  createCheckout,
  openPortal,
  type SavedCharge,
} from './checkout.ts';
import { giveDueParts } from './months.ts';
import type { Asking, Refusal } from './requests.ts';
import { openSandbox, type Sandbox, type Store } from './sandbox/index.ts';
import * as statements from './statements/index.ts';
import { createStripeGateway, signEvent } from './stripe.ts';
import { createWebhooks, type EventOutcome } from './webhooks.ts';

export { type BookDay, MAX_DAYS, readBooks } from './books/index.ts';
export type { CancelWhen, ChangeOutcome, RefundInput } from './changes.ts';
export type { ChargeOutcome, Checkout, CheckoutInput } from './checkout.ts';
export type { FieldError, Refusal } from './requests.ts';
export { createMemoryStore, type MemoryStore, type Sandbox, type Shown } from './sandbox/index.ts';
export type { EventOutcome } from './webhooks.ts';

/** How billing reaches Stripe. */
export interface StripeSettings {
  /** Undefined: the sandbox stands in. */
  readonly secretKey: string | undefined;
  readonly webhookSecrets: readonly string[];
  readonly apiBase: string | undefined;
  /** How long Stripe is waited for; the gateway's own patience when not said. */
  readonly timeoutMs?: number;
}

/** What billing needs. */
export interface BillingOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly plans: Pick<Plans, 'offer' | 'pack' | 'planVersion' | 'packVersion'>;
  readonly stripe: StripeSettings;
  /** Where the sandbox keeps what it has; the database's table when left out. */
  readonly sandboxStore?: Store;
  /** Whether an account with an open or lost dispute may make no paid calls. */
  readonly barDisputed: boolean;
  /** Where this server is found, for the sandbox's pages. */
  publicUrl(): string;
  /** Is told of each account whose credits may have changed, once that is committed. */
  onChange(accountId: string): void;
}

/** Billing. Its functions throw what the database throws; all else is a value. */
export interface Billing {
  /** Takes an event of Stripe's: the bytes as they came, and the header `stripe-signature`. */
  webhook(body: Buffer, signature: string | undefined): Promise<EventOutcome>;
  /** Takes an event that is kept once more; null when there is none. */
  processEvent(eventId: string): Promise<EventOutcome | null>;
  /** Opens a page at which a pack or a plan is paid. */
  createCheckout(
    input: CheckoutInput,
  ): Promise<{ readonly status: 'opened'; readonly checkout: Checkout } | Refusal>;
  /** Opens the customer's own page at Stripe. */
  openPortal(
    accountId: string,
    returnUrl: string,
  ): Promise<{ readonly status: 'opened'; readonly url: string } | Refusal>;
  changePlan(
    input: Asking & { readonly plan: string; readonly interval: 'MONTH' | 'YEAR' },
  ): Promise<ChangeOutcome>;
  cancelSubscription(input: Asking & { readonly when: CancelWhen }): Promise<ChangeOutcome>;
  refundPayment(
    input: RefundInput,
  ): Promise<{ readonly status: 'refunded'; readonly refundId: string } | Refusal>;
  /** Charges the saved card of an account for a pack, without anybody present; once under its key. */
  chargeSaved(input: SavedCharge): Promise<ChargeOutcome>;
  /** Bars an account from paid calls with a reason, or lifts a bar (null). False when there is no such account. */
  setBarred(accountId: string, barred: string | null, why: string, actor: string): Promise<boolean>;
  /** The books by day. */
  books(range: BooksRange): Promise<BookDay[]>;
  /** Gives the credits of annual plans whose month has come; for a periodic task. */
  giveDueParts(): Promise<void>;
  /** What stands in for Stripe; null beside a key. */
  readonly sandbox: Sandbox | null;
  /** Ends what runs by itself. */
  close(): Promise<void>;
}

/** Opens billing. Nothing is sent to Stripe yet. */
export function createBilling(options: BillingOptions): Billing {
  const { database, clock, log, plans, stripe: settings, onChange } = options;
  // One or the other: beside any key at all, nothing here can make up a payment.
  const sandbox =
    settings.secretKey === undefined
      ? openSandbox({
          database,
          clock,
          log,
          store: options.sandboxStore,
          pagesUrl: options.publicUrl,
          sign: signEvent,
        })
      : null;
  const stripe = createStripeGateway({
    secretKey: settings.secretKey ?? 'sk_test_sandbox',
    apiBase: settings.apiBase,
    timeoutMs: settings.timeoutMs,
    inProcess: sandbox ? (request) => sandbox.request(request) : undefined,
    log,
  });
  const webhooks = createWebhooks({
    database,
    clock,
    log,
    readers: { stripe, plans },
    barDisputed: options.barDisputed,
    secrets: async () => [...settings.webhookSecrets, ...(sandbox ? [await sandbox.secret()] : [])],
    onChange,
  });
  const buying: BuyingOptions = {
    database,
    clock,
    stripe,
    plans,
    async bookNow(target) {
      // What cannot be read now comes with Stripe's event.
      const outcome = await webhooks.sync(target);
      if (outcome.status !== 'done')
        log.warn({ ...outcome, target }, 'What was just done will be booked by its event.');
    },
  };

  return {
    webhook: (body, signature) => webhooks.take(body, signature),
    processEvent: (eventId) => webhooks.again(eventId),
    createCheckout: (input) => createCheckout(buying, input),
    openPortal: (accountId, returnUrl) => openPortal(buying, accountId, returnUrl),
    changePlan: (input) => changePlan(buying, input),
    cancelSubscription: (input) => cancelSubscription(buying, input),
    refundPayment: (input) => refundPayment(buying, input),
    chargeSaved: (input) => chargeSaved(buying, input),
    setBarred: (accountId, barred, why, actor) =>
      database.transaction(async (sql) => {
        const now = clock.now();
        if (!(await statements.setBarred(sql, now, accountId, barred))) return false;
        const action = barred === null ? 'account.unbar' : 'account.bar';
        await writeAuditLog(sql, now, { actor, action, subject: accountId, reason: why });
        return true;
      }),
    books: (range) => readBooks(database, range),
    async giveDueParts() {
      for (const accountId of await giveDueParts(database, clock)) onChange(accountId);
    },
    sandbox,
    close: async () => sandbox?.stop(),
  };
}
