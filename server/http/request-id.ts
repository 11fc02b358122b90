/** The id of a request in its errors, by which the log is searched. */
import type { GraphQLError } from 'graphql';
import { currentRequestId } from '../request.ts';

/** Adds the present request's id to errors that have none. */
export function noteRequestId(errors: readonly GraphQLError[] | undefined): void {
  const requestId = currentRequestId();
  for (const error of errors ?? []) error.extensions.requestId ??= requestId;
}
