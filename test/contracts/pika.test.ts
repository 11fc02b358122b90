/** The contract of server/providers/provider.ts over Pika through fal, and what is peculiar to it. */
import { describe, expect, test } from 'vitest';
import { createPika } from '../../server/providers/pika.ts';
import type { GenerationRequest, InputFile, SubmitRequest } from '../../server/providers/provider.ts';
import { malformed, reset, status } from '../support/vendors/http-vendor.ts';
import { type PikaVendor, REFUSED_CONTENT, startPikaVendor } from '../support/vendors/pika.ts';
import { png } from '../support/vendors/png.ts';
import { providerContract } from './provider.ts';
import { FAL_KEY, FILM, idOf, pika } from './vendors/pika.ts';

const PICTURE: InputFile = {
  url: 'https://example.com/lighthouse.png',
  bytes: png(64, 36),
  contentType: 'image/png',
  width: 64,
  height: 36,
};

providerContract('pika', pika());
providerContract('pika, with a picture to begin with', pika(PICTURE));

const V2_2 = 'fal-ai/pika/v2.2/text-to-video';
const TURBO = 'fal-ai/pika/v2/turbo/text-to-video';
const NOW = new Date('2026-11-20T12:00:00Z');

const make = (vendor: PikaVendor) =>
  createPika({ falKey: FAL_KEY, baseUrl: `${vendor.origin}/`, webhookKeysUrl: vendor.keysUrl });
const start = async () => {
  const vendor = await startPikaVendor({ falKey: FAL_KEY });
  return { vendor, provider: make(vendor), [Symbol.asyncDispose]: vendor.close };
};
type Session = Awaited<ReturnType<typeof start>>;

const submitOf = (
  request: Partial<GenerationRequest> = {},
  more: Partial<SubmitRequest> = {},
): SubmitRequest => ({
  generationId: '019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a93',
  model: 'pika/v2.2',
  vendorModel: V2_2,
  request: { ...FILM, ...request },
  endUser: 'user_6f1ed002ab5595859014ebf0951522d9',
  signal: new AbortController().signal,
  ...more,
});
const quiet = () => new AbortController().signal;

/** Submits, and gives the job's id and the request's. */
async function begin({ provider }: Session, vendorModel = V2_2): Promise<[jobId: string, id: string]> {
  const { jobId = '' } = await provider.submit(submitOf({}, { vendorModel }));
  return [jobId, idOf(jobId)];
}

describe('what goes on the wire', () => {
  test('a submit asks for one film at 720p, for no repetition and for a report', async () => {
    await using session = await start();
    const webhookUrl = 'https://solvent.example/webhooks/pika?generation=1&secret=a+b';
    const request = { aspectRatio: '9:16', durationSeconds: 10, seed: 7 };
    const result = await session.provider.submit(submitOf(request, { webhookUrl }));
    expect(session.vendor.hits).toHaveLength(1);
    const [hit] = session.vendor.hits;
    expect(hit).toMatchObject({
      method: 'POST',
      path: expect.stringMatching(/^\/fal-ai\/pika\/v2\.2\/text-to-video\?fal_webhook=/),
      headers: { authorization: `Key ${FAL_KEY}`, 'x-fal-no-retry': '1' },
    });
    expect(JSON.parse(hit?.body ?? '')).toEqual({
      prompt: FILM.prompt,
      resolution: '720p',
      duration: '10',
      seed: 7,
      aspect_ratio: '9:16',
    });
    const [queued] = session.vendor.requests.values();
    expect(queued?.webhookUrl).toBe(webhookUrl);
    expect(result).toEqual({ status: 'running', jobId: `fal-ai/pika/${queued?.id}`, pollAfterMs: 5_000 });
  });

  test('what was not asked for is not sent', async () => {
    await using session = await start();
    await session.provider.submit(submitOf({ durationSeconds: undefined }));
    const [hit] = session.vendor.hits;
    expect(hit?.path).toBe(`/${V2_2}`);
    expect(JSON.parse(hit?.body ?? '')).toEqual({ prompt: FILM.prompt, resolution: '720p' });
  });

  test('a picture goes along as its bytes, to the sibling that makes films of pictures', async () => {
    await using session = await start();
    await session.provider.submit(submitOf({ imageUrl: PICTURE.url }, { input: PICTURE }));
    expect(session.vendor.hits).toHaveLength(1);
    const [hit] = session.vendor.hits;
    expect(hit?.path).toBe('/fal-ai/pika/v2.2/image-to-video');
    expect(JSON.parse(hit?.body ?? '')).toEqual({
      prompt: FILM.prompt,
      resolution: '720p',
      duration: '5',
      image_url: `data:image/png;base64,${Buffer.from(PICTURE.bytes).toString('base64')}`,
    });
  });

  test.each([TURBO, 'fal-ai/pika/v2.1/text-to-video'])(
    '%s wants the seconds as a number',
    async (vendorModel) => {
      await using session = await start();
      await session.provider.submit(submitOf({ durationSeconds: 3 }, { vendorModel }));
      expect(JSON.parse(session.vendor.hits[0]?.body ?? '')).toMatchObject({ duration: 3 });
    },
  );

  test('a question after a job and an order to stop it name the application and the request', async () => {
    await using session = await start();
    const [jobId, id] = await begin(session);
    await session.provider.check(jobId, quiet());
    session.vendor.finish(id);
    await session.provider.check(jobId, quiet());
    await session.provider.cancel(jobId, quiet());
    const path = `/fal-ai/pika/requests/${id}`;
    expect(session.vendor.hits.slice(1).map((hit) => `${hit.method} ${hit.path}`)).toEqual([
      `GET ${path}/status?logs=0`,
      `GET ${path}/status?logs=0`,
      `GET ${path}`,
      `PUT ${path}/cancel`,
    ]);
  });

  test.each<{ what: string; request: Partial<GenerationRequest>; more?: Partial<SubmitRequest> }>([
    { what: 'no prompt', request: { prompt: '' } },
    { what: 'two films', request: { count: 2 } },
    { what: 'a duration that the model does not list', request: { durationSeconds: 3 } },
    { what: 'a shape that the model does not list', request: { aspectRatio: '21:9' } },
    { what: 'a picture that is not there', request: { imageUrl: PICTURE.url } },
    {
      what: 'a film in the place of a picture',
      request: { imageUrl: PICTURE.url },
      more: { input: { ...PICTURE, contentType: 'video/mp4' } },
    },
    {
      what: 'a shape and a picture',
      request: { imageUrl: PICTURE.url, aspectRatio: '16:9' },
      more: { input: PICTURE },
    },
    {
      what: 'no picture for a model that needs one',
      request: {},
      more: { vendorModel: 'fal-ai/pika/v2.2/image-to-video' },
    },
  ])('$what is refused without a call', async ({ request, more }) => {
    await using session = await start();
    const result = await session.provider.submit(submitOf(request, more));
    expect(result).toMatchObject({ status: 'failed', code: 'INVALID_INPUT', billed: 'no', retryable: false });
    expect(session.vendor.hits).toHaveLength(0);
  });

  test.each([
    '',
    'pika',
    'fal-ai/flux/dev',
    'fal-ai/pika/../flux/text-to-video',
    'fal-ai/pika/v2.2/pikaframes',
  ])('a model called "%s" is none of this provider', async (vendorModel) => {
    await using session = await start();
    const result = await session.provider.submit(submitOf({}, { vendorModel }));
    expect(result).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', billed: 'no', retryable: false });
    expect(session.vendor.hits).toHaveLength(0);
  });

  test('an id of a job cannot reach another path of the vendor', async () => {
    await using session = await start();
    for (const jobId of ['fal-ai/pika/..', 'fal-ai/pika/a/b', 'fal-ai/flux/1', '../x', '']) {
      expect(await session.provider.check(jobId, quiet())).toMatchObject({ status: 'failed', jobId });
      expect(await session.provider.cancel(jobId, quiet())).toMatchObject({ status: 'goes-on' });
    }
    expect(session.vendor.hits).toHaveLength(0);
    await session.provider.check('fal-ai/pika/a?b#c', quiet());
    expect(session.vendor.hits[0]?.path).toBe('/fal-ai/pika/requests/a%3Fb%23c/status?logs=0');
  });

  test('an answer without a usable id may follow a bill', async () => {
    await using session = await start();
    for (const id of [undefined, 7, '', '..', 'a/b']) {
      session.vendor.script(status(200, { status: 'IN_QUEUE', request_id: id }));
      expect(await session.provider.submit(submitOf())).toMatchObject({
        status: 'failed',
        billed: 'unknown',
      });
    }
  });
});

describe('what a film costs', () => {
  test.each([
    { vendorModel: TURBO, units: '1', costMicros: 200_000n },
    { vendorModel: TURBO, units: '2.0', costMicros: 400_000n },
    { vendorModel: TURBO, units: '0.333333', costMicros: 66_667n },
    { vendorModel: TURBO, units: '0', costMicros: 0n },
    { vendorModel: V2_2, units: '0.0', costMicros: 0n },
    { vendorModel: TURBO, units: undefined, costMicros: null },
    { vendorModel: TURBO, units: 'one', costMicros: null },
    { vendorModel: 'fal-ai/pika/v2.1/text-to-video', units: '1', costMicros: null },
    { vendorModel: V2_2, units: '5', costMicros: null },
  ])('$units units of $vendorModel cost $costMicros', async ({ vendorModel, units, costMicros }) => {
    await using session = await start();
    const [jobId, id] = await begin(session, vendorModel);
    session.vendor.finish(id, units === undefined ? {} : { units });
    expect(await session.provider.check(jobId, quiet())).toEqual({
      status: 'succeeded',
      outputs: [
        {
          content: { url: `${session.vendor.origin}/files/${jobId}/output.mp4` },
          contentType: 'video/mp4',
        },
      ],
      costMicros,
      jobId,
    });
  });

  test('after a restart, a job is found by its id, and the catalogue says what it costs', async () => {
    await using session = await start();
    const [jobId, id] = await begin(session, TURBO);
    session.vendor.finish(id, { units: '1' });
    const restarted = make(session.vendor);
    expect(await restarted.check(jobId, quiet())).toMatchObject({
      status: 'succeeded',
      costMicros: null,
      jobId,
    });
  });

  test('a request that succeeded without a film to fetch is billed', async () => {
    await using session = await start();
    const [jobId, id] = await begin(session, TURBO);
    session.vendor.finish(id, { units: '1', output: { video: null } });
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      status: 'failed',
      billed: 'yes',
      costMicros: 200_000n,
      jobId,
    });
  });

  test('a film whose type the vendor does not know is one all the same', async () => {
    await using session = await start();
    const [jobId, id] = await begin(session);
    const url = `${session.vendor.origin}/files/film`;
    session.vendor.finish(id, { output: { video: { url, content_type: 'application/octet-stream' } } });
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      outputs: [{ content: { url }, contentType: 'video/mp4' }],
    });
  });
});

describe('how a job ends', () => {
  const typed = (type: string, msg = 'It is not right.') => ({ detail: [{ loc: ['body'], msg, type }] });

  test.each([
    {
      status: 422,
      body: REFUSED_CONTENT,
      units: '0',
      code: 'CONTENT_REFUSED',
      billed: 'no',
      retryable: false,
    },
    {
      status: 422,
      body: REFUSED_CONTENT,
      units: '1',
      code: 'CONTENT_REFUSED',
      billed: 'yes',
      retryable: false,
    },
    { status: 422, body: REFUSED_CONTENT, code: 'CONTENT_REFUSED', billed: 'unknown', retryable: false },
    {
      status: 422,
      body: typed('image_too_small'),
      code: 'INVALID_INPUT',
      billed: 'unknown',
      retryable: false,
    },
    {
      status: 422,
      body: { detail: 'No.' },
      units: '0',
      code: 'INVALID_INPUT',
      billed: 'no',
      retryable: false,
    },
    { status: 422, body: typed('no_media_generated'), billed: 'unknown', retryable: true },
    { status: 400, body: typed('downstream_service_error'), billed: 'unknown', retryable: true },
    { status: 500, body: typed('internal_server_error'), billed: 'no', retryable: true },
    { status: 504, body: { detail: 'Late', error_type: 'request_timeout' }, billed: 'no', retryable: true },
    { status: 499, body: { detail: 'Cancelled' }, billed: 'unknown', retryable: true },
  ])(
    'a result of $status $body.detail.0.type, $units units, is billed: $billed',
    async ({ status: code, body, units, billed, retryable, ...expected }) => {
      await using session = await start();
      const [jobId, id] = await begin(session);
      session.vendor.end(id, code, body, { told: false, ...(units === undefined ? {} : { units }) });
      expect(await session.provider.check(jobId, quiet())).toMatchObject({
        status: 'failed',
        code: expected.code ?? 'PROVIDER_UNAVAILABLE',
        billed,
        retryable,
        jobId,
        detail: expect.stringContaining(`HTTP ${code}`),
      });
    },
  );

  test('a failure that is billed by the unit says what it cost', async () => {
    await using session = await start();
    const [jobId, id] = await begin(session, TURBO);
    session.vendor.end(id, 422, REFUSED_CONTENT, { units: '0.5' });
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      billed: 'yes',
      costMicros: 100_000n,
    });
  });

  test('refused arguments are named to the customer', async () => {
    await using session = await start();
    const [jobId, id] = await begin(session);
    session.vendor.end(
      id,
      422,
      typed('image_too_small', 'The picture is smaller than 300 pixels, see fal.ai/x.'),
    );
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      message: 'The provider does not take these arguments: The picture is smaller than 300 pixels, see',
    });
  });

  test.each([
    {
      what: 'an internal error without a type',
      fault: () => status(500, { detail: 'Internal Server Error' }),
    },
    { what: "a gateway's page", fault: () => status(504, '<html>', { 'content-type': 'text/html' }) },
    { what: 'a rate limit', fault: () => status(429, undefined, { 'retry-after': '7' }), pollAfterMs: 7_000 },
    { what: 'a revoked key', fault: () => status(401) },
    { what: 'an empty account', fault: () => status(403) },
    {
      what: 'a result that is not there yet',
      fault: () => status(400, { detail: 'Request is still in progress' }),
    },
    { what: 'broken JSON', fault: malformed },
    { what: 'a broken connection', fault: reset },
  ])(
    '$what in the place of the result says nothing of a film that is there',
    async ({ fault, pollAfterMs }) => {
      await using session = await start();
      const [jobId, id] = await begin(session);
      session.vendor.finish(id);
      // The first question is after the status, and is answered as it should be.
      session.vendor.script(status(200, { status: 'COMPLETED', request_id: id }), { on: 'check' });
      session.vendor.script(fault(), { on: 'check' });
      expect(await session.provider.check(jobId, quiet())).toMatchObject({
        status: 'running',
        jobId,
        detail: expect.stringMatching(/./),
        ...(pollAfterMs === undefined ? {} : { pollAfterMs }),
      });
      expect(session.vendor.count('check')).toBe(2);
      expect(await session.provider.check(jobId, quiet())).toMatchObject({ status: 'succeeded' });
    },
  );

  test("an error without a type is the job's where its status says that there was one", async () => {
    await using session = await start();
    const [jobId, id] = await begin(session);
    session.vendor.end(id, 500, { detail: 'Internal Server Error' });
    expect(await session.provider.check(jobId, quiet())).toMatchObject({ status: 'failed', billed: 'no' });
  });

  test('a job that the vendor has forgotten is one that nobody knows', async () => {
    await using session = await start();
    const [jobId, id] = await begin(session);
    session.vendor.forget(id);
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      status: 'failed',
      code: 'PROVIDER_UNAVAILABLE',
      billed: 'unknown',
      jobId,
    });
    expect(await session.provider.cancel(jobId, quiet())).toMatchObject({
      status: 'goes-on',
      detail: expect.stringContaining('NOT_FOUND'),
    });
  });

  test('a job of which the vendor tells a new status is asked after again', async () => {
    await using session = await start();
    const [jobId] = await begin(session);
    session.vendor.script(status(202, { status: 'WARMING_UP' }), { on: 'check' });
    expect(await session.provider.check(jobId, quiet())).toEqual({
      status: 'running',
      jobId,
      pollAfterMs: 3_000,
    });
  });
});

test('the SDK finds nothing to repeat, and so nothing to wait for', async () => {
  await using session = await start();
  const [jobId] = await begin(session);
  for (const fault of [() => status(503), () => status(429), reset]) {
    const started = performance.now();
    session.vendor.script(fault());
    session.vendor.script(fault(), { on: 'check' });
    session.vendor.script(fault(), { on: 'cancel' });
    await session.provider.submit(submitOf());
    await session.provider.check(jobId, quiet());
    await session.provider.cancel(jobId, quiet());
    // Its shortest pause before a repetition is three quarters of a second.
    expect(performance.now() - started).toBeLessThan(700);
  }
  expect(session.vendor.hits).toHaveLength(10);
});

describe('stopping a job', () => {
  test('a runner that stops when it is told to has stopped, and may be billed', async () => {
    await using session = await start();
    const [jobId, id] = await begin(session);
    session.vendor.run(id);
    expect(await session.provider.cancel(jobId, quiet())).toEqual({ status: 'stopped', billed: 'unknown' });
  });

  test('a runner that does not stop goes on, though the vendor took the order', async () => {
    await using session = await start();
    const [jobId, id] = await begin(session);
    session.vendor.run(id);
    session.vendor.stops = false;
    expect(await session.provider.cancel(jobId, quiet())).toEqual({
      status: 'goes-on',
      detail: expect.stringContaining('CANCELLATION_REQUESTED'),
    });
    session.vendor.finish(id);
    expect(await session.provider.check(jobId, quiet())).toMatchObject({ status: 'succeeded' });
  });

  test('a job that has ended says so', async () => {
    await using session = await start();
    const [jobId, id] = await begin(session);
    session.vendor.finish(id);
    expect(await session.provider.cancel(jobId, quiet())).toEqual({
      status: 'goes-on',
      detail: expect.stringContaining('HTTP 400 {"status":"ALREADY_COMPLETED"}'),
    });
  });
});

describe('refusals of a submit', () => {
  test("an account without credit is the operator's affair", async () => {
    await using session = await start();
    session.vendor.script(status(403));
    expect(await session.provider.submit(submitOf())).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      billed: 'no',
      retryable: false,
      message: 'The provider is not available at the moment.',
      detail: expect.stringContaining('Exhausted balance'),
    });
  });

  test('neither half of the key is in anything that is told', async () => {
    await using session = await start();
    const [id = '', secret = ''] = FAL_KEY.split(':');
    session.vendor.script(status(401, { detail: `The key ${id} with ${secret} is not known.` }));
    const result = await session.provider.submit(submitOf());
    expect(result).toMatchObject({ detail: expect.stringContaining('[key]') });
    expect(JSON.stringify(result)).not.toContain(id);
    expect(JSON.stringify(result)).not.toContain(secret);
  });
});

describe('reports', () => {
  async function report(session: Session, at = NOW) {
    const [jobId, id] = await begin(session);
    session.vendor.finish(id);
    return { jobId, delivery: session.vendor.report(id, at) };
  }

  test("a report says which job to ask after, and no more: other customers' are signed by the same keys", async () => {
    await using session = await start();
    const { jobId, delivery } = await report(session);
    expect(await session.provider.readWebhook?.(delivery)).toEqual({
      status: 'accepted',
      signed: true,
      jobId,
      result: null,
    });
  });

  test.each(['request-id', 'user-id', 'timestamp'])('the %s is signed with the rest', async (name) => {
    await using session = await start();
    const { delivery } = await report(session);
    const header = `x-fal-webhook-${name}`;
    const headers = { ...delivery.headers, [header]: `${delivery.headers[header]?.slice(0, -1)}9` };
    expect(await session.provider.readWebhook?.({ ...delivery, headers })).toMatchObject({
      status: 'rejected',
    });
  });

  test.each(['request-id', 'user-id', 'timestamp', 'signature'])(
    'a report without its %s is rejected',
    async (name) => {
      await using session = await start();
      const { delivery } = await report(session);
      const headers = { ...delivery.headers, [`x-fal-webhook-${name}`]: undefined };
      expect(await session.provider.readWebhook?.({ ...delivery, headers })).toMatchObject({
        status: 'rejected',
      });
      expect(session.vendor.keysFetched).toBe(0);
    },
  );

  test('a report from the future is rejected, and no key is fetched for it', async () => {
    await using session = await start();
    const { delivery } = await report(session);
    const receivedAt = new Date(NOW.getTime() - 301_000);
    expect(await session.provider.readWebhook?.({ ...delivery, receivedAt })).toMatchObject({
      status: 'rejected',
    });
    expect(session.vendor.keysFetched).toBe(0);
  });

  test.each([
    '{}',
    '[]',
    '{"request_id":7}',
    '{"request_id":""}',
    '{"request_id":".."}',
    '{"request_id":"a/b"}',
    '{',
  ])('a signed body of %s names no request', async (body) => {
    await using session = await start();
    expect(await session.provider.readWebhook?.(session.vendor.sign(body, NOW))).toEqual({
      status: 'rejected',
      reason: 'The body names no request.',
    });
  });

  test('the keys are kept for a day', async () => {
    await using session = await start();
    const at = (hours: number) => new Date(NOW.getTime() + hours * 3_600_000);
    for (const hours of [0, 1, 23]) {
      const { delivery } = await report(session, at(hours));
      expect(await session.provider.readWebhook?.(delivery)).toMatchObject({ status: 'accepted' });
    }
    expect(session.vendor.keysFetched).toBe(1);
    const { delivery } = await report(session, at(25));
    expect(await session.provider.readWebhook?.(delivery)).toMatchObject({ status: 'accepted' });
    expect(session.vendor.keysFetched).toBe(2);
  });

  test('a new key is fetched when a report fits none, and at most once a minute', async () => {
    await using session = await start();
    const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000);
    const read = async (seconds: number) =>
      session.provider.readWebhook?.((await report(session, at(seconds))).delivery);
    expect(await read(0)).toMatchObject({ status: 'accepted' });
    session.vendor.changeKey();
    expect(await read(59)).toMatchObject({ status: 'rejected' });
    expect(session.vendor.keysFetched).toBe(1);
    expect(await read(60)).toMatchObject({ status: 'accepted' });
    expect(session.vendor.keysFetched).toBe(2);
  });

  test('reports at the same time wait for the same keys', async () => {
    await using session = await start();
    const reports = await Promise.all([report(session), report(session), report(session)]);
    const readings = await Promise.all(
      reports.map(({ delivery }) => session.provider.readWebhook?.(delivery)),
    );
    expect(readings.map((reading) => reading?.status)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(session.vendor.keysFetched).toBe(1);
  });

  test.each([
    { what: 'an error', fault: () => status(500) },
    { what: 'something else', fault: () => status(200, { hello: 'world' }) },
    {
      what: 'keys of other kinds',
      fault: () => status(200, { keys: [{ kty: 'RSA', n: 'x' }, null, { x: 'short' }] }),
    },
    { what: 'broken JSON', fault: malformed },
    { what: 'a broken connection', fault: reset },
  ])('while the keys are $what, no report is believed, and later ones are', async ({ fault }) => {
    await using session = await start();
    session.vendor.script(fault(), { on: 'other' });
    const first = await report(session);
    expect(await session.provider.readWebhook?.(first.delivery)).toMatchObject({ status: 'rejected' });
    const later = await report(session, new Date(NOW.getTime() + 60_000));
    expect(await session.provider.readWebhook?.(later.delivery)).toMatchObject({ status: 'accepted' });
  });
});
