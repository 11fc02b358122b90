import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newId } from '../../server/ids.ts';
import * as statements from '../../server/ledger/statements.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { openWorld, reserveItem, settleItem, type World } from '../support/world.ts';

describeOnEachDatabase('a reservation', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ kind });
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  const counts = () =>
    world.rows<{ reservations: bigint; keys: bigint; entries: bigint; generations: bigint }>(
      `SELECT (SELECT count(*) FROM reservation) AS reservations, (SELECT count(*) FROM idempotency_record) AS keys,
        (SELECT count(*) FROM entry) AS entries, (SELECT count(*) FROM generation) AS generations`,
    );

  it('sets the credits aside, says what is left, and whose tier and country counted', async () => {
    const account = await world.account({ credits: 10, tier: 'PRO', country: 'DE' });
    const other = await world.account({ credits: 10 });
    expect(await world.tryReserve(account, { credits: 4 })).toEqual({
      status: 'reserved',
      at: world.clock.now(),
      available: 6,
      tier: 'PRO',
      country: 'DE',
      planId: null,
      servedById: null,
    });
    expect(await world.balance(account)).toEqual({ posted: 10, reserved: 4, available: 6 });
    expect(await world.balance(other)).toEqual({ posted: 10, reserved: 0, available: 10 });
    await world.expectSound();
  });

  it('is made once under a key: the same input is answered with the first generation, and nothing more is set aside', async () => {
    const account = await world.account({ credits: 10 });
    const first = await world.reserve(account, { key: 'k' });
    expect(await world.tryReserve(account, { key: 'k' })).toEqual({ status: 'replay', generationId: first });
    expect(await world.balance(account)).toEqual({ posted: 10, reserved: 2, available: 8 });
    await world.post(first);
    expect(await world.tryReserve(account, { key: 'k' })).toEqual({ status: 'replay', generationId: first });
    expect(await world.balance(account)).toEqual({ posted: 8, reserved: 0, available: 8 });
    await world.expectSound();
  });

  it('with a key of other input is refused as a conflict', async () => {
    const account = await world.account({ credits: 10 });
    await world.reserve(account, { key: 'k' });
    expect(await world.tryReserve(account, { key: 'k', inputHash: 'other' })).toEqual({ status: 'conflict' });
    expect(await world.balance(account)).toEqual({ posted: 10, reserved: 2, available: 8 });
  });

  it("does not meet another namespace's keys, and meets those of grants in its own", async () => {
    const account = await world.account({ credits: 10 });
    await world.reserve(account, { key: 'k', namespace: 'api' });
    expect(await world.tryReserve(account, { key: 'k', namespace: account })).toMatchObject({
      status: 'reserved',
    });
    await world.grant(account, 5, { key: 'g', inputHash: 'a grant' });
    expect(await world.tryReserve(account, { key: 'g' })).toEqual({ status: 'conflict' });
    expect(await world.grant(account, 5, { key: 'k', inputHash: 'a grant' })).toEqual({ status: 'conflict' });
    expect(await world.balance(account)).toMatchObject({ posted: 15 });
    await world.expectSound();
  });

  it('is made once when a hundred come at once with one key, and all are told of the same generation', async () => {
    const account = await world.account({ credits: 1_000 });
    const items = Array.from({ length: 100 }, () => reserveItem(account, world.clock.now(), { key: 'k' }));
    const outcomes = await Promise.all(items.map((item) => world.ledger.reserve(item)));
    const made = items.filter((_, index) => outcomes[index]?.status === 'reserved');
    expect(made).toHaveLength(1);
    const replays = outcomes.filter((outcome) => outcome.status === 'replay');
    expect(replays).toHaveLength(99);
    expect(new Set(replays.map((outcome) => outcome.generationId))).toEqual(
      new Set(made.map((item) => item.id)),
    );
    expect(await world.balance(account)).toEqual({ posted: 1_000, reserved: 2, available: 998 });
    await world.expectSound();
  });

  it('is found again by its key after a restart, and an other input still conflicts', async () => {
    const account = await world.account({ credits: 10 });
    const first = await world.reserve(account, { key: 'k' });
    const restarted = await world.anotherLedger();
    const again = (inputHash: string) =>
      restarted.reserve(reserveItem(account, world.clock.now(), { key: 'k', inputHash }));
    expect(await again('same-input')).toEqual({ status: 'replay', generationId: first });
    expect(await again('other')).toEqual({ status: 'conflict' });
    expect(await world.balance(account)).toMatchObject({ reserved: 2 });
  });

  it('follows the order of precedence: the cause that comes first in it is what is told', async () => {
    const account = await world.account({ credits: 1 });
    const rich = await world.account({ credits: 10 });
    const used = await world.reserve(rich, { key: 'used' });
    // From the last cause to the first: each hides all those before it.
    await world.setBudget({ limitMicros: 0n, action: 'BLOCK' });
    expect((await world.tryReserve(rich)).status).toBe('budget-exceeded');
    expect((await world.tryReserve(account)).status).toBe('insufficient-credits');
    await world.setState('SHUTDOWN', 'Maintenance');
    expect((await world.tryReserve(account)).status).toBe('shutdown');
    expect((await world.tryReserve(newId())).status).toBe('account-not-found');
    expect((await world.tryReserve(newId(), { key: 'used', inputHash: 'other' })).status).toBe('conflict');
    expect(await world.tryReserve(newId(), { key: 'used' })).toEqual({
      status: 'replay',
      generationId: used,
    });
  });

  it('that is refused leaves nothing behind, whatever the cause, so that its key works once the cause is gone', async () => {
    const poor = await world.account();
    const rich = await world.account({ credits: 10 });
    const before = await counts();
    const refused = async (account: string, key: string) => (await world.tryReserve(account, { key })).status;

    expect(await refused(poor, 'credits')).toBe('insufficient-credits');
    const missing = newId();
    expect(await refused(missing, 'account')).toBe('account-not-found');
    await world.setBudget({ limitMicros: 0n });
    expect(await refused(rich, 'budget')).toBe('budget-exceeded');
    await world.setState('SHUTDOWN');
    expect(await refused(rich, 'shutdown')).toBe('shutdown');
    expect(await counts()).toEqual(before);
    expect(await world.balance(rich)).toEqual({ posted: 10, reserved: 0, available: 10 });
    expect(await world.rows('SELECT 1 FROM budget_window WHERE spent_micros + reserved_micros > 0')).toEqual(
      [],
    );

    await world.setState('NORMAL');
    await world.setBudget({ limitMicros: 10_000_000n });
    await world.grant(poor, 10);
    // Other input as well: the key was never used.
    const second = (account: string, key: string) => world.tryReserve(account, { key, inputHash: 'other' });
    expect((await second(poor, 'credits')).status).toBe('reserved');
    expect((await second(rich, 'account')).status).toBe('reserved');
    expect((await second(rich, 'budget')).status).toBe('reserved');
    expect((await second(rich, 'shutdown')).status).toBe('reserved');
    await world.expectSound();
  });

  it('whose twin stands in the same batch is refused with it, and one with other input conflicts with it', async () => {
    const poor = await world.account({ credits: 1 });
    const outcomes = await Promise.all([
      world.tryReserve(poor, { key: 'k' }),
      world.tryReserve(poor, { key: 'k' }),
      world.tryReserve(poor, { key: 'k', inputHash: 'other' }),
    ]);
    expect(outcomes).toEqual([
      { status: 'insufficient-credits', available: 1 },
      { status: 'insufficient-credits', available: 1 },
      { status: 'conflict' },
    ]);
    expect(await world.rows('SELECT key FROM idempotency_record WHERE key = $1', ['k'])).toEqual([]);
  });

  it('of nothing costs nothing: zero credits need no grant', async () => {
    const account = await world.account();
    const id = await world.reserve(account, { credits: 0, ceilingMicros: 0n });
    expect(await world.post(id, { credits: 0, costMicros: 0n })).toMatchObject({
      status: 'settled',
      creditsCharged: 0,
    });
    await world.expectSound();
  });

  it('stands in a batch with one that the database refuses, which fails alone', async () => {
    const account = await world.account({ credits: 10 });
    const [good, bad, alsoGood] = await Promise.allSettled([
      world.tryReserve(account),
      world.tryReserve(account, { prompt: 'a NUL \u0000 that jsonb cannot hold' }),
      world.tryReserve(account),
    ]);
    expect(good).toMatchObject({ status: 'fulfilled', value: { status: 'reserved' } });
    expect(bad.status).toBe('rejected');
    expect(alsoGood).toMatchObject({ status: 'fulfilled', value: { status: 'reserved' } });
    expect(await world.balance(account)).toEqual({ posted: 10, reserved: 4, available: 6 });
    await world.expectSound();
  });

  it('that was committed before the answer was lost is found by the retry, with what is available', async () => {
    const account = await world.account({ credits: 10 });
    const items = [
      reserveItem(account, world.clock.now(), { key: 'k' }),
      reserveItem(account, world.clock.now()),
    ];
    const send = (retry: boolean) =>
      statements.reserve(world.database, world.clock.now(), world.ledger.processId, items, retry);
    await send(false);
    expect(
      (await send(true)).map((outcome) => [outcome.status, 'available' in outcome && outcome.available]),
    ).toEqual([
      ['reserved', 6],
      ['reserved', 6],
    ]);
    expect(await world.balance(account)).toEqual({ posted: 10, reserved: 4, available: 6 });
    await world.expectSound();
  });

  it('that was committed before the answer was lost still answers its twin of the same batch with a replay', async () => {
    const account = await world.account({ credits: 10 });
    const first = reserveItem(account, world.clock.now(), { key: 'k' });
    const items = [first, reserveItem(account, world.clock.now(), { key: 'k' })];
    const send = (retry: boolean) =>
      statements.reserve(world.database, world.clock.now(), world.ledger.processId, items, retry);
    const replay = { status: 'replay', generationId: first.id };
    expect((await send(false))[1]).toEqual(replay);
    // Were it told `reserved`, a call would go out for a generation that does not exist.
    expect((await send(true))[1]).toEqual(replay);
  });

  it('that was committed before the answer was lost is served by what it was to be served by, and by nothing else', async () => {
    const account = await world.account({ credits: 6 });
    const now = world.clock.now();
    const cacheSince = new Date(now.getTime() - 60_000);
    const earlier = await world.reserve(account, { cacheKey: 'made', cacheSince });
    await world.post(earlier);
    const items = [
      reserveItem(account, now, { cacheKey: 'made', cacheSince }),
      reserveItem(account, now, { cacheKey: 'new', cacheSince }),
      reserveItem(account, now, { cacheKey: 'other', cacheSince }),
    ];
    const send = async (retry: boolean) => {
      const { database, clock, ledger } = world;
      const outcomes = await statements.reserve(database, clock.now(), ledger.processId, items, retry);
      return outcomes.map((outcome) => ('servedById' in outcome ? outcome.servedById : outcome.status));
    };
    expect(await send(false)).toEqual([earlier, null, 'insufficient-credits']);
    expect(await send(true)).toEqual([earlier, null, 'insufficient-credits']);
    // The database finds one that may serve for each that it admits, and the second would find itself.
    await world.grant(account, 2);
    expect(await send(true)).toEqual([earlier, null, null]);
    await world.expectSound();
  });

  it('is told apart from nothing: settling what is not there says so', async () => {
    expect(await world.ledger.settle(settleItem(newId(), 'POST', world.clock.now()))).toMatchObject({
      status: 'not-found',
      accountId: null,
      creditsCharged: 0,
    });
    expect(await world.ledger.balance(newId())).toBeNull();
    expect(await world.grant(newId(), 5, { key: 'g' })).toEqual({ status: 'account-not-found' });
    expect(await world.rows('SELECT 1 FROM idempotency_record')).toEqual([]);
  });
});
