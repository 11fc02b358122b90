/**
 * Which request something is done for. Kept beside the call and not in its arguments, so that whatever is logged on the way
 * has the request's id, which the answer has too.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { newId } from './ids.ts';

/** What is known of the request that something is done for. */
export interface RequestScope {
  readonly requestId: string;
  /** The span that others begin under, as the tracing room knows it; undefined without tracing. */
  readonly span?: unknown;
}

const scopes = new AsyncLocalStorage<RequestScope>();

/** The scope of whatever runs now; undefined outside of any request. */
export const currentScope = (): RequestScope | undefined => scopes.getStore();

/** The id of the request for which something runs now. */
export const currentRequestId = (): string | undefined => scopes.getStore()?.requestId;

/** Does work, and whatever it begins, in a scope. */
export const inScope = <Result>(scope: RequestScope, work: () => Result): Result => scopes.run(scope, work);

/** Begins work that outlasts the request which happens to begin it, and is done for others too. */
export const outOfScope = <Result>(work: () => Result): Result => scopes.exit(work);

const SAFE = /^[\w.:-]{8,128}$/;

/** The id that a proxy has given a request, when it is one that can be logged as it is; else a new one. */
export function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && SAFE.test(given) ? given : newId();
}
