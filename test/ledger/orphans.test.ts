import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Database } from '../../server/database/index.ts';
import { newId } from '../../server/ids.ts';
import { openLedger } from '../../server/ledger/index.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { until } from '../support/server.ts';
import { openWorld, reserveItem, settleItem, type World } from '../support/world.ts';

/** Longer than a heart may stand still. */
const DEAD_MS = 21_000;

describeOnEachDatabase('orphans', (kind) => {
  let world: World;
  let account: string;
  beforeAll(async () => {
    world = await openWorld({ kind });
  });
  beforeEach(async () => {
    await world.reset();
    await world.rows('UPDATE server_process SET stopped_at = NULL, heartbeat_at = $1', [world.clock.now()]);
    account = await world.account({ credits: 1_000 });
  });
  afterAll(() => world.close());

  const ids = (orphans: readonly { readonly generationId: string }[]) =>
    orphans.map((orphan) => orphan.generationId);
  /** Another server process. On PGlite it takes all others for gone, which is put right again. */
  const neighbour = async () => {
    const ledger = await world.anotherLedger();
    await world.rows('UPDATE server_process SET stopped_at = NULL');
    return ledger;
  };

  it("are not taken from a living process: another's reservations stay its own while its heart beats", async () => {
    const other = await neighbour();
    await world.reserve(account, { expiresAt: new Date(world.clock.now().getTime() + 600_000) });
    world.clock.advance(DEAD_MS - 2_000);
    expect(await other.adoptOrphans(10)).toEqual([]);
    await world.ledger.beat();
    world.clock.advance(DEAD_MS - 2_000);
    expect(await other.adoptOrphans(10)).toEqual([]);
    expect(await world.rows('SELECT process_id FROM reservation')).toEqual([
      { process_id: world.ledger.processId },
    ]);
  });

  it('are told from what was never sent by what is said when their batch goes, and no sooner', async () => {
    const asked: string[] = [];
    const reserve = (name: string, sent: boolean) =>
      world.reserve(account, {
        key: name,
        sent: () => {
          asked.push(name);
          return sent;
        },
      });
    const both = [reserve('goes', true), reserve('waits', false)];
    expect(asked).toEqual([]);
    const [goes, waits] = await Promise.all(both);
    expect(asked).toEqual(['goes', 'waits']);
    expect(
      await world.rows('SELECT id, sent_at IS NOT NULL AS sent, status::text FROM generation ORDER BY id'),
    ).toEqual(
      [
        { id: goes, sent: true, status: 'RUNNING' },
        { id: waits, sent: false, status: 'QUEUED' },
      ].toSorted((one, other) => ((one.id ?? '') < (other.id ?? '') ? -1 : 1)),
    );
  });

  it('are taken once the heart of their process has stopped, with what is needed to go on', async () => {
    const other = await neighbour();
    const expiresAt = new Date(world.clock.now().getTime() + 600_000);
    const sent = await world.reserve(account, { expiresAt });
    const queued = await world.reserve(account, {
      expiresAt,
      sent: () => false,
      credits: 5,
      ceilingMicros: 9n,
    });
    await world.ledger.recordJob({ generationId: sent, number: 1, jobId: 'job-1', expiresAt });
    const createdAt = world.clock.now();
    world.clock.advance(DEAD_MS);
    await other.beat();
    const orphans = await other.adoptOrphans(10);
    expect(ids(orphans).sort()).toEqual([sent, queued].sort());
    const operation = 'GENERATE_IMAGE';
    expect(orphans.find((orphan) => orphan.generationId === sent)).toEqual({
      generationId: sent,
      operation,
      priority: 'NORMAL',
      follows: false,
      jobId: 'job-1',
      sentAt: createdAt,
    });
    expect(orphans.find((orphan) => orphan.generationId === queued)).toEqual({
      generationId: queued,
      operation,
      priority: 'NORMAL',
      follows: false,
      jobId: null,
      sentAt: null,
    });
    // The taker answers for them now, and is not handed them again while it lives.
    expect(await other.adoptOrphans(10)).toEqual([]);
    expect(await world.ledger.adoptOrphans(10)).toEqual([]);
    expect(await world.balance(account)).toMatchObject({ reserved: 7 });
    await world.expectSound();
  });

  it('are none when the database was away, so that no heart could beat: each process gets the time to say that it lives', async () => {
    let isAway = false;
    const { database, clock, ledger } = world;
    const query: Database['query'] = (...asked) =>
      isAway ? Promise.reject(new Error('ECONNREFUSED')) : database.query(...asked);
    const other = await openLedger({ database: { ...database, query, apart: { query } }, clock });
    await world.rows('UPDATE server_process SET stopped_at = NULL');
    const in10Minutes = new Date(clock.now().getTime() + 600_000);
    await world.reserve(account, { expiresAt: in10Minutes });
    const over = await world.reserve(account, { expiresAt: new Date(clock.now().getTime() + 5_000) });
    const own = reserveItem(account, clock.now(), { expiresAt: new Date(clock.now().getTime() + 5_000) });
    await other.reserve(own);

    isAway = true;
    clock.advance(5_000);
    await expect(other.beat()).rejects.toThrow('ECONNREFUSED');
    clock.advance(DEAD_MS);
    isAway = false;
    expect(ids(await other.adoptOrphans(10)), 'it sweeps before any heart beats').toEqual([own.id]);
    await other.beat();
    expect(await other.adoptOrphans(10)).toEqual([]);
    await ledger.beat();
    clock.advance(DEAD_MS - 2_000);
    expect(await other.adoptOrphans(10)).toEqual([]);
    await ledger.beat();
    clock.advance(2_000);
    expect(ids(await other.adoptOrphans(10)), 'its time is over, and was not in the outage').toEqual([over]);
    clock.advance(DEAD_MS);
    await other.beat();
    expect(await other.adoptOrphans(10), 'who says nothing now has gone').toHaveLength(1);
    await world.expectSound();
  });

  it('are none to a process that has just started, which cannot know whether the database was away', async () => {
    const { clock, ledger } = world;
    const in10Minutes = new Date(clock.now().getTime() + 600_000);
    const id = await world.reserve(account, { expiresAt: in10Minutes });
    const over = await world.reserve(account, { expiresAt: new Date(clock.now().getTime() + 5_000) });
    // Half a minute without a database, and one that starts is the first to reach it.
    clock.advance(30_000);
    const other = await neighbour();
    expect(await other.adoptOrphans(10)).toEqual([]);
    clock.advance(4_000);
    await ledger.beat();
    await world.post(over);
    clock.advance(DEAD_MS - 5_000);
    await other.beat();
    expect(await other.adoptOrphans(10)).toEqual([]);
    clock.advance(5_000);
    await other.beat();
    expect(ids(await other.adoptOrphans(10)), 'who says nothing now has gone').toEqual([id]);
    await world.expectSound();
  });

  it('are taken at once from a process that has ended in good order', async () => {
    const id = await world.reserve(account);
    const other = await neighbour();
    await world.ledger.stop();
    expect(ids(await other.adoptOrphans(10))).toEqual([id]);
  });

  it('are also what is past its time, even in the name of a living process', async () => {
    const id = await world.reserve(account, { expiresAt: new Date(world.clock.now().getTime() + 5_000) });
    const settled = await world.reserve(account, {
      expiresAt: new Date(world.clock.now().getTime() + 5_000),
    });
    await world.post(settled);
    expect(await world.ledger.adoptOrphans(10)).toEqual([]);
    world.clock.advance(5_000);
    expect(ids(await world.ledger.adoptOrphans(10))).toEqual([id]);
    // A minute to settle it in; then it is found again, should that have failed.
    expect(await world.ledger.adoptOrphans(10)).toEqual([]);
    world.clock.advance(60_000);
    expect(ids(await world.ledger.adoptOrphans(10))).toEqual([id]);
  });

  it('are also what their process has left to the sweep, as never sent; but nothing that a vendor may have', async () => {
    const expiresAt = new Date(world.clock.now().getTime() + 600_000);
    const standsAsSent = await world.reserve(account, { expiresAt });
    const queued = await world.reserve(account, { expiresAt, sent: () => false });
    const sentMeanwhile = await world.reserve(account, { expiresAt, sent: () => false });
    expect(await world.ledger.markSent(sentMeanwhile, expiresAt)).toBe(true);
    const job = await world.reserve(account, { expiresAt });
    await world.ledger.recordJob({ generationId: job, number: 1, jobId: 'job-1', expiresAt });
    const settled = await world.reserve(account, { expiresAt });
    await world.post(settled);
    const others = await (await neighbour()).reserve(reserveItem(account, world.clock.now(), { expiresAt }));
    expect(others.status).toBe('reserved');
    await Promise.all([
      world.ledger.abandon({ generationId: standsAsSent, isUnsent: true }),
      world.ledger.abandon({ generationId: queued, isUnsent: false }),
      world.ledger.abandon({ generationId: sentMeanwhile, isUnsent: false }),
      world.ledger.abandon({ generationId: job, isUnsent: true }),
      world.ledger.abandon({ generationId: settled, isUnsent: true }),
      world.ledger.abandon({ generationId: newId(), isUnsent: true }),
    ]);
    const orphans = await world.ledger.adoptOrphans(10);
    expect(ids(orphans).sort()).toEqual([standsAsSent, queued].sort());
    expect(orphans.map(({ sentAt }) => sentAt)).toEqual([null, null]);
    await world.expectSound();
  });

  it('are handed to one sweeper each, however many sweep at once', async () => {
    const reserved = await Promise.all(Array.from({ length: 60 }, () => world.reserve(account)));
    const sweepers = [await neighbour(), await neighbour(), await neighbour()];
    world.clock.advance(DEAD_MS);
    for (const sweeper of sweepers) await sweeper.beat();
    const swept = await Promise.all(
      Array.from({ length: 12 }, (_, index) => sweepers[index % 3]?.adoptOrphans(7) ?? []),
    );
    const rest = (await sweepers[0]?.adoptOrphans(100)) ?? [];
    const all = ids([...swept.flat(), ...rest]);
    expect(all).toHaveLength(60);
    expect(new Set(all)).toEqual(new Set(reserved));
  });

  it('that their old process settles after all are settled once: whoever comes second changes nothing of the credits', async () => {
    const id = await world.reserve(account);
    const other = await neighbour();
    world.clock.advance(DEAD_MS);
    expect(ids(await other.adoptOrphans(10))).toEqual([id]);
    await world.post(id);
    expect(await other.settle(settleItem(id, 'EXPIRE', world.clock.now()))).toMatchObject({
      status: 'already',
    });
    expect(await world.balance(account)).toEqual({ posted: 998, reserved: 0, available: 998 });
    await world.expectSound();
  });

  it('of one process are taken at the start of the next one on an embedded database, which has no other', async () => {
    if (kind !== 'pglite') return;
    const id = await world.reserve(account);
    const restarted = await world.anotherLedger();
    expect(ids(await restarted.adoptOrphans(10))).toEqual([id]);
  });

  it('never were: a queued call is marked as sent before it goes, and one that has ended may not go any more', async () => {
    const now = world.clock.now();
    const [goes, ended] = [
      reserveItem(account, now, { sent: () => false }),
      reserveItem(account, now, { sent: () => false }),
    ];
    await world.ledger.reserve(goes);
    await world.ledger.reserve(ended);
    await world.void(ended.id);
    world.clock.advance(1_000);
    const expiresAt = new Date(now.getTime() + 90_000);
    expect(
      await Promise.all([
        world.ledger.markSent(goes.id, expiresAt),
        world.ledger.markSent(ended.id, expiresAt),
      ]),
    ).toEqual([true, false]);
    // Whoever comes second, here or elsewhere, does not send it again.
    expect(await world.ledger.markSent(goes.id, expiresAt)).toBe(false);
    expect(await (await neighbour()).markSent(goes.id, expiresAt)).toBe(false);
    expect(await world.rows('SELECT status, sent_at FROM generation WHERE id = $1', [goes.id])).toEqual([
      { status: 'RUNNING', sent_at: new Date(now.getTime() + 1_000) },
    ]);
    expect(await world.rows('SELECT status, sent_at FROM generation WHERE id = $1', [ended.id])).toEqual([
      { status: 'FAILED', sent_at: null },
    ]);
  });

  it('never were: a call that may go after an outage has its time from then on, also when that was kept before', async () => {
    const { database, clock } = world;
    const lost = new Error('Connection terminated unexpectedly');
    let isAway: 'not' | 'before' | 'after' = 'not';
    let failed = 0;
    const query: Database['query'] = async (...asked) => {
      // What began in the outage fails by it, also when it is over by then.
      const way = isAway;
      const answer = way === 'before' ? [] : await database.query<never>(...asked);
      if (way === 'not') return answer;
      failed += 1;
      throw lost;
    };
    const other = await openLedger({ database: { ...database, query }, clock });
    await world.rows('UPDATE server_process SET stopped_at = NULL');
    for (const way of ['before', 'after'] as const) {
      const item = reserveItem(account, clock.now(), { sent: () => false });
      await other.reserve(item);
      isAway = way;
      failed = 0;
      const sending = other.markSent(item.id, new Date(clock.now().getTime() + 120_000));
      await until('it has been tried in vain', () => failed > 0);
      clock.advance(600_000);
      isAway = 'not';
      expect(await sending).toBe(true);
      const [row] = await world.rows<{ expires_at: Date }>(
        'SELECT expires_at FROM reservation WHERE id = $1',
        [item.id],
      );
      expect(row?.expires_at).toEqual(new Date(clock.now().getTime() + 120_000));
    }
  });

  it('never were: a call that its customer gave up before it was sent may not go, and one that became a job meanwhile is told', async () => {
    const expiresAt = new Date(world.clock.now().getTime() + 90_000);
    const queued = await world.reserve(account, { sent: () => false });
    expect(await world.ledger.requestCancel(queued)).toBe(true);
    expect(await world.ledger.markSent(queued, expiresAt)).toBe(false);
    const sent = await world.reserve(account);
    await world.ledger.requestCancel(sent);
    const job = { number: 1, jobId: 'job-1', expiresAt };
    expect(await world.ledger.recordJob({ ...job, generationId: sent })).toBe(true);
    const wanted = await world.reserve(account);
    expect(await world.ledger.recordJob({ ...job, generationId: wanted })).toBe(false);
    await world.post(wanted);
    expect(await world.ledger.requestCancel(wanted), 'what has ended stays as it is').toBe(false);
  });

  it('never were: a job gives its reservation the time that it takes, and never less than it had', async () => {
    const until = (seconds: number) => new Date(Date.parse('2026-11-20T12:00:00Z') + seconds * 1_000);
    const id = await world.reserve(account, { expiresAt: until(100) });
    const keep = (seconds: number) =>
      world.ledger.recordJob({ generationId: id, number: 1, jobId: 'job-1', expiresAt: until(seconds) });
    await keep(500);
    await keep(300);
    expect(
      await world.rows('SELECT r.expires_at, g.job_id FROM reservation r JOIN generation g USING (id)'),
    ).toEqual([{ expires_at: until(500), job_id: 'job-1' }]);
    await world.post(id);
    await keep(900);
    expect(await world.rows('SELECT expires_at FROM reservation')).toEqual([{ expires_at: until(500) }]);
  });
});
