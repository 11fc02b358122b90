/** What an operator watches: live profit, protection and attempts, by WebSocket and by server-sent events alike. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { FakeClock } from '../../server/clock.ts';
import { type TestClient, unique } from '../support/client.ts';
import { describeOnEachDatabase, describeOnPostgres } from '../support/databases.ts';
import { ADMIN_KEY, startTestServer, type TestServer, until } from '../support/server.ts';
import { type Event, WAYS, watch } from '../support/watching.ts';

const LINE = 'calls succeeded failed cacheHits credits cost { amount } revenue { amount } margin';
const LIVE_PROFIT = `subscription ($window: LiveWindow) { liveProfit(window: $window) {
  sequence at window reservationsOpen protection { state } totals { ${LINE} }
  byProvider { provider ${LINE} } byOperation { operation calls } topAccounts { account { id } calls cost { amount } } } }`;
const PROTECTION =
  'subscription { protection { state reason hour { limit { amount } spent { amount } reserved { amount } } } }';
const ATTEMPTS = `subscription ($filter: ProfitFilter) { attempts(filter: $filter) {
  generationId number provider operation outcome creditsCharged cost { amount } revenue { amount } } }`;

interface Line {
  readonly provider?: string;
  readonly operation?: string;
  readonly calls: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly credits: number;
  readonly cost: { readonly amount: string };
  readonly revenue: { readonly amount: string };
  readonly margin: number | null;
}
interface LiveProfit {
  readonly liveProfit: {
    readonly sequence: number;
    readonly window: string;
    readonly reservationsOpen: number;
    readonly protection: { readonly state: string };
    readonly totals: Line;
    readonly byProvider: readonly Line[];
    readonly byOperation: readonly Line[];
    readonly topAccounts: readonly { readonly account: { readonly id: string }; readonly calls: number }[];
  };
}
interface Protection {
  readonly protection: {
    readonly state: string;
    readonly reason: string | null;
    readonly hour: {
      readonly limit: { readonly amount: string };
      readonly spent: { readonly amount: string };
    };
  };
}
interface Attempts {
  readonly attempts: { readonly generationId: string; readonly number: number; readonly provider: string };
}

/** Reads events until one is as it should be. */
async function eventually<Data>(
  watching: { next(): Promise<Event<Data> | null> },
  isIt: (data: Data) => boolean,
): Promise<Data> {
  for (;;) {
    const event = await watching.next();
    if (!event?.data) throw new Error(`It ended with ${JSON.stringify(event)}.`);
    if (isIt(event.data)) return event.data;
  }
}

describeOnEachDatabase('what an operator watches', (kind) => {
  let server: TestServer;
  let accountId: string;
  beforeAll(async () => {
    // A test that runs at the turn of an hour would see another one's sums.
    server = await startTestServer({ kind, clock: new FakeClock('2026-11-20T12:30:00Z') });
    accountId = await server.admin.account(10_000);
  });
  afterAll(async () => {
    await until('nobody listens any more', () => server.core.live.listeners === 0);
    await server.expectSound();
    expect(server.log).toEqual([]);
    await server.close();
  });
  const image = (more = {}) => server.admin.generateImage({ accountId, ...more });

  test.each(WAYS)('live profit comes as it is, and then follows what is booked: by %s', async (way) => {
    await image();
    const watching = await watch<LiveProfit>(way, server.admin, LIVE_PROFIT, { window: 'HOUR' });
    const before = (await watching.next())?.data?.liveProfit;
    expect(before).toMatchObject({ window: 'HOUR', reservationsOpen: 0, protection: { state: 'NORMAL' } });
    await image();
    await image({ prompt: 'x [sandbox:bill-failure]' });
    const { liveProfit: after } = await eventually(
      watching,
      ({ liveProfit }) =>
        liveProfit.totals.calls === (before?.totals.calls ?? 0) + 2 && liveProfit.reservationsOpen === 0,
    );
    expect(after.sequence).toBeGreaterThan(before?.sequence ?? Number.NaN);
    expect(after.totals).toMatchObject({
      succeeded: (before?.totals.succeeded ?? 0) + 1,
      failed: (before?.totals.failed ?? 0) + 1,
      credits: (before?.totals.credits ?? 0) + 2,
    });
    // What is told is what is booked.
    const [booked] = await server.rows<{ calls: number; cost: string; revenue: string }>(
      `SELECT count(*)::int AS calls, (sum(cost_micros) / 1000000.0)::float8::text AS cost, (sum(revenue_micros) / 1000000.0)::float8::text AS revenue FROM attempt`,
    );
    expect(after.totals.calls).toBe(booked?.calls);
    expect(Number(after.totals.cost.amount)).toBe(Number(booked?.cost));
    expect(Number(after.totals.revenue.amount)).toBe(Number(booked?.revenue));
    expect(after.byProvider.map(({ provider }) => provider)).toEqual(['replicate']);
    expect(after.byProvider[0]).toMatchObject({ calls: after.totals.calls, cost: after.totals.cost });
    expect(after.byOperation).toEqual([{ operation: 'GENERATE_IMAGE', calls: after.totals.calls }]);
    expect(after.topAccounts.map(({ account }) => account.id)).toEqual([accountId]);
    await watching.close();
  });

  test('many bookings are told in at most four events a second, of which the last is right', async () => {
    const watching = await watch<LiveProfit>('a WebSocket', server.admin, LIVE_PROFIT);
    const first = (await watching.next())?.data?.liveProfit.totals.calls ?? Number.NaN;
    const begun = performance.now();
    let events = 0;
    const told = eventually(watching, ({ liveProfit }) => {
      events += 1;
      return liveProfit.totals.calls === first + 60 && liveProfit.reservationsOpen === 0;
    });
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 6 }, (_, index) => image({ seed: round * 10 + index })));
    }
    const { liveProfit } = await told;
    expect(events).toBeLessThanOrEqual(Math.ceil((performance.now() - begun) / 250) + 1);
    expect(liveProfit.totals.calls).toBe(first + 60);
    await watching.close();
  });

  test.each([0, 1, 2, 3, 4, 5, 6])(
    'live profit follows what is booked also for whoever begins while the last one stops, %s turns later',
    async (turns) => {
      const before = server.core.watch.liveProfit('DAY');
      const { sequence } = await before.read();
      // Once by whoever watches, and once more by the stream that it ends.
      const stopped = [before.changes.return(), before.changes.return()];
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      const { changes } = server.core.watch.liveProfit('DAY');
      await Promise.all(stopped);
      await image();
      let told = await changes.next();
      while (!told.done && (told.value?.sequence ?? 0) <= sequence) told = await changes.next();
      expect(told.done).toBe(false);
      await changes.return();
      await until('nobody listens any more', () => server.core.live.listeners === 0);
    },
  );

  test('equal subscriptions are computed once, and everybody is sent the same', async () => {
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        watch<LiveProfit>(WAYS[index % 2] ?? 'a WebSocket', server.admin, LIVE_PROFIT, { window: 'DAY' }),
      ),
    );
    const first = await Promise.all(all.map((watching) => watching.next()));
    const target = (first[0]?.data?.liveProfit.totals.calls ?? 0) + 1;
    const before = server.core.watch.computed('DAY');
    const begun = performance.now();
    await image();
    const told = await Promise.all(
      all.map((watching) =>
        eventually(
          watching,
          ({ liveProfit }) => liveProfit.totals.calls === target && liveProfit.reservationsOpen === 0,
        ),
      ),
    );
    const computed = server.core.watch.computed('DAY') - before;
    expect(new Set(told.map((data) => JSON.stringify(data))).size).toBe(1);
    expect(computed).toBeLessThanOrEqual(Math.ceil((performance.now() - begun) / 250) + 2);
    await Promise.all(all.map((watching) => watching.close()));
    // Nothing is computed for nobody.
    await until('nobody listens any more', () => server.core.live.listeners === 0);
    const idle = server.core.watch.computed('DAY');
    await image();
    expect(server.core.watch.computed('DAY')).toBe(idle);
  });

  test('over WebSockets the same event is the same bytes, but for the id of the subscription', async () => {
    const messages: string[][] = await Promise.all(
      ['a', 'b'].map(async (id) => {
        const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
        const texts: string[] = [];
        socket.on('message', (data) => texts.push(String(data)));
        await new Promise((resolve) => socket.once('open', resolve));
        socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: ADMIN_KEY } }));
        await until('it is let in', () => texts.length > 0);
        socket.send(
          JSON.stringify({
            id,
            type: 'subscribe',
            payload: { query: LIVE_PROFIT, variables: { window: 'DAY' } },
          }),
        );
        await until('it is told', () => texts.length > 1);
        socket.close();
        return texts.slice(1).map((text) => text.replace(`"id":"${id}"`, '"id":"?"'));
      }),
    );
    expect(messages[0]?.[0]).toContain('"liveProfit"');
    expect(messages[0]?.[0]).toBe(messages[1]?.[0]);
  });

  test.each(WAYS)('protection is told as it is, and as it changes: by %s', async (way) => {
    const watching = await watch<Protection>(way, server.admin, PROTECTION);
    expect(await watching.next()).toMatchObject({ data: { protection: { state: 'NORMAL', reason: null } } });
    await server.admin.ask('mutation { suspendService(reason: "A test") { state } }');
    expect(await eventually(watching, ({ protection }) => protection.state === 'SHUTDOWN')).toMatchObject({
      protection: { reason: 'A test' },
    });
    await server.admin.ask('mutation { resumeService(reason: "It is over") { state } }');
    await eventually(watching, ({ protection }) => protection.state === 'NORMAL');
    await server.admin.setBudget({ scope: 'GLOBAL', period: 'HOUR', limit: '123', action: 'BLOCK' });
    const { protection: set } = await eventually(
      watching,
      ({ protection }) => protection.hour.limit.amount === '123.00',
    );
    await image();
    await eventually(watching, ({ protection }) => protection.hour.spent.amount !== set.hour.spent.amount);
    await server.admin.setBudget({ scope: 'GLOBAL', period: 'HOUR', limit: '1000000', action: 'BLOCK' });
    await watching.close();
  });

  test.each(WAYS)(
    'the newest attempts come first, then each one that is booked, once: by %s',
    async (way) => {
      const before = await image();
      const watching = await watch<Attempts>(way, server.admin, ATTEMPTS);
      const seen: string[] = [];
      await eventually(watching, ({ attempts }) => {
        seen.push(attempts.generationId);
        return attempts.generationId === before.id;
      });
      expect(seen.length).toBeLessThanOrEqual(10);
      const made = await Promise.all(
        Array.from({ length: 40 }, (_, index) => image({ seed: index + 1_000 })),
      );
      const told: string[] = [];
      await eventually(watching, ({ attempts }) => {
        told.push(attempts.generationId);
        return told.length === made.length;
      });
      expect(new Set(told)).toEqual(new Set(made.map(({ id }) => id)));
      await watching.close();
    },
  );

  test('attempts can be filtered, and a filter that cannot be is refused with what would be right', async () => {
    const other = await server.admin.account(100);
    const watching = await watch<Attempts>('a WebSocket', server.admin, ATTEMPTS, {
      filter: { accounts: [other], operations: ['GENERATE_IMAGE'] },
    });
    await image();
    const wanted = await server.admin.generateImage({ accountId: other });
    expect((await watching.next())?.data?.attempts.generationId).toBe(wanted.id);
    await watching.close();
    const wrong = await watch('a WebSocket', server.admin, ATTEMPTS, { filter: { accounts: ['me'] } });
    expect(await wrong.next()).toMatchObject({
      errors: [{ message: expect.stringContaining('acc_'), extensions: { code: 'INVALID_INPUT' } }],
    });
    await wrong.close();
  });

  test.each(WAYS)('only who has the scope may watch: by %s', async (way) => {
    const { key } = await server.admin.keyWith('generate', 'accounts:write');
    const token = await server.admin.tokenOf(accountId);
    for (const [client, code] of [
      [server.as(key), 'FORBIDDEN'],
      [server.as(token), 'FORBIDDEN'],
      [server.as(null), 'UNAUTHENTICATED'],
    ] as const) {
      for (const query of [LIVE_PROFIT, PROTECTION, ATTEMPTS]) {
        const watching = await watch(way, client, query);
        expect(await watching.next()).toMatchObject({ errors: [{ extensions: { code } }] });
        expect(await watching.next()).toBeNull();
        await watching.close();
      }
    }
  });

  test('an Accept that no stream fits is 406, and nothing is left behind; without one it is a stream', async () => {
    const ask = (accept: Record<string, string>) =>
      server.admin.fetch('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...accept },
        body: JSON.stringify({ query: PROTECTION }),
      });
    expect((await ask({ accept: 'application/json' })).status).toBe(406);
    await until('nobody listens any more', () => server.core.live.listeners === 0);
    const stream = await ask({});
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    await stream.body?.cancel();
  });

  test('who may see less is not told what somebody else may see, though both ask for the same', async () => {
    const query = 'subscription ($id: ID!) { generation(id: $id) { id cost { amount } } }';
    const begun = await image({ prompt: 'x [sandbox:slow=600]', waitMs: 0 });
    const me = server.as(await server.admin.tokenOf(accountId));
    const read = async (client: TestClient) => {
      const watching = await watch<{ generation: { cost: { amount: string } | null } }>(
        'server-sent events',
        client,
        query,
        { id: begun.id },
      );
      const events: (Event<{ generation: { cost: { amount: string } | null } }> | null)[] = [];
      for (let event = await watching.next(); event; event = await watching.next()) events.push(event);
      return events;
    };
    const [operator, owner] = await Promise.all([read(server.admin), read(me)]);
    expect(operator.at(-1)?.data?.generation.cost).toEqual({ amount: '0.003' });
    for (const event of owner) {
      expect(event?.data?.generation.cost).toBeNull();
      expect(event?.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    }
    expect(owner).not.toHaveLength(0);
  });
});

describeOnPostgres('with two processes on one database, without Redis', (kind) => {
  test('what the other one books is told within the next look', async () => {
    await using server = await startTestServer({ kind });
    const accountId = await server.admin.account(100);
    const neighbour = await server.another();
    const profit = await watch<LiveProfit>('a WebSocket', server.admin, LIVE_PROFIT);
    const attempts = await watch<Attempts>('a WebSocket', server.admin, ATTEMPTS);
    expect((await profit.next())?.data?.liveProfit.totals.calls).toBe(0);
    const priced = await neighbour.generations.price(
      { accountId: null, namespace: 'api' },
      'GENERATE_IMAGE',
      {
        idempotencyKey: unique('neighbour'),
        accountId: accountId.slice(4),
        prompt: 'x',
        model: 'replicate/sdxl',
      },
    );
    if (priced.status !== 'priced') throw new Error(priced.status);
    const ticket = await neighbour.generations.reserve(priced.call);
    if ('refusal' in ticket) throw new Error(ticket.refusal.kind);
    await neighbour.generations.wait(ticket, 10_000);
    await eventually(profit, ({ liveProfit }) => liveProfit.totals.calls === 1);
    expect((await attempts.next())?.data?.attempts.generationId).toBe(`gen_${ticket.generationId}`);
    await profit.close();
    await attempts.close();
  });
});
