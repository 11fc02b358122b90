/**
 * `npm test`: runs every suite that this machine can run, names those that it cannot with the line that would enable
 * them, and ends with the line `N passed, N failed`. Arguments go on to Vitest: `npm test -- test/ledger`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly ancestorTitles: readonly string[];
      readonly title: string;
    }[];
  }[];
}

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'solvent-test-'));
const output = join(folder, 'report.json');

const vitest = spawn(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=dot',
    '--reporter=json',
    `--outputFile.json=${output}`,
    ...process.argv.slice(2),
  ],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      // Workers and servers that suites start run on the Node that runs this,
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      // and compile what they load once: suites start a hundred servers.
      NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/solvent-test/compiled'),
    },
  },
);
const code = await new Promise<number>((resolve) => vitest.on('exit', (status) => resolve(status ?? 1)));

let report: Report | null = null;
try {
  report = JSON.parse(readFileSync(output, 'utf8')) as Report;
} catch {
  console.error('Vitest left no report.');
}
rmSync(folder, { recursive: true, force: true });

const skipped = new Set<string>();
// A file that could not even be loaded has no test that could have failed.
let brokenFiles = 0;
for (const file of report?.testResults ?? []) {
  if (file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')) {
    brokenFiles += 1;
  }
  for (const test of file.assertionResults) {
    if (test.status === 'skipped' || test.status === 'pending') {
      const suite = test.ancestorTitles.find((title) => title.includes('skipped: '));
      if (suite) skipped.add(suite);
    }
  }
}
for (const suite of skipped) console.log(`not run: ${suite}`);

const passed = report?.numPassedTests ?? 0;
let failed = (report?.numFailedTests ?? 0) + brokenFiles;
if (code !== 0 && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
