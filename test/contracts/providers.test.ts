/** The contract of server/providers/provider.ts over every provider, and what is peculiar to each of them. */
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import { createOpenAi } from '../../server/providers/openai.ts';
import type { GenerationRequest, SubmitRequest } from '../../server/providers/provider.ts';
import { createReplicate } from '../../server/providers/replicate.ts';
import { createSandbox } from '../../server/providers/sandbox/index.ts';
import { refusingUrl, reply, status } from '../support/vendors/http-vendor.ts';
import { IMAGE_TOKENS, PROMPT_TOKENS, startOpenAiVendor } from '../support/vendors/openai.ts';
import { startReplicateVendor } from '../support/vendors/replicate.ts';
import type { ProviderHarness } from './harness.ts';
import { providerContract } from './provider.ts';

const OPENAI_KEY = 'sk-proj-Zq7Contract0123456789abcdefABCDEF';
/** Without a shape that could be known: only the provider itself can recognise it. */
const REPLICATE_TOKEN = 'Zq7.contract+token/0123456789abcdefABCDEF';

const PICTURE: GenerationRequest = {
  operation: 'GENERATE_IMAGE',
  prompt: 'A lighthouse of glass in a storm of ink',
  size: '1024x1024',
  count: 1,
};
const UNSUPPORTED: GenerationRequest = {
  operation: 'DUB_VIDEO',
  videoUrl: 'https://example.com/film.mp4',
  targetLanguage: 'es',
  count: 1,
};
const FLUX = 'black-forest-labs/flux-schnell';
const SDXL = 'stability-ai/sdxl:39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b';

const openai: ProviderHarness = {
  model: 'openai/gpt-image-2',
  vendorModel: 'gpt-image-2',
  request: { ...PICTURE, quality: 'medium' },
  unsupported: UNSUPPORTED,
  costMicros: (count) => BigInt(5 * PROMPT_TOKENS + 30 * IMAGE_TOKENS * count),
  expected: {
    overloaded: { billed: 'no' },
    billedFailure: { costMicros: BigInt(5 * PROMPT_TOKENS + 30 * IMAGE_TOKENS) },
  },
  async start({ timeoutMs } = {}) {
    const vendor = await startOpenAiVendor({ apiKey: OPENAI_KEY });
    const make = (baseUrl: string) =>
      createOpenAi({ apiKey: OPENAI_KEY, baseUrl, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    return {
      provider: make(vendor.url),
      wire: { vendor, key: OPENAI_KEY, refused: async () => make(await refusingUrl()) },
      refuse: (request) => {
        vendor.refuse();
        return request;
      },
      invalid: (request) => ({ ...request, size: '17x17' }),
      billedFailure: (request) => {
        vendor.billedFailure();
        return request;
      },
      [Symbol.asyncDispose]: vendor.close,
    };
  },
};

/** @param official billed by output; a version is billed by the second of hardware, also when it makes nothing. */
function replicate(vendorModel: string, official: boolean): ProviderHarness {
  return {
    model: `replicate/${official ? 'flux-schnell' : 'sdxl'}`,
    vendorModel,
    request: PICTURE,
    unsupported: UNSUPPORTED,
    costMicros: () => null,
    async start({ timeoutMs } = {}) {
      const vendor = await startReplicateVendor({ apiToken: REPLICATE_TOKEN, maxHoldMs: 20 });
      const make = (baseUrl: string) =>
        createReplicate({
          apiToken: REPLICATE_TOKEN,
          baseUrl,
          waitSeconds: 1,
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        });
      return {
        provider: make(vendor.url),
        wire: { vendor, key: REPLICATE_TOKEN, refused: async () => make(await refusingUrl()) },
        jobs: {
          arrange: (request) => {
            vendor.jobs = 'manual';
            return request;
          },
          finish: (jobId) => vendor.finish(jobId),
        },
        invalid: (request) => {
          vendor.script(status(422));
          return request;
        },
        ...(official
          ? {
              refuse: (request) => {
                vendor.refuse();
                return request;
              },
            }
          : {
              billedFailure: (request) => {
                vendor.billedFailure();
                return request;
              },
            }),
        [Symbol.asyncDispose]: vendor.close,
      };
    },
  };
}

/** Nothing leaves the process, so that what is not billed is known. */
const sandbox: ProviderHarness = {
  model: 'sandbox/image',
  vendorModel: 'image',
  request: PICTURE,
  unsupported: { operation: 'UPSCALE_IMAGE', count: 1 },
  costMicros: () => null,
  expected: { unknownJob: { billed: 'no' } },
  async start({ timeoutMs } = {}) {
    const clock = new FakeClock('2026-11-20T12:00:00Z');
    const asking = (directive: string) => (request: GenerationRequest) => ({
      ...request,
      prompt: `${request.prompt} [sandbox:${directive}]`,
    });
    return {
      provider: createSandbox({ clock, ...(timeoutMs === undefined ? {} : { timeoutMs }) }),
      jobs: { arrange: asking('job=3000'), finish: () => clock.advance(3_000) },
      refuse: asking('refuse'),
      invalid: (request) => ({ ...request, size: 'x' }),
      billedFailure: asking('bill-failure'),
      async [Symbol.asyncDispose]() {},
    };
  },
};

providerContract('sandbox', sandbox);
providerContract('openai', openai);
providerContract('replicate, official models', replicate(FLUX, true));
providerContract('replicate, versions', replicate(SDXL, false));

function submitOf(vendorModel: string, request: Partial<GenerationRequest> = {}): SubmitRequest {
  return {
    generationId: '019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a91',
    model: 'vendor/model',
    vendorModel,
    request: { ...PICTURE, ...request },
    endUser: 'user_6f1ed002ab5595859014ebf0951522d9',
    signal: new AbortController().signal,
  };
}

const quiet = () => new AbortController().signal;

describe('OpenAI', () => {
  const start = async () => {
    const vendor = await startOpenAiVendor();
    return {
      vendor,
      provider: createOpenAi({ apiKey: OPENAI_KEY, baseUrl: vendor.url }),
      [Symbol.asyncDispose]: vendor.close,
    };
  };

  test('a submit puts exactly what was asked for on the wire, and a hash for the end user', async () => {
    await using session = await start();
    await session.provider.submit(submitOf('gpt-image-2', { quality: 'high', count: 2 }));
    const [hit] = session.vendor.hits;
    expect(JSON.parse(hit?.body ?? '')).toEqual({
      model: 'gpt-image-2',
      prompt: PICTURE.prompt,
      n: 2,
      size: '1024x1024',
      quality: 'high',
      safety_identifier: 'user_6f1ed002ab5595859014ebf0951522d9',
    });
    expect(hit).toMatchObject({
      method: 'POST',
      path: '/v1/images/generations',
      headers: {
        authorization: `Bearer ${OPENAI_KEY}`,
        'content-type': 'application/json',
        'x-client-request-id': '019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a91',
        'x-stainless-retry-count': '0',
      },
    });
    expect(hit?.headers).not.toHaveProperty('openai-organization');
  });

  test('what was not asked for is not sent', async () => {
    await using session = await start();
    await session.provider.submit(submitOf('gpt-image-2', { size: undefined }));
    const body: unknown = JSON.parse(session.vendor.hits[0]?.body ?? '');
    expect(body).not.toHaveProperty('size');
    expect(body).not.toHaveProperty('quality');
  });

  test('a picture without a prompt is refused without a call', async () => {
    await using session = await start();
    const result = await session.provider.submit(submitOf('gpt-image-2', { prompt: undefined }));
    expect(result).toMatchObject({ status: 'failed', code: 'INVALID_INPUT', billed: 'no', retryable: false });
    expect(session.vendor.submits).toBe(0);
  });

  test('a snapshot of a model costs what the model does, and one without a known price what the catalogue says', async () => {
    await using session = await start();
    const costMicros = BigInt(5 * PROMPT_TOKENS + 30 * IMAGE_TOKENS);
    expect(await session.provider.submit(submitOf('gpt-image-2-2026-04-21'))).toMatchObject({ costMicros });
    expect(await session.provider.submit(submitOf('gpt-image-2.5-flare'))).toMatchObject({
      costMicros: null,
    });
  });

  test('tokens of which the vendor does not tell the kind are counted as the dearer ones', async () => {
    await using session = await start();
    const usage = { input_tokens: 100, output_tokens: 10, total_tokens: 110 };
    const body = { created: 1, data: [{ b64_json: 'AAAA' }], usage };
    session.vendor.script(status(200, body));
    expect(await session.provider.submit(submitOf('gpt-image-2'))).toMatchObject({ costMicros: 1_100n });
    session.vendor.script(status(200, { ...body, usage: { ...usage, output_tokens: -1 } }));
    expect(await session.provider.submit(submitOf('gpt-image-2'))).toMatchObject({ costMicros: null });
  });

  test('a compatible gateway may answer with addresses, in other formats', async () => {
    await using session = await start();
    const url = 'https://gateway.example/picture.webp';
    session.vendor.script(status(200, { created: 1, output_format: 'webp', size: 'auto', data: [{ url }] }));
    expect(await session.provider.submit(submitOf('some-model'))).toEqual({
      status: 'succeeded',
      outputs: [{ content: { url }, contentType: 'image/webp' }],
      costMicros: null,
    });
  });

  test('an empty list of pictures without a usage may have been billed', async () => {
    await using session = await start();
    session.vendor.script(status(200, { created: 1, data: [] }));
    expect(await session.provider.submit(submitOf('gpt-image-2'))).toMatchObject({
      status: 'failed',
      code: 'PROVIDER_UNAVAILABLE',
      billed: 'unknown',
    });
  });

  test('a 503 that does not come from the model itself may follow a bill', async () => {
    await using session = await start();
    session.vendor.script(status(503, 'upstream connect error', { 'content-type': 'text/plain' }));
    expect(await session.provider.submit(submitOf('gpt-image-2'))).toMatchObject({
      billed: 'unknown',
      retryable: true,
    });
  });

  test("an account without credit is the operator's affair, though it comes as a rate limit", async () => {
    await using session = await start();
    const error = {
      message: 'You exceeded your current quota.',
      type: 'insufficient_quota',
      code: 'credit_balance_exhausted',
    };
    session.vendor.script(status(429, { error }));
    const result = await session.provider.submit(submitOf('gpt-image-2'));
    expect(result).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', billed: 'no', retryable: false });
    expect(result).toMatchObject({
      message: 'The provider is not available at the moment.',
      detail: expect.stringContaining('out of credit'),
    });
  });

  test('a key with stars in its middle, as OpenAI says it back, is not kept either', async () => {
    await using session = await start();
    session.vendor.script(status(401));
    const result = await session.provider.submit(submitOf('gpt-image-2'));
    expect(result).toMatchObject({ detail: expect.stringContaining('Incorrect API key provided: [key]') });
    expect(JSON.stringify(result)).not.toMatch(/sk-proj|\*\*|CDEF/);
  });

  test('a refused argument is named to the customer, without addresses', async () => {
    await using session = await start();
    const result = await session.provider.submit(submitOf('gpt-image-2', { size: '17x17' }));
    expect(result).toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('Width and height must both be divisible by 16'),
      detail: expect.stringMatching(/^HTTP 400 invalid_value parameter size .*\(request req_/),
    });
    expect(result).not.toMatchObject({ message: expect.stringContaining('platform.openai.com') });
  });
});

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
});
