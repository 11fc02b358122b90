import { expect, it } from 'vitest';
import { describeOnEachDatabase } from '../support/databases.ts';
import { DAY, openStage, till } from './stage.ts';

describeOnEachDatabase('the books', (kind) => {
  it('tell each day of a zone by itself, and their balances add up from day to day, over a change of clocks', async () => {
    await using stage = await openStage(kind);
    // New York goes back in the second night.
    stage.clock.set('2026-10-31T20:00:00Z');
    const buyer = await stage.buyer({ tier: 'PAYG', timeZone: 'America/New_York' });
    await buyer.buy({ pack: '1000' }, { lateFee: true });
    await buyer.hear();
    await buyer.use(300);
    stage.clock.advance(DAY);
    const [charge] = await buyer.act((scene) => scene.shelf.all('charge'));
    await buyer.act((scene) => till.tellFee(scene, charge?.id ?? '', 11));
    await buyer.hear();
    await buyer.use(200);
    await buyer.buy({ plan: 'creator' });
    await buyer.hear();
    stage.clock.advance(DAY);
    await buyer.act((scene) => till.refund(scene, { charge: charge?.id, amount: 600 }));
    await buyer.hear();
    stage.clock.advance(29 * DAY);
    await stage.ledger.expireGrants();

    const range = {
      from: new Date('2026-10-31T12:00:00Z'),
      to: new Date('2026-12-02T00:00:00Z'),
      zone: 'America/New_York',
    };
    const days = await buyer.billing.books(range);
    expect(days).toHaveLength(32);
    expect(days.slice(0, 3).map(({ day, startsAt }) => [day, startsAt.toISOString()])).toEqual([
      ['2026-10-31', '2026-10-31T04:00:00.000Z'],
      ['2026-11-01', '2026-11-01T04:00:00.000Z'],
      ['2026-11-02', '2026-11-02T05:00:00.000Z'],
    ]);
    const zero = {
      cashMicros: 0n,
      feesMicros: 0n,
      refundsMicros: 0n,
      disputesMicros: 0n,
      soldMicros: 0n,
      earnedMicros: 0n,
      breakageMicros: 0n,
      clawedBackMicros: 0n,
      awaitedMicros: 0n,
    };
    expect(days[0]).toMatchObject({
      ...zero,
      cashMicros: 10_000_000n,
      feesMicros: 590_000n,
      soldMicros: 10_000_000n,
      earnedMicros: 3_000_000n,
      deferredMicros: 7_000_000n,
    });
    // The fee turned out 11 cents dearer; the plan's own is $0.56. Its credits burn first, at their own price.
    expect(days[1]).toMatchObject({
      ...zero,
      cashMicros: 9_000_000n,
      feesMicros: 110_000n + 560_000n,
      soldMicros: 9_000_000n,
      earnedMicros: 2_000_000n,
      deferredMicros: 14_000_000n,
    });
    // $6 of $10 are 600 of 1000 credits, of which 500 were left.
    expect(days[2]).toMatchObject({
      ...zero,
      refundsMicros: 6_000_000n,
      clawedBackMicros: 5_000_000n,
      deferredMicros: 9_000_000n,
    });
    expect(days.find(({ breakageMicros }) => breakageMicros > 0n)).toMatchObject({
      breakageMicros: 9_000_000n,
      deferredMicros: 0n,
    });
    let before = 0n;
    for (const day of days) {
      expect(day.deferredMicros).toBe(
        before + day.soldMicros - day.earnedMicros - day.breakageMicros - day.clawedBackMicros,
      );
      before = day.deferredMicros;
    }
    // From the middle on they say the same.
    const later = await buyer.billing.books({ ...range, from: new Date('2026-11-02T12:00:00Z') });
    expect(later).toEqual(days.slice(2));
    await expect(stage.rows('UPDATE book_line SET amount_micros = 0')).rejects.toThrow(
      /written once and never changed/,
    );
    await expect(stage.rows('DELETE FROM book_line')).rejects.toThrow(/written once and never changed/);
    await stage.expectSound();
  });
});
