/**
 * Brings the books to what Stripe says of a payment or a subscription, in the caller's transaction. Everything here is done
 * once by an id of Stripe's, and what it comes to depends on the state that was read and not on how often or in which order
 * it was read.
 */
import type { Sql } from '../database/index.ts';
import { newId } from '../ids.ts';
import type { GrantSource } from '../ledger/index.ts';
import type { Micros } from '../money.ts';
import { usualFee } from '../plans/index.ts';
import { BOOKED, shareOf } from './currency.ts';
import type { BalanceRead, DisputeRead, RefundRead } from './gateway.ts';
import { type Booking, grantPart } from './grants.ts';
import { giveBack, takeFor } from './money-back.ts';
import type { MoneyRead, PaymentRead, Reading } from './read.ts';
import * as statements from './statements/index.ts';

/** A dispute that is over and took nothing. All others are open, or lost. */
const HARMLESS = ['won', 'warning_closed', 'prevented'] as const;
/** What a bar by a dispute begins with, by which it is told from others. */
const BARRED = 'A payment of this account is disputed';

/**
 * Books what was read.
 *
 * @returns why something of it could not be booked; null when all is.
 */
export async function book(booking: Booking, reading: Reading & { found: true }): Promise<string | null> {
  const { sql, now, observation } = booking;
  const { payment, subscription } = reading;
  const accountId = payment?.accountId ?? subscription?.accountId;
  if (accountId === undefined) return null;
  if (!(await statements.lockAccount(sql, accountId))) return `There is no account ${accountId}.`;
  const note = payment ? await bookPayment(booking, payment) : null;
  if (subscription) await statements.upsertSubscription(sql, now, observation, subscription);
  await statements.followSubscriptions(sql, now, accountId);
  return note ?? reading.problem;
}

async function bookPayment(booking: Booking, payment: PaymentRead): Promise<string | null> {
  const { sql, now, observation } = booking;
  const known = await statements.findPayment(sql, payment);
  if (known && known.observation >= observation) return null;
  if (!known && !(await grantParts(booking, payment))) {
    return `The account ${payment.accountId} can hold no more credits: this payment has to be refunded.`;
  }
  const row = known ?? (await statements.findPayment(sql, payment));
  if (!row) throw new Error('A payment that was just kept is not there.');
  const gross = row.amount_micros + row.tax_micros;
  /** The part of an amount that is no tax. */
  const net = (amount: Micros) => shareOf(amount, gross, row.amount_micros);

  const lines: statements.BookLine[] = [
    { kind: 'PAYMENT', amountMicros: row.amount_micros, at: payment.paidAt, source: `payment:${row.id}` },
  ];
  const foreign: string[] = [];
  const refunds = payment.money.flatMap((money) => money.refunds);
  const disputes = payment.money.flatMap((money) => money.disputes);
  for (const money of payment.money) lines.push(...(await feeLines(sql, row.id, money, foreign)));
  const booked = await statements.bookedSources(sql, row.id);
  for (const refund of refunds) lines.push(...refundLines(refund, net, booked, now, foreign));
  for (const dispute of disputes) lines.push(...disputeLines(dispute, net, foreign));
  await statements.insertLines(
    sql,
    now,
    { accountId: row.account_id, paymentId: row.id, planId: row.plan_id },
    lines,
  );

  await statements.upsertRefunds(sql, row.id, refunds);
  const changed = await statements.upsertDisputes(sql, row.id, row.account_id, disputes);
  if (changed.length > 0 && booking.barDisputed) await followDisputes(booking, row.account_id);

  const refundedMicros = sum(refunds.filter(({ status }) => status === 'succeeded'));
  const disputedMicros = sum(disputes.filter(({ status }) => status === 'lost'));
  const back = refundedMicros + disputedMicros;
  const creditsDue =
    back >= gross && gross > 0n ? row.credits : Number(shareOf(back, gross, BigInt(row.credits)));
  const change =
    creditsDue >= row.credits_due
      ? await takeFor(booking, row, creditsDue - row.credits_due)
      : await giveBack(booking, row, creditsDue);
  await statements.updatePayment(sql, row.id, {
    refundedMicros: refundedMicros > gross ? gross : refundedMicros,
    disputedMicros,
    creditsDue,
    creditsTaken: row.credits_taken + change.credits,
    takenMicros: row.taken_micros + change.micros,
    observation,
  });
  return foreign.length > 0
    ? `What Stripe took is not in ${BOOKED} and could not be booked: ${foreign.join(', ')}.`
    : null;
}

const sum = (amounts: readonly { readonly amountMicros: Micros }[]): Micros =>
  amounts.reduce((total, { amountMicros }) => total + amountMicros, 0n);

const SOURCE: Record<PaymentRead['kind'], GrantSource> = {
  PLAN: 'PLAN',
  PACK: 'PURCHASE',
  TOP_UP: 'PURCHASE',
};

/** Gives the first part of what a payment buys, and keeps the rest for its time. False when the account is full. */
async function grantParts({ sql, now }: Booking, payment: PaymentRead): Promise<boolean> {
  const id = newId();
  const [first, ...later] = payment.parts;
  if (!first) throw new Error('A payment buys nothing.');
  const grantId = await grantPart(sql, now, {
    accountId: payment.accountId,
    key: `payment:${payment.invoiceId ?? payment.paymentIntentId}`,
    source: SOURCE[payment.kind],
    reason: payment.plan ? `The plan ${payment.plan.name}` : `The pack ${payment.pack?.name ?? ''}`,
    ...first,
  });
  if (grantId === null) return false;
  const credits = payment.parts.reduce((total, part) => total + part.credits, 0);
  await statements.insertPayment(sql, now, { id, payment, grantId, credits });
  const of = { paymentId: id, accountId: payment.accountId };
  await statements.insertPart(sql, now, { id: newId(), ...of, ...first, grantId });
  for (const part of later)
    await statements.insertPart(sql, now, { id: newId(), ...of, ...part, grantId: null });
  // An invoice of nothing, by a coupon or a trial, is no payment that a friend's word has brought.
  if (payment.amountMicros > 0n) await statements.rewardFirstPayment(sql, now, payment.accountId);
  return true;
}

/** What the charge cost: an estimate until Stripe says, then what makes the sum of both the true fee. */
async function feeLines(
  sql: Sql,
  paymentId: string,
  { intent }: MoneyRead,
  foreign: string[],
): Promise<statements.BookLine[]> {
  const { charge } = intent;
  if (!charge) return [];
  const known = await statements.findCharge(sql, charge.id);
  if (known && known.fee_micros !== null) return [];
  const usable = charge.balance?.currency === BOOKED ? charge.balance : null;
  if (charge.balance && !usable) foreign.push(charge.balance.id);
  const estimate = known ? known.estimate_micros : usable ? null : usualFee(charge.amountMicros);
  await statements.upsertCharge(sql, {
    id: charge.id,
    paymentId,
    paymentIntentId: intent.id,
    amountMicros: charge.amountMicros,
    estimateMicros: estimate,
    feeMicros: usable?.feeMicros ?? null,
  });
  const lines: statements.BookLine[] = [];
  if (!known && estimate !== null && estimate > 0n) {
    lines.push({ kind: 'FEE', amountMicros: -estimate, at: charge.at, source: `fee-estimate:${charge.id}` });
  }
  const rest = usable ? usable.feeMicros - (estimate ?? 0n) : 0n;
  if (usable && rest !== 0n) {
    lines.push({ kind: 'FEE', amountMicros: -rest, at: usable.at, source: `charge-fee:${usable.id}` });
  }
  return lines;
}

function refundLines(
  refund: RefundRead,
  net: (amount: Micros) => Micros,
  booked: ReadonlySet<string>,
  now: Date,
  foreign: string[],
): statements.BookLine[] {
  const source = `refund:${refund.id}`;
  const amountMicros = net(refund.amountMicros);
  const went: statements.BookLine[] = [
    { kind: 'REFUND', amountMicros: -amountMicros, at: refund.at, source },
    ...otherFee(refund.balance, 'FEE', foreign),
    ...exchangeLine(refund.balance, -refund.amountMicros),
  ];
  if (refund.status === 'succeeded') return went;
  const undone = { kind: 'REFUND' as const, amountMicros, source: `${source}:undone` };
  // It had left Stripe's account, and has come again: both, whoever looked before.
  if (refund.returned) {
    const exchange = exchangeLine(refund.returned, refund.amountMicros);
    return [...went, { ...undone, at: refund.returned.at }, ...exchange];
  }
  return booked.has(source) ? [{ ...undone, at: now }] : [];
}

/** What money of another currency that goes back took more, or less, than it had brought: the rate has changed. */
function exchangeLine(balance: BalanceRead | null, toldMicros: Micros): statements.BookLine[] {
  if (balance?.currency !== BOOKED || balance.amountMicros === toldMicros) return [];
  const amountMicros = balance.amountMicros - toldMicros;
  return [{ kind: 'FEE', amountMicros, at: balance.at, source: `exchange:${balance.id}` }];
}

function disputeLines(
  dispute: DisputeRead,
  net: (amount: Micros) => Micros,
  foreign: string[],
): statements.BookLine[] {
  return dispute.balances.flatMap((balance): statements.BookLine[] => {
    const fee = otherFee(balance, 'DISPUTE_FEE', foreign);
    if (balance.currency !== BOOKED || balance.amountMicros === 0n) return fee;
    return [
      {
        kind: 'DISPUTE',
        amountMicros: net(balance.amountMicros),
        at: balance.at,
        source: `dispute:${balance.id}`,
      },
      ...fee,
    ];
  });
}

/** What Stripe took for giving money back or having it disputed, or gave back of that. */
function otherFee(
  balance: BalanceRead | null,
  kind: 'FEE' | 'DISPUTE_FEE',
  foreign: string[],
): statements.BookLine[] {
  if (!balance) return [];
  if (balance.currency !== BOOKED) {
    foreign.push(balance.id);
    return [];
  }
  if (balance.feeMicros === 0n) return [];
  return [{ kind, amountMicros: -balance.feeMicros, at: balance.at, source: `fee:${balance.id}` }];
}

/** Bars an account while a dispute of it is open or lost, and no longer. A bar that somebody else set stays. */
async function followDisputes({ sql, now }: Booking, accountId: string): Promise<void> {
  const account = await statements.lockAccount(sql, accountId);
  const dispute = await statements.barringDispute(sql, accountId, HARMLESS);
  const present = account?.barred_reason ?? null;
  if (dispute !== null && present === null) {
    await statements.setBarred(sql, now, accountId, `${BARRED} (${dispute}).`);
  } else if (dispute === null && present?.startsWith(BARRED)) {
    await statements.setBarred(sql, now, accountId, null);
  }
}
