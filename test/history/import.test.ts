import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createHistory } from '../../server/history/index.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { histories } from '../support/rounds.ts';
import { temporaryFolder } from '../support/server.ts';
import { openWorld, type World } from '../support/world.ts';
import { csv, importText, row, stream, summaryOf } from './fixture.ts';

const OWNERS = readFileSync(join(import.meta.dirname, '../data/history-150.csv'), 'utf8');

describeOnEachDatabase('importing history', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ kind });
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.reset();
  });

  const sums = () =>
    world.rows<Record<string, bigint>>(
      `SELECT coalesce(sum(calls), 0)::bigint AS calls, coalesce(sum(cost_micros), 0)::bigint AS cost, coalesce(sum(revenue_micros), 0)::bigint AS revenue,
        coalesce(sum(lost_cost_micros), 0)::bigint AS lost FROM model_summary WHERE grain = 'DAY'`,
    );

  it("gives the figures of the owner's table of 150 rows, and they are in the books", async () => {
    const summary = summaryOf(await importText(world.database, OWNERS));
    expect(summary).toMatchObject({
      rows: 150,
      added: 150,
      present: 0,
      rejected: 0,
      costMicros: 45_750_000n,
      revenueMicros: 89_850_000n,
      profitMicros: 44_100_000n,
    });
    expect(summary.margin?.toFixed(3)).toBe('0.491');
    expect(await sums()).toMatchObject([
      { calls: 150n, cost: 45_750_000n, revenue: 89_850_000n, lost: 1_600_000n },
    ]);
    // Accounts are made without credits, as old as their first call.
    expect(
      await world.rows(
        `SELECT count(*) AS accounts, sum(posted) AS credits, min(created_at) AS first FROM account`,
      ),
    ).toEqual([{ accounts: 24n, credits: 0n, first: new Date('2026-09-01T07:00:00Z') }]);
    await world.expectSound();
  });

  it('adds nothing the second time, in whatever pieces the file comes', async () => {
    await importText(world.database, OWNERS);
    const before = await sums();
    const again = summaryOf(await importText(world.database, OWNERS, { piece: 7 }));
    expect(again).toMatchObject({ rows: 150, added: 0, present: 150, rejected: 0, costMicros: 45_750_000n });
    expect(await sums()).toEqual(before);
    await world.expectSound();
  });

  it('tells in a dry run what would be, and changes nothing', async () => {
    await importText(world.database, csv(row('a')));
    const text = csv(row('a'), row('b'), row('b'), row('c', { cost: '-1' }), row('a', { cost: '0.09' }));
    const dry = await importText(world.database, text, { dryRun: true });
    expect(await world.rows('SELECT external_id FROM imported_call')).toEqual([{ external_id: 'a' }]);
    const real = await importText(world.database, text);
    expect({ ...summaryOf(dry), dryRun: false }).toEqual(summaryOf(real));
    expect(dry.rejections).toEqual(real.rejections);
    expect(summaryOf(real)).toMatchObject({
      rows: 5,
      added: 1,
      present: 2,
      rejected: 2,
      costMicros: 240_000n,
    });
    await world.expectSound();
  });

  it.each([
    ['columns that it does not have', 'a,b\n'],
    ['something else than objects', '{"a": 1} 2\n'],
  ])('lets go of a file that it cannot read: %s', async (_, beginning) => {
    const path = join(temporaryFolder(), 'history');
    writeFileSync(path, beginning + '1,2\n'.repeat(250_000));
    const bytes = createReadStream(path);
    const closed = new Promise<void>((resolve) => bytes.once('close', () => resolve()));
    const history = createHistory({ database: world.database, clock: world.clock });
    const outcome = await history.import(
      { kind: 'text', bytes, layout: null },
      { dryRun: true, actor: 'test' },
    );
    expect(outcome.status).toBe('unreadable');
    await closed;
  });

  it('refuses a row whose id is booked with other figures, since what is booked never changes', async () => {
    await importText(world.database, csv(row('a'), row('b')));
    const { outcome, rejections } = await importText(
      world.database,
      csv(row('a', { revenue: '0.17' }), row('b')),
    );
    expect(outcome).toMatchObject({
      status: 'done',
      summary: { present: 1, rejected: 1, revenueMicros: 160_000n },
    });
    expect(rejections).toMatchObject([{ line: 2, problem: expect.stringContaining('with other figures') }]);
    await expect(world.database.query('UPDATE imported_call SET cost_micros = 0')).rejects.toThrow();
    await expect(world.database.query('DELETE FROM imported_call')).rejects.toThrow();
  });

  it('finds accounts that are there, and leaves their credits and their tier alone', async () => {
    const account = await world.account({ credits: 5, tier: 'CREATOR' });
    await importText(
      world.database,
      csv(
        row('a', { account_external_id: `user-${account}`, tier: '' }),
        row('b', { account_external_id: `user-${account}` }),
      ),
    );
    expect(await world.rows('SELECT account_id, tier FROM imported_call ORDER BY external_id')).toEqual([
      { account_id: account, tier: 'CREATOR' },
      { account_id: account, tier: 'PRO' },
    ]);
    expect(await world.balance(account)).toMatchObject({ posted: 5 });
    expect(await world.rows('SELECT tier FROM account')).toEqual([{ tier: 'CREATOR' }]);
  });

  it('counts what failed as lost cost, and keeps what must be escaped', async () => {
    const odd = 'tab\there \\ "quoted", or\nnot';
    const quoted = `"${odd.replaceAll('"', '""')}"`;
    const { outcome } = await importText(
      world.database,
      csv(
        row('a', { status: 'failed' }),
        row('b', { status: 'error', cost: '0' }),
        row('c', { account_external_id: quoted }),
      ),
    );
    expect(outcome).toMatchObject({ status: 'done', summary: { added: 3 } });
    expect(await sums()).toMatchObject([{ lost: 80_000n }]);
    expect(await world.rows('SELECT outcome FROM imported_call ORDER BY external_id')).toEqual([
      { outcome: 'FAILED_BILLED' },
      { outcome: 'FAILED_UNBILLED' },
      { outcome: 'SUCCEEDED' },
    ]);
    expect(await world.rows(`SELECT 1 FROM account WHERE external_id = $1`, [odd])).toHaveLength(1);
    await world.expectSound();
  });

  it('lets one import run at a time, in all processes', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    async function* slow() {
      yield new TextEncoder().encode(csv(row('a')));
      begun.resolve();
      await promise;
    }
    const history = createHistory(world);
    const first = history.import(
      { kind: 'text', bytes: slow(), layout: null },
      { dryRun: false, actor: 'cli' },
    );
    await begun.promise;
    const second = await history.import(
      { kind: 'text', bytes: stream(csv(row('b'))), layout: null },
      { dryRun: false, actor: 'cli' },
    );
    expect(second.status).toBe('busy');
    // Only a database that several processes share has another one.
    if (kind === 'postgres') {
      expect((await importText(world.database, csv(row('b')))).outcome.status).toBe('busy');
    }
    resolve();
    expect((await first).status).toBe('done');
    expect((await importText(world.database, csv(row('b')))).outcome.status).toBe('done');
  });

  it('books each call once, whatever files overlap and wherever an import breaks off', async () => {
    const runs = histories(3, 60);
    const call = fc.record({
      id: fc.integer({ min: 0, max: 30 }),
      minute: fc.integer({ min: 0, max: 100_000 }),
      tier: fc.constantFrom('FREE', 'PRO', ''),
      model: fc.constantFrom('a', 'b'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ calls: fc.array(call, { maxLength: 40 }), breaks: fc.boolean() }), {
          minLength: 1,
          maxLength: 4,
        }),
        async (files) => {
          await world.reset();
          const expected = new Map<number, bigint>();
          for (const { calls, breaks } of files) {
            // The figures of a call are made of its id, so that overlapping files agree.
            const lines = calls.map(({ id, tier }) =>
              row(`call-${id}`, {
                cost: `0.0${(id % 9) + 1}`,
                tier,
                model: `m${id % 3}`,
                account_external_id: `customer-${id % 5}`,
                created_at: new Date(Date.UTC(2026, 9, 1, 0, id * 37)).toISOString(),
              }),
            );
            // A quote that is not closed ends the reading; what stands before it is good.
            const text = csv(...lines) + (breaks ? '"broken' : '');
            const { outcome } = await importText(world.database, text, { piece: 97 });
            expect(outcome.status).toBe(breaks ? 'unreadable' : 'done');
            for (const { id } of calls) expected.set(id, BigInt((id % 9) + 1) * 10_000n);
          }
          const [found] = await sums();
          expect(found).toMatchObject({
            calls: BigInt(expected.size),
            cost: [...expected.values()].reduce((sum, cost) => sum + cost, 0n),
          });
          await world.expectSound();
        },
      ),
      { numRuns: runs },
    );
  });
});
