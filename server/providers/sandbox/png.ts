/**
 * A small encoder of PNG, and of APNG (PNG with frames, which every browser plays), for pictures with a palette.
 * A picture of few colours deflates in milliseconds to few kilobytes, which is why the sandbox paints with one.
 */
import { promisify } from 'node:util';
import { crc32, deflate, type ZlibOptions } from 'node:zlib';

const deflateAsync = promisify<Uint8Array, ZlibOptions, Buffer>(deflate);

/**
 * Pixels as indexes into a palette. Each row begins with PNG's filter byte, left at 0 ("none"), so that what is
 * painted is what is deflated, without a copy.
 */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  /** `width + 1`: pixel (x, y) is at `y * stride + 1 + x`. */
  readonly stride: number;
  readonly data: Uint8Array;
}

/** At most 256 colours, as one number 0xRRGGBB each. */
export interface Palette {
  readonly colours: readonly number[];
  /** Opacity, 0 to 255, of the first so many colours; those beyond it are opaque. */
  readonly alphas?: readonly number[];
}

/** A part of the canvas, in pixels. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One frame: the part that changes, as rows that begin with their filter byte, and how long it stays. */
export interface Frame extends Rectangle {
  readonly rows: Uint8Array;
  readonly delayMs: number;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const SIXTEEN_BITS = 0xffff;

/** An empty canvas, all pixels the palette's first colour. */
export function createCanvas(width: number, height: number): Canvas {
  const stride = width + 1;
  return { width, height, stride, data: new Uint8Array(stride * height) };
}

/** Copies a part of a canvas out, in the form that a frame wants. */
export function crop(canvas: Canvas, area: Rectangle): Uint8Array {
  const rows = new Uint8Array((area.width + 1) * area.height);
  for (let y = 0; y < area.height; y += 1) {
    const from = (area.y + y) * canvas.stride + 1 + area.x;
    rows.set(canvas.data.subarray(from, from + area.width), y * (area.width + 1) + 1);
  }
  return rows;
}

/** Encodes one picture. The work is zlib's, on a thread of its own. */
export async function encodePng(canvas: Canvas, palette: Palette): Promise<Uint8Array> {
  const packed = await pack(canvas.data);
  return join([SIGNATURE, header(canvas), ...paletteChunks(palette), chunk('IDAT', packed), chunk('IEND')]);
}

/**
 * Encodes frames that play for ever. The first must cover the whole canvas, and is what a viewer that knows
 * PNG only shows; each later one replaces its own rectangle.
 */
export async function encodeApng(
  canvas: { readonly width: number; readonly height: number },
  frames: readonly Frame[],
  palette: Palette,
): Promise<Uint8Array> {
  const packed = await Promise.all(frames.map((frame) => pack(frame.rows)));
  const chunks = [
    SIGNATURE,
    header(canvas),
    chunk('acTL', numbers(frames.length, 0)),
    ...paletteChunks(palette),
  ];
  let sequence = 0;
  frames.forEach((frame, index) => {
    chunks.push(chunk('fcTL', frameControl(frame, sequence)));
    sequence += 1;
    const data = packed[index] ?? Buffer.alloc(0);
    if (index === 0) {
      chunks.push(chunk('IDAT', data));
    } else {
      chunks.push(chunk('fdAT', Buffer.concat([numbers(sequence), data])));
      sequence += 1;
    }
  });
  return join([...chunks, chunk('IEND')]);
}

function pack(rows: Uint8Array): Promise<Buffer> {
  // Flat colours make long matches: a higher level costs more time than it saves room.
  return deflateAsync(rows, { level: 4, memLevel: 9 });
}

function header(canvas: { readonly width: number; readonly height: number }): Uint8Array {
  // Eight bits a pixel, palette, and the only compression, filter and interlacing that there are.
  return chunk('IHDR', Buffer.concat([numbers(canvas.width, canvas.height), Uint8Array.of(8, 3, 0, 0, 0)]));
}

function paletteChunks(palette: Palette): Uint8Array[] {
  const colours = palette.colours.flatMap((colour) => [colour >>> 16, (colour >>> 8) & 0xff, colour & 0xff]);
  const chunks = [chunk('PLTE', Uint8Array.from(colours))];
  if (palette.alphas) chunks.push(chunk('tRNS', Uint8Array.from(palette.alphas)));
  return chunks;
}

function frameControl(frame: Frame, sequence: number): Uint8Array {
  const delay = Buffer.alloc(6);
  delay.writeUInt16BE(Math.min(frame.delayMs, SIXTEEN_BITS), 0);
  delay.writeUInt16BE(1000, 2);
  // The last two bytes stay 0: leave the canvas as it is afterwards, and replace what lies under the frame.
  return Buffer.concat([numbers(sequence, frame.width, frame.height, frame.x, frame.y), delay]);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, index * 4);
  });
  return bytes;
}

function chunk(type: string, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = Buffer.allocUnsafe(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, data.length + 8)), data.length + 8);
  return bytes;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  // A copy with a memory of its own, since a pooled Buffer would hand its neighbours' bytes to whoever asks for `.buffer`.
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
