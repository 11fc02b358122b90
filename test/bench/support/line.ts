/** A line of some length to a server: what goes over it arrives later, either way, and in order. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a database that is far away. */
export interface Line extends AsyncDisposable {
  readonly url: string;
}

/** Hands on what comes in as late as it came in. */
function delay(from: Socket, to: Socket, milliseconds: number): void {
  from.on('data', (bytes) => setTimeout(() => to.write(bytes), milliseconds));
  from.on('end', () => setTimeout(() => to.end(), milliseconds));
  from.on('error', () => to.destroy());
}

/** @param roundTripMs there and back. */
export async function openLine(databaseUrl: string, roundTripMs: number): Promise<Line> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: target.hostname, port: Number(target.port || 5432), noDelay: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    delay(near, far, roundTripMs / 2);
    delay(far, near, roundTripMs / 2);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
