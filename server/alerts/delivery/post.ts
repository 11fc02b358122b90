/**
 * One POST to a URL that an operator has given, by the rules for URLs of strangers: no address within our own network, no
 * redirect, a time, and no more of the answer than tells what is wrong.
 */
import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { guardedLookup, type Resolve, refuseInnerHost } from '../../storage/index.ts';

/** What came back. */
export interface Posted {
  readonly status: number;
  /** The header `retry-after`. */
  readonly retryAfter: string | null;
  /** The beginning of the body. */
  readonly text: string;
}

/** Posts a body. Rejects when no whole answer comes in time. */
export type Post = (url: URL, headers: Readonly<Record<string, string>>, body: string) => Promise<Posted>;

/** Of an answer that is not read further. */
const MOST_BYTES = 1_024;

/**
 * A post over sockets of its own.
 *
 * @param timeoutMs for all of it.
 * @param resolve replaces the system's resolver.
 */
export function createPost(options: {
  readonly allowPrivateHosts: boolean;
  readonly timeoutMs: number;
  readonly resolve?: Resolve | undefined;
}): Post {
  const { allowPrivateHosts, timeoutMs } = options;
  const agents = { http: new HttpAgent(), https: new HttpsAgent() };
  const lookup = guardedLookup(allowPrivateHosts, options.resolve);
  return (url, headers, body) => {
    if (!allowPrivateHosts) refuseInnerHost(url);
    const { promise, resolve, reject } = Promise.withResolvers<Posted>();
    const secure = url.protocol === 'https:';
    const signal = AbortSignal.timeout(timeoutMs);
    const request = (secure ? requestHttps : requestHttp)(
      url,
      {
        method: 'POST',
        agent: secure ? agents.https : agents.http,
        lookup,
        signal,
        headers: {
          'user-agent': 'solvent',
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
          ...headers,
        },
      },
      (response) => {
        const { statusCode: status = 0 } = response;
        const retryAfter = response.headers['retry-after'] ?? null;
        let text = '';
        const end = () => {
          resolve({ status, retryAfter, text: text.slice(0, MOST_BYTES) });
          response.destroy();
        };
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length >= MOST_BYTES) end();
        });
        response.on('end', end);
        response.on('error', reject);
      },
    );
    request.on('error', (error) => {
      reject(signal.aborted ? new Error(`No answer came within ${timeoutMs / 1000} s.`) : error);
    });
    request.end(body);
    return promise;
  };
}
