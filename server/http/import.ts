/** `/import/history`: a file of history, put by before it is read, since a body has to arrive within 30 s. */
import { createReadStream, createWriteStream, type ReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Core } from '../core.ts';
import type { HistorySource, ImportSummary, TextLayout } from '../history/index.ts';
import { newId } from '../ids.ts';
import { formatDecimal } from '../money.ts';
import { isSqlite } from '../tables/index.ts';
import { sendError, sendInvalid, sendJson } from './body.ts';
import { asCaller } from './caller.ts';
import type { RateLimiter } from './rate-limit.ts';

/** 1 GiB: some ten million rows. */
const MAX_FILE_BYTES = 1024 ** 3;
/** How many rejected rows are told. */
const TOLD = 100;
const BUSY_SECONDS = 30;

const LAYOUTS: readonly TextLayout[] = ['solvent', 'api_usage_logs'];

class TooLarge extends Error {}

/** Puts a body into a file. Throws TooLarge. */
async function putBy(request: IncomingMessage, path: string): Promise<void> {
  let bytes = 0;
  async function* counted() {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_FILE_BYTES) throw new TooLarge();
      yield chunk;
    }
  }
  await pipeline(counted(), createWriteStream(path));
}

interface Told {
  readonly line: number;
  readonly problem: string;
}

const bodyOf = (summary: ImportSummary, rejections: readonly Told[]) => ({
  dryRun: summary.dryRun,
  rows: summary.rows,
  added: summary.added,
  present: summary.present,
  rejected: summary.rejected,
  cost: formatDecimal(summary.costMicros),
  revenue: formatDecimal(summary.revenueMicros),
  profit: formatDecimal(summary.profitMicros),
  margin: summary.margin,
  rejections,
});

/** Takes a file, imports it, and answers with the summary. */
export async function serveImport(
  core: Core,
  limiter: RateLimiter,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') {
    response.setHeader('allow', 'POST');
    request.resume();
    return sendError(response, 405, 'METHOD_NOT_ALLOWED', 'History is sent by POST.');
  }
  const caller = await asCaller(core, limiter, request, response, 'admin', '/import/history');
  if (!caller) return;
  const given = new URL(request.url ?? '/', 'http://localhost').searchParams;
  const dryRun = given.get('dryRun') ?? 'false';
  const layout = LAYOUTS.find((name) => name === given.get('layout')) ?? null;
  const fields = [
    ...(dryRun === 'true' || dryRun === 'false' ? [] : [{ path: 'dryRun', message: 'Say true or false.' }]),
    ...(given.has('layout') && !layout
      ? [{ path: 'layout', message: `Say ${LAYOUTS.join(' or ')}, or leave it out.` }]
      : []),
  ];
  if (fields.length > 0) {
    request.resume();
    return sendInvalid(response, fields);
  }

  const folder = join(core.environment.database.folder, 'incoming');
  await mkdir(folder, { recursive: true });
  const file = join(folder, `history-${newId()}`);
  let text: ReadStream | undefined;
  try {
    await putBy(request, file);
    text = (await isSqlite(file)) ? undefined : createReadStream(file);
    const source: HistorySource = text
      ? { kind: 'text', bytes: text, layout }
      : { kind: 'sqlite', path: file };
    const rejections: Told[] = [];
    const outcome = await core.history.import(source, {
      dryRun: dryRun === 'true',
      actor: caller.actor,
      onRejected({ line, problem }) {
        if (rejections.length < TOLD) rejections.push({ line, problem });
      },
    });
    switch (outcome.status) {
      case 'done':
        return sendJson(response, 200, bodyOf(outcome.summary, rejections));
      case 'unreadable':
        return sendJson(response, 400, {
          errors: [
            {
              message: outcome.message,
              extensions: { code: 'INVALID_INPUT', summary: bodyOf(outcome.summary, rejections) },
            },
          ],
        });
      case 'busy':
        response.setHeader('retry-after', String(BUSY_SECONDS));
        return sendError(response, 503, 'SERVICE_UNAVAILABLE', outcome.message);
    }
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    return sendError(
      response,
      413,
      'REQUEST_TOO_LARGE',
      `A file has at most ${MAX_FILE_BYTES} bytes: use the command line.`,
    );
  } finally {
    // One that was not read, since another import is under way, would stay open.
    text?.destroy();
    await rm(file, { force: true });
  }
}
