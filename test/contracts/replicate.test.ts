/** The contract of server/providers/provider.ts over Replicate, and what is peculiar to it. */
import { describe, expect, test } from 'vitest';
import type { WebhookDelivery } from '../../server/providers/provider.ts';
import { createReplicate } from '../../server/providers/replicate.ts';
import { reply, status } from '../support/vendors/http-vendor.ts';
import { startReplicateVendor, WEBHOOK_SECRET } from '../support/vendors/replicate.ts';
import { signatureOf, signedDelivery } from '../support/vendors/standard-webhooks.ts';
import { providerContract } from './provider.ts';
import {
  FLUX,
  RECRAFT_VECTORIZE,
  REPLICATE_TOKEN,
  replicate,
  replicateOnPictures,
  SDXL,
} from './vendors/replicate.ts';
import { INPUT, PICTURE, quiet, submitOf } from './vendors/requests.ts';

providerContract('replicate, official models', replicate(FLUX, true));
providerContract('replicate, versions', replicate(SDXL, false));
for (const harness of replicateOnPictures) {
  providerContract(`replicate, ${harness.request.operation}`, harness);
}

describe('Replicate', () => {
  const start = async ({
    jobs = 'instant',
    waitSeconds = 1,
  }: {
    jobs?: 'instant' | 'manual';
    waitSeconds?: number;
  } = {}) => {
    const vendor = await startReplicateVendor({ jobs });
    const provider = createReplicate({ apiToken: REPLICATE_TOKEN, baseUrl: vendor.url, waitSeconds });
    return { vendor, provider, [Symbol.asyncDispose]: vendor.close };
  };

  test('an official model is asked by its name, with the arguments of its family', async () => {
    await using session = await start();
    await session.provider.submit(submitOf(FLUX, { size: '1792x1024', count: 2, seed: 7 }));
    const [hit] = session.vendor.hits;
    expect(hit).toMatchObject({
      path: `/v1/models/${FLUX}/predictions`,
      headers: { prefer: 'wait=1', authorization: `Bearer ${REPLICATE_TOKEN}` },
    });
    expect(JSON.parse(hit?.body ?? '')).toEqual({
      input: { prompt: PICTURE.prompt, aspect_ratio: '16:9', num_outputs: 2, seed: 7, output_format: 'png' },
    });
  });

  test('a version is asked by its id, and its pictures have the size that was asked for', async () => {
    await using session = await start();
    const result = await session.provider.submit(submitOf(SDXL, { size: '1024x768' }));
    const [hit] = session.vendor.hits;
    expect(hit?.path).toBe('/v1/predictions');
    expect(JSON.parse(hit?.body ?? '')).toEqual({
      version: SDXL.split(':')[1],
      input: {
        prompt: PICTURE.prompt,
        width: 1024,
        height: 768,
        num_outputs: 1,
        refine: 'expert_ensemble_refiner',
      },
    });
    expect(result).toMatchObject({ status: 'succeeded', outputs: [{ width: 1024, height: 768 }] });
  });

  test('more pictures than a model makes at a time are refused without a call', async () => {
    await using session = await start();
    const result = await session.provider.submit(submitOf('black-forest-labs/flux-1.1-pro', { count: 2 }));
    expect(result).toMatchObject({
      code: 'INVALID_INPUT',
      billed: 'no',
      message: expect.stringContaining('at most 1'),
    });
    expect(session.vendor.submits).toBe(0);
  });

  test('a prediction that ends while the answer is held succeeds at once', async () => {
    await using session = await start({ jobs: 'manual' });
    const arrived = session.vendor.arrived();
    const submitted = session.provider.submit(submitOf(FLUX));
    await arrived;
    const [id = ''] = session.vendor.predictions.keys();
    session.vendor.finish(id);
    expect(await submitted).toMatchObject({ status: 'succeeded', jobId: id });
    expect(session.vendor.count('check')).toBe(0);
  });

  test('a job tells how far it is', async () => {
    await using session = await start({ jobs: 'manual', waitSeconds: 0 });
    const { jobId = '' } = await session.provider.submit(submitOf(FLUX));
    session.vendor.run(jobId, 0.4);
    expect(await session.provider.check(jobId, quiet())).toMatchObject({ status: 'running', progress: 0.4 });
  });

  test('one output that is no list counts as one', async () => {
    await using session = await start({ jobs: 'manual', waitSeconds: 0 });
    const { jobId = '' } = await session.provider.submit(submitOf(FLUX));
    const url = `${session.vendor.origin}/files/x/16x16/out.webp`;
    session.vendor.finish(jobId, url);
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      outputs: [{ content: { url }, contentType: 'image/webp' }],
    });
  });

  test.each([
    { model: FLUX, end: 'failed', seconds: 2.5, billed: 'no', why: 'an official model is billed by output' },
    { model: FLUX, end: 'canceled', seconds: 2.5, billed: 'unknown', why: 'the vendor does not say' },
    { model: FLUX, end: 'aborted', seconds: 0, billed: 'no', why: 'it never started' },
    { model: SDXL, end: 'failed', seconds: 2.5, billed: 'yes', why: 'the hardware worked' },
    { model: SDXL, end: 'failed', seconds: 0, billed: 'no', why: 'the hardware never worked' },
    { model: SDXL, end: 'canceled', seconds: 2.5, billed: 'yes', why: 'the hardware worked' },
    { model: SDXL, end: 'aborted', seconds: 0, billed: 'no', why: 'it never started' },
  ] as const)(
    '$model $end after $seconds s is billed: $billed, since $why',
    async ({ model, end, seconds, billed }) => {
      await using session = await start({ jobs: 'manual', waitSeconds: 0 });
      const { jobId = '' } = await session.provider.submit(submitOf(model));
      session.vendor.end(jobId, end, 'CUDA out of memory (E1001)', seconds);
      const result = await session.provider.check(jobId, quiet());
      expect(result).toMatchObject({
        status: 'failed',
        code: 'PROVIDER_UNAVAILABLE',
        billed,
        retryable: true,
        jobId,
      });
      expect(result).toMatchObject({ detail: expect.stringContaining('E1001') });
    },
  );

  test('a version that worked before its picture was refused is billed', async () => {
    await using session = await start();
    session.vendor.refuse();
    expect(await session.provider.submit(submitOf(SDXL))).toMatchObject({
      status: 'failed',
      code: 'CONTENT_REFUSED',
      billed: 'yes',
      retryable: false,
    });
  });

  test('a prediction that succeeded without a file to fetch is billed', async () => {
    await using session = await start({ jobs: 'manual', waitSeconds: 0 });
    const { jobId = '' } = await session.provider.submit(submitOf(FLUX));
    session.vendor.finish(jobId, null);
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      status: 'failed',
      billed: 'yes',
      jobId,
    });
  });

  test('a canceled job that ended unbilled by itself counts as canceled', async () => {
    await using session = await start({ jobs: 'manual', waitSeconds: 0 });
    const { jobId = '' } = await session.provider.submit(submitOf(SDXL));
    session.vendor.end(jobId, 'failed', 'CUDA out of memory (E1001)');
    expect(await session.provider.cancel(jobId, quiet())).toEqual({ status: 'stopped', billed: 'no' });
  });

  test('a rate limit without a header is read from its sentence', async () => {
    await using session = await start();
    session.vendor.script(status(429));
    expect(await session.provider.submit(submitOf(FLUX))).toMatchObject({
      retryAfterSeconds: 30,
      billed: 'no',
    });
    expect(session.vendor.submits).toBe(1);
  });

  test("a version that is gone is the operator's affair, though it comes as a refused argument", async () => {
    await using session = await start();
    session.vendor.script(
      status(422, {
        title: 'Invalid version or not permitted',
        detail: 'The specified version does not exist',
        status: 422,
      }),
    );
    expect(await session.provider.submit(submitOf(SDXL))).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      billed: 'no',
      retryable: false,
    });
  });

  test('an id of a job cannot reach another path of the vendor', async () => {
    await using session = await start();
    await session.provider.check('../models/x', quiet());
    expect(session.vendor.hits[0]?.path).toBe('/v1/predictions/..%2Fmodels%2Fx');
  });

  test('a job of which the vendor tells a new state is asked after again', async () => {
    await using session = await start();
    session.vendor.script(
      reply(() => ({ status: 201, body: { id: 'p1', status: 'queued', version: 'hidden' } })),
    );
    expect(await session.provider.submit(submitOf(FLUX))).toMatchObject({ status: 'running', jobId: 'p1' });
  });

  test('a model that works on a picture gets its checked bytes, and nothing else', async () => {
    await using session = await start();
    const upscale = { operation: 'UPSCALE_IMAGE', imageUrl: INPUT.url, prompt: undefined } as const;
    const submit = submitOf('recraft-ai/recraft-crisp-upscale', upscale, { input: INPUT });
    expect(await session.provider.submit(submit)).toMatchObject({ status: 'succeeded', costMicros: null });
    expect(session.vendor.hits.map(({ path }) => path)).toEqual([
      '/v1/models/recraft-ai/recraft-crisp-upscale/predictions',
    ]);
    const image = `data:image/png;base64,${Buffer.from(INPUT.bytes).toString('base64')}`;
    expect(JSON.parse(session.vendor.hits[0]?.body ?? '')).toEqual({ input: { image } });
  });

  test('a picture too large for a data URI is named by its URL, without an upload of its own', async () => {
    await using session = await start();
    const remove = { operation: 'REMOVE_BACKGROUND', imageUrl: INPUT.url } as const;
    const input = { ...INPUT, bytes: new Uint8Array(1_000_001) };
    await session.provider.submit(submitOf('recraft-ai/recraft-remove-background', remove, { input }));
    expect(session.vendor.hits).toHaveLength(1);
    expect(JSON.parse(session.vendor.hits[0]?.body ?? '')).toEqual({ input: { image: INPUT.url } });
  });

  test.each([
    { what: 'a picture that is missing', vendorModel: RECRAFT_VECTORIZE, operation: 'VECTORIZE_IMAGE' },
    { what: 'a model that does something else', vendorModel: RECRAFT_VECTORIZE, operation: 'GENERATE_IMAGE' },
    { what: 'an operation that a model of prompts has not', vendorModel: FLUX, operation: 'UPSCALE_IMAGE' },
  ] as const)('$what is refused without a call', async ({ vendorModel, operation }) => {
    await using session = await start();
    expect(await session.provider.submit(submitOf(vendorModel, { operation }))).toMatchObject({
      status: 'failed',
      code: 'INVALID_INPUT',
      billed: 'no',
    });
    expect(session.vendor.submits).toBe(0);
  });

  test('a submit with an address for reports asks for one of the end alone, and still waits', async () => {
    await using session = await start();
    const webhookUrl = 'https://solvent.example/webhooks/replicate?for=gen_1&secret=xyz';
    for (const vendorModel of [FLUX, SDXL]) {
      await session.provider.submit(submitOf(vendorModel, {}, { webhookUrl }));
    }
    for (const { body, headers } of session.vendor.hits) {
      expect(headers.prefer).toBe('wait=1');
      expect(JSON.parse(body)).toMatchObject({ webhook: webhookUrl, webhook_events_filter: ['completed'] });
    }
    expect(session.vendor.submits).toBe(2);
  });

  test('an address that is none is never sent, and costs nothing', async () => {
    await using session = await start();
    const result = await session.provider.submit(submitOf(FLUX, {}, { webhookUrl: 'webhooks' }));
    expect(result).toMatchObject({ status: 'failed', billed: 'no' });
    expect(session.vendor.submits).toBe(0);
  });
});

describe("Replicate's reports", () => {
  const NOW = new Date('2026-11-20T12:00:00Z');
  const OTHER_SECRET = `whsec_${Buffer.from('another secret, as long').toString('base64')}AAAA`;

  const start = async (webhookSecret: string | undefined = WEBHOOK_SECRET) => {
    const vendor = await startReplicateVendor({ jobs: 'manual' });
    const make = (secret: string | undefined) =>
      createReplicate({
        apiToken: REPLICATE_TOKEN,
        baseUrl: vendor.url,
        waitSeconds: 0,
        webhookSecret: secret,
      });
    const provider = make(webhookSecret);
    const read = async (delivery: WebhookDelivery) => provider.readWebhook?.(delivery);
    const begin = async () => (await provider.submit(submitOf(FLUX))).jobId ?? '';
    return { vendor, provider, make, read, begin, [Symbol.asyncDispose]: vendor.close };
  };
  const REJECTED = { status: 'rejected', reason: expect.stringMatching(/^[A-Z].*\.$/) };

  test('one of several signatures is enough, as while a secret is changed', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.finish(jobId);
    const delivery = session.vendor.report(jobId, NOW);
    const right = delivery.headers['webhook-signature'];
    const wrong = signatureOf('msg_0', 1, 'something else', OTHER_SECRET);
    const signed = (signatures: string) =>
      session.read({ ...delivery, headers: { ...delivery.headers, 'webhook-signature': signatures } });
    expect(await signed(`${wrong} v1a,AAAA ${right}`)).toMatchObject({
      status: 'accepted',
      result: { status: 'succeeded' },
    });
    expect(await signed(wrong)).toEqual(REJECTED);
    // The right bytes under another version's name are not of that version.
    expect(await signed(`v1a,${right?.slice(3)}`)).toEqual(REJECTED);
    expect(await signed('v1,')).toEqual(REJECTED);
    expect(await signed(`v1,${right?.slice(3, 20)}`)).toEqual(REJECTED);
  });

  test('a report from the future is rejected as one from the past is', async () => {
    await using session = await start();
    const jobId = await session.begin();
    for (const [seconds, status] of [
      [-300, 'accepted'],
      [300, 'accepted'],
      [-301, 'rejected'],
      [301, 'rejected'],
    ] as const) {
      const delivery = session.vendor.report(jobId, NOW);
      const receivedAt = new Date(NOW.getTime() + seconds * 1000);
      expect(await session.read({ ...delivery, receivedAt }), `${seconds} s`).toMatchObject({ status });
    }
  });

  test.each(['whsec_', 'whsec_c2hvcnQ=', 'whsec_ not base64', 'secret', ''])(
    'with "%s" for a secret nothing is believed, least of all what it signs',
    async (secret) => {
      await using session = await start(secret);
      const jobId = await session.begin();
      const body = JSON.stringify(session.vendor.predictions.get(jobId));
      expect(await session.read(signedDelivery(body, secret, NOW))).toEqual(REJECTED);
      expect(await session.read(session.vendor.report(jobId, NOW))).toEqual(REJECTED);
    },
  );

  test('a report that nobody can prove is a reason to ask, and no more', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.finish(jobId);
    const { body, receivedAt } = session.vendor.report(jobId, NOW);
    const provider = session.make(undefined);
    expect(await provider.readWebhook?.({ body, receivedAt, headers: {} })).toEqual({
      status: 'accepted',
      signed: false,
      jobId,
      result: null,
    });
    expect(await provider.readWebhook?.({ body: Buffer.from('{}'), receivedAt, headers: {} })).toEqual(
      REJECTED,
    );
  });

  test('a report says who is billed for a job that failed', async () => {
    await using session = await start();
    const { jobId = '' } = await session.provider.submit(submitOf(SDXL));
    session.vendor.end(jobId, 'failed', 'CUDA out of memory (E1001)', 2.5);
    expect(await session.read(session.vendor.report(jobId, NOW))).toMatchObject({
      status: 'accepted',
      jobId,
      result: { status: 'failed', code: 'PROVIDER_UNAVAILABLE', billed: 'yes', jobId },
    });
  });

  test.each(['', '{', 'null', '[]', '{"id":7,"status":"succeeded"}', '{"id":"","status":"succeeded"}'])(
    'a signed report that holds %j is rejected',
    async (body) => {
      await using session = await start();
      expect(await session.read(signedDelivery(body, WEBHOOK_SECRET, NOW))).toEqual(REJECTED);
    },
  );

  test('a signed report that is built otherwise than documented throws nothing', async () => {
    await using session = await start();
    const body = { id: 'p1', status: 'succeeded', input: 'text', output: ['https://example.com/1.png'] };
    expect(await session.read(signedDelivery(JSON.stringify(body), WEBHOOK_SECRET, NOW))).toEqual(REJECTED);
  });
});
