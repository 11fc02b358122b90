import { expect, it } from 'vitest';
import { createAccounts } from '../../server/accounts/index.ts';
import { createRewards, referring } from '../../server/rewards/index.ts';
import { createTopUps, watchBalances } from '../../server/topup/index.ts';
import { checkout, openStage, type Stage } from '../billing/stage.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { reserveItem, settleItem } from '../support/world.ts';

type Charge = Parameters<typeof createTopUps>[0]['chargeSaved'];

/** Top-ups of a stage. @param chargeSaved what charges a card. */
const topUpsOf = ({ database, clock, plans, log }: Stage, chargeSaved: Charge) => {
  const accounts = createAccounts({ database, clock, referring });
  return { accounts, topUps: createTopUps({ database, clock, log, accounts, plans, chargeSaved }) };
};

/**
 * A customer whose card was saved as the first pack was bought, and top-ups that charge it.
 *
 * @param through what stands between top-ups and billing.
 */
async function openCustomer(stage: Stage, through: (charge: Charge) => Charge = (charge) => charge) {
  const buyer = await stage.buyer({ tier: 'PAYG' });
  const session = await buyer.open({ pack: '100' }, true);
  await buyer.act((scene) => checkout.pay(scene, session));
  await buyer.hear();
  const { topUps } = topUpsOf(
    stage,
    through((item) => buyer.billing.chargeSaved(item)),
  );
  return { buyer, accountId: buyer.accountId, topUps };
}

describeOnEachDatabase('a first payment with a saved card', (kind) => {
  it('pays both sides of a referral, and from then on the card tops the account up, once each time it is low', async () => {
    await using stage = await openStage(kind);
    const { database, clock, plans, log } = stage;
    const accounts = createAccounts({ database, clock, referring });
    const catalog = { candidates: () => [], price: () => ({ status: 'unavailable', message: '' }) as const };
    const rewards = createRewards({ database, clock, catalog, priceList: 'tokens' });
    const referrer = await stage.buyer({ tier: 'PAYG' });
    const buyer = await stage.buyer({ tier: 'PAYG' });
    const { accountId } = buyer;
    const [row] = await stage.rows<{ external_id: string }>('SELECT external_id FROM account WHERE id = $1', [
      accountId,
    ]);
    await accounts.upsert({
      externalId: row?.external_id ?? '',
      referredBy: { code: await rewards.referralCode(referrer.accountId), actor: 'key:app' },
    });
    const topUps = createTopUps({
      database,
      clock,
      log,
      accounts,
      plans,
      chargeSaved: (item) => buyer.billing.chargeSaved(item),
    });

    const session = await buyer.open({ pack: '100' }, true);
    await buyer.act((scene) => checkout.pay(scene, session));
    await buyer.hear();
    expect([await buyer.balance(), await referrer.balance()]).toEqual([120, 20]);

    const item = {
      accountId,
      threshold: 50,
      isOn: true,
      pack: '500',
      dailyCapMicros: 20_000_000n,
      actor: 'account:test',
    };
    await topUps.set(item);
    const ledger = watchBalances(stage.ledger, topUps.notice);
    const call = reserveItem(accountId, clock.now(), { credits: 90 });
    await ledger.reserve(call);
    await ledger.settle(settleItem(call.id, 'POST', clock.now(), { credits: 90 }));
    await topUps.idle();
    await buyer.hear();
    await topUps.sweep();
    await topUps.idle();
    expect(await buyer.balance()).toBe(30 + 500);
    expect(await topUps.topUps(accountId, 5)).toMatchObject([
      { state: 'PAID', amountMicros: 5_000_000n, credits: 500 },
    ]);
    expect(
      await stage.rows('SELECT kind, amount_micros FROM payment WHERE account_id = $1 ORDER BY id', [
        accountId,
      ]),
    ).toEqual([
      { kind: 'PACK', amount_micros: 1_000_000n },
      { kind: 'TOP_UP', amount_micros: 5_000_000n },
    ]);
    await topUps.stop();
    await stage.expectSound();
  });

  it('buys one pack, also where Stripe took the money and cannot be asked about it for a while', async () => {
    await using stage = await openStage(kind);
    const { buyer, accountId, topUps } = await openCustomer(stage);
    buyer.stripe.fail(/GET \/v1\/payment_intents/, {
      fault: 'answer',
      status: 429,
      body: { error: { type: 'rate_limit_error', message: 'Slow down.' } },
    });
    await topUps.set({
      accountId,
      threshold: 200,
      isOn: true,
      pack: '500',
      dailyCapMicros: 20_000_000n,
      actor: 'account:test',
    });
    await topUps.idle();
    expect(await topUps.topUps(accountId, 5)).toMatchObject([{ state: 'REQUESTED' }]);
    stage.clock.advance(11 * 60_000);
    await topUps.sweep();
    await topUps.idle();
    expect(await topUps.topUps(accountId, 5)).toMatchObject([{ state: 'PAID' }]);
    expect(await buyer.balance()).toBe(100 + 500);
    expect(await buyer.act((scene) => scene.shelf.all('payment_intent'))).toHaveLength(2);
    await topUps.stop();
    await stage.expectSound();
  });

  it('is charged what the pack cost when its top-up began, for which the day had room', async () => {
    await using stage = await openStage(kind);
    let died = false;
    const { buyer, accountId, topUps } = await openCustomer(stage, (charge) => (item) => {
      if (died) return charge(item);
      died = true;
      return Promise.reject(new Error('The process is gone.'));
    });
    await topUps.set({
      accountId,
      threshold: 200,
      isOn: true,
      pack: '500',
      dailyCapMicros: 5_000_000n,
      actor: 'account:test',
    });
    await topUps.idle();
    stage.clock.advance(60_000);
    const dearer = { pack: '500', priceMicros: 9_000_000n, credits: 500, reason: 'dearer', actor: 'admin' };
    expect(await stage.plans.setPack(dearer)).toMatchObject({ status: 'changed' });
    stage.clock.advance(2 * 60_000);
    await topUps.sweep();
    await topUps.idle();
    expect(await topUps.topUps(accountId, 5)).toMatchObject([{ state: 'PAID', amountMicros: 5_000_000n }]);
    const intents = await buyer.act((scene) => scene.shelf.all('payment_intent'));
    expect(intents.map(({ amount }) => amount)).toEqual([100, 500]);
    await topUps.stop();
    await stage.expectSound();
  });

  it.each(['off', 'barred'])(
    'is not charged any more when it is %s before Stripe could be asked',
    async (now) => {
      await using stage = await openStage(kind);
      const { buyer, accountId, topUps } = await openCustomer(stage);
      buyer.stripe.fail(/GET \/v1\/payment_methods/, {
        fault: 'answer',
        status: 503,
        body: { error: { type: 'api_error', message: 'Down.' } },
      });
      const item = {
        accountId,
        threshold: 200,
        pack: '500',
        dailyCapMicros: 20_000_000n,
        actor: 'account:test',
      };
      await topUps.set({ ...item, isOn: true });
      await topUps.idle();
      expect(await topUps.topUps(accountId, 5)).toMatchObject([{ state: 'REQUESTED' }]);
      if (now === 'off') await topUps.set({ ...item, isOn: false });
      else await buyer.billing.setBarred(accountId, 'Looked into.', 'disputed', 'admin');
      stage.clock.advance(3 * 60_000);
      await topUps.sweep();
      await topUps.idle();
      expect(await topUps.topUps(accountId, 5)).toMatchObject([{ state: 'DECLINED' }]);
      expect(await buyer.act((scene) => scene.shelf.all('payment_intent'))).toHaveLength(1);
      await topUps.stop();
      await stage.expectSound();
    },
  );

  it('buys no pack that is not sold any more, and says so once', async () => {
    await using stage = await openStage(kind);
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await buyer.buy({ pack: '100' });
    await buyer.hear();
    const { topUps } = topUpsOf(stage, (item) => buyer.billing.chargeSaved(item));
    const { accountId } = buyer;
    const item = { accountId, isOn: true, pack: '500', dailyCapMicros: 5_000_000n, actor: 'account:test' };
    await topUps.set({ ...item, threshold: 50 });
    expect(await stage.plans.retirePack('500', { reason: 'dear', actor: 'admin' })).toMatchObject({
      status: 'retired',
    });
    await buyer.use(60);
    for (let round = 0; round < 3; round += 1) await topUps.sweep();
    await topUps.idle();
    expect(await topUps.topUps(accountId, 5)).toEqual([]);
    expect(stage.lines.filter((line) => JSON.stringify(line).includes('A pack is not sold'))).toHaveLength(1);
    await topUps.stop();
  });

  it('is wanting: without one auto top-up is switched off with a reason', async () => {
    await using stage = await openStage(kind);
    const { accountId, billing } = await stage.buyer({ tier: 'PAYG', credits: 10 });
    const { topUps } = topUpsOf(stage, (item) => billing.chargeSaved(item));
    await topUps.set({
      accountId,
      threshold: 50,
      isOn: true,
      pack: '500',
      dailyCapMicros: 20_000_000n,
      actor: 'account:test',
    });
    await topUps.idle();
    expect(await topUps.read(accountId)).toMatchObject({
      isOn: false,
      offReason: expect.stringContaining('no saved payment method'),
    });
    await topUps.stop();
  });
});
