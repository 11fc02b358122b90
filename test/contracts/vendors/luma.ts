/** Luma in the suite over all providers. */
import { createLuma } from '../../../server/providers/luma.ts';
import type { GenerationRequest } from '../../../server/providers/provider.ts';
import { refusingUrl } from '../../support/vendors/http-vendor.ts';
import { startLumaVendor } from '../../support/vendors/luma.ts';
import type { ProviderHarness } from '../harness.ts';

/** Without a shape that could be known: only the provider itself can recognise it. */
export const LUMA_KEY = 'Zq7.luma+contract/0123456789abcdefABCDEF';

/** A film from words. */
export const LUMA_REQUEST: GenerationRequest = {
  operation: 'GENERATE_VIDEO',
  prompt: 'A lighthouse of glass in a storm of ink',
  durationSeconds: 5,
  aspectRatio: '16:9',
  count: 1,
};

/** Every submit becomes a generation; reports are not signed. */
export const luma: ProviderHarness = {
  model: 'luma/ray-2',
  vendorModel: 'ray-2',
  request: LUMA_REQUEST,
  contentType: 'video/mp4',
  maxCount: 1,
  unsupported: {
    operation: 'DUB_VIDEO',
    videoUrl: 'https://example.com/film.mp4',
    targetLanguage: 'es',
    count: 1,
  },
  costMicros: () => null,
  expected: {
    stopped: { billed: 'unknown' },
    // It has been removed, and is not known any more.
    canceledJob: { billed: 'unknown' },
  },
  async start({ timeoutMs } = {}) {
    const vendor = await startLumaVendor({ apiKey: LUMA_KEY });
    const make = (baseUrl: string) => createLuma({ apiKey: LUMA_KEY, baseUrl, timeoutMs });
    return {
      provider: make(vendor.url),
      wire: { vendor, key: LUMA_KEY, refused: async () => make(await refusingUrl()) },
      answersAtOnce: false,
      jobs: {
        arrange: (request) => request,
        finish: (jobId) => vendor.finish(jobId),
        fail: (jobId) => vendor.fail(jobId, 'Job failed'),
        refuse: (jobId) => vendor.fail(jobId, 'Advanced prompt moderation failed'),
      },
      webhooks: {
        signed: false,
        deliver: (jobId, receivedAt) => ({ ...vendor.report(jobId), receivedAt }),
      },
      invalid: (request) => ({ ...request, durationSeconds: 17 }),
      [Symbol.asyncDispose]: vendor.close,
    };
  },
};
