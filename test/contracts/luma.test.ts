/** Luma: the contract, and what is peculiar to it. */
import { describe, expect, test, vi } from 'vitest';
import { createLuma } from '../../server/providers/luma.ts';
import type { GenerationRequest, InputFile, SubmitRequest } from '../../server/providers/provider.ts';
import { reply, reset, status } from '../support/vendors/http-vendor.ts';
import { startLumaVendor } from '../support/vendors/luma.ts';
import { png } from '../support/vendors/png.ts';
import { providerContract } from './provider.ts';
import { LUMA_KEY, LUMA_REQUEST, luma } from './vendors/luma.ts';

providerContract('luma', luma);

const WEBHOOK = 'https://solvent.example/webhooks/luma/019a9d3c?secret=x';
const INPUT: InputFile = {
  url: 'https://example.com/lighthouse.png',
  bytes: png(640, 360),
  contentType: 'image/png',
};

function submitOf(
  request: Partial<GenerationRequest> = {},
  more: Partial<SubmitRequest> = {},
): SubmitRequest {
  return {
    generationId: '019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a93',
    model: 'luma/ray-2',
    vendorModel: 'ray-2',
    request: { ...LUMA_REQUEST, ...request },
    endUser: 'user_6f1ed002ab5595859014ebf0951522d9',
    signal: quiet(),
    ...more,
  };
}
const quiet = () => new AbortController().signal;

async function start() {
  const vendor = await startLumaVendor({ apiKey: LUMA_KEY });
  const provider = createLuma({ apiKey: LUMA_KEY, baseUrl: vendor.url });
  const begin = async () => (await provider.submit(submitOf())).jobId ?? '';
  return { vendor, provider, begin, [Symbol.asyncDispose]: vendor.close };
}

describe('what goes to Luma', () => {
  test('is exactly what was asked for, in what is sold', async () => {
    await using session = await start();
    expect(await session.provider.submit(submitOf())).toEqual({
      status: 'running',
      jobId: [...session.vendor.generations.keys()][0],
      pollAfterMs: 5_000,
    });
    const [hit] = session.vendor.hits;
    expect(hit).toMatchObject({
      method: 'POST',
      path: '/dream-machine/v1/generations/video',
      headers: {
        authorization: `Bearer ${LUMA_KEY}`,
        'content-type': 'application/json',
        'x-stainless-retry-count': '0',
      },
    });
    expect(JSON.parse(hit?.body ?? '')).toEqual({
      model: 'ray-2',
      prompt: LUMA_REQUEST.prompt,
      aspect_ratio: '16:9',
      duration: '5s',
      resolution: '720p',
    });
  });

  test('names a picture by its address, and says where to report', async () => {
    await using session = await start();
    await session.provider.submit(submitOf({ imageUrl: INPUT.url }, { input: INPUT, webhookUrl: WEBHOOK }));
    expect(JSON.parse(session.vendor.hits[0]?.body ?? '')).toMatchObject({
      keyframes: { frame0: { type: 'image', url: INPUT.url } },
      callback_url: WEBHOOK,
    });
  });

  test('leaves out what was left out', async () => {
    await using session = await start();
    await session.provider.submit(submitOf({ aspectRatio: undefined, durationSeconds: undefined }));
    expect(JSON.parse(session.vendor.hits[0]?.body ?? '')).toEqual({
      model: 'ray-2',
      prompt: LUMA_REQUEST.prompt,
      resolution: '720p',
    });
  });

  test.each<{ what: string; submit: SubmitRequest }>([
    { what: 'no prompt', submit: submitOf({ prompt: undefined }) },
    { what: 'two films', submit: submitOf({ count: 2 }) },
    {
      what: 'a film in the place of a picture',
      submit: submitOf({}, { input: { ...INPUT, contentType: 'video/mp4' } }),
    },
  ])('$what is refused without a call', async ({ submit }) => {
    await using session = await start();
    expect(await session.provider.submit(submit)).toMatchObject({ code: 'INVALID_INPUT', billed: 'no' });
    expect(session.vendor.hits).toEqual([]);
  });

  test('goes through the exchange alone: no fault makes the SDK send a second request by its own means', async () => {
    await using session = await start();
    const byItself = vi.spyOn(globalThis, 'fetch');
    for (const fault of [reset(), status(408), status(409), status(429), status(500)]) {
      session.vendor.script(fault);
      expect(await session.provider.submit(submitOf())).toMatchObject({ status: 'failed' });
    }
    expect(session.vendor.hits).toHaveLength(5);
    expect(byItself).not.toHaveBeenCalled();
    byItself.mockRestore();
  });

  test('is not written to the console with the key, whatever DEBUG says', async () => {
    await using session = await start();
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    vi.stubEnv('DEBUG', 'true');
    try {
      expect(await session.provider.submit(submitOf())).toMatchObject({ status: 'running' });
      expect(log).toHaveBeenCalled();
      expect(JSON.stringify(log.mock.calls)).not.toContain(LUMA_KEY);
    } finally {
      vi.unstubAllEnvs();
      log.mockRestore();
    }
  });
});

describe("Luma's generations", () => {
  test('one that is dreaming runs', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.dream(jobId);
    expect(await session.provider.check(jobId, quiet())).toEqual({
      status: 'running',
      jobId,
      pollAfterMs: 5_000,
    });
  });

  test('one without a state, or with a new one, goes on: its id must not be lost', async () => {
    await using session = await start();
    session.vendor.script(reply(() => ({ status: 201, body: { id: 'g1' } })));
    expect(await session.provider.submit(submitOf())).toMatchObject({ status: 'running', jobId: 'g1' });
    session.vendor.script(
      reply(() => ({ status: 200, body: { id: 'g1', state: 'paused' } })),
      { on: 'check' },
    );
    expect(await session.provider.check('g1', quiet())).toMatchObject({ status: 'running', jobId: 'g1' });
  });

  test.each([
    { reason: 'Contains blacklisted words', code: 'CONTENT_REFUSED', retryable: false },
    { reason: 'Frame moderation failed', code: 'CONTENT_REFUSED', retryable: false },
    { reason: 'Advanced prompt moderation failed', code: 'CONTENT_REFUSED', retryable: false },
    { reason: 'Failed to read user input frames', code: 'INVALID_INPUT', retryable: false },
    { reason: 'Prompt processing failed', code: 'PROVIDER_UNAVAILABLE', retryable: true },
    { reason: 'Error dispatching job', code: 'PROVIDER_UNAVAILABLE', retryable: true },
    { reason: 'Error processing callback', code: 'PROVIDER_UNAVAILABLE', retryable: true },
  ])('"$reason" is $code, and is not billed', async ({ reason, code, retryable }) => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.fail(jobId, reason);
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      status: 'failed',
      code,
      retryable,
      billed: 'no',
      jobId,
      detail: expect.stringContaining(reason),
    });
  });

  test('one that is completed without a film is billed', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.finish(jobId, null);
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      status: 'failed',
      billed: 'yes',
      jobId,
    });
  });

  test('an id cannot reach another path of the vendor', async () => {
    await using session = await start();
    await session.provider.check('../credits', quiet());
    expect(session.vendor.hits[0]?.path).toBe('/dream-machine/v1/generations/..%2Fcredits');
  });
});

describe('an order to stop a generation of Luma', () => {
  test('removes it, which may be billed', async () => {
    await using session = await start();
    const jobId = await session.begin();
    expect(await session.provider.cancel(jobId, quiet())).toEqual({ status: 'stopped', billed: 'unknown' });
    expect(session.vendor.hits.map(({ method, path }) => `${method} ${path}`).slice(1)).toEqual([
      `GET /dream-machine/v1/generations/${jobId}`,
      `DELETE /dream-machine/v1/generations/${jobId}`,
      `GET /dream-machine/v1/generations/${jobId}`,
    ]);
  });

  test('never removes a film that is there', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.finish(jobId);
    expect(await session.provider.cancel(jobId, quiet())).toMatchObject({ status: 'goes-on' });
    expect(session.vendor.count('cancel')).toBe(0);
  });

  test('finds one that has failed by itself unbilled', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.fail(jobId, 'Job failed');
    expect(await session.provider.cancel(jobId, quiet())).toEqual({ status: 'stopped', billed: 'no' });
    expect(session.vendor.count('cancel')).toBe(0);
  });
});

describe("Luma's refusals", () => {
  test.each([
    { code: 400, detail: 'Insufficient credits', note: 'out of credit' },
    { code: 402, detail: 'Payment required', note: 'out of credit' },
    { code: 403, detail: 'Forbidden', note: 'does not allow' },
  ])('a $code of "$detail" is the affair of the operator', async ({ code, detail, note }) => {
    await using session = await start();
    session.vendor.script(status(code, { detail }));
    expect(await session.provider.submit(submitOf())).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      billed: 'no',
      retryable: false,
      detail: expect.stringContaining(note),
    });
  });

  test('content that is refused before it is submitted says so', async () => {
    await using session = await start();
    session.vendor.script(status(400, { detail: 'Advanced prompt moderation failed' }));
    expect(await session.provider.submit(submitOf())).toMatchObject({
      code: 'CONTENT_REFUSED',
      billed: 'no',
    });
  });

  test('a refused argument is named to the customer, in either form', async () => {
    await using session = await start();
    expect(await session.provider.submit(submitOf({ prompt: 'x' }))).toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('minimum length is 3 characters'),
    });
    session.vendor.script(status(422));
    expect(await session.provider.submit(submitOf())).toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('field required'),
    });
  });
});

describe("Luma's reports", () => {
  test('go to an address that is in nothing that is told or kept', async () => {
    await using session = await start();
    for (const code of [200, 400, 500]) {
      session.vendor.script(reply(({ body }) => ({ status: code, body: { detail: body } })));
      const result = await session.provider.submit(submitOf({}, { webhookUrl: WEBHOOK }));
      expect(result).toMatchObject({ status: 'failed' });
      expect(JSON.stringify(result)).not.toContain('secret=x');
    }
  });

  test('say nothing that is believed: each is a reason to ask', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.fail(jobId, 'Frame moderation failed');
    const delivery = { ...session.vendor.report(jobId), receivedAt: new Date() };
    expect(await session.provider.readWebhook?.(delivery)).toEqual({
      status: 'accepted',
      signed: false,
      jobId,
      result: null,
    });
  });
});
