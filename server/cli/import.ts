import { createReadStream, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock } from '../clock.ts';
import { createHistory, type HistorySource, type ImportSummary, type TextLayout } from '../history/index.ts';
import { formatDecimal } from '../money.ts';
import { isSqlite } from '../tables/index.ts';
import { type Command, type Context, FAILED, OK, UNUSABLE, UsageError } from './command.ts';
import { formatCount, formatPercent } from './figures.ts';
import { createProgress } from './progress.ts';
import { RejectFile } from './reject-file.ts';

const LAYOUTS: readonly TextLayout[] = ['solvent', 'api_usage_logs'];

/** How many problems are told on the terminal; all of them are in the reject file. */
const TOLD = 5;

/** Rows of the summary, each a name and a figure, aligned. */
function summaryLines(summary: ImportSummary): string[] {
  const rows: [string, string][] = [
    ['rows', formatCount(summary.rows)],
    [summary.dryRun ? 'would be new' : 'new', formatCount(summary.added)],
    ['already there', formatCount(summary.present)],
    ['rejected', formatCount(summary.rejected)],
    ['cost', formatDecimal(summary.costMicros)],
    ['revenue', formatDecimal(summary.revenueMicros)],
    ['profit', formatDecimal(summary.profitMicros)],
    ['margin', formatPercent(summary.margin)],
  ];
  const names = Math.max(...rows.map(([name]) => name.length));
  const figures = Math.max(...rows.map(([, figure]) => figure.length));
  return rows.map(([name, figure]) => `${name.padEnd(names)}  ${figure.padStart(figures)}`);
}

/** How the old system's own sums compare. */
function statedLine({ stated, costMicros, revenueMicros }: ImportSummary): string | null {
  if (!stated) return null;
  const sums = `cost ${formatDecimal(stated.costMicros)} and revenue ${formatDecimal(stated.revenueMicros)}`;
  return stated.costMicros === costMicros && stated.revenueMicros === revenueMicros
    ? `hourly_stats agrees: ${sums}.`
    : `hourly_stats says ${sums}: the old system's sums are not those of its rows.`;
}

async function sourceOf(
  path: string,
  layout: TextLayout | null,
  onBytes: (bytes: number) => void,
): Promise<HistorySource> {
  if (await isSqlite(path)) return { kind: 'sqlite', path };
  const stream = createReadStream(path, { highWaterMark: 1 << 18 });
  async function* counted() {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      onBytes(chunk.length);
      yield chunk;
    }
  }
  return { kind: 'text', bytes: counted(), layout };
}

/** The size of a file that can be read. */
function sizeOf(path: string): number {
  try {
    const found = statSync(path);
    if (found.isFile()) return found.size;
  } catch {
    // Said below.
  }
  throw new UsageError(`There is no file ${path}.`);
}

async function run(
  context: Context,
  path: string,
  dryRun: boolean,
  layout: TextLayout | null,
): Promise<number> {
  const { terminal, database } = context;
  const bytes = sizeOf(path);
  const rejects = new RejectFile(`${path}.rejected.csv`);
  const progress = createProgress(terminal, bytes);
  const problems: string[] = [];
  let read = 0;
  const source = await sourceOf(path, layout, (more) => {
    read += more;
  });
  const outcome = await createHistory({ database, clock: systemClock })
    .import(source, {
      dryRun,
      onProgress: (tally) => progress.show(read, tally.rows),
      onRejected(rejection) {
        if (problems.length < TOLD) problems.push(`line ${rejection.line}: ${rejection.problem}`);
        return rejects.add(rejection);
      },
    })
    .finally(async () => {
      progress.end();
      await rejects.close();
    });

  if (outcome.status === 'busy') {
    terminal.complain(outcome.message);
    return UNUSABLE;
  }
  const { summary } = outcome;
  for (const problem of problems) terminal.complain(problem);
  if (summary.rejected > problems.length)
    terminal.complain(`… and ${formatCount(summary.rejected - problems.length)} more`);
  if (summary.rejected > 0)
    terminal.complain(`The rejected rows are in ${rejects.path}: put them right there and import that file.`);
  if (outcome.status === 'unreadable') {
    terminal.complain(outcome.message);
    if (summary.rows === 0) return UNUSABLE;
    terminal.complain(
      `What stands before that place ${dryRun ? 'was checked' : 'is imported'}: mend the file and start again, nothing is booked twice.`,
    );
  }
  for (const line of summaryLines(summary)) terminal.print(line);
  const stated = statedLine(summary);
  if (stated) terminal.print(stated);
  if (dryRun) terminal.print('Nothing has been changed: this was a dry run.');
  if (outcome.status === 'unreadable') return UNUSABLE;
  return summary.rejected > 0 ? FAILED : OK;
}

/** `solvent import FILE`: the calls of before. */
export const importHistory: Command = {
  usage: [
    {
      call: 'import FILE [--dry-run] [--layout NAME]',
      does: 'Import history: CSV, JSON, a dump of api_usage_logs, or a SQLite file with api_costs. Nothing is imported twice.',
    },
  ],
  parse(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { 'dry-run': { type: 'boolean', default: false }, layout: { type: 'string' } },
      allowPositionals: true,
      strict: true,
    });
    const [path, ...rest] = positionals;
    if (path === undefined || rest.length > 0)
      throw new UsageError('import needs one file, such as import history.csv --dry-run.');
    const layout = LAYOUTS.find((name) => name === values.layout);
    if (values.layout !== undefined && !layout) {
      throw new UsageError(
        `There is no layout "${values.layout}": say ${LAYOUTS.join(' or ')}, or leave it out.`,
      );
    }
    return (context) => run(context, path, values['dry-run'], layout ?? null);
  },
};
