/** Money of the past: plans and packs bought at the sandbox's till, given back, and disputed. */
import type { PackOffer, PlanInterval } from '../plans/index.ts';
import type { Rooms } from './rooms.ts';

/** What is bought. */
export type Purchase =
  | { readonly pack: string }
  | { readonly planId: string; readonly interval: PlanInterval };

/** The shop. */
export class Shop {
  readonly #rooms: Rooms;
  #number = 0;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  #key(): { namespace: string; key: string } {
    this.#number += 1;
    return { namespace: 'api', key: `demo-shop-${this.#number}` };
  }

  /** Packs that are sold now, the smallest first. */
  packs(): Promise<PackOffer[]> {
    return this.#rooms.plans.packs(this.#rooms.clock.now());
  }

  /** Opens a page to pay at, and pays. */
  async buy(accountId: string, what: Purchase): Promise<void> {
    const { billing, till } = this.#rooms;
    const answer = await billing.createCheckout({
      ...this.#key(),
      accountId,
      plan: 'planId' in what ? what.planId : null,
      interval: 'planId' in what ? what.interval : 'MONTH',
      pack: 'pack' in what ? what.pack : null,
      successUrl: 'https://shop.example/thanks',
      cancelUrl: 'https://shop.example/cart',
      savePaymentMethod: false,
    });
    if (answer.status !== 'opened') throw new Error(`No page to pay at: ${JSON.stringify(answer)}`);
    await till.press(new URL(answer.checkout.url).pathname, 'action=pay');
  }

  /** Ends a plan at once. */
  async leave(accountId: string): Promise<void> {
    const { billing, till } = this.#rooms;
    await billing.cancelSubscription({ ...this.#key(), accountId, when: 'NOW' });
    await till.deliver();
  }

  /** Pays the newest payment of an account back, or half of it. */
  async refund(accountId: string, half: boolean, reason: string, actor: string): Promise<void> {
    const { billing, till, database } = this.#rooms;
    const payment = await database.prisma.payment.findFirst({
      where: { accountId },
      orderBy: { paidAt: 'desc' },
    });
    if (!payment) return;
    await billing.refundPayment({
      ...this.#key(),
      paymentId: payment.id,
      amountMicros: half ? (payment.amountMicros / 20_000n) * 10_000n : null,
      reason,
      actor,
    });
    await till.deliver();
  }

  /** Lets the bank of an account dispute its newest payment. Gives the dispute's id; null when it never paid. */
  async dispute(accountId: string): Promise<string | null> {
    const { database, till } = this.#rooms;
    const payment = await database.prisma.payment.findFirst({
      where: { accountId },
      orderBy: { paidAt: 'desc' },
    });
    const charge =
      payment && (await database.prisma.paymentCharge.findFirst({ where: { paymentId: payment.id } }));
    return charge ? till.dispute(charge.id) : null;
  }
}
