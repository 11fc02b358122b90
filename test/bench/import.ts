/**
 * How fast history is imported, beside what Postgres itself needs for it: COPY of the same rows, ready to be taken, into the same
 * table, and the summaries made of them by one GROUP BY each.
 */
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../server/clock.ts';
import type { Database } from '../../server/database/index.ts';
import { createHistory } from '../../server/history/index.ts';
import type { Bench } from './bench.ts';
import { createDatabase, open, postgresSettings } from './support/database.ts';
import { copySide, writeHistory } from './support/history-file.ts';
import { figure, figures, ratios, spread } from './support/statistics.ts';

const MOST_ROWS = 1_000_000;
const TARGET = 0.4;

/** Imports a file. Gives the seconds that it took, and the most memory that it needed beyond what was in use before. */
async function importSide(database: Database, path: string, rows: number) {
  const before = process.memoryUsage().rss;
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 50);
  const startedAt = performance.now();
  const outcome = await createHistory({ database, clock: systemClock }).import(
    { kind: 'text', bytes: createReadStream(path, { highWaterMark: 1 << 18 }), layout: null },
    { dryRun: false, actor: 'bench' },
  );
  const seconds = (performance.now() - startedAt) / 1000;
  clearInterval(watch);
  if (outcome.status !== 'done' || outcome.summary.added !== rows)
    throw new Error(`Not imported: ${outcome.status}`);
  return { seconds, memory: most - before };
}

export const importing: Bench = {
  name: 'import',
  needsPostgres: true,
  async run(options) {
    const rows = Math.min(options.rows, MOST_ROWS);
    const folder = await mkdtemp(join(tmpdir(), 'solvent-bench-'));
    try {
      const file = join(folder, 'history.csv');
      await writeHistory(file, rows);
      const found: { copy: number; solvent: number; memory: number }[] = [];
      for (let round = 0; round < 2; round += 1) {
        const sides = [
          async () => {
            await using made = await createDatabase('copy');
            const database = await open(made.url, 2);
            try {
              return await copySide(database, file);
            } finally {
              await database.close();
            }
          },
          async () => {
            await using made = await createDatabase('import');
            const database = await open(made.url, 2);
            try {
              return await importSide(database, file, rows);
            } finally {
              await database.close();
            }
          },
        ] as const;
        if (round % 2 === 0) {
          const copy = await sides[0]();
          const solvent = await sides[1]();
          found.push({ copy, solvent: solvent.seconds, memory: solvent.memory });
        } else {
          const solvent = await sides[1]();
          const copy = await sides[0]();
          found.push({ copy, solvent: solvent.seconds, memory: solvent.memory });
        }
      }
      const copies = spread(found.map(({ copy }) => rows / copy));
      const ours = spread(found.map(({ solvent }) => rows / solvent));
      const ratio = ratios(
        found.map(({ copy }) => copy),
        found.map(({ solvent }) => solvent),
      );
      return {
        question: `importing ${rows.toLocaleString('en')} calls from CSV, checked row by row, beside Postgres' COPY of them with the summaries computed by SQL`,
        configuration: { ...(await postgresSettings()), rows, rounds: found.length },
        columns: ['side', 'rows a second'],
        rows: [
          ["Postgres' COPY and GROUP BY", figures(copies)],
          ['solvent import', figures(ours)],
        ],
        targets: [
          {
            what: 'speed of the import over that of COPY',
            target: `≥ ${TARGET * 100} %`,
            found: `${figure(ratio.median * 100)} % (${figure(ratio.least * 100)}–${figure(ratio.most * 100)} %)`,
            met: ratio.median >= TARGET,
          },
        ],
        notes: [
          'COPY is given rows that are in order already: checked, with accounts looked up, in its own format. Its time has none of that.',
          `The process of the import needed at most ${figure(Math.max(...found.map(({ memory }) => memory)) / 2 ** 20)} MiB beyond what it had before.`,
        ],
        figures: found,
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
