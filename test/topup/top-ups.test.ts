import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Accounts, createAccounts } from '../../server/accounts/index.ts';
import { newId } from '../../server/ids.ts';
import type { Ledger } from '../../server/ledger/index.ts';
import { createLog } from '../../server/log.ts';
import { createPlans, type Plans, seedPlans } from '../../server/plans/index.ts';
import { referring } from '../../server/rewards/index.ts';
import {
  type AutoTopUpItem,
  createTopUps,
  type LowBalanceChange,
  type TopUps,
  watchBalances,
} from '../../server/topup/index.ts';
import { describeOnEachDatabase, describeOnPostgres } from '../support/databases.ts';
import { inProcesses, total } from '../support/processes.ts';
import { openTill, type Till } from '../support/till.ts';
import type { TopUpJob } from '../support/topup-worker.ts';
import { openWorld, reserveItem, settleItem, type World } from '../support/world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A site with top-ups, whose payments go to a till. */
async function openSite(kind: World['kind']) {
  const world = await openWorld({ kind });
  const { database, clock } = world;
  await seedPlans(database, clock);
  const catalog = {
    appraise: () => ({ status: 'invalid', fields: [] }) as const,
    candidates: () => [],
    models: () => [],
  };
  const plans: Plans = createPlans({ database, clock, catalog, priceList: 'tokens' });
  const accounts: Accounts = createAccounts({ database, clock, referring });
  return {
    world,
    /** A server process: its own memory, and a till of its own. */
    process(): { topUps: TopUps; ledger: Ledger; till: Till; told: LowBalanceChange[] } {
      const till = openTill(world.ledger, plans);
      const log = createLog({ level: 'silent' });
      const told: LowBalanceChange[] = [];
      const topUps = createTopUps({
        database,
        clock,
        log,
        accounts,
        plans,
        chargeSaved: till.charge,
        onLowBalance: (change) => told.push(change),
      });
      return { topUps, till, told, ledger: watchBalances(world.ledger, topUps.notice) };
    },
  };
}

describeOnEachDatabase('low balances and top-ups', (kind) => {
  let site: Awaited<ReturnType<typeof openSite>>;
  let world: World;
  let topUps: TopUps;
  let till: Till;
  let ledger: Ledger;
  let told: LowBalanceChange[];
  beforeAll(async () => {
    site = await openSite(kind);
    world = site.world;
  });
  beforeEach(async () => {
    await world.reset(['auto_top_up', 'low_balance_event', 'top_up']);
    ({ topUps, till, ledger, told } = site.process());
  });
  afterAll(() => world.close());

  const set = (accountId: string, item: Partial<AutoTopUpItem> = {}) =>
    topUps.set({
      accountId,
      threshold: 50,
      isOn: true,
      pack: '500',
      dailyCapMicros: 100_000_000n,
      actor: 'account:test',
      ...item,
    });
  /** A call that burns so many credits. */
  const burn = async (accountId: string, credits: number) => {
    const item = reserveItem(accountId, world.clock.now(), { credits });
    const reserved = await ledger.reserve(item);
    if (reserved.status !== 'reserved') throw new Error(reserved.status);
    await ledger.settle(settleItem(item.id, 'POST', world.clock.now(), { credits }));
    await topUps.idle();
  };
  const events = () =>
    world.rows<{ threshold: number; available: number }>(
      'SELECT threshold, available FROM low_balance_event ORDER BY id',
    );
  const bought = () =>
    world.rows<{ state: string; reason: string | null }>('SELECT state, reason FROM top_up ORDER BY id');
  const available = async (accountId: string) => (await world.balance(accountId)).available;

  it('an account is told to be low once, and again only when it has not been low in between', async () => {
    const account = await world.account({ credits: 100 });
    await set(account, { isOn: false, pack: null });
    await burn(account, 50);
    expect(await events()).toEqual([]);
    await burn(account, 1);
    expect(await events()).toEqual([{ threshold: 50, available: 49 }]);
    await burn(account, 5);
    await topUps.sweep();
    expect(await events()).toHaveLength(1);
    expect((await topUps.read(account))?.lowSince).toEqual(world.clock.now());
    await world.grant(account, 100);
    await topUps.sweep();
    expect((await topUps.read(account))?.lowSince).toBeNull();
    world.clock.advance(1);
    await burn(account, 100);
    expect(await events()).toEqual([
      { threshold: 50, available: 49 },
      { threshold: 50, available: 44 },
    ]);
    expect(till.asked).toEqual([]);
    expect(told).toMatchObject([
      { accountId: account, isLow: true, available: 49 },
      { accountId: account, isLow: false, available: 144 },
      { accountId: account, isLow: true, available: 44 },
    ]);
    await world.expectSound();
  });

  it('a rise and a fall between two looks are a new event, as the ledger tells', async () => {
    const account = await world.account({ credits: 60 });
    await set(account, { isOn: false });
    await burn(account, 20);
    expect(await events()).toHaveLength(1);
    // Nobody looks while this happens.
    await world.grant(account, 30);
    await world.post(await world.reserve(account, { credits: 30 }), { credits: 30 });
    await topUps.sweep();
    expect(await events()).toHaveLength(2);
    await topUps.sweep();
    expect(await events()).toHaveLength(2);
  });

  it('50 settlements that cross the threshold at once make one event and one top-up', async () => {
    const account = await world.account({ credits: 200 });
    await set(account, { threshold: 100 });
    const release = till.hold();
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const item = reserveItem(account, world.clock.now(), { credits: 3 });
        if ((await ledger.reserve(item)).status !== 'reserved') throw new Error('Not reserved.');
        await ledger.settle(settleItem(item.id, 'POST', world.clock.now(), { credits: 3 }));
      }),
    );
    await topUps.sweep();
    release();
    await topUps.idle();
    expect(await events()).toHaveLength(1);
    expect(await bought()).toEqual([{ state: 'PAID', reason: null }]);
    expect(till.asked).toHaveLength(1);
    expect(await available(account)).toBe(50 + 500);
    await world.expectSound();
  });

  it('a payment is followed by a cooldown, also when the account is low again at once', async () => {
    const account = await world.account({ credits: 60 });
    await set(account);
    await burn(account, 20);
    expect(await available(account)).toBe(540);
    await burn(account, 500);
    expect(await events()).toHaveLength(2);
    expect(await bought()).toHaveLength(1);
    world.clock.advance(10 * MINUTE_MS - 1);
    await topUps.sweep();
    await topUps.idle();
    expect(await bought()).toHaveLength(1);
    world.clock.advance(1);
    await topUps.sweep();
    await topUps.idle();
    expect(await bought()).toHaveLength(2);
    expect(await available(account)).toBe(540);
  });

  it('a day costs no more than its cap, by the account’s own midnight', async () => {
    const account = await world.account({ credits: 40, timeZone: 'Pacific/Honolulu' });
    await set(account, { dailyCapMicros: 10_000_000n });
    await topUps.idle();
    for (const count of [2, 2]) {
      world.clock.advance(HOUR_MS);
      await burn(account, 500);
      expect(await bought()).toHaveLength(count);
    }
    // A third pack of $5 would pass the cap until midnight in Honolulu.
    world.clock.set('2026-11-21T09:59:59Z');
    await topUps.sweep();
    await topUps.idle();
    expect(await bought()).toHaveLength(2);
    expect((await topUps.read(account))?.nextAt).toEqual(new Date('2026-11-21T10:00:00Z'));
    world.clock.set('2026-11-21T10:00:00Z');
    await topUps.sweep();
    await topUps.idle();
    expect(await bought()).toHaveLength(3);
  });

  it('after a decline it waits an hour, then two; after the third it is switched off, and its user sees why', async () => {
    const account = await world.account({ credits: 60 });
    await set(account);
    const declined = { status: 'declined', reason: 'The card has expired.' } as const;
    till.next(declined, declined, declined);
    await burn(account, 20);
    expect(await bought()).toEqual([{ state: 'DECLINED', reason: 'The card has expired.' }]);
    for (const [hours, expected] of [
      [1, 2],
      [2, 3],
    ] as const) {
      world.clock.advance(hours * HOUR_MS - 1);
      await topUps.sweep();
      await topUps.idle();
      expect(await bought()).toHaveLength(expected - 1);
      world.clock.advance(1);
      await topUps.sweep();
      await topUps.idle();
      expect(await bought()).toHaveLength(expected);
    }
    expect(await topUps.read(account)).toMatchObject({ isOn: false, offReason: 'The card has expired.' });
    world.clock.advance(1_000 * HOUR_MS);
    await topUps.sweep();
    await topUps.idle();
    expect(till.asked).toHaveLength(3);
    expect(await world.rows(`SELECT actor, reason FROM audit_log WHERE action = 'top-up.off'`)).toEqual([
      { actor: 'system', reason: 'The card has expired.' },
    ]);
    // Whoever switches it on again begins anew.
    await set(account);
    await topUps.idle();
    expect(await topUps.read(account)).toMatchObject({ isOn: true, offReason: null });
    expect(await available(account)).toBe(540);
  });

  it('a payment between declines makes them count anew', async () => {
    const account = await world.account({ credits: 60 });
    await set(account);
    const declined = { status: 'declined' } as const;
    till.next(declined, declined, { status: 'paid' }, declined, declined);
    await burn(account, 20);
    for (let round = 0; round < 4; round += 1) {
      world.clock.advance(5 * HOUR_MS);
      if ((await available(account)) > 50) await burn(account, 500);
      await topUps.sweep();
      await topUps.idle();
    }
    expect((await bought()).map(({ state }) => state)).toEqual([
      'DECLINED',
      'DECLINED',
      'PAID',
      'DECLINED',
      'DECLINED',
    ]);
    expect(await topUps.read(account)).toMatchObject({ isOn: true });
  });

  it('an account that is barred from paid calls is told to be low, and not charged', async () => {
    const account = await world.account({ credits: 40 });
    await world.rows(`UPDATE account SET barred_reason = 'A payment is disputed' WHERE id = $1`, [account]);
    await set(account);
    await topUps.idle();
    expect(await events()).toHaveLength(1);
    expect(till.asked).toEqual([]);
    await world.rows('UPDATE account SET barred_reason = NULL WHERE id = $1', [account]);
    await topUps.sweep();
    await topUps.idle();
    expect(till.asked).toHaveLength(1);
  });

  it('what is set again with the same threshold tells nobody again', async () => {
    const account = await world.account({ credits: 40 });
    await set(account, { isOn: false });
    await set(account, { isOn: false });
    expect(await events()).toHaveLength(1);
    await set(account, { isOn: false, threshold: 45 });
    expect(await events()).toHaveLength(2);
  });

  it('without a saved payment method it is switched off at once', async () => {
    const account = await world.account({ credits: 60 });
    await set(account);
    till.next({ status: 'no-payment-method' });
    await burn(account, 20);
    expect(await topUps.read(account)).toMatchObject({
      isOn: false,
      offReason: expect.stringContaining('no saved payment method'),
    });
  });

  it('a payment without an answer is asked after under the same key, by another process too, and no second begins', async () => {
    const account = await world.account({ credits: 60 });
    await set(account);
    till.next(new Error('The connection broke.'));
    await burn(account, 20);
    expect(await bought()).toEqual([{ state: 'REQUESTED', reason: null }]);
    await burn(account, 5);
    await topUps.sweep();
    await topUps.idle();
    expect(till.asked).toHaveLength(1);
    // This process has died: another finds the row when its lease is over.
    const second = site.process();
    await second.topUps.sweep();
    await second.topUps.idle();
    expect(second.till.asked).toEqual([]);
    world.clock.advance(2 * MINUTE_MS);
    second.till.next({ status: 'pending' }, { status: 'unavailable' });
    await second.topUps.sweep();
    await second.topUps.idle();
    world.clock.advance(HOUR_MS);
    await second.topUps.sweep();
    await second.topUps.idle();
    world.clock.advance(HOUR_MS);
    await second.topUps.sweep();
    await second.topUps.idle();
    expect(second.till.asked).toEqual(Array(3).fill(till.asked[0]));
    expect(await bought()).toEqual([{ state: 'PAID', reason: null }]);
    expect(await available(account)).toBe(35 + 500);
    await world.expectSound();
  });

  it('a payment that two processes ask after at once is booked once', async () => {
    const account = await world.account({ credits: 60 });
    await set(account);
    till.next({ status: 'unavailable' });
    await burn(account, 20);
    world.clock.advance(10 * MINUTE_MS);
    const others = [site.process(), site.process(), site.process()];
    await Promise.all(others.map(({ topUps: each }) => each.sweep()));
    await Promise.all(others.map(({ topUps: each }) => each.idle()));
    expect(others.flatMap((other) => other.till.asked)).toEqual([till.asked[0]]);
    expect(await available(account)).toBe(540);
  });

  it('what nobody could say before the key ends is left as unknown, and nothing more is tried', async () => {
    const account = await world.account({ credits: 60 });
    await set(account);
    till.next(...Array(40).fill({ status: 'unavailable' }));
    await burn(account, 20);
    for (let hour = 0; hour <= 21; hour += 1) {
      world.clock.advance(HOUR_MS);
      await topUps.sweep();
      await topUps.idle();
    }
    expect(await bought()).toEqual([
      { state: 'UNKNOWN', reason: expect.stringContaining('Nobody could say') },
    ]);
    expect(await topUps.read(account)).toMatchObject({ isOn: false });
    expect(new Set(till.asked).size).toBe(1);
  });

  it('what nobody has asked after until the key was over is not asked for again', async () => {
    const account = await world.account({ credits: 60 });
    await set(account);
    till.next({ status: 'unavailable' });
    await burn(account, 20);
    world.clock.advance(48 * HOUR_MS);
    await topUps.sweep();
    await topUps.idle();
    expect(till.asked).toHaveLength(1);
    expect(await bought()).toMatchObject([{ state: 'UNKNOWN' }]);
    expect(await topUps.read(account)).toMatchObject({ isOn: false });
  });

  it('what a process noticed and could not do before it died is done by the next sweep', async () => {
    const account = await world.account({ credits: 60 });
    await set(account);
    // Nothing hears of this call.
    await world.post(await world.reserve(account, { credits: 20 }), { credits: 20 });
    const next = site.process();
    await next.topUps.sweep();
    await next.topUps.idle();
    expect(await events()).toEqual([{ threshold: 50, available: 40 }]);
    expect(await available(account)).toBe(540);
  });

  it('a threshold that another process has set is known here after a start', async () => {
    const account = await world.account({ credits: 60 });
    await set(account, { isOn: false });
    const other = site.process();
    await other.topUps.start();
    const item = reserveItem(account, world.clock.now(), { credits: 20 });
    await other.ledger.reserve(item);
    await other.topUps.stop();
    expect(await events()).toEqual([{ threshold: 50, available: 40 }]);
  });

  it('many accounts are swept along their index, page by page', async () => {
    await world.rows(
      `WITH made AS (INSERT INTO account (id, external_id, tier, created_at, updated_at)
        SELECT gen_random_uuid(), 'many ' || n, 'PAYG', $1, $1 FROM generate_series(1, 1203) AS n RETURNING id)
      INSERT INTO auto_top_up (account_id, threshold, is_on, daily_cap_micros, updated_at) SELECT id, 5, false, 0, $1 FROM made`,
      [world.clock.now()],
    );
    await topUps.sweep();
    expect(await world.rows('SELECT count(DISTINCT account_id)::int AS n FROM low_balance_event')).toEqual([
      { n: 1_203 },
    ]);
  });

  it('is told what cannot be', async () => {
    const account = await world.account();
    const paths = async (item: Partial<AutoTopUpItem>) => {
      const outcome = await set(account, item);
      return outcome.status === 'invalid' ? outcome.fields.map(({ path }) => path) : outcome.status;
    };
    expect(await paths({ threshold: 0 })).toEqual(['threshold']);
    expect(await paths({ pack: 'nothing' })).toEqual(['pack']);
    expect(await paths({ pack: null })).toEqual(['pack']);
    expect(await paths({ dailyCapMicros: 4_999_999n })).toEqual(['dailyCap']);
    expect(await paths({ dailyCapMicros: null })).toEqual(['dailyCap']);
    expect(await topUps.read(account)).toBeNull();
    expect(await set(newId())).toEqual({ status: 'account-not-found' });
  });
});

describeOnPostgres('top-ups in two processes', (kind) => {
  it('100 calls that cross the threshold in both make one event and one payment', async () => {
    const { world, process: openProcess } = await openSite(kind);
    try {
      const accountId = await world.account({ credits: 300 });
      const { topUps } = openProcess();
      await topUps.set({
        accountId,
        threshold: 200,
        isOn: true,
        pack: '500',
        dailyCapMicros: 100_000_000n,
        actor: 'account:test',
      });
      const job: TopUpJob = {
        url: world.url ?? '',
        now: world.clock.now().toISOString(),
        accountId,
        calls: 50,
        credits: 2,
      };
      const results = await inProcesses(2, job, 'topup-worker.ts');
      expect(results.flatMap(({ errors }) => errors)).toEqual([]);
      expect(total(results)).toEqual({ reserved: 100, asked: 1 });
      expect(await world.rows('SELECT count(*)::int AS n FROM low_balance_event')).toEqual([{ n: 1 }]);
      expect(await world.rows('SELECT state, count(*)::int AS n FROM top_up GROUP BY state')).toEqual([
        { state: 'PAID', n: 1 },
      ]);
      expect(await world.balance(accountId)).toMatchObject({ available: 300 - 200 + 500 });
      await world.expectSound();
    } finally {
      await world.close();
    }
  });
});
