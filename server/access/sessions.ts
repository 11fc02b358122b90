/** Admins: made at the first start, signed in by password, known again by a cookie. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { newId } from '../ids.ts';
import { AccessError } from './errors.ts';
import { sha256 } from './hash.ts';
import { Lookup } from './lookup.ts';
import { hashPassword, isPassword, makePassword, nobodysHash } from './passwords.ts';
import { type Caller, SCOPES } from './scopes.ts';
import {
  ADMIN_BY_EMAIL,
  ANY_ADMIN,
  CREATE_FIRST_ADMIN,
  CREATE_SESSION,
  END_SESSION,
  LOCK_FIRST_ADMIN,
  SESSION_BY_HASH,
  SESSION_BY_ID,
  type StoredSession,
} from './statements.ts';
import { Throttle } from './throttle.ts';

/** What came of a sign-in. `refused` does not say whether there is such an admin. */
export type SignInResult =
  | {
      readonly status: 'signed-in';
      /** The value of the Set-Cookie header. */
      readonly cookie: string;
      readonly expiresAt: Date;
      readonly caller: Caller;
    }
  | { readonly status: 'refused' }
  | { readonly status: 'too-many-tries'; readonly retryAfterSeconds: number };

const COOKIE = 'solvent_session';
const SESSION_SECONDS = 14 * 24 * 60 * 60;
const LONGEST_EMAIL = 254;
const LONGEST_PASSWORD = 1_000;

/** Each check takes 32 MB and a thread of four that files and DNS need too. */
const CHECKS_AT_ONCE = 2;

/** More would wait longer than people do. */
const SIGN_INS_AT_ONCE = 16;
/** Half of them: from one address nobody can keep all others out. */
const SIGN_INS_OF_AN_ADDRESS = 8;

/** Any number: it means "the first admin" to all processes that share a database. */
const FIRST_ADMIN_LOCK = 7_301_002;
const FIRST_EMAIL = 'admin@solvent.local';

interface KnownSession {
  readonly caller: Caller;
  readonly endsAt: number;
  readonly revoked: boolean;
}

const normaliseEmail = (email: string) => email.trim().toLowerCase();

function know(session: StoredSession | undefined): KnownSession | null {
  if (!session) return null;
  return {
    caller: toCaller(session.id, session.adminId, session.expiresAt),
    endsAt: session.expiresAt.getTime(),
    revoked: session.revokedAt !== null,
  };
}

function toCaller(sessionId: string, adminId: string, expiresAt: Date): Caller {
  return {
    kind: 'ADMIN',
    actor: `admin:${adminId}`,
    scopes: new Set(SCOPES),
    accountId: null,
    namespace: 'api',
    expiresAt,
    sessionId,
  };
}

/** The session's secret in a Cookie header; null when there is none. */
function readCookie(header: string | null): string | null {
  for (const part of header?.split(';') ?? []) {
    const cut = part.indexOf('=');
    if (cut > 0 && part.slice(0, cut).trim() === COOKIE) return part.slice(cut + 1).trim() || null;
  }
  return null;
}

/** The admins of one database, and the browsers in which they are signed in. */
export class Sessions {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #secure: boolean;
  readonly #throttle: Throttle;
  readonly #byHash: Lookup<KnownSession>;
  readonly #byId: Lookup<KnownSession>;
  readonly #nobody = nobodysHash();
  readonly #waiting: (() => void)[] = [];
  #checking = 0;
  #signingIn = 0;
  readonly #signingInFrom = new Map<string, number>();

  /** @param secure whether the cookie is for https alone. */
  constructor(database: Database, clock: Clock, secure: boolean, cacheMs: number) {
    this.#database = database;
    this.#clock = clock;
    this.#secure = secure;
    this.#throttle = new Throttle(clock);
    const reader = (statement: string) => async (by: string) =>
      know((await database.query<StoredSession>(statement, [by]))[0]);
    this.#byHash = new Lookup(reader(SESSION_BY_HASH), cacheMs, 1_000);
    this.#byId = new Lookup(reader(SESSION_BY_ID), cacheMs, 1_000);
  }

  /**
   * Who is signed in with these cookies; null when none of them is a session's.
   *
   * @throws AccessError when it is one that has ended.
   */
  async verify(cookieHeader: string | null): Promise<Caller | null> {
    const secret = readCookie(cookieHeader);
    if (secret === null) return null;
    const now = this.#clock.now().getTime();
    const known = await this.#byHash.get(sha256(secret), now);
    if (!known) throw new AccessError('UNKNOWN', 'There is no such session. Please sign in.');
    if (known.revoked) throw new AccessError('REVOKED', 'You have signed out. Please sign in again.');
    if (now >= known.endsAt) throw new AccessError('EXPIRED', 'Your session is over. Please sign in again.');
    return known.caller;
  }

  /** Whether the session with this id still lasts. */
  async isValid(id: string): Promise<boolean> {
    const now = this.#clock.now().getTime();
    const known = await this.#byId.get(id, now);
    return known !== null && !known.revoked && now < known.endsAt;
  }

  async signIn(email: string, password: string, ip: string): Promise<SignInResult> {
    const fromThere = this.#signingInFrom.get(ip) ?? 0;
    if (this.#signingIn >= SIGN_INS_AT_ONCE || fromThere >= SIGN_INS_OF_AN_ADDRESS) {
      return { status: 'too-many-tries', retryAfterSeconds: 1 };
    }
    this.#signingIn += 1;
    this.#signingInFrom.set(ip, fromThere + 1);
    try {
      return await this.#signIn(email, password, ip);
    } finally {
      this.#signingIn -= 1;
      const left = (this.#signingInFrom.get(ip) ?? 1) - 1;
      if (left > 0) this.#signingInFrom.set(ip, left);
      else this.#signingInFrom.delete(ip);
    }
  }

  async signOut(cookieHeader: string | null): Promise<void> {
    const secret = readCookie(cookieHeader);
    if (secret === null) return;
    const hash = sha256(secret);
    const [ended] = await this.#database.query<{ id: string }>(END_SESSION, [
      hash,
      this.#clock.now().toISOString(),
    ]);
    this.#byHash.forget(hash);
    if (ended) this.#byId.forget(ended.id);
  }

  async ensureFirstAdmin(given: {
    readonly email?: string | undefined;
    readonly password?: string | undefined;
  }): Promise<{ email: string; password: string } | null> {
    // Almost every start ends here, without hashing a password for nothing.
    if ((await this.#database.query(ANY_ADMIN)).length > 0) return null;
    const email = normaliseEmail(given.email || FIRST_EMAIL);
    const password = given.password || makePassword();
    const passwordHash = await hashPassword(password);
    const made = await this.#database.transaction(async (sql) => {
      // Two processes with different e-mails would not meet in any unique index: they queue up here instead.
      await sql.query(LOCK_FIRST_ADMIN, [FIRST_ADMIN_LOCK]);
      return sql.query(CREATE_FIRST_ADMIN, [
        newId(),
        email,
        passwordHash,
        this.#clock.now().toISOString(),
        newId(),
      ]);
    });
    return made.length > 0 ? { email, password } : null;
  }

  /** The Set-Cookie header that takes the cookie out of a browser. */
  get endedCookie(): string {
    return this.#cookie('', 0);
  }

  async #signIn(email: string, password: string, ip: string): Promise<SignInResult> {
    const address = normaliseEmail(email);
    // Before it is counted: the throttle forgets what is longest ago, so that none may get into it without work.
    if (address.length > LONGEST_EMAIL || password.length > LONGEST_PASSWORD) return { status: 'refused' };
    // Hashed, so that what outsiders send does not stay in memory at its own length.
    const tries = sha256(`${ip}\n${address}`);
    const retryAfterSeconds = this.#throttle.take(tries);
    if (retryAfterSeconds > 0) return { status: 'too-many-tries', retryAfterSeconds };

    const [admin] = await this.#database.query<{ id: string; passwordHash: string }>(ADMIN_BY_EMAIL, [
      address,
    ]);
    // An unknown e-mail is checked against nobody's hash: the time taken does not tell which ones exist.
    const right = await this.#inTurn(() => isPassword(password, admin?.passwordHash ?? this.#nobody));
    if (!admin || !right) return { status: 'refused' };
    this.#throttle.forget(tries);

    const now = this.#clock.now();
    const expiresAt = new Date(now.getTime() + SESSION_SECONDS * 1000);
    const id = newId();
    const secret = randomBytes(32).toString('base64url');
    const caller = toCaller(id, admin.id, expiresAt);
    await this.#database.query(CREATE_SESSION, [
      id,
      admin.id,
      sha256(secret),
      now.toISOString(),
      expiresAt.toISOString(),
      newId(),
      caller.actor,
      ip,
    ]);
    return { status: 'signed-in', cookie: this.#cookie(secret, SESSION_SECONDS), expiresAt, caller };
  }

  #cookie(secret: string, seconds: number): string {
    const secure = this.#secure ? '; Secure' : '';
    return `${COOKIE}=${secret}; Max-Age=${seconds}; Path=/; HttpOnly; SameSite=Strict${secure}`;
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#checking >= CHECKS_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#checking += 1;
    try {
      return await work();
    } finally {
      // Whoever waits takes over the place as it is, so that nobody slips in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#checking -= 1;
    }
  }
}
