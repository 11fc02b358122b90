import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../support/databases.ts';
import { until } from '../support/server.ts';
import { checkout, DAY, openStage, type Stage, subscriptions, till } from './stage.ts';

const books = `SELECT kind, sum(amount_micros)::bigint AS amount FROM book_line WHERE account_id = $1 GROUP BY kind ORDER BY kind`;

describeOnEachDatabase('money that arrives', (kind) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(kind);
  });
  afterAll(async () => {
    await stage.expectSound();
    await stage.close();
  });
  const sums = async (accountId: string) =>
    Object.fromEntries(
      (await stage.rows<{ kind: string; amount: bigint }>(books, [accountId])).map((row) => [
        row.kind,
        row.amount,
      ]),
    );

  it('becomes the credits of its pack, makes FREE into PAYG, and stands in the books with its real fee', async () => {
    const buyer = await stage.buyer();
    await buyer.buy({ pack: '100' }, { extraFee: 2 });
    expect(await buyer.hear()).toEqual(Array(3).fill({ status: 'done', accountId: buyer.accountId }));
    const [grant] = await stage.rows(
      'SELECT source, credits, revenue_micros, expires_at FROM "grant" WHERE account_id = $1 AND source <> $2',
      [buyer.accountId, 'DAILY_FREE'],
    );
    expect(grant).toEqual({ source: 'PURCHASE', credits: 100, revenue_micros: 1_000_000n, expires_at: null });
    expect((await buyer.account()).tier).toBe('PAYG');
    expect(await sums(buyer.accountId)).toEqual({ PAYMENT: 1_000_000n, FEE: -350_000n });
  });

  it('is booked with an estimated fee until Stripe tells the real one, and then both add up to it', async () => {
    const buyer = await stage.buyer();
    await buyer.buy({ pack: '100' }, { lateFee: true });
    await buyer.hear();
    expect(await sums(buyer.accountId)).toEqual({ PAYMENT: 1_000_000n, FEE: -329_000n });
    await buyer.act(async (scene) => {
      const [charge] = await scene.shelf.all('charge');
      await till.tellFee(scene, charge?.id ?? '', 5);
    });
    await buyer.hear();
    expect(await sums(buyer.accountId)).toEqual({ PAYMENT: 1_000_000n, FEE: -380_000n });
    expect(await stage.rows('SELECT 1 FROM book_line WHERE account_id = $1', [buyer.accountId])).toHaveLength(
      3,
    );
  });

  it('of a payment that takes days counts when it is there, and not when the checkout is complete', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    const session = await buyer.open({ pack: '100' });
    await buyer.act((scene) => checkout.payLater(scene, session));
    await buyer.hear();
    expect(await buyer.balance()).toBe(0);
    await buyer.act((scene) => checkout.endPayLater(scene, session, true));
    await buyer.hear();
    expect(await buyer.balance()).toBe(100);

    const other = await buyer.open({ pack: '100' });
    await buyer.act((scene) => checkout.payLater(scene, other));
    await buyer.act((scene) => checkout.endPayLater(scene, other, false));
    expect((await buyer.hear()).every(({ status }) => status === 'done')).toBe(true);
    expect(await buyer.balance()).toBe(100);
  });

  it('brings credits that burn in the order in which it was paid, whichever purchase is heard of first', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await buyer.buy({ pack: '100' });
    const first = await buyer.stripe.events();
    stage.clock.advance(1_000);
    await buyer.buy({ pack: '500' });
    await buyer.hear();
    for (const { body } of first) await buyer.deliver(body);
    await buyer.use(7);
    expect(
      await stage.rows(
        'SELECT credits, used, effective_at < created_at AS late FROM "grant" WHERE account_id = $1 ORDER BY id',
        [buyer.accountId],
      ),
    ).toEqual([
      { credits: 500, used: 0, late: false },
      { credits: 100, used: 7, late: true },
    ]);
    stage.clock.advance(-1_000);
  });

  it('of a plan brings its credits until the period ends, and tier and plan follow the subscription', async () => {
    const buyer = await stage.buyer();
    await buyer.buy({ plan: 'creator' });
    await buyer.hear();
    expect(await buyer.account()).toMatchObject({ tier: 'CREATOR', plan_id: 'tokens-creator' });
    const [grant] = await stage.rows(
      `SELECT credits, revenue_micros, expires_at FROM "grant" WHERE account_id = $1 AND source = 'PLAN'`,
      [buyer.accountId],
    );
    expect(grant).toEqual({
      credits: 910,
      revenue_micros: 9_000_000n,
      expires_at: new Date('2026-12-20T12:00:00Z'),
    });

    const [subscription] = await buyer.act((scene) => scene.shelf.all('subscription'));
    await buyer.act((scene) => subscriptions.renew(scene, subscription?.id ?? '', false));
    await buyer.hear();
    expect(
      await stage.rows('SELECT status FROM subscription WHERE account_id = $1', [buyer.accountId]),
    ).toEqual([{ status: 'past_due' }]);
    expect(await buyer.account()).toMatchObject({ tier: 'CREATOR' });
    const ended = await buyer.billing.cancelSubscription({
      namespace: 'api',
      key: 'end',
      accountId: buyer.accountId,
      when: 'NOW',
    });
    expect(ended.status).toBe('changed');
    expect(await buyer.account()).toMatchObject({ tier: 'PAYG', plan_id: null });
    await buyer.hear();
    expect(await stage.rows('SELECT 1 FROM payment WHERE account_id = $1', [buyer.accountId])).toHaveLength(
      1,
    );
  });

  it('of a year brings a month of credits each month, and all of its revenue by the last', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    const start = stage.clock.now();
    await buyer.buy({ plan: 'creator', interval: 'YEAR' });
    await buyer.hear();
    expect(await buyer.balance()).toBe(910);
    const day = async () =>
      (await buyer.billing.books({ from: start, to: new Date(start.getTime() + 1) }))[0];
    expect((await day())?.awaitedMicros).toBe(95_333_334n);
    for (let month = 1; month < 12; month += 1) {
      stage.clock.set(
        `${month === 1 ? 2026 : 2027}-${String(((10 + month) % 12) + 1).padStart(2, '0')}-20T12:00:00Z`,
      );
      await buyer.billing.giveDueParts();
      await buyer.billing.giveDueParts();
      // The month before has expired, unused.
      expect(await buyer.balance()).toBe(910);
    }
    const [all] = await stage.rows<{ credits: bigint; revenue: bigint }>(
      `SELECT sum(credits) AS credits, sum(revenue_micros)::bigint AS revenue FROM "grant" WHERE account_id = $1`,
      [buyer.accountId],
    );
    expect(all).toEqual({ credits: 10_920n, revenue: 104_000_000n });
    stage.clock.set(start.toISOString());
  });

  it('of a dearer plan in mid-period brings as many credits as the difference buys; a cheaper one begins with the next period', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await buyer.buy({ plan: 'creator' });
    await buyer.hear();
    stage.clock.advance(15 * DAY);
    const changed = await buyer.billing.changePlan({
      namespace: 'api',
      key: `up-${kind}`,
      accountId: buyer.accountId,
      plan: 'pro',
      interval: 'MONTH',
    });
    expect(changed.status).toBe('changed');
    await buyer.hear();
    expect(await buyer.account()).toMatchObject({ tier: 'PRO', plan_id: 'tokens-pro' });
    const [difference] = await stage.rows<{ amount_micros: bigint; credits: number }>(
      `SELECT amount_micros, credits FROM payment WHERE account_id = $1 AND plan_id = 'tokens-pro'`,
      [buyer.accountId],
    );
    // Half of $19.99 less half of $9, to the cent.
    expect(difference).toEqual({ amount_micros: 5_500_000n, credits: 544 });

    const back = await buyer.billing.changePlan({
      namespace: 'api',
      key: `down-${kind}`,
      accountId: buyer.accountId,
      plan: 'creator',
      interval: 'MONTH',
    });
    expect(back.status).toBe('changed');
    await buyer.hear();
    expect(await stage.rows('SELECT 1 FROM payment WHERE account_id = $1', [buyer.accountId])).toHaveLength(
      2,
    );
    expect(
      await buyer.billing.changePlan({
        namespace: 'api',
        key: `same-${kind}`,
        accountId: buyer.accountId,
        plan: 'creator',
        interval: 'MONTH',
      }),
    ).toMatchObject({ status: 'invalid' });
    stage.clock.advance(-15 * DAY);
  });

  it.each([1, 2])('of a plan ends once when %i answers to its end are lost', async (lost) => {
    const buyer = await stage.buyer();
    await buyer.buy({ plan: 'creator' });
    await buyer.hear();
    buyer.stripe.fail(/DELETE \/v1\/subscriptions/, ...Array(lost).fill({ fault: 'reset' }));
    const end = () =>
      buyer.billing.cancelSubscription({
        namespace: 'api',
        key: `lost-${lost}-${kind}`,
        accountId: buyer.accountId,
        when: 'NOW',
      });
    // A connection that was closed is tried once more by the SDK itself.
    expect((await end()).status).toBe(lost === 1 ? 'changed' : 'unavailable');
    expect((await end()).status).toBe('changed');
    expect(await buyer.account()).toMatchObject({ tier: 'PAYG', plan_id: null });
  });

  it('of a plan brings its credits also where somebody has added a dozen dearer things to its invoice', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await buyer.buy({ plan: 'creator' });
    await buyer.hear();
    await buyer.act(async (scene) => {
      const [subscription] = await scene.shelf.all('subscription');
      const [price] = await scene.shelf.all('price');
      if (!subscription || !price) throw new Error('Nothing was subscribed to.');
      await subscriptions.renew(scene, subscription.id, true);
      const invoice = (await scene.shelf.all('invoice')).at(-1);
      const [line] = invoice?.lines.data ?? [];
      if (!invoice || !line) throw new Error('Nothing was renewed.');
      await scene.shelf.put({ ...price, id: 'price_by_hand', lookup_key: null, metadata: {} });
      const byHand = Array.from({ length: 12 }, (_, at) => ({
        ...line,
        id: `il_by_hand_${at}`,
        amount: 1_000,
        pricing: { ...line.pricing, price_details: { price: 'price_by_hand', product: 'prod_by_hand' } },
      }));
      const total = invoice.total + 12_000;
      await scene.shelf.put({
        ...invoice,
        ...{ total, subtotal: total, total_excluding_tax: total, amount_due: total, amount_paid: total },
        lines: { ...invoice.lines, data: [...byHand, line] },
      });
    });
    expect(new Set((await buyer.hear()).map(({ status }) => status))).toEqual(new Set(['done']));
    expect(
      await stage.rows('SELECT amount_micros, credits FROM payment WHERE account_id = $1 ORDER BY id', [
        buyer.accountId,
      ]),
    ).toEqual([
      { amount_micros: 9_000_000n, credits: 910 },
      { amount_micros: 129_000_000n, credits: 910 },
    ]);
  });

  it('of a plan is kept where its invoice is not understood, and the subscription ends all the same', async () => {
    const buyer = await stage.buyer();
    await buyer.buy({ plan: 'creator' });
    await buyer.hear();
    await buyer.act(async (scene) => {
      const [subscription] = await scene.shelf.all('subscription');
      const [invoice] = await scene.shelf.all('invoice');
      if (!subscription || !invoice) throw new Error('Nothing was subscribed to.');
      // A bill that somebody has made by hand at Stripe is the latest of its subscription.
      const manual = { ...invoice, id: 'in_by_hand', billing_reason: 'manual' as never };
      await scene.shelf.put(manual);
      await scene.shelf.put({ ...subscription, latest_invoice: manual.id });
      await subscriptions.cancel(scene, subscription.id);
    });
    expect(await buyer.hear()).toEqual([
      { status: 'kept', reason: expect.stringContaining('a reason that is not known: manual') },
    ]);
    expect(await buyer.account()).toMatchObject({ tier: 'PAYG', plan_id: null });
    expect(
      await stage.rows('SELECT status FROM subscription WHERE account_id = $1', [buyer.accountId]),
    ).toEqual([{ status: 'canceled' }]);
    expect(await buyer.balance()).toBe(910 + 10);
    await buyer.buy({ plan: 'creator' });
  });

  it('of a plan to which somebody has added another item at Stripe brings its credits, and its end is seen', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await buyer.buy({ plan: 'creator' });
    await buyer.hear();
    await buyer.act(async (scene) => {
      const [subscription] = await scene.shelf.all('subscription');
      const [item] = subscription?.items.data ?? [];
      if (!subscription || !item) throw new Error('Nothing was subscribed to.');
      await subscriptions.renew(scene, subscription.id, true);
      const byHand = { ...item.price, id: 'price_by_hand', lookup_key: null, metadata: {} };
      await scene.shelf.put(byHand);
      const renewed = await scene.shelf.get('subscription', subscription.id);
      const data = [{ ...item, id: 'si_by_hand', price: byHand }, ...(renewed?.items.data ?? [])];
      await scene.shelf.put({ ...(renewed ?? subscription), items: { ...subscription.items, data } });
    });
    expect(new Set((await buyer.hear()).map(({ status }) => status))).toEqual(new Set(['done']));
    expect(await stage.rows('SELECT 1 FROM payment WHERE account_id = $1', [buyer.accountId])).toHaveLength(
      2,
    );
    await buyer.act(async (scene) => {
      const [subscription] = await scene.shelf.all('subscription');
      await subscriptions.cancel(scene, subscription?.id ?? '');
    });
    await buyer.hear();
    expect(await buyer.account()).toMatchObject({ tier: 'PAYG', plan_id: null });
  });

  it('of a plan whose price somebody has changed at Stripe is kept, and the subscription ends all the same', async () => {
    const buyer = await stage.buyer();
    await buyer.buy({ plan: 'creator' });
    await buyer.hear();
    await buyer.act(async (scene) => {
      const [subscription] = await scene.shelf.all('subscription');
      const [price] = await scene.shelf.all('price');
      if (!subscription || !price) throw new Error('Nothing was subscribed to.');
      const friendly = { ...price, id: 'price_for_a_friend', lookup_key: null, metadata: {} };
      await scene.shelf.put(friendly);
      await subscriptions.changePrice(scene, subscription.id, friendly, {}, { prorate: false });
      await subscriptions.cancel(scene, subscription.id);
      // What was paid for the plan that it had goes back.
      const [charge] = await scene.shelf.all('charge');
      await till.refund(scene, { charge: charge?.id });
    });
    for (const outcome of await buyer.hear())
      expect(outcome).toEqual({ status: 'kept', reason: expect.stringContaining('no plan of this site') });
    expect(await buyer.account()).toMatchObject({ tier: 'PAYG', plan_id: null });
    expect(await buyer.balance()).toBe(10);
  });

  it('pays both sides of a referral at the first payment, once', async () => {
    const friend = await stage.buyer({ tier: 'PAYG' });
    const referrer = await stage.buyer({ tier: 'PAYG' });
    await stage.rows('INSERT INTO referral (account_id, referrer_id, created_at) VALUES ($1, $2, now())', [
      friend.accountId,
      referrer.accountId,
    ]);
    await friend.buy({ pack: '100' });
    await friend.buy({ pack: '100' });
    await friend.hear();
    expect([await friend.balance(), await referrer.balance()]).toEqual([220, 20]);
  });

  it('pays no side of a referral for an invoice of nothing, and both at the first payment after it', async () => {
    const friend = await stage.buyer({ tier: 'PAYG' });
    const referrer = await stage.buyer({ tier: 'PAYG' });
    await stage.rows('INSERT INTO referral (account_id, referrer_id, created_at) VALUES ($1, $2, now())', [
      friend.accountId,
      referrer.accountId,
    ]);
    const session = await friend.open({ plan: 'creator' });
    await friend.act(async (scene) => {
      const [customer] = await scene.shelf.all('customer');
      if (!customer) throw new Error('There is no customer.');
      // As much as the plan costs, as by a coupon of 100 %.
      await scene.shelf.put({ ...customer, balance: -900 });
      await checkout.pay(scene, session);
    });
    await friend.hear();
    expect([await friend.balance(), await referrer.balance()]).toEqual([910, 0]);
    await friend.buy({ pack: '100' });
    await friend.hear();
    expect([await friend.balance(), await referrer.balance()]).toEqual([1_030, 20]);
  });
});

describeOnEachDatabase('money that goes back', (kind) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(kind);
  });
  afterAll(async () => {
    await stage.expectSound();
    await stage.close();
  });

  const payment = async (accountId: string) => {
    const [row] = await stage.rows<Record<string, unknown> & { id: string }>(
      'SELECT id, refunded_micros, disputed_micros, credits_due, credits_taken, taken_micros FROM payment WHERE account_id = $1',
      [accountId],
    );
    return row;
  };
  const lines = (accountId: string) =>
    stage
      .rows<{ kind: string; amount: bigint }>(books, [accountId])
      .then((rows) => Object.fromEntries(rows.map((row) => [row.kind, row.amount])));

  it('takes what is left of its credits in proportion, and what was used is lost', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await buyer.buy({ pack: '100' });
    await buyer.hear();
    await buyer.use(70);
    const id = (await payment(buyer.accountId))?.id ?? '';
    const refund = (amountMicros: bigint | null, key: string) =>
      buyer.billing.refundPayment({
        namespace: 'api',
        key: `${key}-${kind}`,
        paymentId: id,
        amountMicros,
        reason: 'For a test',
        actor: 'key:test',
      });
    expect(await refund(200_000n, 'a')).toMatchObject({ status: 'refunded' });
    expect(await buyer.balance()).toBe(10);
    expect(await refund(200_000n, 'a')).toMatchObject({ status: 'refunded' });
    expect(await refund(null, 'b')).toMatchObject({ status: 'refunded' });
    expect(await refund(null, 'c')).toMatchObject({ status: 'invalid', fields: [{ path: 'amount' }] });
    expect(await refund(5_000n, 'd')).toMatchObject({ status: 'invalid', fields: [{ path: 'amount' }] });
    await buyer.hear();
    expect(await buyer.balance()).toBe(0);
    expect(await payment(buyer.accountId)).toMatchObject({
      refunded_micros: 1_000_000n,
      credits_due: 100,
      credits_taken: 30,
      taken_micros: 300_000n,
    });
    expect(await lines(buyer.accountId)).toEqual({
      PAYMENT: 1_000_000n,
      FEE: -330_000n,
      REFUND: -1_000_000n,
    });
    expect(buyer.stripe.requests.filter((line) => line === 'POST /v1/refunds')).toHaveLength(2);
  });

  it('goes once under a key, also when nobody heard of it and the key is used again days later', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await buyer.buy({ pack: '100' });
    await buyer.hear();
    const id = (await payment(buyer.accountId))?.id ?? '';
    const refund = () =>
      buyer.billing.refundPayment({
        namespace: 'api',
        key: `unheard-${kind}`,
        paymentId: id,
        amountMicros: 300_000n,
        reason: 'For a test',
        actor: 'key:test',
      });
    buyer.stripe.fail(/POST \/v1\/refunds/, { fault: 'reset' }, { fault: 'reset' });
    expect(await refund()).toMatchObject({ status: 'unavailable' });
    await buyer.stripe.forgetKeys();
    const again = await refund();
    const [made, ...others] = await buyer.act((scene) => scene.shelf.all('refund'));
    expect([again, others]).toEqual([{ status: 'refunded', refundId: made?.id }, []]);
    await buyer.hear();
    expect(await payment(buyer.accountId)).toMatchObject({ refunded_micros: 300_000n, credits_taken: 30 });
  });

  it('by a refund that takes days takes nothing before it has gone, and gives nothing when it fails', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await buyer.buy({ pack: '100' });
    await buyer.act(async (scene) => {
      const [charge] = await scene.shelf.all('charge');
      const made = await till.refund(scene, { charge: charge?.id, amount: 50, pending: true });
      await till.endRefund(scene, made.id, false);
    });
    await buyer.hear();
    expect(await buyer.balance()).toBe(100);
    // It had left Stripe's account all the same, and came again.
    expect((await lines(buyer.accountId)).REFUND).toBe(0n);
  });

  it('and comes again after all gives back what had been taken, and no more', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await buyer.buy({ pack: '100' });
    await buyer.hear();
    await buyer.use(30);
    const refund = await buyer.act(async (scene) => {
      const [charge] = await scene.shelf.all('charge');
      return till.refund(scene, { charge: charge?.id });
    });
    await buyer.hear();
    expect(await buyer.balance()).toBe(0);
    await buyer.act((scene) => till.endRefund(scene, refund.id, false));
    await buyer.hear();
    expect(await buyer.balance()).toBe(70);
    expect(await payment(buyer.accountId)).toMatchObject({
      refunded_micros: 0n,
      credits_due: 0,
      credits_taken: 0,
      taken_micros: 0n,
    });
    expect((await lines(buyer.accountId)).REFUND).toBe(0n);
  });

  it('by a dispute bars the account while it is open; won, it is as before; lost, the credits go', async () => {
    const [winner, loser, spared] = [
      await stage.buyer({ tier: 'PAYG' }),
      await stage.buyer({ tier: 'PAYG' }),
      await stage.buyer({ tier: 'PAYG', barDisputed: false }),
    ];
    for (const buyer of [winner, loser, spared]) {
      await buyer.buy({ pack: '100' });
      await buyer.act(async (scene) => {
        const [charge] = await scene.shelf.all('charge');
        await till.openDispute(scene, charge?.id ?? '');
      });
      await buyer.hear();
      expect(await buyer.balance()).toBe(100);
      expect(await lines(buyer.accountId)).toMatchObject({ DISPUTE: -1_000_000n, DISPUTE_FEE: -15_000_000n });
    }
    expect((await winner.account()).barred_reason).toMatch(/^A payment of this account is disputed \(du_/);
    expect((await spared.account()).barred_reason).toBeNull();
    const close = (buyer: typeof winner, status: 'won' | 'lost') =>
      buyer.act(async (scene) => {
        const [dispute] = await scene.shelf.all('dispute');
        await till.closeDispute(scene, dispute?.id ?? '', status);
      });
    await close(winner, 'won');
    await close(loser, 'lost');
    await winner.hear();
    await loser.hear();
    expect([await winner.balance(), (await winner.account()).barred_reason]).toEqual([100, null]);
    expect((await lines(winner.accountId)).DISPUTE).toBe(0n);
    expect(await loser.balance()).toBe(0);
    expect((await loser.account()).barred_reason).toMatch(/disputed/);
    // An operator may lift it, and the same event again does not bring it back.
    await loser.billing.setBarred(loser.accountId, null, 'They paid us otherwise.', 'admin:test');
    await loser.act(async (scene) => {
      const [dispute] = await scene.shelf.all('dispute');
      await scene.emit('charge.dispute.updated', dispute);
    });
    await loser.hear();
    expect((await loser.account()).barred_reason).toBeNull();
  });

  it('for a year takes the months to come first', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await buyer.buy({ plan: 'creator', interval: 'YEAR' });
    await buyer.hear();
    const [charge] = await buyer.act((scene) => scene.shelf.all('charge'));
    await buyer.act((scene) => till.refund(scene, { charge: charge?.id, amount: 5_000 }));
    await buyer.hear();
    expect(await buyer.balance()).toBe(910);
    const parts = await stage.rows<{ credits: bigint; revenue: bigint; gone: boolean }>(
      'SELECT sum(credits) AS credits, sum(revenue_micros)::bigint AS revenue, canceled_at IS NOT NULL AS gone FROM payment_part WHERE account_id = $1 GROUP BY 3 ORDER BY 3',
      [buyer.accountId],
    );
    expect(parts.reduce((sum, part) => sum + part.revenue, 0n)).toBe(104_000_000n);
    expect(parts[1]?.credits).toBe(5_250n);
    await buyer.act((scene) => till.refund(scene, { charge: charge?.id }));
    await buyer.hear();
    expect(await buyer.balance()).toBe(0);
    expect(await payment(buyer.accountId)).toMatchObject({
      credits_due: 10_920,
      credits_taken: 10_920,
      taken_micros: 104_000_000n,
    });
  });
});

describeOnEachDatabase('a reading that is old when it is booked', (kind) => {
  it('overwrites nothing that a newer one has said, of a subscription and of a payment', async () => {
    await using stage = await openStage(kind);
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await buyer.buy({ plan: 'creator' });
    await buyer.hear();
    const [subscription] = await buyer.act((scene) => scene.shelf.all('subscription'));
    const [charge] = await buyer.act((scene) => scene.shelf.all('charge'));
    /** Lets an event be read before something happens, and booked after what happened has been. */
    const overtaken = async (
      event: string,
      object: unknown,
      asks: RegExp,
      happens: () => Promise<unknown>,
    ) => {
      const gate = Promise.withResolvers<void>();
      await buyer.act((scene) => scene.emit(event, object));
      const [old] = await buyer.stripe.events();
      const before = buyer.stripe.requests.filter((line) => asks.test(line)).length;
      buyer.stripe.fail(asks, { fault: 'hold', until: gate.promise });
      const late = buyer.deliver(old?.body ?? '');
      await until(
        'the old state has been read',
        () => buyer.stripe.requests.filter((line) => asks.test(line)).length > before,
      );
      await happens();
      expect((await buyer.hear()).every(({ status }) => status === 'done')).toBe(true);
      gate.resolve();
      expect((await late).status).toBe('done');
    };
    await overtaken('customer.subscription.updated', subscription, /GET \/v1\/subscriptions/, () =>
      buyer.act((scene) => subscriptions.cancel(scene, subscription?.id ?? '')),
    );
    expect(await stage.rows('SELECT status FROM subscription')).toEqual([{ status: 'canceled' }]);
    expect(await buyer.account()).toMatchObject({ tier: 'PAYG', plan_id: null });
    await overtaken('charge.updated', charge, /GET \/v1\/disputes/, () =>
      buyer.act(async (scene) => {
        const dispute = await till.openDispute(scene, charge?.id ?? '');
        await till.closeDispute(scene, dispute.id, 'lost');
      }),
    );
    expect(await stage.rows('SELECT status FROM dispute')).toEqual([{ status: 'lost' }]);
    expect(await buyer.balance()).toBe(0);
    await overtaken('charge.updated', charge, /GET \/v1\/refunds/, () => Promise.resolve());
    await stage.expectSound();
  });
});
