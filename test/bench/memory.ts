/** Whether the server forgets: its heap after 10,000 guarded calls and after 100,000, garbage collected. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { createDatabase } from './support/database.ts';
import { generateImage, round, type Side, startLoad, startServer } from './support/rounds.ts';
import type { Memory, Started } from './support/server.ts';
import { figure } from './support/statistics.ts';

const STEPS = [10_000, 40_000, 70_000, 100_000];
const CONCURRENCY = 64;
const TARGET_GROWTH = 0.2;
const MIB = 2 ** 20;

export const memory: Bench = {
  name: 'memory',
  needsPostgres: true,
  async run() {
    const folder = await mkdtemp(join(tmpdir(), 'solvent-bench-'));
    try {
      await using database = await createDatabase('memory');
      await using server = await startServer(database.url, folder, { node: ['--expose-gc'] });
      await using load = await startLoad();
      const started = await server.ask<Started>('started');
      const side: Side = {
        name: 'guarded',
        worker: server,
        load: {
          url: started.url,
          headers: { authorization: `Bearer ${started.apiKey}` },
          body: generateImage('replicate/sdxl'),
          accounts: started.accounts,
          expect: '"SUCCEEDED"',
        },
      };
      let calls = 0;
      const found: (Memory & { readonly calls: number })[] = [];
      for (const step of STEPS) {
        while (calls < step) {
          const done = await round(load, side, CONCURRENCY, 60, step - calls);
          calls += done.calls;
        }
        found.push({ calls, ...(await server.ask<Memory>('memory')) });
      }
      const [first] = found;
      const last = found.at(-1);
      const growth = first && last ? last.heap / first.heap - 1 : Number.NaN;
      return {
        question: 'what one server process keeps in memory after many guarded calls',
        configuration: {
          concurrency: CONCURRENCY,
          model: 'replicate/sdxl, by an instant provider in process',
        },
        columns: ['guarded calls', 'heap MiB', 'buffers outside MiB', 'resident MiB'],
        rows: found.map((one) => [
          one.calls.toLocaleString('en'),
          figure(one.heap / MIB),
          figure(one.external / MIB),
          figure(one.rss / MIB),
        ]),
        targets: [
          {
            what: 'heap after 100,000 calls over heap after 10,000',
            target: `≤ + ${TARGET_GROWTH * 100} %`,
            found: `${growth < 0 ? '−' : '+'} ${Math.abs(growth * 100).toFixed(1)} %`,
            met: growth <= TARGET_GROWTH,
          },
        ],
        notes: [
          'The heap is what is left a second after the last answer, once the collector was called.',
          'Resident memory also counts what the allocator has not given back; it levels out, and no target stands on it.',
        ],
        figures: found,
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
