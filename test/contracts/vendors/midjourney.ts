/** Midjourney's gateway in the suite over all providers. */
import { createMidjourney } from '../../../server/providers/midjourney.ts';
import { refusingUrl, status } from '../../support/vendors/http-vendor.ts';
import { FORBIDDEN, GATEWAY_SECRET, startMidjourneyVendor } from '../../support/vendors/midjourney.ts';
import type { ProviderHarness } from '../harness.ts';
import { PICTURE, UNSUPPORTED } from './requests.ts';

/** Without a shape that could be known: only the provider itself can recognise it. */
export const GATEWAY_KEY = 'Zq7.gateway+key/0123456789abcdefABCDEF';

export const midjourney: ProviderHarness = {
  model: 'midjourney/imagine',
  vendorModel: 'imagine',
  request: PICTURE,
  unsupported: UNSUPPORTED,
  costMicros: (count) => 40_000n * BigInt(count),
  expected: { billedFailure: { costMicros: 40_000n } },
  async start({ timeoutMs } = {}) {
    const vendor = await startMidjourneyVendor({ apiKey: GATEWAY_KEY });
    const make = (gatewayUrl: string) =>
      createMidjourney({
        gatewayUrl,
        apiKey: GATEWAY_KEY,
        webhookSecret: GATEWAY_SECRET,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
    return {
      provider: make(vendor.url),
      wire: { vendor, key: GATEWAY_KEY, refused: async () => make(await refusingUrl()) },
      jobs: {
        arrange: (request) => {
          vendor.jobs = 'manual';
          return request;
        },
        finish: (jobId) => vendor.finish(jobId),
        progress: (jobId, fraction) => vendor.run(jobId, fraction),
        fail: (jobId) => vendor.end(jobId, 'failed'),
        refuse: (jobId) => vendor.end(jobId, 'refused'),
      },
      webhooks: { signed: true, deliver: (jobId, at) => vendor.report(jobId, at) },
      refuse: (request) => ({ ...request, prompt: `${request.prompt}, ${FORBIDDEN}` }),
      invalid: (request) => {
        vendor.script(status(422));
        return request;
      },
      billedFailure: (request) => {
        vendor.billedFailure();
        return request;
      },
      [Symbol.asyncDispose]: vendor.close,
    };
  },
};
