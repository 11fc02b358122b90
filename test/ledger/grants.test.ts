import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { GrantItem } from '../../server/ledger/index.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { openWorld, type World } from '../support/world.ts';

const HOUR_MS = 3_600_000;

describeOnEachDatabase('grants', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ kind });
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  const at = (hours: number) => new Date(world.clock.now().getTime() + hours * HOUR_MS);
  /** Grants by the reason they were given for: `used/reserved/expired` of each. */
  const parts = async (account: string) =>
    Object.fromEntries(
      (
        await world.rows<{ reason: string; parts: string }>(
          `SELECT reason, used || '/' || reserved || '/' || expired AS parts FROM "grant" WHERE account_id = $1`,
          [account],
        )
      ).map((row) => [row.reason, row.parts]),
    );
  const give = (account: string, credits: number, reason: string, options: Partial<GrantItem> = {}) =>
    world.grant(account, credits, { reason, ...options });
  const entries = (account: string) =>
    world.rows<{ kind: string; credits: number; available_after: number }>(
      'SELECT kind, credits, available_after FROM entry WHERE account_id = $1 ORDER BY sequence',
      [account],
    );

  it('burn in the stated order: gifts before paid ones, the soonest to expire first, free before paid, then the oldest', async () => {
    const account = await world.account();
    await give(account, 1, '8 bought', { source: 'PURCHASE', revenueMicros: 10_000n });
    await give(account, 1, '6 plan', { source: 'PLAN', revenueMicros: 10_000n, expiresAt: at(500) });
    await give(account, 1, '7 bought late but expiring', {
      source: 'PURCHASE',
      revenueMicros: 1n,
      expiresAt: at(1),
    });
    await give(account, 1, '5 paid by an admin', {
      source: 'ADMIN',
      revenueMicros: 10_000n,
      expiresAt: at(400),
    });
    await give(account, 1, '4 admin');
    await give(account, 1, '2 prize', { source: 'PRIZE', expiresAt: at(50) });
    await give(account, 1, '3 referral', { source: 'REFERRAL' });
    await give(account, 1, '1 prize that expires soon', { source: 'PRIZE', expiresAt: at(5) });
    const order: string[] = [];
    for (let call = 0; call < 8; call += 1) {
      const id = await world.reserve(account, { credits: 1 });
      const [row] = await world.rows<{ reason: string }>(
        'SELECT g.reason FROM reservation_grant rg JOIN "grant" g ON g.id = rg.grant_id WHERE rg.reservation_id = $1',
        [id],
      );
      order.push(row?.reason ?? '');
    }
    expect(order.map((reason) => reason[0]).join('')).toBe('12345678');
    await world.expectSound();
  });

  it('of one priority and expiry burn free before paid, and the older before the younger', async () => {
    const account = await world.account();
    const expiresAt = at(10);
    await give(account, 1, 'paid', { source: 'PLAN', revenueMicros: 10n, expiresAt });
    await give(account, 1, 'free', { source: 'PLAN', expiresAt });
    await give(account, 1, 'free and younger', { source: 'PLAN', expiresAt });
    const id = await world.reserve(account, { credits: 2 });
    expect(await parts(account)).toEqual({ free: '0/1/0', 'free and younger': '0/1/0', paid: '0/0/0' });
    await world.post(id, { credits: 1 });
    expect(await parts(account)).toEqual({ free: '1/0/0', 'free and younger': '0/0/0', paid: '0/0/0' });
    await world.expectSound();
  });

  it('get back exactly what was reserved of them when a reservation is voided, though others came meanwhile', async () => {
    const account = await world.account();
    await give(account, 3, 'a', { source: 'PRIZE', expiresAt: at(10) });
    await give(account, 5, 'b', { source: 'PURCHASE', revenueMicros: 50_000n });
    const first = await world.reserve(account, { credits: 4 });
    await give(account, 2, 'c', { source: 'PRIZE', expiresAt: at(1) });
    const second = await world.reserve(account, { credits: 3 });
    expect(await parts(account)).toEqual({ a: '0/3/0', b: '0/2/0', c: '0/2/0' });
    await world.void(first);
    expect(await parts(account)).toEqual({ a: '0/0/0', b: '0/1/0', c: '0/2/0' });
    await world.post(second, { credits: 3 });
    expect(await parts(account)).toEqual({ a: '0/0/0', b: '1/0/0', c: '2/0/0' });
    await world.expectSound();
  });

  it('burn in their order when less is posted than was reserved: the first grants burn, the last get back', async () => {
    const account = await world.account();
    await give(account, 3, 'a', { source: 'PRIZE' });
    await give(account, 5, 'b', { source: 'PURCHASE', revenueMicros: 50_000n });
    const id = await world.reserve(account, { credits: 6 });
    expect(await world.post(id, { credits: 4 })).toMatchObject({ creditsCharged: 4, revenueMicros: 10_000n });
    expect(await parts(account)).toEqual({ a: '3/0/0', b: '1/0/0' });
    await world.expectSound();
  });

  it('that expire lose what is free at once and what is reserved when it comes back; what is posted stays burned', async () => {
    const account = await world.account();
    await give(account, 10, 'a', { expiresAt: at(1) });
    const posted = await world.reserve(account, { credits: 3 });
    const voided = await world.reserve(account, { credits: 2 });
    world.clock.advance(2 * HOUR_MS);
    expect(await world.balance(account)).toEqual({ posted: 5, reserved: 5, available: 0 });
    expect(await parts(account)).toEqual({ a: '0/5/5' });
    expect((await world.tryReserve(account, { credits: 1 })).status).toBe('insufficient-credits');
    await world.post(posted, { credits: 2 });
    expect(await world.balance(account)).toEqual({ posted: 2, reserved: 2, available: 0 });
    await world.void(voided);
    expect(await world.balance(account)).toEqual({ posted: 0, reserved: 0, available: 0 });
    expect(await parts(account)).toEqual({ a: '2/0/8' });
    await world.expectSound();
  });

  it('that come back before they expire still expire in time, though none of them was free when it was last looked', async () => {
    const account = await world.account();
    await give(account, 1, 'b', { source: 'PRIZE', expiresAt: at(1) });
    await give(account, 4, 'a', { source: 'PRIZE', expiresAt: at(5) });
    await world.reserve(account, { credits: 1 });
    const voided = await world.reserve(account, { credits: 4 });
    world.clock.advance(2 * HOUR_MS);
    expect(await world.balance(account)).toEqual({ posted: 5, reserved: 5, available: 0 });
    expect((await world.void(voided)).balance).toMatchObject({ available: 4 });
    world.clock.advance(3 * HOUR_MS);
    expect((await world.tryReserve(account, { credits: 1 })).status).toBe('insufficient-credits');
    expect(await parts(account)).toEqual({ a: '0/0/4', b: '0/1/0' });
    await world.expectSound();
  });

  it('that have expired are not told as available when a reservation gives them back', async () => {
    const account = await world.account({ credits: 1 });
    await give(account, 10, 'a', { source: 'PRIZE', expiresAt: at(1) });
    const id = await world.reserve(account, { credits: 10 });
    world.clock.advance(2 * HOUR_MS);
    expect((await world.void(id)).balance).toEqual({ posted: 1, reserved: 0, available: 1 });
    expect((await entries(account)).slice(2)).toEqual([
      { kind: 'RESERVE', credits: -10, available_after: 1 },
      { kind: 'VOID', credits: 10, available_after: 11 },
      { kind: 'EXPIRE_GRANT', credits: -10, available_after: 1 },
    ]);
    await world.expectSound();
  });

  it('expire by the sweeper too, each once, and nobody else loses anything', async () => {
    const account = await world.account();
    await give(account, 4, 'a', { expiresAt: at(1) });
    await give(account, 4, 'b', { expiresAt: at(3) });
    const other = await world.account({ credits: 7 });
    expect(await world.ledger.expireGrants()).toBe(0);
    world.clock.advance(HOUR_MS);
    expect(await world.ledger.expireGrants()).toBe(1);
    expect(await world.ledger.expireGrants()).toBe(0);
    expect(await parts(account)).toEqual({ a: '0/0/4', b: '0/0/0' });
    world.clock.advance(9 * HOUR_MS);
    expect(await world.ledger.expireGrants()).toBe(1);
    expect(await world.balance(account)).toMatchObject({ posted: 0 });
    expect(await world.balance(other)).toMatchObject({ posted: 7 });
    await world.expectSound();
  });

  it('that expire do not come back when the clock does', async () => {
    const account = await world.account();
    await give(account, 4, 'a', { expiresAt: at(1) });
    world.clock.advance(HOUR_MS);
    expect(await world.balance(account)).toMatchObject({ available: 0 });
    world.clock.advance(-2 * HOUR_MS);
    expect(await world.balance(account)).toMatchObject({ available: 0 });
    await world.expectSound();
  });

  it('earn to the micro what they were sold for, in parts of any size, when the price does not divide', async () => {
    const account = await world.account();
    await give(account, 7, 'a', { source: 'PURCHASE', revenueMicros: 1_000_000n });
    const earned: bigint[] = [];
    for (const credits of [1, 2, 1, 3]) {
      earned.push((await world.post(await world.reserve(account, { credits }), { credits })).revenueMicros);
    }
    expect(earned).toEqual([142_857n, 285_714n, 142_857n, 428_572n]);
    expect(earned.reduce((sum, micros) => sum + micros)).toBe(1_000_000n);
    await world.expectSound();
  });

  it('earn without overflow when both credits and revenue are as large as can be', async () => {
    const account = await world.account();
    const revenueMicros = 9_000_000_000_000_000_000n;
    await give(account, 2_000_000_000, 'a', { source: 'PURCHASE', revenueMicros });
    const id = await world.reserve(account, { credits: 1_999_999_999 });
    expect((await world.post(id, { credits: 1_999_999_999 })).revenueMicros).toBe(
      (revenueMicros / 2_000_000_000n) * 1_999_999_999n,
    );
    await world.expectSound();
  });

  it('are given once under a key; a replay gives nothing and tells the balance of now', async () => {
    const account = await world.account();
    const first = await give(account, 5, 'a', { key: 'k', expiresAt: at(1) });
    expect(first).toMatchObject({ status: 'granted', balance: { posted: 5, reserved: 0, available: 5 } });
    const grantId = first.status === 'granted' ? first.grantId : '';
    expect(await give(account, 5, 'a', { key: 'k' })).toEqual({
      status: 'replay',
      grantId,
      balance: { posted: 5, reserved: 0, available: 5 },
    });
    expect(await give(account, 6, 'a', { key: 'k', inputHash: 'other' })).toEqual({ status: 'conflict' });
    world.clock.advance(HOUR_MS);
    expect(await give(account, 5, 'a', { key: 'k' })).toMatchObject({
      status: 'replay',
      balance: { available: 0 },
    });
    expect((await entries(account)).map((entry) => entry.kind)).toEqual(['GRANT', 'EXPIRE_GRANT']);
    await world.expectSound();
  });

  it('are refused when there would be more than an account can hold, and what has expired does not count', async () => {
    const account = await world.account();
    await give(account, 2_000_000_000, 'a', { expiresAt: at(1) });
    expect(await give(account, 1, 'b', { key: 'k' })).toEqual({ status: 'too-many' });
    expect(await world.balance(account)).toMatchObject({ posted: 2_000_000_000 });
    world.clock.advance(HOUR_MS);
    expect(await give(account, 1, 'b', { key: 'k' })).toMatchObject({
      status: 'granted',
      balance: { posted: 1 },
    });
    await world.expectSound();
  });

  it('of nothing or less are refused, and write no line of the audit log', async () => {
    const account = await world.account();
    await expect(give(account, 0, 'a')).rejects.toThrow('grant_parts');
    await expect(give(account, -1, 'a')).rejects.toThrow('grant_parts');
    await expect(give(account, 1, 'a', { revenueMicros: -1n })).rejects.toThrow('grant_revenue');
    expect(await world.rows('SELECT 1 FROM audit_log')).toEqual([]);
    await give(account, 1, 'a good reason', { actor: 'admin:1' });
    expect(await world.rows('SELECT actor, action, subject, reason FROM audit_log')).toEqual([
      { actor: 'admin:1', action: 'credits.grant', subject: account, reason: 'a good reason' },
    ]);
  });
});
