/** Runway in the suite over all providers. */
import type { GenerationRequest, InputFile } from '../../../server/providers/provider.ts';
import { createRunway } from '../../../server/providers/runway.ts';
import { refusingUrl } from '../../support/vendors/http-vendor.ts';
import { png } from '../../support/vendors/png.ts';
import { startRunwayVendor } from '../../support/vendors/runway.ts';
import type { ProviderHarness } from '../harness.ts';

/** In the shape of Runway's own. */
export const RUNWAY_KEY = `key_${'0123456789abcdef'.repeat(8)}`;

/** A film from a picture. */
export const RUNWAY_REQUEST: GenerationRequest = {
  operation: 'GENERATE_VIDEO',
  prompt: 'The light of the lighthouse turns',
  imageUrl: 'https://example.com/lighthouse.png',
  durationSeconds: 5,
  aspectRatio: '16:9',
  count: 1,
};

/** What its URL leads to. */
export const RUNWAY_INPUT: InputFile = {
  url: 'https://example.com/lighthouse.png',
  bytes: png(640, 360),
  contentType: 'image/png',
  width: 640,
  height: 360,
};

/** 5 s of gen4_turbo: 25 credits. */
export const RUNWAY_COST_MICROS = 250_000n;

/** Every submit becomes a task. */
export const runway: ProviderHarness = {
  model: 'runway/gen4_turbo',
  vendorModel: 'gen4_turbo',
  request: RUNWAY_REQUEST,
  input: RUNWAY_INPUT,
  contentType: 'video/mp4',
  maxCount: 1,
  unsupported: { operation: 'UPSCALE_IMAGE', imageUrl: RUNWAY_INPUT.url, count: 1 },
  costMicros: () => RUNWAY_COST_MICROS,
  expected: {
    overloaded: { billed: 'no' },
    refusedJob: { billed: 'yes', costMicros: RUNWAY_COST_MICROS },
  },
  async start({ timeoutMs } = {}) {
    const vendor = await startRunwayVendor({ apiKey: RUNWAY_KEY });
    const make = (baseUrl: string) => createRunway({ apiKey: RUNWAY_KEY, baseUrl, timeoutMs });
    return {
      provider: make(vendor.url),
      wire: { vendor, key: RUNWAY_KEY, refused: async () => make(await refusingUrl()) },
      answersAtOnce: false,
      jobs: {
        arrange: (request) => request,
        finish: (jobId) => vendor.finish(jobId),
        progress: (jobId, fraction) => vendor.run(jobId, fraction),
        fail: (jobId) => vendor.fail(jobId, 'INTERNAL.BAD_OUTPUT.01'),
        refuse: (jobId) => vendor.fail(jobId, 'SAFETY.INPUT.TEXT', { credits: 25 }),
      },
      invalid: (request) => ({ ...request, durationSeconds: 17 }),
      [Symbol.asyncDispose]: vendor.close,
    };
  },
};
