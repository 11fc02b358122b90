/**
 * When a provider fails and no model was named, the next cheapest makes the picture: each attempt is in the books with what
 * it cost, the customer pays once and what was quoted first, and no limit is passed on the way.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Core } from '../../server/core.ts';
import type { Provider } from '../../server/providers/index.ts';
import { unique } from '../support/client.ts';
import { describeOnEachDatabase, describeOnPostgres } from '../support/databases.ts';
import { until } from '../support/server.ts';
import { hang, slow, status } from '../support/vendors/http-vendor.ts';
import { IMAGE_TOKENS, PROMPT_TOKENS } from '../support/vendors/openai.ts';
import { MODELS, openStage, type Stage, type Windows } from './three-vendors.ts';

const COST = {
  first: MODELS['replicate/first'].cost,
  second: MODELS['openai/second'].cost,
  third: MODELS['huggingface/third'].cost,
  tokens: MODELS['openai/tokens'].cost,
  close: MODELS['replicate/close'].cost,
};
/** What OpenAI's answers about `openai/tokens` say that it bills: 75 micros above its ceiling. */
const BILLED = BigInt(5 * PROMPT_TOKENS + 30 * IMAGE_TOKENS);
const DOWN = { times: Number.POSITIVE_INFINITY };
const PLENTY = '1000';
const CREDITS = 100;

const UNAVAILABLE = { __typename: 'ProviderUnavailableError', code: 'PROVIDER_UNAVAILABLE' };

interface Booked {
  readonly outcome: string;
  readonly costMicros: bigint;
  readonly costSource: string;
}
const FREE: Booked = { outcome: 'FAILED_UNBILLED', costMicros: 0n, costSource: 'catalog' };
const made = (costMicros: bigint, costSource = 'catalog'): Booked => ({
  outcome: 'SUCCEEDED',
  costMicros,
  costSource,
});
const unknown = (costMicros: bigint): Booked => ({ outcome: 'UNKNOWN', costMicros, costSource: 'ceiling' });

/** What has come into the windows between two looks at them; windows of which nothing has changed are left out. */
function moved(before: Windows, after: Windows): Record<string, Partial<Windows[string]>> {
  const changes: Record<string, Partial<Windows[string]>> = {};
  for (const [name, now] of Object.entries(after)) {
    const then = before[name] ?? { spent: 0n, reserved: 0n, excess: 0n };
    for (const part of ['spent', 'reserved', 'excess'] as const) {
      if (now[part] !== then[part]) changes[name] = { ...changes[name], [part]: now[part] - then[part] };
    }
  }
  return changes;
}

describeOnEachDatabase('a generation without a model whose provider fails', (kind) => {
  let stage: Stage;
  let accountId: string;
  let before: Windows;

  /** A fourth vendor, dearer than the others, that is never to be asked. */
  const asked: string[] = [];
  const fourth: Provider = {
    name: 'luma',
    inProcess: false,
    timeoutMs: 1_000,
    async submit({ generationId }) {
      asked.push(generationId);
      return { status: 'succeeded', outputs: [], costMicros: null };
    },
    check: async (jobId) => ({ status: 'running', jobId, pollAfterMs: 1_000 }),
    cancel: async () => ({ status: 'goes-on', detail: 'It has no jobs.' }),
  };

  const budget = (scope: 'GLOBAL' | 'PROVIDER', limit: string, subject?: string) =>
    stage.server.admin.setBudget({
      scope,
      period: 'DAY',
      action: 'BLOCK',
      limit,
      ...(subject ? { subject } : {}),
    });
  const balance = () => stage.server.admin.balance(accountId);
  const expectRefunded = async () =>
    expect(await balance()).toEqual({ available: CREDITS, reserved: 0, posted: CREDITS });

  beforeAll(async () => {
    stage = await openStage({
      kind,
      timeoutMs: 1_500,
      providers: [fourth],
      env: { PUBLIC_URL: 'http://127.0.0.1:9' },
    });
    const { database } = stage.server.core;
    await database.query(
      `INSERT INTO catalog_model (id, provider, operation, vendor_model, quality, available_from, sizes)
      VALUES ('luma/fourth', 'luma', 'GENERATE_IMAGE', 'fourth', 5, '2025-01-01', '{1024x1024}')`,
    );
    await database.query(
      `INSERT INTO model_cost (id, model_id, unit, cost_micros, effective_from, source, last_checked_at)
      VALUES (gen_random_uuid(), 'luma/fourth', 'OUTPUT', 41000, '2025-01-01', 'a test', '2026-01-01')`,
    );
    await database.query(
      `INSERT INTO model_price (id, price_list_id, model_id, unit, credits, effective_from)
      VALUES (gen_random_uuid(), 'tokens', 'luma/fourth', 'OUTPUT', 20, '2025-01-01')`,
    );
    await stage.server.core.catalog.refresh();
    await budget('GLOBAL', PLENTY);
    for (const name of ['replicate', 'openai', 'huggingface']) await budget('PROVIDER', PLENTY, name);
  });
  const begin = async () => {
    accountId = await stage.server.admin.account(CREDITS);
    before = await stage.windows();
    stage.submits();
  };
  afterEach(async () => {
    for (const vendor of [stage.replicate, stage.openai, stage.huggingface]) vendor.heal();
    stage.replicate.jobs = 'instant';
    for (const window of Object.values(await stage.windows())) expect(window.reserved).toBe(0n);
    expect(asked).toEqual([]);
    await stage.server.expectSound();
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  test.each<[string, (stage: Stage) => void, Booked]>([
    ['bills nothing', ({ replicate }) => replicate.script(status(429)), FREE],
    ['may bill', ({ replicate }) => replicate.script(status(500)), unknown(COST.first)],
    [
      'bills',
      ({ replicate }) => replicate.billedFailure(),
      { outcome: 'FAILED_BILLED', costMicros: COST.first, costSource: 'catalog' },
    ],
  ])(
    'and %s is made by the next cheapest, charged once and at the first quote, and each attempt booked apart',
    async (_what, arrange, failed) => {
      await begin();
      const [hours] = await stage.server.rows<{ at: bigint }>(
        `SELECT coalesce(sum(calls), 0) AS at FROM model_summary WHERE grain = 'DAY'`,
      );
      const country = unique('country');
      await stage.server.rows('UPDATE account SET country = $2 WHERE id = $1', [accountId.slice(4), country]);
      arrange(stage);
      const { answer, id } = await stage.call(accountId);
      expect(answer).toMatchObject({
        status: 'SUCCEEDED',
        model: 'openai/second',
        creditsReserved: 10,
        creditsCharged: 10,
      });
      expect(answer.outputs).toHaveLength(1);
      expect(await stage.attempts(id)).toEqual([
        { number: 1, provider: 'replicate', ...failed },
        { number: 2, provider: 'openai', ...made(COST.second) },
      ]);
      expect(stage.submits()).toEqual({ replicate: 1, openai: 1, huggingface: 0 });
      expect(await balance()).toEqual({ available: 90, reserved: 0, posted: 90 });
      expect(moved(before, await stage.windows())).toEqual({
        ...(failed.costMicros > 0n ? { replicate: { spent: failed.costMicros } } : {}),
        openai: { spent: COST.second },
        GLOBAL: { spent: failed.costMicros + COST.second },
      });
      expect(
        await stage.server.rows(
          `SELECT provider, model, calls, succeeded, failed, credits, cost_micros AS cost, lost_cost_micros AS lost,
          revenue_micros AS revenue FROM segment_summary WHERE grain = 'DAY' AND country = $1 ORDER BY provider DESC`,
          [country],
        ),
      ).toEqual([
        {
          provider: 'replicate',
          model: 'replicate/first',
          calls: 1,
          succeeded: 0,
          failed: 1,
          credits: 0n,
          cost: failed.costMicros,
          lost: failed.costMicros,
          revenue: 0n,
        },
        {
          provider: 'openai',
          model: 'openai/second',
          calls: 1,
          succeeded: 1,
          failed: 0,
          credits: 10n,
          cost: COST.second,
          lost: 0n,
          revenue: 100_000n,
        },
      ]);
      const [now] = await stage.server.rows<{ at: bigint }>(
        `SELECT sum(calls) AS at FROM model_summary WHERE grain = 'DAY'`,
      );
      expect((now?.at ?? 0n) - (hours?.at ?? 0n)).toBe(2n);
    },
  );

  test('in words that no database keeps is booked and goes on as with any other', async () => {
    await begin();
    // Cut to 1,000 characters it ends in half a picture.
    stage.replicate.script(status(429, { detail: `x${'🗼'.repeat(600)}` }));
    const sentOn = await stage.call(accountId);
    expect(sentOn.answer).toMatchObject({ status: 'SUCCEEDED', model: 'openai/second' });
    stage.replicate.script(status(429, 'Busy\u0000'));
    const ended = await stage.call(accountId, { model: 'replicate/first' });
    expect(ended.answer).toMatchObject({ ...UNAVAILABLE, creditsReturned: 10 });
  });

  test('and tells what it bills, is booked at that, also what is above its ceiling', async () => {
    await begin();
    await stage.reprice('openai/tokens', 30);
    await stage.reprice('replicate/close', 31);
    stage.openai.billedFailure();
    const { answer, id } = await stage.call(accountId, { minimumQuality: 8 });
    await stage.reprice('openai/tokens', MODELS['openai/tokens'].credits);
    await stage.reprice('replicate/close', MODELS['replicate/close'].credits);
    expect(answer).toMatchObject({ status: 'SUCCEEDED', model: 'replicate/close', creditsCharged: 30 });
    expect(await stage.attempts(id)).toEqual([
      { number: 1, provider: 'openai', outcome: 'FAILED_BILLED', costMicros: BILLED, costSource: 'vendor' },
      { number: 2, provider: 'replicate', ...made(COST.close) },
    ]);
    const excess = BILLED - COST.tokens;
    expect(moved(before, await stage.windows())).toEqual({
      openai: { spent: BILLED, excess },
      replicate: { spent: COST.close },
      GLOBAL: { spent: BILLED + COST.close, excess },
    });
  });

  test('holds the ceiling of the present attempt only: the next provider’s, in its own window', async () => {
    await begin();
    stage.replicate.script(status(500));
    stage.openai.script(slow(400));
    const arrived = stage.openai.arrived();
    const answer = stage.call(accountId);
    await arrived;
    expect(moved(before, await stage.windows())).toEqual({
      replicate: { spent: COST.first },
      openai: { reserved: COST.second },
      GLOBAL: { spent: COST.first, reserved: COST.second },
    });
    expect(await balance()).toEqual({ available: 90, reserved: 10, posted: CREDITS });
    expect((await answer).answer).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('is tried at most three times, each at a provider that has not been tried', async () => {
    await begin();
    stage.replicate.script(status(500));
    stage.openai.script(status(500));
    const third = await stage.call(accountId);
    expect(third.answer).toMatchObject({
      status: 'SUCCEEDED',
      model: 'huggingface/third',
      creditsCharged: 10,
    });
    expect(await stage.attempts(third.id)).toEqual([
      { number: 1, provider: 'replicate', ...unknown(COST.first) },
      { number: 2, provider: 'openai', ...unknown(COST.second) },
      { number: 3, provider: 'huggingface', ...made(COST.third) },
    ]);
    expect(await balance()).toEqual({ available: 90, reserved: 0, posted: 90 });
    expect(moved(before, await stage.windows())).toEqual({
      replicate: { spent: COST.first },
      openai: { spent: COST.second },
      huggingface: { spent: COST.third },
      GLOBAL: { spent: COST.first + COST.second + COST.third },
    });

    await begin();
    stage.replicate.script(status(429));
    stage.openai.script(status(429));
    stage.huggingface.script(status(429));
    const none = await stage.call(accountId);
    expect(none.answer).toMatchObject({ ...UNAVAILABLE, creditsReturned: 10 });
    expect((await stage.attempts(none.id)).map(({ number, provider }) => `${number} ${provider}`)).toEqual([
      '1 replicate',
      '2 openai',
      '3 huggingface',
    ]);
    expect(stage.submits()).toEqual({ replicate: 1, openai: 1, huggingface: 1 });
    expect(moved(before, await stage.windows())).toEqual({});
    await expectRefunded();
  });

  test('never costs more than its credits earn less the margin, what it has cost already included', async () => {
    // 3 credits leave 24,000 micros: enough for the second, unless the first has cost anything.
    await stage.reprice('replicate/first', 3);
    try {
      await begin();
      stage.replicate.script(status(500));
      const dear = await stage.call(accountId);
      expect(dear.answer).toMatchObject({ ...UNAVAILABLE, creditsReturned: 3 });
      expect(await stage.attempts(dear.id)).toEqual([
        { number: 1, provider: 'replicate', ...unknown(COST.first) },
      ]);
      stage.replicate.script(status(429));
      const paid = await stage.call(accountId);
      expect(paid.answer).toMatchObject({ status: 'SUCCEEDED', model: 'openai/second', creditsCharged: 3 });
      // The second attempt may fail for nothing as well: the third is too dear all the same.
      stage.replicate.script(status(429));
      stage.openai.script(status(429));
      const third = await stage.call(accountId);
      expect(third.answer).toMatchObject(UNAVAILABLE);
      expect(await stage.attempts(third.id)).toHaveLength(2);
      expect(stage.submits()).toEqual({ replicate: 3, openai: 2, huggingface: 0 });
      expect(await balance()).toEqual({ available: 97, reserved: 0, posted: 97 });
    } finally {
      await stage.reprice('replicate/first', MODELS['replicate/first'].credits);
    }
  });

  test('may cost what the first quote itself cost where that is more, and no more than that', async () => {
    await begin();
    stage.openai.script(status(429));
    const same = await stage.call(accountId, { minimumQuality: 8 });
    expect(same.answer).toMatchObject({ status: 'SUCCEEDED', model: 'replicate/close', creditsCharged: 6 });
    stage.openai.billedFailure();
    const spent = await stage.call(accountId, { minimumQuality: 8 });
    expect(spent.answer).toMatchObject(UNAVAILABLE);
    expect(await stage.attempts(spent.id)).toHaveLength(1);
    expect(stage.submits()).toEqual({ replicate: 1, openai: 2, huggingface: 0 });
  });

  test('ends there where a model was named, or a quote that names one', async () => {
    await begin();
    stage.replicate.script(status(500), DOWN);
    const named = await stage.call(accountId, { model: 'replicate/first' });
    expect(named.answer).toMatchObject({ ...UNAVAILABLE, creditsReturned: 10 });
    const { quote } = await stage.server.admin.ask<{ quote: { id: string } }>(
      'query ($input: QuoteInput!) { quote(input: $input) { ... on Quote { id } } }',
      { input: { operation: 'GENERATE_IMAGE', accountId, size: '1024x1024' } },
    );
    const quoted = await stage.call(accountId, { quoteId: quote.id });
    expect(quoted.answer).toMatchObject({ ...UNAVAILABLE, creditsReturned: 10 });
    for (const { id } of [named, quoted]) expect(await stage.attempts(id)).toHaveLength(1);
    expect(stage.submits()).toEqual({ replicate: 2, openai: 0, huggingface: 0 });
    await expectRefunded();
  });

  test('ends there where the content was refused, or the arguments', async () => {
    await begin();
    stage.replicate.refuse();
    const refused = await stage.call(accountId);
    expect(refused.answer).toMatchObject({ code: 'CONTENT_REFUSED', creditsReturned: 10 });
    stage.replicate.script(status(422));
    const invalid = await stage.call(accountId);
    expect(invalid.answer).toMatchObject({ code: 'INVALID_INPUT' });
    for (const { id } of [refused, invalid]) expect(await stage.attempts(id)).toHaveLength(1);
    expect(stage.submits()).toEqual({ replicate: 2, openai: 0, huggingface: 0 });
    await expectRefunded();
  });

  test('ends there, with the credits back, where a budget of the next provider has no room', async () => {
    await begin();
    // One micro too little.
    const limit = (before.openai?.spent ?? 0n) + COST.second - 1n;
    await budget('PROVIDER', `0.${limit.toString().padStart(6, '0')}`, 'openai');
    stage.replicate.script(status(500));
    const { answer, id } = await stage.call(accountId);
    expect(answer).toMatchObject({ ...UNAVAILABLE, creditsReturned: 10 });
    expect(await stage.attempts(id)).toEqual([{ number: 1, provider: 'replicate', ...unknown(COST.first) }]);
    expect(stage.submits()).toEqual({ replicate: 1, openai: 0, huggingface: 0 });
    expect(moved(before, await stage.windows())).toEqual({
      replicate: { spent: COST.first },
      GLOBAL: { spent: COST.first },
    });
    await expectRefunded();

    await budget('PROVIDER', `0.${(limit + 1n).toString().padStart(6, '0')}`, 'openai');
    stage.replicate.script(status(429));
    expect((await stage.call(accountId)).answer).toMatchObject({ model: 'openai/second' });
    await budget('PROVIDER', PLENTY, 'openai');
  });

  /** A picture that has become a job of Replicate's, and what its report would go to. */
  async function asJob(): Promise<{ id: string; job: string; report: () => Promise<number> }> {
    stage.replicate.jobs = 'manual';
    const { answer, id } = await stage.call(accountId, { waitMs: 0 });
    expect(answer).toMatchObject({ status: 'RUNNING' });
    const jobId = async () => {
      const [row] = await stage.server.rows<{ jobId: string | null }>(
        'SELECT job_id AS "jobId" FROM generation WHERE id = $1',
        [id],
      );
      return row?.jobId ?? null;
    };
    await until('it is a job', async () => (await jobId()) !== null);
    const job = (await jobId()) ?? '';
    const address = new URL(stage.replicate.predictions.get(job)?.webhook ?? '');
    return {
      id,
      job,
      async report() {
        const { headers, body } = stage.replicate.report(job, stage.clock.now());
        const answered = await stage.server.admin.fetch(`${address.pathname}${address.search}`, {
          method: 'POST',
          headers: headers as Record<string, string>,
          body: body as Uint8Array<ArrayBuffer>,
        });
        return answered.status;
      },
    };
  }
  const outcomeOf = async (id: string) => {
    const [row] = await stage.server.rows<{ status: string; number: number; charged: number }>(
      'SELECT status, attempt_number AS number, credits_charged AS charged FROM generation WHERE id = $1',
      [id],
    );
    return row;
  };

  test('ends there, with the credits back, when the service was suspended meanwhile', async () => {
    await begin();
    const { id, job } = await asJob();
    await stage.server.admin.ask('mutation { suspendService(reason: "For a test") { state } }');
    stage.replicate.end(job, 'failed', 'CUDA out of memory (E1001)');
    await until('it has failed', async () => (await outcomeOf(id))?.status === 'FAILED');
    await stage.server.admin.ask('mutation { resumeService(reason: "For a test") { state } }');
    expect(stage.submits()).toEqual({ replicate: 1, openai: 0, huggingface: 0 });
    await expectRefunded();
  });

  test('ends there, canceled and with the credits back, when its customer gave it up meanwhile', async () => {
    await begin();
    stage.replicate.script(hang());
    const arrived = stage.replicate.arrived();
    const key = unique('given up');
    const call = stage.call(accountId, { idempotencyKey: key });
    await arrived;
    const id = await stage.idOf(key);
    await stage.server.core.generations.cancel(id);
    expect((await call).answer).toMatchObject({ status: 'CANCELED', creditsCharged: 0 });
    expect(await stage.attempts(id)).toEqual([
      {
        number: 1,
        provider: 'replicate',
        outcome: 'CANCELED',
        costMicros: COST.first,
        costSource: 'ceiling',
      },
    ]);
    expect(stage.submits()).toEqual({ replicate: 1, openai: 0, huggingface: 0 });
    await expectRefunded();
  });

  test('is not changed by a report of the attempt that another has followed, whatever it says', async () => {
    await begin();
    const { id, job, report } = await asJob();
    // Slower than a vendor waits for the answer to its report, in proportion.
    stage.openai.script(slow(800));
    const arrived = stage.openai.arrived();
    stage.replicate.end(job, 'failed', 'CUDA out of memory (E1001)');
    expect(await report()).toBe(200);
    await arrived;
    const present = moved(before, await stage.windows());
    expect(present).toEqual({ openai: { reserved: COST.second }, GLOBAL: { reserved: COST.second } });
    expect(await report()).toBe(200);
    // As if the vendor had changed its mind.
    stage.replicate.finish(job);
    expect(await report()).toBe(200);
    expect(moved(before, await stage.windows())).toEqual(present);
    expect(await outcomeOf(id)).toEqual({ status: 'RUNNING', number: 2, charged: 0 });
    await until('it has ended', async () => (await outcomeOf(id))?.status === 'SUCCEEDED');
    expect(await report()).toBe(200);
    expect(await stage.attempts(id)).toEqual([
      { number: 1, provider: 'replicate', ...FREE },
      { number: 2, provider: 'openai', ...made(COST.second) },
    ]);
    expect(stage.submits()).toEqual({ replicate: 1, openai: 1, huggingface: 0 });
    expect(await balance()).toEqual({ available: 90, reserved: 0, posted: 90 });
  });

  test('is sent on once, though two processes hear of the failure at the same time, and ends once', async () => {
    const other = await stage.server.another({ providers: stage.providers });
    for (let round = 0; round < 4; round += 1) {
      await begin();
      const { id, job } = await asJob();
      const call = new URL(stage.replicate.predictions.get(job)?.webhook ?? '').searchParams.get('call');
      stage.openai.script(slow(100));
      stage.replicate.end(job, 'failed', 'CUDA out of memory (E1001)');
      const delivery = stage.replicate.report(job, stage.clock.now());
      const take = ({ generations }: Core) =>
        generations.reports.take({ provider: 'replicate', call, delivery });
      const taken = await Promise.all([take(stage.server.core), take(other)]);
      expect(taken).toEqual([{ status: 'taken' }, { status: 'taken' }]);
      await until('it has ended', async () => (await outcomeOf(id))?.status !== 'RUNNING');
      expect(await outcomeOf(id)).toEqual({ status: 'SUCCEEDED', number: 2, charged: 10 });
      expect((await stage.attempts(id)).map(({ outcome }) => outcome)).toEqual([
        'FAILED_UNBILLED',
        'SUCCEEDED',
      ]);
      expect(stage.submits()).toEqual({ replicate: 1, openai: 1, huggingface: 0 });
      expect(await balance()).toEqual({ available: 90, reserved: 0, posted: 90 });
    }
  });
});

/** Pictures without a model, asked for in all processes at once. Gives how often each outcome came. */
async function atOnce(
  cores: readonly Core[],
  accountId: string,
  calls: number,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  await Promise.all(
    Array.from({ length: calls }, async (_, index) => {
      const { generations } = cores[index % cores.length] as Core;
      const priced = await generations.price({ accountId: null, namespace: 'api' }, 'GENERATE_IMAGE', {
        accountId,
        idempotencyKey: unique('at once'),
        prompt: 'A lighthouse',
        size: '1024x1024',
      });
      if (priced.status !== 'priced') throw new Error(JSON.stringify(priced));
      const reserved = await generations.reserve(priced.call);
      const what =
        'refusal' in reserved ? reserved.refusal.kind : (await generations.wait(reserved, 25_000)).status;
      counts[what] = (counts[what] ?? 0) + 1;
    }),
  );
  return counts;
}

async function underTightBudgets(stage: Stage, cores: readonly Core[]): Promise<void> {
  const { server, replicate } = stage;
  const CALLS = 200;
  const accountId = await server.admin.account(10_000);
  const account = accountId.slice(4);
  // The second provider may make 20 of them. All together have room for 60 at the first, at the most.
  const limits = { GLOBAL: 600_000n, openai: 20n * COST.second + 1n };
  for (const [name, limit] of Object.entries(limits)) {
    await server.admin.setBudget({
      scope: name === 'GLOBAL' ? 'GLOBAL' : 'PROVIDER',
      ...(name === 'GLOBAL' ? {} : { subject: name }),
      period: 'DAY',
      action: 'BLOCK',
      limit: `0.${limit.toString().padStart(6, '0')}`,
    });
  }
  // Every tenth failure may have been billed: all of those together leave room.
  for (let index = 0; index < CALLS; index += 1) replicate.script(status(index % 10 === 0 ? 500 : 429));

  let looking = true;
  let looks = 0;
  const passed: string[] = [];
  const watch = (async () => {
    while (looking) {
      for (const [name, { spent, reserved }] of Object.entries(await stage.windows())) {
        const limit = limits[name as keyof typeof limits];
        if (limit !== undefined && spent + reserved > limit) passed.push(`${name}: ${spent} + ${reserved}`);
      }
      looks += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  const counts = await atOnce(cores, account, CALLS).finally(() => {
    looking = false;
  });
  await watch;

  expect(passed).toEqual([]);
  expect(looks).toBeGreaterThan(3);
  const { SUCCEEDED = 0, FAILED = 0 } = counts;
  expect(SUCCEEDED + FAILED + (counts['budget-exceeded'] ?? 0)).toBe(CALLS);
  expect(SUCCEEDED).toBeGreaterThan(0);
  expect(FAILED).toBeGreaterThan(0);
  const booked = await server.rows<{ provider: string; outcome: string; cost: bigint }>(
    `SELECT provider, outcome, sum(cost_micros)::bigint AS cost FROM attempt WHERE account_id = $1 GROUP BY 1, 2`,
    [account],
  );
  const cost = (provider?: string) =>
    booked
      .filter((row) => provider === undefined || row.provider === provider)
      .reduce((sum, row) => sum + row.cost, 0n);
  const windows = await stage.windows();
  expect(windows.GLOBAL).toEqual({ spent: cost(), reserved: 0n, excess: 0n });
  expect(windows.openai).toEqual({ spent: cost('openai'), reserved: 0n, excess: 0n });
  const posted = 10_000 - 10 * SUCCEEDED;
  expect(await server.admin.balance(accountId)).toEqual({ available: posted, reserved: 0, posted });
  await server.expectSound();
}

describeOnEachDatabase('200 generations at once whose first provider is down', (kind) => {
  test('pass no limit of the next provider’s nor of all, by a micro', async () => {
    await using stage = await openStage({ kind });
    await underTightBudgets(stage, [stage.server.core]);
  });
});

describeOnPostgres('200 generations at once whose first provider is down, in two processes', (kind) => {
  test('pass no limit of the next provider’s nor of all, by a micro', async () => {
    await using stage = await openStage({ kind });
    const other = await stage.server.another();
    await underTightBudgets(stage, [stage.server.core, other]);
  });
});
