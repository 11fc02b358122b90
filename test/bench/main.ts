/**
 * `npm run bench [-- NAME…] [--seconds N] [--minutes N] [--rows N]`: each benchmark with its target and whether it was met.
 * README.md says what the figures mean and do not mean.
 */
import { parseArgs } from 'node:util';
import type { Bench } from './bench.ts';
import { exporting } from './export.ts';
import { guarded } from './guarded.ts';
import { importing } from './import.ts';
import { ledger } from './ledger.ts';
import { live } from './live.ts';
import { memory } from './memory.ts';
import { pages } from './pages.ts';
import { portkey } from './portkey.ts';
import { profit } from './profit.ts';
import { queue } from './queue.ts';
import { start } from './start.ts';
import { postgresAnswers, printableUrl } from './support/database.ts';
import { machine, printReport, writeReport } from './support/report.ts';

/** `profit`, `import` and `export` make up years of history and take long, so that they run when they are named. */
const BENCHES: readonly Bench[] = [
  ledger,
  guarded,
  live,
  queue,
  portkey,
  memory,
  start,
  pages,
  profit,
  importing,
  exporting,
];
const ONLY_BY_NAME: readonly Bench[] = [profit, importing, exporting];

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1.5' },
    minutes: { type: 'string', default: '0.5' },
    rows: { type: 'string', default: '10000000' },
  },
  allowPositionals: true,
});
const seconds = Number(values.seconds);
const minutes = Number(values.minutes);
const rows = Number(values.rows);
const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name));
const isRight = seconds > 0 && minutes > 0 && Number.isInteger(rows) && rows >= 1_000;
if (unknown.length > 0 || !isRight) {
  process.stderr.write(
    `usage: npm run bench [-- NAME…] [--seconds N] [--minutes N] [--rows N], where NAME is one of ${BENCHES.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(2);
}

const postgres = await postgresAnswers();
const missed: string[] = [];
let measured = 0;
for (const bench of BENCHES) {
  if (positionals.length > 0 ? !positionals.includes(bench.name) : ONLY_BY_NAME.includes(bench)) continue;
  const why =
    bench.needsPostgres && !postgres
      ? `no Postgres at ${printableUrl()}; start one or set TEST_DATABASE_URL`
      : (bench.missing?.() ?? null);
  if (why !== null) {
    process.stdout.write(`\n${bench.name}: skipped: ${why}\n`);
    continue;
  }
  const before = machine();
  try {
    const report = await bench.run({ seconds, minutes, rows });
    printReport(bench.name, report);
    process.stdout.write(`  kept in ${writeReport(bench.name, { ...report, machine: before })}\n`);
    measured += 1;
    for (const { what, met } of report.targets) if (met === false) missed.push(`${bench.name}: ${what}`);
  } catch (error) {
    process.stderr.write(`\n${bench.name}: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  }
}
if (missed.length > 0) process.stdout.write(`\nMissed:\n${missed.map((line) => `  ${line}\n`).join('')}`);
else if (measured > 0) process.stdout.write('\nEvery target that was measured is met.\n');
