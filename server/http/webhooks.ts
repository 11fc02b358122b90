/** `/webhooks/:provider`: what vendors report of their jobs. Answered 2xx only when the effect is committed. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Core } from '../core.ts';
import { MAX_BODY_BYTES, readBody, sendError, sendJson } from './body.ts';

/** Takes a report. The body is read as it came: signatures are over its bytes. */
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

function headersOf({ headers }: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}
