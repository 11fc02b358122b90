/** `/files/:id`: what generations made, from Solvent's own storage. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Core } from '../core.ts';
import { isUuid } from '../ids.ts';
import { type ByteRange, StorageError } from '../storage/index.ts';
import { sendError } from './body.ts';

/** One range of bytes, as players of video ask for. Null: the whole. Undefined: a range that cannot be. */
function readRange(header: string | undefined, bytes: number): ByteRange | null | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match) return null;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return null;
  const start = from === '' ? Math.max(0, bytes - Number(to)) : Number(from);
  const end = from === '' || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1);
  return start <= end && start < bytes ? { start, end } : undefined;
}

/** Serves a file. Its id is the secret: whoever has the link can open it, until it is revoked or expires. */
export async function serveFile(
  core: Core,
  id: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const output = isUuid(id) ? await core.generations.output(id) : null;
  if (!output) return sendError(response, 404, 'NOT_FOUND', 'There is no such file.');
  if (output.revokedAt) return sendError(response, 410, 'GONE', 'The link to this file has been revoked.');
  if (output.expiredAt) {
    return sendError(response, 410, 'GONE', 'The file was kept for its time, which is over.');
  }
  const range = readRange(request.headers.range, output.bytes);
  if (range === undefined) {
    response.setHeader('content-range', `bytes */${output.bytes}`);
    return sendError(response, 416, 'RANGE_NOT_SATISFIABLE', 'The file is shorter than that.');
  }
  const headers = {
    etag: `"${output.sha256}"`,
    // A file never changes, but its link may end: a browser that has it asks each time, and is told 304.
    'cache-control': 'private, no-cache',
  };
  // A proxy that compresses on the way makes the tag a weak one; a cache may ask for several at once.
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.includes(headers.etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  let file: Awaited<ReturnType<Core['storage']['open']>>;
  try {
    file = await core.storage.open(output.sha256, range ?? undefined);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    core.log.error({ code: error.code, detail: error.detail }, 'A file could not be read from storage.');
    response.setHeader('retry-after', '5');
    return sendError(response, 503, 'SERVICE_UNAVAILABLE', 'The file cannot be read at present.');
  }
  if (!file) return sendError(response, 404, 'NOT_FOUND', 'There is no such file.');
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'content-type': output.contentType,
    'content-length': range ? range.end - range.start + 1 : file.bytes,
    'accept-ranges': 'bytes',
    // Files come from outside: none may run anything in our origin, nor be taken for something else.
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'cross-origin',
    ...(range ? { 'content-range': `bytes ${range.start}-${range.end}/${file.bytes}` } : {}),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  await pipeline(Readable.fromWeb(file.stream as never), response).catch((error: unknown) => {
    // A client that goes away half-way is no error of ours.
    core.log.debug({ error }, 'A file was not sent to its end.');
  });
}
