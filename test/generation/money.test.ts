/** What things cost, earn and give back, as customers and operators see it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bumpCatalogVersion } from '../../server/catalog/index.ts';
import { FakeClock } from '../../server/clock.ts';
import { newId } from '../../server/ids.ts';
import type { Provider } from '../../server/providers/index.ts';
import { CHEAP, type Outcome, readAnswer, type TestClient, unique } from '../support/client.ts';
import { startTestServer, type TestServer, until } from '../support/server.ts';

const clock = new FakeClock('2026-11-20T12:00:00Z');
let server: TestServer;
let admin: TestClient;
beforeAll(async () => {
  server = await startTestServer({ clock });
  admin = server.admin;
});
afterAll(async () => {
  await server.expectSound();
  expect(server.log).toEqual([]);
  await server.close();
});

const QUOTE = `query ($input: QuoteInput!) { quote(input: $input) {
  __typename ... on Quote { id operation model credits expiresAt expectedCost { amount } expectedMargin }
  ... on Error { code message } ... on InvalidInputError { fields { path message } } } }`;
interface Quote extends Outcome {
  readonly credits: number;
  readonly expiresAt: string;
  readonly expectedCost: { readonly amount: string };
  readonly expectedMargin: number;
}
const quote = async (input: object) =>
  (await admin.ask<{ quote: Quote }>(QUOTE, { input: { operation: 'GENERATE_IMAGE', ...input } })).quote;

/** A new price of SDXL from now on, as an operator would put it in. */
async function reprice(credits: number): Promise<void> {
  await server.rows(
    `INSERT INTO model_price (id, price_list_id, model_id, unit, credits, effective_from)
    VALUES ($1, 'tokens', 'replicate/sdxl', 'OUTPUT', $2, $3)`,
    [newId(), credits, clock.now()],
  );
  await bumpCatalogVersion(server.core.database, clock);
  await until('the new price holds', async () => {
    const { catalog } = await admin.ask<{ catalog: { model: string; creditsFrom: number }[] }>(
      '{ catalog(operation: GENERATE_IMAGE) { model creditsFrom } }',
    );
    return catalog.find(({ model }) => model === 'replicate/sdxl')?.creditsFrom === credits;
  });
}

describe('the first example of GraphiQL', () => {
  test('takes the cheapest model of its quality, and shows cost, revenue and margin to the micro', async () => {
    const page = await (await admin.fetch('/graphql', { headers: { accept: 'text/html' } })).text();
    expect(page).toContain('my-first-picture');
    const accountId = await admin.account(100);
    const answer = await admin.send<{ generateImage: Outcome }>(
      `mutation ($accountId: ID!) { generateImage(input: { idempotencyKey: "my-first-picture", accountId: $accountId,
          prompt: "A lighthouse on a cliff at dawn", minimumQuality: 9 }) {
        ... on Generation { status model creditsCharged outputs { url contentType width height }
          cost { amount currency } revenue { amount currency } margin
          attempts { provider model outcome cost { amount } durationMs }
          account { balance { available reserved posted } } } } }`,
      { accountId },
    );
    expect(answer.data?.generateImage).toEqual({
      status: 'SUCCEEDED',
      model: 'replicate/sdxl',
      creditsCharged: 2,
      outputs: [
        { url: expect.stringContaining('/files/'), contentType: 'image/png', width: 1024, height: 1024 },
      ],
      cost: { amount: '0.003', currency: 'USD' },
      revenue: { amount: '0.02', currency: 'USD' },
      margin: 0.85,
      attempts: [
        {
          provider: 'replicate',
          model: 'replicate/sdxl',
          outcome: 'SUCCEEDED',
          cost: { amount: '0.003' },
          durationMs: 0,
        },
      ],
      account: { balance: { available: 98, reserved: 0, posted: 98 } },
    });
    expect(answer.extensions?.cost).toMatchObject({ asked: expect.any(Number), left: expect.any(Number) });
  });

  test('earns what each burned credit was sold for: free ones first, and nothing for them', async () => {
    const accountId = await admin.account();
    await admin.grant(accountId, 1, { source: 'ADMIN', unitRevenue: '0' });
    await admin.grant(accountId, 9, { unitRevenue: '0.007' });
    const { id = '' } = await admin.generateImage({ accountId });
    expect(await admin.booked(id)).toMatchObject({
      revenue: { amount: '0.007' },
      cost: { amount: '0.003' },
      margin: 0.571428,
    });
    const given = await admin.account();
    await admin.grant(given, 10, { unitRevenue: '0' });
    const free = await admin.generateImage({ accountId: given });
    expect(await admin.booked(free.id ?? '')).toMatchObject({ revenue: { amount: '0.00' }, margin: null });
  });
});

describe('a quote', () => {
  test('is honoured until it expires, whatever the catalogue says meanwhile', async () => {
    const accountId = await admin.account(100);
    const before = await quote({ model: 'replicate/sdxl', size: '512x512', accountId });
    expect(before).toMatchObject({
      credits: 2,
      expectedCost: { amount: '0.003' },
      expectedMargin: 0.85,
      expiresAt: '2026-11-20T12:10:00.000Z',
    });
    await reprice(5);
    expect(await quote({ model: 'replicate/sdxl', size: '512x512' })).toMatchObject({ credits: 5 });
    expect(await admin.generateImage({ accountId, quoteId: before.id ?? '' })).toMatchObject({
      status: 'SUCCEEDED',
      creditsCharged: 2,
    });
    expect(await admin.generateImage({ accountId })).toMatchObject({
      status: 'SUCCEEDED',
      creditsCharged: 5,
    });
    // For what it was given for, and for nobody else.
    expect(await admin.generateImage({ accountId, quoteId: before.id ?? '', count: 2 })).toMatchObject({
      code: 'INVALID_INPUT',
    });
    expect(
      await admin.generateImage({ accountId: await admin.account(100), quoteId: before.id ?? '' }),
    ).toMatchObject({
      code: 'INVALID_INPUT',
    });
    clock.advance(10 * 60_000);
    expect(await admin.generateImage({ accountId, quoteId: before.id ?? '' })).toMatchObject({
      code: 'INVALID_INPUT',
      fields: [{ path: 'quoteId', message: expect.stringMatching(/expired/) }],
    });
    expect(await admin.balance(accountId)).toEqual({ available: 93, reserved: 0, posted: 93 });
    await reprice(2);
  });

  test('of what has no price is refused, and so is the call', async () => {
    await server.rows("DELETE FROM model_price WHERE model_id = 'midjourney/imagine'");
    await bumpCatalogVersion(server.core.database, clock);
    await until(
      'it has no price',
      async () => (await quote({ model: 'midjourney/imagine' })).__typename !== 'Quote',
    );
    const accountId = await admin.account(100);
    expect(await quote({ model: 'midjourney/imagine' })).toMatchObject({ code: 'UNPRICED_MODEL' });
    expect(
      await admin.generateImage({ accountId, model: 'midjourney/imagine', size: '1024x1024' }),
    ).toMatchObject({
      __typename: 'UnpricedModelError',
      code: 'UNPRICED_MODEL',
    });
    expect(await admin.balance(accountId)).toMatchObject({ available: 100 });
  });
});

describe('a retired model', () => {
  test('is refused by naming its successor, and served by that where it may be', async () => {
    const accountId = await admin.account(100);
    const call = { accountId, model: 'openai/dall-e-3-hd', size: '1024x1024' };
    expect(await admin.generateImage(call)).toMatchObject({
      code: 'INVALID_INPUT',
      fields: [{ path: 'model', message: expect.stringContaining('openai/gpt-image-2') }],
    });
    expect(await admin.generateImage({ ...call, allowSuccessor: true })).toMatchObject({
      status: 'SUCCEEDED',
      model: 'openai/gpt-image-2',
      creditsCharged: 10,
    });
    expect(await admin.balance(accountId)).toMatchObject({ posted: 90, reserved: 0 });
  });
});

describe('a call', () => {
  test('of every operation is priced, made and charged', async () => {
    const accountId = await admin.account(1_000);
    const imageUrl = 'https://example.com/picture.png';
    let posted = 1_000;
    for (const [name, type, input, credits, contentType] of [
      [
        'generateVideo',
        'GenerateVideoInput',
        { prompt: 'Waves', model: 'luma/ray-2', waitMs: 30_000 },
        120,
        'image/apng',
      ],
      ['upscaleImage', 'UpscaleImageInput', { imageUrl }, 16, 'image/png'],
      ['removeBackground', 'RemoveBackgroundInput', { imageUrl }, 25, 'image/png'],
      ['vectorizeImage', 'VectorizeImageInput', { imageUrl }, 40, 'image/svg+xml'],
      [
        'dubVideo',
        'DubVideoInput',
        {
          videoUrl: 'https://example.com/film.mp4',
          targetLanguage: 'es',
          durationSeconds: 61,
          waitMs: 30_000,
        },
        110,
        'image/apng',
      ],
    ] as const) {
      const answer = await admin.ask<Record<string, Outcome>>(
        `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ... on Error { message } ... on Generation { status creditsCharged outputs { contentType } } } }`,
        { input: { idempotencyKey: unique(name), accountId, ...input } },
      );
      expect(answer[name]).toMatchObject({
        status: 'SUCCEEDED',
        creditsCharged: credits,
        outputs: [{ contentType }],
      });
      posted -= credits;
      expect(await admin.balance(accountId)).toEqual({ available: posted, reserved: 0, posted });
    }
  });

  test('that a model cannot make without an image is neither quoted nor charged without one', async () => {
    const model = 'runway/gen4_turbo';
    const refused = {
      __typename: 'InvalidInputError',
      fields: [{ path: 'imageUrl', message: expect.stringContaining('needs an image') }],
    };
    const clip = { operation: 'GENERATE_VIDEO', model };
    expect(await quote(clip)).toMatchObject(refused);
    expect(await quote({ ...clip, hasImage: true })).toMatchObject({ __typename: 'Quote', credits: 30 });
    const accountId = await admin.account(100);
    const make = async (input: object) =>
      (
        await admin.ask<{ generateVideo: Outcome }>(
          `mutation ($input: GenerateVideoInput!) { generateVideo(input: $input) { __typename
            ... on Generation { status model } ... on InvalidInputError { fields { path message } } } }`,
          {
            input: {
              idempotencyKey: unique('clip'),
              accountId,
              model,
              prompt: 'Waves',
              waitMs: 30_000,
              ...input,
            },
          },
        )
      ).generateVideo;
    expect(await make({})).toMatchObject(refused);
    expect(await admin.balance(accountId)).toMatchObject({ posted: 100, reserved: 0 });
    expect(await make({ imageUrl: 'https://example.com/first.png' })).toMatchObject({
      status: 'SUCCEEDED',
      model,
    });
    const { catalog } = await admin.ask<{ catalog: { model: string; needsImage: boolean }[] }>(
      '{ catalog(operation: GENERATE_VIDEO) { model needsImage } }',
    );
    expect(catalog.filter(({ needsImage }) => needsImage)).toEqual([{ model, needsImage: true }]);
  });

  test('of several outputs costs, and earns, as many times as much', async () => {
    const accountId = await admin.account(100);
    const { id = '', outputs } = await admin.generateImage({ accountId, count: 3 });
    expect(new Set(outputs?.map(({ url }) => url)).size).toBe(3);
    expect(await admin.booked(id)).toMatchObject({
      creditsCharged: 6,
      cost: { amount: '0.009' },
      revenue: { amount: '0.06' },
    });
  });

  test('that makes fewer outputs than it was asked for is charged for those that there are', async () => {
    const png = await (
      await fetch((await admin.generateImage({ accountId: await admin.account(2) })).outputs?.[0]?.url ?? '')
    ).bytes();
    const stingy: Provider = {
      name: 'replicate',
      inProcess: true,
      timeoutMs: 1_000,
      submit: async () => ({
        status: 'succeeded',
        outputs: [{ content: png, contentType: 'image/png' }],
        costMicros: null,
      }),
      check: async () => {
        throw new Error('There are no jobs.');
      },
      cancel: async () => ({ status: 'goes-on', detail: 'There are no jobs.' }),
    };
    await using other = await startTestServer({ providers: [stingy] });
    const accountId = await other.admin.account(100);
    const { id = '' } = await other.admin.generateImage({ accountId, count: 4 });
    expect(await other.admin.booked(id)).toMatchObject({
      status: 'SUCCEEDED',
      creditsReserved: 8,
      creditsCharged: 2,
      cost: { amount: '0.003' },
      revenue: { amount: '0.02' },
    });
    expect(await other.admin.balance(accountId)).toEqual({ available: 98, reserved: 0, posted: 98 });
    await other.expectSound();
  });

  test('that is canceled while it hangs gives its credits back; one that is done stays as it is', async () => {
    const accountId = await admin.account(100);
    const cancel = async (id: string) =>
      (
        await admin.ask<{ cancelGeneration: Outcome }>(
          'mutation ($id: ID!) { cancelGeneration(id: $id) { __typename ... on Generation { id status creditsCharged } ... on Error { code } } }',
          { id },
        )
      ).cancelGeneration;
    const call = { accountId, idempotencyKey: unique('hang'), prompt: 'A lighthouse [sandbox:hang]' };
    const hanging = await admin.generateImage({ ...call, waitMs: 0 });
    const waiting = admin.generateImage({ ...call, waitMs: 30_000 });
    expect(await admin.balance(accountId)).toEqual({ available: 98, reserved: 2, posted: 100 });
    expect(await cancel(hanging.id ?? '')).toMatchObject({ status: 'CANCELED', creditsCharged: 0 });
    expect(await waiting, 'whoever waits for it is told').toMatchObject({
      id: hanging.id,
      status: 'CANCELED',
    });
    expect(await admin.balance(accountId)).toEqual({ available: 100, reserved: 0, posted: 100 });
    expect(await admin.booked(hanging.id ?? '')).toMatchObject({
      attempts: [{ outcome: 'CANCELED', cost: { amount: '0.00' } }],
    });
    expect(await cancel(hanging.id ?? ''), 'twice is once').toMatchObject({ status: 'CANCELED' });

    // A vendor that may bill what was given up is booked at the most that it can cost.
    const dear = await admin.generateImage({
      accountId,
      prompt: 'A lighthouse [sandbox:hang][sandbox:unknown]',
      waitMs: 0,
    });
    expect(await cancel(dear.id ?? '')).toMatchObject({ status: 'CANCELED', creditsCharged: 0 });
    expect(await admin.booked(dear.id ?? '')).toMatchObject({
      attempts: [{ outcome: 'CANCELED', cost: { amount: '0.003' } }],
    });
    expect(await admin.balance(accountId)).toEqual({ available: 100, reserved: 0, posted: 100 });

    const done = await admin.generateImage({ accountId });
    expect(await cancel(done.id ?? '')).toMatchObject({
      id: done.id,
      status: 'SUCCEEDED',
      creditsCharged: 2,
    });
    expect(await cancel('gen_019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a91')).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('whose client goes away is finished and charged all the same', async () => {
    const accountId = await admin.account(100);
    const idempotencyKey = unique('gone');
    const abort = new AbortController();
    const sent = fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${await admin.tokenOf(accountId)}`,
      },
      body: JSON.stringify({
        query: 'mutation ($input: GenerateImageInput!) { generateImage(input: $input) { __typename } }',
        variables: { input: { idempotencyKey, ...CHEAP, prompt: 'A lighthouse [sandbox:slow=1000]' } },
      }),
      signal: abort.signal,
    });
    await until('it is under way', async () => (await admin.balance(accountId)).reserved === 2);
    abort.abort();
    await expect(sent).rejects.toThrow();
    await until('it is charged', async () => (await admin.balance(accountId)).posted === 98);
  });
});

describe('what an account may see', () => {
  test('is its own, and nothing of what its operator earns', async () => {
    const accountId = await admin.account(100);
    const me = server.as(await admin.tokenOf(accountId));
    const { id } = await me.generateImage({});
    expect(await me.ask('{ viewer { kind scopes account { id } } }')).toEqual({
      viewer: { kind: 'ACCOUNT', scopes: ['generate'], account: { id: accountId } },
    });
    expect(await me.ask('{ account { id externalId balance { available } } }')).toMatchObject({
      account: { id: accountId },
    });
    for (const [field, scope] of [
      ['cost { amount }', 'profit:read'],
      ['revenue { amount }', 'profit:read'],
      ['margin', 'profit:read'],
      ['attempts { outcome }', 'profit:read'],
    ]) {
      const answer = await me.send<{ generation: Record<string, unknown> }>(
        `query ($id: ID!) { generation(id: $id) { id ${field} } }`,
        { id },
      );
      expect(answer).toMatchObject({ status: 403, code: 'FORBIDDEN' });
      expect(answer.errors[0]?.message).toContain(scope);
      // Only the field is gone, and not what is theirs.
      expect(answer.data?.generation).toMatchObject({ id });
    }
    for (const field of [
      'costFrom { amount }',
      'margin',
      'markup',
      'belowFloor',
      'prices { cost { amount } }',
      'prices { margin }',
    ]) {
      expect(await me.send(`{ catalog { model ${field} } }`)).toMatchObject({
        status: 403,
        code: 'FORBIDDEN',
      });
    }
    expect(await me.send('{ catalog { model creditsFrom available } }')).toMatchObject({ status: 200 });
    expect(
      await me.send(
        '{ quote(input: { operation: GENERATE_IMAGE }) { ... on Quote { credits expectedCost { amount } } } }',
      ),
    ).toMatchObject({ status: 403 });
    const mutations = [
      'upsertAccount(input: { externalId: "x" }) { __typename }',
      `grantCredits(input: { idempotencyKey: "x", accountId: "${accountId}", credits: 1, reason: "x" }) { __typename }`,
      `issueAccountToken(accountId: "${accountId}") { token }`,
      'suspendService(reason: "x") { state }',
      'createApiKey(input: { name: "x", scopes: ["admin"] }) { __typename }',
    ];
    for (const mutation of mutations) {
      expect(await me.send(`mutation { ${mutation} }`), mutation).toMatchObject({
        status: 403,
        code: 'FORBIDDEN',
      });
    }
    expect(await admin.balance(accountId)).toMatchObject({ posted: 98 });
  });

  test('node(id) gives each kind of thing to whom it belongs', async () => {
    const accountId = await admin.account(100);
    const me = server.as(await admin.tokenOf(accountId));
    const stranger = server.as(await admin.tokenOf(await admin.account(1)));
    await me.generateImage({});
    const { account } = await me.ask<{
      account: Record<'grants' | 'entries' | 'generations', { edges: { node: { id: string } }[] }>;
    }>(
      '{ account { grants { edges { node { id } } } entries { edges { node { id } } } generations { edges { node { id } } } } }',
    );
    await admin.setBudget({ scope: 'GLOBAL', period: 'MONTH', limit: '1000', action: 'WARN' });
    const { budgets } = await admin.ask<{ budgets: { id: string }[] }>('{ budgets { id } }');
    const { id: keyId } = await admin.keyWith('generate');
    const ids: [string, string, 'own' | 'operator' | 'all'][] = [
      ['Account', accountId, 'own'],
      ['Grant', account.grants.edges[0]?.node.id ?? '', 'own'],
      ['Entry', account.entries.edges[0]?.node.id ?? '', 'own'],
      ['Generation', account.generations.edges[0]?.node.id ?? '', 'own'],
      ['CatalogModel', 'mdl_replicate/sdxl', 'all'],
      ['Budget', budgets[0]?.id ?? '', 'operator'],
      ['ApiKey', keyId, 'operator'],
    ];
    const node = async (client: TestClient, id: string) =>
      (
        await client.send<{ node: object | null }>('query ($id: ID!) { node(id: $id) { __typename id } }', {
          id,
        })
      ).data?.node ?? null;
    for (const [__typename, id, whose] of ids) {
      expect(await node(admin, id), __typename).toEqual({ __typename, id });
      expect(await node(me, id), __typename).toEqual(whose === 'operator' ? null : { __typename, id });
      expect(await node(stranger, id), __typename).toEqual(whose === 'all' ? { __typename, id } : null);
      expect(await node(server.as(null), id), __typename).toBeNull();
    }
  });

  test('its lists come page by page, whole and in order', async () => {
    const accountId = await admin.account(100);
    const me = server.as(await admin.tokenOf(accountId));
    for (let call = 0; call < 5; call += 1) await me.generateImage({});
    const all: { id: string; kind: string; credits: number; availableAfter: number }[] = [];
    let after: string | null = null;
    for (let page = 0; page < 10; page += 1) {
      const {
        account,
      }: {
        account: {
          entries: {
            edges: { node: (typeof all)[number] }[];
            pageInfo: { hasNextPage: boolean; endCursor: string };
          };
        };
      } = await me.ask(
        'query ($after: String) { account { entries(first: 3, after: $after) { edges { node { id kind credits availableAfter } } pageInfo { hasNextPage endCursor } } } }',
        { after },
      );
      all.push(...account.entries.edges.map((edge) => edge.node));
      expect(account.entries.edges.length).toBeLessThanOrEqual(3);
      if (!account.entries.pageInfo.hasNextPage) break;
      after = account.entries.pageInfo.endCursor;
    }
    // A grant, then five reservations that are posted.
    expect(all).toHaveLength(11);
    expect(new Set(all.map(({ id }) => id)).size).toBe(11);
    expect(all.filter(({ kind }) => kind === 'RESERVE')).toHaveLength(5);
    expect(all.filter(({ kind }) => kind === 'POST')).toHaveLength(5);
    expect(all[0]).toMatchObject({ availableAfter: 90 });
    expect(all.at(-1)).toMatchObject({ kind: 'GRANT', credits: 100, availableAfter: 100 });
    expect(all.reduce((sum, { credits }) => sum + credits, 0)).toBe(90);
    // Backwards, too.
    const { accounts } = await admin.ask<{ accounts: { edges: { node: { id: string } }[] } }>(
      '{ accounts(last: 2) { edges { node { id } } pageInfo { hasPreviousPage } } }',
    );
    expect(accounts.edges).toHaveLength(2);
  });
});

describe('an admin', () => {
  const SIGN_IN =
    'mutation ($email: String!, $password: String!) { signIn(email: $email, password: $password) { kind scopes } }';
  const browser = (headers: Record<string, string>, query: string, variables: object = {}) =>
    server
      .as(null)
      .fetch('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query, variables }),
      })
      .then((response) => readAnswer<Record<string, unknown>>(response));

  test('signs in from a page of this server alone, and is known there by the cookie, and nowhere else', async () => {
    const made = await server.core.access.ensureFirstAdmin({
      email: 'owner@example.com',
      password: 'correct horse battery',
    });
    expect(made).not.toBeNull();
    const right = { email: 'owner@example.com', password: 'correct horse battery' };
    const here = { 'sec-fetch-site': 'same-origin' };
    for (const elsewhere of [
      {},
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
    ]) {
      expect(await browser(elsewhere as Record<string, string>, SIGN_IN, right)).toMatchObject({
        status: 403,
        code: 'FORBIDDEN',
      });
    }
    const wrong = await browser(here, SIGN_IN, { ...right, password: 'wrong' });
    expect(wrong).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    expect(wrong.headers.get('set-cookie')).toBeNull();

    const answer = await browser(here, SIGN_IN, right);
    expect(answer).toMatchObject({ status: 200, data: { signIn: { kind: 'ADMIN' } } });
    const header = answer.headers.get('set-cookie') ?? '';
    expect(header).toMatch(/^solvent_session=[\w-]{20,}; .*HttpOnly; SameSite=Strict/);
    const cookie = header.split(';')[0] ?? '';
    expect(await browser({ ...here, cookie }, '{ viewer { kind } protection { state } }')).toMatchObject({
      status: 200,
      data: { viewer: { kind: 'ADMIN' }, protection: { state: 'NORMAL' } },
    });
    for (const elsewhere of [{}, { 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
      const strange = await browser(
        { ...elsewhere, cookie } as Record<string, string>,
        'mutation { suspendService(reason: "x") { state } }',
      );
      expect(strange).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    }
    expect(await browser({ ...here, cookie }, 'mutation { signOut }')).toMatchObject({
      data: { signOut: true },
    });
    expect(await browser({ ...here, cookie }, '{ viewer { kind } }')).toMatchObject({
      status: 401,
      code: 'UNAUTHENTICATED',
    });
  });
});
