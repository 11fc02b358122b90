/** Identical requests: one call to a provider, however many ask, and what the others are charged. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CHEAP, type GenerateOptions, type TestClient, unique } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { startTestServer, type TestServer, until } from '../support/server.ts';
import { hang, slow, status } from '../support/vendors/http-vendor.ts';
import { type OpenAiVendor, startOpenAiVendor } from '../support/vendors/openai.ts';

const CALL = { model: 'openai/gpt-image-2', prompt: 'A lighthouse of glass', size: '1024x1024' } as const;
const PRICE = 10;

describeOnEachDatabase('identical requests', (kind) => {
  let vendor: OpenAiVendor;
  let server: TestServer;
  let admin: TestClient;

  beforeAll(async () => {
    vendor = await startOpenAiVendor();
    server = await start();
    admin = server.admin;
  });
  afterAll(async () => {
    await server.expectSound();
    await server.close();
    await vendor.close();
  });

  const start = (env: Record<string, string> = {}) =>
    startTestServer({
      kind,
      env: {
        RESULT_CACHE: 'account',
        SANDBOX: 'off',
        OPENAI_API_KEY: 'sk-test',
        OPENAI_BASE_URL: vendor.url,
        ...env,
      },
    });
  const ask = (accountId: string, options: GenerateOptions = {}) =>
    admin.generateImage({ ...CALL, accountId, ...options });
  const cachedOf = async (id = '') =>
    (await admin.ask<{ generation: { cached: boolean } }>(`{ generation(id: "${id}") { cached } }`))
      .generation.cached;

  test('a second one is served what the first one made, calls nobody, costs nothing and is charged as quoted', async () => {
    const accountId = await admin.account(100);
    const prompt = unique('twice');
    const first = await ask(accountId, { prompt });
    const submits = vendor.submits;
    const second = await ask(accountId, { prompt });
    expect(second).toMatchObject({ status: 'SUCCEEDED', creditsCharged: PRICE });
    expect(second.id).not.toBe(first.id);
    expect(await cachedOf(first.id)).toBe(false);
    expect(await cachedOf(second.id)).toBe(true);
    expect(vendor.submits).toBe(submits);
    expect(await admin.booked(second.id ?? '')).toMatchObject({
      cost: { amount: '0.00' },
      margin: 1,
      attempts: [{ provider: 'openai', outcome: 'SUCCEEDED', cost: { amount: '0.00' } }],
    });
    // The same file, by a link of its own.
    const [one, other] = [first.outputs?.[0]?.url ?? '', second.outputs?.[0]?.url ?? ''];
    expect(other).not.toBe(one);
    expect(await (await fetch(other)).bytes()).toEqual(await (await fetch(one)).bytes());
    expect(await admin.balance(accountId)).toEqual({ posted: 80, reserved: 0, available: 80 });
  });

  test('fifty at once are one call, and each is charged', async () => {
    const accountId = await admin.account(1_000);
    const prompt = unique('fifty');
    const submits = vendor.submits;
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(accountId, { prompt })));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 'SUCCEEDED'));
    expect(vendor.submits - submits).toBe(1);
    expect(await admin.balance(accountId)).toEqual({ posted: 500, reserved: 0, available: 500 });
    const cached = await Promise.all(answers.map(({ id }) => cachedOf(id)));
    expect(cached.filter((each) => !each)).toHaveLength(1);
  });

  test('another prompt, size, quality, seed or count is another request', async () => {
    const accountId = await admin.account(1_000);
    const prompt = unique('other');
    await ask(accountId, { prompt });
    const submits = vendor.submits;
    const others: GenerateOptions[] = [
      { prompt: `${prompt}!` },
      { prompt, size: '1024x1536' },
      { prompt, quality: 'low' },
      { prompt, seed: 8 },
      { prompt, count: 2 },
    ];
    for (const other of others) await ask(accountId, other);
    expect(vendor.submits - submits).toBe(others.length);
  });

  test("another account's result is its own", async () => {
    const prompt = unique('mine');
    await ask(await admin.account(100), { prompt });
    const submits = vendor.submits;
    await ask(await admin.account(100), { prompt });
    expect(vendor.submits - submits).toBe(1);
  });

  test('whoever does not want an earlier result gets a new one, which serves from then on', async () => {
    const accountId = await admin.account(100);
    const prompt = unique('fresh');
    await ask(accountId, { prompt });
    const submits = vendor.submits;
    const fresh = await ask(accountId, { prompt, useCache: false });
    expect(await cachedOf(fresh.id)).toBe(false);
    expect(vendor.submits - submits).toBe(1);
  });

  test('one that fails serves nobody: those who waited for it make their own, and pay once', async () => {
    const accountId = await admin.account(100);
    const prompt = unique('fails');
    vendor.script(status(500));
    const answers = await Promise.all([ask(accountId, { prompt }), ask(accountId, { prompt })]);
    expect(answers.map(({ status, code }) => status ?? code).sort()).toEqual([
      'PROVIDER_UNAVAILABLE',
      'SUCCEEDED',
    ]);
    expect(await admin.balance(accountId)).toEqual({ posted: 90, reserved: 0, available: 90 });
  });

  test('one that waits for another is served also when the database was away meanwhile', async () => {
    const accountId = await admin.account(100);
    const prompt = unique('away');
    const { database } = server.core;
    const { query: answer } = database;
    let failures = 0;
    vendor.script(slow(600));
    const arrived = vendor.arrived();
    const first = ask(accountId, { prompt });
    await arrived;
    const query = vi.spyOn(database, 'query').mockImplementation((text, ...more) => {
      if (failures > 1 || !text.includes('FROM generation g WHERE g.id = $1')) return answer(text, ...more);
      failures += 1;
      return Promise.reject(new Error('Connection terminated unexpectedly'));
    });
    try {
      const second = await ask(accountId, { prompt });
      expect(failures).toBe(2);
      expect((await first).status).toBe('SUCCEEDED');
      expect(second).toMatchObject({ status: 'SUCCEEDED', creditsCharged: PRICE });
      expect(await cachedOf(second.id)).toBe(true);
    } finally {
      query.mockRestore();
    }
  });

  test('one that was given up as it waited for another is no call in the books, also when the other is done', async () => {
    const accountId = await admin.account(100);
    const prompt = unique('given-up');
    vendor.script(slow(500));
    const arrived = vendor.arrived();
    const leader = ask(accountId, { prompt });
    await arrived;
    const follower = await ask(accountId, { prompt, waitMs: 0 });
    await admin.ask(`mutation { cancelGeneration(id: "${follower.id}") { __typename } }`);
    expect((await leader).status).toBe('SUCCEEDED');
    await until('nothing is under way', () => server.core.generations.active === 0);
    expect(await admin.booked(follower.id ?? '')).toMatchObject({ status: 'CANCELED', attempts: [] });
  });

  test('one that waits for another can be canceled, and the other goes on', async () => {
    const accountId = await admin.account(100);
    const prompt = unique('waits');
    vendor.script(hang());
    const arrived = vendor.arrived();
    const leader = await ask(accountId, { prompt, waitMs: 0 });
    await arrived;
    const follower = await ask(accountId, { prompt, waitMs: 0 });
    const { cancelGeneration } = await admin.ask<{ cancelGeneration: object }>(
      `mutation { cancelGeneration(id: "${follower.id}") { ... on Generation { status creditsCharged } } }`,
    );
    expect(cancelGeneration).toEqual({ status: 'CANCELED', creditsCharged: 0 });
    expect(await admin.booked(leader.id ?? '')).toMatchObject({ status: 'RUNNING' });
    expect(await admin.balance(accountId)).toMatchObject({ reserved: PRICE });
  });

  test('a hit is charged what the setting says, and shared results go to every account', async () => {
    await using other = await start({ RESULT_CACHE: 'shared', RESULT_CACHE_PRICE_PERCENT: '25' });
    const prompt = unique('shared');
    const call = { ...CALL, prompt };
    await other.admin.generateImage({ ...call, accountId: await other.admin.account(100) });
    const submits = vendor.submits;
    const second = await other.admin.generateImage({ ...call, accountId: await other.admin.account(100) });
    expect(second).toMatchObject({ status: 'SUCCEEDED', creditsReserved: 10, creditsCharged: 3 });
    expect(vendor.submits).toBe(submits);
    await other.expectSound();
  });

  test('an old result serves nobody', async () => {
    const accountId = await admin.account(100);
    const prompt = unique('old');
    const { id } = await ask(accountId, { prompt });
    const [, uuid = ''] = /^gen_(.+)$/.exec(id ?? '') ?? [];
    await server.rows(
      "UPDATE generation SET completed_at = completed_at - interval '25 hours' WHERE id = $1",
      [uuid],
    );
    const submits = vendor.submits;
    await ask(accountId, { prompt });
    expect(vendor.submits - submits).toBe(1);
  });
});

test('a clip that is being made is waited for by those who ask for the same', async () => {
  await using server = await startTestServer({
    env: { RESULT_CACHE: 'account', SANDBOX_SPEED: 'plausible' },
  });
  const accountId = await server.admin.account(1_000);
  const ask = () =>
    server.admin.ask<{ generateVideo: { status: string; cached: boolean; creditsCharged: number } }>(
      'mutation ($input: GenerateVideoInput!) { generateVideo(input: $input) { ... on Generation { status cached creditsCharged } ... on Error { message } } }',
      {
        input: {
          idempotencyKey: unique('clip'),
          accountId,
          prompt: CHEAP.prompt,
          model: 'pika/v2.2',
          waitMs: 30_000,
        },
      },
    );
  const answers = await Promise.all([ask(), ask(), ask()]);
  expect(answers.map(({ generateVideo }) => generateVideo.status)).toEqual(answers.map(() => 'SUCCEEDED'));
  expect(answers.filter(({ generateVideo }) => generateVideo.cached)).toHaveLength(2);
  await server.expectSound();
});
