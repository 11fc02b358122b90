/** A way to a database that can be long, and cut at the worst moment: after the database was told something, and before it is heard. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A proxy in front of a database. */
export interface DatabaseProxy extends AsyncDisposable {
  /** The database's URL by way of it. */
  readonly url: string;
  /** From now on whatever is sent arrives, no answer does, and nobody connects anew. */
  cutAnswers(): void;
  /** From now on nothing arrives either way, and nobody is told so: what is open stays open. */
  hang(): void;
  /** All as before. */
  restore(): void;
}

/** Lets a server that stands in front of a database listen. @returns the database's URL by way of it. */
export async function urlBy(server: Server, databaseUrl: string): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return url.href;
}

/**
 * Opens a proxy in front of a database.
 *
 * @param roundTripMs how much longer the way there and back is made; what goes over it stays in order.
 */
export async function openProxy(
  databaseUrl: string,
  { roundTripMs = 0 }: { readonly roundTripMs?: number } = {},
): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl);
  const open = new Set<Socket>();
  let isCut = false;
  let isHung = false;
  const late = (act: () => void) => {
    if (roundTripMs === 0) act();
    else setTimeout(act, roundTripMs / 2);
  };
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: target.hostname, port: Number(target.port || 5432), noDelay: true });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        open.delete(socket);
        late(() => other.destroy());
      });
    }
    if (isCut) near.destroy();
    near.on('data', (bytes) => {
      if (!isHung) late(() => far.write(bytes));
    });
    far.on('data', (bytes) => {
      if (isCut) near.destroy();
      else if (!isHung) late(() => near.write(bytes));
    });
  });
  return {
    url: await urlBy(server, databaseUrl),
    cutAnswers() {
      isCut = true;
    },
    hang() {
      isHung = true;
    },
    restore() {
      isCut = false;
      // What was swallowed is not said again: as after any break, all connect anew.
      if (isHung) for (const socket of open) socket.destroy();
      isHung = false;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
