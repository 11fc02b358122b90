/**
 * Vectorizer.AI on the loopback interface, in the vendor's wire format: `POST /v1/vectorize` answers with a real SVG and
 * `X-Credits-Charged`, errors come in `{"error": {"status", "code", "message"}, "dataReceived"}`.
 */
import { type CedarLakeVendorOptions, errorOf, receive } from './cedar-lake.ts';
import {
  type Answer,
  type Hit,
  type HttpVendor,
  type HttpVendorOptions,
  startHttpVendor,
} from './http-vendor.ts';
import { SVG } from './svg.ts';

/** Starts the vendor. */
export function startVectorizerVendor(
  options: HttpVendorOptions & CedarLakeVendorOptions = {},
): Promise<HttpVendor> {
  async function answer(hit: Hit): Promise<Answer> {
    const received = await receive(hit, options);
    if ('refusal' in received) return received.refusal;
    const { fields } = received.form;
    const test = fields.mode === 'test';
    return {
      status: 200,
      headers: {
        'content-type': 'image/svg+xml',
        'content-disposition': 'attachment; filename="image.svg"',
        'x-credits-charged': test ? '0.0' : '1.0',
        ...(test ? { 'x-credits-calculated': '1.0' } : {}),
      },
      body: SVG,
    };
  }

  return startHttpVendor(
    {
      kindOf: (method, path) => (method === 'POST' && path === '/v1/vectorize' ? 'submit' : 'other'),
      answer,
      envelope: (status) => ({
        body: { ...errorOf(status), dataReceived: { image: '(file)', mode: 'production' } },
      }),
    },
    options,
  );
}
