/** What has time: sent many at once for half the cost, each booked, refunded, given up and recovered by itself. */
import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Core } from '../../server/core.ts';
import { BROKEN_LINE, halfPrice, REFUSED_LINE } from '../contracts/vendors/openai-batch.ts';
import { CHEAP, type GenerateOptions, type Outcome, unique } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { startTestServer, type TestServer, until } from '../support/server.ts';
import { hang, status } from '../support/vendors/http-vendor.ts';
import { type OpenAiVendor, startOpenAiVendor } from '../support/vendors/openai.ts';
import { png } from '../support/vendors/png.ts';

const PRICE = 10;
/** What the catalogue says that a picture costs, in micros. */
const CEILING_MICROS = 53_000n;

interface Attempt {
  readonly outcome: string;
  readonly costMicros: bigint;
  readonly costSource: string;
}

/** A server whose queue a test lets work when it wants to, and the vendor that it calls. */
interface Stage extends AsyncDisposable {
  readonly server: TestServer;
  readonly vendor: OpenAiVendor;
  readonly accountId: string;
  /** Asks for so many pictures of low priority, each another one. */
  ask(count: number, options?: GenerateOptions): Promise<readonly Asked[]>;
  /** Waits until so many batches were sent, and every job of them is written down. */
  sent(batches: number): Promise<readonly string[]>;
  /** Lets what is under way be asked after now, and waits until these have ended. */
  ended(asked: readonly Asked[], core?: Core): Promise<readonly Outcome[]>;
  attempts(asked: Asked): Promise<readonly Attempt[]>;
  balance(): Promise<{ readonly posted: number; readonly reserved: number }>;
  cancel(asked: Asked): Promise<string>;
  /** Ends this server as a crash does: it does nothing any more, and is not heard of. Gives another one. */
  crash(): Promise<Core>;
}

interface Asked {
  readonly id: string;
  readonly uuid: string;
  readonly prompt: string;
}

async function openStage(options: Parameters<typeof startTestServer>[0] = {}): Promise<Stage> {
  const vendor = await startOpenAiVendor();
  const server = await startTestServer({
    work: false,
    ...options,
    env: { SANDBOX: 'off', OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: vendor.url, ...options.env },
  });
  const { admin } = server;
  const accountId = await admin.account(1_000);
  const jobIds = async () => {
    const rows = await server.rows<{ job: string }>(
      'SELECT job_id AS job FROM generation WHERE job_id IS NOT NULL',
    );
    return rows.map(({ job }) => job);
  };
  return {
    server,
    vendor,
    accountId,
    ask: (count, given = {}) =>
      Promise.all(
        Array.from({ length: count }, async () => {
          const prompt = given.prompt ?? unique('low');
          const { id = '', status: stands } = await admin.generateImage({
            model: 'openai/gpt-image-2',
            size: '1024x1024',
            priority: 'LOW',
            waitMs: 0,
            accountId,
            ...given,
            prompt,
          });
          expect(stands).toBe('QUEUED');
          return { id, uuid: id.replace(/^gen_/, ''), prompt };
        }),
      ),
    async sent(count) {
      await until(`${count} batches are sent`, () => vendor.batches.ids.length >= count);
      const lines = vendor.batches.ids.flatMap((id) => vendor.batches.requestsOf(id));
      await until('their jobs are written down', async () => (await jobIds()).length >= lines.length);
      return vendor.batches.ids;
    },
    async ended(asked, core = server.core) {
      // All at once: whose questions come one after the other would have the vendor's file read for each.
      await Promise.all(asked.map(({ uuid }) => core.queue.hurry('check', uuid)));
      let outcomes: readonly Outcome[] = [];
      await until('they have ended', async () => {
        outcomes = await Promise.all(asked.map(async ({ id }) => (await admin.generation(id)) as Outcome));
        return outcomes.every(({ status: stands }) => stands !== 'QUEUED' && stands !== 'RUNNING');
      });
      return outcomes;
    },
    attempts: ({ uuid }) =>
      server.rows(
        `SELECT outcome, cost_micros AS "costMicros", cost_source AS "costSource" FROM attempt WHERE generation_id = $1`,
        [uuid],
      ),
    async balance() {
      const { posted, reserved } = await admin.balance(accountId);
      return { posted, reserved };
    },
    async cancel({ id }) {
      const { cancelGeneration } = await admin.ask<{ cancelGeneration: { status: string } }>(
        'mutation ($id: ID!) { cancelGeneration(id: $id) { ... on Generation { status } } }',
        { id },
      );
      return cancelGeneration.status;
    },
    async crash() {
      await server.core.queue.stop(0);
      const core = await server.another();
      await server.rows('UPDATE server_process SET stopped_at = now() WHERE id = $1', [
        server.core.ledger.processId,
      ]);
      return core;
    },
    async [Symbol.asyncDispose]() {
      await vendor.close();
      await server.close();
    },
  };
}

const BOOKED_HALF = [{ outcome: 'SUCCEEDED', costMicros: halfPrice(1), costSource: 'vendor' }];

describeOnEachDatabase('generations of low priority', (kind) => {
  test('thirty are two submits, and each is booked at half the cost with a picture of its own', async () => {
    await using stage = await openStage({ kind });
    const { server, vendor } = stage;
    const asked = await stage.ask(30);
    expect(vendor.hits).toEqual([]);
    await server.core.generations.work();
    const batchIds = await stage.sent(2);
    expect(batchIds.map((id) => vendor.batches.requestsOf(id).length)).toEqual([25, 5]);
    for (const id of batchIds) vendor.batches.finish(id);
    const outcomes = await stage.ended(asked);
    for (const [index, outcome] of outcomes.entries()) {
      expect(outcome).toMatchObject({ status: 'SUCCEEDED', creditsReserved: PRICE, creditsCharged: PRICE });
      const url = outcome.outputs?.[0]?.url ?? '';
      const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
      expect(hash('sha256', bytes)).toBe(hash('sha256', png(1024, 1024, asked[index]?.prompt)));
    }
    for (const each of asked) expect(await stage.attempts(each)).toEqual(BOOKED_HALF);
    expect(vendor.submits).toBe(2);
    expect(await stage.balance()).toEqual({ posted: 700, reserved: 0 });
    await server.expectSound();
  });

  test('one that fails within a batch is refunded alone', async () => {
    await using stage = await openStage({ kind });
    const asked = await stage.ask(4);
    await stage.server.core.generations.work();
    const [batchId = ''] = await stage.sent(1);
    const [good, refused, broken, other] = asked as [Asked, Asked, Asked, Asked];
    stage.vendor.batches.finish(batchId, { [refused.uuid]: REFUSED_LINE, [broken.uuid]: BROKEN_LINE });
    expect(await stage.ended(asked)).toMatchObject([
      { status: 'SUCCEEDED', creditsCharged: PRICE },
      { status: 'FAILED', creditsCharged: 0, failure: { code: 'CONTENT_REFUSED', retryable: false } },
      { status: 'FAILED', creditsCharged: 0, failure: { code: 'PROVIDER_UNAVAILABLE', retryable: true } },
      { status: 'SUCCEEDED', creditsCharged: PRICE },
    ]);
    expect(await stage.attempts(good)).toEqual(BOOKED_HALF);
    expect(await stage.attempts(refused)).toEqual([
      { outcome: 'FAILED_UNBILLED', costMicros: 0n, costSource: 'catalog' },
    ]);
    expect(await stage.attempts(broken)).toEqual([
      { outcome: 'UNKNOWN', costMicros: CEILING_MICROS, costSource: 'ceiling' },
    ]);
    expect(await stage.attempts(other)).toEqual(BOOKED_HALF);
    expect(await stage.balance()).toEqual({ posted: 980, reserved: 0 });
    await stage.server.expectSound();
  });

  test('what a crash leaves unsent is sent by the next process, once, though the queue was lost', async () => {
    await using stage = await openStage({ kind });
    const asked = await stage.ask(25);
    const restarted = await stage.crash();
    await stage.server.rows('DELETE FROM pgboss.job');
    expect(await restarted.generations.recovery.sweep()).toBe(25);
    await restarted.generations.work();
    const [batchId = ''] = await stage.sent(1);
    expect(stage.vendor.batches.requestsOf(batchId)).toHaveLength(25);
    stage.vendor.batches.finish(batchId);
    for (const outcome of await stage.ended(asked, restarted)) {
      expect(outcome).toMatchObject({ status: 'SUCCEEDED', creditsCharged: PRICE });
    }
    expect(stage.vendor.submits).toBe(1);
    await stage.server.expectSound();
  });

  test('a crash after the submit loses nothing: the next process finds each result', async () => {
    await using stage = await openStage({ kind });
    const asked = await stage.ask(3);
    await stage.server.core.generations.work();
    const [batchId = ''] = await stage.sent(1);
    const restarted = await stage.crash();
    await stage.server.rows('DELETE FROM pgboss.job');
    stage.vendor.batches.finish(batchId);
    expect(await restarted.generations.recovery.sweep()).toBe(3);
    await restarted.generations.work();
    for (const outcome of await stage.ended(asked, restarted)) {
      expect(outcome).toMatchObject({ status: 'SUCCEEDED', creditsCharged: PRICE });
    }
    for (const each of asked) expect(await stage.attempts(each)).toEqual(BOOKED_HALF);
    expect(stage.vendor.submits).toBe(1);
    await stage.server.expectSound();
  });

  test('a crash during the submit gives the credits back, and books each at its ceiling', async () => {
    await using stage = await openStage({ kind });
    const asked = await stage.ask(3);
    stage.vendor.script(hang());
    const arrived = stage.vendor.arrived();
    await stage.server.core.generations.work();
    await arrived;
    const restarted = await stage.crash();
    expect(await restarted.generations.recovery.sweep()).toBe(3);
    for (const outcome of await stage.ended(asked, restarted)) {
      expect(outcome).toMatchObject({ status: 'FAILED', creditsCharged: 0 });
    }
    for (const each of asked) {
      expect(await stage.attempts(each)).toEqual([
        { outcome: 'UNKNOWN', costMicros: CEILING_MICROS, costSource: 'ceiling' },
      ]);
    }
    expect(stage.vendor.submits).toBe(1);
    expect(await stage.balance()).toEqual({ posted: 1_000, reserved: 0 });
    await stage.server.expectSound();
  });

  test('one that is given up before it is sent ends at once, and the others go without it', async () => {
    await using stage = await openStage({ kind });
    const asked = await stage.ask(3);
    const [gone, ...others] = asked as [Asked, Asked, Asked];
    expect(await stage.cancel(gone)).toBe('CANCELED');
    expect(await stage.attempts(gone)).toEqual([]);
    await stage.server.core.generations.work();
    const [batchId = ''] = await stage.sent(1);
    expect(stage.vendor.batches.requestsOf(batchId)).toHaveLength(2);
    stage.vendor.batches.finish(batchId);
    await stage.ended(others);
    expect(await stage.balance()).toEqual({ posted: 980, reserved: 0 });
    await stage.server.expectSound();
  });

  test('one that is given up among others is delivered, since a batch is stopped whole or not at all', async () => {
    await using stage = await openStage({ kind });
    const asked = await stage.ask(2);
    await stage.server.core.generations.work();
    const [batchId = ''] = await stage.sent(1);
    expect(await stage.cancel(asked[0] as Asked)).toBe('RUNNING');
    expect(stage.vendor.count('cancel')).toBe(0);
    stage.vendor.batches.finish(batchId);
    for (const outcome of await stage.ended(asked)) expect(outcome.status).toBe('SUCCEEDED');
    expect(await stage.balance()).toEqual({ posted: 980, reserved: 0 });
    await stage.server.expectSound();
  });

  test('what is wanted now does not wait for an identical one that has time; both serve later ones', async () => {
    await using stage = await openStage({ kind, env: { RESULT_CACHE: 'account' } });
    const { server, vendor, accountId } = stage;
    const prompt = unique('join');
    const call = { accountId, prompt, model: 'openai/gpt-image-2', size: '1024x1024' };
    const cachedOf = async (id = '') => {
      const { generation } = await server.admin.ask<{ generation: { status: string; cached: boolean } }>(
        'query ($id: ID!) { generation(id: $id) { status cached } }',
        { id },
      );
      return generation;
    };
    const [slow] = await stage.ask(1, { prompt });
    const [follower] = await stage.ask(1, { prompt });
    await server.core.generations.work();
    const [batchId = ''] = await stage.sent(1);
    // The one that has as much time waits for the other.
    expect(vendor.batches.requestsOf(batchId)).toHaveLength(1);

    const now = await server.admin.generateImage(call);
    expect(await cachedOf(now.id)).toEqual({ status: 'SUCCEEDED', cached: false });
    const again = await server.admin.generateImage(call);
    expect(await cachedOf(again.id)).toEqual({ status: 'SUCCEEDED', cached: true });
    expect(vendor.submits).toBe(2);
    expect(await cachedOf(slow?.id)).toEqual({ status: 'RUNNING', cached: false });

    vendor.batches.finish(batchId);
    await stage.ended([slow as Asked]);
    await server.core.queue.hurry('submit', follower?.uuid ?? '');
    await until('the follower is served', async () => (await cachedOf(follower?.id)).status === 'SUCCEEDED');
    expect(await cachedOf(follower?.id)).toEqual({ status: 'SUCCEEDED', cached: true });
    expect(vendor.submits).toBe(2);
    await server.expectSound();
  });
});

describe('a generation of low priority', () => {
  test('a full batch does not wait for its time', async () => {
    await using stage = await openStage({ work: true });
    // The worker has looked once and found nothing; the next time is in 15 seconds.
    const started = performance.now();
    await stage.ask(25);
    const [batchId = ''] = await stage.sent(1);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(stage.vendor.batches.requestsOf(batchId)).toHaveLength(25);
  });

  test('a batch that is turned away is refunded whole, and was one submit', async () => {
    await using stage = await openStage();
    const asked = await stage.ask(3);
    stage.vendor.script(status(429));
    await stage.server.core.generations.work();
    for (const outcome of await stage.ended(asked)) {
      expect(outcome).toMatchObject({ status: 'FAILED', failure: { code: 'PROVIDER_UNAVAILABLE' } });
    }
    for (const each of asked) {
      expect(await stage.attempts(each)).toEqual([
        { outcome: 'FAILED_UNBILLED', costMicros: 0n, costSource: 'catalog' },
      ]);
    }
    expect(stage.vendor.submits).toBe(1);
    expect(await stage.balance()).toEqual({ posted: 1_000, reserved: 0 });
    await stage.server.expectSound();
  });

  test('one that could not be sent for a day gives its credits back, and is not sent', async () => {
    await using stage = await openStage({ thresholds: { failures: 1, pauseMs: 60_000 } });
    const asked = await stage.ask(2);
    const { generations, routing } = stage.server.core;
    const words = { message: 'It is down.', detail: 'It is down.' };
    routing.learn('openai', {
      status: 'failed',
      code: 'PROVIDER_UNAVAILABLE',
      billed: 'no',
      retryable: true,
      ...words,
    });
    await until('it is left alone', () => !routing.isHealthy('openai'));
    await stage.server.rows(`UPDATE generation SET created_at = created_at - interval '1 day'`);
    await stage.server.rows(`UPDATE reservation SET expires_at = expires_at - interval '1 day'`);
    expect(await generations.recovery.sweep()).toBe(2);
    await generations.work();
    for (const outcome of await stage.ended(asked)) {
      expect(outcome).toMatchObject({ status: 'FAILED', failure: { code: 'PROVIDER_UNAVAILABLE' } });
    }
    expect(stage.vendor.submits).toBe(0);
    expect(await stage.balance()).toEqual({ posted: 1_000, reserved: 0 });
    await stage.server.expectSound();
  });

  test('one that is given up and alone in its batch stops it, and costs nothing', async () => {
    await using stage = await openStage();
    const asked = await stage.ask(1);
    await stage.server.core.generations.work();
    const [batchId = ''] = await stage.sent(1);
    expect(await stage.cancel(asked[0] as Asked)).toBe('RUNNING');
    expect(stage.vendor.count('cancel')).toBe(1);
    stage.vendor.batches.end(batchId, 'cancelled');
    expect(await stage.ended(asked)).toMatchObject([{ status: 'CANCELED', creditsCharged: 0 }]);
    expect(await stage.attempts(asked[0] as Asked)).toEqual([
      { outcome: 'CANCELED', costMicros: 0n, costSource: 'catalog' },
    ]);
    expect(await stage.balance()).toEqual({ posted: 1_000, reserved: 0 });
    await stage.server.expectSound();
  });

  test('a batch waits while its provider does not work, and is not written down as sent', async () => {
    await using stage = await openStage({ thresholds: { failures: 1, pauseMs: 60_000 } });
    const { server, vendor, accountId } = stage;
    await stage.ask(2);
    vendor.script(status(500));
    await server.admin.generateImage({ accountId, model: 'openai/gpt-image-2', size: '1024x1024' });
    expect(server.core.routing.isHealthy('openai')).toBe(false);
    await server.core.generations.work();
    await until('both are put off', async () => {
      const later = await server.rows(
        "SELECT 1 FROM pgboss.job WHERE name = 'generation-batch' AND state = 'created' AND start_after > now()",
      );
      return later.length === 2;
    });
    expect(
      await server.rows("SELECT sent_at AS at FROM generation WHERE request->>'priority' = 'LOW'"),
    ).toEqual([{ at: null }, { at: null }]);
    expect(vendor.submits).toBe(1);
    await server.expectSound();
  });

  test('where the provider has no batches, one is made as usual, after what is wanted now', async () => {
    await using stage = await openStage({ env: { SANDBOX: 'on' } });
    const { server, accountId } = stage;
    const asked = await stage.ask(1, CHEAP);
    expect(await server.rows("SELECT name, priority FROM pgboss.job WHERE state = 'created'")).toEqual([
      { name: 'generation-submit', priority: -1 },
    ]);
    await server.core.generations.work();
    expect(await stage.ended(asked)).toMatchObject([{ status: 'SUCCEEDED', creditsCharged: 2 }]);
    expect(await server.admin.balance(accountId)).toMatchObject({ posted: 998, reserved: 0 });
    await server.expectSound();
  });

  test('a key knows how soon its result was wanted', async () => {
    await using stage = await openStage({ env: { SANDBOX: 'on' } });
    const { server, accountId } = stage;
    const call = { ...CHEAP, accountId, waitMs: 0, idempotencyKey: unique('key') };
    const first = await server.admin.generateImage({ ...call, priority: 'LOW' });
    expect(await server.admin.generateImage({ ...call, priority: 'LOW' })).toMatchObject({ id: first.id });
    expect(await server.admin.generateImage(call)).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    const other = { ...call, idempotencyKey: unique('key') };
    const second = await server.admin.generateImage(other);
    expect(await server.admin.generateImage({ ...other, priority: 'NORMAL' })).toMatchObject({
      id: second.id,
    });
  });

  test('one may take a day, and is given up at its ceiling after 25 hours', async () => {
    await using stage = await openStage();
    const { server } = stage;
    const asked = await stage.ask(1);
    await server.core.generations.work();
    await stage.sent(1);
    const age = async (hours: number) => {
      await server.rows("UPDATE generation SET sent_at = now() - $1 * interval '1 hour'", [hours]);
      await server.core.queue.hurry('check', asked[0]?.uuid ?? '');
    };
    const [kept] = await server.rows<{ hours: number }>(
      'SELECT round(extract(epoch FROM expires_at - now()) / 3600)::int AS hours FROM reservation',
    );
    expect(kept).toEqual({ hours: 25 });
    const questions = stage.vendor.count('check');
    await age(24);
    await until('it is asked after, and again later', async () => {
      const [next] = await server.rows(
        "SELECT 1 FROM pgboss.job WHERE name = 'generation-check' AND state = 'created' AND start_after > now()",
      );
      return stage.vendor.count('check') > questions && next !== undefined;
    });
    expect(await server.admin.generation(asked[0]?.id ?? '')).toMatchObject({ status: 'RUNNING' });
    await age(25);
    expect(await stage.ended(asked)).toMatchObject([{ status: 'FAILED', creditsCharged: 0 }]);
    expect(await stage.attempts(asked[0] as Asked)).toEqual([
      { outcome: 'UNKNOWN', costMicros: CEILING_MICROS, costSource: 'ceiling' },
    ]);
    await server.expectSound();
  });
});
