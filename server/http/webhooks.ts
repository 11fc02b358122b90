/** `/webhooks/stripe` and `/webhooks/:provider`: what Stripe tells, and what vendors report. 2xx only when the effect is committed. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Core } from '../core.ts';
import { isTransient } from '../database/index.ts';
import { MAX_BODY_BYTES, readBody, sendError, sendJson } from './body.ts';

/** Takes an event or a report. The body is read as it came: signatures are over its bytes. */
export async function serveWebhook(
  core: Core,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') {
    response.setHeader('allow', 'POST');
    return sendError(response, 405, 'METHOD_NOT_ALLOWED', 'Reports are sent by POST.');
  }
  const body = await readBody(request);
  if (body === null) {
    return sendError(response, 413, 'REQUEST_TOO_LARGE', `A report has at most ${MAX_BODY_BYTES} bytes.`);
  }
  if (path === '/webhooks/stripe') {
    return takeEvent(core, body, headersOf(request)['stripe-signature'], response);
  }
  const outcome = await core.generations.reports.take({
    provider: path.slice('/webhooks/'.length),
    call: new URL(request.url ?? '/', 'http://localhost').searchParams.get('call'),
    delivery: { headers: headersOf(request), body },
  });
  switch (outcome.status) {
    case 'taken':
      return sendJson(response, 200, { received: true });
    case 'rejected':
      return sendError(response, 400, 'BAD_REPORT', outcome.reason);
    case 'not-found':
      return sendError(response, 404, 'NOT_FOUND', outcome.reason);
  }
}

/** Takes an event of Stripe's. What is not 2xx is sent again by Stripe, for days. */
async function takeEvent(
  core: Core,
  body: Buffer,
  signature: string | undefined,
  response: ServerResponse,
): Promise<void> {
  const outcome = await core.billing.webhook(body, signature).catch((error: unknown) => {
    if (!isTransient(error)) throw error;
    core.log.error({ error }, 'The database did not answer an event of Stripe.');
    return { status: 'unavailable', reason: 'The database does not answer.' } as const;
  });
  switch (outcome.status) {
    case 'done':
      return sendJson(response, 200, { received: true });
    case 'kept':
      return sendJson(response, 200, { received: true, kept: outcome.reason });
    case 'rejected':
      return sendError(response, 400, 'BAD_REPORT', outcome.reason);
    case 'unavailable':
      response.setHeader('retry-after', '5');
      return sendError(response, 503, 'SERVICE_UNAVAILABLE', outcome.reason);
  }
}

function headersOf({ headers }: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}
