/** What the tests of a vendor's own terms ask, and the verdicts that they expect most often. */
import type { GenerationRequest, SubmitRequest } from '../../../server/providers/provider.ts';
import type { ProviderHarness } from '../harness.ts';
import { quiet } from './requests.ts';

/** The id of every generation that is asked for here. */
export const GENERATION_ID = '019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a92';

/** What a test says otherwise than the harness does. */
export type Differently = Partial<Pick<SubmitRequest, 'input' | 'vendorModel' | 'webhookUrl'>>;

/** The submit of a harness's request, with what a test wants to be different. */
export function submitOf(
  { model, vendorModel, request, input }: ProviderHarness,
  other: Partial<GenerationRequest> = {},
  more: Differently = {},
): SubmitRequest {
  return {
    generationId: GENERATION_ID,
    model,
    vendorModel,
    request: { ...request, ...other },
    input,
    endUser: 'user_6f1ed002ab5595859014ebf0951522d9',
    signal: quiet(),
    ...more,
  };
}

/** Turned away for the sake of a key, an account or the catalogue. */
export const OPERATORS = { code: 'PROVIDER_UNAVAILABLE', billed: 'no', retryable: false } as const;
/** Turned away for the sake of the arguments. */
export const CUSTOMERS = { code: 'INVALID_INPUT', billed: 'no', retryable: false } as const;
/** Turned away for the time being. */
export const LATER = { code: 'PROVIDER_UNAVAILABLE', billed: 'no', retryable: true } as const;
/** Perhaps carried out. */
export const UNCLEAR = { code: 'PROVIDER_UNAVAILABLE', billed: 'unknown', retryable: true } as const;
