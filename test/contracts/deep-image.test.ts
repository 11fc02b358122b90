/** Deep-Image keeps the contract, and what is peculiar to it. */
import { describe, expect, test } from 'vitest';
import { createDeepImage } from '../../server/providers/deep-image.ts';
import { startDeepImageVendor } from '../support/vendors/deep-image.ts';
import { formOf } from '../support/vendors/form.ts';
import { reply, status } from '../support/vendors/http-vendor.ts';
import { png } from '../support/vendors/png.ts';
import { providerContract } from './provider.ts';
import { CUSTOMERS, LATER, OPERATORS, submitOf, UNCLEAR } from './vendors/asking.ts';
import { DEEP_IMAGE_KEY, deepImage } from './vendors/deep-image.ts';
import { quiet } from './vendors/requests.ts';

providerContract('deep-image', deepImage);

const { input: INPUT } = deepImage;
if (!INPUT) throw new Error('The harness has no picture.');

async function start() {
  const vendor = await startDeepImageVendor({ apiKey: DEEP_IMAGE_KEY });
  const provider = createDeepImage({ apiKey: DEEP_IMAGE_KEY, baseUrl: vendor.apiUrl });
  /** The parameters and the picture of what was sent last. */
  const sent = async () => {
    const hit = vendor.hits.at(-1);
    const form = hit ? await formOf(hit) : null;
    const image = form?.get('image');
    if (!(image instanceof File)) throw new Error('No picture was sent.');
    return { parameters: JSON.parse(String(form?.get('parameters'))) as unknown, image };
  };
  return { vendor, provider, sent, [Symbol.asyncDispose]: vendor.close };
}

describe('Deep-Image, asked for a larger picture', () => {
  test('gets the picture itself, and doubles it', async () => {
    await using session = await start();
    await session.provider.submit(submitOf(deepImage));
    expect(session.vendor.hits[0]).toMatchObject({
      method: 'POST',
      path: '/rest_api/process_result',
      headers: {
        'x-api-key': DEEP_IMAGE_KEY,
        'content-type': expect.stringMatching(/^multipart\/form-data; boundary=/),
      },
    });
    const { parameters, image } = await session.sent();
    expect(parameters).toEqual({ width: '200%', output_format: 'png' });
    expect(image).toMatchObject({ name: 'picture.png', type: 'image/png' });
    expect(Buffer.from(await image.arrayBuffer())).toEqual(png(640, 480));
  });

  test('gets the size that is asked for, as a frame for the whole picture', async () => {
    await using session = await start();
    await session.provider.submit(submitOf(deepImage, { size: '2560x1920' }));
    expect((await session.sent()).parameters).toEqual({
      width: 2560,
      height: 1920,
      fit: 'bounds',
      output_format: 'png',
    });
  });

  test('is told where to report', async () => {
    await using session = await start();
    const webhookUrl = 'https://solvent.example/webhooks/deep-image/secret';
    await session.provider.submit(submitOf(deepImage, {}, { webhookUrl }));
    expect((await session.sent()).parameters).toMatchObject({ webhooks: { complete: webhookUrl } });
  });

  test.each([
    { contentType: 'image/jpeg', output_format: 'jpeg' },
    { contentType: 'image/webp', output_format: 'png' },
    { contentType: 'image/gif', output_format: 'png' },
  ])('makes a $output_format of an $contentType', async ({ contentType, output_format }) => {
    await using session = await start();
    await session.provider.submit(submitOf(deepImage, {}, { input: { ...INPUT, contentType } }));
    expect((await session.sent()).parameters).toMatchObject({ output_format });
  });

  test.each([
    { what: 'no picture', more: { input: undefined }, words: /A picture is needed/ },
    {
      what: 'a film',
      more: { input: { ...INPUT, contentType: 'video/mp4' } },
      words: /must be a picture/,
    },
    { what: 'two at once', request: { count: 2 }, words: /one picture/ },
    { what: 'a size that is none', request: { size: 'large' }, words: /width and a height/ },
    {
      what: 'more than four times the size',
      request: { size: '2561x1921' },
      words: /640x480 pixels, and is made at most 4 times as large: up to 2560x1920/,
    },
    { what: 'a smaller one', request: { size: '640x4000' }, words: /would not become larger/ },
  ])('is not asked for $what', async ({ request = {}, more = {}, words }) => {
    await using session = await start();
    expect(await session.provider.submit(submitOf(deepImage, request, more))).toMatchObject({
      status: 'failed',
      ...CUSTOMERS,
      message: expect.stringMatching(words),
    });
    expect(session.vendor.hits).toEqual([]);
  });

  test('is asked for any size of a picture whose own nobody could read', async () => {
    await using session = await start();
    const input = { url: INPUT.url, bytes: INPUT.bytes, contentType: 'image/avif' };
    expect(
      (await session.provider.submit(submitOf(deepImage, { size: '4096x4096' }, { input }))).status,
    ).toBe('succeeded');
  });

  test('is not asked for what the catalogue calls otherwise', async () => {
    await using session = await start();
    expect(await session.provider.submit(submitOf(deepImage, {}, { vendorModel: 'generate' }))).toMatchObject(
      {
        ...OPERATORS,
      },
    );
    expect(session.vendor.hits).toEqual([]);
  });
});

describe('Deep-Image, answering', () => {
  test('at once with the file, for a credit whose price it does not tell', async () => {
    await using session = await start();
    const result = await session.provider.submit(submitOf(deepImage));
    expect(result).toEqual({
      status: 'succeeded',
      jobId: expect.stringMatching(/^54e96ab8-/),
      costMicros: null,
      outputs: [
        {
          content: { url: expect.stringContaining(`${session.vendor.origin}/images/`) },
          contentType: 'image/png',
        },
      ],
    });
  });

  test.each([
    { ending: 'jpg', contentType: 'image/jpeg' },
    { ending: 'JPEG?x=1', contentType: 'image/jpeg' },
    { ending: 'webp', contentType: 'image/webp' },
    { ending: 'png', contentType: 'image/png' },
  ])('a file that ends in $ending is $contentType', async ({ ending, contentType }) => {
    await using session = await start();
    const result_url = `https://deep-image.ai/images/2026-11-20/x.${ending}`;
    session.vendor.script(status(200, { status: 'complete', job: 'j1', result_url }));
    expect(await session.provider.submit(submitOf(deepImage))).toMatchObject({ outputs: [{ contentType }] });
  });

  test.each(['received', 'in_progress', 'not_started', 'something new'])(
    '%s is not the end',
    async (state) => {
      await using session = await start();
      session.vendor.script(status(200, { status: state, job: 'j1' }));
      const result = await session.provider.submit(submitOf(deepImage));
      expect(result).toEqual({ status: 'running', jobId: 'j1', pollAfterMs: 2_000 });
    },
  );

  test('a job that is complete without a file is billed', async () => {
    await using session = await start();
    session.vendor.script(status(200, { status: 'complete', job: 'j1', result_url: null }));
    expect(await session.provider.submit(submitOf(deepImage))).toMatchObject({
      status: 'failed',
      billed: 'yes',
      jobId: 'j1',
    });
  });

  test('a job without a name, that nobody could ask after, may be billed', async () => {
    await using session = await start();
    session.vendor.script(status(200, { status: 'in_progress' }));
    expect(await session.provider.submit(submitOf(deepImage))).toMatchObject({
      status: 'failed',
      billed: 'unknown',
    });
  });

  test('an answer to a question need not repeat the id', async () => {
    await using session = await start();
    session.vendor.script(
      reply(() => ({ status: 200, body: { status: 'in_progress' } })),
      { on: 'check' },
    );
    expect(await session.provider.check('j1', quiet())).toEqual({
      status: 'running',
      jobId: 'j1',
      pollAfterMs: 2_000,
    });
  });

  test('an id cannot reach another path of the vendor', async () => {
    await using session = await start();
    await session.provider.check('../me', quiet());
    expect(session.vendor.hits[0]?.path).toBe('/rest_api/result/..%2Fme');
  });

  test('a report is a reason to ask, whatever it says', async () => {
    await using session = await start();
    session.vendor.jobs = 'manual';
    const { jobId = '' } = await session.provider.submit(submitOf(deepImage));
    session.vendor.finish(jobId);
    const delivery = session.vendor.report(jobId, new Date());
    expect(await session.provider.readWebhook?.(delivery)).toEqual({
      status: 'accepted',
      signed: false,
      jobId,
      result: null,
    });
  });
});

describe('Deep-Image, refusing', () => {
  test.each([
    // The vendor's sentences, under whichever status they come.
    { code: 400, words: 'Email has not been confirmed', expected: OPERATORS },
    { code: 400, words: 'User does not have access to this application', expected: OPERATORS },
    { code: 400, words: 'No such application', expected: OPERATORS },
    { code: 400, words: 'No x-api-key header is provided', expected: OPERATORS },
    { code: 403, words: 'No x-application-name header is provided', expected: OPERATORS },
    {
      code: 400,
      words: 'No more requests are available. Next requests available 2026-12-01',
      expected: OPERATORS,
    },
    {
      code: 429,
      words: 'No more requests are available. Next requests available 2026-12-01',
      expected: LATER,
    },
    { code: 404, words: 'No user found for provided token', expected: OPERATORS },
    { code: 404, words: 'No plan found basic', expected: OPERATORS },
    { code: 403, words: 'API rate limit has been reached', expected: LATER },
    { code: 429, words: 'API rate limit has been reached', expected: LATER },
    // Words that say nothing of it.
    { code: 400, words: 'The image cannot be opened', expected: CUSTOMERS },
    { code: 413, words: 'Request Entity Too Large', expected: CUSTOMERS },
    { code: 415, words: 'Unsupported', expected: CUSTOMERS },
    { code: 422, words: 'width is not valid', expected: CUSTOMERS },
    { code: 402, words: 'Pay', expected: OPERATORS },
    { code: 409, words: 'Conflict', expected: UNCLEAR },
    { code: 500, words: 'No more requests are available', expected: UNCLEAR },
    { code: 503, words: 'Unavailable', expected: UNCLEAR },
  ])('with $code and "$words"', async ({ code, words, expected }) => {
    await using session = await start();
    for (const body of [
      { error: words },
      { message: words },
      { detail: words },
      { error: { message: words } },
      words,
    ]) {
      session.vendor.script(status(code, body));
      const result = await session.provider.submit(submitOf(deepImage));
      expect(result).toMatchObject({ status: 'failed', ...expected, detail: expect.stringContaining(words) });
      if (expected === CUSTOMERS) expect(result).toMatchObject({ message: expect.stringContaining(words) });
    }
    expect(session.vendor.submits).toBe(5);
  });

  test('does not show a page of HTML to a customer', async () => {
    await using session = await start();
    session.vendor.script(status(400, '<html><h1>400 Bad Request</h1></html>'));
    expect(await session.provider.submit(submitOf(deepImage))).toMatchObject({
      message: 'The provider does not take these arguments.',
    });
  });

  test('a question refused for the sake of the account says nothing of the job', async () => {
    await using session = await start();
    session.vendor.jobs = 'manual';
    const { jobId = '' } = await session.provider.submit(submitOf(deepImage));
    session.vendor.script(status(404, { error: 'No user found for provided token' }), { on: 'check' });
    expect(await session.provider.check(jobId, quiet())).toMatchObject({
      status: 'running',
      jobId,
      detail: expect.stringContaining('No user found'),
    });
  });
});
