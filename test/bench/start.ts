/** How long a newcomer waits: from `npm start` to the line that says ready, first on a fresh folder and then again. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { createDatabase, postgresAnswers } from './support/database.ts';
import { figures, spread } from './support/statistics.ts';

const FRESH = 2;
const LATER = 3;
const TARGET_FRESH_SECONDS = 20;
const TARGET_LATER_SECONDS = 5;

const main = join(import.meta.dirname, '../../server/main.ts');

/** Starts the server as `npm start` does, and stops it in good order. Returns the seconds until it was ready. */
async function startOnce(env: Readonly<Record<string, string>>): Promise<number> {
  const startedAt = performance.now();
  const server = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH ?? '', PORT: '0', LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => server.once('exit', resolve));
  let printed = '';
  const ready = new Promise<void>((resolve, reject) => {
    server.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (printed.includes('Solvent is ready')) resolve();
    });
    ended.then((code) => reject(new Error(`The server ended with ${code} before it was ready.`)));
  });
  await ready;
  const seconds = (performance.now() - startedAt) / 1000;
  server.kill('SIGTERM');
  await ended;
  return seconds;
}

export const start: Bench = {
  name: 'start',
  needsPostgres: false,
  async run() {
    const fresh: number[] = [];
    const later: number[] = [];
    const onPostgres: number[] = [];
    for (let time = 0; time < FRESH; time += 1) {
      const folder = await mkdtemp(join(tmpdir(), 'solvent-bench-'));
      try {
        fresh.push(await startOnce({ DATA_DIR: folder }));
        if (time > 0) continue;
        for (let again = 0; again < LATER; again += 1) later.push(await startOnce({ DATA_DIR: folder }));
        if (await postgresAnswers()) {
          await using database = await createDatabase('start');
          for (let again = 0; again < LATER; again += 1) {
            onPostgres.push(await startOnce({ DATA_DIR: folder, DATABASE_URL: database.url }));
          }
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }
    const [first, ...rest] = onPostgres;
    return {
      question: 'seconds from the start of the process until it says that it is ready',
      configuration: { embeddedFresh: FRESH, embeddedLater: LATER },
      columns: ['start', 'seconds'],
      rows: [
        ['embedded, fresh folder', figures(spread(fresh))],
        ['embedded, later', figures(spread(later))],
        ...(first === undefined
          ? []
          : [
              ['Postgres, empty database', first.toFixed(2)],
              ['Postgres, later', figures(spread(rest))],
            ]),
      ],
      targets: [
        {
          what: 'slowest first start',
          target: `< ${TARGET_FRESH_SECONDS} s`,
          found: `${Math.max(...fresh).toFixed(1)} s`,
          met: Math.max(...fresh) < TARGET_FRESH_SECONDS,
        },
        {
          what: 'slowest later start',
          target: `< ${TARGET_LATER_SECONDS} s`,
          found: `${Math.max(...later).toFixed(1)} s`,
          met: Math.max(...later) < TARGET_LATER_SECONDS,
        },
      ],
      notes: [
        'Counted from the spawn of Node, so that it includes loading the code; npm itself adds some tenths.',
      ],
      figures: { fresh, later, onPostgres },
    };
  },
};
