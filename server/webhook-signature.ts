/**
 * Signatures by the rules of Standard Webhooks (standardwebhooks.com): the header `webhook-signature` holds one or more
 * `v1,<base64>`, each the HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>`, and the secret is `whsec_` and the key
 * in base64.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** The specification gives a key 24 to 64 bytes. A shorter one is a typing error, and the empty one anybody can guess. */
const KEY_MIN_BYTES = 24;
const NEW_KEY_BYTES = 32;

/** What is signed of a message. */
export interface SignedContent {
  /** The header `webhook-id`. */
  readonly id: string;
  /** The header `webhook-timestamp`, in seconds. */
  readonly timestamp: string;
  readonly body: string | Uint8Array;
}

/** A new secret, `whsec_…`. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(NEW_KEY_BYTES).toString('base64')}`;
}

/**
 * The header `webhook-signature` of a message.
 *
 * @param secrets each signs it: while a receiver changes from one to the next, either will do.
 * @throws when a secret is none.
 */
export function signWebhook(secrets: readonly string[], content: SignedContent): string {
  return secrets
    .map((secret) => {
      const key = readKey(secret);
      if (!key) throw new Error('A webhook is to be signed with what is no secret.');
      return `v1,${digestOf(key, content).toString('base64')}`;
    })
    .join(' ');
}

/** Whether one of the signatures in a header was made with a secret; false when that holds no key. */
export function isSignedBy(secret: string, signatures: string, content: SignedContent): boolean {
  const key = readKey(secret);
  if (!key) return false;
  const right = digestOf(key, content);
  return signatures.split(' ').some((signature) => {
    // Other versions, such as `v1a`, are signatures of another kind: a sender may put them beside `v1`.
    if (!signature.startsWith('v1,')) return false;
    const given = Buffer.from(signature.slice(3), 'base64');
    return given.length === right.length && timingSafeEqual(given, right);
  });
}

/** The key within a secret, or undefined when it holds none. */
function readKey(secret: string): Buffer | undefined {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  const key = encoded === undefined ? undefined : Buffer.from(encoded, 'base64');
  return key && key.length >= KEY_MIN_BYTES ? key : undefined;
}

function digestOf(key: Buffer, { id, timestamp, body }: SignedContent): Buffer {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
}
