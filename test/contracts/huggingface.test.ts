/** The contract of server/providers/provider.ts over Hugging Face, and what is peculiar to it. */
import { expect, test } from 'vitest';
import { createHuggingFace } from '../../server/providers/huggingface.ts';
import type { GenerationRequest, SubmitRequest } from '../../server/providers/provider.ts';
import { status } from '../support/vendors/http-vendor.ts';
import { LOADING, startHuggingFaceVendor } from '../support/vendors/huggingface.ts';
import { png } from '../support/vendors/png.ts';
import { providerContract } from './provider.ts';
import { HF_TOKEN, huggingface, PICTURE, SCHNELL } from './vendors/huggingface.ts';

providerContract('huggingface', huggingface);

const start = async () => {
  const vendor = await startHuggingFaceVendor({ apiToken: HF_TOKEN });
  const provider = createHuggingFace({ apiToken: HF_TOKEN, baseUrl: `${vendor.origin}/` });
  return { vendor, provider, [Symbol.asyncDispose]: vendor.close };
};

const submitOf = (request: Partial<GenerationRequest> = {}, vendorModel = SCHNELL): SubmitRequest => ({
  generationId: '019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a92',
  model: 'huggingface/free',
  vendorModel,
  request: { ...PICTURE, ...request },
  endUser: 'user_6f1ed002ab5595859014ebf0951522d9',
  signal: new AbortController().signal,
});

test('a submit is one POST to the model at hf-inference, and no question after who has it', async () => {
  await using session = await start();
  const result = await session.provider.submit(submitOf({ size: '1344x768', seed: 7 }));
  expect(session.vendor.hits).toHaveLength(1);
  const [hit] = session.vendor.hits;
  expect(hit).toMatchObject({
    method: 'POST',
    path: `/hf-inference/models/${SCHNELL}`,
    headers: { authorization: `Bearer ${HF_TOKEN}`, 'content-type': 'application/json' },
  });
  expect(JSON.parse(hit?.body ?? '')).toEqual({
    inputs: PICTURE.prompt,
    parameters: { width: 1344, height: 768, seed: 7 },
  });
  expect(result).toEqual({
    status: 'succeeded',
    outputs: [{ content: new Uint8Array(png(1344, 768)), contentType: 'image/png' }],
    costMicros: null,
  });
});

test('what was not asked for is not sent', async () => {
  await using session = await start();
  await session.provider.submit(submitOf({ size: undefined }));
  expect(JSON.parse(session.vendor.hits[0]?.body ?? '')).toEqual({ inputs: PICTURE.prompt, parameters: {} });
});

test.each([
  { what: 'more than one picture', request: { count: 2 }, says: /one picture at a time/ },
  { what: 'a picture without a prompt', request: { prompt: undefined }, says: /prompt is needed/ },
])('$what is refused without a call', async ({ request, says }) => {
  await using session = await start();
  const result = await session.provider.submit(submitOf(request));
  expect(result).toMatchObject({ status: 'failed', code: 'INVALID_INPUT', billed: 'no', retryable: false });
  expect(result).toMatchObject({ message: expect.stringMatching(says) });
  expect(session.vendor.hits).toHaveLength(0);
});

test.each(['', 'FLUX.1-schnell', '../../api/whoami-v2', 'a/b/c', 'a/b?c', 'https://example.com/x'])(
  'a model called "%s" leads to no other path',
  async (vendorModel) => {
    await using session = await start();
    const result = await session.provider.submit(submitOf({}, vendorModel));
    expect(result).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', billed: 'no', retryable: false });
    expect(session.vendor.hits).toHaveLength(0);
  },
);

test('a picture is what its bytes say, whatever the answer calls it', async () => {
  await using session = await start();
  const jpeg = Buffer.from('ffd8ffe000104a464946', 'hex');
  session.vendor.script(status(200, jpeg, { 'content-type': 'image/png' }));
  expect(await session.provider.submit(submitOf())).toMatchObject({
    status: 'succeeded',
    outputs: [{ contentType: 'image/jpeg' }],
  });
});

test('an answer that claims to be a picture and is none may have been billed', async () => {
  await using session = await start();
  session.vendor.script(status(200, Buffer.from('<svg/>'), { 'content-type': 'image/png' }));
  expect(await session.provider.submit(submitOf())).toMatchObject({
    status: 'failed',
    code: 'PROVIDER_UNAVAILABLE',
    billed: 'unknown',
    detail: expect.stringContaining('<svg/>'),
  });
});

test('an address in the answer is not followed', async () => {
  await using session = await start();
  session.vendor.script(status(200, { output: [`${session.vendor.origin}/inside`] }));
  expect(await session.provider.submit(submitOf())).toMatchObject({ status: 'failed', billed: 'unknown' });
  expect(session.vendor.hits).toHaveLength(1);
});

test('a model that is being loaded costs nothing, and says in how many seconds it is there', async () => {
  await using session = await start();
  session.vendor.script(status(503, LOADING), { times: 3 });
  expect(await session.provider.submit(submitOf())).toMatchObject({
    code: 'PROVIDER_UNAVAILABLE',
    billed: 'no',
    retryable: true,
    retryAfterSeconds: 21,
    detail: expect.stringContaining('currently loading'),
  });
  expect(session.vendor.submits).toBe(1);
});

test.each([
  { code: 402, says: 'monthly credit at Hugging Face is used up' },
  { code: 403, says: 'may not call Inference Providers' },
  { code: 410, says: 'no longer serves the model itself' },
])("a $code is the operator's affair", async ({ code, says }) => {
  await using session = await start();
  session.vendor.script(status(code));
  expect(await session.provider.submit(submitOf())).toMatchObject({
    code: 'PROVIDER_UNAVAILABLE',
    billed: 'no',
    retryable: false,
    message: 'The provider is not available at the moment.',
    detail: expect.stringContaining(says),
  });
});

test('a rate limit says in a header of its own when its window ends', async () => {
  await using session = await start();
  session.vendor.script(status(429, undefined, { ratelimit: '"api";r=0;t=55' }));
  expect(await session.provider.submit(submitOf())).toMatchObject({ billed: 'no', retryAfterSeconds: 55 });
});

test('refused arguments are named to the customer', async () => {
  await using session = await start();
  session.vendor.script(status(422));
  expect(await session.provider.submit(submitOf())).toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining('have to be divisible by 8'),
  });
});
