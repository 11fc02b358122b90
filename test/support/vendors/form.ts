/** Reads what a caller has uploaded, as a vendor would. */
import type { Hit } from './http-vendor.ts';

/** The parts of a multipart form; null when the request holds none. */
export async function formOf({ headers, raw }: Hit): Promise<FormData | null> {
  try {
    const type = headers['content-type'] ?? '';
    return await new Response(new Uint8Array(raw), { headers: { 'content-type': type } }).formData();
  } catch {
    return null;
  }
}
