/** Real pictures, as small as they can be. */
import { hash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const made = new Map<string, Buffer>();

/**
 * A black PNG of this size, of one bit a pixel: about 200 bytes for a megapixel. The same one for the same size.
 *
 * @param mark makes it another picture, by some white pixels in its first row.
 */
export function png(width: number, height: number, mark = ''): Buffer {
  const name = `${width}x${height} ${mark}`;
  const known = made.get(name);
  if (known) return known;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(1, 8);
  const pixels = Buffer.alloc((Math.ceil(width / 8) + 1) * height);
  if (mark) hash('sha256', mark, 'buffer').copy(pixels, 1, 0, Math.floor(width / 8));
  const picture = Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
  made.set(name, picture);
  return picture;
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)]);
}
