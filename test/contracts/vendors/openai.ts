/** OpenAI in the suite over all providers. */
import { createOpenAi } from '../../../server/providers/openai.ts';
import { refusingUrl } from '../../support/vendors/http-vendor.ts';
import { IMAGE_TOKENS, PROMPT_TOKENS, startOpenAiVendor } from '../../support/vendors/openai.ts';
import type { ProviderHarness } from '../harness.ts';
import { PICTURE, UNSUPPORTED } from './requests.ts';

export const OPENAI_KEY = 'sk-proj-Zq7Contract0123456789abcdefABCDEF';

export const openai: ProviderHarness = {
  model: 'openai/gpt-image-2',
  vendorModel: 'gpt-image-2',
  request: { ...PICTURE, quality: 'medium' },
  unsupported: UNSUPPORTED,
  costMicros: (count) => BigInt(5 * PROMPT_TOKENS + 30 * IMAGE_TOKENS * count),
  expected: {
    overloaded: { billed: 'no' },
    billedFailure: { costMicros: BigInt(5 * PROMPT_TOKENS + 30 * IMAGE_TOKENS) },
  },
  async start({ timeoutMs } = {}) {
    const vendor = await startOpenAiVendor({ apiKey: OPENAI_KEY });
    const make = (baseUrl: string) =>
      createOpenAi({ apiKey: OPENAI_KEY, baseUrl, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    return {
      provider: make(vendor.url),
      wire: { vendor, key: OPENAI_KEY, refused: async () => make(await refusingUrl()) },
      refuse: (request) => {
        vendor.refuse();
        return request;
      },
      invalid: (request) => ({ ...request, size: '17x17' }),
      billedFailure: (request) => {
        vendor.billedFailure();
        return request;
      },
      [Symbol.asyncDispose]: vendor.close,
    };
  },
};
