/**
 * Reports of vendors at `/webhooks/:provider`: whatever comes, in whatever order and however often, a job is booked once,
 * and nothing is believed that was not proven.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../server/ids.ts';
import type { WebhookDelivery } from '../../server/providers/index.ts';
import { until } from '../support/server.ts';
import { held, status } from '../support/vendors/http-vendor.ts';
import { expectDelivered, type JobStage, openJobStage, post, type VendorStage } from './job-stage.ts';

const REPORTING = ['replicate', 'midjourney', 'deep-image', 'luma', 'pika'] as const;
const MINUTE_MS = 60_000;
/** A reason is a sentence. */
const SENTENCE = /^[A-Z].+\.$/;

let stage: JobStage;
beforeAll(async () => {
  // No margin: the next provider may cost all that the credits earn, so that there is one to go on to.
  stage = await openJobStage(REPORTING, { env: { MIN_MARGIN: '0' } });
});
afterAll(async () => {
  await stage.server.expectSound();
  await stage[Symbol.asyncDispose]();
});

/** How often the vendor was asked anything. */
const questions = ({ vendor }: VendorStage) => vendor.count('check');

describe.concurrent.each(REPORTING)('a report of %s', { concurrent: true }, (name) => {
  describe.sequential('at its address', () => {
    let v: VendorStage;
    beforeAll(() => {
      v = stage.of(name);
    });
    afterEach(() => stage.server.expectSound());

    /** A job that the vendor has not ended. */
    async function running() {
      const generation = await v.begin();
      const jobId = await generation.job();
      expect(await generation.status()).toBe('RUNNING');
      return { generation, jobId, address: v.address() };
    }
    const proven = () => v.session.webhooks?.signed === true;

    test('ends its generation: the file is kept, the credits are charged, and the vendor is asked only for what the report does not prove', async () => {
      const { generation, jobId, address } = await running();
      const asked = questions(v);
      await v.jobs.finish(jobId);
      expect(await post(address, await v.delivery(jobId))).toEqual({ status: 200 });
      await expectDelivered(v, generation, stage.server);
      const saysAll = name === 'replicate' || name === 'midjourney';
      if (saysAll) expect(questions(v)).toBe(asked);
      else expect(questions(v)).toBeGreaterThan(asked);
    });

    test('of a failure gives the credits back', async () => {
      const { generation, jobId, address } = await running();
      v.jobs.fail?.(jobId);
      expect(await post(address, await v.delivery(jobId))).toEqual({ status: 200 });
      expect(await generation.status()).toBe('FAILED');
      await generation.expectBalance(0);
    });

    test('that comes twice, and a second report of the same, have one effect', async () => {
      const { generation, jobId, address } = await running();
      await v.jobs.finish(jobId);
      const delivery = await v.delivery(jobId);
      expect(await Promise.all([post(address, delivery), post(address, delivery)])).toEqual([
        { status: 200 },
        { status: 200 },
      ]);
      const books = await generation.books();
      await expectDelivered(v, generation, stage.server);
      expect(await post(address, delivery)).toEqual({ status: 200 });
      const later = new Date(stage.server.core.clock.now().getTime() + 1_000);
      expect(await post(address, await v.delivery(jobId, later))).toEqual({ status: 200 });
      expect(await generation.books()).toEqual(books);
    });

    test('that comes before the answer to the submit is taken, and the answer then changes nothing', async () => {
      const answer = held();
      v.vendor.script(answer);
      const submits = v.vendor.submits;
      const generation = await v.begin();
      const jobId = v.jobIdOf(await answer.answer);
      const address = v.address();
      await v.jobs.finish(jobId);
      expect(await post(address, await v.delivery(jobId))).toEqual({ status: 200 });
      await expectDelivered(v, generation, stage.server);
      const books = await generation.books();
      answer.release();
      await until('the answer is dealt with', () => stage.server.core.generations.active === 0);
      await generation.idle();
      expect(await generation.books()).toEqual(books);
      expect(v.vendor.submits).toBe(submits + 1);
    });

    test('a question after it, and one at the same time, settle nothing again', async () => {
      const { generation, jobId, address } = await running();
      await v.jobs.finish(jobId);
      const [report] = await Promise.all([post(address, await v.delivery(jobId)), generation.poll()]);
      expect(report).toEqual({ status: 200 });
      await expectDelivered(v, generation, stage.server);
      const books = await generation.books();
      await generation.poll();
      expect(await generation.books()).toEqual(books);
    });

    test('after a question that has found its end changes nothing', async () => {
      for (const outcome of ['SUCCEEDED', 'FAILED']) {
        const { generation, jobId, address } = await running();
        if (outcome === 'FAILED') v.jobs.fail?.(jobId);
        else await v.jobs.finish(jobId);
        await generation.poll();
        expect(await generation.status()).toBe(outcome);
        const books = await generation.books();
        expect(await post(address, await v.delivery(jobId))).toEqual({ status: 200 });
        expect(await generation.books()).toEqual(books);
      }
    });

    test('of a job that its customer gave up leaves it CANCELED, and its cost as the vendor told it', async ({
      skip,
    }) => {
      if (v.harness.cancelable === false) return skip('This vendor cannot stop a job.');
      const { generation, jobId, address } = await running();
      const delivery = await v.delivery(jobId);
      expect(await generation.cancel()).toMatchObject({ status: 'CANCELED' });
      const books = await generation.books();
      // Luma has deleted it, and can report no more than what it had said before.
      const after = await v.delivery(jobId).catch(() => delivery);
      expect(await post(address, name === 'luma' ? delivery : after)).toEqual({ status: 200 });
      expect(await generation.attempts()).toMatchObject([{ outcome: 'CANCELED' }]);
      expect(await generation.books()).toEqual(books);
    });

    test('with a forged signature, without one, changed, or replayed later is refused, and changes nothing', async ({
      skip,
    }) => {
      if (!proven()) return skip('This vendor signs nothing.');
      const { generation, jobId, address } = await running();
      await v.jobs.finish(jobId);
      const now = stage.server.core.clock.now().getTime();
      const real = await v.delivery(jobId);
      const other = await v.delivery(jobId, new Date(now + 1_000));
      const signature = Object.keys(real.headers).find((header) => header.endsWith('signature')) ?? '';
      const text = Buffer.from(real.body).toString();
      const forgeries: Record<string, WebhookDelivery> = {
        'a forged signature': {
          ...real,
          headers: { ...real.headers, [signature]: other.headers[signature] },
        },
        'no signature': { ...real, headers: { 'content-type': 'application/json' } },
        'a changed body': { ...real, body: Buffer.from(`${text} `) },
        'a report of long ago': await v.delivery(jobId, new Date(now - 6 * MINUTE_MS)),
        'a report of the future': await v.delivery(jobId, new Date(now + 6 * MINUTE_MS)),
      };
      const books = await generation.books();
      const asked = questions(v);
      for (const [what, delivery] of Object.entries(forgeries)) {
        expect(await post(address, delivery), what).toEqual({
          status: 400,
          reason: expect.stringMatching(SENTENCE),
        });
      }
      expect(await generation.books()).toEqual(books);
      expect(questions(v)).toBe(asked);
      expect(await post(address, real)).toEqual({ status: 200 });
      await expectDelivered(v, generation, stage.server);
    });

    test('that says more than it proves only makes Solvent ask', async ({ skip }) => {
      if (proven()) return skip('This vendor proves what it says.');
      const { generation, jobId, address } = await running();
      const asked = questions(v);
      const said = JSON.parse(Buffer.from((await v.delivery(jobId)).body).toString());
      const evil = `${v.vendor.origin}/files/evil.mp4`;
      const lie = {
        ...said,
        state: 'completed',
        assets: { video: evil },
        status: 'complete',
        result_url: evil,
      };
      const headers = { 'content-type': 'application/json' };
      expect(await post(address, { headers, body: Buffer.from(JSON.stringify(lie)) })).toEqual({
        status: 200,
      });
      expect(questions(v)).toBe(asked + 1);
      expect(await generation.status()).toBe('RUNNING');
      expect(v.vendor.hits.some(({ path }) => path.includes('evil'))).toBe(false);
      await v.jobs.finish(jobId);
      await generation.poll();
      await expectDelivered(v, generation, stage.server);
    });

    test('that cannot be read is refused', async () => {
      const { generation, address } = await running();
      const books = await generation.books();
      const headers = { 'content-type': 'application/json' };
      for (const body of ['', '{', 'null', '[]', '{"id":7}', '<html>']) {
        expect(await post(address, { headers, body: Buffer.from(body) }), body).toEqual({
          status: 400,
          reason: expect.stringMatching(SENTENCE),
        });
      }
      expect(await generation.books()).toEqual(books);
      await generation.cancel();
    });

    test('to an address that was not made for it is refused: a wrong call, another generation, another provider, none', async () => {
      const first = await running();
      const second = await running();
      await v.jobs.finish(first.jobId);
      const delivery = await v.delivery(first.jobId);
      const before = [await first.generation.books(), await second.generation.books()];
      const asked = questions(v);
      const { origin, pathname, searchParams } = new URL(first.address);
      const call = searchParams.get('call') ?? '';
      const [id = '', attempt = '', proof = ''] = call.split('.');
      const elsewhere = stage.server.core.generations.reports.urlFor(
        name === 'luma' ? 'pika' : 'luma',
        first.generation.uuid,
        1,
      );
      const wrong = [
        `${origin}${pathname}?call=`,
        `${origin}${pathname}?call=nonsense`,
        `${origin}${pathname}?call=${call.slice(0, -1)}${call.endsWith('A') ? 'B' : 'A'}`,
        `${origin}${pathname}?call=${id}.${attempt}.`,
        `${origin}${pathname}?call=${id}.2.${proof}`,
        `${origin}${pathname}?call=${second.generation.uuid}.${attempt}.${proof}`,
        `${origin}${pathname}?call=${new URL(elsewhere ?? '').searchParams.get('call')}`,
        second.address,
        ...(proven() ? [] : [`${origin}${pathname}`]),
      ];
      for (const address of wrong) {
        expect(await post(address, delivery), address).toEqual({
          status: 400,
          reason: expect.stringMatching(SENTENCE),
        });
      }
      expect([await first.generation.books(), await second.generation.books()]).toEqual(before);
      expect(questions(v)).toBe(asked);
      // One with a proof names its job by itself, as when its address is set in the vendor's own pages.
      expect(await post(proven() ? `${origin}${pathname}` : first.address, delivery)).toEqual({
        status: 200,
      });
      await expectDelivered(v, first.generation, stage.server);
      await second.generation.cancel();
    });

    test('of a job that nobody asked for is not found', async () => {
      const { generation, jobId, address } = await running();
      await v.jobs.finish(jobId);
      const books = await generation.books();
      const nobody = stage.server.core.generations.reports.urlFor(name, newId(), 1) ?? '';
      expect(await post(nobody, await v.delivery(jobId))).toEqual({
        status: 404,
        reason: expect.stringMatching(SENTENCE),
      });
      if (proven()) {
        // The vendor's own signature, under a job of somebody else.
        const strange = await v.session.provider.submit({
          generationId: newId(),
          model: v.harness.model,
          vendorModel: v.harness.vendorModel,
          request: v.harness.request,
          input: v.harness.input,
          endUser: 'a customer of somebody else',
          signal: new AbortController().signal,
        });
        await v.jobs.finish(strange.jobId ?? '');
        const { origin, pathname } = new URL(address);
        expect(await post(`${origin}${pathname}`, await v.delivery(strange.jobId ?? ''))).toMatchObject({
          status: 404,
        });
      }
      expect(await generation.books()).toEqual(books);
      await generation.poll();
      await expectDelivered(v, generation, stage.server);
    });

    test('is sent by POST, and has at most a mebibyte', async () => {
      const { generation, address } = await running();
      const books = await generation.books();
      for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
        const response = await fetch(address, { method });
        expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, 'POST']);
        await response.bytes();
      }
      const large = Buffer.alloc(1024 * 1024 + 1, ' ');
      const headers = { 'content-type': 'application/json' };
      expect(await post(address, { headers, body: large })).toMatchObject({ status: 413 });
      // Of a length that is not said beforehand.
      const chunked = await fetch(address, {
        method: 'POST',
        headers,
        // Undici wants it said that the request is sent to its end before the answer is read.
        ...{ duplex: 'half' },
        body: new ReadableStream({
          start(controller) {
            for (let part = 0; part < 20; part += 1) controller.enqueue(Buffer.alloc(64 * 1024, ' '));
            controller.close();
          },
        }),
      });
      expect(chunked.status).toBe(413);
      expect(await generation.books()).toEqual(books);
      await generation.cancel();
    });
  });
});

describe.each([
  { first: 'luma', second: 'pika', asked: { minimumQuality: 9.5 } },
  { first: 'replicate', second: 'midjourney', asked: { minimumQuality: 9.65 } },
] as const)('a generation that went from $first to $second', ({ first, second, asked }) => {
  let a: VendorStage;
  let b: VendorStage;
  beforeAll(() => {
    a = stage.of(first);
    b = stage.of(second);
  });
  afterEach(() => stage.server.expectSound());

  test('is not changed by reports of the attempts that others have followed', async () => {
    const generation = await a.begin({ model: null, ...asked });
    const failed = await generation.job();
    const address = a.address();
    a.jobs.fail?.(failed);
    const delivery = await a.delivery(failed);
    const report = () => post(address, delivery);
    expect(await report()).toEqual({ status: 200 });
    expect((await stage.server.core.generations.read(generation.uuid))?.provider).toBe(second);
    const jobId = await generation.job();
    const books = await generation.books();
    expect(await report()).toEqual({ status: 200 });
    expect(await generation.books()).toEqual(books);
    await b.jobs.finish(jobId);
    expect(await post(b.address(), await b.delivery(jobId))).toEqual({ status: 200 });
    expect(await report()).toEqual({ status: 200 });
    expect(await generation.attempts()).toMatchObject([
      { number: 1, provider: first, outcome: 'FAILED_UNBILLED', costMicros: 0n },
      { number: 2, provider: second, outcome: 'SUCCEEDED' },
    ]);
    await generation.expectBalance(generation.answer.creditsReserved ?? 0);
  });

  test('is not ended by the answer to a question about the attempt before', async () => {
    const generation = await a.begin({ model: null, ...asked });
    const jobId = await generation.job();
    a.jobs.fail?.(jobId);
    const answer = held();
    a.vendor.script(answer, { on: 'check' });
    await stage.server.core.queue.hurry('check', generation.uuid);
    await answer.answer;
    expect(await post(a.address(), await a.delivery(jobId))).toEqual({ status: 200 });
    const standing = () => stage.server.core.generations.read(generation.uuid);
    await until('the next job is known', async () => (await standing())?.jobId != null);
    const next = (await standing())?.jobId ?? '';
    const books = await generation.books();
    answer.release();
    await generation.idle();
    expect(await generation.books()).toEqual(books);
    expect(await generation.status()).toBe('RUNNING');
    await b.jobs.finish(next);
    await generation.poll();
    expect(await generation.attempts()).toMatchObject([
      { number: 1, outcome: 'FAILED_UNBILLED' },
      { number: 2, provider: second, outcome: 'SUCCEEDED' },
    ]);
    await generation.expectBalance(generation.answer.creditsReserved ?? 0);
  });
});

describe('what is known better', () => {
  afterEach(() => stage.server.expectSound());

  test('corrects the cost of a job that was given up, and its customer keeps the credits', async () => {
    const v = stage.of('deep-image');
    const generation = await v.begin();
    const jobId = await generation.job();
    v.jobTimeoutMs = 0;
    await generation.poll();
    v.jobTimeoutMs = undefined;
    expect(await generation.status()).toBe('FAILED');
    expect(await generation.attempts()).toMatchObject([
      { outcome: 'UNKNOWN', costMicros: 80_000n, costSource: 'ceiling' },
    ]);
    await v.jobs.finish(jobId);
    expect(await post(v.address(), await v.delivery(jobId))).toEqual({ status: 200 });
    expect(await generation.attempts()).toMatchObject([
      { outcome: 'SUCCEEDED', costMicros: 80_000n, costSource: 'catalog' },
    ]);
    expect(await generation.status()).toBe('FAILED');
    await generation.expectBalance(0);
  });

  test('is not what a vendor says who has forgotten the job', async () => {
    const v = stage.of('luma');
    const generation = await v.begin();
    const jobId = await generation.job();
    v.jobs.fail?.(jobId);
    const delivery = await v.delivery(jobId);
    expect(await post(v.address(), delivery)).toEqual({ status: 200 });
    const books = await generation.books();
    expect(await generation.attempts()).toMatchObject([{ outcome: 'FAILED_UNBILLED', costMicros: 0n }]);
    v.vendor.script(status(404), { on: 'check' });
    expect(await post(v.address(), delivery)).toEqual({ status: 200 });
    expect(await generation.books()).toEqual(books);
  });
});

test('a report is not found where nobody reports', async () => {
  for (const provider of ['openai', 'nobody', '', 'constructor', 'luma/x']) {
    expect(
      await post(`${stage.server.url}/webhooks/${provider}`, { headers: {}, body: Buffer.from('{}') }),
    ).toEqual({ status: 404, reason: expect.stringMatching(SENTENCE) });
  }
});
