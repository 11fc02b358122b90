/** From which address a request comes: what is limited, and noted at a sign-in, where nobody has shown credentials. */
import type { IncomingMessage } from 'node:http';
import { type BlockList, isIP } from 'node:net';

/** An address as one writes it: without IPv6's clothes around an IPv4, a zone, or the port that some proxies put behind it. */
function plain(text: string): string {
  const address = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return address.replace(/^::ffff:(?=[\d.]+$)/i, '').replace(/%.*$/, '');
}

/**
 * The address of a request's client. That of the connection, unless it is a trusted proxy's: then what that one says in
 * `X-Forwarded-For`, and so on from the last to the first, since whatever stands before the word of a proxy that is trusted anybody
 * may have written.
 */
export function addressOf(request: IncomingMessage, trusted: BlockList): string {
  let said: string[] | undefined;
  let address = plain(request.socket.remoteAddress ?? '');
  while (isIP(address) > 0 && trusted.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')) {
    said ??= String(request.headers['x-forwarded-for'] ?? '').split(',');
    const before = plain(said.pop()?.trim() ?? '');
    if (isIP(before) === 0) break;
    address = before;
  }
  return address;
}
