/**
 * Hugging Face's router on the loopback interface, in the wire format of `hf-inference`: a POST to
 * `/hf-inference/models/<owner>/<name>` is answered with the bytes of one picture.
 */
import {
  type Answer,
  type Hit,
  type HttpVendor,
  type HttpVendorOptions,
  startHttpVendor,
} from './http-vendor.ts';
import { png } from './png.ts';

export interface HuggingFaceVendorOptions extends HttpVendorOptions {
  /** The only token that is taken. When not said, any is, but one must be given. */
  readonly apiToken?: string;
}

/** What a model that is not loaded answers. */
export const LOADING = {
  error: 'Model black-forest-labs/FLUX.1-schnell is currently loading',
  estimated_time: 20.3,
};

/** Starts the vendor. */
export function startHuggingFaceVendor(options: HuggingFaceVendorOptions = {}): Promise<HttpVendor> {
  function answer({ headers, body, kind }: Hit): Answer {
    const { authorization } = headers;
    const isKnown = options.apiToken === undefined || authorization === `Bearer ${options.apiToken}`;
    if (!authorization || !isKnown) return { status: 401, body: ENVELOPES[401] };
    if (kind !== 'submit') return { status: 404, body: ENVELOPES[404] };
    const { inputs, parameters } = JSON.parse(body) as {
      inputs?: string;
      parameters?: { width?: number; height?: number };
    };
    if (!inputs) return { status: 422, body: ENVELOPES[422] };
    const picture = png(parameters?.width ?? 1024, parameters?.height ?? 1024);
    return { status: 200, headers: { 'content-type': 'image/png' }, body: picture };
  }

  return startHttpVendor(
    {
      kindOf: (method, path) => (method === 'POST' && MODEL.test(path) ? 'submit' : 'other'),
      answer,
      envelope: (status) => ({ body: ENVELOPES[status] ?? { error: 'Internal Server Error' } }),
    },
    options,
  );
}

const MODEL = /^\/hf-inference\/models\/[\w.-]+\/[\w.-]+$/;

/** What Hugging Face says with a status; texts as public reports quote them. */
const ENVELOPES: Readonly<Record<number, object>> = {
  401: { error: 'Invalid username or password.' },
  402: {
    error:
      'You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO to get 20x more monthly included credits.',
  },
  404: { error: 'Not Found' },
  410: { error: 'The requested model is deprecated and no longer supported by provider hf-inference.' },
  422: { error: ['parameters.width: height and width have to be divisible by 8, but are 1000 and 1001'] },
  429: { error: 'Too Many Requests' },
};
