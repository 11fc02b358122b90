/** How billing gives credits. */
import type { Sql } from '../database/index.ts';
import { newId } from '../ids.ts';
import { type GrantSource, grantWithin } from '../ledger/index.ts';
import type { Micros } from '../money.ts';

/** What booking needs. */
export interface Booking {
  readonly sql: Sql;
  /** The instant that stands in the ledger. */
  readonly now: Date;
  /** Number of the reading. */
  readonly observation: bigint;
  /** Whether an account with an open or lost dispute may make no paid calls. */
  readonly barDisputed: boolean;
}

/** Gives credits, once under a key of billing's own. Null when the account can hold no more. */
export async function grantPart(
  sql: Sql,
  now: Date,
  part: {
    readonly accountId: string;
    readonly key: string;
    readonly source: GrantSource;
    readonly credits: number;
    readonly revenueMicros: Micros;
    /** When it was bought, or its month begins: whichever event is heard first, the one bought first burns first. */
    readonly dueAt: Date;
    readonly expiresAt: Date | null;
    readonly reason: string;
  },
): Promise<string | null> {
  const granted = await grantWithin(sql, now, newId(), {
    accountId: part.accountId,
    namespace: 'stripe',
    key: part.key,
    inputHash: 'stripe',
    source: part.source,
    credits: part.credits,
    revenueMicros: part.revenueMicros,
    effectiveAt: part.dueAt,
    expiresAt: part.expiresAt,
    reason: part.reason,
    actor: 'stripe',
  });
  if (granted.status === 'granted') return granted.grantId;
  if (granted.status === 'too-many') return null;
  throw new Error(`The grant under ${part.key} came to ${granted.status}, though its payment is new.`);
}
