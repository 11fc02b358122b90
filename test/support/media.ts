/** Small real films and recordings, made byte by byte, of a length that is known. */

/** Big-endian 32-bit words. */
const words = (...values: number[]) => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
};
const ascii = (text: string) => Buffer.from(text, 'latin1');

/** A box of MP4 and QuickTime. */
const box = (name: string, ...parts: Buffer[]) => {
  const content = Buffer.concat(parts);
  return Buffer.concat([words(content.length + 8), ascii(name), content]);
};

/** A track that says how long it is and has no samples. */
const track = (id: number, kind: 'vide' | 'soun', milliseconds: number) =>
  box(
    'trak',
    box('tkhd', words(1, 0, 0, id, 0, milliseconds), Buffer.alloc(60)),
    box(
      'mdia',
      box('mdhd', words(0, 0, 0, 1_000, milliseconds), Buffer.alloc(4)),
      box('hdlr', words(0, 0), ascii(kind), Buffer.alloc(13)),
    ),
  );

/** MP4, QuickTime (`qt  `) or MP4 audio (`M4A `) with a track of each length, the first of them pictures. */
export function mp4(brand: string, ...milliseconds: number[]): Buffer {
  return Buffer.concat([
    box('ftyp', ascii(brand), words(512), ascii(brand)),
    box(
      'moov',
      ...milliseconds.map((length, index) =>
        track(index + 1, index === 0 && brand !== 'M4A ' ? 'vide' : 'soun', length),
      ),
    ),
    box('mdat', Buffer.alloc(64)),
  ]);
}

/** An element of Matroska with a length of one or two bytes. */
const element = (id: string, ...parts: Buffer[]) => {
  const content = Buffer.concat(parts);
  const length =
    content.length < 127 ? [0x80 | content.length] : [0x40 | (content.length >> 8), content.length & 255];
  return Buffer.concat([Buffer.from(id, 'hex'), Buffer.from(length), content]);
};

/** WebM or Matroska. */
export function matroska(docType: 'webm' | 'matroska', milliseconds: number): Buffer {
  const duration = Buffer.alloc(8);
  duration.writeDoubleBE(milliseconds);
  return Buffer.concat([
    element(
      '1a45dfa3',
      element('4286', Buffer.from([1])),
      element('4282', ascii(docType)),
      element('4287', Buffer.from([4])),
    ),
    element(
      '18538067',
      // A unit is a million nanoseconds.
      element('1549a966', element('2ad7b1', Buffer.from([0x0f, 0x42, 0x40])), element('4489', duration)),
    ),
  ]);
}

/** Silence of 8 bits, 8,000 times a second. */
export function wav(milliseconds: number): Buffer {
  const samples = Buffer.alloc(8 * milliseconds, 128);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8_000, 24);
  header.writeUInt32LE(8_000, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}

/** MPEG audio of 128 kbit/s: each frame has 1,152 samples of 44,100 a second. */
export function mp3(frames: number): Buffer {
  const frame = Buffer.alloc(417);
  frame.set([0xff, 0xfb, 0x90, 0x64]);
  return Buffer.concat(Array.from({ length: frames }, () => frame));
}

/** MPEG audio whose frames are as small as they can be and change their bit rate: all have to be looked at to know its length. */
export function tediousMp3(bytes: number): Buffer {
  const pair = Buffer.alloc(72);
  pair.set([0xff, 0xf3, 0x14, 0xc0]);
  pair.set([0xff, 0xf3, 0x24, 0xc0], 24);
  return Buffer.alloc(bytes - (bytes % pair.length), pair);
}
