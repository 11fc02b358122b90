/** What is asked of the vendors in their tests, and how a test asks. */
import type { GenerationRequest, InputFile, SubmitRequest } from '../../../server/providers/provider.ts';
import { png } from '../../support/vendors/png.ts';

/** A picture that every vendor of pictures can make. */
export const PICTURE: GenerationRequest = {
  operation: 'GENERATE_IMAGE',
  prompt: 'A lighthouse of glass in a storm of ink',
  size: '1024x1024',
  count: 1,
};

/** What no vendor of pictures does. */
export const UNSUPPORTED: GenerationRequest = {
  operation: 'DUB_VIDEO',
  videoUrl: 'https://example.com/film.mp4',
  targetLanguage: 'es',
  count: 1,
};

/** A picture to work on, as Solvent has fetched and checked it. */
export const INPUT: InputFile = {
  url: 'https://example.com/pictures/cat.png',
  bytes: png(64, 48),
  contentType: 'image/png',
  width: 64,
  height: 48,
};

/** A submit by itself, outside of the suite over all providers. */
export function submitOf(
  vendorModel: string,
  request: Partial<GenerationRequest> = {},
  more: Partial<SubmitRequest> = {},
): SubmitRequest {
  return {
    generationId: '019a9d3c-7b1e-7c55-9a44-4f6d1c2b3a91',
    model: 'vendor/model',
    vendorModel,
    request: { ...PICTURE, ...request },
    endUser: 'user_6f1ed002ab5595859014ebf0951522d9',
    signal: new AbortController().signal,
    ...more,
  };
}

/** A signal that nobody aborts. */
export const quiet = () => new AbortController().signal;
