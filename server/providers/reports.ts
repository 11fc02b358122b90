/** Reports of a job's end: what their readers have in common, whichever way they are signed. */

import { parseJson } from './json.ts';
import {
  WEBHOOK_TOLERANCE_SECONDS,
  type WebhookAccepted,
  type WebhookDelivery,
  type WebhookRejected,
} from './provider.ts';

/** What the body says as JSON; undefined when it is none. */
export function bodyOf({ body }: WebhookDelivery): unknown {
  return parseJson(Buffer.from(body).toString('utf8'));
}

/** A report that is not believed. The reason is for whoever sent it. */
export function rejected(reason: string): WebhookRejected {
  return { status: 'rejected', reason };
}

/** A report that is a reason to ask after a job, and no more. */
export function reasonToAsk(jobId: string, signed = false): WebhookAccepted {
  return { status: 'accepted', signed, jobId, result: null };
}

/**
 * Why the time at which a report says that it was signed is not to be believed; null when it is.
 *
 * @param name of the header that holds it, in seconds.
 */
export function findProblemOfTime(name: string, { headers, receivedAt }: WebhookDelivery): string | null {
  const timestamp = headers[name] ?? '';
  if (!/^\d{1,12}$/.test(timestamp)) return `The ${name} is not in seconds.`;
  const distance = Math.abs(receivedAt.getTime() / 1_000 - Number(timestamp));
  return distance > WEBHOOK_TOLERANCE_SECONDS ? `The ${name} is too far from the present.` : null;
}
