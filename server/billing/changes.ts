/** Changing what has been bought: another plan, an end, money back. What follows is booked as Stripe then says. */
import { writeAuditLog } from '../database/index.ts';
import { formatDecimal, type Micros } from '../money.ts';
import type { PlanInterval } from '../plans/index.ts';
import { toCents, wholeCents } from './cents.ts';
import { type BuyingOptions, centsOf, hashOf } from './checkout.ts';
import { BOOKED, settledMicros, shareOf } from './currency.ts';
import { type IntentRead, StripeFailure, type StripeGateway, TAGS } from './gateway.ts';
import { type Asking, askOnce, invalid, type Refusal } from './requests.ts';
import * as statements from './statements/index.ts';

/** A change of an account's subscription. */
export type ChangeOutcome = { readonly status: 'changed'; readonly subscriptionId: string } | Refusal;

const NO_PLAN: Refusal = { status: 'not-found', message: 'This account has no plan.' };

/**
 * Goes over to another plan. A dearer one begins at once and its difference is billed; a cheaper one costs less from the
 * next period on, since what was paid for has been given. From a year to a month there is no way in mid-year.
 */
export async function changePlan(
  options: BuyingOptions,
  input: Asking & { readonly plan: string; readonly interval: PlanInterval },
): Promise<ChangeOutcome> {
  const { database, plans, stripe } = options;
  const present = await statements.liveSubscription(database, input.accountId);
  const plan = await plans.offer(input.plan, input.interval);
  const cents = plan
    ? centsOf('plan', plan)
    : invalid('plan', 'No plan of this name is sold for this interval.');
  let refusal: Refusal | null = typeof cents === 'number' ? null : cents;
  if (!present) refusal = NO_PLAN;
  else if (plan?.versionId === present.plan_version_id)
    refusal = invalid('plan', 'This account has this plan already.');
  else if (present.interval === 'YEAR' && input.interval === 'MONTH') {
    refusal = invalid(
      'interval',
      'A year that has been paid runs to its end: end it with its period, then subscribe by the month.',
    );
  }
  type Change = {
    subscriptionId: string;
    planVersionId: string;
    name: string;
    interval: PlanInterval;
    cents: number;
    prorate: boolean;
  };
  const answer = await askOnce<Change, { subscriptionId: string }>(options, {
    ...input,
    kind: 'CHANGE_PLAN',
    hash: hashOf('change-plan', input.accountId, input.plan, input.interval),
    input:
      refusal ??
      ({
        subscriptionId: present?.id ?? '',
        planVersionId: plan?.versionId ?? '',
        name: plan?.name ?? '',
        interval: input.interval,
        cents: cents as number,
        // A year that follows a month begins at once.
        prorate:
          present !== null &&
          plan !== null &&
          (plan.interval !== present.interval || plan.priceMicros > present.price_micros),
      } satisfies Change),
    blame: 'plan',
    async perform(asked, once) {
      const { itemId } = await stripe.readSubscription(asked.subscriptionId);
      const priceId = await stripe.priceOf(asked);
      await stripe.changePrice(
        {
          subscriptionId: asked.subscriptionId,
          itemId,
          priceId,
          tags: { [TAGS.account]: input.accountId, [TAGS.planVersion]: asked.planVersionId },
          prorate: asked.prorate,
        },
        once,
      );
      return { subscriptionId: asked.subscriptionId };
    },
  });
  return changed(options, answer);
}

async function changed(
  options: BuyingOptions,
  answer: { readonly status: 'done'; readonly result: { readonly subscriptionId: string } } | Refusal,
): Promise<ChangeOutcome> {
  if (answer.status !== 'done') return answer;
  const { subscriptionId } = answer.result;
  await options.bookNow({ kind: 'subscription', id: subscriptionId });
  return { status: 'changed', subscriptionId };
}

/** When a subscription is to end. `NEVER` takes an end with the period back. */
export type CancelWhen = 'PERIOD_END' | 'NOW' | 'NEVER';

/** Ends a subscription. Nothing is paid back for the rest of its period; a refund does that. */
export async function cancelSubscription(
  options: BuyingOptions,
  input: Asking & { readonly when: CancelWhen },
): Promise<ChangeOutcome> {
  const { database, stripe } = options;
  const present = await statements.liveSubscription(database, input.accountId);
  const answer = await askOnce<{ subscriptionId: string }, { subscriptionId: string }>(options, {
    ...input,
    kind: 'CANCEL_SUBSCRIPTION',
    hash: hashOf('cancel', input.accountId, input.when),
    input: present ? { subscriptionId: present.id } : NO_PLAN,
    blame: 'when',
    async perform({ subscriptionId }, once) {
      if (input.when === 'NOW') await endNow(stripe, subscriptionId, once);
      else await stripe.endWithPeriod(subscriptionId, input.when === 'PERIOD_END', once);
      return { subscriptionId };
    },
  });
  return changed(options, answer);
}

/** Ends a subscription. Stripe keeps no key of that: one that is over, since nobody heard of its end, was ended as asked. */
async function endNow(stripe: StripeGateway, subscriptionId: string, once: string): Promise<void> {
  try {
    await stripe.endNow(subscriptionId, once);
  } catch (error) {
    if (!(error instanceof StripeFailure && error.kind === 'missing')) throw error;
    const { endedAt } = await stripe.readSubscription(subscriptionId);
    if (endedAt === null) throw error;
  }
}

/** A refund that an operator asks for. */
export interface RefundInput {
  readonly namespace: string;
  readonly key: string;
  readonly paymentId: string;
  /** Tax included; null: all that has not gone back yet. */
  readonly amountMicros: Micros | null;
  readonly reason: string;
  /** Who asks, for the audit log. */
  readonly actor: string;
}

/** Sends money of a payment back, once under its key. Credits follow when Stripe says that it has gone. */
export async function refundPayment(
  options: BuyingOptions,
  input: RefundInput,
): Promise<{ readonly status: 'refunded'; readonly refundId: string } | Refusal> {
  const { database, clock, stripe } = options;
  const payment = await statements.refundable(database, input.paymentId);
  if (!payment) return { status: 'not-found', message: 'There is no such payment.' };
  const amount = input.amountMicros ?? payment.left_micros;
  const cents = toCents(amount);
  const { payment_intent_id: intentId } = payment;
  let refusal: Refusal | null = null;
  if (intentId === null)
    refusal = invalid(
      'paymentId',
      'This payment was not made through Stripe, so that it cannot be refunded there.',
    );
  else if (amount <= 0n || amount > payment.left_micros || (cents === null && input.amountMicros !== null)) {
    refusal = invalid(
      'amount',
      `Give whole cents from "0.01" to "${formatDecimal(payment.left_micros)}", which is what has not gone back yet.`,
    );
  }
  type Refunding = { paymentIntentId: string; cents: number | null };
  const answer = await askOnce<Refunding, { refundId: string }>(options, {
    accountId: payment.account_id,
    namespace: input.namespace,
    key: input.key,
    kind: 'REFUND',
    hash: hashOf('refund', input.paymentId, input.amountMicros?.toString() ?? null, input.reason),
    input: refusal ?? { paymentIntentId: intentId ?? '', cents },
    blame: 'paymentId',
    async perform(asked, once) {
      const { paymentIntentId } = asked;
      const tags = { [TAGS.account]: payment.account_id, [TAGS.request]: once };
      const own = centsOfOwn(await stripe.readIntent(paymentIntentId), asked.cents, input.amountMicros);
      // Stripe forgets a key after a day, and whoever heard nothing may ask again after three.
      const before = (await stripe.refundsOf(paymentIntentId)).find((one) => one.tags[TAGS.request] === once);
      const made = before ?? (await stripe.refund({ paymentIntentId, cents: own, tags }, once));
      await writeAuditLog(database, clock.now(), {
        actor: input.actor,
        action: 'payment.refund',
        subject: input.paymentId,
        reason: input.reason,
        detail: { refund: made.id, cents: asked.cents },
      });
      return { refundId: made.id };
    },
  });
  if (answer.status !== 'done') return answer;
  if (intentId !== null) await options.bookNow({ kind: 'intent', id: intentId });
  return { status: 'refunded', refundId: answer.result.refundId };
}

/**
 * What Stripe is to give back, in the payment's own currency; null: all that is left.
 *
 * @param cents of a dollar.
 * @param asked null: all that is left.
 */
function centsOfOwn(intent: IntentRead, cents: number | null, asked: Micros | null): number | null {
  const settled = settledMicros(intent);
  if (intent.currency === BOOKED || settled === null) return cents;
  if (asked === null) return null;
  const own = toCents(wholeCents(shareOf(asked, settled, intent.receivedMicros)));
  return own === null || own < 1 ? 1 : own;
}
