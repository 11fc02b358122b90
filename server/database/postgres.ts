import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './client/client.ts';
import type { Database, Listening, Sql } from './database.ts';

const INT8 = 20;
const INT8_ARRAY = 1016;

/**
 * node-postgres reads int8 as text, since it may not fit a double; here it is a bigint. The types are given
 * with each pool, so that nothing global changes for other users of the package.
 */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8) return BigInt;
    if (oid === INT8_ARRAY) return (text: string) => text.slice(1, -1).split(',').filter(Boolean).map(BigInt);
    return pg.types.getTypeParser(oid, format as 'text');
  }) as typeof pg.types.getTypeParser,
};

/**
 * Opens Postgres.
 *
 * @param url such as `postgres://user:password@host:5432/name`.
 * @param connections how many at the most, for the ledger; Prisma's lists have as many of their own.
 * @throws when it cannot be reached within ten seconds.
 */
export async function openPostgres(url: string, connections = 10): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    types,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: 'solvent',
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  await pool.query('SELECT 1');
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: connections }) });

  return {
    kind: 'postgres',
    prisma,
    query: (text, parameters, name) =>
      pool
        .query({ text, values: parameters as unknown[], ...(name === undefined ? {} : { name }) })
        .then((result) => result.rows),
    async transaction(work) {
      const client = await pool.connect();
      let broken: Error | undefined;
      const sql: Sql = {
        query: (text, parameters) =>
          client.query(text, parameters as unknown[]).then((result) => result.rows),
      };
      try {
        await client.query('BEGIN');
        const result = await work(sql);
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((failure: Error) => {
          broken = failure;
        });
        throw error;
      } finally {
        client.release(broken);
      }
    },
    script: (text) => pool.query(text).then(() => undefined),
    native: { kind: 'postgres', url },
    notify: (channel, payload) =>
      pool.query('SELECT pg_notify($1, $2)', [channel, payload]).then(() => undefined),
    listen: (channel, onMessage, onGap) => listen(url, channel, onMessage, onGap),
    async close() {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}

/** How long to wait before a listening connection that broke is made again. */
const RECONNECT_MS = 1_000;

/** A pool's connections come and go; listening needs one that stays. */
async function listen(
  url: string,
  channel: string,
  onMessage: (payload: string) => void,
  onGap: () => void,
): Promise<Listening> {
  let closed = false;
  let current: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;

  const connect = async (): Promise<void> => {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
      application_name: 'solvent-listen',
    });
    let lost = false;
    const lose = () => {
      if (lost || closed) return;
      lost = true;
      client.end().catch(() => {});
      again();
    };
    client.on('error', lose);
    client.on('end', lose);
    client.on('notification', ({ payload }) => onMessage(payload ?? ''));
    current = client;
    await client.connect();
    await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
  };
  const again = () => {
    timer = setTimeout(() => {
      connect().then(onGap, () => {
        if (!closed) again();
      });
    }, RECONNECT_MS);
  };

  await connect();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await current?.end().catch(() => {});
    },
  };
}
