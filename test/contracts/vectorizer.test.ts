/** The contract of server/providers/provider.ts over Vectorizer.AI, and what is peculiar to it. */
import { describe, expect, test } from 'vitest';
import { createVectorizer, type VectorizerOptions } from '../../server/providers/vectorizer.ts';
import { readForm } from '../support/vendors/cedar-lake.ts';
import { reply, status } from '../support/vendors/http-vendor.ts';
import { SVG } from '../support/vendors/svg.ts';
import { startVectorizerVendor } from '../support/vendors/vectorizer.ts';
import { providerContract } from './provider.ts';
import { API_ID, API_SECRET } from './vendors/cedar-lake.ts';
import { INPUT, submitOf } from './vendors/requests.ts';
import { vectorizer } from './vendors/vectorizer.ts';

providerContract('vectorizer', vectorizer);

describe('Vectorizer.AI', () => {
  const start = async (options: Partial<VectorizerOptions> = {}) => {
    const vendor = await startVectorizerVendor();
    const provider = createVectorizer({
      apiId: API_ID,
      apiSecret: API_SECRET,
      baseUrl: vendor.url,
      ...options,
    });
    return { vendor, provider, [Symbol.asyncDispose]: vendor.close };
  };
  const submit = () => submitOf('vectorize', vectorizer.request, { input: INPUT });
  const charged = (credits: string, body: unknown = SVG) =>
    reply(() => ({ status: 200, body, headers: { 'x-credits-charged': credits } }));

  test('a submit uploads the bytes that were checked, and says how they are billed and drawn', async () => {
    await using session = await start();
    const result = await session.provider.submit(submit());
    const [hit] = session.vendor.hits;
    expect(hit).toMatchObject({
      method: 'POST',
      path: '/v1/vectorize',
      headers: { authorization: `Basic ${Buffer.from(`${API_ID}:${API_SECRET}`).toString('base64')}` },
    });
    expect(hit?.headers).not.toHaveProperty('accept-encoding');
    expect(hit && (await readForm(hit))).toEqual({
      fields: { mode: 'production', 'output.file_format': 'svg' },
      image: { name: 'image.png', type: 'image/png', bytes: INPUT.bytes },
    });
    expect(result).toMatchObject({ costMicros: 200_000n });
    expect(session.provider.timeoutMs).toBeGreaterThanOrEqual(180_000);
  });

  test.each([
    { credits: '1.0', creditMicros: 100_000n, costMicros: 100_000n },
    { credits: '1', creditMicros: undefined, costMicros: 200_000n },
    { credits: '0.2', creditMicros: undefined, costMicros: 40_000n },
    { credits: '1.14', creditMicros: undefined, costMicros: 228_000n },
    { credits: '0.30000000000000004', creditMicros: 99_900n, costMicros: 29_970n },
    // A part of a micro-dollar that somebody may bill is booked whole.
    { credits: '0.1', creditMicros: 99_999n, costMicros: 10_000n },
    { credits: '0.0', creditMicros: undefined, costMicros: 0n },
    { credits: '-1', creditMicros: undefined, costMicros: null },
    { credits: '1e3', creditMicros: undefined, costMicros: null },
    { credits: '', creditMicros: undefined, costMicros: null },
  ])('$credits credits at $creditMicros cost $costMicros', async ({ credits, creditMicros, costMicros }) => {
    await using session = await start({ creditMicros });
    session.vendor.script(charged(credits));
    expect(await session.provider.submit(submit())).toMatchObject({ status: 'succeeded', costMicros });
  });

  test('an answer that does not tell its credits leaves the cost to the catalogue', async () => {
    await using session = await start();
    session.vendor.script(reply(() => ({ status: 200, body: SVG })));
    expect(await session.provider.submit(submit())).toMatchObject({ status: 'succeeded', costMicros: null });
  });

  test('a trial costs nothing', async () => {
    await using session = await start({ mode: 'test' });
    expect(await session.provider.submit(submit())).toMatchObject({ status: 'succeeded', costMicros: 0n });
    const [hit] = session.vendor.hits;
    expect(hit && (await readForm(hit)).fields.mode).toBe('test');
  });

  test('an answer that is no drawing is billed as it says', async () => {
    await using session = await start();
    session.vendor.script(charged('1.0', 'no drawing'));
    session.vendor.script(charged('0', 'no drawing'));
    session.vendor.script(charged('none', '<html><svg></svg></html>'));
    const failed = { status: 'failed', code: 'PROVIDER_UNAVAILABLE', retryable: true };
    const submitted = () => session.provider.submit(submit());
    expect(await submitted()).toMatchObject({ ...failed, billed: 'yes', costMicros: 200_000n });
    expect(await submitted()).toMatchObject({ ...failed, billed: 'no' });
    expect(await submitted()).toMatchObject({ ...failed, billed: 'unknown' });
  });

  test.each([
    SVG,
    '\ufeff<svg xmlns="http://www.w3.org/2000/svg"/>',
    '<!-- made by a machine -->\n<!DOCTYPE svg>\n<svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>',
  ])('a drawing is known by its root: %s', async (body) => {
    await using session = await start();
    session.vendor.script(charged('1.0', body));
    expect(await session.provider.submit(submit())).toMatchObject({
      outputs: [{ content: new Uint8Array(Buffer.from(body)), contentType: 'image/svg+xml' }],
    });
  });

  test('a rate limit that says nothing more is waited out for 5 s', async () => {
    await using session = await start();
    session.vendor.script(status(429));
    expect(await session.provider.submit(submit())).toMatchObject({ billed: 'no', retryAfterSeconds: 5 });
  });

  test('an error is read nested, as the vendor describes it, and bare', async () => {
    await using session = await start();
    const error = {
      status: 413,
      code: 1012,
      message: 'Image byte size too large, see https://vectorizer.ai',
    };
    for (const body of [{ error, dataReceived: { image: 'cat.png' } }, error]) {
      session.vendor.script(status(413, body));
      expect(await session.provider.submit(submit())).toMatchObject({
        code: 'INVALID_INPUT',
        billed: 'no',
        message: 'The provider does not take these arguments: Image byte size too large, see',
        detail: expect.stringMatching(/^HTTP 413 error 1012 /),
      });
    }
  });

  test("an account without credits is the operator's affair", async () => {
    await using session = await start();
    session.vendor.script(status(402));
    expect(await session.provider.submit(submit())).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      billed: 'no',
      retryable: false,
      message: 'The provider is not available at the moment.',
      detail: expect.stringMatching(/^Vectorizer\.AI: The account is out of credits .* error 1011/),
    });
  });
});
