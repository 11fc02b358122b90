/** Runway: the contract, and what is peculiar to it. */
import { parseBuffer } from 'music-metadata';
import { describe, expect, test } from 'vitest';
import type { GenerationRequest, InputFile, SubmitRequest } from '../../server/providers/provider.ts';
import { createRunway } from '../../server/providers/runway.ts';
import { hang, reply, status } from '../support/vendors/http-vendor.ts';
import { mp4 } from '../support/vendors/mp4.ts';
import { startRunwayVendor } from '../support/vendors/runway.ts';
import { providerContract } from './provider.ts';
import { RUNWAY_COST_MICROS, RUNWAY_INPUT, RUNWAY_KEY, RUNWAY_REQUEST, runway } from './vendors/runway.ts';

providerContract('runway', runway);

function submitOf(
  vendorModel = 'gen4_turbo',
  request: Partial<GenerationRequest> = {},
  input: InputFile | undefined = RUNWAY_INPUT,
): SubmitRequest {
  return {
    generationId: '019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a92',
    model: 'runway/gen4_turbo',
    vendorModel,
    request: { ...RUNWAY_REQUEST, ...request },
    input,
    webhookUrl: 'https://solvent.example/webhooks/runway/secret',
    endUser: 'user_6f1ed002ab5595859014ebf0951522d9',
    signal: quiet(),
  };
}
/** One from words alone. */
function worded(vendorModel: string, request: Partial<GenerationRequest> = {}): SubmitRequest {
  return { ...submitOf(vendorModel, { imageUrl: undefined, ...request }), input: undefined };
}
const quiet = () => new AbortController().signal;

async function start() {
  const vendor = await startRunwayVendor({ apiKey: RUNWAY_KEY });
  const provider = createRunway({ apiKey: RUNWAY_KEY, baseUrl: vendor.url });
  const begin = async (submit = submitOf()) => (await provider.submit(submit)).jobId ?? '';
  return { vendor, provider, begin, [Symbol.asyncDispose]: vendor.close };
}

test('the films of the vendor on loopback are films', async () => {
  const { format } = await parseBuffer(mp4(5, 640, 360), { mimeType: 'video/mp4' });
  expect(format).toMatchObject({ hasVideo: true, hasAudio: false });
  expect(format.trackInfo).toMatchObject([{ duration: 5, video: { pixelWidth: 640, pixelHeight: 360 } }]);
});

describe('what goes to Runway', () => {
  test('a film from a picture carries the bytes that were checked, and nothing that was not asked for', async () => {
    await using session = await start();
    await session.provider.submit(submitOf());
    const [hit] = session.vendor.hits;
    expect(hit).toMatchObject({
      method: 'POST',
      path: '/v1/image_to_video',
      headers: {
        authorization: `Bearer ${RUNWAY_KEY}`,
        'x-runway-version': '2024-11-06',
        'content-type': 'application/json',
        'x-stainless-retry-count': '0',
      },
    });
    expect(JSON.parse(hit?.body ?? '')).toEqual({
      model: 'gen4_turbo',
      promptText: RUNWAY_REQUEST.prompt,
      promptImage: `data:image/png;base64,${Buffer.from(RUNWAY_INPUT.bytes).toString('base64')}`,
      ratio: '1280:720',
      duration: 5,
    });
  });

  test('a model that takes words is asked for a film from words', async () => {
    await using session = await start();
    const result = await session.provider.submit(worded('gen4.5', { aspectRatio: '9:16', seed: 7 }));
    expect(result).toMatchObject({ status: 'running' });
    const [hit] = session.vendor.hits;
    expect(hit?.path).toBe('/v1/text_to_video');
    expect(JSON.parse(hit?.body ?? '')).toEqual({
      model: 'gen4.5',
      promptText: RUNWAY_REQUEST.prompt,
      ratio: '720:1280',
      duration: 5,
      seed: 7,
    });
  });

  test.each([
    { aspectRatio: '16:9', ratio: '1280:720' },
    { aspectRatio: '9:16', ratio: '720:1280' },
    { aspectRatio: '4:3', ratio: '1104:832' },
    { aspectRatio: '3:4', ratio: '832:1104' },
    { aspectRatio: '1:1', ratio: '960:960' },
    { aspectRatio: '21:9', ratio: '1584:672' },
  ])('$aspectRatio is $ratio', async ({ aspectRatio, ratio }) => {
    await using session = await start();
    await session.provider.submit(submitOf('gen4_turbo', { aspectRatio }));
    expect(JSON.parse(session.vendor.hits[0]?.body ?? '')).toMatchObject({ ratio });
  });

  test('without a shape, a film has that of its picture, and is wide without a picture', async () => {
    await using session = await start();
    const shapeless = { aspectRatio: undefined };
    await session.provider.submit(
      submitOf('gen4_turbo', shapeless, { ...RUNWAY_INPUT, width: 900, height: 1200 }),
    );
    await session.provider.submit(submitOf('gen4_turbo', shapeless, { ...RUNWAY_INPUT, width: undefined }));
    await session.provider.submit(worded('veo3.1', shapeless));
    expect(session.vendor.hits.map(({ body }) => JSON.parse(body).ratio)).toEqual([
      '832:1104',
      '1280:720',
      '1280:720',
    ]);
  });

  test('a picture that is too big for the request travels by its address, if Runway can read that', async () => {
    await using session = await start();
    const big = { ...RUNWAY_INPUT, bytes: new Uint8Array(4_000_000) };
    await session.provider.submit(submitOf('gen4_turbo', {}, big));
    expect(JSON.parse(session.vendor.hits[0]?.body ?? '')).toMatchObject({ promptImage: RUNWAY_INPUT.url });
  });

  const httpOnly = 'http://example.com/lighthouse.png';
  test.each<{ what: string; submit: SubmitRequest; says: string }>([
    { what: 'no picture where one is needed', submit: worded('gen4_turbo'), says: 'give one to start from' },
    { what: 'no prompt', submit: submitOf('gen4_turbo', { prompt: undefined }), says: 'A prompt is needed' },
    { what: 'two films', submit: submitOf('gen4_turbo', { count: 2 }), says: 'one video at a time' },
    {
      what: 'an unknown shape',
      submit: submitOf('gen4_turbo', { aspectRatio: '2:1' }),
      says: '16:9, 9:16, 4:3',
    },
    {
      what: 'a shape for pictures only',
      submit: worded('gen4.5', { aspectRatio: '1:1' }),
      says: 'not of 1:1',
    },
    {
      what: 'a GIF',
      submit: submitOf('gen4_turbo', {}, { ...RUNWAY_INPUT, contentType: 'image/gif' }),
      says: 'JPEG, PNG or WebP',
    },
    {
      what: 'a big picture that Runway would not fetch',
      submit: submitOf(
        'gen4_turbo',
        {},
        { ...RUNWAY_INPUT, bytes: new Uint8Array(4_000_000), url: httpOnly },
      ),
      says: 'an https URL',
    },
    {
      what: 'a picture that is too big in any way',
      submit: submitOf('gen4_turbo', {}, { ...RUNWAY_INPUT, bytes: new Uint8Array(16_000_001) }),
      says: 'at most 16 MB',
    },
  ])('$what is refused without a call', async ({ submit, says }) => {
    await using session = await start();
    const result = await session.provider.submit(submit);
    expect(result).toMatchObject({ status: 'failed', code: 'INVALID_INPUT', billed: 'no', retryable: false });
    expect(result).toMatchObject({ message: expect.stringContaining(says) });
    expect(session.vendor.hits).toEqual([]);
  });
});

describe("Runway's tasks", () => {
  test('one that waits for others of the account runs', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.throttle(jobId);
    expect(await session.provider.check(jobId, quiet())).toEqual({
      status: 'running',
      jobId,
      pollAfterMs: 6_000,
    });
  });

  test('one of a state that is new goes on', async () => {
    await using session = await start();
    session.vendor.script(
      reply(() => ({ status: 200, body: { id: 't1', status: 'PAUSED' } })),
      { on: 'check' },
    );
    expect(await session.provider.check('t1', quiet())).toMatchObject({ status: 'running', jobId: 't1' });
  });

  test.each([
    { credits: 25, costMicros: 250_000n },
    { credits: 12.5, costMicros: 125_000n },
    { credits: 0, costMicros: 0n },
    { credits: 0.00001, costMicros: 1n },
    { credits: 1e-7, costMicros: null },
    { credits: -1, costMicros: null },
  ])('one that cost $credits credits cost $costMicros micro-dollars', async ({ credits, costMicros }) => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.finish(jobId, { credits });
    expect(await session.provider.check(jobId, quiet())).toMatchObject({ status: 'succeeded', costMicros });
  });

  test.each([
    { failureCode: 'SAFETY.INPUT.IMAGE', code: 'CONTENT_REFUSED', retryable: false },
    { failureCode: 'SAFETY.OUTPUT.VIDEO', code: 'CONTENT_REFUSED', retryable: false },
    { failureCode: 'INPUT_PREPROCESSING.SAFETY.TEXT', code: 'CONTENT_REFUSED', retryable: false },
    { failureCode: 'ASSET.INVALID', code: 'INVALID_INPUT', retryable: false },
    { failureCode: 'INPUT_PREPROCESSING.INTERNAL', code: 'PROVIDER_UNAVAILABLE', retryable: true },
    { failureCode: 'THIRD_PARTY.UNAVAILABLE', code: 'PROVIDER_UNAVAILABLE', retryable: true },
    { failureCode: 'INTERNAL', code: 'PROVIDER_UNAVAILABLE', retryable: true },
    { failureCode: undefined, code: 'PROVIDER_UNAVAILABLE', retryable: true },
  ])(
    'one that failed with $failureCode is $code, and costs what it says',
    async ({ failureCode, code, retryable }) => {
      await using session = await start();
      const free = await session.begin();
      session.vendor.fail(free, failureCode);
      const result = await session.provider.check(free, quiet());
      expect(result).toMatchObject({ status: 'failed', code, retryable, billed: 'no', jobId: free });
      expect(result).not.toHaveProperty('costMicros');
      if (failureCode) {
        expect(result).toMatchObject({ detail: expect.stringContaining(failureCode) });
        expect(result).not.toMatchObject({ message: expect.stringContaining(failureCode) });
      }
      const dear = await session.begin();
      session.vendor.fail(dear, failureCode, { credits: 3 });
      expect(await session.provider.check(dear, quiet())).toMatchObject({
        billed: 'yes',
        costMicros: 30_000n,
      });
    },
  );

  test('one that failed without saying what it cost may be billed', async () => {
    await using session = await start();
    const body = { id: 't1', status: 'FAILED', failure: 'x', failureCode: 'SAFETY.INPUT.TEXT' };
    session.vendor.script(
      reply(() => ({ status: 200, body })),
      { on: 'check' },
    );
    expect(await session.provider.check('t1', quiet())).toMatchObject({
      code: 'CONTENT_REFUSED',
      billed: 'unknown',
    });
  });

  test('one that succeeded without a film is a failure at its cost', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.finish(jobId, { output: [] });
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      status: 'failed',
      code: 'PROVIDER_UNAVAILABLE',
      billed: 'yes',
      costMicros: RUNWAY_COST_MICROS,
      jobId,
    });
  });

  test('an id cannot reach another path of the vendor', async () => {
    await using session = await start();
    await session.provider.check('../organization?x#y', quiet());
    expect(session.vendor.hits[0]?.path).toBe('/v1/tasks/..%2Forganization%3Fx%23y');
    expect(await session.provider.check('..', quiet())).toMatchObject({ status: 'running', jobId: '..' });
    expect(session.vendor.hits).toHaveLength(1);
  });
});

describe('an order to stop a task of Runway', () => {
  test('asks what it cost, and says so', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.run(jobId, 0.5);
    session.vendor.creditsWhenCanceled = 10;
    expect(await session.provider.cancel(jobId, quiet())).toEqual({
      status: 'stopped',
      billed: 'yes',
      costMicros: 100_000n,
    });
    expect(session.vendor.hits.map(({ method, path }) => `${method} ${path}`).slice(1)).toEqual([
      `GET /v1/tasks/${jobId}`,
      `DELETE /v1/tasks/${jobId}`,
      `GET /v1/tasks/${jobId}`,
    ]);
    // Another order finds that it has ended, and deletes nothing.
    expect(await session.provider.cancel(jobId, quiet())).toMatchObject({ status: 'stopped', billed: 'yes' });
    expect(session.vendor.count('cancel')).toBe(1);
  });

  test('does not know what it cost when the task cannot be fetched any more', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.creditsWhenCanceled = undefined;
    expect(await session.provider.cancel(jobId, quiet())).toEqual({ status: 'stopped', billed: 'unknown' });
  });

  test('never deletes a film that is there', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.finish(jobId);
    expect(await session.provider.cancel(jobId, quiet())).toMatchObject({ status: 'goes-on' });
    expect(session.vendor.count('cancel')).toBe(0);
  });

  test('is not given while nobody can say how the task stands', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.script(status(503), { on: 'check' });
    expect(await session.provider.cancel(jobId, quiet())).toMatchObject({ status: 'goes-on' });
    expect(session.vendor.count('cancel')).toBe(0);
  });

  test('that was taken has stopped the task, also when the next answer is lost', async () => {
    await using vendor = await startRunwayVendor();
    const provider = createRunway({ apiKey: RUNWAY_KEY, baseUrl: vendor.url, timeoutMs: 100 });
    const { jobId = '' } = await provider.submit(submitOf());
    const canceled = provider.cancel(jobId, quiet());
    await vendor.arrived('cancel');
    vendor.script(hang(), { on: 'check' });
    expect(await canceled).toEqual({ status: 'stopped', billed: 'unknown' });
  });
});

describe("Runway's refusals", () => {
  test('an account without credit is the affair of the operator, though it comes as a bad request', async () => {
    await using session = await start();
    session.vendor.script(status(400));
    expect(await session.provider.submit(submitOf())).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      billed: 'no',
      retryable: false,
      message: 'The provider is not available at the moment.',
      detail: expect.stringContaining('out of credit'),
    });
  });

  test('a retired model is as well', async () => {
    await using session = await start();
    expect(await session.provider.submit(submitOf('gen3a_turbo'))).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      billed: 'no',
      retryable: false,
      detail: expect.stringContaining('does not have the model'),
    });
    expect(session.vendor.submits).toBe(1);
  });

  test('a refused argument is named to the customer', async () => {
    await using session = await start();
    expect(await session.provider.submit(submitOf('gen4_turbo', { durationSeconds: 17 }))).toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('duration: Too big: expected number to be <=10'),
    });
  });

  test.each([
    { code: 503, billed: 'no' },
    { code: 502, billed: 'unknown' },
    { code: 504, billed: 'unknown' },
  ])('a $code is billed: $billed', async ({ code, billed }) => {
    await using session = await start();
    session.vendor.script(status(code));
    expect(await session.provider.submit(submitOf())).toMatchObject({ billed, retryable: true });
    expect(session.vendor.submits).toBe(1);
  });
});
