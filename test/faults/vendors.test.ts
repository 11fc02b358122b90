/**
 * What can go wrong at a vendor, through the whole server: for each fault what the customer is told, what is in the
 * books, that the credits are back where nothing was delivered, and that the vendor was asked once.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import { createOpenAi } from '../../server/providers/openai.ts';
import { createReplicate } from '../../server/providers/replicate.ts';
import { type GenerateOptions, type Outcome, unique } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { startTestServer, type TestServer, until } from '../support/server.ts';
import {
  cutOff,
  type Fault,
  hang,
  malformed,
  refusingUrl,
  reset,
  slow,
  status,
} from '../support/vendors/http-vendor.ts';
import {
  IMAGE_TOKENS,
  type OpenAiVendor,
  PROMPT_TOKENS,
  startOpenAiVendor,
} from '../support/vendors/openai.ts';
import { NSFW, type ReplicateVendor, startReplicateVendor } from '../support/vendors/replicate.ts';

const KEY = 'sk-proj-Zq7Faults0123456789abcdefABCDEF';
const TOKEN = 'r8_Faults0123456789abcdefABCDEF';
const TIMEOUT_MS = 600;

/** What the catalogue says that a picture of each costs, in micros. */
const COST = { 'openai/gpt-image-2': 53_000n, 'replicate/sdxl': 3_000n, 'replicate/flux-schnell': 3_000n };
const CREDITS = { 'openai/gpt-image-2': 10, 'replicate/sdxl': 2, 'replicate/flux-schnell': 1 };
type Model = keyof typeof COST;
/** What OpenAI's tokens cost, which its answers tell. */
const BILLED = BigInt(5 * PROMPT_TOKENS + 30 * IMAGE_TOKENS);

interface Booked {
  readonly outcome: string;
  readonly costMicros: bigint;
  readonly costSource: string;
}

/** Vendors, a server that calls them, and an account with 100 credits. */
interface Stage {
  readonly server: TestServer;
  readonly openai: OpenAiVendor;
  readonly replicate: ReplicateVendor;
  readonly accountId: string;
  /** Calls, and gives the answer with the generation that was made for it. */
  call(
    model: Model,
    options?: GenerateOptions,
  ): Promise<{ answer: Outcome; id: string; again(): Promise<Outcome> }>;
  attempts(
    id: string,
  ): Promise<(Booked & { readonly error: string | null; readonly jobId: string | null })[]>;
}

async function openStage(
  options: Parameters<typeof startTestServer>[0] & { timeoutMs?: number } = {},
): Promise<Stage> {
  const openai = await startOpenAiVendor({ apiKey: KEY });
  const replicate = await startReplicateVendor({ apiToken: TOKEN, maxHoldMs: 20 });
  const timeoutMs = options.timeoutMs ?? 10_000;
  const server = await startTestServer({
    env: { SANDBOX: 'off', ALLOW_PRIVATE_URLS: 'on', ...options.env },
    providers: [
      createOpenAi({ apiKey: KEY, baseUrl: openai.url, timeoutMs }),
      createReplicate({ apiToken: TOKEN, baseUrl: replicate.url, timeoutMs, waitSeconds: 1 }),
    ],
    ...options,
  });
  const accountId = await server.admin.account(100);
  // A budget that blocks: it must come out even in the end, too.
  await server.admin.setBudget({ scope: 'GLOBAL', period: 'DAY', action: 'BLOCK', limit: '100' });
  const stage: Stage = {
    server,
    openai,
    replicate,
    accountId,
    async call(model, given = {}) {
      const idempotencyKey = unique('call');
      const size = model === 'replicate/sdxl' ? '512x512' : '1024x1024';
      const input = { accountId, idempotencyKey, model, prompt: 'A lighthouse', size, ...given };
      const ask = async () =>
        server.admin.generateImage({ ...input, ...(model === 'openai/gpt-image-2' ? {} : { seed: 7 }) });
      const answer = await ask();
      const [row] = await server.rows<{ id: string }>(
        'SELECT result_id AS id FROM idempotency_record WHERE key = $1',
        [idempotencyKey],
      );
      return { answer, id: row?.id ?? '', again: ask };
    },
    attempts: (id) =>
      server.rows(
        `SELECT outcome, cost_micros AS "costMicros", cost_source AS "costSource", error, job_id AS "jobId"
        FROM attempt WHERE generation_id = $1 ORDER BY number`,
        [id],
      ),
  };
  return stage;
}

async function closeStage(stage: Stage): Promise<void> {
  await stage.server.close();
  await stage.openai.close();
  await stage.replicate.close();
}

/** Nothing that a customer is told names a host, a key, or a vendor's own words. */
function expectDiscreet(text: string): void {
  expect(text).not.toMatch(/127\.0\.0\.1|localhost|https?:|ECONN|sk-proj|r8_|\bat .+:\d+/);
}

const UNAVAILABLE = {
  __typename: 'ProviderUnavailableError',
  code: 'PROVIDER_UNAVAILABLE',
  retryAfterSeconds: null,
};
const REFUSED = { __typename: 'ContentRefusedError', code: 'CONTENT_REFUSED' };

interface Case {
  readonly what: string;
  readonly model: Model;
  readonly arrange: (stage: Stage) => void;
  readonly answer: object;
  readonly booked: Booked;
  readonly retryable: boolean;
  /** What the operator is told beside it. */
  readonly detail: RegExp;
}

const unbilled: Booked = { outcome: 'FAILED_UNBILLED', costMicros: 0n, costSource: 'catalog' };
const unknown = (model: Model): Booked => ({
  outcome: 'UNKNOWN',
  costMicros: COST[model],
  costSource: 'ceiling',
});

/** Faults of the wire, which mean the same at every vendor. */
const onTheWire: readonly {
  what: string;
  fault: () => Fault;
  detail: RegExp;
  free?: true;
  retryAfterSeconds?: number;
}[] = [
  { what: 'never answers', fault: hang, detail: /./ },
  { what: 'answers after the time-out', fault: () => slow(TIMEOUT_MS * 3), detail: /./ },
  { what: 'breaks the connection', fault: reset, detail: /./ },
  { what: 'breaks its answer off', fault: cutOff, detail: /./ },
  { what: 'answers with malformed JSON', fault: malformed, detail: /./ },
  { what: 'answers with 500', fault: () => status(500), detail: /HTTP 500/ },
  {
    what: 'answers with 502 and a page',
    fault: () => status(502, '<html>Bad Gateway</html>'),
    detail: /HTTP 502/,
  },
  {
    what: 'answers with 429 and Retry-After',
    fault: () => status(429, undefined, { 'retry-after': '17' }),
    detail: /HTTP 429/,
    free: true,
    retryAfterSeconds: 17,
  },
];

const cases: readonly Case[] = [
  ...(['openai/gpt-image-2', 'replicate/sdxl'] as const).flatMap((model) =>
    onTheWire.map(
      ({ what, fault, detail, free, retryAfterSeconds }): Case => ({
        what,
        model,
        arrange: (stage) => (model === 'openai/gpt-image-2' ? stage.openai : stage.replicate).script(fault()),
        answer: { ...UNAVAILABLE, retryAfterSeconds: retryAfterSeconds ?? null },
        booked: free ? unbilled : unknown(model),
        retryable: true,
        detail,
      }),
    ),
  ),
  {
    what: 'refuses the content',
    model: 'openai/gpt-image-2',
    arrange: ({ openai }) => openai.refuse(),
    answer: REFUSED,
    booked: unbilled,
    retryable: false,
    detail: /moderation_blocked/,
  },
  {
    what: 'refuses what an official model made, which costs nothing',
    model: 'replicate/flux-schnell',
    arrange: ({ replicate }) => replicate.refuse(),
    answer: REFUSED,
    booked: unbilled,
    retryable: false,
    detail: new RegExp(NSFW.slice(0, 20)),
  },
  {
    what: 'refuses what its hardware made, which is billed',
    model: 'replicate/sdxl',
    arrange: ({ replicate }) => replicate.refuse(),
    answer: REFUSED,
    booked: { outcome: 'FAILED_BILLED', costMicros: 3_000n, costSource: 'catalog' },
    retryable: false,
    detail: new RegExp(NSFW.slice(0, 20)),
  },
  {
    what: 'makes nothing and bills its tokens',
    model: 'openai/gpt-image-2',
    arrange: ({ openai }) => openai.billedFailure(),
    answer: UNAVAILABLE,
    booked: { outcome: 'FAILED_BILLED', costMicros: BILLED, costSource: 'vendor' },
    retryable: true,
    detail: /empty list/,
  },
  {
    what: 'fails on hardware that is billed',
    model: 'replicate/sdxl',
    arrange: ({ replicate }) => replicate.billedFailure(),
    answer: UNAVAILABLE,
    booked: { outcome: 'FAILED_BILLED', costMicros: 3_000n, costSource: 'catalog' },
    retryable: true,
    detail: /E1001/,
  },
  {
    what: 'refuses the key',
    model: 'openai/gpt-image-2',
    arrange: ({ openai }) => openai.script(status(401)),
    answer: UNAVAILABLE,
    booked: unbilled,
    retryable: false,
    detail: /HTTP 401/,
  },
  {
    what: 'does not take the arguments',
    model: 'openai/gpt-image-2',
    arrange: ({ openai }) => openai.script(status(400)),
    answer: { __typename: 'InvalidInputError', code: 'INVALID_INPUT', fields: [{ path: 'input' }] },
    booked: unbilled,
    retryable: false,
    detail: /HTTP 400/,
  },
  {
    what: 'made a file whose link is dead',
    model: 'replicate/sdxl',
    arrange: ({ replicate }) =>
      replicate.script(status(404), { on: 'file', times: Number.POSITIVE_INFINITY }),
    answer: UNAVAILABLE,
    booked: { outcome: 'FAILED_BILLED', costMicros: 3_000n, costSource: 'catalog' },
    retryable: true,
    detail: /DOWNLOAD_FAILED.*404/,
  },
  {
    what: 'made a file that is no picture',
    model: 'replicate/sdxl',
    arrange: ({ replicate }) =>
      replicate.script(
        status(200, '<html><script>alert(1)</script></html>', { 'content-type': 'image/png' }),
        {
          on: 'file',
          times: Number.POSITIVE_INFINITY,
        },
      ),
    answer: UNAVAILABLE,
    booked: { outcome: 'FAILED_BILLED', costMicros: 3_000n, costSource: 'catalog' },
    retryable: true,
    detail: /./,
  },
];

describe('a vendor that', () => {
  let stage: Stage;
  let submits = 0;
  beforeAll(async () => {
    stage = await openStage({ timeoutMs: TIMEOUT_MS });
  });
  beforeEach(() => {
    submits = stage.openai.submits + stage.replicate.submits;
  });
  afterEach(async () => {
    stage.openai.heal();
    stage.replicate.heal();
    await stage.server.expectSound();
  });
  afterAll(() => closeStage(stage));

  for (const given of cases) {
    test(`${given.what} (${given.model}) leaves the credits where they were, and its cost in the books`, async () => {
      const { server, accountId } = stage;
      given.arrange(stage);
      const { answer, id, again } = await stage.call(given.model);

      const returned = 'fields' in given.answer ? {} : { creditsReturned: CREDITS[given.model] };
      expect(answer).toMatchObject({ ...given.answer, ...returned });
      expectDiscreet(answer.message ?? '');
      expect(stage.openai.submits + stage.replicate.submits - submits, 'paid POSTs on the wire').toBe(1);

      const generation = await server.admin.generation(`gen_${id}`);
      expect(generation).toMatchObject({
        status: 'FAILED',
        creditsReserved: CREDITS[given.model],
        creditsCharged: 0,
        outputs: [],
        failure: { code: answer.code, retryable: given.retryable },
      });
      const [attempt, ...more] = await stage.attempts(id);
      expect(attempt).toMatchObject(given.booked);
      expect(attempt?.error).toMatch(given.detail);
      expect(attempt?.error).not.toContain(KEY);
      expect(attempt?.error).not.toContain(TOKEN);
      expect(more).toEqual([]);
      expect(await server.admin.balance(accountId)).toEqual({ available: 100, reserved: 0, posted: 100 });

      expect(await again(), 'the key gives the same failure').toEqual(answer);
      expect(stage.openai.submits + stage.replicate.submits - submits).toBe(1);
    });
  }

  test('is told our key in no other words than the header, and the customer by a hash', async () => {
    const { server } = stage;
    const accountId = await server.admin.account(10);
    await stage.call('openai/gpt-image-2', { accountId });
    const hit = stage.openai.hits.at(-1);
    expect(hit?.body).not.toContain(accountId);
    expect(hit?.body).not.toContain(accountId.slice(4));
    expect(hit?.body).not.toContain('user-');
    expect(JSON.parse(hit?.body ?? '').safety_identifier).toMatch(/^[0-9a-f]{32}$/);
  });

  test('cannot be reached was not asked, and bills nothing', async () => {
    await using server = await startTestServer({
      env: { SANDBOX: 'off' },
      providers: [createOpenAi({ apiKey: KEY, baseUrl: await refusingUrl() })],
    });
    const accountId = await server.admin.account(100);
    const answer = await server.admin.generateImage({
      accountId,
      model: 'openai/gpt-image-2',
      size: '1024x1024',
    });
    expect(answer).toMatchObject({ ...UNAVAILABLE, creditsReturned: 10 });
    expectDiscreet(answer.message ?? '');
    expect(await server.rows('SELECT outcome, cost_micros AS cost FROM attempt')).toEqual([
      { outcome: 'FAILED_UNBILLED', cost: 0n },
    ]);
    expect(await server.admin.balance(accountId)).toMatchObject({ available: 100, reserved: 0 });
    await server.expectSound();
  });
});

describe('a vendor that delivers', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterEach(() => stage.server.expectSound());
  afterAll(() => closeStage(stage));

  test('is paid what its answer says, and the customer what was quoted', async () => {
    const { server } = stage;
    const accountId = await server.admin.account(100);
    const { answer, id } = await stage.call('openai/gpt-image-2', { accountId });
    expect(answer).toMatchObject({
      status: 'SUCCEEDED',
      creditsCharged: 10,
      outputs: [{ contentType: 'image/png', width: 1024, height: 1024 }],
    });
    expect(await server.admin.balance(accountId)).toEqual({ available: 90, reserved: 0, posted: 90 });
    // A little more than the ceiling: the operator bears it.
    expect(BILLED).toBeGreaterThan(COST['openai/gpt-image-2']);
    expect(await stage.attempts(id)).toMatchObject([
      { outcome: 'SUCCEEDED', costMicros: BILLED, costSource: 'vendor', error: null },
    ]);
    expect(await server.admin.booked(`gen_${id}`)).toMatchObject({
      cost: { amount: '0.053075' },
      revenue: { amount: '0.10' },
    });
    const file = await fetch(answer.outputs?.[0]?.url ?? '');
    expect(
      Buffer.from(await file.arrayBuffer())
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
  });

  test('by a job is asked until it is done, and its file is copied before the link expires', async () => {
    const { server, replicate } = stage;
    const accountId = await server.admin.account(100);
    replicate.jobs = 'manual';
    try {
      const submits = replicate.submits;
      const { answer, id, again } = await stage.call('replicate/sdxl', { accountId, waitMs: 0 });
      expect(answer).toMatchObject({ status: 'RUNNING', creditsReserved: 2, creditsCharged: 0 });
      const jobIdOf = async () =>
        (
          await server.rows<{ jobId: string | null }>(
            'SELECT job_id AS "jobId" FROM generation WHERE id = $1',
            [id],
          )
        )[0]?.jobId ?? '';
      await until('the job id is kept', async () => (await jobIdOf()) !== '');
      const jobId = await jobIdOf();
      expect(await server.admin.balance(accountId)).toEqual({ available: 98, reserved: 2, posted: 100 });
      replicate.finish(jobId);
      // The same call, with patience: the same generation.
      const done = await server.admin.generateImage({
        accountId,
        idempotencyKey:
          (
            await server.rows<{ key: string }>('SELECT key FROM idempotency_record WHERE result_id = $1', [
              id,
            ])
          )[0]?.key ?? '',
        model: 'replicate/sdxl',
        prompt: 'A lighthouse',
        size: '512x512',
        seed: 7,
        waitMs: 20_000,
      });
      expect(done).toMatchObject({ id: answer.id, status: 'SUCCEEDED', creditsCharged: 2 });
      expect(done.outputs?.[0]?.url).toContain(`${server.url}/files/`);
      expect(replicate.submits - submits).toBe(1);
      expect(await stage.attempts(id)).toMatchObject([
        { outcome: 'SUCCEEDED', costMicros: 3_000n, costSource: 'catalog', jobId },
      ]);
      expect(await server.admin.balance(accountId)).toEqual({ available: 98, reserved: 0, posted: 98 });
      expect(await again()).toMatchObject({ id: answer.id, status: 'SUCCEEDED' });
    } finally {
      replicate.jobs = 'instant';
    }
  });

  test('fewer pictures than were asked for is charged for those', async () => {
    const { server, replicate } = stage;
    const accountId = await server.admin.account(100);
    replicate.jobs = 'manual';
    try {
      const arrived = replicate.arrived();
      const calling = stage.call('replicate/sdxl', { accountId, count: 4 });
      await arrived;
      const [jobId = ''] = [...replicate.predictions.keys()].slice(-1);
      replicate.finish(jobId, [`${replicate.origin}/files/${jobId}/512x512/out-0.png`]);
      const { answer, id } = await calling;
      expect(answer).toMatchObject({ status: 'SUCCEEDED', creditsReserved: 8, creditsCharged: 2 });
      expect(answer.outputs).toHaveLength(1);
      expect(await stage.attempts(id)).toMatchObject([{ outcome: 'SUCCEEDED', costMicros: 3_000n }]);
      expect(await server.admin.balance(accountId)).toEqual({ available: 98, reserved: 0, posted: 98 });
    } finally {
      replicate.jobs = 'instant';
    }
  });
});

describeOnEachDatabase('a success that comes after its reservation has expired', (kind) => {
  test('is booked at what it cost, and the customer keeps the refund', async () => {
    const clock = new FakeClock('2026-11-20T12:00:00Z');
    const stage = await openStage({ kind, clock });
    const { server, openai, accountId } = stage;
    try {
      const another = await server.another();
      const arrived = openai.arrived();
      openai.script(slow(1_500));
      const calling = stage.call('openai/gpt-image-2', { quality: 'low' });
      await arrived;
      expect(await server.admin.balance(accountId)).toEqual({ available: 98, reserved: 2, posted: 100 });

      // Nobody has heard of its process for two minutes, and its time is over: another process takes it up.
      clock.advance(120_000);
      expect(await another.generations.recovery.sweep()).toBe(1);
      const resolved = () => server.rows("SELECT 1 FROM reservation WHERE status = 'EXPIRED'");
      await until('the reservation is given up', async () => (await resolved()).length === 1);
      expect(await server.admin.balance(accountId)).toEqual({ available: 100, reserved: 0, posted: 100 });
      const [row] = await server.rows<{ id: string }>('SELECT id FROM generation');
      const id = row?.id ?? '';
      expect(await stage.attempts(id)).toMatchObject([
        { outcome: 'UNKNOWN', costMicros: 6_000n, costSource: 'ceiling' },
      ]);
      await server.expectSound();

      // Now the vendor answers after all.
      const { answer } = await calling;
      expect(answer).toMatchObject({ ...UNAVAILABLE, creditsReturned: 2 });
      expect(await stage.attempts(id)).toMatchObject([
        { outcome: 'SUCCEEDED', costMicros: BILLED, costSource: 'vendor' },
      ]);
      expect(await server.admin.booked(`gen_${id}`)).toMatchObject({
        status: 'FAILED',
        creditsCharged: 0,
        revenue: { amount: '0.00' },
        cost: { amount: '0.053075' },
      });
      expect(await server.admin.balance(accountId)).toEqual({ available: 100, reserved: 0, posted: 100 });
      expect(openai.submits).toBe(1);
      await server.expectSound();
    } finally {
      await closeStage(stage);
    }
  });

  test('of a job that another process follows to its end is delivered and charged, once', async () => {
    const clock = new FakeClock('2026-11-20T12:00:00Z');
    const stage = await openStage({ kind, clock });
    const { server, replicate, accountId } = stage;
    try {
      const another = await server.another();
      replicate.jobs = 'manual';
      const { answer, id } = await stage.call('replicate/sdxl', { waitMs: 0 });
      expect(answer).toMatchObject({ status: 'RUNNING' });
      const jobs = () =>
        server.rows<{ jobId: string }>('SELECT job_id AS "jobId" FROM generation WHERE job_id IS NOT NULL');
      await until('the job id is kept', async () => (await jobs()).length === 1);
      clock.advance(25_000);
      expect(await another.generations.recovery.sweep()).toBe(1);
      replicate.finish((await jobs())[0]?.jobId ?? '');
      const charged = async () => (await server.admin.balance(accountId)).posted === 98;
      await until('it is charged', charged);
      // Both have followed it; one of them has settled it.
      await until('both have done', () => server.core.generations.active === 0);
      expect(await server.admin.balance(accountId)).toEqual({ available: 98, reserved: 0, posted: 98 });
      expect(await server.admin.generation(`gen_${id}`)).toMatchObject({
        status: 'SUCCEEDED',
        creditsCharged: 2,
        outputs: [{ contentType: 'image/png' }],
      });
      expect(await stage.attempts(id)).toMatchObject([{ outcome: 'SUCCEEDED', costMicros: 3_000n }]);
      expect(replicate.submits).toBe(1);
      await server.expectSound();
    } finally {
      await closeStage(stage);
    }
  });
});
