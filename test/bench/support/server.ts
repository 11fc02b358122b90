/**
 * Solvent as benches measure it: the whole server as server/main.ts starts it, with one provider of the bench's own that
 * has its picture ready, unless `OPENAI_BASE_URL` leads to a vendor.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { encodeId } from '../../../schema/index.ts';
import { systemClock } from '../../../server/clock.ts';
import { openCore } from '../../../server/core.ts';
import { readEnvironment } from '../../../server/environment.ts';
import { startHttp } from '../../../server/http/index.ts';
import { createLog } from '../../../server/log.ts';
import type { Provider } from '../../../server/providers/index.ts';
import { measureRoundTrips, open, provision } from './database.ts';
import { liveMethods } from './live-methods.ts';
import { answerBench } from './worker.ts';

/** What the bench learns from a started server. */
export interface Started {
  readonly url: string;
  readonly apiKey: string;
  readonly accounts: readonly string[];
}

/** What a process keeps in memory once its garbage is collected, in bytes. */
export interface Memory {
  readonly heap: number;
  /** Buffers outside of the heap. */
  readonly external: number;
  readonly rss: number;
}

/** One transparent pixel, 67 bytes. */
const picture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR4nGNgAAIAAAUAAXpeqz8AAAAASUVORK5CYII=',
  'base64',
);

/** A vendor that takes no time. */
const instant: Provider = {
  name: 'replicate',
  inProcess: false,
  timeoutMs: 60_000,
  submit: async () => ({
    status: 'succeeded',
    outputs: [{ content: picture, contentType: 'image/png' }],
    costMicros: null,
  }),
  check: async () => {
    throw new Error('The instant provider has no jobs.');
  },
  cancel: async () => ({ status: 'goes-on', detail: 'There are no jobs.' }),
};

const environment = readEnvironment(process.env);
const { url } = environment.database;
if (url === undefined) throw new Error('A bench runs on Postgres: DATABASE_URL is not set.');
const postgres = await open(url);
let questions = 0;
const core = await openCore({
  environment,
  database: {
    ...postgres,
    query(text, parameters) {
      questions += 1;
      return postgres.query(text, parameters);
    },
  },
  clock: systemClock,
  log: createLog({ level: environment.logLevel, pretty: false }),
  providers: environment.providers.openai ? [] : [instant],
});
const accountIds = await provision(core.database);
const accounts = accountIds.map((id) => encodeId('Account', id));
const made = await core.access.createApiKey({ name: 'bench', scopes: ['generate', 'profit:read'] }, 'bench');
if (made.status !== 'created') throw new Error('The API key could not be made.');
core.generations.recovery.start();
await core.generations.work();
const http = await startHttp({ core, demo: null });

answerBench({
  ...liveMethods(core, accountIds[0] ?? ''),
  started: (): Started => ({ url: `${http.url}/graphql`, apiKey: made.key, accounts }),
  roundTrips: (times: number) => measureRoundTrips(core.database, times),
  /** Batches and items of the ledger so far. */
  counts: () => core.ledger.counts(),
  /** Round trips to the database so far; each statement is one. */
  questions: () => questions,
  /** How many calls were booked as made, and how many reservations are still open. */
  booked: async () =>
    (
      await core.database.query<{ succeeded: number; open: number }>(
        `SELECT (SELECT count(*)::int FROM generation WHERE status = 'SUCCEEDED') AS succeeded,
          (SELECT count(*)::int FROM reservation WHERE status = 'PENDING') AS open`,
      )
    )[0],
  memory: async (): Promise<Memory> => {
    // What the last answers leave behind goes within a moment.
    await wait(1_000);
    for (let times = 0; times < 3; times += 1) globalThis.gc?.();
    return {
      heap: getHeapStatistics().used_heap_size,
      external: process.memoryUsage().external,
      rss: process.memoryUsage().rss,
    };
  },
});
