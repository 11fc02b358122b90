/** `/sandbox/…`: the pages that stand in for Stripe's where there is no key. Beside a key they are not there. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Sandbox } from '../billing/index.ts';
import { MAX_BODY_BYTES, readBody, sendError } from './body.ts';
import { isSameOrigin } from './connection.ts';

/** Shows a page, or does what its button says. */
export async function serveSandbox(
  sandbox: Sandbox | null,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!sandbox) return sendError(response, 404, 'NOT_FOUND', 'Payments go through Stripe here.');
  const reading = request.method === 'GET' || request.method === 'HEAD';
  if (!reading && request.method !== 'POST') {
    response.setHeader('allow', 'GET, HEAD, POST');
    return sendError(
      response,
      405,
      'METHOD_NOT_ALLOWED',
      'A page is read, or one of its buttons is pressed.',
    );
  }
  // A browser says where a form comes from; a strange page's buttons do nothing here.
  if (!reading && request.headers['sec-fetch-site'] !== undefined && !isSameOrigin(request)) {
    return sendError(response, 403, 'FORBIDDEN', 'Press the button on the page itself.');
  }
  const body = reading ? null : await readBody(request);
  if (!reading && body === null) {
    return sendError(response, 413, 'REQUEST_TOO_LARGE', `A form has at most ${MAX_BODY_BYTES} bytes.`);
  }
  const shown = body === null ? await sandbox.show(path) : await sandbox.press(path, body.toString('utf8'));
  if ('redirect' in shown) {
    response.writeHead(303, { location: shown.redirect, 'cache-control': 'no-store' }).end();
    return;
  }
  const { page } = shown;
  response.writeHead(page.status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': page.policy,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : page.html);
}
