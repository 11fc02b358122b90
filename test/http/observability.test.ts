/** What an operator sees from outside: metrics, the dashboard over them, the id of a request, and its trace. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { ADMIN_KEY, startTestServer, type TestServer, until } from '../support/server.ts';
import { watch } from '../support/watching.ts';

/** Samples of a scrape, by name and labels as they are written. */
async function scrape(server: TestServer): Promise<{ text: string; samples: Map<string, number> }> {
  const answer = await server.admin.fetch('/metrics');
  expect(answer.status).toBe(200);
  const text = await answer.text();
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    const cut = line.lastIndexOf(' ');
    if (!line.startsWith('#') && cut > 0) samples.set(line.slice(0, cut), Number(line.slice(cut + 1)));
  }
  return { text, samples };
}

describeOnEachDatabase('metrics', (kind) => {
  let server: TestServer;
  let accountId: string;
  beforeAll(async () => {
    server = await startTestServer({ kind, clock: new FakeClock('2026-11-20T12:30:00Z') });
    accountId = await server.admin.account(1_000);
  });
  afterAll(() => server.close());

  test('tell what was booked: calls, credits, cost, revenue, by provider, model and outcome', async () => {
    await server.admin.generateImage({ accountId });
    await server.admin.generateImage({ accountId, prompt: 'x [sandbox:bill-failure]' });
    await server.admin.generateImage({ accountId: await server.admin.account(0) });
    const { samples } = await scrape(server);
    const made = '{provider="replicate",model="replicate/sdxl",outcome="SUCCEEDED"}';
    const failed = '{provider="replicate",model="replicate/sdxl",outcome="FAILED_BILLED"}';
    expect(samples.get(`solvent_attempts_total${made}`)).toBe(1);
    expect(samples.get(`solvent_attempts_total${failed}`)).toBe(1);
    expect(samples.get(`solvent_credits_charged_total${made}`)).toBe(2);
    expect(samples.get(`solvent_cost_dollars_total${made}`)).toBe(0.003);
    expect(samples.get(`solvent_cost_dollars_total${failed}`)).toBe(0.003);
    expect(samples.get(`solvent_revenue_dollars_total${made}`)).toBe(0.02);
    expect(samples.get(`solvent_revenue_dollars_total${failed}`)).toBe(0);
    expect(samples.get('solvent_reservations_total{outcome="reserved"}')).toBe(2);
    expect(samples.get('solvent_reservations_total{outcome="insufficient-credits"}')).toBe(1);
    expect(samples.get('solvent_ledger_items_total{statement="settle"}')).toBe(2);
    // The whole site's, from the database.
    expect(samples.get('solvent_window_calls{window="day"}')).toBe(2);
    expect(samples.get('solvent_window_cost_dollars{window="hour"}')).toBe(0.006);
    expect(samples.get('solvent_window_lost_cost_dollars{window="day"}')).toBe(0.003);
    expect(samples.get('solvent_window_margin_ratio{window="day"}')).toBe(0.7);
    expect(samples.get('solvent_reservations_open')).toBe(0);
    expect(samples.get('solvent_protection_state{state="NORMAL"}')).toBe(1);
    expect(samples.get('solvent_queue_steps{step="submit",state="waiting"}')).toBe(0);
    expect(samples.get('solvent_alerts_open{severity="WARNING"}')).toBe(0);
    expect(samples.get('solvent_alert_messages{state="dead"}')).toBe(0);
    expect(samples.get('solvent_database_up')).toBe(1);
    expect(samples.get(`solvent_bus_up{bus="${kind === 'pglite' ? 'process' : 'postgres'}"}`)).toBe(1);
  });

  test('tell who watches, by field and transport', async () => {
    const query = 'subscription { protection { state } }';
    const all = await Promise.all([
      watch('a WebSocket', server.admin, query),
      watch('a WebSocket', server.admin, query),
      watch('server-sent events', server.admin, query),
    ]);
    for (const watching of all) await watching.next();
    const { samples } = await scrape(server);
    expect(samples.get('solvent_subscribers{field="protection",transport="websocket"}')).toBe(2);
    expect(samples.get('solvent_subscribers{field="protection",transport="sse"}')).toBe(1);
    expect(samples.get('solvent_subscription_streams')).toBe(1);
    expect(samples.get('solvent_websockets_open')).toBe(2);
    for (const watching of all) await watching.close();
    await until(
      'nobody watches',
      async () => (await scrape(server)).samples.get('solvent_subscription_streams') === 0,
    );
  });

  test('name no account and no path that somebody made up, so that there are never many', async () => {
    for (const path of ['/nonsense', `/files/${accountId}`, '/%2e%2e/etc']) await server.admin.fetch(path);
    const { text, samples } = await scrape(server);
    expect(text).not.toContain(accountId.slice(4));
    expect(text).not.toContain('nonsense');
    expect(
      [...samples.keys()].some((name) => name.startsWith('solvent_http_requests_total{part="other"')),
    ).toBe(true);
  });
});

test("every metric that Grafana's dashboard asks for is there", async () => {
  await using server = await startTestServer();
  const { text } = await scrape(server);
  const known = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
  const dashboard = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../ops/grafana/solvent.json'), 'utf8'),
  ) as { panels: { title: string; targets?: { expr: string }[] }[] };
  const asked = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.flatMap(({ expr }) =>
      [...expr.matchAll(/\b(?:solvent|nodejs|process)_\w+/g)].map(([name]) => ({ title, name })),
    ),
  );
  expect(asked.length).toBeGreaterThan(30);
  expect(asked.filter(({ name }) => !known.has(name.replace(/_(bucket|sum|count)$/, '')))).toEqual([]);
  // And nothing of ours is left out of it.
  const shown = new Set(asked.map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')));
  expect([...known].filter((name) => name?.startsWith('solvent_') && !shown.has(name))).toEqual([]);
});

describe('the id of a request', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ env: { LOG_LEVEL: 'info' } });
  });
  afterAll(() => server.close());

  test('is in each answer, and in each error on each path', async () => {
    const requests: [path: string, init: RequestInit, status: number][] = [
      ['/nowhere', {}, 404],
      ['/files/nothing', {}, 404],
      ['/webhooks/nobody', { method: 'POST', body: '{}' }, 404],
      ['/health/live', { method: 'DELETE' }, 405],
      ['/graphql', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' }, 415],
      ['/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body: 'x' }, 400],
      ['/graphql?query={', { headers: { accept: 'application/graphql-response+json' } }, 400],
      ['/graphql?query={nonsense}', { headers: { accept: 'application/graphql-response+json' } }, 400],
    ];
    for (const [path, init, status] of requests) {
      const answer = await server.admin.fetch(path, init);
      const id = answer.headers.get('x-request-id');
      const { errors } = (await answer.json()) as { errors: { extensions: { requestId: string } }[] };
      expect({ path, status: answer.status }).toEqual({ path, status });
      expect(id).toMatch(/^[\w-]{36}$/);
      for (const { extensions } of errors) expect({ path, id: extensions.requestId }).toEqual({ path, id });
    }
    const ready = await server.admin.fetch('/health/ready');
    expect(ready.headers.get('x-request-id')).toBeTruthy();
  });

  test('is that of the proxy before it, when it can be logged as it is', async () => {
    const ask = async (given: string) =>
      (await server.admin.fetch('/health/live', { headers: { 'x-request-id': given } })).headers.get(
        'x-request-id',
      );
    expect(await ask('proxy-0123456789')).toBe('proxy-0123456789');
    for (const strange of ['short', 'with space', 'x'.repeat(200), '<script>alert(1)']) {
      expect(await ask(strange)).not.toBe(strange);
    }
  });

  test('is in the conditions of fields, over HTTP, WebSockets and server-sent events', async () => {
    const { errors, headers } = await server.as(null).send('{ viewer { kind } }');
    expect(errors[0]?.extensions?.requestId).toBe(headers.get('x-request-id'));
    const socket = server.as(null).socket();
    const ids = new Set<unknown>();
    for (const query of ['{ viewer { kind } }', '{ nonsense }', 'subscription { liveProfit { sequence } }']) {
      const answer = await socket
        .iterate({ query })
        .next()
        .then(({ value }) => (value as { errors: { extensions: { requestId: string } }[] }).errors)
        .catch((error: unknown) => error as { extensions: { requestId: string } }[]);
      expect(answer[0]?.extensions.requestId).toMatch(/^[\w-]{36}$/);
      ids.add(answer[0]?.extensions.requestId);
    }
    expect(ids.size).toBe(3);
    await socket.dispose();
    const watching = await watch(
      'server-sent events',
      server.as(null),
      'subscription { protection { state } }',
    );
    expect((await watching.next())?.errors?.[0]?.extensions?.requestId).toMatch(/^[\w-]{36}$/);
    await watching.close();
  });

  test('of a defect is in the log line too, which says what the answer does not', async () => {
    const { database } = server.core;
    const query = database.prisma.apiKey.findMany;
    Object.defineProperty(database.prisma.apiKey, 'findMany', {
      configurable: true,
      value: () => Promise.reject(new Error('the disk is on fire')),
    });
    try {
      const answer = await server.admin.send('{ apiKeys { edges { node { id } } } }');
      expect(answer).toMatchObject({ status: 500, code: 'INTERNAL_SERVER_ERROR' });
      expect(answer.text).not.toContain('fire');
      const id = answer.headers.get('x-request-id');
      expect(answer.errors[0]?.extensions?.requestId).toBe(id);
      expect(server.log.filter(({ requestId }) => requestId === id)).toMatchObject([
        { level: 'error', error: { message: 'the disk is on fire' } },
      ]);
    } finally {
      Object.defineProperty(database.prisma.apiKey, 'findMany', { configurable: true, value: query });
    }
  });
});

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

test('a paid call is traced from its request to its settlement, under the trace of whoever called', async () => {
  const spans: Span[] = [];
  const collector = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { resourceSpans } = JSON.parse(text) as {
      resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
    };
    if (request.url === '/v1/traces') {
      for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans);
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  try {
    await using server = await startTestServer({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } });
    const accountId = await server.admin.account(10);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const answer = await server.admin.send(
      `mutation Paint($input: GenerateImageInput!) { generateImage(input: $input) { ... on Generation { id status } } }`,
      {
        input: {
          idempotencyKey: 'traced-call',
          accountId,
          prompt: 'A secret lighthouse',
          model: 'replicate/sdxl',
          size: '512x512',
        },
      },
      { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    );
    expect(answer.status).toBe(200);
    const mine = () => spans.filter((span) => span.traceId === traceId);
    await until('the spans have come', () => mine().length >= 5);
    const named = (name: string) => mine().find((span) => span.name === name);
    const [http, graphql, reserve, call, settle] = [
      'POST /graphql',
      'graphql mutation',
      'reserve',
      'provider call',
      'settle',
    ].map(named);
    expect(http?.parentSpanId).toBe('b7ad6b7169203331');
    expect(graphql?.parentSpanId).toBe(http?.spanId);
    for (const span of [reserve, call, settle]) expect(span?.parentSpanId).toBe(graphql?.spanId);
    const requestId = answer.headers.get('x-request-id');
    for (const span of mine()) {
      const of = (key: string) => span.attributes.find((one) => one.key === key)?.value.stringValue;
      expect({ name: span.name, id: of('solvent.request_id') }).toEqual({ name: span.name, id: requestId });
    }
    // What customers write is none of a collector's business.
    expect(JSON.stringify(spans)).not.toContain('lighthouse');
  } finally {
    collector.closeAllConnections();
    collector.close();
  }
});

test('a collector that is not there costs no call and no log of an error', async () => {
  await using server = await startTestServer({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', LOG_LEVEL: 'error' },
  });
  const accountId = await server.admin.account(10);
  expect((await server.admin.generateImage({ accountId })).status).toBe('SUCCEEDED');
  expect(server.log).toEqual([]);
});

test.each([
  ['/graphql', { 'content-type': 'application/json' }],
  ['/webhooks/stripe', { 'content-length': '1000' }],
  ['/import/history', { 'content-length': '1000' }],
])('a client that breaks off what it sends to %s is no defect in the log', async (path, headers) => {
  await using server = await startTestServer({ env: { LOG_LEVEL: 'debug' } });
  const sent = request(`${server.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, ...headers },
  });
  sent.on('error', () => {});
  sent.write('{"query"');
  await new Promise((resolve) => setTimeout(resolve, 100));
  sent.destroy();
  const said = () => server.log.filter((line) => line.path === path);
  await until('it is noticed', () => said().length > 0);
  expect(said()).toMatchObject([
    { level: 'debug', message: 'A client went away in the middle of a request.' },
  ]);
});
