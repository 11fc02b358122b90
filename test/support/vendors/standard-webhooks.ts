/** Signs reports as vendors do that keep to Standard Webhooks. Written apart from what reads them, from its specification. */
import { createHmac } from 'node:crypto';
import type { WebhookDelivery } from '../../../server/providers/provider.ts';

let sent = 0;

/** The value of `webhook-signature` for one key. */
export function signatureOf(
  id: string,
  timestamp: number,
  body: string | Uint8Array,
  secret: string,
): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const text = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), Buffer.from(body)]);
  return `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
}

/** A report as it arrives, sent at this instant. Each has an id of its own, as each message of a vendor has. */
export function signedDelivery(body: string | Uint8Array, secret: string, at: Date): WebhookDelivery {
  sent += 1;
  const id = `msg_${String(sent).padStart(24, '0')}`;
  const timestamp = Math.floor(at.getTime() / 1000);
  return {
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signatureOf(id, timestamp, body, secret),
    },
    body: Buffer.from(body),
    receivedAt: at,
  };
}
