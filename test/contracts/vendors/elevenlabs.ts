/** How ElevenLabs comes into the suite over all providers. */
import { createElevenLabs } from '../../../server/providers/elevenlabs.ts';
import { FILM_SECONDS, startElevenLabsVendor } from '../../support/vendors/elevenlabs.ts';
import { film } from '../../support/vendors/film.ts';
import { refusingUrl, status } from '../../support/vendors/http-vendor.ts';
import type { ProviderHarness } from '../harness.ts';

/** Without a shape that could be known: only the provider itself can recognise it. */
export const ELEVENLABS_KEY = 'Zq7.eleven+key/0123456789abcdefABCDEF';

/** What the vendor calls the dub of a job. */
export const dubOf = (jobId: string) => jobId.split(':')[0] ?? '';

export const elevenlabs: ProviderHarness = {
  model: 'elevenlabs/dubbing',
  vendorModel: 'dubbing_v1',
  request: {
    operation: 'DUB_VIDEO',
    videoUrl: 'https://example.com/film.mp4',
    targetLanguage: 'es',
    durationSeconds: 60,
    count: 1,
  },
  input: {
    url: 'https://example.com/film.mp4',
    bytes: film('the film to dub'),
    contentType: 'video/mp4',
    durationSeconds: FILM_SECONDS,
  },
  contentType: 'video/mp4',
  maxCount: 1,
  unsupported: { operation: 'GENERATE_IMAGE', prompt: 'A lighthouse of glass', count: 1 },
  // Three begun minutes at $0.33.
  costMicros: () => 990_000n,
  expected: {
    failedJob: { billed: 'unknown' },
    refusedJob: { billed: 'unknown' },
    stopped: { billed: 'unknown' },
    canceledJob: { billed: 'unknown' },
  },
  async start({ timeoutMs } = {}) {
    const vendor = await startElevenLabsVendor({ apiKey: ELEVENLABS_KEY });
    const make = (baseUrl: string) =>
      createElevenLabs({
        apiKey: ELEVENLABS_KEY,
        baseUrl,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
    return {
      provider: make(vendor.url),
      wire: { vendor, key: ELEVENLABS_KEY, refused: async () => make(await refusingUrl()) },
      answersAtOnce: false,
      jobs: {
        arrange: (request) => request,
        finish: (jobId) => vendor.finish(dubOf(jobId)),
        fail: (jobId) => vendor.fail(dubOf(jobId)),
        refuse: (jobId) => vendor.fail(dubOf(jobId), 'The media was stopped by our moderation.'),
      },
      invalid: (request) => {
        vendor.script(status(422));
        return request;
      },
      [Symbol.asyncDispose]: vendor.close,
    };
  },
};
