/** A way to a server that can be cut at the worst moment: after it has been told something, and before its answer is heard. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A proxy in front of a database. */
export interface DatabaseProxy extends AsyncDisposable {
  /** The database's URL by way of it. */
  readonly url: string;
  /** From now on whatever is sent arrives, no answer does, and nobody connects anew. */
  cutAnswers(): void;
  /** All as before. */
  restore(): void;
}

/** Opens a proxy in front of a database. */
export async function openProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl);
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    const far = connect({ host: target.hostname, port: Number(target.port || 5432) });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
    if (isCut) near.destroy();
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes) => {
      if (isCut) near.destroy();
      else near.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    cutAnswers() {
      isCut = true;
    },
    restore() {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
