/**
 * What a file is, by its first bytes. A vendor's header is a claim; these are what a browser would act on, and the
 * file will be served from our own origin.
 */
import { wrongType } from './refusals.ts';

// What a vendor sends that has no opinion of its own.
const NO_CLAIM: ReadonlySet<string> = new Set(['', 'application/octet-stream', 'binary/octet-stream']);

/**
 * The type of a file that may be stored.
 *
 * @param head the first bytes: all of a small file, and enough of a large one.
 * @param declared the provider's word; it must be of the same kind (image, video, audio).
 * @throws StorageError `WRONG_TYPE`.
 */
export function identify(head: Uint8Array, declared: string): string {
  const claim = declared.split(';')[0]?.trim().toLowerCase() ?? '';
  const claimed = claim.split('/')[0] ?? '';
  const found = sniff(head);
  if (found === null) {
    throw wrongType(
      `it begins with ${describe(head)}, which is no type that the store takes; declared as "${claim}"`,
    );
  }
  if (NO_CLAIM.has(claim)) return found;
  // The containers of MP4 and WebM are the same for film and for sound alone, so there the claim decides.
  if (claimed === 'audio' && (found === 'video/mp4' || found === 'video/webm'))
    return found.replace('video', 'audio');
  if (found.split('/')[0] !== claimed) throw wrongType(`it is ${found}, but was declared as "${claim}"`);
  return found;
}

/** What browsers show and play, and what may therefore be served. */
const SERVED: ReadonlySet<string> = new Set([
  ...['image/png', 'image/apng', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/svg+xml'],
  ...['video/mp4', 'video/webm', 'audio/mpeg', 'audio/wav', 'audio/mp4'],
]);

/** The type that the first bytes say, from the types that the store takes; null for all else. */
export function sniff(head: Uint8Array): string | null {
  const found = recognise(head);
  return found !== null && SERVED.has(found) ? found : null;
}

/** The type that the first bytes say, whether or not it may be served; null when it is not known. */
export function recognise(head: Uint8Array): string | null {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const at = (offset: number, text: string) =>
    bytes.toString('latin1', offset, offset + text.length) === text;
  if (at(0, '\x89PNG\r\n\x1a\n')) return isAnimated(bytes) ? 'image/apng' : 'image/png';
  if (at(0, '\xff\xd8\xff')) return 'image/jpeg';
  if (at(0, 'GIF87a') || at(0, 'GIF89a')) return 'image/gif';
  if (at(0, 'RIFF') && at(8, 'WEBP')) return 'image/webp';
  if (at(0, 'RIFF') && at(8, 'WAVE')) return 'audio/wav';
  if (at(4, 'ftyp')) return recogniseMp4(bytes);
  // QuickTime from before there was a box that says so.
  if (['moov', 'mdat', 'wide', 'pnot'].some((box) => at(4, box))) return 'video/quicktime';
  if (at(0, '\x1a\x45\xdf\xa3')) return recogniseMatroska(bytes);
  if (at(0, 'ID3') || isMp3Frame(bytes)) return 'audio/mpeg';
  return SVG.test(bytes.toString('utf8', 0, SVG_HEAD)) ? 'image/svg+xml' : null;
}

// An XML declaration, comments and a document type may stand before the root.
const SVG =
  /^\ufeff?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--(?:(?!-->)[\s\S])*-->\s*|<!DOCTYPE[^>[]*>\s*)*<(?:svg:)?svg[\s/>]/;
const SVG_HEAD = 4096;

/** An APNG says so in a chunk before its first pixels. */
function isAnimated(png: Buffer): boolean {
  let at = 8;
  while (at + 8 <= png.length) {
    const type = png.toString('latin1', at + 4, at + 8);
    if (type === 'acTL') return true;
    if (type === 'IDAT') return false;
    at += 12 + png.readUInt32BE(at);
  }
  return false;
}

const MP4_BRANDS: ReadonlySet<string> = new Set([
  ...['isom', 'iso2', 'iso3', 'iso4', 'iso5', 'iso6', 'iso7', 'iso8', 'iso9'],
  ...['mp41', 'mp42', 'avc1', 'hvc1', 'dash', 'M4V ', 'MSNV', 'f4v ', '3gp4', '3gp5', '3gp6'],
]);

function recogniseMp4(bytes: Buffer): string | null {
  // The major brand, four bytes of its version, then the brands that the file is compatible with.
  const size = Math.min(bytes.readUInt32BE(0), bytes.length, 256);
  const brands: string[] = [];
  for (let at = 8; at + 4 <= size; at += 4) if (at !== 12) brands.push(bytes.toString('latin1', at, at + 4));
  if (brands.includes('avif') || brands.includes('avis')) return 'image/avif';
  if (brands[0] === 'M4A ' || brands[0] === 'M4B ') return 'audio/mp4';
  // HEIC wears the same box; no browser but one shows it.
  if (brands.some((brand) => /^(?:hei|hev|mif1|msf1)/.test(brand))) return 'image/heic';
  if (brands.some((brand) => MP4_BRANDS.has(brand))) return 'video/mp4';
  return brands[0] === 'qt  ' ? 'video/quicktime' : null;
}

/** The document's type stands near the start of its header. */
function recogniseMatroska(bytes: Buffer): string | null {
  const header = bytes.subarray(0, 64);
  if (header.includes('webm')) return 'video/webm';
  return header.includes('matroska') ? 'video/x-matroska' : null;
}

/** The header of one MPEG audio frame, layer III. Text never begins so: 0xFF is in no UTF-8. */
function isMp3Frame(bytes: Buffer): boolean {
  const [sync = 0, flags = 0, rates = 0] = bytes;
  const version = (flags >> 3) & 3;
  const layer = (flags >> 1) & 3;
  return (
    sync === 0xff &&
    flags >> 5 === 7 &&
    version !== 1 &&
    layer === 1 &&
    rates >> 4 !== 15 &&
    ((rates >> 2) & 3) !== 3
  );
}

function describe(head: Uint8Array): string {
  if (head.length === 0) return 'nothing: it is empty';
  const text = Buffer.from(head.subarray(0, 16)).toString('latin1');
  return JSON.stringify(text.replace(/[^\x20-\x7e]/g, '.'));
}
