/** What ClippingMagic and Vectorizer.AI have in common on the loopback interface: credentials, uploads and errors. */
import type { Answer, Hit } from './http-vendor.ts';

export interface CedarLakeVendorOptions {
  /** The only credentials that are taken. When not said, any are, but some must be given. */
  readonly apiId?: string;
  readonly apiSecret?: string;
}

/** The fields of a form that arrived, and what is in its file. */
export interface Form {
  readonly fields: Readonly<Record<string, string>>;
  readonly image: { readonly name: string; readonly type: string; readonly bytes: Buffer } | undefined;
}

/** Reads a multipart form as it arrived. */
export async function readForm({ raw, headers }: Hit): Promise<Form> {
  const type = headers['content-type'] ?? '';
  const form = await new Response(new Uint8Array(raw), { headers: { 'content-type': type } }).formData();
  const fields: Record<string, string> = {};
  let image: Form['image'];
  for (const [name, value] of form) {
    if (typeof value === 'string') fields[name] = value;
    else if (name === 'image') {
      image = { name: value.name, type: value.type, bytes: Buffer.from(await value.arrayBuffer()) };
    }
  }
  return { fields, image };
}

/** The vendor's own words for its statuses: the error's code and message (vectorizer.ai/api/errors). */
export const ERRORS: Readonly<Record<number, readonly [code: number, message: string]>> = {
  400: [1006, 'Failed to read the supplied image. '],
  401: [1004, 'The provided API Secret is incorrect'],
  402: [1011, "Sorry, you're out of credits. Please upgrade your subscription or renew your plan early."],
  404: [1000, 'There is nothing at this address.'],
  413: [1012, 'Image byte size too large: 31,457,281 bytes, max: 31,457,280 bytes'],
  429: [1015, 'Slow down, see https://vectorizer.ai/api#rate-limiting for how to handle this situation.'],
  500: [-1, 'Internal server error'],
  503: [
    -3,
    'Workers overloaded. Additional workers are being spawned - they should be online in a couple of minutes.',
  ],
};

/** The error's object, which both services nest. */
export function errorOf(status: number, error = ERRORS[status]): object {
  const [code = -1, message = 'Internal server error'] = error ?? [];
  return { error: { status, code, message } };
}

/** What is wrong with a request, in the vendor's words, or its form. */
export async function receive(
  hit: Hit,
  { apiId, apiSecret }: CedarLakeVendorOptions,
): Promise<{ readonly refusal: Answer } | { readonly form: Form }> {
  const refusal = (status: number, error = ERRORS[status]) => ({
    refusal: { status, body: errorOf(status, error) },
  });
  const pair = Buffer.from((hit.headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString();
  const [id, secret] = pair.split(':');
  if (!id || !secret) return refusal(401);
  if (apiId !== undefined && id !== apiId) {
    return refusal(401, [1001, `Couldn't find the API Id specified: '${id}'`]);
  }
  if (apiSecret !== undefined && secret !== apiSecret) return refusal(401);
  if (hit.kind !== 'submit') return refusal(404);
  const form = await readForm(hit);
  if (form.fields.image !== undefined) {
    return refusal(400, [
      1016,
      "Missing image file parameter, but it's present as a string parameter. Be sure to read the image file when uploading, and not just submitting the filename.",
    ]);
  }
  if (!form.image) return refusal(400, [1005, 'Missing image parameter']);
  return /^(?:.PNG|\xff\xd8)/s.test(form.image.bytes.toString('latin1', 0, 4)) ? { form } : refusal(400);
}
