/** CSV as an answer: sent as it is read, and no faster. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Log } from '../log.ts';

/** A reader that takes nothing for so long has gone: a connection of the database waits for it. */
const IDLE_MS = 60_000;

/** What is sent, and what ends it. */
export interface CsvAnswer {
  /** What the file is called where it is saved. */
  readonly name: string;
  readonly pieces: AsyncIterable<string>;
  /** Aborted when whoever reads has gone. */
  readonly stopped: AbortController;
  readonly log: Log;
  /** For tests; a minute when not said. */
  readonly idleMs?: number;
}

/** Answers with CSV. What goes wrong half-way cuts the connection, so that the file does not look whole. */
export async function sendCsv(
  request: IncomingMessage,
  response: ServerResponse,
  { name, pieces, stopped, log, idleMs = IDLE_MS }: CsvAnswer,
): Promise<void> {
  response.once('close', () => stopped.abort());
  response.writeHead(200, {
    'content-type': 'text/csv; charset=utf-8; header=present',
    // What a header may not hold is replaced in the first name; browsers take the second.
    'content-disposition': `attachment; filename="${name.replaceAll(/[^\w.-]/g, '_')}"; filename*=UTF-8''${encodeURIComponent(name)}`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  // While nothing waits for the reader, the reader waits for us: the first row of a large question may take minutes.
  response.setTimeout(idleMs, () => {
    if (response.writableLength > 0) response.destroy();
  });
  const readable = Readable.from(pieces, { objectMode: false, highWaterMark: 1 << 16 });
  if (request.method === 'HEAD') {
    readable.destroy();
    response.end();
    return;
  }
  await pipeline(readable, response).catch((error: unknown) => {
    // A client that goes away half-way is no error of ours; whatever else it was, the file must not look whole.
    if (stopped.signal.aborted) log.debug({ error }, 'A file was not read to its end.');
    else log.error({ error, name }, 'A file broke off.');
    response.destroy();
  });
}
