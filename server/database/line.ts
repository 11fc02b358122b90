/**
 * The sockets of a process to its Postgres, and somebody who looks whether anything still comes back over them. A server that is gone
 * without a word (a cable, a firewall, a machine that stands still) leaves them open: TCP gives up after a quarter of an hour, and until
 * then whatever was asked would wait, and all that is to be reserved behind it.
 */
import { Socket } from 'node:net';
import pg from 'pg';

/** See the head of this file. */
export interface Line {
  /** For the configuration of a client or a pool: makes the sockets that it uses. */
  readonly stream: () => Socket;
  /** Stops looking. The sockets are their users' to close. */
  close(): Promise<void>;
}

/** Between an answer and the next question. */
const LOOK_MS = 5_000;
/** How long the server may take for nothing. */
const ANSWER_MS = 8_000;
/** An answer may be here already while this process was busy with something else: it is heard before the second timer. */
const GRACE_MS = 1_000;

/** Opens the line to a Postgres. Each time that it says nothing for {@link ANSWER_MS}, all sockets to it are closed. */
export function openLine(url: string): Line {
  const sockets = new Set<Socket>();
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const stream = () => {
    const socket = new Socket();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };

  async function ask(): Promise<void> {
    if (!client) {
      const made = new pg.Client({ connectionString: url, stream, application_name: 'solvent-watch' });
      made.on('error', () => {
        if (client === made) client = undefined;
      });
      client = made;
      await made.connect();
    }
    await client.query('SELECT 1');
  }

  /** Whether the server says anything; that it refuses is an answer too. */
  function answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const silence = setTimeout(() => {
        setTimeout(resolve, GRACE_MS, false).unref();
      }, ANSWER_MS).unref();
      ask()
        .catch(() => {
          client = undefined;
        })
        .finally(() => {
          clearTimeout(silence);
          resolve(true);
        });
    });
  }

  function lookLater(): void {
    if (closed) return;
    timer = setTimeout(async () => {
      if (!(await answers()) && !closed) {
        client = undefined;
        for (const socket of sockets) socket.destroy();
      }
      lookLater();
    }, LOOK_MS).unref();
  }
  lookLater();

  return {
    stream,
    async close() {
      closed = true;
      clearTimeout(timer);
      await client?.end().catch(() => {});
    },
  };
}
