/**
 * A slow generation from its order to its end, for every vendor whose calls become jobs: what the customer sees
 * meanwhile, what comes of a job that fails, is refused, takes too long or is given up, and what is booked for each.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import type { Billed } from '../../server/providers/index.ts';
import type { TestClient } from '../support/client.ts';
import { until } from '../support/server.ts';
import { held, status } from '../support/vendors/http-vendor.ts';
import {
  type Begun,
  expectDelivered,
  JOB_VENDORS,
  type JobStage,
  openJobStage,
  type VendorStage,
} from './job-stage.ts';

const NAMES = Object.keys(JOB_VENDORS) as (keyof typeof JOB_VENDORS)[];
/** Their operations go through the queue: any worker makes the call. */
const QUEUED = ['luma', 'pika', 'runway', 'elevenlabs'] as const;

const WATCH =
  'subscription ($id: ID!) { generation(id: $id) { status progress creditsCharged outputs { url } } }';

/** What a subscriber is told, one after the other; null at the end. */
async function watch(client: TestClient, id: string) {
  const { events } = await client.stream(WATCH, { id });
  return async (): Promise<unknown> => {
    for (;;) {
      const { done, value } = await events.next();
      if (done || value.event === 'complete') return null;
      if (value.event === 'next') return value.data?.data?.generation;
    }
  };
}

/** What an attempt without a result is in the books, by what the vendor says of its bill. */
function bookedAs(v: VendorStage, terms: { readonly billed?: Billed; readonly costMicros?: bigint } = {}) {
  const { billed = 'no', costMicros } = terms;
  switch (billed) {
    case 'no':
      return { outcome: 'FAILED_UNBILLED', costMicros: 0n, costSource: 'catalog' };
    case 'yes':
      return {
        outcome: 'FAILED_BILLED',
        costMicros: costMicros ?? v.ceilingMicros,
        costSource: costMicros === undefined ? 'catalog' : 'vendor',
      };
    case 'unknown':
      return { outcome: 'UNKNOWN', costMicros: v.ceilingMicros, costSource: 'ceiling' };
  }
}

let stage: JobStage;
beforeAll(async () => {
  stage = await openJobStage(NAMES);
});
afterAll(async () => {
  await stage.server.expectSound();
  await stage[Symbol.asyncDispose]();
});

describe.concurrent.each(NAMES)('a job at %s', { concurrent: true }, (name) => {
  describe.sequential('from its order to its end', () => {
    let v: VendorStage;
    beforeAll(() => {
      v = stage.of(name);
    });

    async function running(): Promise<Begun & { readonly jobId: string }> {
      const generation = await v.begin();
      const jobId = await generation.job();
      return { ...generation, jobId };
    }
    async function expectFailed(
      generation: Begun,
      failure: object,
      booked: ReturnType<typeof bookedAs>,
    ): Promise<void> {
      expect(await stage.server.admin.generation(generation.id)).toMatchObject({
        status: 'FAILED',
        creditsCharged: 0,
        outputs: [],
        failure,
      });
      expect(await generation.attempts()).toEqual([{ number: 1, provider: name, ...booked }]);
      await generation.expectBalance(0);
    }

    test('runs, tells its progress where the vendor does, and is delivered and charged', async () => {
      const generation = await v.begin({ waitMs: 300 });
      expect(generation.answer).toMatchObject({
        __typename: 'Generation',
        status: 'RUNNING',
        creditsReserved: v.credits,
        creditsCharged: 0,
        outputs: [],
      });
      const jobId = await generation.job();
      const next = await watch(stage.server.admin, generation.id);
      const now = { status: 'RUNNING', creditsCharged: 0, outputs: [] };
      // Midjourney's gateway tells it from the beginning.
      const first = name === 'midjourney' ? 0 : null;
      expect(await next()).toEqual({ ...now, progress: first });
      for (const progress of v.jobs.progress ? [0.2, 0.6] : []) {
        v.jobs.progress?.(jobId, progress);
        await generation.poll();
        expect(await next()).toEqual({ ...now, progress });
        // Nothing new is not told again.
        await generation.poll();
      }
      await v.jobs.finish(jobId);
      await generation.poll();
      expect(await next()).toEqual({
        status: 'SUCCEEDED',
        progress: null,
        creditsCharged: v.credits,
        outputs: [{ url: expect.stringContaining('/files/') }],
      });
      expect(await next()).toBeNull();
      await expectDelivered(v, generation, stage.server);
    });

    test('that fails gives the credits back, and costs what the vendor bills for it', async () => {
      const generation = await running();
      v.jobs.fail?.(generation.jobId);
      await generation.poll();
      await expectFailed(
        generation,
        { code: 'PROVIDER_UNAVAILABLE', retryable: true },
        bookedAs(v, v.harness.expected?.failedJob),
      );
    });

    test('whose content is refused says so, gives the credits back, and costs what the vendor bills for it', async ({
      skip,
    }) => {
      if (!v.jobs.refuse) return skip('No job of this vendor is refused.');
      const generation = await running();
      v.jobs.refuse(generation.jobId);
      await generation.poll();
      await expectFailed(
        generation,
        { code: 'CONTENT_REFUSED', retryable: false },
        bookedAs(v, v.harness.expected?.refusedJob),
      );
    });

    test('that takes too long is stopped at the vendor, gives the credits back, and costs what that bills', async () => {
      const generation = await running();
      const orders = v.vendor.count('cancel');
      v.jobTimeoutMs = 0;
      await generation.poll();
      v.jobTimeoutMs = undefined;
      const canStop = v.harness.cancelable !== false;
      expect(v.vendor.count('cancel')).toBe(orders + (canStop ? 1 : 0));
      const stopped = v.harness.expected?.stopped as Parameters<typeof bookedAs>[1];
      await expectFailed(
        generation,
        { code: 'PROVIDER_UNAVAILABLE', retryable: true },
        bookedAs(v, canStop ? stopped : { billed: 'unknown' }),
      );
    });

    test('that is done when nobody asked after it in time is delivered all the same', async () => {
      const generation = await running();
      await v.jobs.finish(generation.jobId);
      v.jobTimeoutMs = 0;
      await generation.poll();
      v.jobTimeoutMs = undefined;
      await expectDelivered(v, generation, stage.server);
    });

    test('that its customer gives up is stopped, refunded, and costs what the vendor bills', async ({
      skip,
    }) => {
      if (v.harness.cancelable === false) return skip('This vendor cannot stop a job.');
      const generation = await running();
      const orders = v.vendor.count('cancel');
      expect(await generation.cancel()).toMatchObject({ status: 'CANCELED', creditsCharged: 0 });
      expect(v.vendor.count('cancel')).toBe(orders + 1);
      const stopped = v.harness.expected?.stopped as Parameters<typeof bookedAs>[1];
      expect(await generation.attempts()).toEqual([
        { number: 1, provider: name, ...bookedAs(v, stopped), outcome: 'CANCELED' },
      ]);
      await generation.expectBalance(0);
      const books = await generation.books();
      await generation.poll();
      expect(await generation.cancel()).toMatchObject({ status: 'CANCELED' });
      expect(await generation.books()).toEqual(books);
      expect(v.vendor.count('cancel')).toBe(orders + 1);
    });

    test('that its customer gives up before its id is known is stopped as soon as it is', async ({
      skip,
    }) => {
      if (v.harness.cancelable === false) return skip('This vendor cannot stop a job.');
      const answer = held();
      v.vendor.script(answer);
      const generation = await v.begin();
      await answer.answer;
      expect(await generation.cancel()).toMatchObject({ status: 'RUNNING' });
      answer.release();
      await until('it is canceled', async () => (await generation.status()) === 'CANCELED');
      expect(await generation.attempts()).toMatchObject([{ outcome: 'CANCELED' }]);
      await generation.expectBalance(0);
    });

    test('that cannot be stopped goes on, is delivered and charged', async () => {
      const generation = await running();
      // Those that can stop jobs do not do it this time.
      v.vendor.script(status(500), { on: 'cancel' });
      expect(await generation.cancel()).toMatchObject({ status: 'RUNNING' });
      v.vendor.heal();
      await v.jobs.finish(generation.jobId);
      await generation.poll();
      await expectDelivered(v, generation, stage.server);
    });

    test('that fails after its customer gave it up in vain is CANCELED, and costs what the vendor bills', async () => {
      const generation = await running();
      v.vendor.script(status(500), { on: 'cancel' });
      expect(await generation.cancel()).toMatchObject({ status: 'RUNNING' });
      v.vendor.heal();
      v.jobs.fail?.(generation.jobId);
      await generation.poll();
      expect(await generation.status()).toBe('CANCELED');
      expect(await generation.attempts()).toEqual([
        {
          number: 1,
          provider: name,
          ...bookedAs(v, v.harness.expected?.failedJob),
          outcome: 'CANCELED',
        },
      ]);
      await generation.expectBalance(0);
    });

    test('that is done stays as it is when its customer gives it up', async () => {
      const generation = await running();
      await v.jobs.finish(generation.jobId);
      await generation.poll();
      const books = await generation.books();
      const orders = v.vendor.count('cancel');
      expect(await generation.cancel()).toMatchObject({ status: 'SUCCEEDED', creditsCharged: v.credits });
      expect(await generation.books()).toEqual(books);
      expect(v.vendor.count('cancel')).toBe(orders);
    });
  });
});

describe('what its customer gives up before it was sent', () => {
  test('is never sent by whoever works off the queue: all credits are back, and nothing is booked', async () => {
    // As a process with the role `web`, which leaves that to others.
    await using waiting = await openJobStage(QUEUED, { work: false });
    const given = [];
    for (const name of QUEUED) {
      const v = waiting.of(name);
      const generation = await v.begin();
      expect(generation.answer).toMatchObject({ status: 'QUEUED', creditsReserved: v.credits });
      expect(await generation.cancel()).toMatchObject({ status: 'CANCELED', creditsCharged: 0 });
      given.push({ v, generation });
    }
    // One that nobody gave up, to see that the queue is worked off after that.
    const other = await waiting.of('luma').begin();
    await waiting.server.core.generations.work();
    await other.job();
    for (const { v, generation } of given) {
      await generation.idle();
      expect(v.vendor.submits).toBe(v.name === 'luma' ? 1 : 0);
      expect(await generation.attempts()).toEqual([]);
      expect(await generation.status()).toBe('CANCELED');
      await generation.expectBalance(0);
    }
    await other.cancel();
    await waiting.server.expectSound();
  });

  test('is never sent when it waits for its turn in the process that was asked', async () => {
    const names = ['replicate', 'midjourney', 'deep-image'] as const;
    await using narrow = await openJobStage(names, { env: { PROVIDER_CONCURRENCY: '1' } });
    for (const name of names) {
      const v = narrow.of(name);
      const answer = held();
      v.vendor.script(answer);
      const first = await v.begin();
      await answer.answer;
      const second = await v.begin();
      expect(second.answer).toMatchObject({ status: 'QUEUED' });
      expect(await second.cancel()).toMatchObject({ status: 'CANCELED', creditsCharged: 0 });
      answer.release();
      await v.jobs.finish(await first.job());
      await first.poll();
      await expectDelivered(v, first, narrow.server);
      await until('its turn has come and gone', () => narrow.server.core.generations.active === 0);
      expect(v.vendor.submits).toBe(1);
      expect(await second.attempts()).toEqual([]);
      await second.expectBalance(0);
    }
    await narrow.server.expectSound();
  });
});

test('a file that a request names and that cannot be used is never sent, and gives the credits back', async () => {
  const v = stage.of('runway');
  const submits = v.vendor.submits;
  const generation = await v.begin({ imageUrl: 'https://example.com/nothing.png' });
  await generation.idle();
  expect(await stage.server.admin.generation(generation.id)).toMatchObject({
    status: 'FAILED',
    failure: { code: 'INVALID_INPUT', message: 'imageUrl: There is no such file.' },
  });
  expect(v.vendor.submits).toBe(submits);
  expect(await generation.attempts()).toEqual([]);
  await generation.expectBalance(0);
});

test('what waited a day for a worker gives the credits back, and is not sent', async () => {
  await using waiting = await openJobStage(['luma'], { work: false });
  const v = waiting.of('luma');
  const generation = await v.begin();
  await waiting.server.rows(`UPDATE generation SET created_at = created_at - interval '1 day'`);
  await waiting.server.core.generations.work();
  await until('it has ended', async () => (await generation.status()) === 'FAILED');
  expect(v.vendor.submits).toBe(0);
  expect(await generation.attempts()).toEqual([]);
  await generation.expectBalance(0);
  await waiting.server.expectSound();
});

test('a job of which the database is away when it tells how far it is, is asked after all the same', async () => {
  const { database } = stage.server.core;
  const { query: answer } = database;
  let failures = 0;
  const query = vi.spyOn(database, 'query').mockImplementation((text, ...more) => {
    if (failures > 0 || !text.includes('SET progress')) return answer(text, ...more);
    failures += 1;
    return Promise.reject(new Error('Connection terminated unexpectedly'));
  });
  try {
    // Its gateway tells it from the beginning, in the answer to the call.
    const generation = await stage.of('midjourney').begin();
    await generation.job();
    expect(failures).toBe(1);
    await until('a question after it waits', async () => {
      const steps = await stage.server.rows(
        `SELECT FROM pgboss.job WHERE name = 'generation-check' AND data ->> 'generationId' = $1`,
        [generation.uuid],
      );
      return steps.length === 1;
    });
    await generation.cancel();
  } finally {
    query.mockRestore();
  }
});

test('a call of the queue whose answer waits for the database is no orphan of its own process, though its time is over', async () => {
  const clock = new FakeClock('2026-11-20T12:00:00Z');
  await using away = await openJobStage(['luma'], { clock });
  const { database, generations } = away.server.core;
  const { query: answer } = database;
  let failures = 0;
  let isAway = true;
  const query = vi.spyOn(database, 'query').mockImplementation((text, ...more) => {
    if (!isAway || !text.includes('SET job_id')) return answer(text, ...more);
    failures += 1;
    return Promise.reject(new Error('Connection terminated unexpectedly'));
  });
  try {
    const v = away.of('luma');
    const generation = await v.begin();
    await until('the vendor has answered', () => failures > 0);
    // The database is back, and the sweep is quicker than the next try to keep the job.
    clock.advance(10 * 60_000);
    await generations.recovery.sweep();
    expect(await generation.status()).toBe('RUNNING');
    isAway = false;
    await v.jobs.finish(await generation.job());
    await generation.poll();
    await expectDelivered(v, generation, away.server);
    await away.server.expectSound();
  } finally {
    query.mockRestore();
  }
});
