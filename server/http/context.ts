/** Who calls, told from a request's headers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createLoaders, rateLimited, unauthenticated } from '../../schema/index.ts';
import { AccessError, type Caller } from '../access/index.ts';
import type { Core } from '../core.ts';
import { addressOf } from './address.ts';
import type { SubscriberContext } from './fan-out.ts';
import type { RateLimiter } from './rate-limit.ts';
import type { Sink } from './subscriber.ts';

/**
 * Whether a request comes from a page of this server: told by the browser (Sec-Fetch-Site), or else by an Origin that
 * is the Host. A request without either comes from no page at all, and its cookie does not count.
 */
export function isSameOrigin(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin, host } = request.headers;
  if (origin === undefined || host === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).host === host;
}

/** Asks the access room; wrong credentials are a 401, an ended session is as good as none. */
async function callerOf(
  core: Core,
  credentials: { authorization: string | null; cookie: string | null; sameOrigin: boolean },
  onEndedSession: () => void,
  onRefused: () => void,
): Promise<Caller | null> {
  try {
    return await core.access.authenticate(credentials);
  } catch (error) {
    if (!(error instanceof AccessError)) throw error;
    if (credentials.authorization === null) {
      onEndedSession();
      return null;
    }
    // Guessing counts too.
    onRefused();
    throw unauthenticated(error.message);
  }
}

/**
 * Who makes an HTTP request; null when no credentials were shown. Takes from the caller's rate limit.
 *
 * @param ip from where it comes.
 * @throws a condition: credentials that are wrong, too many requests.
 */
export async function callerOfRequest(
  core: Core,
  limiter: RateLimiter,
  request: IncomingMessage,
  response: ServerResponse,
  ip = addressOf(request, core.environment.http.trustedProxies),
): Promise<Caller | null> {
  const count = (who: string) => {
    const wait = limiter.take(who);
    if (wait > 0) throw rateLimited(wait);
  };
  const credentials = {
    authorization: request.headers.authorization ?? null,
    cookie: request.headers.cookie ?? null,
    sameOrigin: isSameOrigin(request),
  };
  const caller = await callerOf(
    core,
    credentials,
    () => void response.appendHeader('set-cookie', core.access.signedOutCookie),
    () => count(`ip:${ip}`),
  );
  count(caller?.actor ?? `ip:${ip}`);
  return caller;
}

/** The context of one HTTP request. */
export async function contextOfRequest(
  core: Core,
  limiter: RateLimiter,
  request: IncomingMessage,
  response: ServerResponse,
  sink: Sink,
): Promise<SubscriberContext> {
  const ip = addressOf(request, core.environment.http.trustedProxies);
  return {
    core,
    caller: await callerOfRequest(core, limiter, request, response, ip),
    ip,
    cookie: request.headers.cookie ?? null,
    sameOrigin: isSameOrigin(request),
    setCookie: (value) => void response.appendHeader('set-cookie', value),
    loaders: createLoaders(core),
    sink,
  };
}

/** The context of one operation over a WebSocket whose caller is known since connection_init. */
export function contextOfSocket(
  core: Core,
  caller: Caller | null,
  request: IncomingMessage,
  sink: Sink,
): SubscriberContext {
  return {
    sink,
    core,
    caller,
    ip: addressOf(request, core.environment.http.trustedProxies),
    cookie: null,
    sameOrigin: false,
    setCookie: () => {
      throw new Error('A WebSocket carries no cookies.');
    },
    loaders: createLoaders(core),
  };
}
