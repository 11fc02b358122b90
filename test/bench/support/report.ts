/** What a bench found: a table for people, and the same as JSON in `bench-results/`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';

/** A figure with its target. */
export interface Target {
  readonly what: string;
  /** As the target is put: `≥ 60 %`. */
  readonly target: string;
  /** As it was found: `71 % (66–74 %)`. */
  readonly found: string;
  /** Null where there is nothing to meet: a figure that is told for itself. */
  readonly met: boolean | null;
}

/** What one bench answers. */
export interface Report {
  /** One sentence: what was compared with what. */
  readonly question: string;
  /** Everything that would change the figures, by name. */
  readonly configuration: Readonly<Record<string, string | number>>;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly targets: readonly Target[];
  /** What the figures do not say. */
  readonly notes: readonly string[];
  /** The same figures, unrounded. */
  readonly figures: unknown;
}

const folder = join(import.meta.dirname, '../../../bench-results');

/** The machine, as far as figures depend on it. */
export function machine(): Record<string, string | number> {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    // What else ran: a load of one is one core that was not ours.
    loadBefore: loadavg()
      .map((load) => load.toFixed(1))
      .join(' '),
  };
}

/** Keeps a report as `bench-results/NAME.json`. */
export function writeReport(name: string, report: Report & { readonly machine: unknown }): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  const text = JSON.stringify({ name, at: new Date().toISOString(), ...report }, null, 2);
  writeFileSync(file, `${text}\n`);
  return file;
}

/** Prints a report for people. */
export function printReport(name: string, report: Report): void {
  const lines = [
    `\n${name}: ${report.question}\n`,
    ...table([report.columns, ...report.rows]),
    '',
    ...report.targets.map(({ what, target, found, met }) => {
      const verdict = met === null ? '      ' : met ? 'met   ' : 'MISSED';
      return `  ${verdict}  ${what}: ${found}${target === '' ? '' : `, target ${target}`}`;
    }),
    ...report.notes.map((note) => `  note    ${note}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Columns side by side, the first to the left and figures to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return `  ${cells.join('   ')}`.trimEnd();
  });
}
