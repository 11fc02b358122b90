/** The months of annual plans: their credits come when their time has come. */
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { grantPart } from './grants.ts';
import * as statements from './statements/index.ts';

/** Accounts in one round. */
const LIMIT = 200;

/**
 * Gives what is due, an account a transaction: several processes may do it at once.
 *
 * @returns the accounts that got something.
 */
export async function giveDueParts(database: Database, clock: Clock): Promise<string[]> {
  const given: string[] = [];
  for (;;) {
    const accounts = await statements.accountsWithDueParts(database, clock.now(), LIMIT);
    const before = given.length;
    for (const accountId of accounts) {
      if (await giveDue(database, clock, accountId)) given.push(accountId);
    }
    // Who can hold no more credits is left for another time.
    if (accounts.length < LIMIT || given.length === before) return given;
  }
}

function giveDue(database: Database, clock: Clock, accountId: string): Promise<boolean> {
  return database.transaction(async (sql) => {
    const now = clock.now();
    let gave = false;
    if (!(await statements.lockAccount(sql, accountId))) return gave;
    for (const part of await statements.duePartsOf(sql, now, accountId)) {
      const grantId = await grantPart(sql, now, {
        accountId,
        key: `part:${part.id}`,
        source: 'PLAN',
        credits: part.credits,
        revenueMicros: part.revenue_micros,
        dueAt: part.due_at,
        expiresAt: part.expires_at,
        reason: 'A month of an annual plan',
      });
      if (grantId === null) continue;
      await statements.givePart(sql, now, part.id, grantId);
      gave = true;
    }
    return gave;
  });
}
