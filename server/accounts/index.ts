/** The door of the accounts' room: who the client apps' users are. Their credits are the ledger's. */
import { type Clock, isTimeZone } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { newId } from '../ids.ts';
import type { Tier } from '../ledger/index.ts';
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

/** Makes the accounts' room. Its functions throw what the database throws. */
export function createAccounts(options: { database: Database; clock: Clock }): Accounts {
  const { database, clock } = options;
  return {
    async upsert(input) {
      const fields = check(input);
      if (fields.length > 0) return { status: 'invalid', fields };
      try {
        return {
          status: 'saved',
          accountId: await statements.upsertAccount(database, clock.now(), newId(), input),
        };
      } catch (error) {
        // A name that this runtime knows and the database does not.
        if ((error as { code?: unknown }).code !== INVALID_TIME_ZONE) throw error;
        return { status: 'invalid', fields: [{ path: 'timeZone', message: TIME_ZONE_HINT }] };
      }
    },
    exists: (accountId) => statements.accountExists(database, accountId),
  };
}
