/**
 * Random histories of buyers: buy, renew, change plan, fail, refund, dispute, win, lose. Each is told twice: to one account in
 * order, and to another duplicated, shuffled and concurrently, to several processes. Both must come to the same.
 *
 * A failure prints its seed and path; `FC_SEED=… FC_PATH=… npm test -- test/billing/property` runs that history again.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { EventOutcome } from '../../server/billing/index.ts';
import type { Price } from '../../server/billing/sandbox/wire.ts';
import type { Deliverer } from './deliverers.ts';
import { type Buyer, checkout, DAY, priceAt, type Stage, sign, subscriptions, till } from './stage.ts';

const PACKS = ['100', '500', '1000'] as const;
const PLANS = ['creator', 'pro'] as const;
const INTERVALS = ['MONTH', 'YEAR'] as const;

type Step =
  | { readonly do: 'buy'; readonly pack: number; readonly extraFee: number; readonly lateFee: boolean }
  | { readonly do: 'buy-later'; readonly pack: number; readonly succeeds: boolean }
  | { readonly do: 'subscribe'; readonly plan: number; readonly interval: number; readonly lateFee: boolean }
  | { readonly do: 'renew'; readonly pays: boolean }
  | { readonly do: 'pay-up' }
  | { readonly do: 'change-plan'; readonly plan: number }
  | { readonly do: 'end'; readonly now: boolean }
  | { readonly do: 'refund'; readonly which: number; readonly percent: number; readonly pending: boolean }
  | { readonly do: 'end-refund'; readonly which: number; readonly succeeds: boolean }
  /** It had gone, and fails after all. */
  | { readonly do: 'undo-refund'; readonly which: number }
  | { readonly do: 'tell-fee'; readonly which: number; readonly extraFee: number }
  | { readonly do: 'dispute'; readonly which: number; readonly percent: number }
  | { readonly do: 'close-dispute'; readonly which: number; readonly won: boolean }
  /** It was lost, and is won in the end. */
  | { readonly do: 'win-appeal'; readonly which: number }
  /** Both have heard everything; then credits are used, and time goes by. */
  | { readonly do: 'rest'; readonly use: number; readonly days: number };

const which = fc.nat(5);
const extraFee = fc.constantFrom(0, 0, 3, 150);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('buy' as const),
      pack: fc.nat(2),
      extraFee,
      lateFee: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('buy-later' as const), pack: fc.nat(2), succeeds: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('subscribe' as const),
      plan: fc.nat(1),
      interval: fc.nat(1),
      lateFee: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('renew' as const), pays: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pay-up' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('change-plan' as const), plan: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), now: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('refund' as const),
      which,
      percent: fc.constantFrom(1, 33, 50, 100),
      pending: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('end-refund' as const), which, succeeds: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('undo-refund' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('win-appeal' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tell-fee' as const), which, extraFee }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('dispute' as const), which, percent: fc.constantFrom(40, 100) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('close-dispute' as const), which, won: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('rest' as const),
      use: fc.constantFrom(0, 7, 60, 400),
      days: fc.constantFrom(0, 0, 1, 16, 40),
    }),
  },
);

/** Does a step at a buyer's Stripe. What cannot be done is left out, at both buyers' alike. */
async function perform(buyer: Buyer, prices: readonly Price[], done: Step): Promise<void> {
  switch (done.do) {
    case 'buy':
      return buyer.buy({ pack: PACKS[done.pack] ?? '100' }, done);
    case 'subscribe': {
      const live = (await buyer.act((scene) => scene.shelf.all('subscription'))).some(
        ({ status }) => status !== 'canceled',
      );
      if (!live)
        await buyer.buy(
          { plan: PLANS[done.plan] ?? 'pro', interval: INTERVALS[done.interval] ?? 'MONTH' },
          done,
        );
      return;
    }
    case 'buy-later': {
      const session = await buyer.open({ pack: PACKS[done.pack] ?? '100' });
      await buyer.act((scene) => checkout.payLater(scene, session));
      await buyer.act((scene) => checkout.endPayLater(scene, session, done.succeeds));
      return;
    }
    case 'rest':
      return;
  }
  await buyer.act(async (scene) => {
    const { shelf } = scene;
    const pick = <Item>(items: readonly Item[], index: number) => items[index % Math.max(1, items.length)];
    const subscription = (await shelf.all('subscription')).find(({ status }) => status !== 'canceled');
    switch (done.do) {
      case 'renew':
        if (subscription) await subscriptions.renew(scene, subscription.id, done.pays);
        return;
      case 'pay-up': {
        const [open] = (await shelf.all('invoice')).filter(({ status }) => status === 'open');
        if (open) await subscriptions.payInvoice(scene, open.id, true);
        return;
      }
      case 'change-plan': {
        const price = prices[done.plan];
        const [item] = subscription?.items.data ?? [];
        if (
          !subscription ||
          !item ||
          !price ||
          item.price.recurring?.interval === 'year' ||
          item.price.id === price.id
        )
          return;
        const prorate = price.unit_amount > item.price.unit_amount;
        await subscriptions.changePrice(scene, subscription.id, price, {}, { prorate });
        return;
      }
      case 'end':
        if (!subscription) return;
        if (done.now) await subscriptions.cancel(scene, subscription.id);
        else await subscriptions.endWithPeriod(scene, subscription.id, true);
        return;
      case 'refund': {
        const charge = pick(await shelf.all('charge'), done.which);
        const left = charge ? charge.amount - charge.amount_refunded : 0;
        if (!charge || left === 0 || charge.disputed) return;
        const amount = Math.max(1, Math.min(left, Math.floor((charge.amount * done.percent) / 100)));
        await till.refund(scene, { charge: charge.id, amount, pending: done.pending });
        return;
      }
      case 'end-refund': {
        const refund = pick(
          (await shelf.all('refund')).filter(({ status }) => status === 'pending'),
          done.which,
        );
        if (refund) await till.endRefund(scene, refund.id, done.succeeds);
        return;
      }
      case 'undo-refund': {
        const refund = pick(
          (await shelf.all('refund')).filter(({ status }) => status === 'succeeded'),
          done.which,
        );
        if (refund) await till.endRefund(scene, refund.id, false);
        return;
      }
      case 'win-appeal': {
        const dispute = pick(
          (await shelf.all('dispute')).filter(({ status }) => status === 'lost'),
          done.which,
        );
        if (dispute) await till.closeDispute(scene, dispute.id, 'won');
        return;
      }
      case 'tell-fee': {
        const charge = pick(
          (await shelf.all('charge')).filter((each) => each.balance_transaction === null),
          done.which,
        );
        if (charge) await till.tellFee(scene, charge.id, done.extraFee);
        return;
      }
      case 'dispute': {
        const charge = pick(
          (await shelf.all('charge')).filter((each) => !each.disputed),
          done.which,
        );
        if (charge)
          await till.openDispute(
            scene,
            charge.id,
            Math.max(1, Math.floor((charge.amount * done.percent) / 100)),
          );
        return;
      }
      case 'close-dispute': {
        const dispute = pick(
          (await shelf.all('dispute')).filter(({ status }) => status === 'needs_response'),
          done.which,
        );
        if (dispute) await till.closeDispute(scene, dispute.id, done.won ? 'won' : 'lost');
      }
    }
  });
}

/** All that an account and its books come to, without ids. */
async function stateOf(stage: Stage, accountId: string): Promise<unknown> {
  const ask = (text: string) => stage.rows(text, [accountId]);
  return {
    account: await ask(
      'SELECT tier, plan_id, barred_reason IS NOT NULL AS barred, posted, reserved FROM account WHERE id = $1',
    ),
    grants: await ask(
      'SELECT source, credits, used, expired, revoked, revenue_micros FROM "grant" WHERE account_id = $1 ORDER BY 1, 2, 6, 3, 4, 5',
    ),
    credits: await ask(
      // What was taken and put back is as if it had never been taken; who heard of neither has no line of it.
      'SELECT kind, sum(posted_delta) AS credits, sum(deferred_delta_micros)::bigint AS deferred FROM entry WHERE account_id = $1 GROUP BY 1 HAVING sum(posted_delta) <> 0 ORDER BY 1',
    ),
    payments:
      await ask(`SELECT kind, amount_micros, tax_micros, plan_id, pack_id, credits, paid_at, refunded_micros, disputed_micros, credits_due,
      credits_taken, taken_micros FROM payment WHERE account_id = $1 ORDER BY paid_at, amount_micros, kind, refunded_micros, disputed_micros, credits_taken`),
    parts: await ask(
      // What was canceled of a month stands in a row for each step that was heard of. All that follows, to the micro, depends on
      // their sums alone; what has come is compared grant by grant.
      `SELECT sum(credits) AS credits, sum(revenue_micros)::bigint AS micros, due_at, grant_id IS NOT NULL AS given, canceled_at IS NOT NULL AS canceled
      FROM payment_part WHERE account_id = $1 GROUP BY payment_id, grant_id, due_at, canceled_at IS NOT NULL ORDER BY due_at, 1, 2, 4, 5`,
    ),
    books: await ask(
      `SELECT kind, at::date AS day, sum(amount_micros)::bigint AS amount FROM book_line WHERE account_id = $1 GROUP BY 1, 2 ORDER BY 1, 2`,
    ),
    subscriptions: await ask(
      'SELECT plan_id, interval, status, price_micros, current_period_end, cancel_at_period_end, ended_at FROM subscription WHERE account_id = $1 ORDER BY started_at, ended_at',
    ),
    disputes: await ask('SELECT amount_micros, status FROM dispute WHERE account_id = $1 ORDER BY 1, 2'),
    refunds: await ask(
      'SELECT r.amount_micros, r.status FROM refund r JOIN payment p ON p.id = r.payment_id WHERE p.account_id = $1 ORDER BY 1, 2',
    ),
  };
}

/** A source of chance that a seed repeats. */
function chance(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return { below: (limit: number) => Math.floor(next() * limit) };
}

/** Tells the second buyer's events as a bad network does. */
class Disorder {
  readonly #stage: Stage;
  readonly #buyer: Buyer;
  readonly #processes: readonly Deliverer[];
  readonly #chance: ReturnType<typeof chance>;
  #waiting: string[] = [];

  /** @param processes to which they are told; none: to the buyer's own room. */
  constructor(stage: Stage, buyer: Buyer, processes: readonly Deliverer[], seed: number) {
    this.#stage = stage;
    this.#buyer = buyer;
    this.#processes = processes;
    this.#chance = chance(seed);
  }

  async gather(): Promise<void> {
    for (const { body } of await this.#buyer.stripe.events()) {
      for (let copies = 1 + this.#chance.below(3); copies > 0; copies -= 1) this.#waiting.push(body);
    }
  }

  /** Delivers some, or all, in any order and several at once. */
  async deliver(all: boolean): Promise<void> {
    const drawn: string[] = [];
    const count = all ? this.#waiting.length : this.#chance.below(this.#waiting.length + 1);
    while (drawn.length < count)
      drawn.push(...this.#waiting.splice(this.#chance.below(this.#waiting.length), 1));
    while (drawn.length > 0) {
      const together = drawn.splice(0, 1 + this.#chance.below(4));
      const outcomes = await Promise.all(together.map((body) => this.#deliverOne(body)));
      for (const outcome of outcomes) expect(outcome.status, JSON.stringify(outcome)).toBe('done');
    }
  }

  #deliverOne(body: string): Promise<EventOutcome> {
    const process = this.#processes[this.#chance.below(this.#processes.length)];
    if (!process) return this.#buyer.deliver(body);
    const now = this.#stage.clock.now();
    return process.deliver({
      secretKey: this.#buyer.stripe.secretKey,
      body,
      signature: sign(body, now),
      now: now.toISOString(),
    });
  }
}

/** A day, a month and a year end while something happens. */
const NEAR_MIDNIGHT = '2026-12-31T23:59:50Z';

/** From when on a history is told: months begin that have no such day as well. */
const STARTS = [
  '2026-11-20T12:00:00Z',
  NEAR_MIDNIGHT,
  '2027-01-31T06:30:00Z',
  '2028-02-29T00:00:00Z',
] as const;

async function tell(
  stage: Stage,
  processes: readonly Deliverer[],
  {
    start,
    steps,
    order,
  }: { readonly start: string; readonly steps: readonly Step[]; readonly order: number },
): Promise<void> {
  stage.clock.set(start);
  // Which day's free credits an account gets is decided by when it is looked at; where a midnight is near, it has none.
  const tier = start === NEAR_MIDNIGHT ? 'PAYG' : 'FREE';
  const orderly = await stage.buyer({ tier });
  const disorderly = await stage.buyer({ tier });
  const both = [orderly, disorderly];
  const prices = await Promise.all(
    both.map((buyer) =>
      Promise.all(
        PLANS.map(async (plan) => {
          const { id } = await priceAt(stage, buyer, plan);
          const price = await buyer.act((scene) => scene.shelf.get('price', id));
          if (!price) throw new Error('A price that was just made is not there.');
          return price;
        }),
      ),
    ),
  );
  const disorder = new Disorder(stage, disorderly, processes, order);
  const rest = async (use: number, days: number) => {
    await disorder.gather();
    await disorder.deliver(true);
    expect(await stateOf(stage, disorderly.accountId)).toEqual(await stateOf(stage, orderly.accountId));
    for (const buyer of both)
      if (use > 0 && (await buyer.balance()) >= use && !(await buyer.account()).barred_reason)
        await buyer.use(use);
    stage.clock.advance(days * DAY);
    await stage.ledger.expireGrants();
    await orderly.billing.giveDueParts();
    await Promise.all(both.map((buyer) => buyer.balance()));
  };
  for (const done of [...steps, { do: 'rest', use: 0, days: 0 } as const]) {
    if (done.do === 'rest') {
      await rest(done.use, done.days);
      continue;
    }
    // A checkout of a plan is refused while the account has one: both must know of its end.
    if (done.do === 'subscribe') await rest(0, 0);
    await perform(orderly, prices[0] ?? [], done);
    for (const outcome of await orderly.hear()) expect(outcome.status, JSON.stringify(outcome)).toBe('done');
    // While things happen at Stripe, what has happened before is still being told: a reading may be old when it is booked.
    await Promise.all([perform(disorderly, prices[1] ?? [], done), disorder.deliver(false)]);
    await disorder.gather();
    // Bank transfers and the like must not come at one and the same second.
    stage.clock.advance(1_000);
  }
  expect(await stage.rows("SELECT id, reason FROM stripe_event WHERE state <> 'DONE'")).toEqual([]);
}

const history = fc.record({
  start: fc.constantFrom(...STARTS),
  steps: fc.array(step, { minLength: 3, maxLength: 14 }),
  /** Decides how the second account hears of it. */
  order: fc.nat(),
});

/** After so many histories the books are audited. */
const AUDIT_EVERY = 25;

/**
 * Tells so many histories, audits the books from time to time and at the end, and says what was told.
 *
 * @param processes to which the second account's events are told; none: to a room in this one.
 */
export async function checkHistories(
  stage: Stage,
  processes: readonly Deliverer[],
  given: { readonly runs: number; readonly seed: number; readonly path?: string | undefined },
): Promise<{ readonly histories: number; readonly steps: number }> {
  const told = { histories: 0, steps: 0 };
  await fc.assert(
    fc.asyncProperty(history, async (one) => {
      await tell(stage, processes, one);
      told.histories += 1;
      told.steps += one.steps.length;
      if (told.histories % AUDIT_EVERY === 0) await stage.expectSound();
    }),
    {
      numRuns: given.runs,
      endOnFailure: process.env.FC_SHRINK !== 'on',
      seed: given.seed,
      ...(given.path === undefined ? {} : { path: given.path }),
    },
  );
  await stage.expectSound();
  return told;
}
