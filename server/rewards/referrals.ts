/** Referrals: whose word brought an account, and the code by which it is told. */
import { randomInt } from 'node:crypto';
import type { Referring } from '../accounts/index.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import * as statements from './statements.ts';

/** Crockford's digits: none is taken for another. 32 to the 8th codes cannot be guessed by trying. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_LENGTH = 8;

/** A code as people type it: O for 0, I and L for 1, any case. */
function tidy(code: string): string {
  return code.trim().toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1');
}

function newCode(): string {
  return Array.from({ length: CODE_LENGTH }, () => DIGITS.charAt(randomInt(DIGITS.length))).join('');
}

/** Why a code does not count, as a user reads it; null when it does. */
const PROBLEMS: Record<statements.ReferralOutcome, string | null> = {
  REFERRED: null,
  SAME: null,
  UNKNOWN: 'Nobody has this code; give the code that a friend shared, or leave it out.',
  ONESELF: 'This is the account’s own code; give that of another, or leave it out.',
  TAKEN: 'Another account is noted as the one that referred it, and stays so; leave it out.',
  CYCLE: 'This account itself has referred the one whose code this is; leave it out.',
  PAID: 'The account has paid before, and a referral counts before its first payment only; leave it out.',
};

/** How the accounts' room notes who referred an account, in its own transaction. */
export const referring: Referring = {
  lock: (sql, externalId, code) => statements.lockReferral(sql, externalId, tidy(code)),
  async refer(sql, now, accountId, { code, actor }) {
    const message = PROBLEMS[await statements.setReferral(sql, now, accountId, tidy(code), actor)];
    return message === null ? null : { path: 'referredBy', message };
  },
};

/** The code of an account, made when it is first asked for. The account must exist. */
export async function referralCode(database: Database, clock: Clock, accountId: string): Promise<string> {
  for (;;) {
    // Null only when another account has this very code.
    const code = await statements.ensureCode(database, clock.now(), accountId, newCode());
    if (code !== null) return code;
  }
}
