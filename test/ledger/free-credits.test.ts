import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeOnEachDatabase } from '../support/databases.ts';
import { openWorld, type World } from '../support/world.ts';

describeOnEachDatabase('free credits', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ kind });
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  /** Looks at an account at an instant; gives what is available then. */
  const at = async (instant: string, account: string) => {
    world.clock.set(instant);
    return (await world.balance(account)).available;
  };
  /** The periods for which free credits were given. */
  const periods = async (account: string) =>
    (
      await world.rows<{ period: string }>(
        `SELECT period FROM "grant" WHERE account_id = $1 AND source = 'DAILY_FREE' ORDER BY effective_at`,
        [account],
      )
    ).map((row) => row.period);
  const expiries = async (account: string) =>
    (
      await world.rows<{ expires_at: Date }>(
        'SELECT expires_at FROM "grant" WHERE account_id = $1 ORDER BY expires_at',
        [account],
      )
    ).map((row) => row.expires_at.toISOString());

  it('come to accounts of the tier FREE alone, at the first look, and burn before all others', async () => {
    await world.freeCredits(10, 'DAY');
    const free = await world.account({ tier: 'FREE', credits: 5 });
    const paid = await world.account({ tier: 'PAYG', credits: 5 });
    expect(await world.balance(free)).toEqual({ posted: 15, reserved: 0, available: 15 });
    expect(await world.balance(paid)).toEqual({ posted: 5, reserved: 0, available: 5 });
    const id = await world.reserve(free, { credits: 11 });
    expect(await world.post(id, { credits: 11 })).toMatchObject({ revenueMicros: 10_000n });
    await world.expectSound();
  });

  it('do not come where no price list is in force, or one without free credits', async () => {
    const free = await world.account({ tier: 'FREE' });
    expect(await world.balance(free)).toMatchObject({ available: 0 });
    await world.freeCredits(0, 'DAY');
    expect(await world.balance(free)).toMatchObject({ available: 0 });
    expect(await periods(free)).toEqual([]);
    await world.freeCredits(10, 'DAY');
    expect(await world.balance(free)).toMatchObject({ available: 10 });
  });

  it("reset at midnight of the account's own zone; unused ones expire and do not add up", async () => {
    await world.freeCredits(10, 'DAY');
    const newYork = await world.account({ tier: 'FREE', timeZone: 'America/New_York' });
    const kathmandu = await world.account({ tier: 'FREE', timeZone: 'Asia/Kathmandu' });
    expect(await at('2026-11-20T12:00:00Z', newYork)).toBe(10);
    expect(await at('2026-11-20T12:00:00Z', kathmandu)).toBe(10);
    await world.post(await world.reserve(newYork, { credits: 3 }), { credits: 3 });
    await world.post(await world.reserve(kathmandu, { credits: 3 }), { credits: 3 });
    // 23:59:59 in Kathmandu (UTC+5:45), then midnight.
    expect(await at('2026-11-20T18:14:59.999Z', kathmandu)).toBe(7);
    expect(await at('2026-11-20T18:15:00Z', kathmandu)).toBe(10);
    expect(await at('2026-11-21T04:59:59.999Z', newYork)).toBe(7);
    expect(await at('2026-11-21T05:00:00Z', newYork)).toBe(10);
    // Three days on without a look in between: one grant, for the day that it is.
    expect(await at('2026-11-24T12:00:00Z', newYork)).toBe(10);
    expect(await periods(newYork)).toEqual(['2026-11-20', '2026-11-21', '2026-11-24']);
    await world.expectSound();
  });

  it('come at a reservation as well, without anybody having looked at the balance', async () => {
    await world.freeCredits(10, 'DAY');
    const account = await world.account({ tier: 'FREE' });
    expect(await world.tryReserve(account, { credits: 10 })).toMatchObject({
      status: 'reserved',
      available: 0,
    });
    expect(await world.tryReserve(account, { credits: 1 })).toMatchObject({ status: 'insufficient-credits' });
    world.clock.set('2026-11-21T00:00:00Z');
    expect(await world.tryReserve(account, { credits: 1 })).toMatchObject({
      status: 'reserved',
      available: 9,
    });
    await world.expectSound();
  });

  it('are given once on a day of 25 hours and once on a day of 23', async () => {
    await world.freeCredits(10, 'DAY');
    const account = await world.account({ tier: 'FREE', timeZone: 'America/New_York' });
    // Clocks go back on 1 November 2026 at 06:00 UTC: that day has 25 hours.
    for (const instant of [
      '2026-11-01T04:00:00Z',
      '2026-11-01T05:30:00Z',
      '2026-11-01T06:30:00Z',
      '2026-11-02T04:59:59Z',
    ]) {
      expect(await at(instant, account)).toBe(10);
    }
    expect(await periods(account)).toEqual(['2026-11-01']);
    expect(await expiries(account)).toEqual(['2026-11-02T05:00:00.000Z']);
    expect(await at('2026-11-02T05:00:00Z', account)).toBe(10);
    // Clocks go on on 14 March 2027 at 07:00 UTC: that day has 23 hours.
    expect(await at('2027-03-14T05:00:00Z', account)).toBe(10);
    expect(await at('2027-03-15T03:59:59Z', account)).toBe(10);
    expect(await at('2027-03-15T04:00:00Z', account)).toBe(10);
    expect(await periods(account)).toEqual(['2026-11-01', '2026-11-02', '2027-03-14', '2027-03-15']);
    await world.expectSound();
  });

  it('are given once a day where the clocks change at midnight itself', async () => {
    await world.freeCredits(10, 'DAY');
    // Santiago: 6 September 2026 begins at 01:00, for midnight is skipped.
    const santiago = await world.account({ tier: 'FREE', timeZone: 'America/Santiago' });
    expect(await at('2026-09-06T03:59:59Z', santiago)).toBe(10);
    expect(await at('2026-09-06T04:00:00Z', santiago)).toBe(10);
    expect(await at('2026-09-07T02:59:59Z', santiago)).toBe(10);
    expect(await at('2026-09-07T03:00:00Z', santiago)).toBe(10);
    expect(await periods(santiago)).toEqual(['2026-09-05', '2026-09-06', '2026-09-07']);
    // Havana: on 1 November 2026 the hour after midnight comes twice; the new day's credits come after the second midnight.
    const havana = await world.account({ tier: 'FREE', timeZone: 'America/Havana' });
    expect(await at('2026-11-01T03:59:59Z', havana)).toBe(10);
    await world.post(await world.reserve(havana, { credits: 4 }), { credits: 4 });
    expect(await at('2026-11-01T04:30:00Z', havana)).toBe(6);
    expect(await at('2026-11-01T05:00:00Z', havana)).toBe(10);
    expect(await at('2026-11-02T04:59:59Z', havana)).toBe(10);
    expect(await periods(havana)).toEqual(['2026-10-31', '2026-11-01']);
    await world.expectSound();
  });

  it('are not given twice when the clock goes back over midnight', async () => {
    await world.freeCredits(10, 'DAY');
    const account = await world.account({ tier: 'FREE' });
    expect(await at('2026-11-20T23:59:00Z', account)).toBe(10);
    expect(await at('2026-11-21T00:00:01Z', account)).toBe(10);
    await world.post(await world.reserve(account, { credits: 4 }), { credits: 4 });
    expect(await at('2026-11-20T23:59:58Z', account)).toBe(6);
    expect(await at('2026-11-21T00:00:02Z', account)).toBe(6);
    expect(await periods(account)).toEqual(['2026-11-20', '2026-11-21']);
    await world.expectSound();
  });

  it('follow the tier and the zone: no change of either gives a second grant for a day', async () => {
    await world.freeCredits(10, 'DAY');
    const account = await world.account({ tier: 'FREE', timeZone: 'Pacific/Apia' });
    const set = (column: 'tier' | 'time_zone', value: string) =>
      world.rows(`UPDATE account SET ${column} = $1${column === 'tier' ? '::tier' : ''} WHERE id = $2`, [
        value,
        account,
      ]);
    // 01:00 on 21 November in Apia (UTC+13).
    expect(await at('2026-11-20T12:00:00Z', account)).toBe(10);
    await set('tier', 'PRO');
    expect(await at('2026-11-20T13:00:00Z', account)).toBe(10);
    await set('tier', 'FREE');
    expect(await at('2026-11-20T14:00:00Z', account)).toBe(10);
    await set('time_zone', 'America/New_York');
    // Midnight of the 22nd in Apia is the 21st in New York, for which there was a grant; the next is for the 22nd there.
    expect(await at('2026-11-21T11:00:00Z', account)).toBe(0);
    expect(await at('2026-11-22T05:00:00Z', account)).toBe(10);
    expect(await periods(account)).toEqual(['2026-11-21', '2026-11-22']);
    await set('tier', 'PRO');
    expect(await at('2026-11-25T12:00:00Z', account)).toBe(0);
    expect(await periods(account)).toEqual(['2026-11-21', '2026-11-22']);
    await world.expectSound();
  });

  it('come by the month where the price list says so, from midnight of its first day to that of the next', async () => {
    await world.freeCredits(2, 'MONTH');
    const account = await world.account({ tier: 'FREE', timeZone: 'America/New_York' });
    expect(await at('2026-11-20T12:00:00Z', account)).toBe(2);
    await world.post(await world.reserve(account, { credits: 1 }), { credits: 1 });
    expect(await at('2026-12-01T04:59:59Z', account)).toBe(1);
    expect(await at('2026-12-01T05:00:00Z', account)).toBe(2);
    expect(await expiries(account)).toEqual(['2026-12-01T05:00:00.000Z', '2027-01-01T05:00:00.000Z']);
    // The month over which the clocks change.
    expect(await at('2027-03-31T12:00:00Z', account)).toBe(2);
    expect((await expiries(account)).at(-1)).toBe('2027-04-01T04:00:00.000Z');
    expect(await periods(account)).toEqual(['2026-11-01', '2026-12-01', '2027-03-01']);
    await world.expectSound();
  });

  it('are given once when many calls see the new day at the same instant', async () => {
    await world.freeCredits(10, 'DAY');
    const account = await world.account({ tier: 'FREE' });
    const second = await world.anotherLedger();
    const outcomes = await Promise.all([
      ...Array.from({ length: 20 }, () => world.tryReserve(account, { credits: 1 })),
      ...Array.from({ length: 20 }, () => world.balance(account)),
      ...Array.from({ length: 20 }, () => second.balance(account)),
    ]);
    expect(
      outcomes.filter((outcome) => outcome && 'status' in outcome && outcome.status === 'reserved'),
    ).toHaveLength(10);
    expect(await periods(account)).toEqual(['2026-11-20']);
    await world.expectSound();
  });

  it('stay with an account that loses them to expiry while they are reserved, until the call ends', async () => {
    await world.freeCredits(10, 'DAY');
    const account = await world.account({ tier: 'FREE' });
    world.clock.set('2026-11-20T23:59:59Z');
    const id = await world.reserve(account, { credits: 10 });
    world.clock.set('2026-11-21T00:00:01Z');
    // Yesterday's are with the call; today's are here.
    expect(await world.balance(account)).toEqual({ posted: 20, reserved: 10, available: 10 });
    await world.post(id, { credits: 6 });
    expect(await world.balance(account)).toEqual({ posted: 10, reserved: 0, available: 10 });
    await world.expectSound();
  });
});
