import { createHash, randomFillSync } from 'node:crypto';

const random = Buffer.alloc(4096);
let offset = random.length;
let lastMillisecond = 0;
let counter = 0;

/** The text of the id being made, of which each writes over what differs: putting texts together takes three times as long. */
const text = Buffer.from('00000000-0000-7000-8000-000000000000', 'latin1');
/** Where in it the digits of each random byte begin. */
const PLACES = [19, 21, 24, 26, 28, 30, 32, 34];
const DIGITS = Buffer.from('0123456789abcdef', 'latin1');

function writeByte(value: number, at: number): void {
  text[at] = DIGITS[value >> 4] ?? 0;
  text[at + 1] = DIGITS[value & 0xf] ?? 0;
}

function begin(millisecond: number): void {
  lastMillisecond = millisecond;
  counter = 0;
  // 48 bits, of which bitwise operations see 32.
  const high = Math.floor(millisecond / 2 ** 32);
  const low = millisecond >>> 0;
  writeByte(high >> 8, 0);
  writeByte(high & 0xff, 2);
  writeByte(low >>> 24, 4);
  writeByte((low >> 16) & 0xff, 6);
  writeByte((low >> 8) & 0xff, 9);
  writeByte(low & 0xff, 11);
}

/**
 * A UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then a counter that rises within one millisecond, then
 * random bits. Ids made by one process sort in the order in which they were made, which keeps the newest rows
 * together in every index, and they need no round trip to the database.
 */
export function newId(): string {
  const now = Date.now();
  // The 12 bits of rand_a hold the counter. When they run over, the clock is borrowed from: the id stays unique and sorted.
  if (now > lastMillisecond) begin(now);
  else if (counter === 0xfff) begin(lastMillisecond + 1);
  else counter += 1;
  text[15] = DIGITS[counter >> 8] ?? 0;
  writeByte(counter & 0xff, 16);

  if (offset + PLACES.length > random.length) {
    randomFillSync(random);
    offset = 0;
  }
  for (const place of PLACES) {
    const byte = random[offset] ?? 0;
    // The first of them begins with the two bits of the variant.
    writeByte(place === PLACES[0] ? 0x80 | (byte & 0x3f) : byte, place);
    offset += 1;
  }
  return text.toString('latin1');
}

/**
 * A UUID that is the same on every machine for the same key: the first bytes of its SHA-256, in the shape of
 * version 8 (RFC 9562). For rows that ship with the program, so that two processes which both find one missing
 * do not both put it in.
 *
 * @param parts what makes the row what it is; the first says what kind of row.
 */
export function keyedId(parts: readonly (string | number | null)[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x80, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for a lower-case UUID of any version, as the database writes them. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
