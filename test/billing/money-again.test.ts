/** Money that goes back, and money that comes again: what is left of the credits, and when. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../support/databases.ts';
import { type Buyer, DAY, NOON, openStage, type Stage, till } from './stage.ts';

describeOnEachDatabase('credits', (kind) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(kind);
  });
  afterAll(async () => {
    await stage.expectSound();
    await stage.close();
  });

  const chargeOf = async (buyer: Buyer) =>
    (await buyer.act((scene) => scene.shelf.all('charge')))[0]?.id ?? '';
  /** All that is left and comes, and when it ends. */
  const held = async (buyer: Buyer) => ({
    balance: await buyer.balance(),
    grants: await stage.rows(
      `SELECT credits - used - expired - revoked AS left, revoked, expires_at FROM "grant" WHERE account_id = $1 ORDER BY id`,
      [buyer.accountId],
    ),
    parts: await stage.rows(
      'SELECT credits, revenue_micros, due_at, expires_at, taken, canceled_at FROM payment_part WHERE account_id = $1 ORDER BY due_at, id',
      [buyer.accountId],
    ),
    taken: await stage.rows(
      'SELECT credits_due, credits_taken, taken_micros FROM payment WHERE account_id = $1',
      [buyer.accountId],
    ),
  });

  /** What comes and what was canceled of each month, in however many rows. */
  const shares = (buyer: Buyer) =>
    stage.rows(
      `SELECT due_at, canceled_at IS NULL AS comes, sum(credits) AS credits, sum(revenue_micros)::bigint AS micros
      FROM payment_part WHERE account_id = $1 GROUP BY 1, 2 ORDER BY 1, 2`,
      [buyer.accountId],
    );

  it('of a year that was lost to a dispute are where they were when it is won on appeal, month by month', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await buyer.buy({ plan: 'creator', interval: 'YEAR' });
    await buyer.hear();
    await buyer.use(10);
    const before = await held(buyer);
    const charge = await chargeOf(buyer);
    const dispute = await buyer.act((scene) => till.openDispute(scene, charge));
    await buyer.act((scene) => till.closeDispute(scene, dispute.id, 'lost'));
    await buyer.hear();
    expect(await held(buyer)).toMatchObject({
      balance: 0,
      taken: [{ credits_due: 10_920, credits_taken: 10_910 }],
    });
    await buyer.act((scene) => till.closeDispute(scene, dispute.id, 'won'));
    await buyer.hear();
    expect(await held(buyer)).toEqual(before);
    expect((await buyer.account()).barred_reason).toBeNull();
    stage.clock.set('2026-12-20T12:00:00Z');
    await buyer.billing.giveDueParts();
    expect(await buyer.balance()).toBe(910);
    stage.clock.set(NOON);
  });

  it('that refunds take in many steps come to the same as in one, forth and back', async () => {
    const [steps, once] = [await stage.buyer({ tier: 'PAYG' }), await stage.buyer({ tier: 'PAYG' })];
    for (const buyer of [steps, once]) {
      await buyer.buy({ plan: 'creator', interval: 'YEAR' });
      await buyer.hear();
    }
    const before = await shares(steps);
    const charges = [await chargeOf(steps), await chargeOf(once)];
    const refunds: string[] = [];
    for (const amount of [7, 1_111, 23, 1_999]) {
      const made = await steps.act((scene) => till.refund(scene, { charge: charges[0], amount }));
      refunds.push(made.id);
      await steps.hear();
    }
    await once.act((scene) => till.refund(scene, { charge: charges[1], amount: 7 + 1_111 + 23 + 1_999 }));
    await once.hear();
    expect(await shares(steps)).toEqual(await shares(once));
    for (const id of refunds) {
      await steps.act((scene) => till.endRefund(scene, id, false));
      await steps.hear();
    }
    expect(await shares(steps)).toEqual(before);
    expect(await held(steps)).toMatchObject({
      taken: [{ credits_due: 0, credits_taken: 0, taken_micros: 0n }],
    });
  });

  it('of a month that refunds took in one or in two earn the same, to the micro, when a part of them comes again', async () => {
    /** The ninth month, of which refunds take a part: the three after it have 5,940 credits. */
    const NINTH = '2027-07-20T12:00:00.000Z';
    for (const { cents, undone, waits, canceled, given } of [
      // 1,900 of the 1,980, then all, then 80: what was taken last is not what was taken of this month last.
      {
        cents: [7_788, 5_980],
        undone: 0,
        given: false,
        waits: { credits: 1_900n, micros: 18_872_055n },
        canceled: { credits: 80n, micros: 794_612n },
      },
      // 300, then 559; the rest has come when it is 300 again.
      {
        cents: [6_198, 258],
        undone: 1,
        given: true,
        waits: { credits: 1_680n, micros: 16_686_870n },
        canceled: { credits: 300n, micros: 2_979_797n },
      },
    ]) {
      const [two, one] = [await stage.buyer({ tier: 'PAYG' }), await stage.buyer({ tier: 'PAYG' })];
      for (const buyer of [two, one]) {
        await buyer.buy({ plan: 'pro', interval: 'YEAR' });
        await buyer.hear();
        const charge = await chargeOf(buyer);
        const refunds: string[] = [];
        for (const amount of cents) {
          refunds.push((await buyer.act((scene) => till.refund(scene, { charge, amount }))).id);
          if (buyer === two) await buyer.hear();
        }
        await buyer.hear();
        if (given) {
          stage.clock.set(NINTH);
          await buyer.billing.giveDueParts();
        }
        await buyer.act((scene) => till.endRefund(scene, refunds[undone] ?? '', false));
        await buyer.hear();
        stage.clock.set(NOON);
      }
      expect(await shares(two)).toEqual(await shares(one));
      expect((await held(two)).taken).toEqual((await held(one)).taken);
      expect((await shares(two)).filter(({ due_at }) => (due_at as Date).toISOString() === NINTH)).toEqual([
        { due_at: new Date(NINTH), comes: false, ...canceled },
        { due_at: new Date(NINTH), comes: true, ...waits },
      ]);
    }
  });

  it('that would have had their end while they were withheld come again without one', async () => {
    const buyer = await stage.buyer({ tier: 'PAYG' });
    await buyer.buy({ plan: 'creator' });
    await buyer.hear();
    await buyer.use(10);
    const charge = await chargeOf(buyer);
    const dispute = await buyer.act((scene) => till.openDispute(scene, charge));
    await buyer.act((scene) => till.closeDispute(scene, dispute.id, 'lost'));
    await buyer.hear();
    expect(await buyer.balance()).toBe(0);
    stage.clock.advance(40 * DAY);
    await buyer.act((scene) => till.closeDispute(scene, dispute.id, 'won'));
    await buyer.hear();
    expect(await buyer.balance()).toBe(900);
    stage.clock.advance(400 * DAY);
    await stage.ledger.expireGrants();
    expect(await buyer.balance()).toBe(900);
    stage.clock.set(NOON);
  });

  it('of a plan are taken as far as they are left, whether it rolls over or not; what was used or has expired is lost', async () => {
    for (const [plan, left] of [
      ['creator', 0],
      ['pro', 1_980 - 50],
    ] as const) {
      const buyer = await stage.buyer({ tier: 'PAYG' });
      await buyer.buy({ plan });
      await buyer.hear();
      await buyer.use(50);
      stage.clock.advance(40 * DAY);
      await stage.ledger.expireGrants();
      expect(await buyer.balance()).toBe(left);
      // Those that another purchase brought stay.
      await buyer.buy({ pack: '100' });
      await buyer.hear();
      const [charge] = await buyer.act((scene) => scene.shelf.all('charge'));
      await buyer.act((scene) => till.refund(scene, { charge: charge?.id }));
      await buyer.hear();
      expect(await buyer.balance()).toBe(100);
      const [payment] = await stage.rows<{
        amount_micros: bigint;
        taken_micros: bigint;
        credits_taken: number;
      }>(
        `SELECT amount_micros, taken_micros, credits_taken FROM payment WHERE account_id = $1 AND kind = 'PLAN'`,
        [buyer.accountId],
      );
      expect(payment?.credits_taken).toBe(left);
      expect((payment?.taken_micros ?? 0n) < (payment?.amount_micros ?? 0n)).toBe(true);
      stage.clock.set(NOON);
    }
  });
});
