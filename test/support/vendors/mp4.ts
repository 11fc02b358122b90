/** Real films, as small as they can be. */
import { png } from './png.ts';

/** Units of time in a second. */
const TIMESCALE = 1_000;
/** Turns and scales nothing. */
const IDENTITY = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000];

/**
 * An MP4 that shows one black picture for so many seconds: `ftyp`, `moov` with one video track, and the picture in `mdat`.
 * MPEG-4 may carry a PNG as a frame (object type 0x6D), so that no video has to be encoded. About 800 bytes.
 */
export function mp4(seconds: number, width = 1280, height = 720): Buffer {
  const picture = png(width, height);
  const type = box('ftyp', latin('isom'), u32(0x200), latin('isomiso2mp41'));
  const film = (offset: number) => moov(seconds * TIMESCALE, width, height, picture.length, offset);
  // Where the picture is stands in the film, whose length does not depend on it.
  const before = type.length + film(0).length + 8;
  return Buffer.concat([type, film(before), box('mdat', picture)]);
}

function moov(duration: number, width: number, height: number, length: number, offset: number): Buffer {
  const header = full(
    'mvhd',
    0,
    u32(0, 0, TIMESCALE, duration, 0x10000),
    u16(0x100, 0),
    u32(0, 0, ...IDENTITY, 0, 0, 0, 0, 0, 0, 2),
  );
  const track = full(
    'tkhd',
    3, // enabled, and in the film
    u32(0, 0, 1, 0, duration, 0, 0),
    u16(0, 0, 0, 0),
    u32(...IDENTITY, width << 16, height << 16),
  );
  const media = box(
    'mdia',
    full('mdhd', 0, u32(0, 0, TIMESCALE, duration), u16(0x55c4, 0)),
    full('hdlr', 0, u32(0), latin('vide'), u32(0, 0, 0), latin('\0')),
    box(
      'minf',
      full('vmhd', 1, u16(0, 0, 0, 0)),
      box('dinf', full('dref', 0, u32(1), full('url ', 1))),
      box(
        'stbl',
        full('stsd', 0, u32(1), frames(width, height)),
        full('stts', 0, u32(1, 1, duration)),
        full('stsc', 0, u32(1, 1, 1, 1)),
        full('stsz', 0, u32(0, 1, length)),
        full('stco', 0, u32(1, offset)),
      ),
    ),
  );
  return box('moov', header, box('trak', track, media));
}

/** What the track's frames are: PNG. */
function frames(width: number, height: number): Buffer {
  const decoder = descriptor(4, Buffer.from([0x6d, 0x11, 0, 0, 0]), u32(0, 0));
  const codec = full(
    'esds',
    0,
    descriptor(3, u16(1), Buffer.from([0]), decoder, descriptor(6, Buffer.from([2]))),
  );
  const size = [u16(width, height), u32(0x480000, 0x480000, 0), u16(1), Buffer.alloc(32), u16(24, 0xffff)];
  return box('mp4v', Buffer.alloc(6), u16(1), u32(0, 0, 0, 0), ...size, codec);
}

function descriptor(tag: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, body.length]), body]);
}

function box(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u32(body.length + 8), latin(type), body]);
}

/** A box with a version, 0, and flags. */
function full(type: string, flags: number, ...parts: Buffer[]): Buffer {
  return box(type, u32(flags), ...parts);
}

function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, index * 4);
  });
  return bytes;
}

function u16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => {
    bytes.writeUInt16BE(value, index * 2);
  });
  return bytes;
}

function latin(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
