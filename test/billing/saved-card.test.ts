/** A saved card, charged with nobody present: once, and told of truly. */
import { expect, it } from 'vitest';
import { describeOnEachDatabase } from '../support/databases.ts';
import { checkout, openStage } from './stage.ts';

describeOnEachDatabase('a saved card', (kind) => {
  it('is charged once under a key, told of when it is declined, and asked for when it is missing', async () => {
    await using stage = await openStage(kind);
    const buyer = await stage.buyer({ tier: 'PAYG' });
    const charge = (key: string, packId = 'tokens-100') =>
      buyer.billing.chargeSaved({ accountId: buyer.accountId, packId, key });
    expect(await charge('a')).toEqual({ status: 'no-payment-method' });
    const session = await buyer.open({ pack: '100' }, true);
    await buyer.act((scene) => checkout.pay(scene, session));
    await buyer.hear();
    expect(await charge('a')).toEqual({ status: 'paid' });
    expect(await charge('a')).toEqual({ status: 'paid' });
    expect(await buyer.balance()).toBe(200);
    await buyer.hear();
    expect(await buyer.balance()).toBe(200);
    expect(
      await stage.rows('SELECT kind FROM payment WHERE account_id = $1 ORDER BY id', [buyer.accountId]),
    ).toEqual([{ kind: 'PACK' }, { kind: 'TOP_UP' }]);

    const [customer] = await buyer.act((scene) => scene.shelf.all('customer'));
    buyer.stripe.declining.add(customer?.id ?? '');
    const declined = {
      status: 'declined',
      reason: 'The bank declined the payment.',
      code: 'insufficient_funds',
    };
    expect(await charge('b')).toEqual(declined);
    expect(await charge('b')).toEqual(declined);
    buyer.stripe.declining.clear();
    buyer.stripe.fail(/POST \/v1\/payment_intents/, {
      fault: 'answer',
      status: 500,
      body: { error: { type: 'api_error', message: 'sk_live_secret' } },
    });
    expect(await charge('c')).toEqual({ status: 'unavailable' });
    // A request that differs is no decline either: what the key was first used for may have been paid.
    buyer.stripe.fail(/POST \/v1\/payment_intents/, {
      fault: 'answer',
      status: 400,
      body: { error: { type: 'idempotency_error', message: 'Keys for idempotent requests …' } },
    });
    expect(await charge('c')).toEqual({ status: 'unavailable' });
    // The first was done and its answer lost: the same key finds it.
    buyer.stripe.fail(/POST \/v1\/payment_intents/, { fault: 'reset' }, { fault: 'reset' });
    expect(await charge('c')).toEqual({ status: 'unavailable' });
    expect(await charge('c')).toEqual({ status: 'paid' });
    expect(await buyer.balance()).toBe(300);
    await stage.expectSound();
  });
});

describeOnEachDatabase('a Stripe that does what it is asked and never answers', (kind) => {
  it('is given up in time, and has charged once when it is asked again under the same key', async () => {
    await using stage = await openStage(kind);
    const buyer = await stage.buyer({ tier: 'PAYG', timeoutMs: 2_500 });
    const session = await buyer.open({ pack: '100' }, true);
    await buyer.act((scene) => checkout.pay(scene, session));
    await buyer.hear();
    buyer.stripe.fail(/POST \/v1\/payment_intents/, { fault: 'hang' });
    const charge = () =>
      buyer.billing.chargeSaved({ accountId: buyer.accountId, packId: '100', key: 'unheard' });
    expect(await charge()).toEqual({ status: 'unavailable' });
    expect(await charge()).toEqual({ status: 'paid' });
    await buyer.hear();
    expect(await buyer.balance()).toBe(200);
    expect(await buyer.act((scene) => scene.shelf.all('payment_intent'))).toHaveLength(2);
    await stage.expectSound();
  });
});

describeOnEachDatabase('a charge whose fee Stripe takes in another currency', (kind) => {
  it('is paid once its credits are there, though an operator has to look at its fee', async () => {
    await using stage = await openStage(kind);
    const buyer = await stage.buyer({ tier: 'PAYG' });
    const session = await buyer.open({ pack: '100' }, true);
    await buyer.act((scene) => checkout.pay(scene, session));
    await buyer.hear();
    const charge = () =>
      buyer.billing.chargeSaved({ accountId: buyer.accountId, packId: '100', key: 'abroad' });
    buyer.stripe.fail(/POST \/v1\/payment_intents/, { fault: 'reset' }, { fault: 'reset' });
    expect(await charge()).toEqual({ status: 'unavailable' });
    await buyer.act(async (scene) => {
      const line = (await scene.shelf.all('balance_transaction')).at(-1);
      if (!line) throw new Error('Nothing was charged.');
      await scene.shelf.put({ ...line, currency: 'eur', amount: 92, fee: 32, net: 60 });
    });
    expect(await charge()).toEqual({ status: 'paid' });
    expect(await buyer.balance()).toBe(200);
    expect((await buyer.hear()).map(({ status }) => status)).toContain('kept');
    await stage.expectSound();
  });
});

describeOnEachDatabase('another card that is saved before a charge is asked after', (kind) => {
  it('is left alone: the first one may have been charged, and was', async () => {
    await using stage = await openStage(kind);
    const buyer = await stage.buyer({ tier: 'PAYG' });
    const session = await buyer.open({ pack: '100' }, true);
    await buyer.act((scene) => checkout.pay(scene, session));
    await buyer.hear();
    buyer.stripe.fail(/POST \/v1\/payment_intents/, { fault: 'reset' }, { fault: 'reset' });
    const charge = () =>
      buyer.billing.chargeSaved({ accountId: buyer.accountId, packId: '100', key: 'cards' });
    expect(await charge()).toEqual({ status: 'unavailable' });
    await buyer.act(async (scene) => {
      const [card] = await scene.shelf.all('payment_method');
      if (!card) throw new Error('No card was saved.');
      await scene.shelf.put({ ...card, id: 'pm_saved_later', created: card.created + 1 });
    });
    expect(await charge()).toEqual({ status: 'paid' });
    await buyer.hear();
    expect(await buyer.balance()).toBe(200);
    expect(await buyer.act((scene) => scene.shelf.all('payment_intent'))).toHaveLength(2);
    await stage.expectSound();
  });
});
