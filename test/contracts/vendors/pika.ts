/** How Pika, through fal, comes into the suite over all providers. */

import { createPika } from '../../../server/providers/pika.ts';
import type { GenerationRequest, InputFile } from '../../../server/providers/provider.ts';
import { refusingUrl, status } from '../../support/vendors/http-vendor.ts';
import { REFUSED_CONTENT, startPikaVendor } from '../../support/vendors/pika.ts';
import type { ProviderHarness } from '../harness.ts';

/** fal's keys are an id and a secret. */
export const FAL_KEY = '0f3c2a1b-Zq7.contract:9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a';

export const FILM: GenerationRequest = {
  operation: 'GENERATE_VIDEO',
  prompt: 'A lighthouse of glass in a storm of ink',
  count: 1,
  durationSeconds: 5,
};

/** The request's id in a job's. */
export const idOf = (jobId: string): string => jobId.slice(jobId.lastIndexOf('/') + 1);

/** @param input a picture to begin the film with. */
export function pika(input?: InputFile): ProviderHarness {
  return {
    model: 'pika/v2.2',
    vendorModel: 'fal-ai/pika/v2.2/text-to-video',
    request: input ? { ...FILM, imageUrl: input.url } : { ...FILM, aspectRatio: '16:9' },
    ...(input ? { input } : {}),
    contentType: 'video/mp4',
    maxCount: 1,
    unsupported: { operation: 'UPSCALE_IMAGE', count: 1 },
    // Nothing that we could read tells what a unit of v2.2 costs.
    costMicros: () => null,
    expected: {
      // Refused content is a 422, and fal may bill these.
      refusedJob: { billed: 'unknown' },
      // A request that was stopped says no more than that it was.
      canceledJob: { billed: 'unknown' },
    },
    async start({ timeoutMs } = {}) {
      const vendor = await startPikaVendor({ falKey: FAL_KEY });
      const make = (baseUrl: string) =>
        createPika({
          falKey: FAL_KEY,
          baseUrl,
          webhookKeysUrl: vendor.keysUrl,
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        });
      return {
        provider: make(vendor.origin),
        wire: { vendor, key: FAL_KEY, refused: async () => make(await refusingUrl()) },
        answersAtOnce: false,
        jobs: {
          arrange: (request) => request,
          finish: (jobId) => vendor.finish(idOf(jobId), { units: '5' }),
          fail: (jobId) =>
            vendor.end(idOf(jobId), 503, {
              detail: 'Runner disconnected',
              error_type: 'runner_disconnected',
            }),
          refuse: (jobId) => vendor.end(idOf(jobId), 422, REFUSED_CONTENT, { told: false }),
        },
        webhooks: { signed: true, deliver: (jobId, at) => vendor.report(idOf(jobId), at) },
        refuse: (request) => {
          vendor.script(status(422, REFUSED_CONTENT));
          return request;
        },
        invalid: (request) => {
          vendor.script(status(422));
          return request;
        },
        [Symbol.asyncDispose]: vendor.close,
      };
    },
  };
}
