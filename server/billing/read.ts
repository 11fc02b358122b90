/** Asks Stripe how things stand with a payment or a subscription: everything of it, so that no order of events matters. */

import { isUuid } from '../ids.ts';
import type { Micros } from '../money.ts';
import type { PackOffer, PlanOffer } from '../plans/index.ts';
import { BOOKED, inDollars, settledMicros, shareOf, unsettled } from './currency.ts';
import type { Target } from './events.ts';
import {
  type DisputeRead,
  type IntentRead,
  type InvoiceRead,
  type RefundRead,
  type StripeGateway,
  type SubscriptionRead,
  TAGS,
} from './gateway.ts';
import { bringsWhole, partsOf } from './parts.ts';

/** Money that has been taken, with all that has become of it. */
export interface MoneyRead {
  readonly intent: IntentRead;
  readonly refunds: readonly RefundRead[];
  readonly disputes: readonly DisputeRead[];
}

/** A part of what a payment buys: some credits, from an instant on. */
export interface PartRead {
  readonly credits: number;
  readonly revenueMicros: Micros;
  readonly dueAt: Date;
  readonly expiresAt: Date | null;
}

/** A payment, as Stripe has it now. */
export interface PaymentRead {
  readonly kind: 'PLAN' | 'PACK' | 'TOP_UP';
  readonly accountId: string;
  readonly paymentIntentId: string | null;
  readonly invoiceId: string | null;
  readonly subscriptionId: string | null;
  readonly plan: PlanOffer | null;
  readonly pack: PackOffer | null;
  /** Without tax. */
  readonly amountMicros: Micros;
  readonly taxMicros: Micros;
  readonly paidAt: Date;
  /** The first is given at once. */
  readonly parts: readonly PartRead[];
  readonly money: readonly MoneyRead[];
}

/** What was found. */
export type Reading =
  | {
      readonly found: true;
      /** Null: nothing has been paid yet. */
      readonly payment: PaymentRead | null;
      readonly subscription: {
        readonly read: SubscriptionRead;
        readonly accountId: string;
        /** Null: it has a price that is none of this site's. */
        readonly plan: PlanOffer | null;
      } | null;
      /** What cannot be told of it, and why; the rest counts all the same. */
      readonly problem: string | null;
    }
  /** It is none of ours, or not understood. */
  | { readonly found: false; readonly problem: string };

/** What reading needs. */
export interface Readers {
  readonly stripe: StripeGateway;
  readonly plans: {
    planVersion(versionId: string): Promise<PlanOffer | null>;
    packVersion(versionId: string): Promise<PackOffer | null>;
  };
}

const NOTHING: Reading = { found: true, payment: null, subscription: null, problem: null };
const problem = (text: string): Reading => ({ found: false, problem: text });

/** Follows a target to its payment or subscription. Rejects with a StripeFailure. */
export async function readTarget(readers: Readers, target: Target): Promise<Reading> {
  switch (target.kind) {
    case 'nothing':
      return NOTHING;
    case 'intent':
      return readIntent(readers, target.id);
    case 'charge': {
      const intent = await readers.stripe.intentOfCharge(target.id);
      return intent === null
        ? problem(`The charge ${target.id} has no payment intent, so that it is none of ours.`)
        : readIntent(readers, intent);
    }
    case 'invoice':
      return readInvoice(readers, target.id);
    case 'subscription':
      return readSubscription(readers, target.id);
    case 'session': {
      const session = await readers.stripe.readSession(target.id);
      if (session.paymentIntentId !== null) return readIntent(readers, session.paymentIntentId);
      return session.subscriptionId === null ? NOTHING : readSubscription(readers, session.subscriptionId);
    }
  }
}

/** A payment's money in dollars, or why that cannot be told. */
async function readMoney({ stripe }: Readers, what: string, intent: IntentRead): Promise<MoneyRead | string> {
  if (settledMicros(intent) === null) return unsettled(what, intent);
  const [refunds, disputes] = await Promise.all([stripe.refundsOf(intent.id), stripe.disputesOf(intent.id)]);
  return inDollars({ intent, refunds, disputes }) ?? unsettled(what, intent);
}

/** A pack's payment, or one of an invoice. */
async function readIntent(readers: Readers, id: string): Promise<Reading> {
  const { stripe, plans } = readers;
  const intent = await stripe.readIntent(id);
  const versionId = intent.tags[TAGS.packVersion];
  if (versionId === undefined) {
    const invoice = await stripe.invoiceOf(id);
    if (invoice !== null) return readInvoice(readers, invoice);
    // One that is not paid yet may be of an invoice that Stripe will tell of; of what is paid, nobody will.
    return intent.succeeded ? problem(`The payment ${id} was not asked for by this site.`) : NOTHING;
  }
  const accountId = intent.tags[TAGS.account] ?? '';
  const pack = isUuid(versionId) ? await plans.packVersion(versionId) : null;
  if (!isUuid(accountId) || !pack)
    return problem(`The payment ${id} names an account or a pack that is not there.`);
  if (!intent.succeeded || !intent.charge) return NOTHING;
  const money = await readMoney(readers, `The payment ${id}`, intent);
  if (typeof money === 'string') return problem(money);
  const received = money.intent.receivedMicros;
  const taxed = (await stripe.sessionOf(id))?.taxMicros ?? 0n;
  const tax = shareOf(taxed, intent.receivedMicros, received);
  const amount = received - tax;
  return {
    found: true,
    subscription: null,
    problem: null,
    payment: {
      kind: intent.tags[TAGS.kind] === 'TOP_UP' ? 'TOP_UP' : 'PACK',
      accountId,
      paymentIntentId: id,
      invoiceId: null,
      subscriptionId: null,
      plan: null,
      pack,
      amountMicros: amount,
      taxMicros: tax,
      paidAt: intent.charge.at,
      parts: [{ credits: pack.credits, revenueMicros: amount, dueAt: intent.charge.at, expiresAt: null }],
      money: [money],
    },
  };
}

async function readInvoice(readers: Readers, id: string): Promise<Reading> {
  const invoice = await readers.stripe.readInvoice(id);
  if (invoice.subscriptionId === null)
    return problem(`The invoice ${id} is for no subscription, so that it is none of ours.`);
  return readSubscription(readers, invoice.subscriptionId, invoice);
}

/** A subscription, and an invoice of it: the one that was asked after, else its latest. */
async function readSubscription(readers: Readers, id: string, asked?: InvoiceRead): Promise<Reading> {
  const read = await readers.stripe.readSubscription(id);
  const accountId = read.tags[TAGS.account] ?? '';
  if (!isUuid(accountId)) return problem(`The subscription ${id} was not asked for by this site.`);
  const plan = await planOf(readers, read.priceId);
  const unknown = plan
    ? null
    : `The subscription ${id} has a price that no plan of this site has: ${read.priceId}.`;
  const invoice =
    asked ?? (read.latestInvoiceId === null ? null : await readers.stripe.readInvoice(read.latestInvoiceId));
  const payment = invoice?.paid ? await readPlanPayment(readers, invoice, id, accountId) : null;
  const subscription = { read, accountId, plan };
  return typeof payment === 'string'
    ? { found: true, payment: null, subscription, problem: payment }
    : { found: true, payment, subscription, problem: unknown };
}

async function planOf({ stripe, plans }: Readers, priceId: string): Promise<PlanOffer | null> {
  const versionId = await stripe.planVersionOf(priceId);
  return versionId !== null && isUuid(versionId) ? plans.planVersion(versionId) : null;
}

/** What a paid invoice buys, null when it buys nothing, or why that cannot be told. */
async function readPlanPayment(
  readers: Readers,
  invoice: InvoiceRead,
  subscriptionId: string,
  accountId: string,
): Promise<PaymentRead | string | null> {
  const found = await planLine(readers, invoice);
  if (!found) return `The invoice ${invoice.id} has no line of a plan of this site.`;
  const { line, plan } = found;
  const intents = await Promise.all(invoice.paymentIntentIds.map((id) => readers.stripe.readIntent(id)));
  const money: MoneyRead[] = [];
  for (const intent of intents) {
    const read = await readMoney(readers, `The invoice ${invoice.id}`, intent);
    if (typeof read === 'string') return read;
    money.push(read);
  }
  const paid = paidInDollars(invoice, intents, money);
  if (paid === null)
    return `The invoice ${invoice.id} is in ${invoice.currency}, and not all that paid it is known in ${BOOKED}.`;
  const taxed = invoice.taxMicros < invoice.paidMicros ? invoice.taxMicros : 0n;
  const tax = shareOf(taxed, invoice.paidMicros, paid);
  const amount = paid - tax;
  const parts = partsOf(plan, invoice.reason, amount, line);
  if (parts === 'nothing') return null;
  if (parts === 'unknown')
    return `The invoice ${invoice.id} was made for a reason that is not known: ${invoice.reason}.`;
  return {
    kind: 'PLAN',
    accountId,
    paymentIntentId: intents[0]?.id ?? null,
    invoiceId: invoice.id,
    subscriptionId,
    plan,
    pack: null,
    amountMicros: amount,
    taxMicros: tax,
    paidAt: invoice.paidAt,
    parts,
    money,
  };
}

/**
 * The line of an invoice that is of a plan, with that plan; null when there is none. What is credited for the old price is
 * negative: the new one is the dearest line. Something that was added by hand may be dearer, and the period's credits come
 * all the same; a change of plan would count its money as the plan's.
 */
async function planLine(readers: Readers, { lines, reason }: InvoiceRead) {
  const sorted = lines.toSorted((a, b) => (a.amountMicros < b.amountMicros ? 1 : -1));
  const candidates = sorted.filter(
    (line, at) => at === 0 || (bringsWhole(reason) && line.amountMicros >= 0n),
  );
  for (const line of candidates) {
    const plan = line.priceId === null ? null : await planOf(readers, line.priceId);
    if (plan) return { line, plan };
  }
  return null;
}

/** What an invoice brought in dollars; null when something else than the payments that are known has paid a part of it. */
function paidInDollars(
  invoice: InvoiceRead,
  intents: readonly IntentRead[],
  money: readonly MoneyRead[],
): Micros | null {
  if (invoice.currency === BOOKED) return invoice.paidMicros;
  const own = intents.reduce((sum, intent) => sum + intent.receivedMicros, 0n);
  if (own !== invoice.paidMicros) return null;
  return money.reduce((sum, { intent }) => sum + intent.receivedMicros, 0n);
}
