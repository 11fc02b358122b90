import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../support/databases.ts';
import { CEILING_MICROS, openWorld, reserveItem, type World } from '../support/world.ts';

const HOUR_MS = 3_600_000;
const C = CEILING_MICROS;

describeOnEachDatabase('a budget', (kind) => {
  let world: World;
  let account: string;
  beforeAll(async () => {
    world = await openWorld({ kind });
  });
  beforeEach(async () => {
    await world.reset();
    account = await world.account({ credits: 1_000, tier: 'PRO' });
  });
  afterAll(() => world.close());

  const statuses = async (calls: number) => {
    const outcomes: string[] = [];
    for (let call = 0; call < calls; call += 1) outcomes.push((await world.tryReserve(account)).status);
    return outcomes;
  };
  const windows = () =>
    world.rows(
      `SELECT b.scope, b.period, w.starts_at, w.spent_micros AS spent, w.reserved_micros AS reserved, w.opening_micros AS opening
      FROM budget_window w JOIN budget b ON b.id = w.budget_id ORDER BY b.scope, b.period, w.starts_at`,
    );

  it('of each scope counts the calls of its subject alone', async () => {
    const other = await world.account({ credits: 100, tier: 'BASIC' });
    for (const [scope, subject, elsewhere] of [
      ['PROVIDER', 'sandbox', { provider: 'other' }],
      ['OPERATION', 'GENERATE_IMAGE', { operation: 'UPSCALE_IMAGE' }],
      ['TIER', 'PRO', {}],
      ['ACCOUNT', account, {}],
      ['GLOBAL', '', undefined],
    ] as const) {
      const id = await world.setBudget({ scope, subject, limitMicros: 0n });
      expect(await world.tryReserve(account)).toEqual({
        status: 'budget-exceeded',
        scope,
        resetsAt: new Date('2026-11-21T00:00:00Z'),
      });
      // Another subject is not touched; the global budget is everybody's.
      expect((await world.tryReserve(other, elsewhere)).status).toBe(
        elsewhere ? 'reserved' : 'budget-exceeded',
      );
      await world.setBudget({ scope, subject, limitMicros: 10_000_000n });
      expect((await world.tryReserve(account)).status).toBe('reserved');
      expect(id).toBeDefined();
    }
    await world.expectSound();
  });

  it('of each period has windows of UTC, and a new one starts with nothing spent', async () => {
    world.clock.set('2026-11-30T23:59:59.999Z');
    for (const period of ['HOUR', 'DAY', 'MONTH'] as const) {
      await world.setBudget({ period, limitMicros: C });
    }
    expect((await world.tryReserve(account)).status).toBe('reserved');
    expect(await world.tryReserve(account)).toMatchObject({
      status: 'budget-exceeded',
      resetsAt: new Date('2026-12-01T00:00:00Z'),
    });
    world.clock.advance(1);
    expect((await world.tryReserve(account)).status).toBe('reserved');
    // All three were filled again: the longest to wait for is what the caller is told.
    expect(await world.tryReserve(account)).toMatchObject({
      status: 'budget-exceeded',
      resetsAt: new Date('2027-01-01T00:00:00Z'),
    });
    expect(
      (await windows()).map((window) => (window as { starts_at: Date }).starts_at.toISOString()),
    ).toEqual([
      '2026-11-30T23:00:00.000Z',
      '2026-12-01T00:00:00.000Z',
      '2026-11-30T00:00:00.000Z',
      '2026-12-01T00:00:00.000Z',
      '2026-11-01T00:00:00.000Z',
      '2026-12-01T00:00:00.000Z',
    ]);
    await world.expectSound();
  });

  it('counts the ceiling while a call is under way and the true cost when it is done, in the window of its start', async () => {
    await world.setBudget({ period: 'HOUR', limitMicros: 3n * C });
    const first = await world.reserve(account);
    const second = await world.reserve(account);
    expect(await windows()).toMatchObject([{ spent: 0n, reserved: 2n * C }]);
    await world.post(first, { costMicros: 10_000n });
    expect(await windows()).toMatchObject([{ spent: 10_000n, reserved: C }]);
    world.clock.advance(HOUR_MS);
    expect(await statuses(1)).toEqual(['reserved']);
    await world.void(second, { costMicros: 0n });
    expect(await windows()).toMatchObject([
      { spent: 10_000n, reserved: 0n },
      { spent: 0n, reserved: C },
    ]);
    await world.expectSound();
  });

  it('that warns lets every call through, and says so until its window ends', async () => {
    await world.setBudget({ period: 'HOUR', limitMicros: C, action: 'WARN' });
    expect(await statuses(1)).toEqual(['reserved']);
    expect(await world.protection()).toMatchObject({ state: 'NORMAL' });
    expect(await statuses(1)).toEqual(['reserved']);
    expect(await world.protection()).toMatchObject({
      state: 'WARNING',
      reason: 'The global budget of $0.04 an hour is passed.',
      until: new Date('2026-11-20T13:00:00Z'),
      changed_by: 'budget',
    });
    expect(await statuses(3)).toEqual(['reserved', 'reserved', 'reserved']);
    world.clock.set('2026-11-20T13:00:00Z');
    expect(await statuses(1)).toEqual(['reserved']);
    expect(await world.protection()).toMatchObject({ state: 'NORMAL', reason: null, until: null });
    expect(await world.rows('SELECT action FROM audit_log WHERE actor = $1 ORDER BY at', ['budget'])).toEqual(
      [{ action: 'protection.warning' }, { action: 'protection.normal' }],
    );
    await world.expectSound();
  });

  it('that blocks refuses what would pass it, by a micro even, and lets through what fits', async () => {
    await world.setBudget({ limitMicros: 2n * C - 1n });
    expect(await statuses(3)).toEqual(['reserved', 'budget-exceeded', 'budget-exceeded']);
    expect((await world.tryReserve(account, { ceilingMicros: C - 1n })).status).toBe('reserved');
    expect((await world.tryReserve(account, { ceilingMicros: 1n })).status).toBe('budget-exceeded');
    expect((await world.tryReserve(account, { ceilingMicros: 0n })).status).toBe('reserved');
    expect(await world.protection()).toMatchObject({ state: 'NORMAL' });
    await world.expectSound();
  });

  it('that shuts down trips the state for everyone until its window ends, and what is under way still settles', async () => {
    const other = await world.account({ credits: 10, tier: 'BASIC' });
    await world.setBudget({ scope: 'TIER', subject: 'PRO', limitMicros: C, action: 'SHUTDOWN' });
    const underWay = await world.reserve(account);
    const shutdown = {
      status: 'shutdown',
      reason: 'The "Pro" budget of $0.04 a day is used up.',
      resetsAt: new Date('2026-11-21T00:00:00Z'),
    };
    expect(await world.tryReserve(account)).toEqual(shutdown);
    expect(await world.tryReserve(other, { provider: 'other' })).toEqual(shutdown);
    expect(await world.protection()).toMatchObject({ state: 'SHUTDOWN', changed_by: 'budget' });
    expect(await world.post(underWay)).toMatchObject({ status: 'settled', creditsCharged: 2 });
    world.clock.set('2026-11-20T23:59:59.999Z');
    expect((await world.tryReserve(other)).status).toBe('shutdown');
    world.clock.set('2026-11-21T00:00:00Z');
    expect((await world.tryReserve(other)).status).toBe('reserved');
    expect(await world.protection()).toMatchObject({
      state: 'NORMAL',
      since: new Date('2026-11-21T00:00:00Z'),
      until: null,
    });
    await world.expectSound();
  });

  it('that trips again as soon as its last shutdown is over is told with the new end', async () => {
    await world.setBudget({ period: 'HOUR', limitMicros: 0n, action: 'SHUTDOWN' });
    expect(await statuses(1)).toEqual(['shutdown']);
    world.clock.set('2026-11-20T15:30:00Z');
    expect(await statuses(1)).toEqual(['shutdown']);
    expect(await world.protection()).toMatchObject({
      state: 'SHUTDOWN',
      since: new Date('2026-11-20T15:30:00Z'),
      until: new Date('2026-11-20T16:00:00Z'),
    });
    expect(
      await world.rows(`SELECT at FROM audit_log WHERE action = 'protection.shutdown' ORDER BY at`),
    ).toEqual([{ at: new Date('2026-11-20T12:00:00Z') }, { at: new Date('2026-11-20T15:30:00Z') }]);
  });

  it('that warns again in the next window is told with the new end', async () => {
    await world.setBudget({ period: 'HOUR', limitMicros: 0n, action: 'WARN' });
    expect(await statuses(2)).toEqual(['reserved', 'reserved']);
    world.clock.advance(HOUR_MS);
    expect(await statuses(2)).toEqual(['reserved', 'reserved']);
    expect(await world.protection()).toMatchObject({
      state: 'WARNING',
      until: new Date('2026-11-20T14:00:00Z'),
    });
    expect(await world.rows(`SELECT 1 FROM audit_log WHERE action = 'protection.warning'`)).toHaveLength(2);
  });

  it('that shuts down goes before one that blocks, whichever was made first', async () => {
    for (const [first, second] of [
      ['BLOCK', 'SHUTDOWN'],
      ['SHUTDOWN', 'BLOCK'],
    ] as const) {
      await world.reset();
      account = await world.account({ credits: 10 });
      await world.setBudget({ scope: 'PROVIDER', subject: 'sandbox', limitMicros: 0n, action: first });
      await world.setBudget({ scope: 'ACCOUNT', subject: account, limitMicros: 0n, action: second });
      expect(await statuses(1)).toEqual(['shutdown']);
      expect(await world.protection()).toMatchObject({ state: 'SHUTDOWN' });
    }
  });

  it('among several that block tells of the one that ends last, and of the narrowest of those', async () => {
    await world.setBudget({ scope: 'ACCOUNT', subject: account, period: 'HOUR', limitMicros: 0n });
    await world.setBudget({ scope: 'TIER', subject: 'PRO', limitMicros: 0n });
    await world.setBudget({ scope: 'GLOBAL', limitMicros: 0n });
    expect(await world.tryReserve(account)).toMatchObject({
      scope: 'TIER',
      resetsAt: new Date('2026-11-21T00:00:00Z'),
    });
  });

  it('set anew in the middle of its window goes on with what is spent and reserved', async () => {
    await world.setBudget({ limitMicros: 10n * C });
    await world.post(await world.reserve(account), { costMicros: C });
    await world.reserve(account);
    await world.setBudget({ limitMicros: 2n * C });
    expect(await statuses(1)).toEqual(['budget-exceeded']);
    await world.setBudget({ limitMicros: 3n * C });
    expect(await statuses(2)).toEqual(['reserved', 'budget-exceeded']);
    // Lowered below what is used: nothing new goes out, and what is under way is not touched.
    await world.setBudget({ limitMicros: 1n });
    expect(await windows()).toMatchObject([{ spent: C, reserved: 2n * C }]);
    expect(await statuses(1)).toEqual(['budget-exceeded']);
    await world.setBudget({ limitMicros: 1n, action: 'WARN' });
    expect(await statuses(1)).toEqual(['reserved']);
    await world.expectSound();
  });

  it('first set in the middle of a window counts what its subject has spent and reserved in it already', async () => {
    const other = await world.account({ credits: 100, tier: 'BASIC' });
    const old = await world.reserve(account);
    world.clock.set('2026-11-21T00:00:00Z');
    await world.post(await world.reserve(account), { costMicros: 10_000n });
    await world.void(await world.reserve(account), { outcome: 'FAILED_BILLED', costMicros: 5_000n });
    const underWay = await world.reserve(account);
    await world.reserve(other, { provider: 'other', operation: 'UPSCALE_IMAGE' });

    const expected = { spent: 15_000n, reserved: C, opening: 15_000n };
    for (const [scope, subject] of [
      ['PROVIDER', 'sandbox'],
      ['OPERATION', 'GENERATE_IMAGE'],
      ['TIER', 'PRO'],
      ['ACCOUNT', account],
    ] as const) {
      await world.setBudget({ scope, subject, limitMicros: 10n * C });
    }
    expect(await windows()).toEqual(Array.from({ length: 4 }, () => expect.objectContaining(expected)));
    await world.setBudget({ limitMicros: 10n * C });
    expect((await windows())[0]).toMatchObject({ spent: 15_000n, reserved: 2n * C });

    // What was reserved before the budget was set is counted as spent when it settles; yesterday's is yesterday's.
    await world.post(underWay, { costMicros: 20_000n });
    await world.post(old, { costMicros: 30_000n });
    expect((await windows()).slice(1)).toEqual(
      Array.from({ length: 4 }, () => expect.objectContaining({ spent: 35_000n, reserved: 0n })),
    );
    await world.expectSound();
  });

  it('is not passed by what it had admitted: a bill beyond the ceiling is booked whole, as excess', async () => {
    await world.setBudget({ limitMicros: 2n * C });
    const dear = await world.reserve(account);
    await world.reserve(account);
    expect(await world.post(dear, { costMicros: C + 7_000n })).toMatchObject({
      status: 'settled',
      creditsCharged: 2,
      costMicros: C + 7_000n,
    });
    expect(
      await world.rows('SELECT spent_micros, reserved_micros, excess_micros FROM budget_window'),
    ).toEqual([{ spent_micros: C + 7_000n, reserved_micros: C, excess_micros: 7_000n }]);
    expect(await statuses(1)).toEqual(['budget-exceeded']);
    await world.expectSound();
  });

  it('takes the cost of a success that came after the reservation had ended, though it is full by now', async () => {
    await world.setBudget({ limitMicros: C });
    const late = await world.reserve(account);
    await world.expire(late, { attempts: [] });
    await world.reserve(account);
    expect(await world.post(late, { costMicros: 30_000n })).toMatchObject({
      status: 'late',
      costMicros: 30_000n,
    });
    expect(
      await world.rows('SELECT spent_micros, reserved_micros, excess_micros FROM budget_window'),
    ).toEqual([{ spent_micros: 30_000n, reserved_micros: C, excess_micros: 30_000n }]);
    await world.expectSound();
  });

  it('that is full in the middle of a batch admits the first of it, in order, and refuses the rest', async () => {
    await world.setBudget({ limitMicros: 3n * C });
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => world.tryReserve(account)));
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      'reserved',
      'reserved',
      'reserved',
      'budget-exceeded',
      'budget-exceeded',
    ]);
    expect(await world.balance(account)).toMatchObject({ reserved: 6 });
    await world.expectSound();
  });

  it('that shuts down in the middle of a batch refuses all that come after in it, whatever they would have met', async () => {
    const poor = await world.account({ tier: 'BASIC' });
    await world.setBudget({ scope: 'ACCOUNT', subject: account, limitMicros: C, action: 'SHUTDOWN' });
    const now = world.clock.now();
    const items = [
      reserveItem(account, now),
      reserveItem(poor, now),
      reserveItem(account, now),
      reserveItem(poor, now),
    ];
    const outcomes = await Promise.all(items.map((item) => world.ledger.reserve(item)));
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      'reserved',
      'insufficient-credits',
      'shutdown',
      'shutdown',
    ]);
    await world.expectSound();
  });

  it('is what a new installation has two of: $50 an hour warns and $500 a day shuts down', async () => {
    const fresh = await openWorld({ kind, defaultBudgets: true });
    try {
      expect(
        await fresh.rows('SELECT scope, period, limit_micros, action FROM budget ORDER BY period'),
      ).toEqual([
        { scope: 'GLOBAL', period: 'HOUR', limit_micros: 50_000_000n, action: 'WARN' },
        { scope: 'GLOBAL', period: 'DAY', limit_micros: 500_000_000n, action: 'SHUTDOWN' },
      ]);
      const rich = await fresh.account({ credits: 1_000 });
      const call = async (dollars: bigint) =>
        (await fresh.tryReserve(rich, { ceilingMicros: dollars * 1_000_000n })).status;
      expect([await call(50n), (await fresh.protection()).state]).toEqual(['reserved', 'NORMAL']);
      expect([await call(450n), (await fresh.protection()).state]).toEqual(['reserved', 'WARNING']);
      expect([await call(1n), (await fresh.protection()).state]).toEqual(['shutdown', 'SHUTDOWN']);
      await fresh.expectSound();
    } finally {
      await fresh.close();
    }
  });
});

describeOnEachDatabase('the state of protection', (kind) => {
  let world: World;
  let account: string;
  beforeAll(async () => {
    world = await openWorld({ kind });
  });
  beforeEach(async () => {
    await world.reset();
    account = await world.account({ credits: 1_000 });
  });
  afterAll(() => world.close());

  it('is SHUTDOWN by an operator until an operator ends it, while what is under way settles and balances are read', async () => {
    const underWay = await world.reserve(account);
    await world.setState('SHUTDOWN', 'The vendor has a bad day');
    const refused = { status: 'shutdown', reason: 'The vendor has a bad day', resetsAt: null };
    expect(await world.tryReserve(account)).toEqual(refused);
    world.clock.advance(40 * 24 * HOUR_MS);
    expect(await world.tryReserve(account)).toEqual(refused);
    // Nothing that budgets do ends what an operator has begun.
    await world.setBudget({ limitMicros: 10n * C });
    expect(await world.tryReserve(account)).toEqual(refused);
    expect(await world.post(underWay)).toMatchObject({ status: 'settled' });
    expect(await world.balance(account)).toEqual({ posted: 998, reserved: 0, available: 998 });
    await world.setState('NORMAL', 'Over');
    expect((await world.tryReserve(account)).status).toBe('reserved');
    expect(
      await world.rows(
        `SELECT actor, action, reason FROM audit_log WHERE action LIKE 'service.%' ORDER BY at, action DESC`,
      ),
    ).toEqual([
      { actor: 'admin:test', action: 'service.suspend', reason: 'The vendor has a bad day' },
      { actor: 'admin:test', action: 'service.resume', reason: 'Over' },
    ]);
    await world.expectSound();
  });

  it('ends with the budget that called for it when that is raised', async () => {
    await world.setBudget({ limitMicros: 0n, action: 'SHUTDOWN' });
    expect((await world.tryReserve(account)).status).toBe('shutdown');
    await world.setBudget({ limitMicros: C, action: 'SHUTDOWN' });
    expect(await world.protection()).toMatchObject({ state: 'NORMAL', reason: null, until: null });
    expect((await world.tryReserve(account)).status).toBe('reserved');
  });

  it('comes back at the next call when an operator resumes under a budget that is still used up', async () => {
    await world.setBudget({ limitMicros: 0n, action: 'SHUTDOWN' });
    expect((await world.tryReserve(account)).status).toBe('shutdown');
    await world.setState('NORMAL');
    expect((await world.tryReserve(account)).status).toBe('shutdown');
    expect(await world.rows('SELECT spent_micros + reserved_micros AS used FROM budget_window')).toEqual([
      { used: 0n },
    ]);
  });

  it('SHUTDOWN is not weakened to a warning by a budget that warns', async () => {
    await world.setBudget({ period: 'HOUR', limitMicros: 0n, action: 'WARN' });
    await world.setState('SHUTDOWN');
    expect((await world.tryReserve(account)).status).toBe('shutdown');
    expect(await world.protection()).toMatchObject({ state: 'SHUTDOWN', changed_by: 'admin:test' });
  });
});
