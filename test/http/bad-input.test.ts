/**
 * Whatever is asked for: the answer is a clear error of the contract's kinds, never a 500, and never a word that is
 * nobody's business. Nothing is charged for any of it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CHEAP,
  createClient,
  GENERATE_IMAGE,
  type Outcome,
  type TestClient,
  unique,
} from '../support/client.ts';
import { type Besieged, expectRefusal, openBesieged } from '../support/refusals.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let besieged: Besieged;
let server: TestServer;
let admin: TestClient;
let mine: string;
let me: TestClient;
let theirs: string;
let theirGeneration: string;
beforeAll(async () => {
  besieged = await openBesieged();
  ({ server, admin, mine, me, theirs, theirGeneration } = besieged);
});
afterAll(() => besieged.close());

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
    // Into the operator's own network, however it is written, and whoever would fetch it.
    [
      'upscaleImage',
      'UpscaleImageInput',
      { imageUrl: 'http://169.254.169.254/latest/meta-data' },
      'imageUrl',
    ],
    ['vectorizeImage', 'VectorizeImageInput', { imageUrl: 'http://2130706433/x.png' }, 'imageUrl'],
    ['removeBackground', 'RemoveBackgroundInput', { imageUrl: 'http://[::ffff:10.0.0.1]/x.png' }, 'imageUrl'],
    [
      'dubVideo',
      'DubVideoInput',
      { videoUrl: 'http://metadata.localhost:6379/', targetLanguage: 'es' },
      'videoUrl',
    ],
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

  test.each(['9999-12-31T23:59:59-14:00', '0001-01-01T00:00:00+14:00', '0000-06-01T00:00:00Z'])(
    'an instant beyond the years that can be written, %s, is a validation error',
    async (instant) => {
      const document = `query ($from: DateTime!, $to: DateTime!) { books(range: { from: $from, to: $to }) { day } }`;
      const to = new Date(Date.parse(instant) + 1_000).toISOString().replace(/^\+0*/, '');
      const answer = await admin.send(document, { from: instant, to });
      expectRefusal(answer);
      expect(answer, answer.text).toMatchObject({ status: 400, code: 'GRAPHQL_VALIDATION_FAILED' });
    },
  );

  test.each(['2026-02-30T00:00:00Z', '2026-04-31T12:00:00+02:00', '2026-13-01T00:00:00Z'])(
    'an instant of a day that is none, %s, is a validation error and no other day',
    async (at) => {
      const document = `query ($at: DateTime!) { books(range: { from: $at, to: "2027-01-01T00:00:00Z" }) { day } }`;
      const answer = await admin.send(document, { at });
      expect(answer, answer.text).toMatchObject({ status: 400, code: 'GRAPHQL_VALIDATION_FAILED' });
    },
  );

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

  test('an id of it is answered as one that nothing has, whatever is asked of it', async () => {
    const nothing = 'acc_019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a91';
    const { budgets } = await admin.ask<{ budgets: { id: string }[] }>('{ budgets { id } }');
    const budget =
      budgets[0]?.id ??
      (await admin.setBudget({ scope: 'GLOBAL', period: 'MONTH', limit: '1000', action: 'WARN' })).id;
    for (const id of [theirGeneration, theirs, budget, nothing]) {
      for (const asked of ['id', '__typename', 'id ... on Account { externalId }']) {
        const answer = await me.send(`query ($id: ID!) { node(id: $id) { ${asked} } }`, { id });
        expect(answer, answer.text).toMatchObject({ status: 200, data: { node: null }, errors: [] });
      }
    }
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
    besieged.clock.advance(59_000);
    expect(await client.send(viewer)).toMatchObject({ status: 200 });
    besieged.clock.advance(1_000);
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
    ['profit:read', 'generate', '{ providers { name } }', () => ({})],
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

describe('a text that no database can keep', () => {
  const texts = { 'with NUL': 'a\u0000b', 'with half an emoji': 'a\ud83d', 'with the other half': '\ude00b' };
  const places: readonly (readonly [string, string, (text: string) => object])[] = [
    [
      'externalId of upsertAccount',
      'mutation ($i: UpsertAccountInput!) { upsertAccount(input: $i) { __typename ... on Error { code } } }',
      (text) => ({ i: { externalId: text } }),
    ],
    [
      'timeZone of upsertAccount',
      'mutation ($i: UpsertAccountInput!) { upsertAccount(input: $i) { __typename ... on Error { code } } }',
      (text) => ({ i: { externalId: unique('user'), timeZone: text } }),
    ],
    [
      'reason of grantCredits',
      'mutation ($i: GrantCreditsInput!) { grantCredits(input: $i) { __typename ... on Error { code } } }',
      (text) => ({
        i: {
          idempotencyKey: unique('x'),
          accountId: 'acc_019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a91',
          credits: 1,
          reason: text,
        },
      }),
    ],
    [
      'a key',
      'mutation ($i: GrantCreditsInput!) { grantCredits(input: $i) { __typename ... on Error { code } } }',
      (text) => ({ i: { idempotencyKey: text, accountId: mine, credits: 1, reason: 'x' } }),
    ],
    [
      'a key of a call',
      GENERATE_IMAGE,
      (text) => ({ input: { idempotencyKey: text, accountId: mine, ...CHEAP } }),
    ],
    [
      'the prompt',
      GENERATE_IMAGE,
      (text) => ({ input: { idempotencyKey: unique('x'), accountId: mine, ...CHEAP, prompt: text } }),
    ],
    [
      'the model',
      GENERATE_IMAGE,
      (text) => ({ input: { idempotencyKey: unique('x'), accountId: mine, ...CHEAP, model: text } }),
    ],
    [
      'the size',
      GENERATE_IMAGE,
      (text) => ({ input: { idempotencyKey: unique('x'), accountId: mine, ...CHEAP, size: text } }),
    ],
    [
      'a URL',
      'mutation ($i: UpscaleImageInput!) { upscaleImage(input: $i) { __typename ... on Error { code } } }',
      (text) => ({
        i: { idempotencyKey: unique('x'), accountId: mine, imageUrl: `https://example.com/${text}` },
      }),
    ],
    [
      'the shape of a clip',
      'mutation ($i: GenerateVideoInput!) { generateVideo(input: $i) { __typename ... on Error { code } } }',
      (text) => ({ i: { idempotencyKey: unique('x'), accountId: mine, prompt: 'x', aspectRatio: text } }),
    ],
    [
      'a language',
      'mutation ($i: DubVideoInput!) { dubVideo(input: $i) { __typename ... on Error { code } } }',
      (text) => ({
        i: {
          idempotencyKey: unique('x'),
          accountId: mine,
          videoUrl: 'https://example.com/x',
          targetLanguage: text,
        },
      }),
    ],
    [
      'the name of a key',
      'mutation ($i: CreateApiKeyInput!) { createApiKey(input: $i) { __typename ... on Error { code } } }',
      (text) => ({ i: { name: text, scopes: [] } }),
    ],
    [
      'the subject of a budget',
      'mutation ($i: SetBudgetInput!) { setBudget(input: $i) { __typename ... on Error { code } } }',
      (text) => ({ i: { scope: 'PROVIDER', subject: text, period: 'DAY', limit: '1', action: 'BLOCK' } }),
    ],
    [
      'a search',
      'query ($text: String) { accounts(search: $text) { edges { node { id } } } }',
      (text) => ({ text }),
    ],
    ['an externalId', 'query ($text: String) { account(externalId: $text) { id } }', (text) => ({ text })],
    [
      'a cursor',
      'query ($text: String) { accounts(after: $text) { edges { node { id } } } }',
      (text) => ({ text: Buffer.from(`GPC:S:${text}`).toString('base64') }),
    ],
    ['an id', 'query ($text: ID!) { node(id: $text) { id } }', (text) => ({ text: `mdl_replicate/${text}` })],
  ];
  test.each(Object.entries(texts))(
    '%s is refused wherever it comes, or found nowhere, and is no defect',
    async (_name, text) => {
      for (const [place, document, variables] of places) {
        const answer = await admin.send<Record<string, { code?: string } | null>>(document, variables(text));
        expectRefusal(answer);
        const outcome = Object.values(answer.data ?? {})[0];
        const said = answer.code ?? outcome?.code ?? '';
        // A question for what cannot be there may be answered: there is none. Some halves are replaced on their way.
        if (!/^(accounts|account|node|upsertAccount)$/.test(Object.keys(answer.data ?? {})[0] ?? '')) {
          expect(said, `${place}: ${answer.text.slice(0, 300)}`).toMatch(
            /^(INVALID_INPUT|GRAPHQL_VALIDATION_FAILED|NOT_FOUND)$/,
          );
        }
      }
    },
  );

  test('fails no other call that comes with it', async () => {
    await using busy = await startTestServer();
    const accountId = await busy.admin.account(100);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        busy.admin.generateImage({ accountId, ...(index % 4 === 1 ? { prompt: 'a\ud83d' } : {}) }),
      ),
    );
    answers.forEach((answer, index) => {
      expect(answer).toMatchObject(
        index % 4 === 1 ? { code: 'INVALID_INPUT', fields: [{ path: 'prompt' }] } : { status: 'SUCCEEDED' },
      );
    });
    expect(busy.log).toEqual([]);
    await busy.expectSound();
  });

  test('is refused as a literal, too', async () => {
    for (const text of ['a\\u0000b', 'a\\ud83d']) {
      const answer = await admin.send(
        `mutation { generateImage(input: { idempotencyKey: "${text}", accountId: "${mine}", prompt: "x" }) { __typename } }`,
      );
      expectRefusal(answer);
      expect(answer.status).toBe(400);
    }
  });
});
