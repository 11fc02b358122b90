/**
 * ClippingMagic on the loopback interface, in the vendor's wire format: `POST /v1/images` with `format=result` answers
 * with a real PNG of the size of the picture, errors come in `{"error": {"status", "code", "message"}}`.
 *
 * ```ts
 * await using vendor = await startClippingMagicVendor();
 * vendor.redirect(); // the next result is said to be elsewhere
 * ```
 */
import { type CedarLakeVendorOptions, errorOf, receive } from './cedar-lake.ts';
import {
  type Answer,
  type Hit,
  type HttpVendor,
  type HttpVendorOptions,
  startHttpVendor,
} from './http-vendor.ts';
import { png } from './png.ts';

/** A running vendor, and what only this one does. */
export interface ClippingMagicVendor extends HttpVendor {
  /** The next result is answered with its address, with this status: 303 when not said. */
  redirect(status?: 301 | 302 | 303): void;
}

/** Starts the vendor. */
export async function startClippingMagicVendor(
  options: HttpVendorOptions & CedarLakeVendorOptions = {},
): Promise<ClippingMagicVendor> {
  const redirects: number[] = [];

  async function answer(hit: Hit): Promise<Answer> {
    if (hit.kind === 'file') return { status: 200, headers: HEADERS, body: png(64, 48) };
    const received = await receive(hit, options);
    if ('refusal' in received) return received.refusal;
    const { fields, image } = received.form;
    if (fields.format !== 'result') {
      return { status: 200, body: { image: { id: 2_346, secret: 'image_secret', test: false } } };
    }
    const status = redirects.shift();
    if (status !== undefined) {
      return { status, headers: { location: `${vendor.origin}/files/2346/result.png` }, body: '' };
    }
    const isPng = image?.type === 'image/png';
    return {
      status: 200,
      headers: HEADERS,
      body: isPng ? png(image.bytes.readUInt32BE(16), image.bytes.readUInt32BE(20)) : png(64, 48),
    };
  }

  const vendor = await startHttpVendor(
    {
      kindOf: (method, path) =>
        path.startsWith('/files/') ? 'file' : method === 'POST' && path === '/v1/images' ? 'submit' : 'other',
      answer,
      envelope: (status) => ({ body: errorOf(status) }),
    },
    options,
  );
  return Object.assign(vendor, {
    redirect: (status: 301 | 302 | 303 = 303) => void redirects.push(status),
  });
}

/** A result is a file on S3, and says so. */
const HEADERS = {
  'content-type': 'image/png',
  'x-amz-meta-id': '2346',
  'x-amz-meta-secret': 'image_secret',
};
