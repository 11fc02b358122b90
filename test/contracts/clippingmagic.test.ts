/** The contract of server/providers/provider.ts over ClippingMagic, and what is peculiar to it. */
import { describe, expect, test } from 'vitest';
import { createClippingMagic } from '../../server/providers/clippingmagic.ts';
import { ERRORS, errorOf, readForm } from '../support/vendors/cedar-lake.ts';
import { startClippingMagicVendor } from '../support/vendors/clippingmagic.ts';
import { reply, status } from '../support/vendors/http-vendor.ts';
import { expectFile } from './expectations.ts';
import { providerContract } from './provider.ts';
import { API_ID, API_SECRET } from './vendors/cedar-lake.ts';
import { clippingmagic } from './vendors/clippingmagic.ts';
import { INPUT, submitOf } from './vendors/requests.ts';

providerContract('clippingmagic', clippingmagic);

describe('ClippingMagic', () => {
  const start = async () => {
    const vendor = await startClippingMagicVendor();
    const provider = createClippingMagic({ apiId: API_ID, apiSecret: API_SECRET, baseUrl: vendor.url });
    return { vendor, provider, [Symbol.asyncDispose]: vendor.close };
  };
  const submit = (input = INPUT) => submitOf('remove-background', clippingmagic.request, { input });

  test('a submit uploads the bytes that were checked, under a file name, and asks for the result', async () => {
    await using session = await start();
    const result = await session.provider.submit(submit());
    const [hit] = session.vendor.hits;
    expect(hit).toMatchObject({
      method: 'POST',
      path: '/v1/images',
      headers: {
        authorization: `Basic ${Buffer.from(`${API_ID}:${API_SECRET}`).toString('base64')}`,
        'content-type': expect.stringMatching(/^multipart\/form-data; boundary=/),
      },
    });
    expect(hit && (await readForm(hit))).toEqual({
      fields: { format: 'result' },
      image: { name: 'image.png', type: 'image/png', bytes: INPUT.bytes },
    });
    expect(result).toMatchObject({ outputs: [{ contentType: 'image/png' }], costMicros: null });
  });

  test('a picture of another kind is uploaded as what it is', async () => {
    await using session = await start();
    const bytes = Buffer.from('\xff\xd8\xff\xe0 JFIF', 'latin1');
    await session.provider.submit(submit({ url: INPUT.url, bytes, contentType: 'image/jpeg' }));
    const [hit] = session.vendor.hits;
    expect(hit && (await readForm(hit)).image).toEqual({ name: 'image.jpeg', type: 'image/jpeg', bytes });
  });

  test.each([301, 302, 303] as const)(
    'a result that is elsewhere (%i) is named, and fetched by nobody here',
    async (code) => {
      await using session = await start();
      session.vendor.redirect(code);
      const result = await session.provider.submit(submit());
      const url = `${session.vendor.origin}/files/2346/result.png`;
      expect(result).toEqual({
        status: 'succeeded',
        outputs: [{ content: { url }, contentType: 'image/png' }],
        costMicros: null,
      });
      expect(session.vendor.hits).toHaveLength(1);
      if (result.status === 'succeeded' && result.outputs[0])
        await expectFile(result.outputs[0], 'image/png');
    },
  );

  test.each([
    { location: '/images/2346' },
    { location: 'ftp://files.example/1.png' },
    { location: 'https://' },
    {},
  ])('a redirect that leads nowhere ($location) may follow a bill', async (headers) => {
    await using session = await start();
    session.vendor.script(reply(() => ({ status: 303, body: '', headers: { ...headers } })));
    expect(await session.provider.submit(submit())).toMatchObject({ status: 'failed', billed: 'unknown' });
  });

  test('a result on a background of its own is a JPEG', async () => {
    await using session = await start();
    const body = Buffer.from('\xff\xd8\xff\xe0 JFIF', 'latin1');
    session.vendor.script(reply(() => ({ status: 200, body })));
    expect(await session.provider.submit(submit())).toMatchObject({
      status: 'succeeded',
      outputs: [{ content: new Uint8Array(body), contentType: 'image/jpeg' }],
    });
  });

  test('a rate limit that says nothing more is waited out as its rule says for the first', async () => {
    await using session = await start();
    session.vendor.script(status(429));
    session.vendor.script(status(429, undefined, { 'retry-after': '11' }));
    expect(await session.provider.submit(submit())).toMatchObject({ billed: 'no', retryAfterSeconds: 5 });
    expect(await session.provider.submit(submit())).toMatchObject({ billed: 'no', retryAfterSeconds: 11 });
  });

  test.each([
    { code: 401, note: 'refused' },
    { code: 402, note: 'out of credits' },
    { code: 403, note: 'not allowed' },
    { code: 404, note: 'base URL' },
  ])("a $code is the operator's affair, and costs nothing", async ({ code, note }) => {
    await using session = await start();
    session.vendor.script(status(code));
    const result = await session.provider.submit(submit());
    expect(result).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      billed: 'no',
      retryable: false,
      message: 'The provider is not available at the moment.',
      detail: expect.stringContaining(note),
    });
  });

  test('a picture that cannot be read is said to be so, in the words of the vendor', async () => {
    await using session = await start();
    session.vendor.script(status(400));
    expect(await session.provider.submit(submit())).toMatchObject({
      code: 'INVALID_INPUT',
      billed: 'no',
      message: 'The provider does not take these arguments: Failed to read the supplied image.',
      detail: expect.stringMatching(/^HTTP 400 error 1006 Failed to read/),
    });
  });

  test('workers that are overloaded have not begun; any other 503 may follow a bill', async () => {
    await using session = await start();
    session.vendor.script(status(503));
    session.vendor.script(status(503, errorOf(503, [-10, 'Internal timeout, please try again'])));
    session.vendor.script(status(503, '<html>503</html>', { 'content-type': 'text/html' }));
    for (const billed of ['no', 'unknown', 'unknown']) {
      expect(await session.provider.submit(submit())).toMatchObject({
        code: 'PROVIDER_UNAVAILABLE',
        billed,
        retryable: true,
      });
    }
    expect(ERRORS[503]?.[0]).toBe(-3);
  });

  test('the credentials are in no text, in whichever form the vendor says them back', async () => {
    await using session = await start();
    const basic = Buffer.from(`${API_ID}:${API_SECRET}`).toString('base64');
    session.vendor.script(
      status(400, errorOf(400, [1006, `${API_SECRET} ${basic} ${API_ID}:${API_SECRET}`])),
    );
    const result = await session.provider.submit(submit());
    expect(JSON.stringify(result)).not.toContain(API_SECRET);
    expect(JSON.stringify(result)).not.toContain(basic);
  });

  test('two pictures at a time, or none to work on, are refused without a call', async () => {
    await using session = await start();
    const refused = { status: 'failed', code: 'INVALID_INPUT', billed: 'no' };
    const request = { ...clippingmagic.request, count: 2 };
    expect(
      await session.provider.submit(submitOf('remove-background', request, { input: INPUT })),
    ).toMatchObject(refused);
    expect(await session.provider.submit(submitOf('remove-background', clippingmagic.request))).toMatchObject(
      refused,
    );
    expect(session.vendor.hits).toHaveLength(0);
  });
});
