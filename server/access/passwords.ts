/**
 * Passwords: scrypt, slow and hungry for memory on purpose, since people's passwords can be found by trying.
 * The parameters stand in the hash, so that they can be raised without locking anybody out.
 */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { base62, randomNumber } from './hash.ts';

const COST = 2 ** 15;
const BLOCK_SIZE = 8;
const PARALLEL = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

const SHAPE = /^scrypt\$(\d+)\$(\d+)\$(\d+)\$([A-Za-z0-9_-]+)\$([A-Za-z0-9_-]+)$/;

function derive(
  password: string,
  salt: Buffer,
  cost: number,
  blockSize: number,
  parallel: number,
): Promise<Buffer> {
  // Node refuses what needs more than maxmem; scrypt itself needs 128 × cost × blockSize bytes.
  const options: ScryptOptions = { N: cost, r: blockSize, p: parallel, maxmem: 256 * cost * blockSize };
  return new Promise((resolve, reject) => {
    // The same letters can be typed in more than one way on different machines.
    scrypt(password.normalize('NFKC'), salt, HASH_BYTES, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

const write = (salt: Buffer, key: Buffer) =>
  `scrypt$${COST}$${BLOCK_SIZE}$${PARALLEL}$${salt.toString('base64url')}$${key.toString('base64url')}`;

/** Hashes a password with a salt of its own: `scrypt$N$r$p$salt$hash`. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return write(salt, await derive(password, salt, COST, BLOCK_SIZE, PARALLEL));
}

/** A hash that no password has. Checking against it takes as long as against a real one. */
export function nobodysHash(): string {
  return write(randomBytes(SALT_BYTES), randomBytes(HASH_BYTES));
}

/** Whether a password is the one that was hashed. */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const match = SHAPE.exec(stored);
  if (!match) return false;
  const [, cost, blockSize, parallel, salt = '', key = ''] = match;
  const expected = Buffer.from(key, 'base64url');
  const found = await derive(
    password,
    Buffer.from(salt, 'base64url'),
    Number(cost),
    Number(blockSize),
    Number(parallel),
  );
  return expected.length === found.length && timingSafeEqual(expected, found);
}

/** A password that nobody guesses: 119 random bits. */
export function makePassword(): string {
  return base62(randomNumber(15), 20).slice(-20);
}
