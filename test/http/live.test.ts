/** What can be watched: the present state first, then each change, by WebSocket and by server-sent events alike. */
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { FakeClock } from '../../server/clock.ts';
import {
  type AnsweredError,
  type Balance,
  type Outcome,
  type TestClient,
  unique,
} from '../support/client.ts';
import { describeOnPostgres } from '../support/databases.ts';
import { ADMIN_KEY, startTestServer, type TestServer, until } from '../support/server.ts';
import { type Event, WAYS, watch as watchBy } from '../support/watching.ts';

const GENERATION =
  'subscription ($id: ID!) { generation(id: $id) { id status creditsCharged outputs { url } } }';
const BALANCE = 'subscription ($id: ID) { balance(accountId: $id) { available reserved posted } }';

interface Told {
  readonly generation?: Outcome;
  readonly balance?: Balance;
}

describe.each(WAYS)('by %s', (way) => {
  const clock = new FakeClock('2026-11-20T12:00:00Z');
  let server: TestServer;
  let accountId: string;
  let me: TestClient;
  const watch = (client: TestClient, query: string, variables?: object) =>
    watchBy<Told>(way, client, query, variables);
  beforeAll(async () => {
    server = await startTestServer({ clock, env: { MAX_SUBSCRIPTIONS_PER_KEY: '4' } });
    accountId = await server.admin.account(100);
    me = server.as(await server.admin.tokenOf(accountId));
  });
  afterAll(async () => {
    await until('nobody listens any more', () => server.core.live.listeners === 0);
    await server.expectSound();
    expect(server.log).toEqual([]);
    await server.close();
  });

  test('a generation is told as it stands, then as it ends, and then the subscription ends', async () => {
    const call = { idempotencyKey: unique('live'), prompt: 'A lighthouse [sandbox:slow=800]' };
    const begun = await me.generateImage({ ...call, waitMs: 0 });
    expect(begun.status).toBe('RUNNING');
    const watching = await watch(me, GENERATION, { id: begun.id });
    expect(await watching.next()).toMatchObject({
      data: { generation: { id: begun.id, status: 'RUNNING', creditsCharged: 0, outputs: [] } },
    });
    expect(await watching.next()).toMatchObject({
      data: { generation: { id: begun.id, status: 'SUCCEEDED', creditsCharged: 2, outputs: [{}] } },
    });
    expect(await watching.next()).toBeNull();
    await watching.close();
  });

  test('a generation that is over is told as it is, and the subscription ends', async () => {
    const done = await me.generateImage({});
    const watching = await watch(me, GENERATION, { id: done.id });
    expect(await watching.next()).toMatchObject({
      data: { generation: { id: done.id, status: 'SUCCEEDED' } },
    });
    expect(await watching.next()).toBeNull();
    await watching.close();
  });

  test('a generation that waits for its turn is told as QUEUED, RUNNING and SUCCEEDED', async () => {
    await using narrow = await startTestServer({ env: { PROVIDER_CONCURRENCY: '1' } });
    const id = await narrow.admin.account(100);
    await narrow.admin.generateImage({ accountId: id, prompt: 'x [sandbox:slow=800]', waitMs: 0 });
    const second = await narrow.admin.generateImage({
      accountId: id,
      prompt: 'y [sandbox:slow=200]',
      waitMs: 0,
    });
    expect(second.status).toBe('QUEUED');
    const watching = await watch(narrow.admin, GENERATION, { id: second.id });
    const seen: (string | undefined)[] = [];
    for (let event = await watching.next(); event; event = await watching.next()) {
      seen.push(event.data?.generation?.status);
    }
    expect(seen).toEqual(['QUEUED', 'RUNNING', 'SUCCEEDED']);
    await watching.close();
    await narrow.expectSound();
  });

  test('a balance is told as it is, and after each change', async () => {
    const before = await server.admin.balance(accountId);
    const watching = await watch(me, BALANCE);
    expect(await watching.next()).toEqual({ data: { balance: before } });
    await server.admin.grant(accountId, 10);
    const granted = { available: before.available + 10, reserved: 0, posted: before.posted + 10 };
    expect(await watching.next()).toEqual({ data: { balance: granted } });
    await me.generateImage({});
    const charged = { available: granted.available - 2, reserved: 0, posted: granted.posted - 2 };
    let last = await watching.next();
    // What is set aside meanwhile may be told, too.
    if (last?.data?.balance?.reserved === 2) last = await watching.next();
    expect(last).toEqual({ data: { balance: charged } });
    await watching.close();
  });

  test("another account's token is told nothing", async () => {
    const stranger = server.as(await server.admin.tokenOf(await server.admin.account(10)));
    const { id } = await me.generateImage({});
    for (const [query, variables] of [
      [GENERATION, { id }],
      [GENERATION, { id: 'gen_nonsense' }],
      [BALANCE, { id: accountId }],
    ] as const) {
      const watching = await watch(stranger, query, variables);
      expect(await watching.next()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
      expect(await watching.next()).toBeNull();
      await watching.close();
    }
  });

  test('who shows no credentials is told so', async () => {
    const watching = await watch(server.as(null), BALANCE, { id: accountId });
    expect(await watching.next()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    await watching.close();
  });

  test('a subscription that is no use is refused with a reason', async () => {
    const { key } = await server.admin.keyWith('generate');
    const watching = await watch(server.as(key), BALANCE);
    expect(await watching.next()).toMatchObject({
      errors: [{ message: expect.stringContaining('account') }],
    });
    await watching.close();
  });

  test('a caller has so many subscriptions at once and no more, however fast they come; those that end make room', async () => {
    const { key } = await server.admin.keyWith('generate');
    const client = server.as(key);
    const all = await Promise.all(
      Array.from({ length: 10 }, () => watch(client, BALANCE, { id: accountId })),
    );
    const first = await Promise.all(all.map((watching) => watching.next()));
    const refused = first.filter((event) => event?.errors);
    expect(first.filter((event) => event?.data)).toHaveLength(4);
    expect(refused).toHaveLength(6);
    for (const event of refused)
      expect(event).toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED' } }] });
    // Another caller has its own.
    const other = await watch(me, BALANCE);
    expect(await other.next()).toMatchObject({ data: { balance: {} } });
    await other.close();
    await Promise.all(all.map((watching) => watching.close()));
    let event: Event<Told> | null = null;
    await until('there is room again', async () => {
      const watching = await watch(client, BALANCE, { id: accountId });
      event = await watching.next();
      await watching.close();
      return !event?.errors;
    });
    expect(event).toMatchObject({ data: { balance: {} } });
  });

  test('variables nested too deeply are refused, and take no place of those that a caller has', async () => {
    const text = `{"query":${JSON.stringify(BALANCE)},"variables":{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`;
    const { key } = await server.admin.keyWith('generate');
    const client = server.as(key);
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
    for (let tries = 0; tries < 5; tries += 1) {
      const response = await client.fetch('/graphql', { method: 'POST', headers, body: text });
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('BAD_REQUEST');
    }
    const watching = await watch(client, BALANCE, { id: accountId });
    expect((await watching.next())?.errors).toBeUndefined();
    await watching.close();
  });

  test('a key that is revoked meanwhile is told nothing more', async () => {
    const { key, id } = await server.admin.keyWith('generate');
    const closed = Promise.withResolvers<{ code: number }>();
    const client = server.as(key);
    const watching =
      way === 'a WebSocket'
        ? await (async () => {
            const socket = client.socket({ onClosed: closed.resolve });
            const events = socket.iterate({ query: BALANCE, variables: { id: accountId } });
            return {
              next: () => events.next().then(({ value }) => value as Event<Told>),
              close: async () => socket.dispose(),
            };
          })()
        : await watch(client, BALANCE, { id: accountId });
    expect(await watching.next()).toMatchObject({ data: { balance: {} } });
    await server.admin.ask('mutation ($id: ID!) { revokeApiKey(id: $id) { id } }', { id });
    if (way === 'a WebSocket') {
      watching.next().catch(() => {});
      expect((await closed.promise).code).toBe(4401);
    } else {
      await server.admin.grant(accountId, 1);
      expect(await watching.next()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
      expect(await watching.next()).toBeNull();
    }
    await watching.close();
  });
});

describe('a token that expires during a subscription', () => {
  test('ends it: the WebSocket is closed with 4401, and nothing more is told', async () => {
    const clock = new FakeClock('2026-11-20T12:00:00Z');
    await using server = await startTestServer({ clock });
    const accountId = await server.admin.account(10);
    const closed = Promise.withResolvers<{ code: number; reason: string }>();
    const client = server.as(await server.admin.tokenOf(accountId, 60));
    const socket = client.socket({ onClosed: closed.resolve, lazy: false });
    const events = socket.iterate<{ balance: Balance }>({ query: BALANCE });
    expect(await events.next()).toMatchObject({ value: { data: { balance: { posted: 10 } } } });
    clock.advance(60_000);
    await server.admin.grant(accountId, 5);
    const rest = await events.next().catch((error: unknown) => error);
    expect(JSON.stringify(rest)).not.toContain('"posted":15');
    expect(await closed.promise).toMatchObject({
      code: 4401,
      reason: expect.stringMatching(/ended|expired/),
    });
    await socket.dispose();
  });

  test('ends it: server-sent events end with an UNAUTHENTICATED error', async () => {
    const clock = new FakeClock('2026-11-20T12:00:00Z');
    await using server = await startTestServer({ clock });
    const accountId = await server.admin.account(10);
    const client = server.as(await server.admin.tokenOf(accountId, 60));
    const { status, contentType, events } = await client.stream(BALANCE);
    expect({ status, contentType }).toMatchObject({
      status: 200,
      contentType: expect.stringMatching(/^text\/event-stream/),
    });
    expect((await events.next()).value).toMatchObject({
      event: 'next',
      data: { data: { balance: { posted: 10 } } },
    });
    clock.advance(60_000);
    await server.admin.grant(accountId, 5);
    expect((await events.next()).value).toMatchObject({
      event: 'next',
      data: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
    });
    expect((await events.next()).value).toMatchObject({ event: 'complete' });
    expect(await events.next()).toMatchObject({ done: true });
  });
});

describe('over a WebSocket', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ env: { RATE_LIMIT_PER_MINUTE: '60' } });
  });
  afterAll(() => server.close());

  test('wrong credentials close it with 4401, before anything is answered', async () => {
    const closed = Promise.withResolvers<{ code: number }>();
    const socket = server.as('slv_nonsense').socket({ onClosed: closed.resolve });
    const events = socket.iterate({ query: '{ viewer { kind } }' });
    await expect(events.next()).rejects.toBeDefined();
    expect((await closed.promise).code).toBe(4401);
    await socket.dispose();
  });

  test('a document that cannot be parsed, or is too complex, is its own affair: others go on', async () => {
    const accountId = await server.admin.account(10);
    const socket = server.admin.socket();
    const watching = socket.iterate<{ balance: Balance }>({ query: BALANCE, variables: { id: accountId } });
    expect(await watching.next()).toMatchObject({ value: { data: { balance: { posted: 10 } } } });
    for (const [query, code] of [
      ['{ viewer { kind ', 'GRAPHQL_PARSE_FAILED'],
      [`{ catalog ${'{ a '.repeat(49)}${'}'.repeat(49)} }`, 'QUERY_TOO_COMPLEX'],
      ['{ viewer { password } }', 'GRAPHQL_VALIDATION_FAILED'],
      ['query A { __typename } query B { __typename }', 'OPERATION_RESOLUTION_FAILURE'],
    ] as const) {
      const refused = await socket
        .iterate({ query })
        .next()
        .catch((error: unknown) => error);
      expect(refused).toMatchObject([{ extensions: { code } }]);
      expect(JSON.stringify(refused)).not.toMatch(/\bat .+:\d+|node_modules/);
    }
    await server.admin.grant(accountId, 5);
    expect(await watching.next()).toMatchObject({ value: { data: { balance: { posted: 15 } } } });
    await watching.return?.();
    await socket.dispose();
  });

  test('what is refused is forgotten, however much of it a client sends and whatever it calls it', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send('{"type":"connection_init"}');
    await once(socket, 'message');
    const held = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = held();
    for (let index = 0; index < 50; index += 1) {
      const id = `${index} ${'x'.repeat(500_000)}`;
      socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query: '{' } }));
      await once(socket, 'message');
    }
    expect(held() - before).toBeLessThan(10_000_000);
    socket.close();
    await once(socket, 'close');
  });

  test('an id that is used again before its operation has begun leaves nobody behind who watches', async () => {
    const accountId = await server.admin.account(10);
    const { key } = await server.admin.keyWith('generate', 'profit:read');
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: key } }));
    await once(socket, 'message');
    const payload = { query: BALANCE, variables: { id: accountId } };
    for (let round = 0; round < 20; round += 1) {
      socket.send(JSON.stringify({ id: 'mine', type: 'subscribe', payload }));
      socket.send('{"id":"mine","type":"complete"}');
    }
    socket.send(JSON.stringify({ id: 'mine', type: 'subscribe', payload }));
    const [told] = await once(socket, 'message');
    expect(JSON.parse(String(told))).toMatchObject({ id: 'mine', type: 'next' });
    await until('one is left', () => server.core.live.listeners === 1);
    socket.close();
    await once(socket, 'close');
    await until('nobody listens any more', () => server.core.live.listeners === 0);
  });

  test('a paid call is made, limited and refused as over HTTP', async () => {
    const accountId = await server.admin.account(4);
    const { key } = await server.admin.keyWith('generate');
    const socket = server.as(key).socket();
    const call = async (idempotencyKey: string) => {
      const events = socket.iterate<{ generateImage: Outcome }>({
        query: 'mutation ($input: GenerateImageInput!) { generateImage(input: $input) { __typename } }',
        variables: {
          input: { idempotencyKey, accountId, prompt: 'x', model: 'replicate/sdxl', size: '512x512' },
        },
      });
      const { value } = await events.next().catch((error: unknown) => ({ value: { errors: error } }));
      return value as { data?: { generateImage: Outcome }; errors?: readonly AnsweredError[] };
    };
    const answers = await Promise.all(Array.from({ length: 80 }, (_, index) => call(`socket-${index}`)));
    const named = (name: string) =>
      answers.filter((answer) => answer.data?.generateImage.__typename === name);
    const limited = answers.filter((answer) => answer.errors?.[0]?.extensions?.code === 'RATE_LIMITED');
    expect(named('Generation')).toHaveLength(2);
    expect(limited.length).toBeGreaterThanOrEqual(19);
    expect(named('InsufficientCreditsError').length + limited.length).toBe(78);
    expect(await server.admin.balance(accountId)).toEqual({ available: 0, reserved: 0, posted: 0 });
    await socket.dispose();
    await server.expectSound();
  });

  test('a message of more than a mebibyte closes it', async () => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await new Promise((resolve) => socket.once('open', resolve));
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    socket.send(
      JSON.stringify({
        type: 'connection_init',
        payload: { authorization: `Bearer ${ADMIN_KEY}`, x: 'x'.repeat(1024 * 1024) },
      }),
    );
    expect(await closed).toBe(1009);
  });
});

describeOnPostgres('with two processes on one database', (kind) => {
  test("a change that another process makes is told within the subscriber's next look", async () => {
    await using server = await startTestServer({ kind });
    const accountId = await server.admin.account(10);
    const neighbour = await server.another();
    const socket = server.admin.socket();
    const events = socket.iterate<{ balance: Balance }>({ query: BALANCE, variables: { id: accountId } });
    expect(await events.next()).toMatchObject({ value: { data: { balance: { posted: 10 } } } });
    await neighbour.ledger.grant({
      accountId: accountId.slice(4),
      namespace: 'api',
      key: unique('neighbour'),
      inputHash: 'x',
      source: 'ADMIN',
      credits: 5,
      revenueMicros: 0n,
      expiresAt: null,
      reason: 'x',
      actor: 'key:test',
    });
    expect(await events.next()).toMatchObject({ value: { data: { balance: { posted: 15 } } } });
    await socket.dispose();
  });
});
