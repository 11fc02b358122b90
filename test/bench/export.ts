/** What a server needs of memory while it sends every booked line as CSV, to a reader that takes them as they come. */

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bench } from './bench.ts';
import { createDatabase, open, postgresSettings } from './support/database.ts';
import { figure } from './support/statistics.ts';
import { Worker } from './support/worker.ts';

const TARGET_MIB = 200;
const MIB = 2 ** 20;

/** Attempts of a hundred days, as the ledger books them, with the reservations that they hang on. */
async function fill(url: string, rows: number): Promise<void> {
  const database = await open(url, 1);
  try {
    await database.script(`SET synchronous_commit = off;
      ALTER TABLE attempt SET (autovacuum_enabled = off); ALTER TABLE reservation SET (autovacuum_enabled = off);
      INSERT INTO account (id, external_id, created_at, updated_at)
        SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'customer-' || n, now(), now() FROM generate_series(0, 9999) AS n;
      INSERT INTO reservation (id, account_id, credits_reserved, credits_posted, ceiling_micros, cost_micros, status, process_id, expires_at, created_at,
          resolved_at, grant_ids, grant_reserved, grant_posted, grant_revenue, window_ids)
        SELECT ('00000001-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(n % 10000), 12, '0'))::uuid,
          16, 16, 80000, 80000, 'POSTED', '00000000-0000-7000-8000-000000000000', t.at, t.at, t.at, '{}', '{}', '{}', '{}', '{}'
        FROM generate_series(1, ${rows}) AS n CROSS JOIN LATERAL (SELECT '2026-01-01'::timestamptz + n * (interval '100 days' / ${rows}) AS at) t;
      INSERT INTO attempt (generation_id, number, provider, model, operation, account_id, tier, outcome, cost_micros, cost_source, credits_charged,
          revenue_micros, duration_ms, started_at, booked_at, window_ids)
        SELECT ('00000001-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1, 'openai', 'openai/dall-e-3-hd', 'GENERATE_IMAGE',
          ('00000000-0000-7000-8000-' || lpad(to_hex(n % 10000), 12, '0'))::uuid, 'PRO', 'SUCCEEDED', 80000, 'catalog', 16, 160000, 1200, t.at, t.at, '{}'
        FROM generate_series(1, ${rows}) AS n CROSS JOIN LATERAL (SELECT '2026-01-01'::timestamptz + n * (interval '100 days' / ${rows}) AS at) t;
      ANALYZE attempt; ANALYZE reservation; ANALYZE account;`);
  } finally {
    await database.close();
  }
}

/** Reads an answer to its end. Gives its lines, its bytes and the seconds until the first and the last. */
async function read(url: string, key: string) {
  const startedAt = performance.now();
  const asked = request(url, { headers: { authorization: `Bearer ${key}` } });
  asked.end();
  const [response] = await once(asked, 'response');
  let [lines, bytes, firstAt] = [0, 0, 0];
  for await (const chunk of response as AsyncIterable<Buffer>) {
    firstAt ||= performance.now();
    bytes += chunk.length;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  return {
    lines,
    bytes,
    first: (firstAt - startedAt) / 1000,
    seconds: (performance.now() - startedAt) / 1000,
  };
}

export const exporting: Bench = {
  name: 'export',
  needsPostgres: true,
  async run({ rows }) {
    const folder = await mkdtemp(join(tmpdir(), 'solvent-bench-'));
    try {
      await using database = await createDatabase('export');
      await fill(database.url, rows);
      await using server = await Worker.start(
        fileURLToPath(new URL('./support/export-server.ts', import.meta.url)),
        {
          node: ['--expose-gc'],
          env: {
            DATABASE_URL: database.url,
            DATA_DIR: folder,
            HOST: '127.0.0.1',
            PORT: '0',
            RATE_LIMIT_PER_MINUTE: '0',
            LOG_LEVEL: 'error',
            NODE_ENV: 'production',
          },
        },
      );
      const { url, apiKey } = await server.ask<{ url: string; apiKey: string }>('started');
      const from = '2026-01-01T00:00:00Z';
      // Whatever the first export of a process compiles and loads is no part of the question.
      await read(`${url}/export/attempts.csv?from=${from}&to=2026-01-01T01:00:00Z`, apiKey);
      const idle = await server.ask<number>('idle');
      const found = await read(`${url}/export/attempts.csv?from=${from}&to=2026-12-01T00:00:00Z`, apiKey);
      const most = await server.ask<number>('most');
      if (found.lines !== rows + 1) throw new Error(`The export has ${found.lines - 1} lines of ${rows}.`);
      const needed = (most - idle) / MIB;
      return {
        question: `what a server needs of memory to export ${rows.toLocaleString('en')} attempts as CSV`,
        configuration: { ...(await postgresSettings()), rows },
        columns: ['what', 'found'],
        rows: [
          ['resident memory before, MiB', figure(idle / MIB)],
          ['the most meanwhile, MiB', figure(most / MIB)],
          ['until the first byte, s', figure(found.first)],
          ['until the last, s', figure(found.seconds)],
          ['lines a second', figure(rows / found.seconds)],
          ['the file, MiB', figure(found.bytes / MIB)],
        ],
        targets: [
          {
            what: 'memory above idle',
            target: `< ${TARGET_MIB} MiB`,
            found: `${figure(needed)} MiB`,
            met: needed < TARGET_MIB,
          },
        ],
        notes: ['Resident memory, looked at every 100 ms.'],
        figures: { idle, most, ...found },
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
