/**
 * Conditions of the caller's machinery, as top-level GraphQL errors with a code and an HTTP status. What the
 * caller's user can act on is data instead: a member of the field's union.
 */
import { GraphQLError } from 'graphql';
import type { Invalid } from '../server/profit/index.ts';

function conditionOf(
  code: string,
  status: number,
  message: string,
  more: { headers?: Record<string, string>; extensions?: Record<string, unknown> } = {},
): GraphQLError {
  return new GraphQLError(message, {
    extensions: {
      code,
      ...more.extensions,
      http: { status, ...(more.headers ? { headers: more.headers } : {}) },
    },
  });
}

/** 401: who calls is not known. */
export const unauthenticated = (
  message = 'Send "Authorization: Bearer …" with an API key or an account token, or sign in.',
) => conditionOf('UNAUTHENTICATED', 401, message, { headers: { 'www-authenticate': 'Bearer' } });

/** 401: who called was known until now. */
export const credentialsEnded = () =>
  unauthenticated('The credentials have ended; connect again with new ones.');

/** 403: who calls is known, and may not. */
export const forbidden = (message: string) => conditionOf('FORBIDDEN', 403, message);

/** 408: what was sent is not read. Only within a stream, as the last thing that is sent. */
export const tooSlow = () =>
  conditionOf('TOO_SLOW', 408, 'Events were not read as fast as they came; subscribe again.');

/** 429: too many calls of one key. */
export const rateLimited = (retryAfterSeconds: number, message = 'Too many requests.') =>
  conditionOf('RATE_LIMITED', 429, `${message} Try again in ${retryAfterSeconds} s.`, {
    headers: { 'retry-after': String(retryAfterSeconds) },
    extensions: { retryAfterSeconds },
  });

/** How long a client is asked to stay away when only an operator can end a shutdown. */
const UNTIL_AN_OPERATOR_SECONDS = 300;

/** 503: no paid call may go out. */
export function emergencyShutdown(reason: string | null, resetsAt: Date | null, now: Date) {
  const wait = resetsAt
    ? Math.max(1, Math.ceil((resetsAt.getTime() - now.getTime()) / 1000))
    : UNTIL_AN_OPERATOR_SECONDS;
  return conditionOf('EMERGENCY_SHUTDOWN', 503, `Paid calls are suspended${reason ? `: ${reason}` : '.'}`, {
    headers: { 'retry-after': String(wait) },
    extensions: { resetsAt: resetsAt?.toISOString() ?? null, retryAfterSeconds: wait },
  });
}

/** 503: something that the server needs does not answer. */
export const serviceUnavailable = (message: string, retryAfterSeconds = 5) =>
  conditionOf('SERVICE_UNAVAILABLE', 503, message, { headers: { 'retry-after': String(retryAfterSeconds) } });

/** 400: an argument of a field that has no union to say so. */
export const invalidArgument = (path: string, message: string) => invalidArguments([{ path, message }]);

/** 400: arguments of a field that has no union to say so. */
export const invalidArguments = (fields: readonly { readonly path: string; readonly message: string }[]) =>
  conditionOf('INVALID_INPUT', 400, fields.map(({ path, message }) => `${path}: ${message}`).join(' '), {
    extensions: { fields },
  });

/** What a room answered, or a GraphQL error that names each argument which cannot be. */
export function orInvalid<Outcome extends { readonly status: string }>(
  outcome: Outcome | Invalid,
): Exclude<Outcome, Invalid> {
  if (outcome.status === 'invalid') throw invalidArguments((outcome as Invalid).fields);
  return outcome as Exclude<Outcome, Invalid>;
}

/** What is asked to be changed is not there, or not for this caller. */
export const notFound = (message: string) => conditionOf('NOT_FOUND', 404, message);
