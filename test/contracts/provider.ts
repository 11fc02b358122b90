/**
 * What every provider owes to Solvent, whichever vendor is behind it. The suite knows server/providers/provider.ts and
 * nothing of a vendor; what differs comes in by a {@link ProviderHarness}.
 *
 * Each test holds three things of its case: the **whole result**, that the vendor saw **at most one paid POST**, and
 * that the result is **fit to be shown** (no key, no address, sentences).
 */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isStorable } from '../../server/database/index.ts';
import {
  type GenerationRequest,
  type SubmitRequest,
  type SubmitResult,
  WEBHOOK_TOLERANCE_SECONDS,
  type WebhookDelivery,
} from '../../server/providers/provider.ts';
import {
  cutOff,
  type Fault,
  hang,
  malformed,
  reply,
  reset,
  slow,
  status,
} from '../support/vendors/http-vendor.ts';
import {
  echo,
  expectChecks,
  expectFailure,
  expectGoesOn,
  expectRejected,
  expectRunning,
  expectSubmits,
  expectSuccess,
} from './expectations.ts';
import type { Expected, ProviderHarness, ProviderSession } from './harness.ts';

const UNAVAILABLE = { code: 'PROVIDER_UNAVAILABLE', retryable: true } as const;
/** Nothing of it can be made a text, which JavaScript finds out by an exception. */
const UNTELLABLE = { toString: 1, valueOf: 1 };
/** What the vendors' envelopes are made of, with something else in each place. */
const NONSENSE = {
  ...{ id: UNTELLABLE, status: UNTELLABLE, state: UNTELLABLE, job: UNTELLABLE, message: UNTELLABLE },
  error: { code: UNTELLABLE, type: UNTELLABLE, param: UNTELLABLE, message: UNTELLABLE },
  detail: [null, { loc: [UNTELLABLE, UNTELLABLE], msg: UNTELLABLE, type: UNTELLABLE }],
  issues: [null, { path: [UNTELLABLE], message: UNTELLABLE, code: UNTELLABLE }],
};
/** A file where words should be. */
const NO_TEXT = `\u0000\u0001 ${'\u{1f98a}'.repeat(700)}`;
/** How long a hang is waited for. Real time: fake timers and sockets do not go together. */
const SHORT_MS = 150;
/** Later than it should, it is given up all the same. */
const A_BUSY_MACHINE_MS = 1_500;

interface Case {
  readonly promise: string;
  readonly fault: () => Fault;
  readonly expected: Expected;
  readonly timeoutMs?: number;
  /** Which of a vendor's own terms overrule what is expected here. */
  readonly terms?: 'serverError';
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
    terms: 'serverError',
  },
  {
    promise: "a gateway's time-out may follow a bill",
    fault: () => status(504, '<html>504 Gateway Time-out</html>', { 'content-type': 'text/html' }),
    expected: { ...UNAVAILABLE, billed: 'unknown' },
    terms: 'serverError',
  },
  {
    promise: 'a vendor that asks for the request to be repeated is not obeyed',
    fault: () => status(500, undefined, { 'x-should-retry': 'true', 'retry-after': '0' }),
    expected: { ...UNAVAILABLE, billed: 'unknown', retryAfterSeconds: 0 },
    terms: 'serverError',
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
    // One of its own for each: a vendor may take two submits with the same for one.
    generationId: randomUUID(),
    model: harness.model,
    vendorModel: harness.vendorModel,
    request,
    input: harness.input,
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

    for (const count of [1, 2].slice(0, harness.maxCount ?? 2)) {
      test(`${count === 1 ? 'one output is' : 'two outputs are'} made by one submit`, async () => {
        await using session = await harness.start();
        const result = await end(session, submitOf({ ...harness.request, count }));
        await expectSuccess(result, count, harness);
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
      expectGoesOn(session, await session.provider.cancel('no-such-job', quiet()));
      expectSubmits(session, 0);
    });
  });

  describe(`the provider ${name}, on the wire`, () => {
    for (const { promise, fault, expected, timeoutMs, terms } of WIRE_CASES) {
      test(promise, async ({ skip }) => {
        await using session = await harness.start(timeoutMs === undefined ? {} : { timeoutMs });
        if (!session.wire) return skip('No call leaves the process.');
        session.wire.vendor.script(fault());
        const started = performance.now();
        const result = await session.provider.submit(submitOf());
        if (timeoutMs !== undefined)
          expect(performance.now() - started).toBeLessThan(timeoutMs + A_BUSY_MACHINE_MS);
        expectFailure(session, result, { ...expected, ...(terms && harness.expected?.[terms]) });
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

    test('a pause that no book could hold is told as one of a day', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.wire) return skip('No call leaves the process.');
      for (const seconds of ['86401', '3000000000', '9'.repeat(400)]) {
        session.wire.vendor.script(status(429, undefined, { 'retry-after': seconds }));
        const result = await session.provider.submit(submitOf());
        expectFailure(session, result, { ...UNAVAILABLE, billed: 'no', retryAfterSeconds: 86_400 });
      }
    });

    for (const code of [200, 400, 500]) {
      test(`a ${code} whose body is no text is told in a text that the books can keep`, async ({ skip }) => {
        await using session = await harness.start();
        if (!session.wire) return skip('No call leaves the process.');
        // A text in JSON, and as it is; the cut of a long one may go through a character.
        for (const body of [{ error: { message: NO_TEXT }, detail: NO_TEXT }, NO_TEXT]) {
          session.wire.vendor.script(status(code, body, { 'content-type': 'text/plain' }));
          const result = await session.provider.submit(submitOf());
          expect(result.status).toBe('failed');
          expect(isStorable(Object.values(result).join())).toBe(true);
        }
      });
    }

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

    for (const code of [200, 400, 500]) {
      test(`a ${code} of JSON that is nothing like the vendor's is an answer all the same`, async ({
        skip,
      }) => {
        await using session = await harness.start();
        if (!session.wire) return skip('No call leaves the process.');
        session.wire.vendor.script(status(code, NONSENSE));
        const result = await session.provider.submit(submitOf());
        expect(result).toMatchObject({
          status: 'failed',
          billed: code === 400 ? 'no' : 'unknown',
        });
        expectSubmits(session, 1);
      });
    }

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
        expect((await session.provider.submit(submitOf())).status).toBe(
          session.answersAtOnce === false ? 'running' : 'succeeded',
        );
      }
      expectSubmits(session, 6);
    });

    test('calls at the same time do not mix up their answers', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.wire) return skip('No call leaves the process.');
      const counts = Array.from({ length: 40 }, (_, index) => (index % (harness.maxCount ?? 2)) + 1);
      const results = await Promise.all(
        counts.map((count) => end(session, submitOf({ ...harness.request, count }))),
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
      await expectSuccess(result, 1, harness);
      expect(result.jobId).toBe(jobId);
      expectSubmits(session, 1);
    });

    test('a job tells how far it is', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.jobs?.progress) return skip('This vendor does not tell.');
      const jobId = await begin(session, session.jobs);
      session.jobs.progress(jobId, 0.4);
      const result = await session.provider.check(jobId, quiet());
      expectRunning(result, jobId);
      expect(result).toMatchObject({ progress: 0.4 });
    });

    test('a job that fails through the fault of the vendor may succeed another time', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.jobs?.fail) return skip('No job of this provider fails.');
      const jobId = await begin(session, session.jobs);
      session.jobs.fail(jobId);
      const result = await session.provider.check(jobId, quiet());
      expectFailure(session, result, { ...UNAVAILABLE, billed: 'no', ...harness.expected?.failedJob });
      expect(result.jobId).toBe(jobId);
    });

    test('a job whose content is refused says so', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.jobs?.refuse) return skip('No job of this provider is refused.');
      const jobId = await begin(session, session.jobs);
      session.jobs.refuse(jobId);
      const result = await session.provider.check(jobId, quiet());
      const expected = { code: 'CONTENT_REFUSED', billed: 'no', retryable: false } as const;
      expectFailure(session, result, { ...expected, ...harness.expected?.refusedJob });
      expect(result.jobId).toBe(jobId);
    });

    test('a job that is canceled before its end is over', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.jobs) return skip('This provider has no jobs.');
      const jobId = await begin(session, session.jobs);
      const canceled = await session.provider.cancel(jobId, quiet());
      expectSubmits(session, 1);
      if (harness.cancelable === false) {
        expectGoesOn(session, canceled);
        return expectRunning(await session.provider.check(jobId, quiet()), jobId);
      }
      expect(canceled).toEqual({ status: 'stopped', billed: 'no', ...harness.expected?.stopped });
      const result = await session.provider.check(jobId, quiet());
      expectFailure(session, result, { ...UNAVAILABLE, billed: 'no', ...harness.expected?.canceledJob });
      expect(result.jobId).toBe(jobId);
    });

    test('a job that has ended cannot be canceled, and stays what it is', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.jobs) return skip('This provider has no jobs.');
      const jobId = await begin(session, session.jobs);
      await session.jobs.finish(jobId);
      expectGoesOn(session, await session.provider.cancel(jobId, quiet()));
      await expectSuccess(await session.provider.check(jobId, quiet()), 1, harness);
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
      {
        what: 'a rate limit of a day',
        fault: () => status(429, undefined, { 'retry-after': '86400' }),
        pollAfterMs: 60_000,
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
        expect(result).toMatchObject({ detail: expect.stringMatching(/./) });
        expectChecks(session, 1);
        session.wire.vendor.script(fault(), { on: 'cancel' });
        expectGoesOn(session, await session.provider.cancel(jobId, quiet()));
        expect(session.wire.vendor.count('cancel')).toBe(harness.cancelable === false ? 0 : 1);
        expectSubmits(session, 1);
      });
    }
  });

  describe(`the provider ${name}, reporting by webhook`, () => {
    const NOW = new Date('2026-11-20T12:00:00Z');

    /** A finished job and the report of it. */
    async function report(session: ProviderSession, at = NOW): Promise<[string, WebhookDelivery]> {
      if (!session.jobs || !session.webhooks) throw new Error('A vendor that reports has jobs.');
      const jobId = await begin(session, session.jobs);
      await session.jobs.finish(jobId);
      return [jobId, await session.webhooks.deliver(jobId, at)];
    }
    const read = async (session: ProviderSession, delivery: WebhookDelivery) =>
      session.provider.readWebhook?.(delivery);

    test('a report names the job that it is about, and what it says is what the vendor answers', async ({
      skip,
    }) => {
      await using session = await harness.start();
      if (!session.webhooks) return skip('This vendor sends no reports.');
      const [jobId, delivery] = await report(session);
      const reading = await read(session, delivery);
      expect(reading).toMatchObject({ status: 'accepted', signed: session.webhooks.signed, jobId });
      if (reading?.status !== 'accepted' || reading.result === null) return;
      expect(reading.result).toEqual(await session.provider.check(jobId, quiet()));
    });

    test('a report that is delivered twice reads the same', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.webhooks) return skip('This vendor sends no reports.');
      const [, delivery] = await report(session);
      expect(await read(session, delivery)).toEqual(await read(session, delivery));
    });

    test('a report that was changed on its way, or has no signature, is rejected', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.webhooks?.signed) return skip('This vendor signs no reports.');
      const [jobId, delivery] = await report(session);
      // The space changes the bytes of a report that does not say the whole id in one piece.
      const forged = Buffer.from(`${Buffer.from(delivery.body).toString().replaceAll(jobId, `${jobId}x`)} `);
      expectRejected(await read(session, { ...delivery, body: forged }));
      expectRejected(await read(session, { ...delivery, headers: { 'content-type': 'application/json' } }));
      const [, other] = await report(session);
      expectRejected(await read(session, { ...delivery, headers: other.headers }));
    });

    test('a report that is replayed later is rejected', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.webhooks?.signed) return skip('This vendor signs no reports.');
      const [, delivery] = await report(session);
      const later = (seconds: number) => ({
        ...delivery,
        receivedAt: new Date(NOW.getTime() + seconds * 1000),
      });
      expect(await read(session, later(WEBHOOK_TOLERANCE_SECONDS - 1))).toMatchObject({ status: 'accepted' });
      expectRejected(await read(session, later(WEBHOOK_TOLERANCE_SECONDS + 1)));
    });

    test('a report that cannot be read is rejected', async ({ skip }) => {
      await using session = await harness.start();
      if (!session.webhooks) return skip('This vendor sends no reports.');
      const [, delivery] = await report(session);
      for (const body of ['', '{', 'null', '[]', '{"id":7}', '<html>']) {
        expectRejected(await read(session, { ...delivery, body: Buffer.from(body) }));
      }
    });
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

  /** What becomes of a submit: where it becomes a job, the job is finished and asked after. */
  async function end(session: ProviderSession, submit: SubmitRequest): Promise<SubmitResult> {
    const result = await session.provider.submit(submit);
    if (result.status !== 'running') return result;
    await session.jobs?.finish(result.jobId);
    return session.provider.check(result.jobId, quiet());
  }
}
