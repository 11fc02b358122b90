/**
 * Reports that are signed by the rules of Standard Webhooks (standardwebhooks.com), as Replicate signs them and as a
 * gateway to Midjourney shall: the header `webhook-signature` holds one or more `v1,<base64>`, each the HMAC-SHA256 of
 * `<webhook-id>.<webhook-timestamp>.<body>`, and the secret is `whsec_` and the key in base64.
 *
 * The signature is over the bytes as they came. The replicate SDK's `validateWebhook` decodes them first, and looks at
 * no timestamp: it is not used.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SubmitResult, WebhookDelivery, WebhookReading } from './provider.ts';
import { bodyOf, findProblemOfTime, reasonToAsk, rejected } from './reports.ts';

/** The specification gives a key 24 to 64 bytes. A shorter one is a typing error, and the empty one anybody can guess. */
const KEY_MIN_BYTES = 24;

/**
 * Reads a report: who sent it, when, and what it says.
 *
 * @param secret `whsec_…`; undefined takes every report, as unsigned.
 * @param read what a body says of its job; undefined, or an exception, where it is none.
 */
export function readStandardWebhook(
  delivery: WebhookDelivery,
  secret: string | undefined,
  read: (body: unknown) => SubmitResult | undefined,
): WebhookReading {
  const problem = secret === undefined ? null : findProblem(delivery, secret);
  if (problem !== null) return rejected(problem);
  try {
    const result = read(bodyOf(delivery));
    const { jobId } = result ?? {};
    if (!result || jobId === undefined) return rejected('The body is no job.');
    return secret === undefined ? reasonToAsk(jobId) : { status: 'accepted', signed: true, jobId, result };
  } catch {
    return rejected('The body is no job that can be read.');
  }
}

/** Why a report is not to be believed, or null when it is. */
function findProblem(delivery: WebhookDelivery, secret: string): string | null {
  const { headers, body } = delivery;
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (!id || !timestamp || !signatures) {
    return 'The headers webhook-id, webhook-timestamp and webhook-signature are needed.';
  }
  const key = readKey(secret);
  // Said to the sender as any other mismatch: that our secret is wrong is nothing for outsiders.
  if (!key || !signatures.split(' ').some((signature) => isRight(signature, key, id, timestamp, body))) {
    return 'The signature does not match.';
  }
  return findProblemOfTime('webhook-timestamp', delivery);
}

/** The key within a secret, or undefined when it holds none. */
function readKey(secret: string): Buffer | undefined {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  const key = encoded === undefined ? undefined : Buffer.from(encoded, 'base64');
  return key && key.length >= KEY_MIN_BYTES ? key : undefined;
}

/** Other versions, such as `v1a`, are signatures of another kind: a sender may put them beside `v1`. */
function isRight(signature: string, key: Buffer, id: string, timestamp: string, body: Uint8Array): boolean {
  if (!signature.startsWith('v1,')) return false;
  const given = Buffer.from(signature.slice(3), 'base64');
  const right = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  return given.length === right.length && timingSafeEqual(given, right);
}
