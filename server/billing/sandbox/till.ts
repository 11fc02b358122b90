/** Money of the sandbox's Stripe: payments, their charges, refunds and disputes, and the account that they pass through. */
import { change, makeId, missing, need, refused, type Scene } from './scene.ts';
import type { BalanceTransaction, Charge, Dispute, Metadata, PaymentIntent, Refund } from './wire.ts';

/** How a payment goes. */
export interface PayOptions {
  /** More than the usual fee, in cents: a card from abroad. */
  readonly extraFee?: number;
  /** True: what it cost is told later, by `charge.updated`. */
  readonly lateFee?: boolean;
  /** Of a payment in another currency: what of it settles in dollars, in cents. */
  readonly settles?: number | undefined;
}

/** 2.9 % and 30 cents, in cents. */
export function feeOf(amount: number): number {
  return Math.round(amount * 0.029) + 30;
}

/** What a dispute costs, in cents, whoever wins it. */
const DISPUTE_FEE = 1_500;

async function enter(
  scene: Scene,
  given: Pick<
    BalanceTransaction,
    'amount' | 'fee' | 'currency' | 'source' | 'type' | 'reporting_category'
  > & {
    /** In cents of a dollar, where `amount` is in another currency. */
    readonly settles?: number | undefined;
  },
): Promise<BalanceTransaction> {
  const { settles, ...line } = given;
  const settled =
    settles === undefined
      ? line
      : { ...line, currency: 'usd', amount: settles, fee: line.fee === 0 ? 0 : feeOf(settles) };
  const transaction: BalanceTransaction = {
    id: makeId('txn'),
    object: 'balance_transaction',
    created: scene.now,
    exchange_rate: settles === undefined ? null : settles / line.amount,
    net: settled.amount - settled.fee,
    status: 'pending',
    ...settled,
  };
  await scene.shelf.put(transaction);
  return transaction;
}

/** Begins a payment. */
export async function openPayment(
  scene: Scene,
  given: {
    readonly amount: number;
    readonly currency: string;
    readonly customer: string | null;
    readonly metadata: Metadata;
    readonly paymentMethod: string | null;
    readonly status?: PaymentIntent['status'];
  },
): Promise<PaymentIntent> {
  const intent: PaymentIntent = {
    id: makeId('pi'),
    object: 'payment_intent',
    created: scene.now,
    livemode: false,
    amount: given.amount,
    amount_received: 0,
    currency: given.currency,
    customer: given.customer,
    latest_charge: null,
    metadata: given.metadata,
    payment_method: given.paymentMethod,
    status: given.status ?? 'requires_payment_method',
    last_payment_error: null,
  };
  await scene.shelf.put(intent);
  return intent;
}

/** Takes the money of a payment. */
export async function succeed(
  scene: Scene,
  intentId: string,
  options: PayOptions = {},
): Promise<PaymentIntent> {
  const intent = await need(scene, 'payment_intent', intentId);
  const chargeId = makeId('ch');
  const transaction = options.lateFee ? null : await enterCharge(scene, chargeId, intent, options);
  const charge: Charge = {
    id: chargeId,
    object: 'charge',
    created: scene.now,
    livemode: false,
    amount: intent.amount,
    amount_captured: intent.amount,
    amount_refunded: 0,
    balance_transaction: transaction?.id ?? null,
    currency: intent.currency,
    customer: intent.customer,
    disputed: false,
    paid: true,
    payment_intent: intent.id,
    refunded: false,
    status: 'succeeded',
  };
  await scene.shelf.put(charge);
  const paid = await change(scene, 'payment_intent', intent.id, {
    status: 'succeeded',
    amount_received: intent.amount,
    latest_charge: charge.id,
    last_payment_error: null,
  });
  await scene.emit('charge.succeeded', charge);
  await scene.emit('payment_intent.succeeded', paid);
  return paid;
}

function enterCharge(
  scene: Scene,
  chargeId: string,
  payment: { readonly amount: number; readonly currency: string },
  options: PayOptions,
): Promise<BalanceTransaction> {
  return enter(scene, {
    amount: payment.amount,
    fee: feeOf(payment.amount) + (options.extraFee ?? 0),
    currency: payment.currency,
    source: chargeId,
    type: 'charge',
    reporting_category: 'charge',
    settles: options.settles,
  });
}

/** Says what a charge cost, where that was left open. */
export async function tellFee(scene: Scene, chargeId: string, extraFee = 0, settles?: number): Promise<void> {
  const charge = await need(scene, 'charge', chargeId);
  if (charge.balance_transaction !== null) return;
  const transaction = await enterCharge(scene, chargeId, charge, { extraFee, settles });
  await scene.emit(
    'charge.updated',
    await change(scene, 'charge', chargeId, { balance_transaction: transaction.id }),
  );
}

/** A payment that the bank declines. */
export async function fail(scene: Scene, intentId: string): Promise<PaymentIntent> {
  const failed = await change(scene, 'payment_intent', intentId, {
    status: 'requires_payment_method',
    last_payment_error: { code: 'card_declined', message: 'Your card was declined.' },
  });
  await scene.emit('payment_intent.payment_failed', failed);
  return failed;
}

/** Gives money of a payment back. */
export async function refund(
  scene: Scene,
  given: {
    readonly paymentIntent?: string | undefined;
    readonly charge?: string | undefined;
    /** In cents; left out: all that is left. */
    readonly amount?: number | undefined;
    readonly metadata?: Metadata;
    readonly reason?: string | null;
    /** True: it takes some days, and may come to nothing. */
    readonly pending?: boolean;
    /** Of a payment in another currency: what goes in dollars, in cents; below zero. */
    readonly settles?: number;
  },
): Promise<Refund> {
  const chargeId =
    given.charge ?? (await need(scene, 'payment_intent', given.paymentIntent ?? '')).latest_charge;
  if (!chargeId) throw refused('This PaymentIntent has no charge to refund.', { code: 'charge_not_found' });
  const charge = await need(scene, 'charge', chargeId);
  const left = charge.amount - charge.amount_refunded;
  if (left === 0) {
    throw refused(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' });
  }
  const amount = given.amount ?? left;
  if (amount > left || amount < 1) {
    throw refused('Refund amount is greater than unrefunded amount on charge.', {
      code: 'amount_too_large',
      param: 'amount',
    });
  }
  const id = makeId('re');
  const made: Refund = {
    id,
    object: 'refund',
    created: scene.now,
    amount,
    balance_transaction: (
      await enterRefund(
        scene,
        id,
        -amount,
        charge.currency,
        given.settles ?? (await settlesAsPaid(scene, charge, -amount)),
      )
    ).id,
    charge: charge.id,
    currency: charge.currency,
    failure_balance_transaction: null,
    metadata: given.metadata ?? {},
    payment_intent: charge.payment_intent,
    reason: given.reason ?? null,
    status: given.pending ? 'pending' : 'succeeded',
  };
  await scene.shelf.put(made);
  await scene.emit('refund.created', made);
  const refunded = charge.amount_refunded + amount;
  await scene.emit(
    'charge.refunded',
    await change(scene, 'charge', charge.id, {
      amount_refunded: refunded,
      refunded: refunded === charge.amount,
    }),
  );
  return made;
}

/** What an amount settles for in dollars at the rate at which a charge did; undefined when that settled in its own currency. */
async function settlesAsPaid(scene: Scene, charge: Charge, amount: number): Promise<number | undefined> {
  const paid = charge.balance_transaction
    ? await scene.shelf.get('balance_transaction', charge.balance_transaction)
    : null;
  return !paid || paid.currency === charge.currency
    ? undefined
    : Math.round((amount * paid.amount) / charge.amount);
}

function enterRefund(scene: Scene, source: string, amount: number, currency: string, settles?: number) {
  const kind = { type: 'refund', reporting_category: 'refund' };
  return enter(scene, { amount, fee: 0, currency, source, settles, ...kind });
}

/** Brings a refund that takes some days to its end. */
export async function endRefund(scene: Scene, refundId: string, succeeded: boolean): Promise<void> {
  const made = await need(scene, 'refund', refundId);
  if (made.status === 'failed') return;
  if (succeeded) {
    await scene.emit('refund.updated', await change(scene, 'refund', refundId, { status: 'succeeded' }));
    return;
  }
  const charge = await need(scene, 'charge', made.charge);
  const settles = await settlesAsPaid(scene, charge, made.amount);
  const back = await enterRefund(scene, refundId, made.amount, made.currency, settles);
  await change(scene, 'charge', charge.id, {
    amount_refunded: charge.amount_refunded - made.amount,
    refunded: false,
  });
  await scene.emit(
    'refund.failed',
    await change(scene, 'refund', refundId, { status: 'failed', failure_balance_transaction: back.id }),
  );
}

/** The owner of a card says that a payment was none of his: the bank takes the money back until it is decided. */
export async function openDispute(
  scene: Scene,
  chargeId: string,
  amount?: number,
  settles?: number,
): Promise<Dispute> {
  const charge = await need(scene, 'charge', chargeId);
  const id = makeId('du');
  const taken = amount ?? charge.amount;
  const transaction = await enter(scene, {
    amount: -taken,
    fee: DISPUTE_FEE,
    currency: charge.currency,
    source: id,
    type: 'adjustment',
    reporting_category: 'dispute',
    settles: settles ?? (await settlesAsPaid(scene, charge, -taken)),
  });
  const dispute: Dispute = {
    id,
    object: 'dispute',
    created: scene.now,
    livemode: false,
    amount: taken,
    balance_transactions: [transaction],
    charge: charge.id,
    currency: charge.currency,
    metadata: {},
    payment_intent: charge.payment_intent,
    reason: 'fraudulent',
    status: 'needs_response',
  };
  await scene.shelf.put(dispute);
  await change(scene, 'charge', charge.id, { disputed: true });
  await scene.emit('charge.dispute.created', dispute);
  await scene.emit('charge.dispute.funds_withdrawn', dispute);
  return dispute;
}

/** Decides a dispute. What was taken comes back when it is won. */
export async function closeDispute(scene: Scene, disputeId: string, status: 'won' | 'lost'): Promise<void> {
  const dispute = await need(scene, 'dispute', disputeId);
  if (dispute.status === status) return;
  const won = status === 'won';
  const back = won
    ? await enter(scene, {
        amount: dispute.amount,
        fee: 0,
        currency: dispute.currency,
        source: disputeId,
        type: 'adjustment',
        reporting_category: 'dispute_reversal',
      })
    : null;
  const closed = await change(scene, 'dispute', disputeId, {
    status,
    balance_transactions: back ? [...dispute.balance_transactions, back] : dispute.balance_transactions,
  });
  await scene.emit('charge.dispute.closed', closed);
  if (won) await scene.emit('charge.dispute.funds_reinstated', closed);
}

/** A saved card of a customer; made when there is none. */
export async function saveCard(scene: Scene, customerId: string): Promise<string> {
  const customer = await scene.shelf.get('customer', customerId);
  if (!customer) throw missing('customer', customerId, 'customer');
  const [saved] = await scene.shelf.all('payment_method', { customer: customerId });
  if (saved) return saved.id;
  const id = makeId('pm');
  await scene.shelf.put({
    id,
    object: 'payment_method',
    created: scene.now,
    livemode: false,
    type: 'card',
    customer: customerId,
    card: { brand: 'visa', last4: '4242' },
  });
  return id;
}
