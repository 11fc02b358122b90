/** The contract of server/providers/provider.ts over Midjourney's gateway, and what is peculiar to it. */
import { describe, expect, test } from 'vitest';
import { createMidjourney, type MidjourneyOptions } from '../../server/providers/midjourney.ts';
import type { SubmitRequest } from '../../server/providers/provider.ts';
import { reply, status } from '../support/vendors/http-vendor.ts';
import { FORBIDDEN, GATEWAY_SECRET, startMidjourneyVendor } from '../support/vendors/midjourney.ts';
import { signedDelivery } from '../support/vendors/standard-webhooks.ts';
import { providerContract } from './provider.ts';
import { GATEWAY_KEY, midjourney } from './vendors/midjourney.ts';
import { PICTURE, quiet, submitOf } from './vendors/requests.ts';

providerContract('midjourney', midjourney);

describe('Midjourney', () => {
  const start = async (options: Partial<MidjourneyOptions> = {}) => {
    const vendor = await startMidjourneyVendor({ jobs: 'manual' });
    const make = (more: Partial<MidjourneyOptions> = {}) =>
      createMidjourney({ gatewayUrl: vendor.url, webhookSecret: GATEWAY_SECRET, ...options, ...more });
    const provider = make();
    const begin = async (more: Partial<SubmitRequest> = {}) =>
      (await provider.submit(submitOf('imagine', {}, more))).jobId ?? '';
    return { vendor, make, provider, begin, [Symbol.asyncDispose]: vendor.close };
  };

  test('a submit puts exactly what was asked for on the wire, under the key of its generation', async () => {
    await using session = await start({ apiKey: GATEWAY_KEY });
    const webhookUrl = 'https://solvent.example/webhooks/midjourney?for=gen_1';
    const request = { count: 2, seed: 7, quality: 'high', aspectRatio: '16:9' };
    await session.provider.submit(submitOf('imagine', request, { webhookUrl }));
    const [hit] = session.vendor.hits;
    expect(hit).toMatchObject({
      method: 'POST',
      path: '/v1/jobs',
      headers: {
        authorization: `Bearer ${GATEWAY_KEY}`,
        'content-type': 'application/json',
        'idempotency-key': '019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a91',
      },
    });
    expect(JSON.parse(hit?.body ?? '')).toEqual({
      model: 'imagine',
      prompt: PICTURE.prompt,
      size: '1024x1024',
      ...request,
      user: 'user_6f1ed002ab5595859014ebf0951522d9',
      webhookUrl,
    });
  });

  test('what was not asked for is not sent, and no key where there is none', async () => {
    await using session = await start();
    await session.provider.submit(submitOf('imagine', { size: undefined }));
    const [hit] = session.vendor.hits;
    expect(Object.keys(JSON.parse(hit?.body ?? ''))).toEqual(['model', 'prompt', 'count', 'user']);
    expect(hit?.headers).not.toHaveProperty('authorization');
  });

  test('a submit that is repeated after a lost answer finds the job of the first', async () => {
    await using session = await start();
    const jobId = await session.begin();
    expect(await session.begin()).toBe(jobId);
    expect(session.vendor.made.size).toBe(1);
    session.vendor.end(jobId, 'failed');
    expect(await session.begin()).not.toBe(jobId);
    const other = await session.provider.submit(submitOf('imagine', { prompt: 'Something else' }));
    expect(other).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', billed: 'no', retryable: false });
  });

  test.each([
    'A lighthouse --repeat 40',
    '--ar 16:9 a lighthouse',
    'A lighthouse \u2014turbo',
    'A {red, green, blue} lighthouse',
    'A {red, {green}} lighthouse',
    'A {{red} or green, blue} lighthouse',
    'A {glass lighthouse, or {two, three}',
  ])('a prompt that would be billed many times over is refused without a call: %s', async (prompt) => {
    await using session = await start();
    expect(await session.provider.submit(submitOf('imagine', { prompt }))).toMatchObject({
      code: 'INVALID_INPUT',
      billed: 'no',
      message: expect.stringContaining('no parameters'),
    });
    expect(session.vendor.hits).toHaveLength(0);
  });

  test.each([
    'A well-made lighthouse \u2014 of glass',
    'A lighthouse -- of glass',
    'A {glass} lighthouse',
    '}A {glass}, {red} lighthouse{,',
  ])('a prompt with a dash or braces in it is no such prompt: %s', async (prompt) => {
    await using session = await start();
    expect(await session.provider.submit(submitOf('imagine', { prompt }))).toMatchObject({
      status: 'running',
    });
  });

  test('a prompt of braces and commas alone is read through once', async () => {
    await using session = await start();
    const begun = performance.now();
    await session.provider.submit(submitOf('imagine', { prompt: `{${','.repeat(31_998)}` }));
    expect(performance.now() - begun).toBeLessThan(300);
  });

  test.each([
    { cost: '0', billed: 'no' },
    { cost: '0.00', billed: 'no' },
    { cost: '0.015', billed: 'yes', costMicros: 15_000n },
    { cost: null, billed: 'unknown' },
    { cost: '-0.04', billed: 'unknown' },
    { cost: '0.0400001', billed: 'unknown' },
    { cost: 'free', billed: 'unknown' },
  ])('a job without pictures whose cost is $cost is billed: $billed', async ({ cost, ...expected }) => {
    await using session = await start();
    for (const end of ['failed', 'refused', 'canceled'] as const) {
      const jobId = await session.begin({ generationId: end });
      session.vendor.end(jobId, end, cost);
      const result = await session.provider.check(jobId, quiet());
      expect(result).toMatchObject({ status: 'failed', jobId, ...expected });
      if (!('costMicros' in expected)) expect(result).not.toHaveProperty('costMicros');
      const canceled = await session.provider.cancel(jobId, quiet());
      expect(canceled).toEqual({ status: 'stopped', ...expected });
    }
  });

  test('a cost that is a number is not read, since it may have been rounded', async () => {
    await using session = await start();
    const job = {
      id: 'job_1',
      status: 'succeeded',
      outputs: [{ url: 'https://example.com/1.png' }],
      cost: 0.04,
    };
    session.vendor.script(status(200, job));
    expect(await session.provider.submit(submitOf('imagine'))).toEqual({
      status: 'succeeded',
      jobId: 'job_1',
      outputs: [{ content: { url: 'https://example.com/1.png' }, contentType: 'image/png' }],
      costMicros: null,
    });
  });

  test('a job that succeeded without a picture to fetch is billed as it says', async () => {
    await using session = await start();
    const jobId = await session.begin();
    for (const outputs of [[], [{ url: 'file:///etc/passwd', contentType: 'image/png' }]]) {
      session.vendor.finish(jobId, { outputs });
      expect(await session.provider.check(jobId, quiet())).toMatchObject({
        status: 'failed',
        billed: 'yes',
        costMicros: 40_000n,
      });
    }
  });

  test.each([
    { code: 400, expected: { code: 'INVALID_INPUT', billed: 'no', retryable: false } },
    { code: 402, expected: { code: 'PROVIDER_UNAVAILABLE', billed: 'no', retryable: false } },
    { code: 403, expected: { code: 'PROVIDER_UNAVAILABLE', billed: 'no', retryable: false } },
    { code: 409, expected: { code: 'PROVIDER_UNAVAILABLE', billed: 'no', retryable: false } },
    { code: 451, expected: { code: 'CONTENT_REFUSED', billed: 'no', retryable: false } },
    { code: 502, expected: { code: 'PROVIDER_UNAVAILABLE', billed: 'unknown', retryable: true } },
    { code: 418, expected: { code: 'PROVIDER_UNAVAILABLE', billed: 'unknown', retryable: true } },
  ])('a refusal with $code is read as the contract says', async ({ code, expected }) => {
    await using session = await start();
    session.vendor.script(status(code));
    expect(await session.provider.submit(submitOf('imagine'))).toMatchObject({
      status: 'failed',
      ...expected,
    });
  });

  test('a refused argument is named to the customer', async () => {
    await using session = await start();
    expect(await session.provider.submit(submitOf('imagine', { count: 9 }))).toMatchObject({
      code: 'INVALID_INPUT',
      message: 'The provider does not take these arguments: At most 4 pictures can be made at a time.',
    });
    const prompt = `A lighthouse, ${FORBIDDEN}`;
    expect(await session.provider.submit(submitOf('imagine', { prompt }))).toMatchObject({
      code: 'CONTENT_REFUSED',
    });
  });

  test('an id of a job cannot reach another path of the gateway', async () => {
    await using session = await start();
    await session.provider.check('../models', quiet());
    await session.provider.cancel('a/b?c', quiet());
    expect(session.vendor.hits.map(({ path }) => path)).toEqual([
      '/v1/jobs/..%2Fmodels',
      '/v1/jobs/a%2Fb%3Fc/cancel',
    ]);
  });

  test('a state that the contract does not know is no end, and progress stays within its bounds', async () => {
    await using session = await start();
    for (const [told, progress] of [
      [1.7, 1],
      [-1, 0],
    ]) {
      session.vendor.script(
        reply(() => ({ status: 200, body: { id: 'j', status: 'dreaming', progress: told } })),
      );
      expect(await session.provider.submit(submitOf('imagine'))).toMatchObject({
        status: 'running',
        progress,
      });
    }
  });

  test('a job that cannot be stopped goes on', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.script(status(200, { id: jobId, status: 'running' }), { on: 'cancel' });
    expect(await session.provider.cancel(jobId, quiet())).toEqual({
      status: 'goes-on',
      detail: `Job ${jobId} is running.`,
    });
  });

  test('a signed report ends a job with its cost; one that nobody can prove is a reason to ask', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.end(jobId, 'failed', '0.02');
    const delivery = session.vendor.report(jobId, new Date('2026-11-20T12:00:00Z'));
    expect(await session.provider.readWebhook?.(delivery)).toMatchObject({
      status: 'accepted',
      jobId,
      result: { status: 'failed', billed: 'yes', costMicros: 20_000n },
    });
    const trusting = session.make({ webhookSecret: undefined });
    expect(await trusting.readWebhook?.(delivery)).toEqual({
      status: 'accepted',
      signed: false,
      jobId,
      result: null,
    });
    const other = session.make({ webhookSecret: `whsec_${Buffer.alloc(32).toString('base64')}` });
    expect(await other.readWebhook?.(delivery)).toMatchObject({ status: 'rejected' });
  });

  test.each(['null', '[]', '{"id":"","status":"failed"}', '{"id":"job_1"}'])(
    'a signed report that holds %s is rejected',
    async (body) => {
      await using session = await start();
      const delivery = signedDelivery(body, GATEWAY_SECRET, new Date());
      expect(await session.provider.readWebhook?.(delivery)).toMatchObject({ status: 'rejected' });
    },
  );
});
