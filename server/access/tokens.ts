/** Account tokens: JWTs for one account, short-lived, signed by us and for us. */
import { errors, jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../clock.ts';
import { isUuid } from '../ids.ts';
import { AccessError } from './errors.ts';
import { Recent } from './recent.ts';
import type { Caller, Scope } from './scopes.ts';

/** The shortest life of an account token, in seconds. */
export const SHORTEST_TOKEN_SECONDS = 60;

/** The longest life of an account token, in seconds. Short, since a token cannot be revoked. */
export const LONGEST_TOKEN_SECONDS = 24 * 60 * 60;

const ALGORITHM = 'HS256';
const US = 'solvent';
const ACCOUNT_SCOPES: ReadonlySet<Scope> = new Set<Scope>(['generate']);

/** Signs and verifies account tokens. */
export interface Tokens {
  issue(accountId: string, ttlSeconds: number): Promise<{ token: string; expiresAt: Date }>;
  /**
   * The caller of a token that was verified before.
   *
   * @throws AccessError once its time is over.
   */
  known(hash: string): Caller | undefined;
  /** @throws AccessError */
  verify(token: string, hash: string): Promise<Caller>;
}

const expired = () => new AccessError('EXPIRED', 'This account token has expired. Ask for a new one.');
const wrong = () => new AccessError('UNKNOWN', 'This token was not issued by this server, or not for it.');

/** @param secret at least 32 characters, the same in every process. */
export async function createTokens(secret: string, clock: Clock): Promise<Tokens> {
  // Imported once: jose would import bare bytes again for every token.
  const key = await crypto.subtle.importKey(
    'raw',
    new TextEncoder().encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign', 'verify'],
  );
  const verified = new Recent<{ caller: Caller; expiresAt: number }>(10_000);

  return {
    async issue(accountId, ttlSeconds) {
      if (
        !Number.isInteger(ttlSeconds) ||
        ttlSeconds < SHORTEST_TOKEN_SECONDS ||
        ttlSeconds > LONGEST_TOKEN_SECONDS
      ) {
        throw new RangeError(
          `An account token lives from ${SHORTEST_TOKEN_SECONDS} to ${LONGEST_TOKEN_SECONDS} seconds.`,
        );
      }
      if (!isUuid(accountId)) throw new TypeError('An account token is for the id of an account, a UUID.');
      const issuedAt = Math.floor(clock.now().getTime() / 1000);
      const token = await new SignJWT()
        .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
        .setIssuer(US)
        .setAudience(US)
        .setSubject(accountId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + ttlSeconds)
        .sign(key);
      return { token, expiresAt: new Date((issuedAt + ttlSeconds) * 1000) };
    },

    known(hash) {
      const entry = verified.get(hash);
      if (entry === undefined) return undefined;
      if (clock.now().getTime() >= entry.expiresAt) throw expired();
      return entry.caller;
    },

    async verify(token, hash) {
      const { payload } = await jwtVerify(token, key, {
        // Named here and not taken from the token: a token must not choose how it is verified.
        algorithms: [ALGORITHM],
        issuer: US,
        audience: US,
        requiredClaims: ['sub', 'exp', 'iat'],
        currentDate: clock.now(),
      }).catch((error: unknown) => {
        if (error instanceof errors.JWTExpired) throw expired();
        if (error instanceof errors.JOSEError) throw wrong();
        throw error;
      });
      const { sub, exp } = payload;
      if (sub === undefined || exp === undefined || !isUuid(sub)) throw wrong();
      const expiresAt = new Date(exp * 1000);
      // Beyond what a Date can hold, no comparison would ever end it.
      if (Number.isNaN(expiresAt.getTime())) throw wrong();
      const caller: Caller = {
        kind: 'ACCOUNT',
        actor: `account:${sub}`,
        scopes: ACCOUNT_SCOPES,
        accountId: sub,
        namespace: sub,
        expiresAt,
      };
      verified.set(hash, { caller, expiresAt: expiresAt.getTime() });
      return caller;
    },
  };
}
