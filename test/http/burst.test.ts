/** A burst of new connections while the process is busy: each waits to be taken, and none is lost. */
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareFolder, type SpawnedServer, spawnReady } from '../support/server.ts';

const CONNECTIONS = 1_000;

/** How many the system lets wait; null where it does not say. */
function mostWaiting(): number | null {
  try {
    return Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));
  } catch {
    return null;
  }
}

let folder: string;
let server: SpawnedServer;
beforeAll(async () => {
  folder = await prepareFolder();
  server = await spawnReady({ folder });
});
afterAll(async () => {
  await server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test.skipIf((mostWaiting() ?? 0) < CONNECTIONS)(
  'a thousand connections that come while the process stands still are taken when it goes on, and answered',
  async () => {
    const { hostname, port } = new URL(await server.ready);
    const sockets: Socket[] = [];
    server.process.kill('SIGSTOP');
    try {
      for (let number = 0; number < CONNECTIONS; number += 1) {
        // What breaks is told by the answer that does not come.
        sockets.push(connect({ host: hostname, port: Number(port) }).on('error', () => {}));
      }
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      const answers = sockets.map(async (socket) => {
        socket.write(`GET /health/live HTTP/1.1\r\nhost: ${hostname}:${port}\r\nconnection: close\r\n\r\n`);
        const chunks: Buffer[] = [];
        for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
        return Buffer.concat(chunks).toString('latin1').split('\r\n', 1)[0];
      });
      server.process.kill('SIGCONT');
      expect(new Set(await Promise.all(answers))).toEqual(new Set(['HTTP/1.1 200 OK']));
    } finally {
      server.process.kill('SIGCONT');
      for (const socket of sockets) socket.destroy();
    }
  },
);
