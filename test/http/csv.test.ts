/** A file as an answer: it waits for its rows as long as they take, and for its reader a minute. */
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { sendCsv } from '../../server/http/csv.ts';
import { silentLog } from '../../server/log.ts';

const IDLE_MS = 200;

/** Serves pieces, and says when their reader was given up. */
async function serving(pieces: () => AsyncGenerator<string>) {
  const stopped = new AbortController();
  const server = createServer((request, response) => {
    void sendCsv(request, response, {
      name: 'file.csv',
      pieces: pieces(),
      stopped,
      log: silentLog,
      idleMs: IDLE_MS,
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stopped: stopped.signal,
    [Symbol.dispose]: () => void server.close().closeAllConnections(),
  };
}

test('a file whose next row takes longer than a reader may is sent to its end', async () => {
  using server = await serving(async function* () {
    yield 'a\r\n';
    await new Promise((resolve) => setTimeout(resolve, 3 * IDLE_MS));
    yield '1\r\n';
  });
  expect(await (await fetch(server.url)).text()).toBe('a\r\n1\r\n');
});

test('a reader that takes nothing is given up, also when the rows were late', async () => {
  using server = await serving(async function* () {
    yield 'a\r\n';
    await new Promise((resolve) => setTimeout(resolve, 3 * IDLE_MS));
    for (;;) yield 'x'.repeat(65_536);
  });
  const [response] = (await once(get(server.url), 'response')) as [IncomingMessage];
  // Read by nobody.
  response.on('error', () => {});
  await once(server.stopped, 'abort');
});
