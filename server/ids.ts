import { createHash, randomFillSync } from 'node:crypto';

const random = Buffer.alloc(4096);
let offset = random.length;
let lastMillisecond = 0;
let counter = 0;

/**
 * A UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then a counter that rises within one millisecond, then
 * random bits. Ids made by one process sort in the order in which they were made, which keeps the newest rows
 * together in every index, and they need no round trip to the database.
 */
export function newId(): string {
  const now = Date.now();
  if (now > lastMillisecond) {
    lastMillisecond = now;
    counter = 0;
  } else {
    counter += 1;
    // The 12 bits of rand_a hold the counter. When they run over, the clock is borrowed from: the id stays unique and sorted.
    if (counter > 0xfff) {
      lastMillisecond += 1;
      counter = 0;
    }
  }
  if (offset + 8 > random.length) {
    randomFillSync(random);
    offset = 0;
  }
  const time = lastMillisecond.toString(16).padStart(12, '0');
  const sequence = (0x7000 | counter).toString(16);
  const variant = (0x80 | ((random[offset] ?? 0) & 0x3f)).toString(16);
  const tail = random.toString('hex', offset + 1, offset + 8);
  offset += 8;
  return `${time.slice(0, 8)}-${time.slice(8)}-${sequence}-${variant}${tail.slice(0, 2)}-${tail.slice(2)}`;
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
