/** Width and height from the headers of the common picture formats, for providers that do not tell them. */

/** In pixels. */
export interface Dimensions {
  readonly width: number;
  readonly height: number;
}

/**
 * Reads them from the first bytes of a file.
 *
 * @returns null when the format is another one, or the bytes end before they tell.
 */
export function readDimensions(head: Uint8Array, contentType: string): Dimensions | null {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  try {
    const found = READERS[contentType]?.(bytes) ?? null;
    return found && found.width > 0 && found.height > 0 ? found : null;
  } catch {
    // A read beyond the end: the header is cut off or lies about its lengths.
    return null;
  }
}

const READERS: Readonly<Record<string, (bytes: Buffer) => Dimensions | null>> = {
  'image/png': readPng,
  'image/apng': readPng,
  'image/gif': (bytes) => ({ width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }),
  'image/jpeg': readJpeg,
  'image/webp': readWebp,
};

function readPng(bytes: Buffer): Dimensions {
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

/** Walks the segments to the start of a frame (SOF), past thumbnails, which are inside segments of their own. */
function readJpeg(bytes: Buffer): Dimensions | null {
  let at = 2;
  while (at + 9 < bytes.length) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    // C4, C8 and CC share the range of the frames but are tables.
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    }
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return null;
}

function readWebp(bytes: Buffer): Dimensions | null {
  const form = bytes.toString('latin1', 12, 16);
  if (form === 'VP8 ')
    return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  if (form === 'VP8X') return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
  if (form !== 'VP8L') return null;
  const packed = bytes.readUInt32LE(21);
  return { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 };
}
