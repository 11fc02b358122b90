/** The sandbox in the suite over all providers. */
import { FakeClock } from '../../../server/clock.ts';
import type { GenerationRequest } from '../../../server/providers/provider.ts';
import { createSandbox } from '../../../server/providers/sandbox/index.ts';
import type { ProviderHarness } from '../harness.ts';
import { PICTURE } from './requests.ts';

/** Nothing leaves the process, so that what is not billed is known. */
export const sandbox: ProviderHarness = {
  model: 'sandbox/image',
  vendorModel: 'image',
  request: PICTURE,
  unsupported: { operation: 'UPSCALE_IMAGE', count: 1 },
  costMicros: () => null,
  expected: { unknownJob: { billed: 'no' } },
  async start({ timeoutMs } = {}) {
    const clock = new FakeClock('2026-11-20T12:00:00Z');
    const asking = (directive: string) => (request: GenerationRequest) => ({
      ...request,
      prompt: `${request.prompt} [sandbox:${directive}]`,
    });
    return {
      provider: createSandbox({ clock, ...(timeoutMs === undefined ? {} : { timeoutMs }) }),
      jobs: { arrange: asking('job=3000'), finish: () => clock.advance(3_000) },
      refuse: asking('refuse'),
      invalid: (request) => ({ ...request, size: 'x' }),
      billedFailure: asking('bill-failure'),
      async [Symbol.asyncDispose]() {},
    };
  },
};
