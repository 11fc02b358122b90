/** The contract of server/providers/provider.ts over OpenAI's batches, and what is peculiar to them. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createOpenAi } from '../../server/providers/openai.ts';
import type { GenerationRequest, Provider, SubmitResult } from '../../server/providers/provider.ts';
import { formOf } from '../support/vendors/form.ts';
import { type Fault, hang, reset, slow, status } from '../support/vendors/http-vendor.ts';
import { startOpenAiVendor } from '../support/vendors/openai.ts';
import { png } from '../support/vendors/png.ts';
import { providerContract } from './provider.ts';
import { OPENAI_KEY } from './vendors/openai.ts';
import {
  BROKEN_LINE,
  halfPrice,
  openaiBatch,
  placeOf,
  REFUSED_LINE,
  sendTogether,
} from './vendors/openai-batch.ts';
import { PICTURE, quiet, submitOf } from './vendors/requests.ts';

// A batch's name in the suite is its provider's: what is asked for is the same.
providerContract('openai (batches)', openaiBatch);

async function start(timeoutMs?: number) {
  const vendor = await startOpenAiVendor({ apiKey: OPENAI_KEY });
  const open = () =>
    createOpenAi({
      apiKey: OPENAI_KEY,
      baseUrl: vendor.url,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  const provider = open();
  return {
    vendor,
    provider,
    /** The same account, in another process. */
    open,
    /** Sends a batch with a line for each, and gives its id with the ids of its jobs. */
    async send(...requests: Partial<GenerationRequest>[]) {
      const submits = requests.map((request, index) =>
        submitOf('gpt-image-2', { prompt: `Picture ${index}`, ...request }, { generationId: randomUUID() }),
      );
      const results = await sendTogether(provider, submits);
      const jobIds = results.map((result) => (result.status === 'running' ? result.jobId : ''));
      const { batchId } = placeOf(jobIds.find(Boolean) ?? '');
      return { results, jobIds, batchId, ids: submits.map(({ generationId }) => generationId) };
    },
    [Symbol.asyncDispose]: vendor.close,
  };
}

const check = (provider: Provider, jobIds: readonly string[]): Promise<SubmitResult[]> =>
  Promise.all(jobIds.map((jobId) => provider.check(jobId, quiet())));
const lines = (count: number): Partial<GenerationRequest>[] => Array.from({ length: count }, () => ({}));

describe("OpenAI's batches", () => {
  test('are a file of the very requests that are made at once elsewhere, and one paid POST', async () => {
    await using session = await start();
    const { results, ids } = await session.send({ quality: 'high', count: 2 }, {});
    const { hits, batches } = session.vendor;
    expect(hits.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /v1/files',
      'POST /v1/batches',
    ]);
    const [file, batch] = hits;
    const form = file && (await formOf(file));
    expect(form?.get('purpose')).toBe('batch');
    expect(JSON.parse(batch?.body ?? '')).toEqual({
      input_file_id: expect.stringMatching(/^file-/),
      endpoint: '/v1/images/generations',
      completion_window: '24h',
    });
    expect(batches.requestsOf(batches.ids[0] ?? '')).toEqual([
      {
        custom_id: ids[0],
        method: 'POST',
        url: '/v1/images/generations',
        body: {
          model: 'gpt-image-2',
          prompt: 'Picture 0',
          n: 2,
          size: PICTURE.size,
          quality: 'high',
          safety_identifier: 'user_6f1ed002ab5595859014ebf0951522d9',
        },
      },
      expect.objectContaining({ custom_id: ids[1] }),
    ]);
    const jobIds = results.map((result) => result.jobId);
    expect(new Set(jobIds).size).toBe(2);
    expect(results).toEqual(
      jobIds.map((jobId) => ({
        status: 'running',
        jobId,
        pollAfterMs: 60_000,
        deadlineMs: 25 * 60 * 60_000,
      })),
    );
  });

  const uploads: readonly { readonly what: string; readonly fault: () => Fault }[] = [
    { what: 'breaks off', fault: reset },
    { what: 'is never answered', fault: hang },
    { what: 'meets an internal error', fault: () => status(500) },
    { what: 'is answered with something else', fault: () => status(200, { hello: 'world' }) },
  ];
  for (const { what, fault } of uploads) {
    test(`cost nothing when the upload of their file ${what}, after which nothing is sent`, async () => {
      await using session = await start(300);
      session.vendor.script(fault(), { on: 'other' });
      const { results } = await session.send({}, {});
      for (const result of results) expect(result).toMatchObject({ status: 'failed', billed: 'no' });
      expect(session.vendor.submits).toBe(0);
    });
  }

  test('give each job its own pictures at half the price, wherever its line is in the file', async () => {
    await using session = await start();
    const { jobIds, batchId } = await session.send({}, { count: 2 }, { size: '1536x1024' });
    session.vendor.batches.finish(batchId);
    const picture = (prompt: string, width = 1024) => ({
      content: png(width, 1024, prompt),
      contentType: 'image/png',
      width,
      height: 1024,
    });
    expect(await check(session.provider, jobIds)).toEqual([
      { status: 'succeeded', outputs: [picture('Picture 0')], costMicros: halfPrice(1), jobId: jobIds[0] },
      {
        status: 'succeeded',
        outputs: [picture('Picture 1'), picture('Picture 1')],
        costMicros: halfPrice(2),
        jobId: jobIds[1],
      },
      {
        status: 'succeeded',
        outputs: [picture('Picture 2', 1536)],
        costMicros: halfPrice(1),
        jobId: jobIds[2],
      },
    ]);
  });

  test('fetch their file once for all of their jobs, and again for another process', async () => {
    await using session = await start();
    const { jobIds, batchId } = await session.send(...lines(25));
    session.vendor.batches.finish(batchId);
    const results = await check(session.provider, jobIds);
    expect(results.filter((result) => result.status === 'succeeded')).toHaveLength(25);
    expect(session.vendor.count('file')).toBe(1);
    // All at once asked how the batch is by one question.
    expect(session.vendor.count('check')).toBe(1);
    expect(await check(session.open(), jobIds)).toEqual(results);
    expect(session.vendor.count('file')).toBe(2);
  });

  test('whose file takes longer than a question are asked again, and do not fetch it again', async () => {
    await using session = await start();
    const { jobIds, batchId } = await session.send({});
    session.vendor.batches.finish(batchId);
    session.vendor.script(slow(300), { on: 'file' });
    const fetching = session.vendor.arrived('file');
    const hurried = new AbortController();
    const first = session.provider.check(jobIds[0] ?? '', hurried.signal);
    await fetching;
    hurried.abort();
    expect(await first).toMatchObject({ status: 'running', jobId: jobIds[0], pollAfterMs: 5_000 });
    expect(await check(session.provider, jobIds)).toMatchObject([{ status: 'succeeded' }]);
    expect(session.vendor.count('file')).toBe(1);
  });

  test('of more batches than are kept, each file is fetched once however often it is asked for on its way', async () => {
    await using session = await start();
    const jobIds: string[] = [];
    for (let batches = 0; batches < 4; batches += 1) {
      const sent = await session.send({});
      session.vendor.batches.finish(sent.batchId);
      jobIds.push(...sent.jobIds);
    }
    session.vendor.script(slow(400), { on: 'file', times: 4 });
    for (let questions = 0; questions < 3; questions += 1) {
      const hurried = await Promise.all(
        jobIds.map((jobId) => session.provider.check(jobId, AbortSignal.timeout(60))),
      );
      expect(new Set(hurried.map((result) => result.status))).toEqual(new Set(['running']));
    }
    const results = await check(session.provider, jobIds);
    expect(new Set(results.map((result) => result.status))).toEqual(new Set(['succeeded']));
    expect(session.vendor.count('file')).toBe(4);
  });

  test('a job whose file cannot be had for now runs on, and one whose file is gone may have been billed', async () => {
    await using session = await start();
    const { jobIds, batchId } = await session.send({});
    session.vendor.batches.finish(batchId);
    session.vendor.script(status(500), { on: 'file' });
    expect(await check(session.provider, jobIds)).toMatchObject([
      { status: 'running', detail: expect.stringContaining('HTTP 500') },
    ]);
    session.vendor.script(status(404), { on: 'file' });
    expect(await check(session.provider, jobIds)).toMatchObject([{ status: 'failed', billed: 'unknown' }]);
    expect(await check(session.provider, jobIds)).toMatchObject([{ status: 'succeeded' }]);
  });

  test('tell of each job by itself why it failed, and whether that is billed', async () => {
    await using session = await start();
    const { jobIds, ids, batchId } = await session.send({}, {}, { size: '17x17' }, {}, {}, {});
    const [, refused = '', , broken = '', late = '', empty = ''] = ids;
    session.vendor.batches.finish(batchId, {
      [refused]: REFUSED_LINE,
      [broken]: BROKEN_LINE,
      [late]: { error: { code: 'request_timeout', message: 'The request timed out.' } },
      [empty]: {
        status: 200,
        body: { created: 1, data: [], usage: { input_tokens: 13, output_tokens: 1, total_tokens: 14 } },
      },
    });
    expect(await check(session.provider, jobIds)).toMatchObject([
      { status: 'succeeded' },
      { status: 'failed', code: 'CONTENT_REFUSED', billed: 'no', retryable: false, jobId: jobIds[1] },
      { status: 'failed', code: 'INVALID_INPUT', billed: 'no', message: expect.stringMatching(/divisible/) },
      { status: 'failed', code: 'PROVIDER_UNAVAILABLE', billed: 'unknown', retryable: true },
      { status: 'failed', code: 'PROVIDER_UNAVAILABLE', billed: 'unknown', retryable: true },
      // 13 tokens of the dearer kind in, and one out: 134 micros, and half of that.
      { status: 'failed', code: 'PROVIDER_UNAVAILABLE', billed: 'yes', costMicros: 67n },
    ]);
  });

  for (const end of ['expired', 'cancelled'] as const) {
    test(`that end ${end} deliver what was made until then, and the rest is not billed`, async () => {
      await using session = await start();
      const { jobIds, batchId } = await session.send({}, {}, {});
      session.vendor.batches.end(batchId, end, 1);
      const [made, ...rest] = await check(session.provider, jobIds);
      expect(made).toMatchObject({ status: 'succeeded', costMicros: halfPrice(1) });
      for (const result of rest) {
        expect(result).toMatchObject({
          status: 'failed',
          code: 'PROVIDER_UNAVAILABLE',
          billed: 'no',
          retryable: true,
          detail: expect.stringContaining(`batch_${end}`),
        });
      }
    });
  }

  test('that are turned away as a whole cost nothing', async () => {
    await using session = await start();
    const full = await session.send({}, {});
    session.vendor.batches.reject(full.batchId, 'token_limit_exceeded', 'Enqueued token limit reached.');
    for (const result of await check(session.provider, full.jobIds)) {
      expect(result).toMatchObject({ status: 'failed', billed: 'no', retryable: true });
    }
    const wrong = await session.send({});
    session.vendor.batches.reject(wrong.batchId, 'model_not_found', 'This model cannot be batched.');
    expect(await check(session.provider, wrong.jobIds)).toMatchObject([
      { billed: 'no', retryable: false, detail: expect.stringContaining('This model cannot be batched.') },
    ]);
    expect(session.vendor.count('file')).toBe(0);
  });

  test('that are complete without a line for a job leave open whether it was billed', async () => {
    await using session = await start();
    const { jobIds, batchId } = await session.send({});
    session.vendor.batches.finish(batchId);
    const stranger = jobIds[0]?.replace(/line=[^&]+/, `line=${randomUUID()}`) ?? '';
    expect(await check(session.provider, [stranger])).toMatchObject([
      { status: 'failed', billed: 'unknown' },
    ]);
  });

  test('tell how far they are', async () => {
    await using session = await start();
    const { jobIds, batchId } = await session.send(...lines(5));
    session.vendor.batches.progress(batchId, 2);
    expect(await check(session.provider, jobIds.slice(0, 1))).toMatchObject([
      { status: 'running', progress: 0.4 },
    ]);
  });

  test('leave out what cannot be asked for, which is refused alone', async () => {
    await using session = await start();
    const { results, batchId } = await session.send({}, { prompt: undefined }, {});
    expect(results).toMatchObject([
      { status: 'running' },
      { status: 'failed', code: 'INVALID_INPUT', billed: 'no' },
      { status: 'running' },
    ]);
    expect(session.vendor.batches.requestsOf(batchId)).toHaveLength(2);
    const alone = await session.send({ prompt: undefined });
    expect(alone.results).toMatchObject([{ code: 'INVALID_INPUT' }]);
    expect(session.vendor.submits).toBe(1);
  });

  test('are stopped for a job that is alone, and what that comes to is told when they have ended', async () => {
    await using session = await start();
    const { jobIds, batchId } = await session.send({});
    const [jobId = ''] = jobIds;
    expect(await session.provider.cancel(jobId, quiet())).toEqual({
      status: 'goes-on',
      detail: expect.stringContaining('is being stopped'),
    });
    expect(session.vendor.count('cancel')).toBe(1);
    expect(await check(session.provider, jobIds)).toMatchObject([{ status: 'running' }]);
    session.vendor.batches.end(batchId, 'cancelled');
    expect(await check(session.provider, jobIds)).toMatchObject([{ status: 'failed', billed: 'no' }]);
  });

  test('are not stopped for one of several jobs', async () => {
    await using session = await start();
    const { jobIds } = await session.send({}, {});
    expect(await session.provider.cancel(jobIds[0] ?? '', quiet())).toEqual({
      status: 'goes-on',
      detail: expect.stringContaining('one of 2'),
    });
    expect(session.vendor.count('cancel')).toBe(0);
  });

  test('of a model without a known price leave the cost to the catalogue', async () => {
    await using session = await start();
    const [result] = await sendTogether(session.provider, [submitOf('gpt-image-2.5-flare')]);
    session.vendor.batches.finish(session.vendor.batches.ids[0] ?? '');
    expect(await check(session.provider, [result?.jobId ?? ''])).toMatchObject([
      { status: 'succeeded', costMicros: null },
    ]);
  });
});
