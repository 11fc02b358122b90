/** Says and hears something on a channel of Postgres, between processes. */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { NativePostgres, Sql } from './database.ts';

/**
 * Tells all who listen to a channel, this process too. Costs a lock that all commits share, so it is for what happens seldom.
 *
 * @param payloads each under 8,000 bytes; heard in this order, and once where several are the same.
 */
export async function notify(sql: Sql, channel: string, payloads: readonly string[]): Promise<void> {
  await sql.query('SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload', [channel, payloads]);
}

/** Who listens to a channel. */
export interface Hearing {
  /** Something was said. */
  said(payload: string): void;
  /** The connection is gone; from now on nothing is heard. */
  lost(): void;
  /** It is made anew, and hears. What was said meanwhile is lost. */
  back(): void;
}

/** What ends listening. */
export interface Listening {
  close(): Promise<void>;
}

/** Before a connection that broke is made again, and between tries. */
const RECONNECT_MS = 1_000;

/** A connection that hears, and when it no longer does. */
interface Connection {
  readonly client: pg.Client;
  readonly gone: Promise<void>;
}

/** @param signal gives up a connection that is being made. */
async function connect(
  native: NativePostgres,
  channel: string,
  said: (payload: string) => void,
  signal: AbortSignal,
): Promise<Connection> {
  const socket = native.stream();
  const giveUp = () => socket.destroy();
  signal.addEventListener('abort', giveUp);
  const client = new pg.Client({
    connectionString: native.url,
    stream: () => socket,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: 'solvent-listen',
  });
  const gone = Promise.withResolvers<void>();
  client.on('error', () => gone.resolve());
  client.on('end', () => gone.resolve());
  client.on('notification', ({ payload }) => said(payload ?? ''));
  try {
    await client.connect();
    await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
    return { client, gone: gone.promise };
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/**
 * Listens to a channel until `close`, on a connection of its own: a pool's come and go. One that breaks is made anew, by one try
 * after the other.
 *
 * @param reconnectMs before each try.
 * @throws when it cannot be connected at first.
 */
export async function listen(
  native: NativePostgres,
  channel: string,
  hearing: Hearing,
  reconnectMs = RECONNECT_MS,
): Promise<Listening> {
  const closing = new AbortController();
  const { signal } = closing;
  const said = (payload: string) => {
    if (!signal.aborted) hearing.said(payload);
  };
  let current = await connect(native, channel, said, signal);

  async function reconnect(): Promise<void> {
    while (!signal.aborted) {
      try {
        await pause(reconnectMs, undefined, { signal });
        current = await connect(native, channel, said, signal);
        return;
      } catch {
        // It is not there yet, or not wanted any more.
      }
    }
  }
  async function hear(): Promise<void> {
    const aborted = once(signal, 'abort');
    for (;;) {
      await Promise.race([current.gone, aborted]);
      const isClosed = current.client.end().catch(() => {});
      if (signal.aborted) return isClosed;
      hearing.lost();
      await reconnect();
      if (!signal.aborted) hearing.back();
    }
  }
  const ended = hear();

  return {
    close() {
      closing.abort();
      return ended;
    },
  };
}
