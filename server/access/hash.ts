import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * SHA-256 in hex. Fast is right here: what is hashed has 256 random bits, which nobody finds by trying. Passwords
 * are another matter, see passwords.ts.
 */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}

/** Compares two hashes in the same time wherever they differ. */
export function sameHash(one: string, other: string): boolean {
  return (
    one.length === other.length && timingSafeEqual(Buffer.from(one, 'latin1'), Buffer.from(other, 'latin1'))
  );
}

/** A number in base 62, filled up with zeros. */
export function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = ALPHABET.charAt(Number(rest % 62n)) + text;
  return text.padStart(length, '0');
}

/** So many random bytes as one number. */
export function randomNumber(bytes: number): bigint {
  return BigInt(`0x${randomBytes(bytes).toString('hex')}`);
}
