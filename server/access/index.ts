/** The door of the access room: who calls, and what they may do. See README.md. */
import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import type { Log } from '../log.ts';
import { AccessError } from './errors.ts';
import { sameHash, sha256 } from './hash.ts';
import { looksLikeKey } from './key-format.ts';
import { type ApiKeyRow, ApiKeys, type CreateApiKeyResult } from './keys.ts';
import { type Caller, SCOPES } from './scopes.ts';
import { Sessions, type SignInResult } from './sessions.ts';
import { OFFER_SETTING, SETTING } from './statements.ts';
import { createTokens } from './tokens.ts';

export { AccessError, type AccessErrorReason } from './errors.ts';
export type { ApiKeyRow, CreateApiKeyResult } from './keys.ts';
export { allows, type Caller, isScope, mayActFor, SCOPES, type Scope } from './scopes.ts';
export type { SignInResult } from './sessions.ts';
export { LONGEST_TOKEN_SECONDS, SHORTEST_TOKEN_SECONDS } from './tokens.ts';

/** What a request shows of itself. */
export interface Credentials {
  /** The Authorization header, or `authorization` of connection_init. */
  readonly authorization: string | null;
  /** The Cookie header. */
  readonly cookie: string | null;
  /** Whether the request comes from a page of this server; the HTTP room judges it. Else cookies do not count. */
  readonly sameOrigin: boolean;
}

/** What access needs. */
export interface AccessOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** `SOLVENT_ADMIN_KEY`: a key with every scope, known to no table. */
  readonly adminKey?: string | undefined;
  /** `TOKEN_SECRET`; without it, one is made once and kept in the database for all processes. */
  readonly tokenSecret?: string | undefined;
  /** Cookies are for https alone when this begins so. */
  readonly publicUrl?: string | undefined;
  /** How long a revocation in another process may go unnoticed, in milliseconds; 2,000 unless told otherwise. */
  readonly cacheMs?: number | undefined;
}

/** Who may call, asked by http, schema and cli. */
export interface Access {
  /**
   * Who calls. An Authorization header, when there is one, is what counts, whatever cookies come with it.
   *
   * @returns null when no credentials are shown.
   * @throws AccessError when they are wrong, revoked or expired.
   */
  authenticate(credentials: Credentials): Promise<Caller | null>;
  /**
   * Whose Authorization header this is, as far as that is remembered: most requests show what the one before them has shown, and
   * need not wait.
   *
   * @returns undefined when {@link authenticate} is to be asked.
   * @throws AccessError when it is remembered as wrong, revoked or expired.
   */
  remembered(authorization: string): Caller | undefined;
  /**
   * Asked again while a subscription lives: false once the key is revoked, the token has expired or the session
   * has ended. Remembered for `cacheMs`, so that it may be asked for each event.
   */
  isStillValid(caller: Caller): Promise<boolean>;
  /** Makes an API key. It is shown this once; only its hash is kept. Whether the actor may is the schema's question. */
  createApiKey(input: { name: string; scopes: string[] }, actor: string): Promise<CreateApiKeyResult>;
  /** Ends an API key for good; a second time changes nothing. Null: there is no such key. */
  revokeApiKey(id: string, actor: string): Promise<ApiKeyRow | null>;
  /**
   * A token with which an account's own client may call. Whoever asks has checked that the account exists.
   *
   * @param ttlSeconds whole, from {@link SHORTEST_TOKEN_SECONDS} to {@link LONGEST_TOKEN_SECONDS}.
   * @throws RangeError when it is not.
   */
  issueAccountToken(accountId: string, ttlSeconds: number): Promise<{ token: string; expiresAt: Date }>;
  /**
   * Signs a text of this server's own, such as what an address names, so that nobody else can make it. The same in every
   * process; in base64url.
   */
  sign(text: string): string;
  /** Signs an admin in. The HTTP room takes this from pages of this server alone. */
  signIn(email: string, password: string, ip: string): Promise<SignInResult>;
  /** Ends the session of these cookies, if there is one. */
  signOut(cookieHeader: string | null): Promise<void>;
  /** The Set-Cookie header that goes with a sign-out, or with the refusal of a session that has ended. */
  readonly signedOutCookie: string;
  /**
   * Makes an admin when there is none, with what is given and else with what it makes up. Of several processes
   * that start at once, one makes it.
   *
   * @returns what to sign in with, this once; null when there was an admin.
   */
  ensureFirstAdmin(given: {
    readonly email?: string | undefined;
    readonly password?: string | undefined;
  }): Promise<{ email: string; password: string } | null>;
  /** Writes what is in memory alone: when keys were used last. Before the database is closed. */
  close(): Promise<void>;
}

const CACHE_MS = 2_000;
const ENVIRONMENT_ACTOR = 'key:environment';

/** Longer than any token of ours. What is longer is not even hashed. */
const LONGEST_AUTHORIZATION = 4_096;

const environmentCaller: Caller = {
  kind: 'API_KEY',
  actor: ENVIRONMENT_ACTOR,
  scopes: new Set(SCOPES),
  accountId: null,
  namespace: 'api',
  expiresAt: null,
};

/** What follows `Bearer`. A text without a scheme is taken as it is, as clients write it in connection_init. */
function readToken(authorization: string): string {
  const text = authorization.trim();
  const bearer = /^bearer +/i.exec(text);
  const token = bearer ? text.slice(bearer[0].length) : text;
  if (text.length > LONGEST_AUTHORIZATION || (bearer === null && /^bearer$|\s/i.test(text))) {
    throw new AccessError('MALFORMED', 'Write "Authorization: Bearer", then an API key or an account token.');
  }
  return token;
}

async function sharedSecret(database: Database): Promise<string> {
  await database.query(OFFER_SETTING, ['token-secret', randomBytes(32).toString('base64url')]);
  const [row] = await database.query<{ value: string }>(SETTING, ['token-secret']);
  if (!row) throw new Error('The database holds no token secret although one was just offered.');
  return row.value;
}

/** The hashes that the environment's key may turn up with. */
function hashesOf(adminKey: string | undefined): string[] {
  const key = adminKey?.trim();
  if (!key) return [];
  // Node reads headers as Latin-1, so a key beyond ASCII arrives by HTTP with each of its bytes as a character.
  return [...new Set([key, Buffer.from(key, 'utf8').toString('latin1')])].map(sha256);
}

/** Opens access on a database. */
export async function createAccess(options: AccessOptions): Promise<Access> {
  const { database, clock, log } = options;
  const cacheMs = options.cacheMs ?? CACHE_MS;
  const adminHashes = hashesOf(options.adminKey);
  const secret = options.tokenSecret || (await sharedSecret(database));
  const tokens = await createTokens(secret, clock);
  // A key of its own, so that nothing signed here can pass for a token.
  const signingKey = createHmac('sha256', secret).update('solvent:sign').digest();
  const keys = new ApiKeys(database, clock, log, cacheMs);
  const sessions = new Sessions(database, clock, options.publicUrl?.startsWith('https:') ?? false, cacheMs);

  const rememberedBy = (hash: string) => keys.peek(hash) ?? tokens.known(hash);

  return {
    async authenticate({ authorization, cookie, sameOrigin }) {
      if (authorization === null || authorization.trim() === '') {
        return cookie !== null && sameOrigin ? sessions.verify(cookie) : null;
      }
      const token = readToken(authorization);
      const hash = sha256(token);
      const known = rememberedBy(hash);
      if (known) return known;
      // First of what is not remembered, since it may be any text, one that looks like a key included.
      for (const adminHash of adminHashes) if (sameHash(hash, adminHash)) return environmentCaller;
      if (looksLikeKey(token)) return keys.verify(token, hash);
      if (token.split('.').length === 3) return tokens.verify(token, hash);
      throw new AccessError('MALFORMED', 'This is neither an API key (slv_…) nor an account token.');
    },

    remembered: (authorization) =>
      authorization.trim() === '' ? undefined : rememberedBy(sha256(readToken(authorization))),

    async isStillValid(caller) {
      if (caller.expiresAt !== null && clock.now() >= caller.expiresAt) return false;
      switch (caller.kind) {
        case 'ACCOUNT':
          return true;
        case 'API_KEY':
          return caller.actor === ENVIRONMENT_ACTOR
            ? adminHashes.length > 0
            : keys.isValid(caller.actor.slice('key:'.length));
        case 'ADMIN':
          return caller.sessionId !== undefined && sessions.isValid(caller.sessionId);
      }
    },

    createApiKey: (input, actor) => keys.create(input, actor),
    revokeApiKey: (id, actor) => keys.revoke(id, actor),
    issueAccountToken: (accountId, ttlSeconds) => tokens.issue(accountId, ttlSeconds),
    sign: (text) => createHmac('sha256', signingKey).update(text).digest('base64url'),
    signIn: (email, password, ip) => sessions.signIn(email, password, ip),
    signOut: (cookieHeader) => sessions.signOut(cookieHeader),
    signedOutCookie: sessions.endedCookie,
    ensureFirstAdmin: (given) => sessions.ensureFirstAdmin(given),
    close: () => keys.close(),
  };
}
