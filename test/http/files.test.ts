/** What generations made, served so that it can harm nobody; and how the server says that it lives. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHttp } from '../../server/http/index.ts';
import { StorageError } from '../../server/storage/index.ts';
import { CHEAP, type Outcome, readAnswer, unique } from '../support/client.ts';
import { S3_ACCOUNT, startTestBucket } from '../support/s3.ts';
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
      'cache-control': 'private, no-cache',
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

describe('a link', () => {
  const REVOKE = `mutation ($id: ID!) { revokeOutput(id: $id) {
    __typename ... on Generation { id outputs { id url revokedAt expiredAt } } ... on Error { code message } } }`;
  interface Revoked {
    readonly revokeOutput: {
      readonly __typename: string;
      readonly id?: string;
      readonly code?: string;
      readonly outputs?: readonly {
        readonly id: string;
        readonly url: string;
        readonly revokedAt: string | null;
        readonly expiredAt: string | null;
      }[];
    };
  }
  /** An output of its own, which a test may end. */
  const make = async (more: object = {}) => {
    const made = await server.admin.ask<{
      generateImage: { id: string; outputs: { id: string; url: string }[] };
    }>(
      'mutation ($input: GenerateImageInput!) { generateImage(input: $input) { ... on Generation { id outputs { id url } } } }',
      {
        input: {
          idempotencyKey: unique('link'),
          accountId,
          ...CHEAP,
          prompt: unique('A lighthouse'),
          ...more,
        },
      },
    );
    const [output] = made.generateImage.outputs;
    if (!output) throw new Error('Nothing was made.');
    return { generationId: made.generateImage.id, id: output.id, path: new URL(output.url).pathname };
  };

  test('is the id without its prefix, and is asked after each time, without sending the file again', async () => {
    const made = await make();
    expect(made.path).toBe(`/files/${made.id.replace(/^out_/, '')}`);
    const whole = await get(undefined, 'GET', made.path);
    const etag = whole.headers.get('etag') ?? '';
    for (const tags of [etag, `W/${etag}`, `"another", ${etag}`]) {
      const again = await server.as(null).fetch(made.path, { headers: { 'if-none-match': tags } });
      expect(again.status, tags).toBe(304);
      expect(again.headers.get('cache-control')).toBe('private, no-cache');
      expect(await again.text()).toBe('');
    }
    const other = await server.as(null).fetch(made.path, { headers: { 'if-none-match': '"another"' } });
    expect(other.status).toBe(200);
  });

  test.each([
    ['a key with the scope generate', async () => (await server.admin.keyWith('generate')).key],
    ['a token of its account', () => server.admin.tokenOf(accountId)],
    ['the admin', async () => ADMIN_KEY],
  ])('is revoked by %s, and answers 410 from then on, also to who has the file', async (_, credentials) => {
    const made = await make();
    const etag = (await get(undefined, 'GET', made.path)).headers.get('etag') ?? '';
    const client = server.as(await credentials());
    const { revokeOutput } = await client.ask<Revoked>(REVOKE, { id: made.id });
    expect(revokeOutput).toMatchObject({
      __typename: 'Generation',
      id: made.generationId,
      outputs: [{ id: made.id, revokedAt: expect.any(String), expiredAt: null }],
    });
    expect(new URL(revokeOutput.outputs?.[0]?.url ?? '').pathname).toBe(made.path);
    for (const headers of [{}, { range: 'bytes=0-9' }, { 'if-none-match': etag }]) {
      const answer = await readAnswer(await server.as(null).fetch(made.path, { headers }));
      expect(answer).toMatchObject({ status: 410, code: 'GONE' });
      expect(answer.errors[0]?.message).toBe('The link to this file has been revoked.');
    }
    expect((await get(undefined, 'HEAD', made.path)).status).toBe(410);
    // A second time changes nothing.
    expect(await client.ask<Revoked>(REVOKE, { id: made.id })).toEqual({ revokeOutput });
  });

  test('is not for another account to revoke, nor for who may not generate, and what is no output is not found', async () => {
    const made = await make();
    const stranger = server.as(await server.admin.tokenOf(await server.admin.account(10)));
    for (const id of [
      made.id,
      made.id.replace('out_', ''),
      made.generationId,
      'out_019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a91',
      "out_x'--",
      '',
    ]) {
      const { revokeOutput } = await stranger.ask<Revoked>(REVOKE, { id });
      expect(revokeOutput, id).toMatchObject({ __typename: 'NotFoundError', code: 'NOT_FOUND' });
    }
    const reader = server.as((await server.admin.keyWith('profit:read')).key);
    expect(await reader.send(REVOKE, { id: made.id })).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    expect(await server.as(null).send(REVOKE, { id: made.id })).toMatchObject({
      status: 401,
      code: 'UNAUTHENTICATED',
    });
    expect((await get(undefined, 'GET', made.path)).status).toBe(200);
  });

  test('of an output tells no other one: a file that two outputs share stays with the other', async () => {
    const prompt = unique('The same lighthouse');
    const [first, second] = [await make({ prompt }), await make({ prompt })];
    await server.admin.ask(REVOKE, { id: first.id });
    expect((await get(undefined, 'GET', first.path)).status).toBe(410);
    expect((await get(undefined, 'GET', second.path)).status).toBe(200);
  });

  test('that has expired answers 410, and the generation says since when', async () => {
    const made = await make();
    await server.rows('UPDATE output SET expired_at = now() WHERE id = $1', [made.id.replace('out_', '')]);
    const answer = await readAnswer(await get(undefined, 'GET', made.path));
    expect(answer).toMatchObject({ status: 410, code: 'GONE' });
    expect(answer.errors[0]?.message).toBe('The file was kept for its time, which is over.');
    const { generation } = await server.admin.ask<{ generation: { outputs: { expiredAt: string }[] } }>(
      'query ($id: ID!) { generation(id: $id) { outputs { expiredAt } } }',
      { id: made.generationId },
    );
    expect(generation.outputs[0]?.expiredAt).toMatch(/^\d{4}-/);
  });

  test('whose storage does not answer is 503, and is not taken for a file that is not there', async () => {
    const broken = await startTestServer();
    const id = await broken.admin.account(10);
    const { outputs } = await broken.admin.generateImage({ accountId: id });
    Object.assign(broken.core.storage, {
      open: () => Promise.reject(new StorageError('READ_FAILED', 'No.', 'The bucket said 503 at 10.1.2.3.')),
    });
    const response = await broken.as(null).fetch(new URL(outputs?.[0]?.url ?? '').pathname);
    expect(response.headers.get('retry-after')).toBe('5');
    const answer = await readAnswer(response);
    expect(answer).toMatchObject({ status: 503, code: 'SERVICE_UNAVAILABLE' });
    expect(answer.text).not.toContain('10.1.2.3');
    expect(broken.log).toMatchObject([{ code: 'READ_FAILED' }]);
    await broken.close();
  });
});

test('a file in a bucket is served like one in a folder, whole and in parts', async () => {
  await using bucket = await startTestBucket();
  const { region, accessKeyId, secretAccessKey } = S3_ACCOUNT;
  const bucketed = await startTestServer({
    env: {
      S3_BUCKET: S3_ACCOUNT.bucket,
      S3_ENDPOINT: bucket.url,
      S3_REGION: region,
      S3_ACCESS_KEY_ID: accessKeyId,
      S3_SECRET_ACCESS_KEY: secretAccessKey,
      S3_PREFIX: 'solvent/outputs',
    },
  });
  const made = await bucketed.admin.generateImage({ accountId: await bucketed.admin.account(10) });
  const [key = '', object] = [...bucket.objects][0] ?? [];
  expect(key).toMatch(/^solvent\/outputs\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{64}$/);
  const at = new URL(made.outputs?.[0]?.url ?? '').pathname;
  const whole = await bucketed.as(null).fetch(at);
  expect(whole.status).toBe(200);
  expect(Buffer.from(await whole.arrayBuffer())).toEqual(object?.bytes);
  const part = await bucketed.as(null).fetch(at, { headers: { range: 'bytes=5-9' } });
  expect(part.status).toBe(206);
  expect(Buffer.from(await part.arrayBuffer())).toEqual(object?.bytes.subarray(5, 10));
  expect(bucketed.log).toEqual([]);
  await bucketed.close();
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
        live: { status: 'ok', bus: 'process' },
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

  test('has the key of a local start for who opens it on this machine, and for nobody behind a proxy on it', async () => {
    await using local = await startTestServer();
    const apiKey = 'slv_KeyOfALocalStart';
    const http = await startHttp({ core: local.core, demo: { apiKey, accountId: 'acc_x' } });
    const { port } = new URL(http.url);
    // By a socket, since a client would add its own headers and speak its own version.
    const pageFor = async (version: string, ...headers: string[]) => {
      const lines = [`GET /graphql HTTP/${version}`, ...headers, 'Accept: text/html', 'Connection: close'];
      const socket = connect(Number(port), '127.0.0.1').end(`${lines.join('\r\n')}\r\n\r\n`);
      const page = await text(socket);
      expect(page).toContain('my-first-picture');
      return page;
    };
    try {
      const host = `Host: 127.0.0.1:${port}`;
      expect(await pageFor('1.1', host)).toContain(apiKey);
      expect(await pageFor('1.1', `Host: localhost:${port}`)).toContain(apiKey);
      expect(await pageFor('1.1', 'Host: solvent.example.com')).not.toContain(apiKey);
      for (const added of [
        'X-Forwarded-For: 203.0.113.7',
        'X-Real-IP: 203.0.113.7',
        'Via: 1.1 cache',
        'Forwarded: for=203.0.113.7',
      ]) {
        expect(await pageFor('1.1', host, added), added).not.toContain(apiKey);
      }
      // nginx with nothing but proxy_pass.
      expect(await pageFor('1.0', host)).not.toContain(apiKey);
      local.core.publicUrl = 'https://solvent.example.com';
      expect(await pageFor('1.1', host)).not.toContain(apiKey);
    } finally {
      await http.close();
    }
  });
});
