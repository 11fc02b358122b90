/** `/export/profit.csv`, `/export/attempts.csv` and `/export/books.csv`: streamed as they are read, and no faster. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodeId, encodeId } from '../../schema/index.ts';
import type { Core } from '../core.ts';
import { type ExportKind, PARAMETERS, type Parameter, readQuestion } from '../export/index.ts';
import { sendError, sendInvalid } from './body.ts';
import { asCaller } from './caller.ts';
import { sendCsv } from './csv.ts';
import type { RateLimiter } from './rate-limit.ts';

/** After how long another export may find a place. */
const BUSY_SECONDS = 10;

/** What only some exports take, and what is said of it to the others. */
const NOT_TAKEN: Readonly<Record<ExportKind, readonly [readonly Parameter[], string]>> = {
  profit: [[], ''],
  attempts: [['groupBy', 'interval'], 'Attempts are not added up: ask /export/profit.csv.'],
  books: [
    PARAMETERS.filter((name) => name !== 'from' && name !== 'to' && name !== 'timeZone'),
    'The books are of the whole site, by the day: ask /export/profit.csv.',
  ],
};

/** Serves an export. What is wrong with the question is said before the first byte, as JSON. */
export async function serveExport(
  core: Core,
  limiter: RateLimiter,
  kind: ExportKind,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!(await asCaller(core, limiter, request, response, 'profit:read', `/export/${kind}.csv`))) return;

  const given = new URL(request.url ?? '/', 'http://localhost').searchParams;
  const unknown = [...given.keys()].filter((name) => !PARAMETERS.some((known) => known === name));
  const asked = readQuestion(
    Object.fromEntries(PARAMETERS.map((name) => [name, given.get(name) ?? undefined])),
    {
      timeZone: core.profit.timeZone,
      now: core.clock.now(),
      accountId: (text) => decodeId('Account', text),
    },
  );
  const fields = [
    ...unknown.map((path) => ({
      path,
      message: `There is no such parameter: there are ${PARAMETERS.join(', ')}.`,
    })),
    ...('fields' in asked ? asked.fields : []),
  ];
  const [notTaken, message] = NOT_TAKEN[kind];
  fields.push(...notTaken.flatMap((path) => (given.has(path) ? [{ path, message }] : [])));
  if (fields.length > 0 || 'fields' in asked) return sendInvalid(response, fields);

  const stopped = new AbortController();
  const stop = () => stopped.abort();
  response.once('close', stop);
  const outcome = await core.exports.begin(kind, asked, encodeId, stopped.signal);
  if (outcome.status === 'invalid') return sendInvalid(response, outcome.fields);
  if (outcome.status === 'busy') {
    response.setHeader('retry-after', String(BUSY_SECONDS));
    return sendError(
      response,
      429,
      'RATE_LIMITED',
      `Too many exports at once. Try again in ${BUSY_SECONDS} s.`,
    );
  }
  await sendCsv(request, response, { name: `${kind}.csv`, pieces: outcome.pieces, stopped, log: core.log });
}
