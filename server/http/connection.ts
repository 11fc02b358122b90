/** The connection that a request came over, as the schema and whoever counts requests see it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlockList } from 'node:net';
import type { Connection } from '../../schema/index.ts';
import { addressOf } from './address.ts';

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

/** Of HTTP. Nothing is read of it until somebody asks, and most paid calls do not. */
export class HttpConnection implements Connection {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #trusted: BlockList;

  /** @param trusted proxies whose word counts for where a request comes from. */
  constructor(request: IncomingMessage, response: ServerResponse, trusted: BlockList) {
    this.#request = request;
    this.#response = response;
    this.#trusted = trusted;
  }

  get ip(): string {
    return addressOf(this.#request, this.#trusted);
  }

  get authorization(): string | null {
    return this.#request.headers.authorization ?? null;
  }

  get cookie(): string | null {
    return this.#request.headers.cookie ?? null;
  }

  get sameOrigin(): boolean {
    return isSameOrigin(this.#request);
  }

  setCookie(cookie: string): void {
    this.#response.appendHeader('set-cookie', cookie);
  }
}
