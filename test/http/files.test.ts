/** What generations made, served so that it can harm nobody; and how the server says that it lives. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Outcome, readAnswer, unique } from '../support/client.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let accountId: string;
/** The path of a picture of 512 × 512. */
let path: string;
beforeAll(async () => {
  server = await startTestServer();
  accountId = await server.admin.account(1_000);
  const { outputs } = await server.admin.generateImage({ accountId });
  path = new URL(outputs?.[0]?.url ?? '').pathname;
});
afterAll(async () => {
  expect(server.log).toEqual([]);
  await server.close();
});

const get = (range?: string, method = 'GET', at = path) =>
  server.as(null).fetch(at, { method, headers: range ? { range } : {} });

describe('a file', () => {
  test('is given to whoever has its link, as what it is, and may run nothing', async () => {
    const response = await get();
    expect(response.status).toBe(200);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.subarray(0, 8)).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
    expect(bytes.readUInt32BE(16)).toBe(512);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(bytes.length),
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/default-src 'none'.*sandbox/),
      'cache-control': expect.stringContaining('immutable'),
      'accept-ranges': 'bytes',
      etag: expect.stringMatching(/^"[0-9a-f]{64}"$/),
    });
    expect(response.headers.get('set-cookie')).toBeNull();
  });

  test('of SVG runs no script, whatever is in it', async () => {
    const { vectorizeImage } = await server.admin.ask<{ vectorizeImage: Outcome }>(
      'mutation ($input: VectorizeImageInput!) { vectorizeImage(input: $input) { ... on Generation { outputs { url } } } }',
      {
        input: {
          idempotencyKey: unique('svg'),
          accountId,
          imageUrl: 'https://example.com/"><script>alert(1)</script>.png',
        },
      },
    );
    const response = await get(undefined, 'GET', new URL(vectorizeImage.outputs?.[0]?.url ?? '').pathname);
    expect(response.headers.get('content-type')).toBe('image/svg+xml');
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
    expect(await response.text()).not.toContain('<script');
  });

  test('is given in parts', async () => {
    const whole = Buffer.from(await (await get()).arrayBuffer());
    for (const [range, from, to] of [
      ['bytes=0-99', 0, 99],
      ['bytes=100-', 100, whole.length - 1],
      ['bytes=-10', whole.length - 10, whole.length - 1],
      [`bytes=5-${whole.length * 2}`, 5, whole.length - 1],
    ] as const) {
      const response = await get(range);
      expect(response.status, range).toBe(206);
      expect(response.headers.get('content-range')).toBe(`bytes ${from}-${to}/${whole.length}`);
      expect(Buffer.from(await response.arrayBuffer())).toEqual(whole.subarray(from, to + 1));
    }
    const beyond = await get(`bytes=${whole.length}-`);
    expect(await readAnswer(beyond)).toMatchObject({ status: 416, code: 'RANGE_NOT_SATISFIABLE' });
    expect(beyond.headers.get('content-range')).toBe(`bytes */${whole.length}`);
    for (const nonsense of ['bytes=', 'bytes=-', 'bytes=a-b', 'pages=1-2', 'bytes=0-1,3-4']) {
      expect((await get(nonsense)).status, nonsense).toBe(200);
    }
    expect((await get('bytes=9-5')).status).toBe(416);
  });

  test('has headers without a body for HEAD', async () => {
    const response = await get(undefined, 'HEAD');
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(1_000);
    expect(await response.text()).toBe('');
    expect((await get('bytes=0-9', 'HEAD')).status).toBe(206);
  });

  test('that nobody made is not there, however it is asked for', async () => {
    const id = path.slice('/files/'.length);
    for (const guess of [
      '019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a91',
      `${id}x`,
      `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`,
      id.replaceAll('-', ''),
      `../${id}`,
      '..%2F..%2Flocal-api-key',
      '%2e%2e/lock',
      `${id}/..`,
      "x'--",
      '💥',
      'a'.repeat(2_000),
    ]) {
      const response = await get(undefined, 'GET', `/files/${guess}`);
      const answer = await readAnswer(response);
      expect(answer.status, guess).toBe(404);
      expect(answer.text).not.toMatch(/slv_|ENOENT|sql/i);
    }
  });
});

describe('health', () => {
  test('is told to balancers, part by part', async () => {
    expect(await (await server.as(null).fetch('/health/live')).json()).toEqual({ status: 'ok' });
    const ready = await server.as(null).fetch('/health/ready');
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({
      status: 'ok',
      parts: {
        database: { status: 'ok', kind: 'pglite' },
        server: { status: 'ok', callsUnderWay: 0 },
        providers: { status: 'ok', configured: [], sandbox: true, leftAlone: [] },
      },
    });
  });

  test('is bad when the database is away: not ready, and calls answer 503 without a word of why', async () => {
    const broken = await startTestServer();
    const client = broken.as(await broken.admin.tokenOf(await broken.admin.account(10)));
    const { query } = broken.core.database;
    const away = Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432'), { code: 'ECONNREFUSED' });
    Object.assign(broken.core.database, { query: () => Promise.reject(away) });
    const ready = await broken.as(null).fetch('/health/ready');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      status: 'unavailable',
      parts: { database: { status: 'unavailable' } },
    });
    expect((await broken.as(null).fetch('/health/live')).status).toBe(200);
    const answer = await client.sendImage({});
    expect(answer).toMatchObject({ status: 503, code: 'SERVICE_UNAVAILABLE' });
    expect(answer.text).not.toMatch(/10\.1\.2\.3|ECONN/);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    // And comes back by itself.
    Object.assign(broken.core.database, { query });
    expect((await broken.as(null).fetch('/health/ready')).status).toBe(200);
    expect(await client.generateImage({})).toMatchObject({ status: 'SUCCEEDED' });
    await broken.expectSound();
    await broken.close();
  });

  test('is bad while the server drains, which answers what still comes', async () => {
    const draining = await startTestServer();
    const id = await draining.admin.account(10);
    draining.drain();
    const ready = await draining.as(null).fetch('/health/ready');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ parts: { server: { status: 'draining' } } });
    expect(await draining.admin.generateImage({ accountId: id })).toMatchObject({ status: 'SUCCEEDED' });
    await draining.close();
  });
});

describe('metrics', () => {
  test('count what went through the ledger, and name no account and no secret', async () => {
    await server.admin.generateImage({ accountId });
    const response = await server.as(null).fetch('/metrics');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    const text = await response.text();
    const figureOf = (line: string) =>
      Number(
        text
          .split('\n')
          .find((each) => each.startsWith(line))
          ?.split(' ')
          .at(-1),
      );
    expect(figureOf('solvent_ledger_items_total{statement="reserve"}')).toBeGreaterThanOrEqual(2);
    expect(figureOf('solvent_ledger_items_total{statement="settle"}')).toBeGreaterThanOrEqual(2);
    expect(figureOf('solvent_ledger_batches_total{statement="reserve"}')).toBeGreaterThanOrEqual(1);
    expect(figureOf('solvent_calls_under_way')).toBe(0);
    expect(figureOf('process_resident_memory_bytes')).toBeGreaterThan(0);
    expect(text).not.toContain(ADMIN_KEY);
    expect(text).not.toMatch(/acc_|slv_|[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });
});

describe('GraphiQL', () => {
  test('is for browsers, and has no key in it but on a local start', async () => {
    const page = await server.as(null).fetch('/graphql', { headers: { accept: 'text/html' } });
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    const html = await page.text();
    expect(html).toContain('my-first-picture');
    expect(html).not.toMatch(/slv_[0-9A-Za-z]{10,}/);
    expect(html).not.toContain(ADMIN_KEY);
    const root = await server.as(null).fetch('/', { redirect: 'manual' });
    expect(root.headers.get('location')).toBe('/graphql');
  });
});
