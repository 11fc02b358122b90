import { createReadStream } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock } from '../clock.ts';
import { MOMENT_HINT, readMoment } from '../export/index.ts';
import { formatDecimal, type Micros } from '../money.ts';
import {
  BILL_PARTS,
  type BillPart,
  type Compared,
  type Comparison,
  createReconciliation,
} from '../reconciliation/index.ts';
import { ACTOR, type Command, type Context, FAILED, OK, UNUSABLE, UsageError } from './command.ts';
import { sizeOf } from './files.ts';
import { table } from './text-table.ts';

/** How many problems are told. */
const TOLD = 10;

const HEADER = ['day', 'model', 'quantity', 'calls', 'booked', 'billed', 'difference', 'ratio'];
const amount = (micros: Micros | null) => (micros === null ? '–' : formatDecimal(micros));

function rowOf({
  day,
  model,
  quantity,
  calls,
  bookedMicros,
  billedMicros,
  differenceMicros,
  ratio,
}: Compared): string[] {
  return [
    day.toISOString().slice(0, 10),
    model,
    quantity ?? '–',
    String(calls),
    amount(bookedMicros),
    amount(billedMicros),
    differenceMicros === 0n ? '=' : formatDecimal(differenceMicros),
    ratio === null ? '–' : ratio.toFixed(3),
  ];
}

function print({ terminal }: Context, { lines, problems, rows, from, to }: Comparison): void {
  const sum = (of: (line: Compared) => Micros | null) =>
    lines.reduce((total, line) => total + (of(line) ?? 0n), 0n);
  const days = `${from.toISOString().slice(0, 10)} to just before ${to.toISOString().slice(0, 10)} (UTC)`;
  terminal.print(`${rows} rows of the bill beside what is booked, ${days}.`);
  terminal.print('');
  const booked = sum((line) => line.bookedMicros);
  const billed = sum((line) => line.billedMicros);
  const total = [
    'total',
    '',
    '',
    '',
    formatDecimal(booked),
    formatDecimal(billed),
    formatDecimal(billed - booked),
    '',
  ];
  for (const line of table([HEADER, ...lines.map(rowOf), total], 2)) terminal.print(line);
  const missing = lines.filter((line) => line.billedMicros === null).length;
  if (missing > 0)
    terminal.print(`${missing} of them are booked and not on the bill: they are left as they are.`);
  for (const { line, problem } of problems.slice(0, TOLD))
    terminal.complain(line > 0 ? `line ${line}: ${problem}` : problem);
  if (problems.length > TOLD) terminal.complain(`… and ${problems.length - TOLD} more`);
}

interface Options {
  readonly path: string;
  readonly provider: string;
  readonly columns: Partial<Record<BillPart, string>>;
  readonly models: ReadonlyMap<string, string>;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly book: boolean;
  readonly reason: string;
}

function day(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const found = readMoment(text, 'UTC', systemClock.now());
  if (!found) throw new UsageError(`--${name}: "${text.slice(0, 40)}" is no time. ${MOMENT_HINT}`);
  return found;
}

async function run(context: Context, options: Options): Promise<number> {
  sizeOf(options.path);
  const reconciliation = createReconciliation({ database: context.database, clock: systemClock });
  const outcome = await reconciliation.compare({
    ...options,
    bytes: createReadStream(options.path),
    from: day('from', options.from),
    to: day('to', options.to),
  });
  if (outcome.status === 'unreadable') {
    context.terminal.complain(outcome.message);
    return UNUSABLE;
  }
  const { comparison } = outcome;
  print(context, comparison);
  const { terminal } = context;
  if (!options.book) {
    if (comparison.problems.length > 0) return FAILED;
    if (comparison.lines.every((line) => line.differenceMicros === 0n)) {
      terminal.print('The bill agrees with the books.');
      return OK;
    }
    terminal.print('Nothing has been changed. --book --reason "…" books the differences.');
    return FAILED;
  }
  const booked = await reconciliation.book(comparison, options.reason, ACTOR);
  if (booked.status === 'refused') {
    terminal.complain(booked.message);
    return FAILED;
  }
  const moved = booked.adjustments.reduce((total, { amountMicros }) => total + amountMicros, 0n);
  terminal.print(
    booked.adjustments.length === 0
      ? 'There was nothing to book: the bill agrees with the books, or has been booked before.'
      : `Booked ${booked.adjustments.length} differences, ${formatDecimal(moved)} in all.`,
  );
  return OK;
}

/** Reads `a=b,c=d`. */
function pairsOf(name: string, texts: readonly string[]): [string, string][] {
  return texts.map((text) => {
    const cut = text.lastIndexOf('=');
    const pair: [string, string] = [text.slice(0, cut).trim(), text.slice(cut + 1).trim()];
    if (cut < 1 || pair[0] === '' || pair[1] === '')
      throw new UsageError(`--${name}: "${text}" is no pair: write name=value.`);
    return pair;
  });
}

/** `solvent reconcile FILE`: what a vendor bills, beside what was booked. */
export const reconcile: Command = {
  usage: [
    {
      call: 'reconcile FILE --provider P [--from D] [--to D]',
      does: "Compare a vendor's bill (date,model,quantity,amount) with what is booked, by day of UTC and model.",
    },
    {
      call: 'reconcile … [--columns date=NAME,…] [--model NAME=OURS]',
      does: "Name the bill's columns, and which of your models a name on it stands for.",
    },
    { call: 'reconcile … --book --reason R', does: 'Book the differences, once for each bill.' },
  ],
  parse(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        provider: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        columns: { type: 'string' },
        model: { type: 'string', multiple: true },
        book: { type: 'boolean', default: false },
        reason: { type: 'string' },
      },
      allowPositionals: true,
      strict: true,
    });
    const [path, ...rest] = positionals;
    const { provider, reason = '', book } = values;
    if (path === undefined || rest.length > 0 || provider === undefined) {
      throw new UsageError(
        'reconcile needs one file and --provider, such as reconcile october.csv --provider openai.',
      );
    }
    if (book && reason.trim() === '')
      throw new UsageError('reconcile --book needs --reason: it is kept for good.');
    const columns = Object.fromEntries(pairsOf('columns', values.columns?.split(',') ?? []));
    const strange = Object.keys(columns).find((name) => !BILL_PARTS.some((part) => part === name));
    if (strange !== undefined) {
      throw new UsageError(`--columns: there is no "${strange}": name ${BILL_PARTS.join(', ')}.`);
    }
    const models = new Map(pairsOf('model', values.model ?? []));
    return (context) =>
      run(context, { path, provider, columns, models, from: values.from, to: values.to, book, reason });
  },
};
