/**
 * Whatever is sent in: the answer is a clear error of the contract's kinds, never a 500, and never a word that is
 * nobody's business. Nothing is charged for any of it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import {
  type Answer,
  CHEAP,
  createClient,
  GENERATE_IMAGE,
  type Outcome,
  readAnswer,
  type TestClient,
  unique,
} from '../support/client.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from '../support/server.ts';

const clock = new FakeClock('2026-11-20T12:00:00Z');
let server: TestServer;
let admin: TestClient;
/** Two accounts with 100 credits each, their tokens, and a generation of the second. */
let mine: string;
let me: TestClient;
let theirs: string;
let theirGeneration: string;

beforeAll(async () => {
  server = await startTestServer({ clock });
  admin = server.admin;
  mine = await admin.account(100);
  theirs = await admin.account(100);
  me = server.as(await admin.tokenOf(mine));
  theirGeneration = (await admin.generateImage({ accountId: theirs })).id ?? '';
});

afterAll(async () => {
  expect(await admin.balance(mine), 'nothing was charged').toEqual({
    available: 100,
    reserved: 0,
    posted: 100,
  });
  expect(await admin.balance(theirs)).toEqual({ available: 98, reserved: 0, posted: 98 });
  expect(
    await server.rows('SELECT 1 FROM generation WHERE id::text <> $1', [theirGeneration.slice(4)]),
  ).toEqual([]);
  expect(server.log, 'nothing that somebody must look at').toEqual([]);
  await server.expectSound();
  await server.close();
});

/** No stack, no path of a file, no query, no secret. */
function expectDiscreet(text: string): void {
  expect(text).not.toMatch(/\n?\s+at \S+ \(|node_modules|\/server\/|\.ts\b|\.js\b|SELECT |prisma/i);
  expect(text).not.toMatch(/slv_[0-9A-Za-z]{16,}|eyJ[\w-]+\./);
  expect(text).not.toContain(ADMIN_KEY);
}

/** Checks what holds for every answer to bad input. */
function expectRefusal(answer: Answer<unknown>): void {
  expect(answer.status, answer.text.slice(0, 500)).toBeLessThan(500);
  expectDiscreet(answer.text);
}

const post = (body: RequestInit['body'], headers: Record<string, string> = {}, path = '/graphql') =>
  admin
    .fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: body ?? null,
    })
    .then((response) => readAnswer(response));

describe('an input that cannot be is an outcome that names the field', () => {
  const cases: readonly [string, object, object][] = [
    [
      'an unknown model',
      { model: 'openai/dall-e-9' },
      { path: 'model', message: expect.stringContaining('dall-e-9') },
    ],
    ['a model of another operation', { model: 'luma/ray-2' }, { path: 'model' }],
    [
      'a retired model',
      { model: 'openai/dall-e-3-hd' },
      { path: 'model', message: expect.stringContaining('openai/gpt-image-2') },
    ],
    ['a size that the model does not make', { size: '333x333' }, { path: 'size' }],
    ['a size that is none', { size: 'large' }, { path: 'size' }],
    ['a quality that the model does not know', { quality: 'best' }, { path: 'quality' }],
    ['a negative count', { count: -1 }, { path: 'count' }],
    ['a count of nothing', { count: 0 }, { path: 'count' }],
    ['more pictures than the model makes', { count: 1000 }, { path: 'count' }],
    ['an empty prompt', { prompt: '' }, { path: 'prompt' }],
    ['a prompt of blanks', { prompt: ' \n\t ' }, { path: 'prompt' }],
    [
      'a prompt of nearly a megabyte',
      { prompt: 'x'.repeat(1_000_000) },
      { path: 'prompt', message: expect.stringContaining('1000000') },
    ],
    ['a prompt with a NUL in it', { prompt: 'a\u0000b' }, { path: 'prompt' }],
    ['a negative seed', { seed: -1 }, { path: 'seed' }],
    ['a wait of more than a minute', { waitMs: 60_001 }, { path: 'waitMs' }],
    ['a negative wait', { waitMs: -1 }, { path: 'waitMs' }],
    [
      'a quality score that no model has',
      { model: undefined, minimumQuality: 11 },
      { path: expect.stringMatching(/^(minimumQuality|model)$/) },
    ],
    ['a quote that is none', { quoteId: 'quo_nonsense' }, { path: 'quoteId' }],
    [
      'a quote that was never given',
      { quoteId: 'quo_019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a91' },
      { path: 'quoteId' },
    ],
    ['an unknown account', { accountId: 'acc_019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a91' }, { path: 'accountId' }],
    ['an account that is no id', { accountId: "x' OR 1=1 --" }, { path: 'accountId' }],
    [
      'an id of another kind in the place of an account',
      { accountId: 'gen_019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a91' },
      { path: 'accountId' },
    ],
    ['no account at all', { accountId: undefined }, { path: 'accountId' }],
  ];
  test.each(cases)('%s', async (_name, change, field) => {
    const answer = await admin.sendImage({ accountId: mine, ...change });
    expectRefusal(answer);
    expect(answer.data?.generateImage, answer.text.slice(0, 500)).toMatchObject({
      __typename: 'InvalidInputError',
      code: 'INVALID_INPUT',
    });
    expect(answer.data?.generateImage.fields).toEqual([expect.objectContaining(field)]);
    expect(answer.status).toBe(200);
  });

  test("another account's id with an account's own token", async () => {
    const answer = await me.sendImage({ accountId: theirs });
    expectRefusal(answer);
    expect(answer.data?.generateImage).toMatchObject({
      code: 'INVALID_INPUT',
      fields: [{ path: 'accountId' }],
    });
  });

  const mutation = (name: string, type: string) =>
    `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ... on Error { code message } ... on InvalidInputError { fields { path message } } } }`;
  test.each([
    [
      'generateVideo',
      'GenerateVideoInput',
      { prompt: 'Waves', model: 'luma/ray-2', durationSeconds: 7 },
      'durationSeconds',
    ],
    ['generateVideo', 'GenerateVideoInput', { prompt: 'Waves', imageUrl: 'file:///etc/passwd' }, 'imageUrl'],
    ['upscaleImage', 'UpscaleImageInput', { imageUrl: '' }, 'imageUrl'],
    ['removeBackground', 'RemoveBackgroundInput', { imageUrl: 'javascript:alert(1)' }, 'imageUrl'],
    ['vectorizeImage', 'VectorizeImageInput', { imageUrl: 'https://user:pw@example.com/x.png' }, 'imageUrl'],
    [
      'dubVideo',
      'DubVideoInput',
      { videoUrl: 'https://example.com/x.mp4', targetLanguage: 'not a language' },
      'targetLanguage',
    ],
  ])('%s (%s) with %o', async (name, type, input, path) => {
    const answer = await admin.send<Record<string, Outcome>>(mutation(name, type), {
      input: { idempotencyKey: unique('bad'), accountId: mine, ...input },
    });
    expectRefusal(answer);
    expect(answer.data?.[name], answer.text).toMatchObject({ code: 'INVALID_INPUT', fields: [{ path }] });
  });

  test.each([
    [{ credits: 0 }, 'credits'],
    [{ credits: -5 }, 'credits'],
    [{ reason: ' ' }, 'reason'],
    [{ unitRevenue: '-1' }, 'unitRevenue'],
    [{ unitRevenue: '0.0000001' }, 'unitRevenue'],
    [{ unitRevenue: '1e3' }, 'unitRevenue'],
    [{ expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
  ])('grantCredits with %o', async (change, path) => {
    expect(await admin.grant(mine, 10, change)).toMatchObject({ code: 'INVALID_INPUT', fields: [{ path }] });
  });

  test.each([
    [{ scope: 'GLOBAL', subject: 'x', period: 'DAY', limit: '1', action: 'BLOCK' }, 'subject'],
    [{ scope: 'PROVIDER', period: 'DAY', limit: '1', action: 'BLOCK' }, 'subject'],
    [{ scope: 'PROVIDER', subject: 'nobody', period: 'DAY', limit: '1', action: 'BLOCK' }, 'subject'],
    [{ scope: 'ACCOUNT', subject: 'acc_nonsense', period: 'DAY', limit: '1', action: 'BLOCK' }, 'subject'],
    [{ scope: 'GLOBAL', period: 'DAY', limit: '-1', action: 'BLOCK' }, 'limit'],
    [{ scope: 'GLOBAL', period: 'DAY', limit: 'much', action: 'BLOCK' }, 'limit'],
  ])('setBudget with %o', async (input, path) => {
    expect(await admin.setBudget(input)).toMatchObject({
      __typename: 'InvalidInputError',
      fields: [{ path }],
    });
  });
});

describe('what is not there, or not for this caller, is as good as not there', () => {
  const read = '($id: ID!) { generation(id: $id) { id } }';
  test("another account's generation cannot be read, by any way", async () => {
    expect(await me.generation(theirGeneration)).toBeNull();
    const node = await me.send('query ($id: ID!) { node(id: $id) { id } }', { id: theirGeneration });
    expectRefusal(node);
    expect(node.data?.node ?? null).toBeNull();
    const account = await me.send('query ($id: ID!) { account(id: $id) { id email } }', { id: theirs });
    expect(account).toMatchObject({ status: 200, data: { account: null }, errors: [] });
    const other = await me.send('query ($id: ID!) { node(id: $id) { id ... on Account { externalId } } }', {
      id: theirs,
    });
    expectRefusal(other);
    expect(other.data?.node ?? null).toBeNull();
    expect(other.text).not.toContain('user-');
  });

  test("another account's generation cannot be canceled", async () => {
    const { cancelGeneration } = await me.ask<{ cancelGeneration: Outcome }>(
      'mutation ($id: ID!) { cancelGeneration(id: $id) { __typename ... on NotFoundError { code message } } }',
      { id: theirGeneration },
    );
    expect(cancelGeneration).toMatchObject({ __typename: 'NotFoundError', code: 'NOT_FOUND' });
  });

  test.each(['', 'x', 'gen_', 'gen_x', 'acc_019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a91', '💥', 'R2VuZXJhdGlvbjox'])(
    'the id %j',
    async (id) => {
      expect(await admin.send(`query ${read}`, { id })).toMatchObject({
        status: 200,
        data: { generation: null },
      });
      const node = await admin.send('query ($id: ID!) { node(id: $id) { id } }', { id });
      expectRefusal(node);
      expect(node.data?.node ?? null).toBeNull();
    },
  );

  test('an id of the wrong type of JSON is a validation error', async () => {
    const answer = await admin.send(`query ${read}`, { id: { $ne: null } });
    expectRefusal(answer);
    expect(answer.errors).toHaveLength(1);
    expect(answer.data ?? null).toBeNull();
  });

  test('credits for an account that is not there', async () => {
    const nobody = 'acc_019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a91';
    expect(await admin.grant(nobody, 10)).toMatchObject({ code: 'NOT_FOUND' });
    const token = await admin.send('mutation ($id: ID!) { issueAccountToken(accountId: $id) { token } }', {
      id: nobody,
    });
    expectRefusal(token);
    expect(token).toMatchObject({ status: 404, code: 'NOT_FOUND', data: null });
  });
});

describe('credentials', () => {
  const viewer = '{ viewer { kind } }';
  const unauthenticated = { status: 401, code: 'UNAUTHENTICATED' };

  test('none at all: 401, and how to send some', async () => {
    const answer = await server.as(null).send(viewer);
    expectRefusal(answer);
    expect(answer).toMatchObject(unauthenticated);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    const paid = await server.as(null).sendImage({ accountId: mine });
    expect(paid).toMatchObject(unauthenticated);
  });

  test.each([
    'nonsense',
    'slv_00000000000000000000000000000000000000000000000',
    'eyJhbGciOiJub25lIn0.e30.',
    'x'.repeat(10_000),
  ])('that were never given (%.20s): 401', async (token) => {
    const answer = await createClient(server.url, token).send(viewer);
    expectRefusal(answer);
    expect(answer).toMatchObject(unauthenticated);
  });

  test('of another scheme: 401', async () => {
    const answer = await server.as(null).send(viewer, {}, { authorization: 'Basic dXNlcjpwdw==' });
    expect(answer).toMatchObject(unauthenticated);
  });

  test('a key that was revoked: 401 at once', async () => {
    const { key, id } = await admin.keyWith('generate');
    const client = server.as(key);
    expect(await client.send(viewer)).toMatchObject({ status: 200, data: { viewer: { kind: 'API_KEY' } } });
    await admin.ask('mutation ($id: ID!) { revokeApiKey(id: $id) { revokedAt } }', { id });
    const answer = await client.send(viewer);
    expectRefusal(answer);
    expect(answer).toMatchObject(unauthenticated);
    expect(await client.sendImage({ accountId: mine })).toMatchObject(unauthenticated);
  });

  test('a token that has expired: 401', async () => {
    const client = server.as(await admin.tokenOf(mine, 60));
    clock.advance(59_000);
    expect(await client.send(viewer)).toMatchObject({ status: 200 });
    clock.advance(1_000);
    const answer = await client.send(viewer);
    expectRefusal(answer);
    expect(answer).toMatchObject(unauthenticated);
    expect(answer.errors[0]?.message).toMatch(/expired/);
  });

  test.each([
    [
      'generate',
      'accounts:write',
      GENERATE_IMAGE,
      () => ({ input: { idempotencyKey: unique('x'), ...CHEAP, accountId: mine } }),
    ],
    [
      'accounts:write',
      'generate',
      'mutation { upsertAccount(input: { externalId: "x" }) { __typename } }',
      () => ({}),
    ],
    [
      'accounts:write',
      'generate',
      'mutation ($id: ID!) { issueAccountToken(accountId: $id) { token } }',
      () => ({ id: mine }),
    ],
    [
      'credits:write',
      'generate',
      'mutation ($input: GrantCreditsInput!) { grantCredits(input: $input) { __typename } }',
      () => ({ input: { idempotencyKey: 'x', accountId: mine, credits: 1, reason: 'x' } }),
    ],
    ['protection:write', 'profit:read', 'mutation { suspendService(reason: "x") { state } }', () => ({})],
    [
      'protection:write',
      'profit:read',
      'mutation { setBudget(input: { scope: GLOBAL, period: DAY, limit: "0", action: BLOCK }) { __typename } }',
      () => ({}),
    ],
    ['profit:read', 'protection:write', '{ protection { state } }', () => ({})],
    ['profit:read', 'generate', '{ budgets { id } }', () => ({})],
    ['profit:read', 'generate', '{ generations { edges { node { id } } } }', () => ({})],
    ['accounts:write', 'generate', '{ accounts { edges { node { id } } } }', () => ({})],
    ['admin', 'profit:read', '{ apiKeys { edges { node { id } } } }', () => ({})],
    [
      'admin',
      'protection:write',
      'mutation { createApiKey(input: { name: "x", scopes: ["admin"] }) { __typename } }',
      () => ({}),
    ],
  ] as const)(
    'without the scope %s (only %s): 403, and which scope it takes',
    async (missing, given, document, variables) => {
      const { key } = await admin.keyWith(given);
      const answer = await server.as(key).send(document, variables());
      expectRefusal(answer);
      expect(answer).toMatchObject({ status: 403, code: 'FORBIDDEN' });
      expect(answer.errors[0]?.message).toContain(missing);
    },
  );
});

describe('a document', () => {
  const refused = (code: string) => ({ status: 400, code, data: undefined });

  test('nested 50 deep is refused', async () => {
    const deep = `{ catalog ${'{ a '.repeat(49)}${'}'.repeat(49)} }`;
    const answer = await admin.send(deep);
    expectRefusal(answer);
    expect(answer).toMatchObject(refused('QUERY_TOO_COMPLEX'));
  });

  test('nested 50 deep where every field exists is refused', async () => {
    const step = 'account { generations(first: 1) { edges { node { ';
    const deep = `{ generations(first: 1) { edges { node { ${step.repeat(12)} id ${'} } } } '.repeat(12)} } } } }`;
    expect(await admin.send(deep)).toMatchObject(refused('QUERY_TOO_COMPLEX'));
  });

  test('nested 100,000 deep is refused', async () => {
    const answer = await admin.send(`${'{a'.repeat(100_000)}${'}'.repeat(100_000)}`);
    expectRefusal(answer);
    expect(answer.status).toBe(400);
    expect(answer.code).toMatch(/QUERY_TOO_COMPLEX|GRAPHQL_PARSE_FAILED/);
  });

  test('with lists in lists in an argument, 10,000 deep, is refused', async () => {
    const answer = await admin.send(`{ node(id: ${'['.repeat(10_000)}${']'.repeat(10_000)}) { id } }`);
    expectRefusal(answer);
    expect(answer.status).toBe(400);
  });

  test('with 1,000 aliases is refused', async () => {
    const aliases = Array.from({ length: 1_000 }, (_, index) => `a${index}: viewer { kind }`);
    expect(await admin.send(`{ ${aliases.join(' ')} }`)).toMatchObject(refused('QUERY_TOO_COMPLEX'));
  });

  test('with 1,000 aliases of a mutation calls nobody', async () => {
    const aliases = Array.from(
      { length: 1_000 },
      (_, index) =>
        `a${index}: generateImage(input: { idempotencyKey: "k${index}", accountId: "${mine}", prompt: "x", model: "replicate/sdxl" }) { __typename }`,
    );
    const answer = await admin.send(`mutation { ${aliases.join(' ')} }`);
    expectRefusal(answer);
    expect(answer).toMatchObject({ status: 400, data: undefined });
    // Whichever limit it meets first: that of its fields, or that of its words.
    expect(answer.code).toMatch(/QUERY_TOO_COMPLEX|GRAPHQL_PARSE_FAILED/);
  });

  test('that spreads fragments 2 to the power of 20 times is refused, in no time', async () => {
    const fragments = Array.from(
      { length: 20 },
      (_, index) =>
        `fragment f${index} on Account { ...f${index + 1} b: grants { edges { node { id } } } ...f${index + 1} }`,
    );
    const started = performance.now();
    const answer = await admin.send(
      `query ($id: ID!) { account(id: $id) { ...f0 } } ${fragments.join(' ')} fragment f20 on Account { id }`,
      { id: mine },
    );
    expectRefusal(answer);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test('whose fragments go round in circles is refused', async () => {
    const answer = await admin.send(
      '{ viewer { ...a } } fragment a on Viewer { kind ...b } fragment b on Viewer { ...a }',
    );
    expectRefusal(answer);
    expect(answer).toMatchObject(refused('GRAPHQL_VALIDATION_FAILED'));
  });

  test('that asks for a hundred million values by small pages within pages is refused', async () => {
    const answer =
      await admin.send(`{ accounts(first: 100) { edges { node { generations(first: 100) { edges { node {
      account { generations(first: 100) { edges { node { id } } } } } } } } } } }`);
    expectRefusal(answer);
    expect(answer).toMatchObject(refused('QUERY_TOO_COMPLEX'));
    expect(answer.errors[0]?.message).toMatch(/complexity of \d+/);
  });

  test('that is none is a parse error', async () => {
    const answer = await admin.send('{ viewer { kind ');
    expectRefusal(answer);
    expect(answer).toMatchObject(refused('GRAPHQL_PARSE_FAILED'));
  });

  test('that asks for fields which do not exist is a validation error', async () => {
    const answer = await admin.send('{ viewer { password } }');
    expectRefusal(answer);
    expect(answer).toMatchObject(refused('GRAPHQL_VALIDATION_FAILED'));
  });

  test('of several operations without a name, or with one that is not there, is refused', async () => {
    const query = 'query A { viewer { kind } } query B { viewer { kind } }';
    for (const operationName of [undefined, 'C', '']) {
      const answer = await post(JSON.stringify({ query, operationName }));
      expectRefusal(answer);
      expect(answer.status).toBe(400);
      expect(answer.errors).toHaveLength(1);
    }
    expect(await post(JSON.stringify({ query, operationName: 'B' }))).toMatchObject({ status: 200 });
  });

  test('without its variables, or with wrong ones, is refused', async () => {
    for (const variables of [
      {},
      { input: null },
      { input: {} },
      { input: { ...CHEAP, idempotencyKey: '' } },
      { input: { ...CHEAP, idempotencyKey: 'x'.repeat(256) } },
      { input: { ...CHEAP, idempotencyKey: 5 } },
      { input: { ...CHEAP, idempotencyKey: 'x', count: 1.5 } },
      { input: { ...CHEAP, idempotencyKey: 'x', color: 'red' } },
    ]) {
      const answer = await admin.send(GENERATE_IMAGE, variables);
      expectRefusal(answer);
      expect(answer.status, answer.text).toBe(400);
      expect(answer.errors.length).toBeGreaterThan(0);
      expect(answer.data ?? null).toBeNull();
    }
  });

  test('whose literal of a key is empty is refused', async () => {
    const answer = await admin.send(
      `mutation { generateImage(input: { idempotencyKey: "", accountId: "${mine}", prompt: "x" }) { __typename } }`,
    );
    expectRefusal(answer);
    expect(answer).toMatchObject(refused('GRAPHQL_VALIDATION_FAILED'));
  });
});

describe('pages', () => {
  const page = (text: string) =>
    `{ accounts${text} { edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }`;

  test('of more than 100 are cut to 100', async () => {
    const answer = await admin.send<{ accounts: { edges: unknown[] } }>(page('(first: 1000)'));
    expectRefusal(answer);
    expect(answer.data?.accounts.edges.length ?? 0).toBeLessThanOrEqual(100);
  });

  test.each([
    '(first: -1)',
    '(after: "nonsense")',
    '(after: "R1BDOlM6eA")',
    '(after: "")',
    '(before: "💥")',
    '(first: 1, last: 1)',
    '(last: 1)',
  ])('that cannot be, %s, are an error or a page, and no defect', async (text) => {
    const answer = await admin.send(page(text));
    expectRefusal(answer);
    if (answer.errors.length > 0) expect(answer).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
  });

  test("with a cursor of another list's are an error or a page, and no defect", async () => {
    const { account } = await admin.ask<{ account: { entries: { pageInfo: { endCursor: string } } } }>(
      'query ($id: ID!) { account(id: $id) { entries { pageInfo { endCursor } } } }',
      { id: mine },
    );
    const answer = await admin.send(
      'query ($after: String) { accounts(after: $after) { edges { node { id } } } }',
      { after: account.entries.pageInfo.endCursor },
    );
    expectRefusal(answer);
  });
});

describe('a request', () => {
  test('whose body is over a mebibyte is refused with 413', async () => {
    const answer = await post(JSON.stringify({ query: '{ viewer { kind } }', x: 'x'.repeat(1024 * 1024) }));
    expectRefusal(answer);
    expect(answer).toMatchObject({ status: 413, code: 'REQUEST_TOO_LARGE' });
  });

  test('whose body is over a mebibyte, and does not say so beforehand, is refused with 413', async () => {
    const chunk = new TextEncoder().encode('x'.repeat(64 * 1024));
    let chunks = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        chunks += 1;
        if (chunks > 17) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const response = await admin.fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit);
    expect(await readAnswer(response)).toMatchObject({ status: 413, code: 'REQUEST_TOO_LARGE' });
  });

  test('that comes in pieces is answered like any other', async () => {
    const text = new TextEncoder().encode(JSON.stringify({ query: '{ viewer { kind } }' }));
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(text.slice(0, 5));
        controller.enqueue(text.slice(5));
        controller.close();
      },
    });
    const response = await admin.fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit);
    expect(await readAnswer(response)).toMatchObject({ status: 200, data: { viewer: { kind: 'API_KEY' } } });
  });

  test.each([
    '{',
    '',
    'null',
    '[]',
    '"text"',
    '5',
    '{"query": 5}',
    '{"query": null}',
    '{}',
    '{"query":"{ viewer { kind } }","variables":"x"}',
    '{"query":"{ viewer { kind } }","extensions":5}',
    '[{"query":"{ viewer { kind } }"}]',
    '{"query":"{ viewer { kind } }","variables":[1]}',
    '\u0000',
    '{"__proto__":{"query":"x"}}',
  ])('whose body is %j is refused', async (body) => {
    const answer = await post(body);
    expectRefusal(answer);
    expect(answer.status, answer.text).toBe(400);
    expect(answer.errors.length).toBeGreaterThan(0);
  });

  test('whose body is no UTF-8 is refused', async () => {
    const answer = await post(new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]));
    expectRefusal(answer);
    expect(answer.status).toBe(400);
  });

  test.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'nonsense'])(
    'of the content type %s is refused with 415',
    async (type) => {
      const answer = await post(JSON.stringify({ query: '{ viewer { kind } }' }), { 'content-type': type });
      expectRefusal(answer);
      expect(answer.status, answer.text).toBe(415);
    },
  );

  test('that a form of a strange site can send changes nothing', async () => {
    const document = `mutation { suspendService(reason: "x") { state } }`;
    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=b',
    ]) {
      const answer = await post(`query=${encodeURIComponent(document)}`, { 'content-type': type });
      expectRefusal(answer);
      expect(answer.data ?? null, type).toBeNull();
    }
    const [state] = await server.rows<{ state: string }>('SELECT state FROM protection');
    expect(state?.state).toBe('NORMAL');
  });

  test('that would change something by GET is refused with 405', async () => {
    const query = encodeURIComponent('mutation { suspendService(reason: "x") { state } }');
    const answer = await readAnswer(await admin.fetch(`/graphql?query=${query}`));
    expectRefusal(answer);
    expect(answer.status).toBe(405);
  });

  test('for which there is no path is refused with 404', async () => {
    for (const path of [
      '/nothing',
      '/graphql/x',
      '/files',
      '/files/',
      '/files/..%2f..%2fetc%2fpasswd',
      '/%00',
      '/webhooks/stripe',
    ]) {
      const answer = await readAnswer(await admin.fetch(path));
      expectRefusal(answer);
      expect(answer, path).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    }
  });

  test('of a method that there is not is refused with 405', async () => {
    for (const [method, path] of [
      ['PUT', '/graphql'],
      ['DELETE', '/graphql'],
      ['POST', '/files/x'],
      ['DELETE', '/health/live'],
    ] as const) {
      const answer = await readAnswer(await admin.fetch(path, { method }));
      expectRefusal(answer);
      expect(answer.status, `${method} ${path}`).toBe(405);
    }
  });
});

describe('a key that asks too often', () => {
  test('is told so with 429, and when to come back; others are not', async () => {
    await using limited = await startTestServer({ env: { RATE_LIMIT_PER_MINUTE: '12' } });
    const { key } = await limited.admin.keyWith('generate');
    const accountId = await limited.admin.account(100);
    const client = limited.as(key);
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.sendImage({ accountId })));
    const passed = answers.filter((answer) => answer.status === 200);
    const refused = answers.filter((answer) => answer.status !== 200);
    expect(passed).toHaveLength(12);
    for (const answer of refused) {
      expectRefusal(answer);
      expect(answer).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
      expect(Number(answer.headers.get('retry-after'))).toBeOneOf([4, 5]);
      expect(answer.errors[0]?.extensions?.retryAfterSeconds).toBeOneOf([4, 5]);
    }
    // The bucket of each caller is its own.
    expect(await limited.admin.balance(accountId)).toMatchObject({ posted: 76 });
    await limited.expectSound();
  });
});
