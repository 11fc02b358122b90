/** How Deep-Image comes into the suite over all providers. */
import { createDeepImage } from '../../../server/providers/deep-image.ts';
import { startDeepImageVendor } from '../../support/vendors/deep-image.ts';
import { refusingUrl, status } from '../../support/vendors/http-vendor.ts';
import { png } from '../../support/vendors/png.ts';
import type { ProviderHarness } from '../harness.ts';

/** Without a shape that could be known: only the provider itself can recognise it. */
export const DEEP_IMAGE_KEY = 'Zq7.deep+key/0123456789abcdefABCDEF';

export const deepImage: ProviderHarness = {
  model: 'deep-image/upscale',
  vendorModel: 'upscale',
  request: { operation: 'UPSCALE_IMAGE', imageUrl: 'https://example.com/small.png', count: 1 },
  input: {
    url: 'https://example.com/small.png',
    bytes: png(640, 480),
    contentType: 'image/png',
    width: 640,
    height: 480,
  },
  maxCount: 1,
  cancelable: false,
  unsupported: { operation: 'GENERATE_IMAGE', prompt: 'A lighthouse of glass', count: 1 },
  costMicros: () => null,
  expected: { failedJob: { billed: 'unknown' } },
  async start({ timeoutMs } = {}) {
    const vendor = await startDeepImageVendor({ apiKey: DEEP_IMAGE_KEY });
    const make = (baseUrl: string) =>
      createDeepImage({
        apiKey: DEEP_IMAGE_KEY,
        baseUrl,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
    return {
      provider: make(vendor.apiUrl),
      wire: { vendor, key: DEEP_IMAGE_KEY, refused: async () => make(await refusingUrl()) },
      jobs: {
        arrange: (request) => {
          vendor.jobs = 'manual';
          return request;
        },
        finish: (jobId) => vendor.finish(jobId),
        fail: (jobId) => vendor.fail(jobId),
      },
      webhooks: { signed: false, deliver: (jobId, at) => vendor.report(jobId, at) },
      invalid: (request) => {
        vendor.script(status(400));
        return request;
      },
      [Symbol.asyncDispose]: vendor.close,
    };
  },
};
