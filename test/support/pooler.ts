/** A pooler as PgBouncer is by `pool_mode = transaction`: its clients have one connection in turn, each for a transaction. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { urlBy } from './proxy.ts';

const READY_FOR_QUERY = 'Z'.charCodeAt(0);
const IDLE = 'I'.charCodeAt(0);

/** A pooler in front of a database. */
export interface Pooler extends AsyncDisposable {
  /** The database's URL by way of it. */
  readonly url: string;
}

/** Opens it. Clients neither encrypt nor sign in. */
export async function openPooler(databaseUrl: string): Promise<Pooler> {
  const target = new URL(databaseUrl);
  const far = connect({ host: target.hostname, port: Number(target.port || 5432) });
  const near = new Set<Socket>();
  /** What waits for its turn; the first has it. */
  const waiting: { readonly client: Socket; readonly bytes: Buffer }[] = [];
  let current: Socket | undefined;
  /** The answer to the first client's start, which all others are told too. */
  let greeting: Buffer | undefined;
  const greeted: Socket[] = [];
  let unread = Buffer.alloc(0);

  function next(): void {
    if (current || waiting.length === 0) return;
    current = waiting[0]?.client;
    for (const { bytes } of waiting.filter(({ client }) => client === current)) far.write(bytes);
    waiting.splice(0, waiting.length, ...waiting.filter(({ client }) => client !== current));
  }
  far.on('error', () => {});
  far.on('data', (bytes) => {
    unread = Buffer.concat([unread, bytes]);
    while (unread.length >= 5 && unread.length > unread.readUInt32BE(1)) {
      const message = unread.subarray(0, 1 + unread.readUInt32BE(1));
      unread = unread.subarray(message.length);
      if (greeting === undefined || greeted.length > 0) {
        greeting = Buffer.concat([greeting ?? Buffer.alloc(0), message]);
      } else current?.write(message);
      if (message[0] !== READY_FOR_QUERY || message[5] !== IDLE) continue;
      for (const client of greeted.splice(0)) client.write(greeting);
      current = undefined;
      next();
    }
  });
  const server = createServer((client) => {
    near.add(client);
    client.on('error', () => {});
    client.once('close', () => near.delete(client));
    client.once('data', (start) => {
      if (greeting !== undefined && greeted.length === 0) client.write(greeting);
      else if (greeted.push(client) === 1) far.write(start);
      client.on('data', (bytes) => {
        // The farewell of one client is none of the others'.
        if (bytes[0] === 'X'.charCodeAt(0)) client.end();
        else if (current === client) far.write(bytes);
        else {
          waiting.push({ client, bytes });
          next();
        }
      });
    });
  });
  return {
    url: await urlBy(server, databaseUrl),
    async [Symbol.asyncDispose]() {
      far.destroy();
      for (const client of near) client.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
