/**
 * All SQL of the access room. What is to be audited writes its line of the audit log in the same
 * statement: neither is there without the other.
 */

const KEY_COLUMNS = `id, name, prefix, hash, scopes, created_at AS "createdAt", last_used_at AS "lastUsedAt",
  revoked_at AS "revokedAt"`;

/** A row of table api_key, with the hash that never leaves this room. */
export interface StoredKey {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly hash: string;
  readonly scopes: string[];
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** $1 hash → StoredKey. */
export const KEY_BY_HASH = `SELECT ${KEY_COLUMNS} FROM api_key WHERE hash = $1`;

/** $1 id → StoredKey. */
export const KEY_BY_ID = `SELECT ${KEY_COLUMNS} FROM api_key WHERE id = $1::uuid`;

/** $1 id, $2 name, $3 prefix, $4 hash, $5 scopes, $6 now, $7 id of the audit line, $8 actor → StoredKey. */
export const CREATE_KEY = `WITH made AS (
  INSERT INTO api_key (id, name, prefix, hash, scopes, created_at)
  VALUES ($1::uuid, $2, $3, $4, $5::text[], $6::timestamptz)
  RETURNING *
), noted AS (
  INSERT INTO audit_log (id, at, actor, action, subject, detail)
  SELECT $7::uuid, created_at, $8, 'api-key.created', id::text,
    jsonb_build_object('name', name, 'prefix', prefix, 'scopes', to_jsonb(scopes))
  FROM made
)
SELECT ${KEY_COLUMNS} FROM made`;

/** $1 id, $2 now, $3 id of the audit line, $4 actor → StoredKey, or no row when it was revoked or never was. */
export const REVOKE_KEY = `WITH revoked AS (
  UPDATE api_key SET revoked_at = $2::timestamptz WHERE id = $1::uuid AND revoked_at IS NULL
  RETURNING *
), noted AS (
  INSERT INTO audit_log (id, at, actor, action, subject, detail)
  SELECT $3::uuid, revoked_at, $4, 'api-key.revoked', id::text, jsonb_build_object('name', name, 'prefix', prefix)
  FROM revoked
)
SELECT ${KEY_COLUMNS} FROM revoked`;

/** $1 ids, $2 instants. A process that writes late does not put a last use back. */
export const WRITE_LAST_USES = `UPDATE api_key SET last_used_at = greatest(last_used_at, used.at)
FROM unnest($1::uuid[], $2::timestamptz[]) AS used (id, at)
WHERE api_key.id = used.id`;

/** $1 key, $2 value. The first process that writes one has made it for all. */
export const OFFER_SETTING = 'INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING';

/** $1 key → value. */
export const SETTING = 'SELECT value FROM setting WHERE key = $1';

/** $1 e-mail → id, passwordHash. */
export const ADMIN_BY_EMAIL = 'SELECT id, password_hash AS "passwordHash" FROM admin WHERE email = $1';

/** → a row when there is an admin. */
export const ANY_ADMIN = 'SELECT id FROM admin LIMIT 1';

/** $1 any number that means "the first admin"; waits for whoever has it, until the transaction ends. */
export const LOCK_FIRST_ADMIN = 'SELECT pg_advisory_xact_lock($1::bigint)';

/** $1 id, $2 e-mail, $3 hash of the password, $4 now, $5 id of the audit line → id, or no row when there is an admin. */
export const CREATE_FIRST_ADMIN = `WITH made AS (
  INSERT INTO admin (id, email, password_hash, created_at)
  SELECT $1::uuid, $2, $3, $4::timestamptz WHERE NOT EXISTS (SELECT 1 FROM admin)
  RETURNING *
), noted AS (
  INSERT INTO audit_log (id, at, actor, action, subject, detail)
  SELECT $5::uuid, created_at, 'system', 'admin.created', id::text, jsonb_build_object('email', email) FROM made
)
SELECT id FROM made`;

/**
 * $1 id, $2 admin's id, $3 hash, $4 now, $5 when it ends, $6 id of the audit line, $7 actor, $8 ip. Clears away
 * the same admin's sessions that have ended, so that the table does not grow for ever.
 */
export const CREATE_SESSION = `WITH cleared AS (
  DELETE FROM admin_session WHERE admin_id = $2::uuid AND expires_at <= $4::timestamptz
), noted AS (
  INSERT INTO audit_log (id, at, actor, action, subject, detail)
  VALUES ($6::uuid, $4::timestamptz, $7, 'admin.signed-in', $2::text, jsonb_build_object('ip', $8::text))
)
INSERT INTO admin_session (id, admin_id, hash, created_at, expires_at)
VALUES ($1::uuid, $2::uuid, $3, $4::timestamptz, $5::timestamptz)`;

/** A row of table admin_session, without its hash. */
export interface StoredSession {
  readonly id: string;
  readonly adminId: string;
  readonly hash: string;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
}

const SESSION_COLUMNS = `id, admin_id AS "adminId", hash, expires_at AS "expiresAt", revoked_at AS "revokedAt"`;

/** $1 hash → StoredSession. */
export const SESSION_BY_HASH = `SELECT ${SESSION_COLUMNS} FROM admin_session WHERE hash = $1`;

/** $1 id → StoredSession. */
export const SESSION_BY_ID = `SELECT ${SESSION_COLUMNS} FROM admin_session WHERE id = $1::uuid`;

/** $1 hash, $2 now → id, or no row when it had ended before. */
export const END_SESSION =
  'UPDATE admin_session SET revoked_at = $2::timestamptz WHERE hash = $1 AND revoked_at IS NULL RETURNING id';
