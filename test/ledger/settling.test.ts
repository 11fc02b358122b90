import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newId } from '../../server/ids.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { attempt, CEILING_MICROS, openWorld, reserveItem, settleItem, type World } from '../support/world.ts';

const HOUR_MS = 3_600_000;

describeOnEachDatabase('settling', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ kind });
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  const attempts = (id: string) =>
    world.rows<{ number: number; outcome: string; cost: bigint; credits: number; revenue: bigint }>(
      `SELECT number, outcome, cost_micros AS cost, credits_charged AS credits, revenue_micros AS revenue
      FROM attempt WHERE generation_id = $1 ORDER BY number`,
      [id],
    );
  const summary = async () => {
    const [row] = await world.rows(
      `SELECT sum(calls)::int AS calls, sum(succeeded)::int AS succeeded, sum(failed)::int AS failed, sum(credits)::int AS credits,
        sum(cost_micros)::int AS cost, sum(lost_cost_micros)::int AS lost, sum(revenue_micros)::int AS revenue FROM model_summary WHERE grain = 'DAY'`,
    );
    return row;
  };
  const kinds = async (account: string) =>
    (
      await world.rows<{ kind: string }>('SELECT kind FROM entry WHERE account_id = $1 ORDER BY sequence', [
        account,
      ])
    ).map((row) => row.kind);

  it('by a post burns the credits, books cost and revenue, and keeps the file', async () => {
    const account = await world.account({ credits: 10, unitRevenueMicros: 25_000n });
    const id = await world.reserve(account, { credits: 4 });
    const file = {
      id: newId(),
      position: 0,
      sha256: 'ab',
      contentType: 'image/png',
      bytes: 9,
      width: 1,
      height: 1,
      durationSeconds: null,
    };
    expect(await world.post(id, { credits: 4, costMicros: 31_000n, outputs: [file] })).toEqual({
      status: 'settled',
      at: world.clock.now(),
      accountId: account,
      creditsCharged: 4,
      costMicros: 31_000n,
      revenueMicros: 100_000n,
      balance: { posted: 6, reserved: 0, available: 6 },
    });
    expect(await attempts(id)).toEqual([
      { number: 1, outcome: 'SUCCEEDED', cost: 31_000n, credits: 4, revenue: 100_000n },
    ]);
    expect(await summary()).toEqual({
      calls: 1,
      succeeded: 1,
      failed: 0,
      credits: 4,
      cost: 31_000,
      lost: 0,
      revenue: 100_000,
    });
    expect(await world.rows('SELECT id, generation_id FROM output')).toEqual([
      { id: file.id, generation_id: id },
    ]);
    expect(
      await world.rows(
        'SELECT status, credits_charged, cost_micros, revenue_micros FROM generation WHERE id = $1',
        [id],
      ),
    ).toEqual([{ status: 'SUCCEEDED', credits_charged: 4, cost_micros: 31_000n, revenue_micros: 100_000n }]);
    expect(await kinds(account)).toEqual(['GRANT', 'RESERVE', 'POST']);
    await world.expectSound();
  });

  it('keeps every text as it came, whatever stands in it, and tells none from nothing', async () => {
    const account = await world.account({ credits: 100 });
    const now = world.clock.now();
    const texts = [
      '',
      'NULL',
      'null',
      '"',
      '\\',
      '\\"',
      '{a,b}',
      ',',
      '}',
      "it's",
      ' a\n\tb ',
      '狐 🦊',
      `$1`,
      null,
    ];
    const items = texts.map((prompt, index) =>
      reserveItem(account, now, {
        prompt,
        request: { prompt, nested: [{ prompt }] },
        key: prompt === null ? 'none' : `${prompt}#${index}`,
      }),
    );
    const reserved = await Promise.all(items.map((item) => world.ledger.reserve(item)));
    expect(reserved.map(({ status }) => status)).toEqual(texts.map(() => 'reserved'));
    // The same keys again are found, so that they were kept as they are.
    const again = await Promise.all(items.map((item) => world.ledger.reserve({ ...item, id: newId() })));
    expect(again).toEqual(items.map(({ id }) => ({ status: 'replay', generationId: id })));
    await Promise.all(
      items.map(({ id }, index) =>
        world.ledger.settle({
          ...settleItem(id, 'VOID', now),
          failure: {
            code: 'CONTENT_REFUSED',
            message: texts[index] ?? '-',
            retryable: false,
            retryAfterSeconds: 7,
          },
          attempts: [
            attempt(now, { jobId: texts[index] ?? null, error: texts[index] ?? null, costMicros: 0n }),
          ],
        }),
      ),
    );
    expect(
      await world.rows(
        `SELECT g.prompt, g.request, g.failure_message, g.failure_retryable, g.retry_after_seconds, a.job_id, a.error
        FROM generation g JOIN attempt a ON a.generation_id = g.id ORDER BY g.id`,
      ),
    ).toEqual(
      texts.map((text) => ({
        prompt: text,
        request: { prompt: text, nested: [{ prompt: text }] },
        failure_message: text ?? '-',
        failure_retryable: false,
        retry_after_seconds: 7,
        job_id: text,
        error: text,
      })),
    );
    await world.expectSound();
  });

  it('by a post of less releases the rest, and by a post of nothing releases all', async () => {
    const account = await world.account({ credits: 10 });
    const part = await world.reserve(account, { credits: 6 });
    const none = await world.reserve(account, { credits: 3 });
    expect((await world.post(part, { credits: 4 })).balance).toEqual({
      posted: 6,
      reserved: 3,
      available: 3,
    });
    expect((await world.post(none, { credits: 0 })).balance).toEqual({
      posted: 6,
      reserved: 0,
      available: 6,
    });
    await world.expectSound();
  });

  it('by a post of more than was reserved is refused, and the reservation stays as it was', async () => {
    const account = await world.account({ credits: 10 });
    const id = await world.reserve(account, { credits: 2 });
    await expect(world.post(id, { credits: 3 })).rejects.toThrow('would post 3 of 2 reserved credits');
    await expect(world.post(id, { credits: -1 })).rejects.toThrow('would post -1 of 2');
    expect(await world.balance(account)).toEqual({ posted: 10, reserved: 2, available: 8 });
    expect(await attempts(id)).toEqual([]);
    await world.expectSound();
  });

  it('by a void gives all credits back and still books what the vendor billed, as lost', async () => {
    const account = await world.account({ credits: 10 });
    const id = await world.reserve(account, { credits: 4 });
    expect(await world.void(id, { outcome: 'FAILED_BILLED', costMicros: 20_000n })).toMatchObject({
      status: 'settled',
      creditsCharged: 0,
      costMicros: 20_000n,
      revenueMicros: 0n,
      balance: { posted: 10, reserved: 0, available: 10 },
    });
    expect(await summary()).toMatchObject({
      calls: 1,
      failed: 1,
      credits: 0,
      cost: 20_000,
      lost: 20_000,
      revenue: 0,
    });
    expect(await kinds(account)).toEqual(['GRANT', 'RESERVE', 'VOID']);
    await world.expectSound();
  });

  it('by a void of a call that succeeded books its cost as lost: the customer has the credits back', async () => {
    const account = await world.account({ credits: 10 });
    const id = await world.reserve(account);
    // The vendor delivered and billed; the file could not be stored.
    await world.void(id, { outcome: 'SUCCEEDED', costMicros: 20_000n });
    expect(await summary()).toMatchObject({ succeeded: 1, cost: 20_000, lost: 20_000, revenue: 0 });
    await world.void(id, { outcome: 'SUCCEEDED', costMicros: 25_000n });
    expect(await summary()).toMatchObject({ calls: 1, succeeded: 1, cost: 25_000, lost: 25_000, revenue: 0 });
    await world.expectSound();
  });

  it('happens once: a second post, void or expiry of a posted one changes nothing and says what stands', async () => {
    const account = await world.account({ credits: 10, unitRevenueMicros: 10_000n });
    const id = await world.reserve(account);
    await world.post(id, { costMicros: 30_000n });
    for (const again of [world.post, world.void, world.expire]) {
      expect(await again(id, { costMicros: 39_000n })).toEqual({
        status: 'already',
        at: world.clock.now(),
        accountId: account,
        creditsCharged: 2,
        costMicros: 30_000n,
        revenueMicros: 20_000n,
        balance: { posted: 8, reserved: 0, available: 8 },
      });
    }
    expect(await kinds(account)).toEqual(['GRANT', 'RESERVE', 'POST']);
    expect(await summary()).toMatchObject({ calls: 1, cost: 30_000, revenue: 20_000 });
    await world.expectSound();
  });

  it('of one that was voided or expired corrects its cost in the hour of its booking, and charges nothing', async () => {
    const account = await world.account({ credits: 10 });
    for (const end of [world.void, world.expire]) {
      await world.reset();
      const fresh = await world.account({ credits: 10 });
      const id = await world.reserve(fresh);
      await end(id, { outcome: 'UNKNOWN', costMicros: CEILING_MICROS });
      world.clock.advance(2 * HOUR_MS);
      // A success that came too late, and cheaper than had been feared.
      expect(await world.post(id, { costMicros: 31_000n })).toMatchObject({
        status: 'late',
        creditsCharged: 0,
        costMicros: 31_000n,
        revenueMicros: 0n,
        balance: { posted: 10, reserved: 0, available: 10 },
      });
      expect(await world.rows(`SELECT DISTINCT at FROM model_summary WHERE grain = 'QUARTER_HOUR'`)).toEqual([
        { at: new Date('2026-11-20T12:00:00Z') },
      ]);
      expect(await summary()).toMatchObject({
        calls: 1,
        succeeded: 1,
        failed: 0,
        credits: 0,
        cost: 31_000,
        lost: 31_000,
      });
      expect(await world.rows('SELECT status, cost_micros FROM generation WHERE id = $1', [id])).toEqual([
        { status: 'FAILED', cost_micros: 31_000n },
      ]);
      expect(await kinds(fresh)).toHaveLength(3);
      await world.expectSound();
    }
    expect(account).toBeDefined();
  });

  it('corrects an attempt where it was booked, also when the correction names another provider', async () => {
    const account = await world.account({ credits: 10 });
    const id = await world.reserve(account);
    await world.void(id, { outcome: 'UNKNOWN', costMicros: 40_000n });
    const now = world.clock.now();
    await world.post(id, {
      attempts: [attempt(now, { provider: 'other', model: 'other/image', costMicros: 10_000n })],
    });
    expect(await world.rows(`SELECT provider, cost_micros FROM model_summary WHERE grain = 'DAY'`)).toEqual([
      { provider: 'sandbox', cost_micros: 10_000n },
    ]);
    await world.expectSound();
  });

  it('books each of several attempts, and the charge on the last alone', async () => {
    const account = await world.account({ credits: 10 });
    const id = await world.reserve(account);
    const now = world.clock.now();
    await world.post(id, {
      attempts: [
        attempt(now, { number: 1, outcome: 'FAILED_BILLED', costMicros: 5_000n, final: false }),
        attempt(now, { number: 2, provider: 'other', model: 'other/image', costMicros: 7_000n }),
      ],
    });
    expect(await attempts(id)).toEqual([
      { number: 1, outcome: 'FAILED_BILLED', cost: 5_000n, credits: 0, revenue: 0n },
      { number: 2, outcome: 'SUCCEEDED', cost: 7_000n, credits: 2, revenue: 20_000n },
    ]);
    expect(await summary()).toMatchObject({ calls: 2, succeeded: 1, failed: 1, cost: 12_000, lost: 5_000 });
    expect(await world.rows('SELECT provider, cost_micros FROM generation')).toEqual([
      { provider: 'other', cost_micros: 12_000n },
    ]);
    await world.expectSound();
  });

  it('twice at the same instant has the first count and the second come late, with its cost booked', async () => {
    const account = await world.account({ credits: 10 });
    const id = await world.reserve(account);
    const now = world.clock.now();
    // The sweeper gives up at the very moment at which the vendor answers, on another try than the sweeper knew of.
    const [expired, posted] = await Promise.all([
      world.ledger.settle(settleItem(id, 'EXPIRE', now, { attempts: [] })),
      world.ledger.settle(settleItem(id, 'POST', now, { attempts: [attempt(now, { costMicros: 33_000n })] })),
    ]);
    expect([expired.status, posted.status]).toEqual(['settled', 'late']);
    expect(await attempts(id)).toEqual([
      { number: 1, outcome: 'SUCCEEDED', cost: 33_000n, credits: 0, revenue: 0n },
    ]);
    expect(await world.balance(account)).toEqual({ posted: 10, reserved: 0, available: 10 });
    await world.expectSound();
  });

  it('twice at the same instant by two posts burns once and keeps one set of attempts', async () => {
    const account = await world.account({ credits: 10 });
    const id = await world.reserve(account);
    const now = world.clock.now();
    const [first, second] = await Promise.all([
      world.ledger.settle(settleItem(id, 'POST', now, { attempts: [attempt(now, { number: 1 })] })),
      world.ledger.settle(settleItem(id, 'POST', now, { attempts: [attempt(now, { number: 2 })] })),
    ]);
    expect([first.status, second.status]).toEqual(['settled', 'already']);
    expect(await attempts(id)).toHaveLength(1);
    expect(await world.balance(account)).toEqual({ posted: 8, reserved: 0, available: 8 });
    await world.expectSound();
  });

  it('leaves the entries as they were: the database itself refuses to change or delete one', async () => {
    const account = await world.account({ credits: 10 });
    await world.post(await world.reserve(account));
    const before = await world.rows('SELECT * FROM entry ORDER BY sequence');
    await expect(world.rows('UPDATE entry SET credits = credits + 1')).rejects.toThrow('never changed');
    await expect(world.rows('DELETE FROM entry')).rejects.toThrow('never changed');
    await expect(world.rows('UPDATE audit_log SET actor = $1', ['nobody'])).rejects.toThrow('never changed');
    await expect(world.rows('DELETE FROM audit_log')).rejects.toThrow('never changed');
    expect(await world.rows('SELECT * FROM entry ORDER BY sequence')).toEqual(before);
  });

  it('has CHECKs behind it that no defect gets past', async () => {
    const account = await world.account({ credits: 10 });
    await world.reserve(account);
    const refused = (text: string) =>
      expect(world.rows(text)).rejects.toThrow(/violates check constraint|time zone/);
    await refused('UPDATE account SET reserved = -1');
    await refused('UPDATE account SET reserved = posted + 1');
    await refused('UPDATE "grant" SET used = credits + 1');
    await refused('UPDATE "grant" SET revenue_micros = -1');
    await refused('UPDATE reservation SET credits_posted = 1');
    await refused(`UPDATE reservation SET status = 'VOIDED'`);
    await refused('UPDATE reservation SET cost_micros = -1');
    await refused('INSERT INTO protection (id, since, changed_by) VALUES (2, now(), $$x$$)');
    await world.setBudget({ limitMicros: 100n });
    await refused('UPDATE budget SET limit_micros = -1');
    await refused('UPDATE budget_window SET admitted_limit_micros = 100, spent_micros = 101');
    // A name that the database does not know would stop the sweeper at this account, and all others behind it.
    await refused(`UPDATE account SET time_zone = 'Mars/Olympus_Mons'`);
    // Free credits come by the day or the month of an account's calendar.
    await refused(
      `INSERT INTO price_list (id, credit_micros, credit_max_micros, free_credits, free_period) VALUES ('x', 1, 1, 1, 'HOUR')`,
    );
    await world.expectSound();
  });
});
