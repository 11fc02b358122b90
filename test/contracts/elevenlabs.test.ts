/** ElevenLabs keeps the contract, and what is peculiar to it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createElevenLabs } from '../../server/providers/elevenlabs.ts';
import { FILM_SECONDS, startElevenLabsVendor } from '../support/vendors/elevenlabs.ts';
import { film } from '../support/vendors/film.ts';
import { formOf } from '../support/vendors/form.ts';
import { hang, reset, slow, status } from '../support/vendors/http-vendor.ts';
import { providerContract } from './provider.ts';
import { CUSTOMERS, GENERATION_ID, LATER, OPERATORS, submitOf, UNCLEAR } from './vendors/asking.ts';
import { dubOf, ELEVENLABS_KEY, elevenlabs } from './vendors/elevenlabs.ts';
import { quiet } from './vendors/requests.ts';

providerContract('elevenlabs', elevenlabs);

const _NOW = new Date('2026-11-20T12:00:00Z');

async function start(timeoutMs?: number) {
  const vendor = await startElevenLabsVendor({ apiKey: ELEVENLABS_KEY });
  const provider = createElevenLabs({
    apiKey: ELEVENLABS_KEY,
    baseUrl: vendor.url,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  const begin = async () => (await provider.submit(submitOf(elevenlabs))).jobId ?? '';
  return { vendor, provider, begin, [Symbol.asyncDispose]: vendor.close };
}

describe('ElevenLabs, asked for a dub', () => {
  test('gets the film itself, with a watermark, under the name of the generation', async () => {
    await using session = await start();
    await session.provider.submit(
      submitOf(elevenlabs, {}, { webhookUrl: 'https://solvent.example/webhooks/elevenlabs' }),
    );
    const [hit] = session.vendor.hits;
    if (!hit) throw new Error('Nothing was sent.');
    expect(hit).toMatchObject({
      method: 'POST',
      path: '/v1/dubbing',
      headers: {
        'xi-api-key': ELEVENLABS_KEY,
        'content-type': expect.stringMatching(/^multipart\/form-data; boundary=/),
        'content-length': String(hit.raw.length),
      },
    });
    const { file, ...fields } = Object.fromEntries((await formOf(hit)) ?? []);
    // No address to report to is among them: the vendor takes none here.
    expect(fields).toEqual({
      name: GENERATION_ID,
      source_lang: 'auto',
      target_lang: 'es',
      watermark: 'true',
    });
    if (!(file instanceof File)) throw new Error('The file is no file.');
    expect(file).toMatchObject({ name: 'film.mp4', type: 'video/mp4' });
    expect(Buffer.from(await file.arrayBuffer())).toEqual(Buffer.from(film('the film to dub')));
  });

  test.each([
    { tag: 'es', code: 'es' },
    { tag: 'pt-BR', code: 'pt' },
    { tag: 'zh-Hant-TW', code: 'zh' },
    { tag: 'EN-us', code: 'en' },
    { tag: 'fil', code: 'fil' },
    { tag: 'iw', code: 'he' },
  ])('dubs $tag into what it calls $code, and the job keeps the language', async ({ tag, code }) => {
    await using session = await start();
    const result = await session.provider.submit(submitOf(elevenlabs, { targetLanguage: tag }));
    expect(result).toMatchObject({
      status: 'running',
      jobId: expect.stringMatching(new RegExp(`^dub\\d+:${code}$`)),
    });
    session.vendor.finish(dubOf(result.jobId ?? ''));
    expect((await session.provider.check(result.jobId ?? '', quiet())).status).toBe('succeeded');
    expect(session.vendor.hits.at(-1)?.path).toBe(`/v1/dubbing/${dubOf(result.jobId ?? '')}/audio/${code}`);
  });

  test.each([
    { what: 'no film', more: { input: undefined } },
    { what: 'a picture', more: { input: { url: 'x', bytes: new Uint8Array(1), contentType: 'image/png' } } },
    { what: 'no language', request: { targetLanguage: undefined } },
    { what: 'a language that nobody speaks', request: { targetLanguage: 'und' } },
    { what: 'a tag that is none', request: { targetLanguage: 'not a tag' } },
    { what: 'two dubs at once', request: { count: 2 } },
  ])('is not asked for $what', async ({ request = {}, more = {} }) => {
    await using session = await start();
    expect(await session.provider.submit(submitOf(elevenlabs, request, more))).toMatchObject({
      status: 'failed',
      ...CUSTOMERS,
    });
    expect(session.vendor.hits).toEqual([]);
  });

  test('is not asked for a model that this surface does not run', async () => {
    await using session = await start();
    expect(
      await session.provider.submit(submitOf(elevenlabs, {}, { vendorModel: 'dubbing_v2' })),
    ).toMatchObject({
      ...OPERATORS,
      detail: expect.stringContaining('dubbing_v2'),
    });
    expect(session.vendor.hits).toEqual([]);
  });

  test('is waited for as long as a dub takes', async () => {
    await using session = await start();
    expect(session.provider.jobTimeoutMs).toBe(3_600_000);
  });
});

describe('ElevenLabs, refusing', () => {
  const detail = (code: string) => ({ detail: { status: code, code, message: `Sorry: ${code}.` } });
  test.each([
    { code: 400, body: detail('empty_target_language'), expected: CUSTOMERS },
    { code: 400, body: detail('quota_exceeded'), expected: OPERATORS },
    { code: 401, body: detail('quota_exceeded'), expected: OPERATORS },
    { code: 401, body: detail('invalid_api_key'), expected: OPERATORS },
    { code: 402, body: detail('payment_required'), expected: OPERATORS },
    { code: 403, body: detail('missing_permissions'), expected: OPERATORS },
    { code: 404, body: detail('not_found'), expected: OPERATORS },
    { code: 413, body: '', expected: CUSTOMERS },
    { code: 415, body: detail('unsupported_media'), expected: CUSTOMERS },
    { code: 422, body: undefined, expected: CUSTOMERS },
    { code: 429, body: detail('concurrent_limit_exceeded'), expected: LATER },
    { code: 429, body: detail('quota_exceeded'), expected: LATER },
    { code: 409, body: detail('conflict'), expected: UNCLEAR },
    { code: 500, body: detail('quota_exceeded'), expected: UNCLEAR },
    { code: 503, body: detail('system_busy'), expected: UNCLEAR },
  ])('with $code and $body', async ({ code, body, expected }) => {
    await using session = await start();
    session.vendor.script(status(code, body));
    expect(await session.provider.submit(submitOf(elevenlabs))).toMatchObject({
      status: 'failed',
      ...expected,
    });
    expect(session.vendor.submits).toBe(1);
  });

  test('tells the customer which argument is not taken, in either envelope', async () => {
    await using session = await start();
    session.vendor.script(status(400));
    expect(await session.provider.submit(submitOf(elevenlabs))).toMatchObject({
      message: expect.stringContaining('Target language must be set'),
    });
    session.vendor.script(status(422));
    expect(await session.provider.submit(submitOf(elevenlabs))).toMatchObject({
      message: 'The provider does not take these arguments: file: Field required',
    });
  });

  test('an answer without an id may follow a bill', async () => {
    await using session = await start();
    session.vendor.script(status(200, { expected_duration_sec: 3 }));
    expect(await session.provider.submit(submitOf(elevenlabs))).toMatchObject({
      status: 'failed',
      ...UNCLEAR,
    });
  });
});

test('a film whose dub could not be fetched is not sent', async () => {
  await using session = await start();
  const { input } = elevenlabs;
  if (!input) throw new Error('There is no film.');
  const long = { ...input, bytes: new Uint8Array(200_000_001) };
  expect(await session.provider.submit({ ...submitOf(elevenlabs), input: long })).toMatchObject({
    ...CUSTOMERS,
    message: expect.stringContaining('200 MB'),
  });
  expect(session.vendor.hits).toEqual([]);
});

describe('ElevenLabs, asked after a dub', () => {
  test('serves the film to the holder of the key, and its duration is what it costs', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.finish(dubOf(jobId));
    expect(await session.provider.check(jobId, quiet())).toEqual({
      status: 'succeeded',
      jobId,
      costMicros: 990_000n,
      outputs: [
        {
          content: new Uint8Array(film(`${dubOf(jobId)} in es`)),
          contentType: 'video/mp4',
          durationSeconds: FILM_SECONDS,
        },
      ],
    });
    expect(session.vendor.hits.at(-1)).toMatchObject({
      kind: 'file',
      headers: { 'xi-api-key': ELEVENLABS_KEY },
    });
  });

  test.each([
    { duration: 0.4, costMicros: 330_000n },
    { duration: 60, costMicros: 330_000n },
    { duration: 60.01, costMicros: 660_000n },
    { duration: 3_600, costMicros: 19_800_000n },
    { duration: 0, costMicros: null },
    { duration: -1, costMicros: null },
    { duration: Number.NaN, costMicros: null },
  ])('a film of $duration s costs $costMicros', async ({ duration, costMicros }) => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.finish(dubOf(jobId));
    const dub = session.vendor.dubs.get(dubOf(jobId));
    if (dub) dub.media_metadata = { content_type: 'video/mp4', duration };
    expect(await session.provider.check(jobId, quiet())).toMatchObject({ status: 'succeeded', costMicros });
  });

  test('a film whose duration it does not tell costs what the catalogue says', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.finish(dubOf(jobId));
    const dub = session.vendor.dubs.get(dubOf(jobId));
    if (dub) dub.media_metadata = null;
    const result = await session.provider.check(jobId, quiet());
    expect(result).toMatchObject({
      status: 'succeeded',
      costMicros: null,
      outputs: [{ contentType: 'video/mp4' }],
    });
  });

  test.each(['preparing', 'queued', 'cloning', 'dubbing', 'something new'])(
    '%s is not the end',
    async (state) => {
      await using session = await start();
      const jobId = await session.begin();
      Object.assign(session.vendor.dubs.get(dubOf(jobId)) ?? {}, { status: state });
      expect(await session.provider.check(jobId, quiet())).toEqual({
        status: 'running',
        jobId,
        pollAfterMs: 10_000,
      });
    },
  );

  test.each([
    { what: 'is too early', fault: status(425), detail: /^HTTP 425 / },
    { what: 'meets a refused key', fault: status(401), detail: /or its key\. HTTP 401 / },
    { what: 'meets an internal error', fault: status(500), detail: /^HTTP 500 / },
    { what: 'breaks', fault: reset(), detail: /./ },
    { what: 'is never answered', fault: hang(), detail: /late/ },
    {
      what: 'brings a page',
      fault: status(200, '<html>', { 'content-type': 'text/html' }),
      detail: /text\/html/,
    },
    {
      what: 'brings nothing',
      fault: status(200, '', { 'content-type': 'video/mp4' }),
      detail: /video\/mp4, .*: nothing$/,
    },
  ])('a fetch that $what says nothing of the dub, and the next one finds it', async ({ fault, detail }) => {
    await using session = await start(300);
    const jobId = await session.begin();
    session.vendor.finish(dubOf(jobId));
    session.vendor.script(fault, { on: 'file' });
    expect(await session.provider.check(jobId, quiet())).toEqual({
      status: 'running',
      jobId,
      pollAfterMs: 10_000,
      detail: expect.stringMatching(detail),
    });
    expect((await session.provider.check(jobId, quiet())).status).toBe('succeeded');
    expect(session.vendor.submits).toBe(1);
  });

  test('a film that takes longer to fetch than a question may take is fetched once, and is there for a later one', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.finish(dubOf(jobId));
    session.vendor.script(slow(400), { on: 'file' });
    for (let questions = 0; questions < 2; questions += 1) {
      expect(await session.provider.check(jobId, AbortSignal.timeout(100))).toMatchObject({
        status: 'running',
        jobId,
        detail: expect.stringContaining('still being fetched'),
      });
    }
    await sleep(400);
    expect((await session.provider.check(jobId, quiet())).status).toBe('succeeded');
    expect(session.vendor.count('file')).toBe(1);
    // Who did not keep it may have it again.
    expect((await session.provider.check(jobId, quiet())).status).toBe('succeeded');
    expect(session.vendor.count('file')).toBe(2);
  });

  test('a fetch that is to wait waits', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.finish(dubOf(jobId));
    session.vendor.script(status(429, undefined, { 'retry-after': '42' }), { on: 'file' });
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      status: 'running',
      pollAfterMs: 42_000,
    });
  });

  test('a film of which it says no type is what was dubbed', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.finish(dubOf(jobId));
    const bytes = Buffer.from('RIFF');
    session.vendor.script(status(200, bytes, { 'content-type': 'application/octet-stream' }), { on: 'file' });
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      outputs: [{ contentType: 'video/mp4' }],
    });
    session.vendor.script(status(200, bytes, { 'content-type': 'audio/mpeg; charset=utf-8' }), {
      on: 'file',
    });
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      outputs: [{ contentType: 'audio/mpeg' }],
    });
  });

  test('a dub that is done and has no file is billed', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.finish(dubOf(jobId));
    session.vendor.script(status(404), { on: 'file' });
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      status: 'failed',
      billed: 'yes',
      costMicros: 990_000n,
      jobId,
    });
  });

  test('a dub that is too long to be fetched is not fetched again and again, and is billed', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.finish(dubOf(jobId));
    const headers = { 'content-type': 'video/mp4', 'content-length': '300000000' };
    session.vendor.script(status(200, 'film', headers), { on: 'file' });
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      status: 'failed',
      billed: 'yes',
      costMicros: 990_000n,
      jobId,
    });
  });

  test('an id without a language is none of its dubs, and is not asked after', async () => {
    await using session = await start();
    expect(await session.provider.check('dub1', quiet())).toMatchObject({
      status: 'failed',
      billed: 'unknown',
    });
    expect(session.vendor.hits).toEqual([]);
  });

  test('an id cannot reach another path of the vendor', async () => {
    await using session = await start();
    await session.provider.check('../voices?x=1:es', quiet());
    expect(session.vendor.hits[0]?.path).toBe('/v1/dubbing/..%2Fvoices%3Fx%3D1');
  });
});

describe('ElevenLabs, asked to stop a dub', () => {
  test('deletes one that runs', async () => {
    await using session = await start();
    const jobId = await session.begin();
    expect(await session.provider.cancel(jobId, quiet())).toEqual({ status: 'stopped', billed: 'unknown' });
    expect(session.vendor.hits.at(-1)).toMatchObject({
      method: 'DELETE',
      path: `/v1/dubbing/${dubOf(jobId)}`,
    });
  });

  test('leaves alone one that has ended, or of which it cannot say how it stands', async () => {
    await using session = await start();
    const [finished, failed, unclear] = [await session.begin(), await session.begin(), await session.begin()];
    session.vendor.finish(dubOf(finished));
    session.vendor.fail(dubOf(failed));
    expect(await session.provider.cancel(finished, quiet())).toMatchObject({ status: 'goes-on' });
    expect(await session.provider.cancel(failed, quiet())).toMatchObject({ status: 'goes-on' });
    session.vendor.script(status(500), { on: 'check' });
    expect(await session.provider.cancel(unclear, quiet())).toMatchObject({ status: 'goes-on' });
    expect(session.vendor.count('cancel')).toBe(0);
    expect(session.vendor.dubs.size).toBe(3);
  });

  test('has not stopped it unless it says so', async () => {
    await using session = await start();
    const jobId = await session.begin();
    session.vendor.script(status(200, { status: 'error' }), { on: 'cancel' });
    expect(await session.provider.cancel(jobId, quiet())).toMatchObject({ status: 'goes-on' });
  });
});
