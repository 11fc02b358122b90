/**
 * Reports that are signed by the rules of Standard Webhooks (standardwebhooks.com), as Replicate signs them and as a
 * gateway to Midjourney shall; see server/webhook-signature.ts.
 *
 * The signature is over the bytes as they came. The replicate SDK's `validateWebhook` decodes them first, and looks at
 * no timestamp: it is not used.
 */
import { isSignedBy } from '../webhook-signature.ts';
import type { SubmitResult, WebhookDelivery, WebhookReading } from './provider.ts';
import { bodyOf, findProblemOfTime, reasonToAsk, rejected } from './reports.ts';

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
  // Said to the sender as any other mismatch: that our secret is wrong is nothing for outsiders.
  if (!isSignedBy(secret, signatures, { id, timestamp, body })) return 'The signature does not match.';
  return findProblemOfTime('webhook-timestamp', delivery);
}
