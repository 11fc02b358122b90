/**
 * OpenAI's batches in the suite over all providers: a provider whose every submit goes out in a batch, beside another one, so
 * that it cannot be stopped.
 */
import { randomUUID } from 'node:crypto';
import { createOpenAi } from '../../../server/providers/openai.ts';
import type { Provider, SubmitRequest, SubmitResult } from '../../../server/providers/provider.ts';
import { refusingUrl } from '../../support/vendors/http-vendor.ts';
import { IMAGE_TOKENS, PROMPT_TOKENS, startOpenAiVendor } from '../../support/vendors/openai.ts';
import type { LineResult } from '../../support/vendors/openai-batch.ts';
import type { ProviderHarness } from '../harness.ts';
import { OPENAI_KEY, openai } from './openai.ts';

/** Half of what the tokens of so many pictures cost at once, rounded up. */
export function halfPrice(count: number): bigint {
  return (BigInt(5 * PROMPT_TOKENS + 30 * IMAGE_TOKENS * count) + 1n) / 2n;
}

export const REFUSED_LINE: LineResult = {
  status: 400,
  body: {
    error: {
      message: 'Your request was rejected by the safety system. safety_violations=[violence].',
      type: 'image_generation_user_error',
      param: null,
      code: 'moderation_blocked',
    },
  },
};
export const BROKEN_LINE: LineResult = {
  status: 500,
  body: { error: { message: 'The server had an error.', type: 'server_error', param: null, code: null } },
};

/** Sends submits together. */
export async function sendTogether(
  provider: Provider,
  submits: readonly SubmitRequest[],
): Promise<readonly SubmitResult[]> {
  if (!provider.batch) throw new Error(`${provider.name} has no batches.`);
  return provider.batch.submit(submits);
}

/** Which batch, and which line of it, a job is. */
export function placeOf(jobId: string): { readonly batchId: string; readonly customId: string } {
  const members = new URLSearchParams(jobId);
  return { batchId: members.get('batch') ?? '', customId: members.get('line') ?? '' };
}

function inBatches(provider: Provider): Provider {
  return {
    ...provider,
    async submit(submit) {
      const [result] = await sendTogether(provider, [submit, { ...submit, generationId: randomUUID() }]);
      if (!result) throw new Error('A batch has a result for each of its submits.');
      return result;
    },
  };
}

export const openaiBatch: ProviderHarness = {
  model: openai.model,
  vendorModel: openai.vendorModel,
  request: openai.request,
  unsupported: openai.unsupported,
  cancelable: false,
  costMicros: halfPrice,
  expected: { overloaded: { billed: 'no' }, failedJob: { billed: 'unknown' } },
  async start({ timeoutMs } = {}) {
    const vendor = await startOpenAiVendor({ apiKey: OPENAI_KEY });
    const make = (baseUrl: string) =>
      inBatches(
        createOpenAi({ apiKey: OPENAI_KEY, baseUrl, ...(timeoutMs === undefined ? {} : { timeoutMs }) }),
      );
    const finish = (jobId: string, result?: LineResult) => {
      const { batchId, customId } = placeOf(jobId);
      vendor.batches.finish(batchId, result ? { [customId]: result } : {});
    };
    return {
      provider: make(vendor.url),
      wire: { vendor, key: OPENAI_KEY, refused: async () => make(await refusingUrl()) },
      answersAtOnce: false,
      jobs: {
        arrange: (request) => request,
        finish: (jobId) => finish(jobId),
        fail: (jobId) => finish(jobId, BROKEN_LINE),
        refuse: (jobId) => finish(jobId, REFUSED_LINE),
      },
      [Symbol.asyncDispose]: vendor.close,
    };
  },
};
