import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newId } from '../../server/ids.ts';
import type { RevokeItem } from '../../server/ledger/index.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { openWorld, type World } from '../support/world.ts';

describeOnEachDatabase('revoking credits', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ kind });
  });
  beforeEach(async () => {
    await world.reset();
  });
  afterAll(() => world.close());

  const give = async (account: string, credits: number, revenueMicros = 0n) => {
    const granted = await world.grant(account, credits, { revenueMicros });
    if (granted.status !== 'granted') throw new Error(granted.status);
    return granted.grantId;
  };
  const revoke = (grantId: string, credits: number, options: Partial<RevokeItem> = {}) =>
    world.ledger.revoke({
      grantId,
      namespace: 'api',
      key: newId(),
      inputHash: 'same-input',
      credits,
      reason: 'Given by mistake',
      actor: 'admin:test',
      ...options,
    });

  const deferredOf = async (account: string) => {
    const [row] = await world.rows<{ deferred: bigint }>(
      'SELECT coalesce(sum(deferred_delta_micros), 0)::bigint AS deferred FROM entry WHERE account_id = $1',
      [account],
    );
    return row?.deferred ?? 0n;
  };

  it('takes back what is asked for, and at most what is left', async () => {
    const account = await world.account();
    const grantId = await give(account, 10, 100_000n);
    expect(await revoke(grantId, 4)).toMatchObject({
      status: 'revoked',
      revocation: {
        grantId,
        accountId: account,
        credits: 4,
        revoked: 4,
        pending: 0,
        reason: 'Given by mistake',
      },
    });
    expect(await world.balance(account)).toMatchObject({ available: 6 });
    expect(await revoke(grantId, 100)).toMatchObject({
      revocation: { credits: 100, revoked: 6, pending: 0 },
    });
    expect(await revoke(grantId, 1, { key: 'k' })).toEqual({ status: 'nothing-left' });
    expect(await world.rows(`SELECT 1 FROM idempotency_record WHERE key = 'k'`)).toEqual([]);
    expect(await world.balance(account)).toEqual({ posted: 0, reserved: 0, available: 0 });
    await world.expectSound();
  });

  it('is shown before as it then is, to the micro, and takes nothing by that', async () => {
    const account = await world.account();
    // Does not divide evenly: what each credit earns differs by a micro.
    const grantId = await give(account, 7, 1_000_000n);
    await world.reserve(account, { credits: 2 });
    expect(await world.ledger.previewRevocation(newId(), 1)).toBeNull();
    for (const credits of [1, 3, 100]) {
      const shown = await world.ledger.previewRevocation(grantId, credits);
      const before = await deferredOf(account);
      expect(await revoke(grantId, credits)).toMatchObject({
        revocation: { revoked: shown?.revoked, pending: shown?.pending },
      });
      expect(before - (await deferredOf(account))).toBe(shown?.unearnedMicros);
    }
    const all = await world.ledger.previewRevocation(grantId, 100);
    expect(all).toEqual({ grantId, revoked: 0, pending: 0, unearnedMicros: 0n, pendingMicros: 0n });
    await world.expectSound();
  });

  it('takes back what calls hold once they release it, and tells both', async () => {
    const account = await world.account();
    const grantId = await give(account, 10);
    const posted = await world.reserve(account, { credits: 4 });
    const voided = await world.reserve(account, { credits: 3 });
    expect(await revoke(grantId, 9)).toMatchObject({ revocation: { revoked: 3, pending: 6 } });
    expect(await world.balance(account)).toEqual({ posted: 7, reserved: 7, available: 0 });
    await world.post(posted, { credits: 4 });
    await world.void(voided);
    expect(await world.balance(account)).toEqual({ posted: 0, reserved: 0, available: 0 });
    await world.expectSound();
  });

  it('happens once under a key, whoever asks and how often', async () => {
    const account = await world.account();
    const grantId = await give(account, 10);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => revoke(grantId, 3, { key: 'k' })));
    expect(outcomes.filter(({ status }) => status === 'revoked')).toHaveLength(1);
    expect(outcomes.filter(({ status }) => status === 'replay')).toHaveLength(19);
    expect(await world.balance(account)).toMatchObject({ available: 7 });
    expect(await revoke(grantId, 3, { key: 'k', inputHash: 'other' })).toEqual({ status: 'conflict' });
    await world.grant(account, 1, { key: 'a grant' });
    expect(await revoke(grantId, 3, { key: 'a grant' })).toEqual({ status: 'conflict' });
    expect(await revoke(newId(), 3)).toEqual({ status: 'grant-not-found' });
  });

  it('touches no other grant, and leaves a line in the ledger and in the audit log', async () => {
    const account = await world.account({ credits: 5 });
    const grantId = await give(account, 10);
    await revoke(grantId, 10);
    expect(await world.balance(account)).toMatchObject({ available: 5 });
    expect(
      await world.rows(
        `SELECT kind, credits, reason FROM entry WHERE account_id = $1 ORDER BY sequence DESC LIMIT 1`,
        [account],
      ),
    ).toEqual([{ kind: 'REVOKE', credits: -10, reason: 'Given by mistake' }]);
    expect(
      await world.rows(`SELECT actor, subject, reason FROM audit_log WHERE action = 'credits.revoke'`),
    ).toEqual([{ actor: 'admin:test', subject: account, reason: 'Given by mistake' }]);
    await expect(world.rows('UPDATE revocation SET credits = 11')).rejects.toThrow('written once');
  });
});
