/**
 * What every provider owes to Solvent, whichever vendor is behind it. The suite knows server/providers/provider.ts and
 * nothing of a vendor; what differs comes in by a {@link ProviderHarness}.
 *
 * Each test holds three things of its case: the **whole result**, that the vendor saw **at most one paid POST**, and
 * that the result is **fit to be shown** (no key, no address, sentences).
 */
import { describe, expect, test } from 'vitest';
import type { Micros } from '../../server/money.ts';
import type {
  GenerationRequest,
  Provider,
  ProviderFailure,
  ProviderOutput,
  ProviderSuccess,
  SubmitRequest,
  SubmitResult,
} from '../../server/providers/provider.ts';
import {
  cutOff,
  type Fault,
  type Hit,
  type HttpVendor,
  hang,
  malformed,
  reply,
  reset,
  slow,
  status,
} from '../support/vendors/http-vendor.ts';

/** Makes sure that the next submit meets a certain fate, and gives the request to submit. */
export type Arrange = (request: GenerationRequest) => GenerationRequest;

/** A provider under test and what can be done to it. What is missing skips the tests that need it. */
export interface ProviderSession extends AsyncDisposable {
  readonly provider: Provider;
  /** Present when calls leave the process. */
  readonly wire?: {
    readonly vendor: HttpVendor;
    /** What the provider was given as its key. */
    readonly key: string;
    /** The same provider, but its vendor's port refuses connections. */
    refused(): Promise<Provider>;
  };
  /** Present when a submit may answer `running`. */
  readonly jobs?: {
    /** The next submit answers `running`. */
    readonly arrange: Arrange;
    finish(jobId: string): void | Promise<void>;
  };
  /** The vendor's safety system refuses the next submit. */
  readonly refuse?: Arrange;
  /** The vendor does not take these arguments. */
  readonly invalid?: Arrange;
  /** The next submit makes nothing and is billed. */
  readonly billedFailure?: Arrange;
}

/** What a failure is, without its texts. */
export interface Expected {
  readonly code: ProviderFailure['code'];
  readonly billed: ProviderFailure['billed'];
  readonly retryable: boolean;
  readonly retryAfterSeconds?: number;
  readonly costMicros?: Micros;
}

export interface ProviderHarness {
  readonly model: string;
  readonly vendorModel: string;
  /** A request for one picture that succeeds. */
  readonly request: GenerationRequest;
  /** A request that this provider has no operation for. */
  readonly unsupported: GenerationRequest;
  /** What the answer says of the cost of so many pictures; null when it says nothing. */
  costMicros(count: number): Micros | null;
  /** Where this vendor's terms differ from the suite's. */
  readonly expected?: {
    readonly overloaded?: Partial<Expected>;
    readonly billedFailure?: Partial<Expected>;
    readonly unknownJob?: Partial<Expected>;
  };
  start(options?: { readonly timeoutMs?: number }): Promise<ProviderSession>;
}

const UNAVAILABLE = { code: 'PROVIDER_UNAVAILABLE', retryable: true } as const;
/** How long a hang is waited for. Real time: fake timers and sockets do not go together. */
const SHORT_MS = 150;

interface Case {
  readonly promise: string;
  readonly fault: () => Fault;
  readonly expected: Expected;
  readonly timeoutMs?: number;
}

/** What may go wrong on the wire, and what may be said of the money then. */
const WIRE_CASES: readonly Case[] = [
  {
    promise: 'a vendor that never answers is given up at the deadline, and may bill what it was asked for',
    fault: hang,
    expected: { ...UNAVAILABLE, billed: 'unknown' },
    timeoutMs: SHORT_MS,
  },
  {
    promise: 'a vendor that answers after the deadline counts as one that may bill',
    fault: () => slow(SHORT_MS * 3),
    expected: { ...UNAVAILABLE, billed: 'unknown' },
    timeoutMs: SHORT_MS,
  },
  {
    promise: 'a connection that breaks before the answer may follow a bill',
    fault: reset,
    expected: { ...UNAVAILABLE, billed: 'unknown' },
  },
  {
    promise: 'an answer that is cut off may follow a bill',
    fault: cutOff,
    expected: { ...UNAVAILABLE, billed: 'unknown' },
  },
  {
    promise: 'an answer of broken JSON may follow a bill',
    fault: malformed,
    expected: { ...UNAVAILABLE, billed: 'unknown' },
  },
  {
    promise: 'an answer of JSON that is something else may follow a bill',
    fault: () => status(200, { hello: 'world' }),
    expected: { ...UNAVAILABLE, billed: 'unknown' },
  },
  {
    promise: 'an answer that is no JSON at all may follow a bill',
    fault: () => status(200, '<html>It works!</html>', { 'content-type': 'text/html' }),
    expected: { ...UNAVAILABLE, billed: 'unknown' },
  },
  {
    promise: 'an empty answer may follow a bill',
    fault: () => status(200, '', { 'content-type': 'application/json' }),
    expected: { ...UNAVAILABLE, billed: 'unknown' },
  },
  {
    promise: 'a rate limit costs nothing and says in seconds when to come back',
    fault: () => status(429, undefined, { 'retry-after': '7' }),
    expected: { ...UNAVAILABLE, billed: 'no', retryAfterSeconds: 7 },
  },
  {
    promise: 'a rate limit in milliseconds is rounded up to seconds',
    fault: () => status(429, undefined, { 'retry-after-ms': '1200', 'retry-after': '9' }),
    expected: { ...UNAVAILABLE, billed: 'no', retryAfterSeconds: 2 },
  },
  {
    promise: 'an internal error of the vendor may follow a bill',
    fault: () => status(500),
    expected: { ...UNAVAILABLE, billed: 'unknown' },
  },
  {
    promise: "a gateway's time-out may follow a bill",
    fault: () => status(504, '<html>504 Gateway Time-out</html>', { 'content-type': 'text/html' }),
    expected: { ...UNAVAILABLE, billed: 'unknown' },
  },
  {
    promise: 'a vendor that asks for the request to be repeated is not obeyed',
    fault: () => status(500, undefined, { 'x-should-retry': 'true', 'retry-after': '0' }),
    expected: { ...UNAVAILABLE, billed: 'unknown', retryAfterSeconds: 0 },
  },
  {
    promise: 'a redirect is not followed, since following it would submit twice',
    fault: () => reply(({ path }) => ({ status: 307, body: '', headers: { location: path } })),
    expected: { ...UNAVAILABLE, billed: 'unknown' },
  },
  {
    promise: 'a misdirected request is not sent a second time',
    fault: () => status(421, ''),
    expected: { ...UNAVAILABLE, billed: 'unknown' },
  },
  {
    promise: "a refused key costs nothing, and asking again with it won't help",
    fault: () => status(401),
    expected: { code: 'PROVIDER_UNAVAILABLE', billed: 'no', retryable: false },
  },
  {
    promise: 'a model that the vendor does not know costs nothing',
    fault: () => status(404),
    expected: { code: 'PROVIDER_UNAVAILABLE', billed: 'no', retryable: false },
  },
];

/** Registers the whole suite for one provider. */
export function providerContract(name: string, harness: ProviderHarness): void {
  const submitOf = (
    request: GenerationRequest = harness.request,
    signal: AbortSignal = new AbortController().signal,
  ): SubmitRequest => ({
    generationId: '019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a90',
    model: harness.model,
    vendorModel: harness.vendorModel,
    request,
    endUser: 'user_6f1ed002ab5595859014ebf0951522d9',
    signal,
  });
  const quiet = () => new AbortController().signal;

  describe(`the provider ${name}`, () => {
    test('is named in lower case, and says how long a submit may take', async () => {
      await using session = await harness.start();
      expect(session.provider.name).toBe(harness.model.split('/')[0]);
      expect(session.provider.name).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(session.provider.timeoutMs).toBeGreaterThan(0);
      expect(session.provider.inProcess).toBe(session.wire === undefined);
    });

    for (const count of [1, 2]) {
      test(`${count === 1 ? 'one picture is' : 'two pictures are'} made by one submit`, async () => {
        await using session = await harness.start();
        const result = await session.provider.submit(submitOf({ ...harness.request, count }));
        await expectSuccess(result, count, harness.costMicros(count));
        expectSubmits(session, 1);
      });
    }

    test('an operation that it does not have is refused without a call', async () => {
      await using session = await harness.start();
      const result = await session.provider.submit(submitOf(harness.unsupported));
      expectFailure(session, result, { code: 'INVALID_INPUT', billed: 'no', retryable: false });
      expectSubmits(session, 0);
    });

    test('a canceled submit is not begun, and costs nothing', async () => {
      await using session = await harness.start();
      const result = await session.provider.submit(submitOf(undefined, AbortSignal.abort()));
      expectFailure(session, result, { ...UNAVAILABLE, billed: 'no' });
      expectSubmits(session, 0);
    });

    test('refused content is said to be refused, and costs nothing', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.refuse) return skip('This provider refuses no content.');
      const result = await session.provider.submit(submitOf(session.refuse(harness.request)));
      expectFailure(session, result, { code: 'CONTENT_REFUSED', billed: 'no', retryable: false });
      expectSubmits(session, 1);
    });

    test('arguments that the vendor does not take are said to be so, and cost nothing', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.invalid) return skip('This provider takes all arguments.');
      const result = await session.provider.submit(submitOf(session.invalid(harness.request)));
      expectFailure(session, result, { code: 'INVALID_INPUT', billed: 'no', retryable: false });
      expectSubmits(session, 1);
    });

    test('a failure that the vendor bills is said to be billed', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.billedFailure) return skip('This provider bills no failures.');
      const result = await session.provider.submit(submitOf(session.billedFailure(harness.request)));
      expectFailure(session, result, { ...UNAVAILABLE, billed: 'yes', ...harness.expected?.billedFailure });
      expectSubmits(session, 1);
    });

    test('a job that nobody knows is a failure that may have been billed', async () => {
      await using session = await harness.start();
      const result = await session.provider.check('no-such-job', quiet());
      expectFailure(session, result, { ...UNAVAILABLE, billed: 'unknown', ...harness.expected?.unknownJob });
      expect(result.jobId).toBe('no-such-job');
      expectSubmits(session, 0);
    });

    test('a job that nobody knows cannot be canceled', async () => {
      await using session = await harness.start();
      expect(await session.provider.cancel('no-such-job', quiet())).toBe(false);
      expectSubmits(session, 0);
    });
  });

  describe(`the provider ${name}, on the wire`, () => {
    for (const { promise, fault, expected, timeoutMs } of WIRE_CASES) {
      test(promise, async ({ skip }) => {
        await using session = await harness.start(timeoutMs === undefined ? {} : { timeoutMs });
        if (!session.wire) return skip('No call leaves the process.');
        session.wire.vendor.script(fault());
        const started = performance.now();
        const result = await session.provider.submit(submitOf());
        if (timeoutMs !== undefined) expect(performance.now() - started).toBeLessThan(timeoutMs * 2.5);
        expectFailure(session, result, expected);
        expectSubmits(session, 1);
      });
    }

    test('a rate limit costs nothing and says by a date when to come back', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.wire) return skip('No call leaves the process.');
      const date = new Date(Date.now() + 30_000).toUTCString();
      session.wire.vendor.script(status(429, undefined, { 'retry-after': date }));
      const result = await session.provider.submit(submitOf());
      // An HTTP date has no milliseconds.
      const retryAfterSeconds = result.status === 'failed' ? (result.retryAfterSeconds ?? 0) : 0;
      expect(retryAfterSeconds).toBeOneOf([29, 30]);
      expectFailure(session, result, { ...UNAVAILABLE, billed: 'no', retryAfterSeconds });
      expectSubmits(session, 1);
    });

    test('an overloaded vendor is left alone for as long as it asks', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.wire) return skip('No call leaves the process.');
      session.wire.vendor.script(status(503, undefined, { 'retry-after': '3' }));
      const result = await session.provider.submit(submitOf());
      const expected = { ...UNAVAILABLE, billed: 'unknown', retryAfterSeconds: 3 } as const;
      expectFailure(session, result, { ...expected, ...harness.expected?.overloaded });
      expectSubmits(session, 1);
    });

    test('a vendor that refuses the connection was never asked, and bills nothing', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.wire) return skip('No call leaves the process.');
      const provider = await session.wire.refused();
      const result = await provider.submit(submitOf());
      expectFailure(session, result, { ...UNAVAILABLE, billed: 'no' });
    });

    test('a canceled call is given up at once, and may be billed', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.wire) return skip('No call leaves the process.');
      const { vendor } = session.wire;
      vendor.script(hang());
      const caller = new AbortController();
      const arrived = vendor.arrived();
      const submitted = session.provider.submit(submitOf(undefined, caller.signal));
      await arrived;
      const aborted = performance.now();
      caller.abort();
      const result = await submitted;
      expect(performance.now() - aborted).toBeLessThan(100);
      expectFailure(session, result, { ...UNAVAILABLE, billed: 'unknown' });
      expectSubmits(session, 1);
    });

    for (const code of [200, 400, 401, 422, 429, 500]) {
      test(`a key that the vendor says back with a ${code} is in nothing that is told or kept`, async ({
        skip,
      }) => {
        await using session = await harness.start();
        if (!session.wire) return skip('No call leaves the process.');
        const { vendor, key } = session.wire;
        vendor.script(reply((hit) => ({ status: code, headers: { 'x-request-id': key }, body: echo(hit) })));
        const result = await session.provider.submit(submitOf());
        expect(result.status).toBe('failed');
        expect(JSON.stringify(result)).not.toContain(key.slice(0, 6));
        expect(JSON.stringify(result)).not.toContain(key.slice(-6));
        expectSubmits(session, 1);
      });
    }

    test('a vendor that recovers is used again over the connections that are left', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.wire) return skip('No call leaves the process.');
      const { vendor } = session.wire;
      for (const fault of [reset(), status(500), cutOff()]) {
        vendor.script(fault);
        expect((await session.provider.submit(submitOf())).status).toBe('failed');
        expect((await session.provider.submit(submitOf())).status).toBe('succeeded');
      }
      expectSubmits(session, 6);
    });

    test('calls at the same time do not mix up their answers', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.wire) return skip('No call leaves the process.');
      const counts = Array.from({ length: 40 }, (_, index) => (index % 2) + 1);
      const results = await Promise.all(
        counts.map((count) => session.provider.submit(submitOf({ ...harness.request, count }))),
      );
      expect(results.map((result) => (result.status === 'succeeded' ? result.outputs.length : 0))).toEqual(
        counts,
      );
      expectSubmits(session, 40);
    });
  });

  describe(`the provider ${name}, with jobs`, () => {
    test('a job runs until the vendor has ended it, and is asked after by its id', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.jobs) return skip('This provider has no jobs.');
      const jobId = await begin(session, session.jobs);
      expectRunning(await session.provider.check(jobId, quiet()), jobId);
      await session.jobs.finish(jobId);
      const result = await session.provider.check(jobId, quiet());
      await expectSuccess(result, 1, harness.costMicros(1));
      expect(result.jobId).toBe(jobId);
      expectSubmits(session, 1);
      expectChecks(session, 2);
    });

    test('a job that is canceled before its end is over', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.jobs) return skip('This provider has no jobs.');
      const jobId = await begin(session, session.jobs);
      expect(await session.provider.cancel(jobId, quiet())).toBe(true);
      const result = await session.provider.check(jobId, quiet());
      expectFailure(session, result, { ...UNAVAILABLE, billed: 'no' });
      expect(result.jobId).toBe(jobId);
      expectSubmits(session, 1);
    });

    test('a job that has ended cannot be canceled, and stays what it is', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.jobs) return skip('This provider has no jobs.');
      const jobId = await begin(session, session.jobs);
      await session.jobs.finish(jobId);
      expect(await session.provider.cancel(jobId, quiet())).toBe(false);
      await expectSuccess(await session.provider.check(jobId, quiet()), 1, harness.costMicros(1));
      expectSubmits(session, 1);
    });

    const unanswered: readonly {
      readonly what: string;
      readonly fault: () => Fault;
      readonly pollAfterMs?: number;
    }[] = [
      { what: 'an internal error', fault: () => status(500) },
      {
        what: 'a rate limit',
        fault: () => status(429, undefined, { 'retry-after': '7' }),
        pollAfterMs: 7_000,
      },
      { what: 'a refused key', fault: () => status(401) },
      { what: 'broken JSON', fault: malformed },
      { what: 'an answer that is cut off', fault: cutOff },
      { what: 'a broken connection', fault: reset },
      { what: 'silence', fault: hang },
    ];
    for (const { what, fault, pollAfterMs } of unanswered) {
      test(`a question after a job that meets ${what} is asked once, and says nothing of the job`, async ({
        skip,
      }) => {
        await using session = await harness.start({ timeoutMs: SHORT_MS });
        if (!session.jobs || !session.wire) return skip('This provider has no jobs on a wire.');
        const jobId = await begin(session, session.jobs);
        session.wire.vendor.script(fault(), { on: 'check' });
        const result = await session.provider.check(jobId, quiet());
        expectRunning(result, jobId);
        if (pollAfterMs !== undefined) expect(result).toMatchObject({ pollAfterMs });
        expectChecks(session, 1);
        session.wire.vendor.script(fault(), { on: 'cancel' });
        expect(await session.provider.cancel(jobId, quiet())).toBe(false);
        expect(session.wire.vendor.count('cancel')).toBe(1);
        expectSubmits(session, 1);
      });
    }
  });

  async function begin(
    session: ProviderSession,
    jobs: NonNullable<ProviderSession['jobs']>,
  ): Promise<string> {
    const result = await session.provider.submit(submitOf(jobs.arrange(harness.request)));
    const jobId = result.jobId ?? '';
    expectRunning(result, jobId);
    return jobId;
  }
}

// ------------------------------------------------------------------------------------------------ expectations

async function expectSuccess(result: SubmitResult, count: number, costMicros: Micros | null): Promise<void> {
  expect(result.status, JSON.stringify(result, bigintAsText)).toBe('succeeded');
  const { outputs, costMicros: told } = result as ProviderSuccess;
  expect(told).toBe(costMicros);
  expect(outputs).toHaveLength(count);
  for (const output of outputs) await expectPicture(output);
}

/** The bytes are those of a picture of the type and size that are claimed for it. */
async function expectPicture({ content, contentType, width, height }: ProviderOutput): Promise<void> {
  const bytes =
    content instanceof Uint8Array
      ? Buffer.from(content)
      : Buffer.from(await (await fetch(content.url)).arrayBuffer());
  expect(contentType).toBe('image/png');
  expect(bytes.subarray(1, 4).toString('latin1')).toBe('PNG');
  if (width !== undefined) expect(bytes.readUInt32BE(16)).toBe(width);
  if (height !== undefined) expect(bytes.readUInt32BE(20)).toBe(height);
}

function expectRunning(result: SubmitResult, jobId: string): void {
  expect(result, JSON.stringify(result, bigintAsText)).toMatchObject({
    status: 'running',
    jobId: expect.stringMatching(/./),
    pollAfterMs: expect.any(Number),
  });
  if (result.status !== 'running') return;
  expect(result.jobId).toBe(jobId);
  expect(result.pollAfterMs).toBeGreaterThan(0);
}

/** The whole of a failure, and that its texts are fit for whom they are meant. */
function expectFailure(session: ProviderSession, result: SubmitResult, expected: Expected): void {
  expect(result).toEqual({
    status: 'failed',
    ...expected,
    message: expect.any(String),
    detail: expect.any(String),
    // A job's id may be known or not; it is no part of a verdict.
    ...(result.jobId === undefined ? {} : { jobId: result.jobId }),
  });
  const { message, detail } = result as ProviderFailure;
  expect(message).toMatch(/^[A-Z].{5,}/);
  expect(message).not.toMatch(/https?:|127\.0\.0\.1|localhost|\.com\b|\bat .+:\d+|ECONN|undefined|\[object/);
  expect(detail.length).toBeGreaterThan(0);
  expect(detail.length).toBeLessThanOrEqual(1_000);
  if (session.wire) expect(message + detail).not.toContain(session.wire.key);
}

function expectSubmits({ wire }: ProviderSession, submits: number): void {
  if (wire) expect(wire.vendor.submits, 'paid POSTs on the wire').toBe(submits);
}

function expectChecks({ wire }: ProviderSession, checks: number): void {
  if (wire) expect(wire.vendor.count('check'), 'questions on the wire').toBe(checks);
}

/** Every place of a vendor's envelope in which a key could come back. */
function echo({ headers: { authorization = '' } }: Hit): object {
  const key = authorization.replace(/^Bearer /, '');
  // So often that a cut at any length goes through a key.
  const words = `Incorrect API key provided: ${authorization} ${`${key} `.repeat(40)}`;
  return { error: { message: words, type: key, param: key, code: key }, detail: words };
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
