/** Replicate in the suite over all providers. */
import type { GenerationRequest } from '../../../server/providers/provider.ts';
import { createReplicate } from '../../../server/providers/replicate.ts';
import { refusingUrl, status } from '../../support/vendors/http-vendor.ts';
import { NSFW, startReplicateVendor, WEBHOOK_SECRET } from '../../support/vendors/replicate.ts';
import type { ProviderHarness } from '../harness.ts';
import { INPUT, PICTURE, UNSUPPORTED } from './requests.ts';

/** Without a shape that could be known: only the provider itself can recognise it. */
export const REPLICATE_TOKEN = 'Zq7.contract+token/0123456789abcdefABCDEF';
export const FLUX = 'black-forest-labs/flux-schnell';
export const RECRAFT_VECTORIZE = 'recraft-ai/recraft-vectorize';
export const SDXL = 'stability-ai/sdxl:39ed52f2a78e934b3ba6e2a89f5b1c712de7dfea535525255b1aa35c5565e08b';

/** @param official billed by output; a version is billed by the second of hardware, also when it makes nothing. */
export function replicate(vendorModel: string, official: boolean): ProviderHarness {
  return {
    model: `replicate/${official ? 'flux-schnell' : 'sdxl'}`,
    vendorModel,
    request: PICTURE,
    unsupported: UNSUPPORTED,
    costMicros: () => null,
    async start({ timeoutMs } = {}) {
      const vendor = await startReplicateVendor({ apiToken: REPLICATE_TOKEN, maxHoldMs: 20 });
      const make = (baseUrl: string) =>
        createReplicate({
          apiToken: REPLICATE_TOKEN,
          baseUrl,
          waitSeconds: 1,
          webhookSecret: WEBHOOK_SECRET,
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        });
      return {
        provider: make(vendor.url),
        wire: { vendor, key: REPLICATE_TOKEN, refused: async () => make(await refusingUrl()) },
        jobs: {
          arrange: (request) => {
            vendor.jobs = 'manual';
            return request;
          },
          finish: (jobId) => vendor.finish(jobId),
          progress: (jobId, fraction) => vendor.run(jobId, fraction),
          fail: (jobId) => vendor.end(jobId, 'failed', 'CUDA out of memory (E1001)'),
          refuse: (jobId) => vendor.end(jobId, 'failed', NSFW),
        },
        webhooks: { signed: true, deliver: (jobId, at) => vendor.report(jobId, at) },
        invalid: (request) => {
          vendor.script(status(422));
          return request;
        },
        ...(official
          ? {
              refuse: (request) => {
                vendor.refuse();
                return request;
              },
            }
          : {
              billedFailure: (request) => {
                vendor.billedFailure();
                return request;
              },
            }),
        [Symbol.asyncDispose]: vendor.close,
      };
    },
  };
}

/** A model of Replicate's that works on a picture. */
const onPicture = (
  operation: GenerationRequest['operation'],
  name: string,
  contentType?: ProviderHarness['contentType'],
): ProviderHarness => ({
  ...replicate(`recraft-ai/${name}`, true),
  model: `replicate/${name}`,
  request: { operation, imageUrl: INPUT.url, count: 1 },
  input: INPUT,
  ...(contentType ? { contentType } : {}),
  maxCount: 1,
});

/** One for each operation. */
export const replicateOnPictures: readonly ProviderHarness[] = [
  onPicture('UPSCALE_IMAGE', 'recraft-crisp-upscale'),
  onPicture('REMOVE_BACKGROUND', 'recraft-remove-background'),
  onPicture('VECTORIZE_IMAGE', 'recraft-vectorize', 'image/svg+xml'),
];
