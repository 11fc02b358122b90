/** How much a request may send. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { currentRequestId } from '../request.ts';

/** 1 MiB. */
export const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Answers a request whose body is too large, or of a length that cannot be.
 *
 * @returns true when it has been answered.
 */
export function refuseBody(request: IncomingMessage, response: ServerResponse): boolean {
  const length = request.headers['content-length'];
  if (length === undefined || Number(length) <= MAX_BODY_BYTES) return false;
  sendError(response, 413, 'REQUEST_TOO_LARGE', `A request has at most ${MAX_BODY_BYTES} bytes.`);
  // What is still to come is read and thrown away for a while, so that the client sees the answer.
  request.resume();
  return true;
}

/**
 * Answers a POST whose body is said to be no JSON. Yoga would take forms and plain documents as well, which is what a page
 * of a strange site can send.
 *
 * @returns true when it has been answered.
 */
export function refuseType(request: IncomingMessage, response: ServerResponse): boolean {
  const type = request.headers['content-type'] ?? '';
  if (request.method !== 'POST' || /^application\/(graphql\+)?json *(;|$)/i.test(type)) return false;
  sendError(response, 415, 'UNSUPPORTED_MEDIA_TYPE', 'Send the request as application/json.');
  request.resume();
  return true;
}

/**
 * Answers a GET whose variables or extensions are no JSON: yoga would take that for a defect of ours.
 *
 * @returns true when it has been answered.
 */
export function refuseParameters(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method !== 'GET') return false;
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  for (const name of ['variables', 'extensions']) {
    try {
      JSON.parse(searchParams.get(name) || 'null');
    } catch {
      sendError(response, 400, 'BAD_REQUEST', `The parameter ${name} is no JSON.`);
      return true;
    }
  }
  return false;
}

/**
 * Reads a body whose length was not said beforehand.
 *
 * @returns null when it is too large.
 */
export async function readBody(request: IncomingMessage, mostBytes = MAX_BODY_BYTES): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}

/** Answers with an error in the form of GraphQL's, whichever path it is. */
export function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  if (status === 413) response.setHeader('connection', 'close');
  sendJson(response, status, {
    errors: [{ message, extensions: { code, requestId: currentRequestId() } }],
  });
}

/** Answers with arguments that cannot be, each with what would be right. */
export function sendInvalid(
  response: ServerResponse,
  fields: readonly { readonly path: string; readonly message: string }[],
): void {
  const message = fields.map(({ path, message: hint }) => `${path}: ${hint}`).join(' ');
  sendJson(response, 400, { errors: [{ message, extensions: { code: 'INVALID_INPUT', fields } }] });
}
