/** How Hugging Face comes into the suite over all providers. */
import { createHuggingFace } from '../../../server/providers/huggingface.ts';
import type { GenerationRequest } from '../../../server/providers/provider.ts';
import { refusingUrl, status } from '../../support/vendors/http-vendor.ts';
import { startHuggingFaceVendor } from '../../support/vendors/huggingface.ts';
import type { ProviderHarness } from '../harness.ts';

export const HF_TOKEN = 'hf_Zq7ContractTokenabcdefABCDEFghijkl';
export const SCHNELL = 'black-forest-labs/FLUX.1-schnell';

export const PICTURE: GenerationRequest = {
  operation: 'GENERATE_IMAGE',
  prompt: 'A lighthouse of glass in a storm of ink',
  size: '1024x1024',
  count: 1,
};

export const huggingface: ProviderHarness = {
  model: 'huggingface/free',
  vendorModel: SCHNELL,
  request: PICTURE,
  maxCount: 1,
  unsupported: { operation: 'UPSCALE_IMAGE', count: 1 },
  costMicros: () => null,
  async start({ timeoutMs } = {}) {
    const vendor = await startHuggingFaceVendor({ apiToken: HF_TOKEN });
    const make = (baseUrl: string) =>
      createHuggingFace({ apiToken: HF_TOKEN, baseUrl, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    return {
      provider: make(vendor.origin),
      wire: { vendor, key: HF_TOKEN, refused: async () => make(await refusingUrl()) },
      invalid: (request) => {
        vendor.script(status(422));
        return request;
      },
      [Symbol.asyncDispose]: vendor.close,
    };
  },
};
