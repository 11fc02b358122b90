/**
 * - `MALFORMED`: it cannot be a credential of ours: mistyped, cut short, another scheme.
 * - `UNKNOWN`: well-formed, and nobody's; for tokens, not signed by us or not meant for us.
 * - `REVOKED`: it was valid until somebody ended it.
 * - `EXPIRED`: it was valid until its time was over.
 */
export type AccessErrorReason = 'MALFORMED' | 'UNKNOWN' | 'REVOKED' | 'EXPIRED';

/** Credentials were shown and do not count. Its message can be shown to the caller; it repeats no credential. */
export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly code = 'UNAUTHENTICATED';
  readonly reason: AccessErrorReason;

  constructor(reason: AccessErrorReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
