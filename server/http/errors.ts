/** What leaves the server when something goes wrong: never a stack, never a secret. */
import { PothosValidationError } from '@pothos/core';
import { GraphQLError } from 'graphql';
import { serviceUnavailable } from '../../schema/index.ts';
import { isTextRefused, isTransient } from '../database/index.ts';
import { newId } from '../ids.ts';
import type { Log } from '../log.ts';
import { currentRequestId } from '../request.ts';

/** The error under GraphQL's wrapping. */
function causeOf(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

/**
 * Whether Prisma, or the database under it, refuses an argument of a list. Ids are looked at before they get there, so that
 * it is a cursor: one of another list, which decodes to what this one cannot be asked for.
 */
function isBadCursor(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const code = 'code' in cause ? cause.code : undefined;
  return cause.name === 'PrismaClientValidationError' || code === 'P2007' || code === 'P2023';
}

/**
 * Lets errors pass that were meant for the caller, and hides all others behind a request id that the log has too.
 *
 * @returns a mask as yoga takes it.
 */
export function createMask(log: Log) {
  return (error: unknown): Error => {
    const cause = causeOf(error);
    const refuse = (message: string) =>
      new GraphQLError(message, {
        ...(error instanceof GraphQLError ? { nodes: error.nodes, path: error.path } : {}),
        extensions: { code: 'INVALID_INPUT', http: { status: 400 } },
      });
    // Pothos speaks of bad cursors and the like by this class, without a code.
    if (cause instanceof PothosValidationError) return refuse(cause.message);
    const problem = isTextRefused(cause)
      ? 'A text contains NUL, or half a character: it cannot be kept.'
      : isBadCursor(cause)
        ? 'There is no such place in this list: the cursor is not one of its own.'
        : null;
    if (problem) {
      // It may be a defect after all.
      log.warn({ error: cause }, 'The database refused an argument.');
      return refuse(problem);
    }
    if (cause instanceof GraphQLError) {
      // A resolver's own GraphQLError comes wrapped, with the path that the wrapper knows.
      return error instanceof GraphQLError ? error : cause;
    }
    const requestId = currentRequestId() ?? newId();
    if (isTransient(cause)) {
      log.error({ requestId, error: cause }, 'The database did not answer.');
      return serviceUnavailable('The database does not answer. Try again; nothing has been charged twice.');
    }
    log.error({ requestId, error: cause }, 'A request failed.');
    return new GraphQLError('Unexpected error.', {
      ...(error instanceof GraphQLError ? { path: error.path } : {}),
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId, http: { status: 500 } },
    });
  };
}
