/** The draw of the wheel: a function of what was committed to before, and of what the client added. */
import { createHash, createHmac, randomBytes } from 'node:crypto';

/** Tickets that can be drawn: 0 to 999,999. A chance is given in as many parts. */
export const TICKETS = 1_000_000;

/** The largest multiple of TICKETS within 32 bits: a word from here on is passed over, so that each ticket is as likely. */
const WORDS_THAT_COUNT = 2 ** 32 - (2 ** 32 % TICKETS);

const WORDS_OF_A_HASH = 8;

/** What a ticket is drawn from. */
export interface Draw {
  /** 32 bytes in hex. */
  readonly serverSeed: string;
  /** Text that the client chose. */
  readonly clientSeed: string;
  /** Of the account's own calendar: `2026-11-20`. */
  readonly day: string;
  /** The account's id, a UUID. */
  readonly accountId: string;
}

/** A seed of the server's, in hex. */
export function newSeed(): string {
  return randomBytes(32).toString('hex');
}

/** What is shown of a seed before the spin: the SHA-256 of its bytes, in hex. */
export function commitmentOf(seed: string): string {
  return createHash('sha256').update(Buffer.from(seed, 'hex')).digest('hex');
}

/**
 * Draws a ticket from 0 to 999,999, each exactly as likely as any other.
 *
 * HMAC-SHA256 with the server's seed as its key is taken of `day:account:round:client seed`, round 0 first, and read as
 * eight numbers of 32 bits, the highest byte first. The first of them under 4,294,000,000 is the draw: its remainder by a
 * million is the ticket. Should none of the eight count, the next round follows.
 */
export function drawTicket({ serverSeed, clientSeed, day, accountId }: Draw): number {
  const key = Buffer.from(serverSeed, 'hex');
  for (let round = 0; ; round += 1) {
    const hash = createHmac('sha256', key).update(`${day}:${accountId}:${round}:${clientSeed}`).digest();
    for (let word = 0; word < WORDS_OF_A_HASH; word += 1) {
      const number = hash.readUInt32BE(word * 4);
      if (number < WORDS_THAT_COUNT) return number % TICKETS;
    }
  }
}
