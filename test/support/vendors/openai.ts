/**
 * OpenAI's images on the loopback interface, in the vendor's wire format: `POST /v1/images/generations` answers with
 * real PNGs in `b64_json` and a `usage`; errors come in `{"error": {"message", "type", "param", "code"}}`. Batches of the same
 * requests are openai-batch.ts.
 *
 * Also a program, for benches and for trying the server by hand:
 *
 * ```sh
 * node test/support/vendors/openai.ts --port 4010   # prints http://127.0.0.1:4010/v1
 * ```
 */
import { parseArgs } from 'node:util';
import {
  type Answer,
  type Hit,
  type HttpVendor,
  type HttpVendorOptions,
  reply,
  startHttpVendor,
} from './http-vendor.ts';
import { type OpenAiBatches, openBatchOffice } from './openai-batch.ts';
import { png } from './png.ts';

/** A running vendor, and the faults that only this one has. */
export interface OpenAiVendor extends HttpVendor {
  /** The next submits are refused by the safety system: 400 `moderation_blocked`. */
  refuse(times?: number): void;
  /** The next submits make no picture and count the tokens all the same. */
  billedFailure(times?: number): void;
  readonly batches: OpenAiBatches;
}

export interface OpenAiVendorOptions extends HttpVendorOptions {
  /** The only key that is taken. When not said, any is, but one must be given. */
  readonly apiKey?: string;
}

/** The tokens of one picture in this vendor's answers; a prompt takes {@link PROMPT_TOKENS} more. */
export const IMAGE_TOKENS = 1_767;
export const PROMPT_TOKENS = 13;

/** Starts the vendor. Its default path answers at once, with bytes that were made before. */
export async function startOpenAiVendor(options: OpenAiVendorOptions = {}): Promise<OpenAiVendor> {
  const office = openBatchOffice(({ body }) => carryOut(body));
  const vendor = await startHttpVendor(
    {
      kindOf: (method, path) =>
        office.kindOf(method, path) ??
        (method === 'POST' && path === '/v1/images/generations' ? 'submit' : 'other'),
      answer: async (hit) => {
        if (!isKnown(hit, options.apiKey)) return failure(401, hit);
        const answered = await office.answer(hit);
        if (!answered) return answer(hit);
        return answered.body === undefined ? failure(answered.status, hit) : answered;
      },
      envelope: (status, hit) => ({
        body: ENVELOPES[status]?.(hit) ?? envelope('server_error', null, SERVER_ERROR),
      }),
    },
    options,
  );
  return Object.defineProperties(vendor, {
    batches: { value: office.batches },
    refuse: {
      value: (times = 1) =>
        vendor.script(
          reply(() => REFUSAL),
          { times },
        ),
    },
    billedFailure: {
      value: (times = 1) =>
        vendor.script(
          reply(() => ({ status: 200, body: { created: 1, data: [], usage: usage(1) } })),
          { times },
        ),
    },
  }) as OpenAiVendor;
}

// -------------------------------------------------------------------------------------------------- the answer

const HEADERS = {
  'content-type': 'application/json',
  'x-request-id': 'req_5f1ad0c6a4a94b0f8c3d2a1e0b9c8d7e',
  'openai-processing-ms': '1',
  'openai-version': '2020-10-01',
};

const bodies = new Map<string, Buffer>();

function isKnown({ headers: { authorization } }: Hit, apiKey: string | undefined): boolean {
  return authorization !== undefined && (apiKey === undefined || authorization === `Bearer ${apiKey}`);
}

/** A request of a batch: another picture for each prompt, so that nobody gets a neighbour's unnoticed. */
function carryOut(request: Body): { status: number; body: unknown } {
  const { prompt, n = 1, size = '1024x1024', quality = 'medium' } = request;
  const [width = 0, height = 0] = size.split('x').map(Number);
  if (!prompt || width % 16 !== 0 || height % 16 !== 0) return { status: 400, body: INVALID_SIZE };
  return { status: 200, body: success(n, size, quality, png(width, height, prompt).toString('base64')) };
}

function answer(hit: Hit): Answer {
  if (hit.kind !== 'submit') return failure(404, hit);
  const { model, prompt, n = 1, size = '1024x1024', quality = 'medium' } = readBody(hit);
  if (!prompt) return failure(400, hit);
  if (model === undefined || /^(?:dall-e|gpt-image-1$)/.test(model)) return failure(404, hit);
  const key = `${n} ${size} ${quality}`;
  let body = bodies.get(key);
  if (!body) {
    const [width = 0, height = 0] = size.split('x').map(Number);
    if (!(n >= 1 && n <= 10 && width >= 16 && height >= 16 && width % 16 === 0 && height % 16 === 0)) {
      return failure(400, hit);
    }
    body = Buffer.from(JSON.stringify(success(n, size, quality, png(width, height).toString('base64'))));
    bodies.set(key, body);
  }
  return { status: 200, headers: HEADERS, body };
}

interface Body {
  readonly model?: string;
  readonly prompt?: string;
  readonly n?: number;
  readonly size?: string;
  readonly quality?: string;
}

function readBody(hit: Hit): Body {
  return JSON.parse(hit.body) as Body;
}

function success(n: number, size: string, quality: string, picture: string) {
  return {
    created: 1_795_000_000,
    background: 'opaque',
    output_format: 'png',
    quality,
    size,
    data: Array.from({ length: n }, () => ({ b64_json: picture })),
    usage: usage(n),
  };
}

function usage(n: number) {
  return {
    input_tokens: PROMPT_TOKENS,
    output_tokens: IMAGE_TOKENS * n,
    total_tokens: PROMPT_TOKENS + IMAGE_TOKENS * n,
    input_tokens_details: { text_tokens: PROMPT_TOKENS, image_tokens: 0 },
    output_tokens_details: { image_tokens: IMAGE_TOKENS * n, text_tokens: 0 },
  };
}

// -------------------------------------------------------------------------------------------------- the errors

const SERVER_ERROR = 'The server had an error while processing your request. Sorry about that!';

function envelope(type: string, code: string | null, message: string, param: string | null = null) {
  return { error: { message, type, param, code } };
}

const REFUSAL: Answer = {
  status: 400,
  headers: HEADERS,
  body: envelope(
    'image_generation_user_error',
    'moderation_blocked',
    'Your request was rejected by the safety system. safety_violations=[violence].',
  ),
};

const INVALID_SIZE = envelope(
  'image_generation_user_error',
  'invalid_value',
  "Invalid size '1x1'. Width and height must both be divisible by 16. See https://platform.openai.com/docs/api-reference.",
  'size',
);

/** What OpenAI says with a status. A 401 shows the key with stars in its middle, as the real one does. */
const ENVELOPES: Readonly<Record<number, (hit: Hit) => object>> = {
  400: () => INVALID_SIZE,
  401: ({ headers }) =>
    envelope(
      'invalid_request_error',
      'invalid_api_key',
      `Incorrect API key provided: ${stars(headers.authorization)}. You can find your API key at https://platform.openai.com/account/api-keys.`,
    ),
  404: () =>
    envelope(
      'invalid_request_error',
      'model_not_found',
      'The model does not exist or you do not have access to it.',
    ),
  429: () =>
    envelope(
      'requests',
      'rate_limit_exceeded',
      'Rate limit reached for gpt-image-2 in organization org-1 on images per min.',
    ),
  500: () => envelope('server_error', null, SERVER_ERROR),
  503: () =>
    envelope(
      'service_unavailable_error',
      'server_is_overloaded',
      'The model is temporarily overloaded. Please try again later.',
    ),
};

function stars(authorization = ''): string {
  const key = authorization.replace(/^Bearer /, '');
  return `${key.slice(0, 8)}${'*'.repeat(Math.max(0, key.length - 12))}${key.slice(-4)}`;
}

function failure(status: number, hit: Hit): Answer {
  return { status, headers: HEADERS, body: ENVELOPES[status]?.(hit) };
}

// ------------------------------------------------------------------------------------------------ the program

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
  const vendor = await startOpenAiVendor({ port: Number(values.port), record: false });
  console.log(vendor.url);
}
