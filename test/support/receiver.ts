/** A receiver of webhooks on this machine, which can be dead, hang, refuse or redirect. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A POST that came. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How it answers: a status, with headers; or not at all. */
export type Behaviour =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly text?: string }
  | 'hang';

export interface Receiver {
  /** Such as `http://127.0.0.1:40123/hook`. */
  readonly url: string;
  readonly received: readonly Received[];
  /** How it answers from now on; 204 at first. */
  behave(behaviour: Behaviour): void;
  /** Resolves with the message of this number, from 1, when it has come. */
  nth(number: number): Promise<Received>;
  /** Breaks off what hangs. */
  hangUp(): void;
  clear(): void;
  close(): Promise<void>;
}

/** Starts one. */
export async function startReceiver(): Promise<Receiver> {
  let behaviour: Behaviour = { status: 204 };
  const received: Received[] = [];
  const waiting: { readonly number: number; readonly resolve: (received: Received) => void }[] = [];
  const answer = (response: ServerResponse) => {
    if (behaviour === 'hang') return;
    response.writeHead(behaviour.status, behaviour.headers);
    response.end(behaviour.text);
  };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const message = { path: request.url ?? '', headers: request.headers, body };
    received.push(message);
    for (const { number, resolve } of waiting) if (number === received.length) resolve(message);
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    behave(next) {
      behaviour = next;
    },
    nth(number) {
      const there = received[number - 1];
      return there
        ? Promise.resolve(there)
        : new Promise((resolve) => {
            waiting.push({ number, resolve });
          });
    },
    hangUp: () => server.closeAllConnections(),
    clear() {
      received.length = 0;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
