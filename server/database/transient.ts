/** SQLSTATEs after which the same transaction may be run again: it was rolled back whole. */
const ROLLED_BACK = new Set(['40001', '40P01', '55P03', '57P01', '57P02', '57P03', '53300']);

/** What sockets and pools say when a connection is lost; whether the work was committed is not known. */
const LOST =
  /ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|Connection terminated|connection timeout|timeout exceeded when trying to connect|Client has encountered a connection error/i;

/**
 * Whether a database error may be gone on another try. After a lost connection the work may have been
 * committed, so only what carries its own identity (an id, an idempotency key) may be tried again.
 */
export function isTransient(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && (ROLLED_BACK.has(code) || code.startsWith('08') || LOST.test(code)))
    return true;
  return typeof message === 'string' && LOST.test(message);
}
