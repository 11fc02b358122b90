import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type AccountInput, type Accounts, createAccounts } from '../../server/accounts/index.ts';
import { newId } from '../../server/ids.ts';
import { createRewards, type Rewards, referring } from '../../server/rewards/index.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { openWorld, type World } from '../support/world.ts';

const DAY_MS = 86_400_000;
const BONUS = 20;

describeOnEachDatabase('referrals', (kind) => {
  let world: World;
  let accounts: Accounts;
  let rewards: Rewards;
  beforeAll(async () => {
    world = await openWorld({ kind });
    const { database, clock } = world;
    accounts = createAccounts({ database, clock, referring });
    const catalog = { candidates: () => [], price: () => ({ status: 'unavailable', message: '' }) as const };
    rewards = createRewards({ database, clock, catalog, priceList: 'tokens' });
  });
  beforeEach(async () => {
    await world.reset(['referral_code']);
    await world.rows(`INSERT INTO setting (key, value) VALUES ('price-list', 'tokens')`);
    await rules({ referralCredits: BONUS, referralMonthlyCap: 10, referralTotalCap: 100 });
  });
  afterAll(() => world.close());

  const rules = (change: Parameters<Rewards['changeRules']>[0]) =>
    rewards.changeRules(change, 'For a test', 'admin:test');
  const upsert = (input: Partial<AccountInput> & { code?: string } = {}) => {
    const { code, ...rest } = input;
    return accounts.upsert({
      externalId: `friend-${newId()}`,
      tier: 'PAYG',
      ...rest,
      ...(code === undefined ? {} : { referredBy: { code, actor: 'key:app' } }),
    });
  };
  const saved = async (input?: Parameters<typeof upsert>[0]) => {
    const outcome = await upsert(input);
    if (outcome.status !== 'saved') throw new Error(JSON.stringify(outcome));
    return outcome.accountId;
  };
  const refused = async (input: Parameters<typeof upsert>[0]) => {
    const outcome = await upsert(input);
    return outcome.status === 'invalid'
      ? outcome.fields.map(({ path, message }) => `${path}: ${message}`)
      : outcome;
  };
  /** As billing books a payment: the function is called in its transaction. */
  const pay = (accountId: string) =>
    world.database.transaction(async (sql) => {
      await sql.query('SELECT rewards_lock($1)', [accountId]);
      const [row] = await sql.query<{ state: string | null }>(
        'SELECT rewards_first_payment($1, $2) AS state',
        [world.clock.now(), accountId],
      );
      return row?.state ?? null;
    });
  const available = async (accountId: string) => (await world.balance(accountId)).available;
  const referrals = () =>
    world
      .rows<{ state: string }>('SELECT state FROM referral ORDER BY account_id')
      .then((rows) => rows.map((row) => row.state));

  it('pay both sides once the friend first pays, and never again', async () => {
    const referrer = await saved();
    const friend = await saved({ code: await rewards.referralCode(referrer) });
    expect([await available(referrer), await available(friend)]).toEqual([0, 0]);
    expect(await pay(friend)).toBe('PAID');
    expect([await available(referrer), await available(friend)]).toEqual([BONUS, BONUS]);
    expect(await pay(friend)).toBeNull();
    expect([await available(referrer), await available(friend)]).toEqual([BONUS, BONUS]);
    expect(
      await world.rows(
        `SELECT source, revenue_micros, expires_at FROM "grant" WHERE account_id IN ($1, $2)`,
        [referrer, friend],
      ),
    ).toEqual(
      Array(2).fill({
        source: 'REFERRAL',
        revenue_micros: 0n,
        expires_at: new Date(world.clock.now().getTime() + 90 * DAY_MS),
      }),
    );
    expect(await world.rows('SELECT actor, action FROM audit_log ORDER BY id')).toEqual(
      expect.arrayContaining([
        { actor: 'key:app', action: 'referral.set' },
        { actor: 'system', action: 'referral.paid' },
      ]),
    );
    await world.expectSound();
  });

  it('pay nothing when the transaction of the payment is rolled back, and all when it comes again', async () => {
    const referrer = await saved();
    const friend = await saved({ code: await rewards.referralCode(referrer) });
    await expect(
      world.database.transaction(async (sql) => {
        await sql.query('SELECT rewards_first_payment($1, $2)', [world.clock.now(), friend]);
        throw new Error('The payment could not be booked.');
      }),
    ).rejects.toThrow('could not be booked');
    expect([await available(referrer), await available(friend), ...(await referrals())]).toEqual([
      0,
      0,
      'PENDING',
    ]);
    expect(await pay(friend)).toBe('PAID');
  });

  it('pay once when many payments of the friend are booked at the same instant', async () => {
    const referrer = await saved();
    const friend = await saved({ code: await rewards.referralCode(referrer) });
    const states = await Promise.all(Array.from({ length: 20 }, () => pay(friend)));
    expect(states.filter((state) => state !== null)).toEqual(['PAID']);
    expect([await available(referrer), await available(friend)]).toEqual([BONUS, BONUS]);
    await world.expectSound();
  });

  it('do nothing for an account that nobody referred', async () => {
    const account = await saved();
    expect(await pay(account)).toBeNull();
    expect(await available(account)).toBe(0);
  });

  it('are capped by month and in all, also when friends pay at once: the friend has its bonus all the same', async () => {
    await rules({ referralMonthlyCap: 2, referralTotalCap: 3 });
    const referrer = await saved();
    const code = await rewards.referralCode(referrer);
    const friends = await Promise.all(Array.from({ length: 5 }, () => saved({ code })));
    const states = await Promise.all(friends.map(pay));
    expect(states.sort()).toEqual(['CAPPED', 'CAPPED', 'CAPPED', 'PAID', 'PAID']);
    expect(await available(referrer)).toBe(2 * BONUS);
    for (const friend of friends) expect(await available(friend)).toBe(BONUS);
    // The next month of UTC; the cap in all still stands.
    world.clock.set('2026-12-01T00:00:00Z');
    expect(await pay(await saved({ code }))).toBe('PAID');
    expect(await pay(await saved({ code }))).toBe('CAPPED');
    expect(await available(referrer)).toBe(3 * BONUS);
    await world.expectSound();
  });

  it('lapse when the friend first pays while no bonus is offered', async () => {
    await rules({ referralCredits: 0 });
    const referrer = await saved();
    const friend = await saved({ code: await rewards.referralCode(referrer) });
    expect(await pay(friend)).toBe('LAPSED');
    await rules({ referralCredits: BONUS });
    expect(await pay(friend)).toBeNull();
    expect(await available(referrer)).toBe(0);
  });

  it('are refused to oneself, in a circle of two, after a payment, a second time, and for a code that nobody has', async () => {
    const one = await saved({ externalId: 'one' });
    const two = await saved({ externalId: 'two' });
    const codeOfOne = await rewards.referralCode(one);
    const codeOfTwo = await rewards.referralCode(two);
    expect(await refused({ externalId: 'one', code: codeOfOne })).toEqual([
      expect.stringContaining('own code'),
    ]);
    expect(await refused({ externalId: 'new', code: 'NOBODYS1' })).toEqual([
      expect.stringMatching(/^referredBy: Nobody has this code/),
    ]);
    // What was refused has made no account and changed none.
    expect(await world.rows(`SELECT 1 FROM account WHERE external_id = 'new'`)).toEqual([]);
    expect(await refused({ externalId: 'one', email: 'one@example.com', code: 'NOBODYS1' })).toHaveLength(1);
    expect(await world.rows(`SELECT email FROM account WHERE external_id = 'one'`)).toEqual([
      { email: null },
    ]);

    await saved({ externalId: 'two', code: codeOfOne });
    // The same again is no mistake: an app may say it with each update. Digits are read as people type them.
    await saved({
      externalId: 'two',
      code: ` ${codeOfOne.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l')} `,
    });
    expect(await refused({ externalId: 'one', code: codeOfTwo })).toEqual([
      expect.stringContaining('itself has referred'),
    ]);
    const three = await saved({ externalId: 'three' });
    expect(await refused({ externalId: 'two', code: await rewards.referralCode(three) })).toEqual([
      expect.stringContaining('stays so'),
    ]);
    await world.grant(three, 100, { source: 'PURCHASE', revenueMicros: 1_000_000n });
    expect(await refused({ externalId: 'three', code: codeOfOne })).toEqual([
      expect.stringContaining('has paid before'),
    ]);
    expect(await referrals()).toEqual(['PENDING']);
  });

  it('of two accounts that name each other at once are noted one way only', async () => {
    const one = await saved({ externalId: 'one' });
    const two = await saved({ externalId: 'two' });
    const [codeOfOne, codeOfTwo] = [await rewards.referralCode(one), await rewards.referralCode(two)];
    const outcomes = await Promise.all([
      upsert({ externalId: 'one', code: codeOfTwo }),
      upsert({ externalId: 'two', code: codeOfOne }),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['invalid', 'saved']);
    expect(await referrals()).toHaveLength(1);
  });

  it('have one code an account, whoever asks at the same time', async () => {
    const account = await saved();
    const codes = await Promise.all(Array.from({ length: 10 }, () => rewards.referralCode(account)));
    expect(new Set(codes).size).toBe(1);
    expect(codes[0]).toMatch(/^[0-9A-HJKMNP-TV-Z]{8}$/);
  });
});
