/** `/import/history/:id`: parts of a file of history, and `/import/history/:id/rejected.csv`: the rows of it that were rejected. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodeId } from '../../schema/index.ts';
import type { Core } from '../core.ts';
import { MOST_PART_BYTES } from '../history/index.ts';
import { currentRequestId } from '../request.ts';
import { readBody, sendError, sendInvalid, sendJson } from './body.ts';
import { asCaller } from './caller.ts';
import { sendCsv } from './csv.ts';
import type { RateLimiter } from './rate-limit.ts';

const ADDRESS = /^\/import\/history\/([^/]+)(\/rejected\.csv)?$/;

/** Serves whatever is below `/import/history/`. */
export async function serveImportParts(
  core: Core,
  limiter: RateLimiter,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, text = '', isRejects] = ADDRESS.exec(path) ?? [];
  const methods = isRejects ? ['GET', 'HEAD'] : ['PUT'];
  if (!methods.includes(request.method ?? '')) {
    response.setHeader('allow', methods.join(', '));
    request.resume();
    return sendError(
      response,
      405,
      'METHOD_NOT_ALLOWED',
      'Parts of a file are sent by PUT, and rejected rows fetched by GET.',
    );
  }
  const caller = await asCaller(core, limiter, request, response, 'admin', '/import/history');
  if (!caller) return;
  const id = decodeId('HistoryImport', text);
  if (!id) {
    request.resume();
    return sendNone(response, text);
  }
  return isRejects ? sendRejects(core, id, request, response) : takePart(core, id, text, request, response);
}

const sendNone = (response: ServerResponse, text: string) =>
  sendError(response, 404, 'NOT_FOUND', `There is no import ${text.slice(0, 60)}.`);

async function takePart(
  core: Core,
  id: string,
  text: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const given = new URL(request.url ?? '/', 'http://localhost').searchParams.get('position') ?? '';
  if (!/^\d{1,12}$/.test(given)) {
    request.resume();
    return sendInvalid(response, [
      { path: 'position', message: 'Say at which byte of the file the part begins, from 0 on.' },
    ]);
  }
  const content = await readBody(request, MOST_PART_BYTES);
  if (content === null)
    return sendError(
      response,
      413,
      'REQUEST_TOO_LARGE',
      `A part has at most ${MOST_PART_BYTES} bytes: send the file in several.`,
    );
  if (content.length === 0)
    return sendInvalid(response, [{ path: 'body', message: 'Send at least one byte of the file.' }]);
  const received = await core.imports.receive(id, Number(given), content);
  if (!received) return sendNone(response, text);
  const { receivedBytes, fileBytes } = received.arrived;
  const told = { received: receivedBytes, bytes: fileBytes };
  if (received.status === 'received') return sendJson(response, 200, told);
  const message =
    received.status === 'elsewhere'
      ? `${receivedBytes} of ${fileBytes} bytes are here: go on from there.`
      : `The part goes beyond the ${fileBytes} bytes that were said: announce the file again.`;
  sendJson(response, 409, {
    errors: [{ message, extensions: { code: 'WRONG_POSITION', requestId: currentRequestId(), ...told } }],
  });
}

async function sendRejects(
  core: Core,
  id: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const found = await core.database.prisma.historyImport.findUnique({ where: { id } });
  if (!found) return sendNone(response, id);
  const stopped = new AbortController();
  await sendCsv(request, response, {
    name: `${found.fileName}.rejected.csv`,
    pieces: core.imports.rejectFile(id, stopped.signal),
    stopped,
    log: core.log,
  });
}
