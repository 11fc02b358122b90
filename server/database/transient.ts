import { sqlStateOf } from './sql-state.ts';

/**
 * SQLSTATEs after which the same transaction may be run again: it was rolled back whole. Among them that a server's own
 * `statement_timeout` has ended it (57014), and that the server is a standby for now (25006), as after a failover.
 */
const ROLLED_BACK = new Set([
  '25006',
  '40001',
  '40P01',
  '53300',
  '55P03',
  '57014',
  '57P01',
  '57P02',
  '57P03',
]);

/**
 * What sockets and pools say when a connection is lost, or none is to be had: a container that is stopped takes its name along, and
 * a machine its way there. Whether the work was committed is not known.
 */
const LOST =
  /ECONNRESET|ECONNREFUSED|ECONNABORTED|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|E(?:HOST|NET)(?:UNREACH|DOWN)|Connection terminated|connection timeout|timeout exceeded when trying to connect|Client has encountered a connection error/i;

/**
 * What Prisma says by codes of its own: the server cannot be reached or lets nobody in for now, the connection was closed, its pool
 * gives none in time.
 */
const PRISMA_LOST = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037']);

/**
 * Whether a database error may be gone on another try. After a lost connection the work may have been
 * committed, so only what carries its own identity (an id, an idempotency key) may be tried again.
 */
export function isTransient(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const state = sqlStateOf(error);
  if (state && (ROLLED_BACK.has(state) || state.startsWith('08') || LOST.test(state))) return true;
  if (PRISMA_LOST.has(String(code))) return true;
  return typeof message === 'string' && LOST.test(message);
}
