import { parseArgs } from 'node:util';
import { systemClock } from '../clock.ts';
import { type Asked, createExports, readQuestion } from '../export/index.ts';
import { formatDecimal, margin, markup } from '../money.ts';
import {
  createProfit,
  grossProfitMicros,
  type Invalid,
  type ProfitLine,
  type ProfitSums,
} from '../profit/index.ts';
import type { Interval } from '../time-zone.ts';
import { type Command, type Context, OK, UsageError } from './command.ts';
import { accountIdOf, encodeId } from './outside-ids.ts';
import { reportText } from './report-text.ts';

/** Where nobody says how wide a line may be. */
const COLUMNS = 100;
/** More points than these make no chart. */
const MOST_BARS = 62;

/** Options by the names of the questions' parameters. */
const OPTIONS = {
  from: 'from',
  to: 'to',
  by: 'groupBy',
  interval: 'interval',
  zone: 'timeZone',
  providers: 'providers',
  models: 'models',
  operations: 'operations',
  tiers: 'tiers',
  accounts: 'accounts',
  countries: 'countries',
  plans: 'plans',
} as const;

const nameOf = (path: string) =>
  Object.entries(OPTIONS).find(([, parameter]) => parameter === path.replace(/^(range|filter)\./, ''))?.[0] ??
  path;

function orRefuse<Outcome extends { readonly status: string }>(
  outcome: Outcome | Invalid,
): Exclude<Outcome, Invalid> {
  if (outcome.status === 'invalid') {
    throw new UsageError(
      (outcome as Invalid).fields.map(({ path, message }) => `--${nameOf(path)}: ${message}`).join(' '),
    );
  }
  return outcome as Exclude<Outcome, Invalid>;
}

/** The longest interval that still shows how a range went. */
function intervalOf(asked: Asked): Interval {
  if (asked.interval) return asked.interval;
  const days = (asked.question.range.to.getTime() - asked.question.range.from.getTime()) / 86_400_000;
  if (days <= 2) return 'HOUR';
  if (days <= MOST_BARS) return 'DAY';
  return days <= 366 ? 'WEEK' : 'MONTH';
}

/** Sums as the API writes them. */
function jsonOf(sums: ProfitSums) {
  return {
    calls: sums.calls,
    succeeded: sums.succeeded,
    failed: sums.failed,
    cacheHits: sums.cacheHits,
    credits: String(sums.credits),
    cost: formatDecimal(sums.costMicros),
    lostCost: formatDecimal(sums.lostCostMicros),
    revenue: formatDecimal(sums.revenueMicros),
    grossProfit: formatDecimal(grossProfitMicros(sums)),
    margin: margin(sums.revenueMicros, sums.costMicros),
    markup: markup(sums.revenueMicros, sums.costMicros),
  };
}

const jsonOfLine = (line: ProfitLine) => ({
  provider: line.provider,
  model: line.model,
  operation: line.operation,
  tier: line.tier,
  account: line.accountId === null ? null : encodeId('Account', line.accountId),
  country: line.country,
  plan: line.plan,
  ...jsonOf(line),
});

type Form = 'text' | 'csv' | 'json';

async function run(
  context: Context,
  texts: Readonly<Record<string, string | undefined>>,
  form: Form,
): Promise<number> {
  const { database, environment, terminal } = context;
  const profit = createProfit({ database, timeZone: environment.timeZone });
  const asked = readQuestion(texts, {
    timeZone: profit.timeZone,
    now: systemClock.now(),
    accountId: accountIdOf,
  });
  if ('fields' in asked) {
    throw new UsageError(asked.fields.map(({ path, message }) => `--${nameOf(path)}: ${message}`).join(' '));
  }
  if (form === 'csv') {
    const outcome = await createExports({ database, profit }).begin(
      'profit',
      asked,
      encodeId,
      new AbortController().signal,
    );
    if (outcome.status === 'busy') throw new Error('An export of this process is under way.');
    if (outcome.status === 'invalid') return orRefuse(outcome);
    for await (const piece of outcome.pieces)
      terminal.print(piece.replace(/\r\n$/, '').replaceAll('\r\n', '\n'));
    return OK;
  }
  const { question } = asked;
  const { report } = orRefuse(await profit.report(question));
  const { points } = orRefuse(await profit.series(question, intervalOf(asked)));
  const { trend } = orRefuse(await profit.trend(question));
  if (form === 'json') {
    terminal.print(
      JSON.stringify(
        {
          range: report.range,
          timeZone: report.timeZone,
          totals: jsonOf(report.totals),
          lines: report.lines.map(jsonOfLine),
          series: points.map((point) => ({ at: point.at, until: point.until, ...jsonOf(point) })),
          trend: { ...trend, previous: jsonOf(trend.previous) },
        },
        null,
        2,
      ),
    );
    return OK;
  }
  const shown = {
    report,
    groupBy: question.groupBy,
    points: points.length <= MOST_BARS || asked.interval ? points : [],
    trend,
    columns: terminal.screen?.columns ?? COLUMNS,
  };
  for (const line of reportText(shown)) terminal.print(line);
  return OK;
}

/** `solvent report`: what the dashboard shows. */
export const report: Command = {
  usage: [
    {
      call: 'report [--from D] [--to D] [--by A,B]',
      does: 'Cost, revenue and profit, by provider, model, operation, tier, account, country or plan. The last 30 days unless told otherwise.',
    },
    {
      call: 'report … [--interval I] [--zone Z]',
      does: 'Its chart by hour, day, week or month, and whose calendar it goes by. D is 2026-11-01, an instant, 7d, yesterday, today or now; --to is not included.',
    },
    {
      call: 'report … [--csv | --json]',
      does: 'The same for programs. --providers, --models, --operations, --tiers, --accounts, --countries and --plans filter.',
    },
  ],
  parse(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...(Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, { type: 'string' }])) as Record<
          keyof typeof OPTIONS,
          { type: 'string' }
        >),
        csv: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
      allowPositionals: false,
      strict: true,
    });
    if (values.csv && values.json) throw new UsageError('report gives one form: say --csv or --json.');
    const texts = Object.fromEntries(
      Object.entries(OPTIONS).map(([name, parameter]) => [parameter, values[name as keyof typeof OPTIONS]]),
    );
    const form = values.csv ? 'csv' : values.json ? 'json' : 'text';
    return (context) => run(context, texts, form);
  },
};
