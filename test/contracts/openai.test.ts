/** The contract of server/providers/provider.ts over OpenAI, and what is peculiar to it. */
import { describe, expect, test } from 'vitest';
import { createOpenAi } from '../../server/providers/openai.ts';
import { status } from '../support/vendors/http-vendor.ts';
import { IMAGE_TOKENS, PROMPT_TOKENS, startOpenAiVendor } from '../support/vendors/openai.ts';
import { providerContract } from './provider.ts';
import { OPENAI_KEY, openai } from './vendors/openai.ts';
import { PICTURE, submitOf } from './vendors/requests.ts';

providerContract('openai', openai);

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

  test.each(['a-', 'a.'])('a refusal that says a long prompt back holds up nobody: %s', async (piece) => {
    await using session = await start();
    const message = `No prompt may be ${piece.repeat(16_000)}`;
    session.vendor.script(status(400, { error: { message } }));
    const begun = performance.now();
    const result = await session.provider.submit(submitOf('gpt-image-2'));
    expect(performance.now() - begun).toBeLessThan(300);
    expect(result).toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('No prompt may be'),
    });
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
