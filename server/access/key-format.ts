/**
 * What an API key looks like: `slv_`, 32 random bytes in base 62 (43 characters), and a checksum of six. By the
 * checksum a mistyped or shortened key is told from a revoked one without the database, and scanners of leaked
 * secrets can be sure of a hit. It protects nothing: anybody can compute it.
 */
import { crc32 } from 'node:zlib';
import { base62, randomNumber } from './hash.ts';

/** By how many of its first characters people know a key. Eight random ones leave 208 bits unknown. */
export const PREFIX_LENGTH = 12;

const START = 'slv_';
const CHECKSUM_LENGTH = 6;
const SHAPE = /^slv_[0-9A-Za-z]{49}$/;

const checksum = (body: string) => base62(BigInt(crc32(body)), CHECKSUM_LENGTH);

/** Makes a key that nobody has had before. */
export function makeKey(): string {
  const body = START + base62(randomNumber(32), 43);
  return body + checksum(body);
}

/** Whether a text means to be an API key. */
export function looksLikeKey(text: string): boolean {
  return text.startsWith(START);
}

/** Whether a text is a whole API key, free of typing errors. */
export function isWellFormedKey(text: string): boolean {
  return SHAPE.test(text) && checksum(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH);
}
