/** A key is a promise: once, whoever asks how often, and also after a restart. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHEAP, type Outcome, unique } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import {
  expectSoundFolder,
  prepareFolder,
  spawnReady,
  startTestServer,
  type TestServer,
} from '../support/server.ts';

describeOnEachDatabase('an idempotency key', (kind) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ kind });
  });
  afterAll(async () => {
    await server.expectSound();
    expect(server.log).toEqual([]);
    await server.close();
  });

  test('that comes 100 times at once makes one generation and one charge, and gives 100 equal answers', async () => {
    const accountId = await server.admin.account(100);
    const call = { accountId, idempotencyKey: unique('same') };
    const answers = await Promise.all(Array.from({ length: 100 }, () => server.admin.sendImage(call)));
    const [first] = answers;
    expect(first?.data?.generateImage).toMatchObject({
      __typename: 'Generation',
      status: 'SUCCEEDED',
      creditsCharged: 2,
      outputs: [{ contentType: 'image/png', width: 512, height: 512 }],
    });
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, text: first?.text });
    expect(await server.admin.balance(accountId)).toEqual({ available: 98, reserved: 0, posted: 98 });
    const id = first?.data?.generateImage.id ?? '';
    expect((await server.admin.booked(id)).attempts).toHaveLength(1);
    expect(
      await server.rows(
        'SELECT 1 FROM generation g JOIN account a ON a.id = g.account_id WHERE a.id::text = $1',
        [accountId.slice(4)],
      ),
    ).toHaveLength(1);
  });

  test('that comes again with any other input is a conflict, and changes nothing', async () => {
    const accountId = await server.admin.account(100);
    const other = await server.admin.account(100);
    const idempotencyKey = unique('conflict');
    await server.admin.generateImage({ accountId, idempotencyKey });
    const changes = [
      { prompt: 'Another lighthouse' },
      { model: 'replicate/flux-schnell', size: '1024x1024' },
      { size: '1024x1024' },
      { count: 2 },
      { seed: 8 },
      { accountId: other },
      { useCache: false },
      { prompt: '' },
    ];
    for (const change of changes) {
      const outcome = await server.admin.generateImage({ accountId, idempotencyKey, ...change });
      expect(outcome, JSON.stringify(change)).toMatchObject({
        __typename: 'IdempotencyConflictError',
        code: 'IDEMPOTENCY_CONFLICT',
        message: expect.stringContaining(idempotencyKey),
      });
    }
    // Another operation is another input, too.
    const video = await server.admin.ask<{ generateVideo: Outcome }>(
      'mutation ($input: GenerateVideoInput!) { generateVideo(input: $input) { __typename } }',
      { input: { idempotencyKey, accountId, prompt: CHEAP.prompt, model: 'luma/ray-2' } },
    );
    expect(video.generateVideo.__typename).toBe('IdempotencyConflictError');
    expect(await server.admin.balance(accountId)).toMatchObject({ posted: 98, reserved: 0 });
    expect(await server.admin.balance(other)).toMatchObject({ posted: 100, reserved: 0 });
  });

  test('is the same request with more patience, or with less', async () => {
    const accountId = await server.admin.account(100);
    const call = { accountId, idempotencyKey: unique('patience'), prompt: 'A lighthouse [sandbox:slow=800]' };
    const first = await server.admin.generateImage({ ...call, waitMs: 0 });
    expect(first).toMatchObject({ status: 'RUNNING', creditsReserved: 2, creditsCharged: 0, outputs: [] });
    expect(await server.admin.balance(accountId)).toEqual({ available: 98, reserved: 2, posted: 100 });
    const second = await server.admin.generateImage({ ...call, waitMs: 10_000 });
    expect(second).toMatchObject({ id: first.id, status: 'SUCCEEDED', creditsCharged: 2 });
    expect(await server.admin.balance(accountId)).toEqual({ available: 98, reserved: 0, posted: 98 });
  });

  test('whose call was refused has been used for nothing: the same request goes through later', async () => {
    const accountId = await server.admin.account(1);
    const call = { accountId, idempotencyKey: unique('refused') };
    expect(await server.admin.generateImage(call)).toMatchObject({
      code: 'INSUFFICIENT_CREDITS',
      available: 1,
    });
    // Not even its input was kept.
    expect(await server.admin.generateImage({ ...call, prompt: '' })).toMatchObject({
      code: 'INVALID_INPUT',
    });
    await server.admin.grant(accountId, 1);
    expect(await server.admin.generateImage(call)).toMatchObject({ status: 'SUCCEEDED', creditsCharged: 2 });
    expect(await server.admin.balance(accountId)).toMatchObject({ posted: 0, reserved: 0 });
  });

  test('whose call failed gives the same failure again, and calls nobody', async () => {
    const accountId = await server.admin.account(100);
    for (const [directive, expected] of [
      ['fail', { code: 'PROVIDER_UNAVAILABLE', creditsReturned: 2, retryAfterSeconds: null }],
      ['rate-limit=30', { code: 'PROVIDER_UNAVAILABLE', creditsReturned: 2, retryAfterSeconds: 30 }],
      ['refuse', { code: 'CONTENT_REFUSED', creditsReturned: 2 }],
      ['bill-failure', { code: 'PROVIDER_UNAVAILABLE', creditsReturned: 2 }],
    ] as const) {
      const call = {
        accountId,
        idempotencyKey: unique('failed'),
        prompt: `A lighthouse [sandbox:${directive}]`,
      };
      const first = await server.admin.sendImage(call);
      expect(first.data?.generateImage).toMatchObject(expected);
      const again = await server.admin.sendImage(call);
      expect(again.text).toBe(first.text);
    }
    const attempts = await server.rows('SELECT 1 FROM attempt WHERE account_id::text = $1', [
      accountId.slice(4),
    ]);
    expect(attempts).toHaveLength(4);
    expect(await server.admin.balance(accountId)).toEqual({ available: 100, reserved: 0, posted: 100 });
  });

  test("is its account's own: two accounts' tokens may use the same one", async () => {
    const ids = [await server.admin.account(10), await server.admin.account(10)];
    const idempotencyKey = unique('shared');
    const outcomes = await Promise.all(
      ids.map(async (id) => server.as(await server.admin.tokenOf(id)).generateImage({ idempotencyKey })),
    );
    expect(outcomes).toMatchObject([{ status: 'SUCCEEDED' }, { status: 'SUCCEEDED' }]);
    expect(outcomes[0]?.id).not.toBe(outcomes[1]?.id);
    for (const id of ids) expect(await server.admin.balance(id)).toMatchObject({ posted: 8 });
  });

  test('of a grant gives its credits once, and is a conflict with any other', async () => {
    const accountId = await server.admin.account();
    const idempotencyKey = unique('grant');
    const same = () => server.admin.grant(accountId, 50, { idempotencyKey });
    const grants = await Promise.all(Array.from({ length: 20 }, same));
    expect(new Set(grants.map(({ id }) => id)).size).toBe(1);
    expect(await server.admin.grant(accountId, 51, { idempotencyKey })).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
    expect(await server.admin.generateImage({ accountId, idempotencyKey })).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
    expect(await server.admin.balance(accountId)).toEqual({ available: 50, reserved: 0, posted: 50 });
  });
});

describe('a restart', () => {
  test('forgets no key: its answers, its conflicts and its failures are what they were', async () => {
    const folder = await prepareFolder();
    try {
      const before = await spawnReady({ folder });
      const accountId = await before.admin.account(100);
      const made = { accountId, idempotencyKey: unique('made') };
      const failed = { accountId, idempotencyKey: unique('failed'), prompt: 'A lighthouse [sandbox:refuse]' };
      const first = await before.admin.generateImage(made);
      const failure = await before.admin.generateImage(failed);
      expect(first).toMatchObject({ status: 'SUCCEEDED' });
      expect(failure).toMatchObject({ code: 'CONTENT_REFUSED' });
      expect(await before.kill('SIGTERM')).toEqual({ code: 0, signal: null });

      const after = await spawnReady({ folder });
      const again = await Promise.all(Array.from({ length: 20 }, () => after.admin.generateImage(made)));
      // The port is another one; what it leads to is the same.
      const file = (outcome: Outcome | undefined) => new URL(outcome?.outputs?.[0]?.url ?? '').pathname;
      for (const outcome of again) {
        expect({ ...outcome, outputs: null }).toEqual({ ...first, outputs: null });
        expect(file(outcome)).toBe(file(first));
      }
      expect((await after.admin.fetch(file(first))).status).toBe(200);
      expect(await after.admin.generateImage(failed)).toEqual(failure);
      expect(await after.admin.generateImage({ ...made, seed: 8 })).toMatchObject({
        code: 'IDEMPOTENCY_CONFLICT',
      });
      expect(await after.admin.balance(accountId)).toEqual({ available: 98, reserved: 0, posted: 98 });
      expect(await after.kill('SIGTERM')).toEqual({ code: 0, signal: null });
      await expectSoundFolder(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
