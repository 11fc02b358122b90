/** Who calls, told from a request's headers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createLoaders, rateLimited, unauthenticated } from '../../schema/index.ts';
import { AccessError, type Caller } from '../access/index.ts';
import type { Core } from '../core.ts';
import { HttpConnection } from './connection.ts';
import type { SubscriberContext } from './fan-out.ts';
import type { RateLimiter } from './rate-limit.ts';
import type { Sink } from './subscriber.ts';

/** Takes a request from somebody's rate limit. */
function count(limiter: RateLimiter, who: string): void {
  const wait = limiter.take(who);
  if (wait > 0) throw rateLimited(wait);
}

/** Asks the access room; wrong credentials are a 401, an ended session is as good as none. */
async function authenticate(
  core: Core,
  limiter: RateLimiter,
  connection: HttpConnection,
): Promise<Caller | null> {
  try {
    const caller = await core.access.authenticate(connection);
    count(limiter, caller?.actor ?? `ip:${connection.ip}`);
    return caller;
  } catch (error) {
    if (!(error instanceof AccessError)) throw error;
    // Guessing counts too.
    count(limiter, `ip:${connection.ip}`);
    if (connection.authorization !== null) throw unauthenticated(error.message);
    connection.setCookie(core.access.signedOutCookie);
    return null;
  }
}

/** The caller when it is remembered; what is remembered as wrong is told by {@link authenticate}. */
function remembered(core: Core, { authorization }: HttpConnection): Caller | undefined {
  if (authorization === null) return undefined;
  try {
    return core.access.remembered(authorization);
  } catch (error) {
    if (error instanceof AccessError) return undefined;
    throw error;
  }
}

/**
 * Who makes an HTTP request; null when no credentials were shown. Takes from the caller's rate limit. Whoever is remembered is told
 * at once: a promise would have all that follows wait its turn.
 *
 * @throws a condition: credentials that are wrong, too many requests.
 */
export function callerOfRequest(
  core: Core,
  limiter: RateLimiter,
  connection: HttpConnection,
): Caller | null | Promise<Caller | null> {
  const caller = remembered(core, connection);
  if (!caller) return authenticate(core, limiter, connection);
  count(limiter, caller.actor);
  return caller;
}

/** The context of one HTTP request. */
export function contextOfRequest(
  core: Core,
  limiter: RateLimiter,
  request: IncomingMessage,
  response: ServerResponse,
  sink: Sink,
): SubscriberContext | Promise<SubscriberContext> {
  const connection = new HttpConnection(request, response, core.environment.http.trustedProxies);
  const contextOf = (caller: Caller | null): SubscriberContext => ({
    core,
    caller,
    connection,
    loaders: createLoaders(core),
    sink,
  });
  const caller = callerOfRequest(core, limiter, connection);
  return caller instanceof Promise ? caller.then(contextOf) : contextOf(caller);
}

/** The context of one operation over a WebSocket whose caller is known since connection_init. */
export function contextOfSocket(core: Core, caller: Caller | null, sink: Sink): SubscriberContext {
  return { core, caller, connection: null, loaders: createLoaders(core), sink };
}
