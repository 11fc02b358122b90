/** Payments in another currency than that of the books. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TAGS } from '../../server/billing/gateway.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { type Buyer, openStage, priceAt, type Stage, subscriptions, till } from './stage.ts';

describeOnEachDatabase('a payment in euros', (kind) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(kind);
  });
  afterAll(async () => {
    await stage.expectSound();
    await stage.close();
  });

  /** Pays a pack with a euro, as a page of Stripe's does that shows prices in the buyer's own currency. */
  const payInEuros = async (buyer: Buyer, options: till.PayOptions, amount = 100) => {
    const pack = await stage.plans.pack('100');
    await buyer.act(async (scene) => {
      const intent = await till.openPayment(scene, {
        amount,
        currency: 'eur',
        customer: null,
        metadata: {
          [TAGS.account]: buyer.accountId,
          [TAGS.packVersion]: pack?.versionId ?? '',
          [TAGS.kind]: 'PACK',
        },
        paymentMethod: null,
      });
      await till.succeed(scene, intent.id, options);
    });
  };
  const statuses = async (buyer: Buyer) => (await buyer.hear()).map(({ status }) => status);
  const chargeOf = async (buyer: Buyer) =>
    (await buyer.act((scene) => scene.shelf.all('charge')))[0]?.id ?? '';
  const payments = (buyer: Buyer) =>
    stage.rows(
      'SELECT amount_micros, tax_micros, refunded_micros, disputed_micros, credits_taken, taken_micros FROM payment WHERE account_id = $1',
      [buyer.accountId],
    );
  const lines = async (buyer: Buyer) =>
    (
      await stage.rows<{ line: string }>(
        `SELECT kind || ' ' || sum(amount_micros) AS line FROM book_line WHERE account_id = $1 GROUP BY kind ORDER BY kind`,
        [buyer.accountId],
      )
    ).map(({ line }) => line);

  it('brings what it settles for in dollars, and takes that along when it goes back, with what the rate has cost', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await payInEuros(buyer, { settles: 108 });
    expect(await statuses(buyer)).toEqual(['done', 'done']);
    expect(await buyer.balance()).toBe(100);
    expect(await lines(buyer)).toEqual(['PAYMENT 1080000', 'FEE -330000']);
    const charge = await chargeOf(buyer);
    await buyer.act((scene) => till.refund(scene, { charge, amount: 50, settles: -55 }));
    expect(new Set(await statuses(buyer))).toEqual(new Set(['done']));
    expect(await buyer.balance()).toBe(50);
    expect(await lines(buyer)).toEqual(['PAYMENT 1080000', 'FEE -340000', 'REFUND -540000']);
    const dispute = await buyer.act((scene) => till.openDispute(scene, charge, 50, -56));
    await buyer.act((scene) => till.closeDispute(scene, dispute.id, 'lost'));
    expect(new Set(await statuses(buyer))).toEqual(new Set(['done']));
    expect(await buyer.balance()).toBe(0);
    expect(await payments(buyer)).toEqual([
      {
        amount_micros: 1_080_000n,
        tax_micros: 0n,
        refunded_micros: 540_000n,
        disputed_micros: 540_000n,
        credits_taken: 100,
        taken_micros: 1_080_000n,
      },
    ]);
  });

  it('leaves no credit when all of it has gone back in parts, whichever of them came first', async () => {
    for (const ends of ['refund', 'dispute', 'pending'] as const) {
      const buyer = await stage.buyer({ tier: 'PAYG' });
      await payInEuros(buyer, { settles: 320 }, 300);
      await buyer.hear();
      const charge = await chargeOf(buyer);
      const first = await buyer.act((scene) =>
        till.refund(scene, { charge, amount: 100, pending: ends === 'pending' }),
      );
      await buyer.hear();
      expect(await buyer.balance()).toBe(ends === 'pending' ? 100 : 67);
      stage.clock.advance(1_000);
      if (ends === 'dispute') {
        const dispute = await buyer.act((scene) => till.openDispute(scene, charge, 200));
        await buyer.act((scene) => till.closeDispute(scene, dispute.id, 'lost'));
      } else await buyer.act((scene) => till.refund(scene, { charge, amount: 200 }));
      await buyer.hear();
      if (ends === 'pending') await buyer.act((scene) => till.endRefund(scene, first.id, true));
      await buyer.hear();
      expect([ends, await buyer.balance()]).toEqual([ends, 0]);
      const [sums] = await stage.rows<{ back: bigint }>(
        'SELECT refunded_micros + disputed_micros AS back FROM payment WHERE account_id = $1',
        [buyer.accountId],
      );
      expect(sums?.back).toBe(3_200_000n);
    }
  });

  it('is refunded in euros when an operator asks for dollars: a part in proportion, and all that is left', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await payInEuros(buyer, { settles: 125 });
    await buyer.hear();
    const [payment] = await stage.rows<{ id: string }>('SELECT id FROM payment WHERE account_id = $1', [
      buyer.accountId,
    ]);
    const refund = (amountMicros: bigint | null, key: string) =>
      buyer.billing.refundPayment({
        namespace: 'api',
        key: `${key}-${kind}`,
        paymentId: payment?.id ?? '',
        amountMicros,
        reason: 'For a test',
        actor: 'key:test',
      });
    expect(await refund(500_000n, 'part')).toMatchObject({ status: 'refunded' });
    expect(await refund(null, 'rest')).toMatchObject({ status: 'refunded' });
    expect((await buyer.act((scene) => scene.shelf.all('refund'))).map(({ amount }) => amount)).toEqual([
      40, 60,
    ]);
    await buyer.hear();
    expect(await payments(buyer)).toMatchObject([{ refunded_micros: 1_250_000n, credits_taken: 100 }]);
    expect(await refund(null, 'more')).toMatchObject({ status: 'invalid', fields: [{ path: 'amount' }] });
  });

  it('that settles in euros too is kept with the reason, and nothing of it is booked', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await payInEuros(buyer, {});
    for (const outcome of await buyer.hear()) {
      expect(outcome).toMatchObject({
        status: 'kept',
        reason: expect.stringMatching(/is in eur and settles in eur/),
      });
    }
    expect([await buyer.balance(), await payments(buyer), await lines(buyer)]).toEqual([0, [], []]);
  });

  it('waits until Stripe says what it settles for', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await payInEuros(buyer, { lateFee: true });
    const [first] = await buyer.hear();
    expect(first).toMatchObject({ status: 'kept', reason: expect.stringMatching(/has not said yet/) });
    expect(await buyer.balance()).toBe(0);
    const charge = await chargeOf(buyer);
    await buyer.act((scene) => till.tellFee(scene, charge, 0, 107));
    expect(await statuses(buyer)).toEqual(['done']);
    expect([await buyer.balance(), await lines(buyer)]).toEqual([100, ['PAYMENT 1070000', 'FEE -330000']]);
    const [kept] = await stage.rows<{ id: string }>(
      "SELECT id FROM stripe_event WHERE state = 'KEPT' AND reason LIKE '%has not said yet%' LIMIT 1",
    );
    expect(await buyer.billing.processEvent(kept?.id ?? '')).toMatchObject({ status: 'done' });
    expect(await buyer.balance()).toBe(100);
  });

  it('for a plan brings all its credits, which earn what it settled for', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await buyer.open({ pack: '100' });
    const { id } = await priceAt(stage, buyer, 'creator');
    await buyer.act(async (scene) => {
      const [customer] = await scene.shelf.all('customer');
      const price = await scene.shelf.get('price', id);
      if (!price) throw new Error('The price is gone.');
      const metadata = { [TAGS.account]: buyer.accountId };
      const given = { customer: customer?.id ?? '', price: { ...price, currency: 'eur' }, metadata };
      await subscriptions.subscribe(scene, given, { settles: 972 });
    });
    expect(new Set(await statuses(buyer))).toEqual(new Set(['done']));
    expect(await buyer.balance()).toBe(910);
    expect(await payments(buyer)).toMatchObject([{ amount_micros: 9_720_000n }]);
    expect((await lines(buyer))[0]).toBe('PAYMENT 9720000');
  });
});
