/** The emergency switch, and budgets that pull it: no paid call goes out, what is under way settles, reading goes on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import { type Answer, unique } from '../support/client.ts';
import { startTestServer, type TestServer, until } from '../support/server.ts';

interface Protection {
  readonly state: string;
  readonly reason: string | null;
  readonly changedBy: string;
  readonly resetsAt: string | null;
  readonly marginToday: number | null;
  readonly day: {
    readonly spent: { readonly amount: string };
    readonly reserved: { readonly amount: string };
  };
}

const FIELDS =
  '{ state reason since changedBy resetsAt marginToday day { spent { amount } reserved { amount } } }';

/** The whole service is shut, as HTTP and as GraphQL say it. */
function expectShut(answer: Answer<unknown>, reason: string, resetsAt: string | null): void {
  expect(answer).toMatchObject({ status: 503, code: 'EMERGENCY_SHUTDOWN' });
  expect(answer.data ?? null).toBeNull();
  expect(answer.errors[0]?.message).toContain(reason);
  expect(answer.errors[0]?.extensions?.resetsAt).toBe(resetsAt);
  const wait = Number(answer.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(0);
  expect(answer.errors[0]?.extensions?.retryAfterSeconds).toBe(wait);
}

describe('protection', () => {
  const clock = new FakeClock('2026-11-20T12:00:00Z');
  let server: TestServer;
  let accountId: string;
  const state = async () =>
    (await server.admin.ask<{ protection: Protection }>(`{ protection ${FIELDS} }`)).protection;
  const change = async (name: 'suspendService' | 'resumeService', reason: string) =>
    server.admin.ask<Record<string, Protection>>(
      `mutation ($reason: String!) { ${name}(reason: $reason) ${FIELDS} }`,
      {
        reason,
      },
    );
  const auditLog = () =>
    server.rows<{ actor: string; action: string; reason: string | null }>(
      'SELECT actor, action, reason FROM audit_log ORDER BY at',
    );
  beforeAll(async () => {
    server = await startTestServer({ clock, defaultBudgets: true });
    accountId = await server.admin.account(1_000);
  });
  afterAll(async () => {
    await server.expectSound();
    expect(server.log).toEqual([]);
    await server.close();
  });

  test('is NORMAL at first', async () => {
    expect(await state()).toMatchObject({ state: 'NORMAL', reason: null, marginToday: null });
  });

  test('a suspension stops every paid call with 503; what is under way settles, replays answer, reading goes on', async () => {
    const before = { accountId, idempotencyKey: unique('before') };
    const made = await server.admin.sendImage(before);
    expect(made.data?.generateImage).toMatchObject({ status: 'SUCCEEDED' });
    const slow = { accountId, idempotencyKey: unique('slow'), prompt: 'A lighthouse [sandbox:slow=400]' };
    const underWay = await server.admin.generateImage({ ...slow, waitMs: 0 });
    expect(underWay.status).toBe('RUNNING');

    const { suspendService } = await change('suspendService', 'Somebody has got hold of a key');
    expect(suspendService).toMatchObject({
      state: 'SHUTDOWN',
      reason: 'Somebody has got hold of a key',
      changedBy: 'key:environment',
      resetsAt: null,
    });
    const refused = { accountId, idempotencyKey: unique('refused') };
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.admin.sendImage(refused)));
    for (const answer of answers) expectShut(answer, 'Somebody has got hold of a key', null);
    const balance = await server.admin.balance(accountId);
    expect(balance).toMatchObject({ available: 996 });

    expect((await server.admin.sendImage(before)).text, 'a replay answers').toBe(made.text);
    expect(
      await server.admin.generateImage({ ...slow, waitMs: 5_000 }),
      'what is under way settles',
    ).toMatchObject({
      id: underWay.id,
      status: 'SUCCEEDED',
      creditsCharged: 2,
    });
    expect(await server.admin.balance(accountId)).toEqual({ available: 996, reserved: 0, posted: 996 });
    // Free things go on: lists, quotes, grants, files, readiness.
    await server.admin.ask('{ catalog { id } generations { edges { node { id } } } }');
    await server.admin.ask('{ quote(input: { operation: GENERATE_IMAGE }) { ... on Quote { id } } }');
    await server.admin.grant(accountId, 4);
    expect(
      (await server.admin.fetch(new URL(made.data?.generateImage.outputs?.[0]?.url ?? '').pathname)).status,
    ).toBe(200);
    expect((await server.admin.fetch('/health/ready')).status).toBe(200);

    // Rows of one instant have no order.
    clock.advance(1_000);
    const { resumeService } = await change('resumeService', 'The key is revoked');
    expect(resumeService).toMatchObject({ state: 'NORMAL', changedBy: 'key:environment' });
    expect(await server.admin.generateImage(refused), 'the refused key works now').toMatchObject({
      status: 'SUCCEEDED',
    });
    expect((await auditLog()).filter(({ action }) => action.startsWith('service.'))).toEqual([
      { actor: 'key:environment', action: 'service.suspend', reason: 'Somebody has got hold of a key' },
      { actor: 'key:environment', action: 'service.resume', reason: 'The key is revoked' },
    ]);
  });

  test('neither is done without a reason, nor without the scope', async () => {
    const { key } = await server.admin.keyWith('generate', 'profit:read');
    for (const name of ['suspendService', 'resumeService']) {
      for (const reason of ['', '  ', 'x'.repeat(1_001)]) {
        const answer = await server.admin.send(
          `mutation ($reason: String!) { ${name}(reason: $reason) { state } }`,
          { reason },
        );
        expect(answer).toMatchObject({ status: 400, code: 'INVALID_INPUT', data: null });
      }
      const answer = await server.as(key).send(`mutation { ${name}(reason: "x") { state } }`);
      expect(answer).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    }
    expect((await state()).state).toBe('NORMAL');
  });

  test('a budget that shuts down does so at the call that would pass it, until its window ends', async () => {
    const spent = Number((await state()).day.spent.amount);
    expect(spent).toBeCloseTo(0.009, 6);
    // Room for one more call of $0.003, and a little.
    await server.admin.setBudget({ scope: 'GLOBAL', period: 'DAY', limit: '0.014', action: 'SHUTDOWN' });
    expect(await server.admin.generateImage({ accountId })).toMatchObject({ status: 'SUCCEEDED' });
    const passing = { accountId, idempotencyKey: unique('passing') };
    expectShut(await server.admin.sendImage(passing), 'day', '2026-11-21T00:00:00.000Z');
    // Now everything is refused, also what would cost less than is left.
    const free = { accountId, model: 'huggingface/free', size: '512x512' };
    const answer = await server.admin.sendImage(free);
    expectShut(answer, 'day', '2026-11-21T00:00:00.000Z');
    expect(Number(answer.headers.get('retry-after'))).toBe(
      (Date.parse('2026-11-21T00:00:00Z') - clock.now().getTime()) / 1_000,
    );
    expect(await state()).toMatchObject({
      state: 'SHUTDOWN',
      changedBy: 'budget',
      resetsAt: '2026-11-21T00:00:00.000Z',
    });
    expect(await auditLog()).toContainEqual(
      expect.objectContaining({ actor: 'budget', action: 'protection.shutdown' }),
    );

    // The next day it is over by itself.
    clock.set('2026-11-21T00:00:00Z');
    expect(await state()).toMatchObject({ state: 'NORMAL', day: { spent: { amount: '0.00' } } });
    expect(await server.admin.generateImage(passing)).toMatchObject({ status: 'SUCCEEDED' });
    // Or when the operator gives more room.
    for (let call = 0; call < 3; call += 1) await server.admin.generateImage({ accountId });
    expectShut(await server.admin.sendImage({ accountId }), 'day', '2026-11-22T00:00:00.000Z');
    await server.admin.setBudget({ scope: 'GLOBAL', period: 'DAY', limit: '100', action: 'SHUTDOWN' });
    expect(await server.admin.generateImage({ accountId })).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('a budget that warns refuses nothing, and says so', async () => {
    clock.set('2026-11-23T10:00:00Z');
    await server.admin.setBudget({ scope: 'GLOBAL', period: 'HOUR', limit: '0.004', action: 'WARN' });
    for (let call = 0; call < 2; call += 1) {
      expect(await server.admin.generateImage({ accountId })).toMatchObject({ status: 'SUCCEEDED' });
    }
    expect(await state()).toMatchObject({ state: 'WARNING', resetsAt: '2026-11-23T11:00:00.000Z' });
    clock.set('2026-11-23T11:00:00Z');
    expect(await state()).toMatchObject({ state: 'NORMAL' });
    await server.admin.setBudget({ scope: 'GLOBAL', period: 'HOUR', limit: '1000', action: 'WARN' });
  });

  const subjects = {
    PROVIDER: () => 'replicate',
    OPERATION: () => 'GENERATE_IMAGE',
    TIER: () => 'PAYG',
    ACCOUNT: (): string => accountId,
  };
  test.each(Object.keys(subjects) as (keyof typeof subjects)[])(
    'a budget of a %s holds for it, and for nobody else',
    async (scope) => {
      const subject = subjects[scope];

      clock.advance(24 * 3_600_000);
      await server.admin.setBudget({
        scope,
        subject: subject(),
        period: 'DAY',
        limit: '0.003',
        action: 'BLOCK',
      });
      expect(await server.admin.generateImage({ accountId })).toMatchObject({ status: 'SUCCEEDED' });
      expect(await server.admin.generateImage({ accountId })).toMatchObject({
        __typename: 'BudgetExceededError',
        code: 'BUDGET_EXCEEDED',
        scope,
      });
      // Another provider, operation, tier and account.
      const other = await server.admin.account(100, { tier: 'PRO' });
      const { upscaleImage } = await server.admin.ask<{ upscaleImage: { status: string } }>(
        'mutation ($input: UpscaleImageInput!) { upscaleImage(input: $input) { __typename ... on Generation { status } ... on Error { message } } }',
        {
          input: {
            idempotencyKey: unique('other'),
            accountId: other,
            imageUrl: 'https://example.com/x.png',
          },
        },
      );
      expect(upscaleImage).toMatchObject({ status: 'SUCCEEDED' });
      const { budgets } = await server.admin.ask<{
        budgets: { scope: string; subject: string; usage: object }[];
      }>('{ budgets { scope subject usage { spent { amount } reserved { amount } limit { amount } } } }');
      expect(budgets.find((budget) => budget.scope === scope)).toMatchObject({
        subject: subject(),
        usage: { spent: { amount: '0.003' }, reserved: { amount: '0.00' }, limit: { amount: '0.003' } },
      });
      await server.admin.setBudget({
        scope,
        subject: subject(),
        period: 'DAY',
        limit: '100',
        action: 'BLOCK',
      });
    },
  );

  test.each([
    ['PROVIDER', /^There is no provider "nobody"; there are .*openai/],
    ['OPERATION', /^There is no operation "nobody"; there are GENERATE_IMAGE/],
    ['TIER', /^There is no tier "nobody"; there are FREE/],
    ['ACCOUNT', /^There is no account nobody\.$/],
  ])('a budget of a %s that there is not is refused at its field', async (scope, message) => {
    const { setBudget } = await server.admin.ask<{ setBudget: object }>(
      'mutation ($input: SetBudgetInput!) { setBudget(input: $input) { ... on InvalidInputError { fields { path message } } } }',
      { input: { scope, subject: 'nobody', period: 'DAY', limit: '1', action: 'WARN' } },
    );
    expect(setBudget).toEqual({ fields: [{ path: 'subject', message: expect.stringMatching(message) }] });
  });

  test('the budgets of a new installation are those of the product', async () => {
    await using fresh = await startTestServer({ defaultBudgets: true });
    const { budgets } = await fresh.admin.ask<{ budgets: object[] }>(
      '{ budgets { scope period action limit { amount } } }',
    );
    expect(budgets).toEqual([
      { scope: 'GLOBAL', period: 'HOUR', action: 'WARN', limit: { amount: '50.00' } },
      { scope: 'GLOBAL', period: 'DAY', action: 'SHUTDOWN', limit: { amount: '500.00' } },
    ]);
  });

  test('a suspension while calls pour in lets none through after it is answered', async () => {
    const rich = await server.admin.account(10_000);
    const calls = Array.from({ length: 200 }, async () => {
      const answer = await server.admin.sendImage({ accountId: rich });
      return answer.code ?? answer.data?.generateImage.__typename;
    });
    const suspended = change('suspendService', 'All at once');
    await suspended;
    const [after] = await server.rows<{ count: bigint }>('SELECT count(*) AS count FROM reservation');
    expectShut(await server.admin.sendImage({ accountId: rich }), 'All at once', null);
    const answers = await Promise.all(calls);
    await until('all have settled', () => server.core.generations.active === 0);
    const [end] = await server.rows<{ count: bigint }>('SELECT count(*) AS count FROM reservation');
    expect(end?.count).toBe(after?.count);
    expect(answers.every((answer) => answer === 'Generation' || answer === 'EMERGENCY_SHUTDOWN')).toBe(true);
    const made = answers.filter((answer) => answer === 'Generation').length;
    expect(await server.admin.balance(rich)).toMatchObject({ posted: 10_000 - 2 * made, reserved: 0 });
    await change('resumeService', 'Done');
  });
});
