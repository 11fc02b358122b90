/** `npm run check`: everything that can be said about the tree without running it. Ends with `N passed, N failed`. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules/.bin', name);

const checks: readonly (readonly [string, string, readonly string[]])[] = [
  ['types', bin('tsc'), ['--noEmit']],
  ['types of the pages', bin('tsc'), ['--noEmit', '-p', 'client']],
  ['lint and format', bin('biome'), ['check', '--error-on-warnings', '.']],
  ['schema.graphql is fresh', process.execPath, ['scripts/print-schema.ts', 'check']],
  ['migrations = schema.prisma', process.execPath, ['scripts/migrations.ts', 'check']],
];

let failed = 0;
for (const [name, command, args] of checks) {
  const run = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  const ok = run.status === 0;
  if (!ok) failed += 1;
  console.log(`${ok ? '✓' : '✗'} ${name}`);
  if (!ok) console.log(`${run.stdout}${run.stderr}`.trim());
}
console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
