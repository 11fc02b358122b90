/** The door of the accounts' room: who the client apps' users are. Their credits are the ledger's. */
import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/index.ts';
import { newId } from '../ids.ts';
import type { Tier } from '../ledger/index.ts';
import { isTimeZone } from '../time-zone.ts';
import * as statements from './statements.ts';

/** What an app says of one of its users. */
export interface AccountInput {
  /** The client app's own id for its user. Unique. */
  readonly externalId: string;
  /** Left out: kept as it is. */
  readonly email?: string | null | undefined;
  /** ISO 3166-1 alpha-2. */
  readonly country?: string | null | undefined;
  readonly tier?: Tier | undefined;
  /** IANA name; its midnight resets the free credits. */
  readonly timeZone?: string | undefined;
  /** By whose code it came; counts before its first payment only. Left out: kept as it is. */
  readonly referredBy?: Referral | undefined;
}

/** A friend's code, and who says that it was theirs. */
export interface Referral {
  readonly code: string;
  /** For the audit log. */
  readonly actor: string;
}

/** What notes who referred an account, within the transaction that makes or changes it. */
export interface Referring {
  /** Takes the locks that `refer` needs, before any other. */
  lock(sql: Sql, externalId: string, code: string): Promise<void>;
  /** Notes it, or says why it cannot be. */
  refer(sql: Sql, now: Date, accountId: string, referral: Referral): Promise<FieldError | null>;
}

/** An argument that cannot be, with what would be right. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export type UpsertOutcome =
  | { readonly status: 'saved'; readonly accountId: string }
  | { readonly status: 'invalid'; readonly fields: readonly FieldError[] };

/** The accounts' room. */
export interface Accounts {
  /** Creates an account, or changes what is given of it. */
  upsert(input: AccountInput): Promise<UpsertOutcome>;
  exists(accountId: string): Promise<boolean>;
}

const EMAIL = /^[^\s@]{1,64}@[^\s@]{1,190}\.[^\s@]{2,}$/;
const TIME_ZONE_HINT = 'Give an IANA time zone such as Europe/Berlin, or leave it out.';
/** invalid_parameter_value, which is what the CHECK of the time zone raises. */
const INVALID_TIME_ZONE = '22023';
const COUNTRY = /^[A-Z]{2}$/;

function check(input: AccountInput): FieldError[] {
  const fields: FieldError[] = [];
  if (input.externalId.trim() === '' || input.externalId.length > 255) {
    fields.push({ path: 'externalId', message: 'Give your own id of the user: 1 to 255 characters.' });
  }
  if (input.email != null && !EMAIL.test(input.email)) {
    fields.push({
      path: 'email',
      message: 'Give an e-mail address such as ada@example.com, or leave it out.',
    });
  }
  if (input.country != null && !COUNTRY.test(input.country)) {
    fields.push({
      path: 'country',
      message: 'Give two capital letters of ISO 3166-1, such as DE, or leave it out.',
    });
  }
  if (input.timeZone !== undefined && !isTimeZone(input.timeZone)) {
    fields.push({ path: 'timeZone', message: TIME_ZONE_HINT });
  }
  return fields;
}

/** Undoes the transaction of an account whose referral cannot be. */
class Refused extends Error {
  readonly field: FieldError;
  constructor(field: FieldError) {
    super(field.message);
    this.field = field;
  }
}

/** Makes the accounts' room. Its functions throw what the database throws. */
export function createAccounts(options: {
  readonly database: Database;
  readonly clock: Clock;
  readonly referring: Referring;
}): Accounts {
  const { database, clock, referring } = options;

  async function save(input: AccountInput): Promise<string> {
    const now = clock.now();
    const { referredBy } = input;
    if (!referredBy) return statements.upsertAccount(database, now, newId(), input);
    return database.transaction(async (sql) => {
      await referring.lock(sql, input.externalId, referredBy.code);
      const accountId = await statements.upsertAccount(sql, now, newId(), input);
      const problem = await referring.refer(sql, now, accountId, referredBy);
      if (problem) throw new Refused(problem);
      return accountId;
    });
  }

  return {
    async upsert(input) {
      const fields = check(input);
      if (fields.length > 0) return { status: 'invalid', fields };
      try {
        return { status: 'saved', accountId: await save(input) };
      } catch (error) {
        if (error instanceof Refused) return { status: 'invalid', fields: [error.field] };
        // A name that this runtime knows and the database does not.
        if ((error as { code?: unknown }).code !== INVALID_TIME_ZONE) throw error;
        return { status: 'invalid', fields: [{ path: 'timeZone', message: TIME_ZONE_HINT }] };
      }
    },
    exists: (accountId) => statements.accountExists(database, accountId),
  };
}
