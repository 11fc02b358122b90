/** Who calls, and what they may do. Pure: nothing here asks the database. */

/** What an API key may be allowed to do. `admin` implies all the others. */
export type Scope =
  | 'generate'
  | 'accounts:write'
  | 'credits:write'
  | 'profit:read'
  | 'protection:write'
  | 'admin';

/** Every scope, the widest last. */
export const SCOPES: readonly Scope[] = [
  'generate',
  'accounts:write',
  'credits:write',
  'profit:read',
  'protection:write',
  'admin',
];

/** Whoever has shown valid credentials. */
export interface Caller {
  readonly kind: 'API_KEY' | 'ACCOUNT' | 'ADMIN';
  /** For the audit log: `key:<uuid>`, `account:<uuid>`, `admin:<uuid>` or `key:environment`. */
  readonly actor: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The one account that it acts for; null acts for any. */
  readonly accountId: string | null;
  /** Of its idempotency keys: `api` for keys and admins, the account's id for its tokens. */
  readonly namespace: string;
  /** When its credentials end by themselves; null: not before they are revoked. */
  readonly expiresAt: Date | null;
  /** An admin's session, by which `isStillValid` finds out that it has ended. Undefined for all others. */
  readonly sessionId?: string | undefined;
}

/** Narrows a text to a scope. */
export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}

/** Whether the caller has a scope, by itself or through `admin`. */
export function allows(caller: Caller, scope: Scope): boolean {
  return caller.scopes.has(scope) || caller.scopes.has('admin');
}

/**
 * Whether the caller may name this account. An account's token may name its own alone; keys and admins act for
 * any. What they may do there is what {@link allows} says.
 */
export function mayActFor(caller: Caller, accountId: string): boolean {
  return caller.kind !== 'ACCOUNT' || caller.accountId === accountId;
}
