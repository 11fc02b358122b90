import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newId } from '../../server/ids.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { openWorld, type World } from '../support/world.ts';

const HOUR_MS = 3_600_000;

describeOnEachDatabase('what credits have yet to earn', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ kind });
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  /** Gives credits and says which grant they are. */
  const give = async (
    account: string,
    credits: number,
    revenueMicros: bigint,
    expiresAt: Date | null = null,
  ) => {
    const granted = await world.grant(account, credits, { source: 'PURCHASE', revenueMicros, expiresAt });
    if (granted.status !== 'granted') throw new Error(`Not granted: ${granted.status}`);
    return granted.grantId;
  };
  const takeBack = async (grant: string, credits: number) => {
    const [row] = await world.rows(
      `SELECT revoked, pending, deferred_micros FROM ledger_take_back($1, $2, $3, 'The payment was refunded')`,
      [world.clock.now(), grant, credits],
    );
    return row;
  };
  const entries = async (account: string) =>
    (
      await world.rows<{ kind: string; deferred: bigint }>(
        'SELECT kind, deferred_delta_micros AS deferred FROM entry WHERE account_id = $1 ORDER BY sequence',
        [account],
      )
    ).map(({ kind: what, deferred }) => [what, deferred]);

  it('comes with a grant, goes as credits burn, and leaves nothing when the last one is gone', async () => {
    const account = await world.account();
    await give(account, 3, 1_000n, new Date(world.clock.now().getTime() + HOUR_MS));
    await world.post(await world.reserve(account, { credits: 1 }), { credits: 1 });
    world.clock.advance(HOUR_MS);
    await world.balance(account);
    expect(await entries(account)).toEqual([
      ['GRANT', 1_000n],
      ['RESERVE', 0n],
      ['POST', -333n],
      ['EXPIRE_GRANT', -667n],
    ]);
    await world.expectSound();
  });

  it('is what expired when a call burns the rest later: the parts add up in whichever order they go', async () => {
    const account = await world.account();
    await give(account, 3, 1_000n, new Date(world.clock.now().getTime() + HOUR_MS));
    const id = await world.reserve(account, { credits: 2 });
    world.clock.advance(HOUR_MS);
    await world.balance(account);
    await world.post(id, { credits: 2 });
    expect(await entries(account)).toEqual([
      ['GRANT', 1_000n],
      ['RESERVE', 0n],
      ['EXPIRE_GRANT', -333n],
      ['POST', -667n],
    ]);
    await world.expectSound();
  });

  it('goes back for credits that are taken back, and never more than is left of the grant', async () => {
    const account = await world.account();
    const grant = await give(account, 10, 100_000n);
    await world.post(await world.reserve(account, { credits: 4 }), { credits: 4 });
    expect(await takeBack(grant, 2)).toEqual({ revoked: 2, pending: 0, deferred_micros: 20_000n });
    expect(await takeBack(grant, 100)).toEqual({ revoked: 4, pending: 0, deferred_micros: 40_000n });
    expect(await takeBack(grant, 1)).toEqual({ revoked: 0, pending: 0, deferred_micros: 0n });
    expect(await world.balance(account)).toEqual({ posted: 0, reserved: 0, available: 0 });
    expect((await entries(account)).slice(-2)).toEqual([
      ['REVOKE', -20_000n],
      ['REVOKE', -40_000n],
    ]);
    await world.expectSound();
  });

  it('is taken back from calls under way when they release their credits, and stays earned when they burn them', async () => {
    const account = await world.account();
    const grant = await give(account, 10, 100_000n);
    const released = await world.reserve(account, { credits: 3 });
    const burned = await world.reserve(account, { credits: 4 });
    const partly = await world.reserve(account, { credits: 2 });
    expect(await takeBack(grant, 10)).toEqual({ revoked: 1, pending: 9, deferred_micros: 10_000n });
    expect(await world.balance(account)).toEqual({ posted: 9, reserved: 9, available: 0 });

    expect(await world.void(released)).toMatchObject({ balance: { posted: 6, reserved: 6, available: 0 } });
    expect(await world.post(burned, { credits: 4 })).toMatchObject({
      revenueMicros: 40_000n,
      balance: { posted: 2, reserved: 2, available: 0 },
    });
    expect(await world.post(partly, { credits: 1 })).toMatchObject({
      balance: { posted: 0, reserved: 0, available: 0 },
    });
    expect(await world.rows('SELECT used, revoked, revoke_pending, exhausted FROM "grant"')).toEqual([
      { used: 5, revoked: 5, revoke_pending: 0, exhausted: true },
    ]);
    await world.expectSound();
  });

  it('leaves what was given besides to its account', async () => {
    const account = await world.account({ credits: 5, unitRevenueMicros: 0n });
    const grant = await give(account, 10, 100_000n);
    const id = await world.reserve(account, { credits: 7 });
    expect(await takeBack(grant, 10)).toEqual({ revoked: 8, pending: 2, deferred_micros: 80_000n });
    await world.void(id);
    expect(await world.balance(account)).toEqual({ posted: 5, reserved: 0, available: 5 });
    await world.expectSound();
  });

  it('is not touched for a grant that is not there', async () => {
    expect(await takeBack(newId(), 5)).toBeUndefined();
  });
});

describeOnEachDatabase('an account that is barred', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ kind });
  });
  afterAll(() => world.close());

  it('may not make a paid call and is told why; what is under way settles; and its key can be used once it may', async () => {
    const account = await world.account({ credits: 10 });
    const other = await world.account({ credits: 10 });
    const id = await world.reserve(account, { credits: 2 });
    await world.rows('UPDATE account SET barred_reason = $2 WHERE id = $1', [
      account,
      'A payment is disputed.',
    ]);
    expect(
      await Promise.all([
        world.tryReserve(account, { key: 'again' }),
        world.tryReserve(other, { credits: 1 }),
      ]),
    ).toEqual([
      { status: 'account-barred', reason: 'A payment is disputed.' },
      expect.objectContaining({ status: 'reserved' }),
    ]);
    expect(await world.post(id, { credits: 2 })).toMatchObject({ status: 'settled' });
    await world.rows('UPDATE account SET barred_reason = NULL WHERE id = $1', [account]);
    expect(await world.tryReserve(account, { key: 'again' })).toMatchObject({ status: 'reserved' });
    await world.expectSound();
  });

  it('counts its calls under the plan that it had when they were reserved', async () => {
    const account = await world.account({ credits: 10 });
    await world.rows(`UPDATE account SET plan_id = 'tokens-pro' WHERE id = $1`, [account]);
    const outcome = await world.tryReserve(account, { credits: 1, id: newId() });
    expect(outcome).toMatchObject({ status: 'reserved', planId: 'tokens-pro' });
    await world.rows('UPDATE account SET plan_id = NULL WHERE id = $1', [account]);
    const [generation] = await world.rows<{ id: string }>('SELECT id FROM generation WHERE account_id = $1', [
      account,
    ]);
    await world.post(generation?.id ?? '', { credits: 1 });
    expect(await world.rows('SELECT plan_id FROM attempt WHERE account_id = $1', [account])).toEqual([
      { plan_id: 'tokens-pro' },
    ]);
    expect(
      await world.rows('SELECT plan, calls FROM account_summary WHERE account_id = $1', [account]),
    ).toEqual([{ plan: 'tokens-pro', calls: 1 }]);
    await world.expectSound();
  });
});
