/**
 * One GET, with nothing followed or repeated. The built-in `fetch` resolves a name by itself, after anybody could
 * have looked at the answer; here the address that was checked is the address that is connected to.
 */
import { type LookupAddress, type LookupAllOptions, lookup as resolveBySystem } from 'node:dns';
import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isInnerAddress } from './addresses.ts';

/** What came back; `body` throws when the connection breaks before its end. */
export interface Got {
  readonly status: number;
  header(name: string): string | null;
  readonly body: AsyncIterable<Uint8Array>;
  /** Lets go of a body that will not be read. */
  discard(): void;
}

/** Gets one URL, which has no user and no password in it. */
export type Get = (url: URL, signal: AbortSignal) => Promise<Got>;

// No vendor's key is among them: what a vendor signed is in the URL.
const HEADERS = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'solvent' };

/** A host whose address, or one of whose addresses, is not of the public internet. Nothing was sent to it. */
export class InnerHostError extends Error {
  override readonly name = 'InnerHostError';
  /** As it stands in the URL. */
  readonly host: string;

  constructor(host: string) {
    super(`The host ${host} has a private address.`);
    this.host = host;
  }
}

/** All addresses of a name, as `dns.lookup` gives them with `all`. */
export type Resolve = (
  host: string,
  options: LookupAllOptions,
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A lookup for sockets that fails with {@link InnerHostError} for a name that leads to a private address, unless those are
 * allowed. A name is asked for once a connection, and all of its addresses have to be public: the socket may take any of them.
 *
 * @param resolve replaces the system's resolver.
 */
export function guardedLookup(
  allowPrivateHosts: boolean,
  resolve: Resolve = resolveBySystem,
): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error || !first) return callback(error ?? new Error(`No address for ${host}`), '', 0);
      if (!allowPrivateHosts && addresses.some(({ address }) => isInnerAddress(address))) {
        return callback(new InnerHostError(host), '', 0);
      }
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/**
 * A get over sockets of its own, so that none is shared with a part of the process that may go anywhere. See
 * {@link guardedLookup} for where it does not go.
 */
export function createGet(allowPrivateHosts: boolean, resolve?: Resolve): Get {
  const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  const lookup = guardedLookup(allowPrivateHosts, resolve);
  return async (url, signal) => {
    const secure = url.protocol === 'https:';
    const { promise, resolve: answer, reject } = Promise.withResolvers<Got>();
    const options = { agent: secure ? agents.https : agents.http, lookup, signal, headers: HEADERS };
    const request = (secure ? requestHttps : requestHttp)(url, options, (response) => {
      // Whoever reads the body hears of an error there; nobody else needs to.
      response.on('error', () => {});
      answer({
        status: response.statusCode ?? 0,
        header: (name) => {
          const value = response.headers[name];
          return (Array.isArray(value) ? value[0] : value) ?? null;
        },
        body: response,
        discard: () => response.destroy(),
      });
    });
    request.on('error', reject);
    request.end();
    return promise;
  };
}

/** A get by a `fetch` of the caller's, which resolves names by itself and is trusted with it. */
export function getBy(fetch: typeof globalThis.fetch): Get {
  return async (url, signal) => {
    const response = await fetch(url, { redirect: 'manual', credentials: 'omit', headers: HEADERS, signal });
    const body =
      response.body ?? new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
    return {
      status: response.status,
      header: (name) => response.headers.get(name),
      body,
      discard: () => void body.cancel().catch(() => {}),
    };
  };
}

/** Whether a URL's host is written as an inner address, or as a name of this machine: no resolver has to be asked. */
export function isInnerHost(url: URL): boolean {
  const host = hostOf(url);
  return isIP(host) === 0 ? /(?:^|\.)localhost\.?$/i.test(host) : isInnerAddress(host);
}

/**
 * Refuses a host that is written as an address, which no resolver gets to see.
 *
 * @throws InnerHostError
 */
export function refuseInnerHost(url: URL): void {
  if (isInnerHost(url)) throw new InnerHostError(hostOf(url));
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}
