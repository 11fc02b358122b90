/** Reports as CSV: the same lines that the API answers. */
import type { Sql } from '../database/index.ts';
import { formatDecimal, margin, markup } from '../money.ts';
import {
  grossProfitMicros,
  type Invalid,
  NOTHING,
  type Profit,
  type ProfitDimension,
  type ProfitLine,
  type ProfitSums,
  type TimeRange,
} from '../profit/index.ts';
import { csvLine, defuse } from '../tables/index.ts';
import type { EncodeId } from './attempts.ts';
import type { Asked } from './question.ts';
import { externalIds } from './statements.ts';

/** The most lines of one report, or of one interval of it: they are held while they are written. */
const MOST_LINES = 100_000;
/** Lines of accounts whose own ids are looked up at a time. */
const LOOKED_UP = 1_000;

/** Columns of what lines are told apart by, and what stands in them. */
const DIMENSIONS: Readonly<Record<ProfitDimension, readonly [string, keyof ProfitLine][]>> = {
  PROVIDER: [['provider', 'provider']],
  MODEL: [['model', 'model']],
  OPERATION: [['operation', 'operation']],
  TIER: [['tier', 'tier']],
  ACCOUNT: [['account_id', 'accountId']],
  COUNTRY: [['country', 'country']],
  PLAN: [['plan', 'plan']],
};

const SUMS = [
  'calls',
  'succeeded',
  'failed',
  'cache_hits',
  'credits',
  'cost',
  'lost_cost',
  'revenue',
  'gross_profit',
  'margin',
  'markup',
  'average_cost',
  'average_duration_ms',
];

const optional = (ratio: number | null) => (ratio === null ? '' : String(ratio));
const average = (sum: bigint, calls: number) => (calls === 0 ? 0n : sum / BigInt(calls));

function cellsOf(sums: ProfitSums): string[] {
  return [
    String(sums.calls),
    String(sums.succeeded),
    String(sums.failed),
    String(sums.cacheHits),
    String(sums.credits),
    formatDecimal(sums.costMicros),
    formatDecimal(sums.lostCostMicros),
    formatDecimal(sums.revenueMicros),
    formatDecimal(grossProfitMicros(sums)),
    optional(margin(sums.revenueMicros, sums.costMicros)),
    optional(markup(sums.revenueMicros, sums.costMicros)),
    formatDecimal(average(sums.costMicros, sums.calls)),
    String(average(sums.durationMs, sums.calls)),
  ];
}

const isNothing = (sums: ProfitSums) =>
  sums.calls === 0 && sums.costMicros === 0n && sums.revenueMicros === 0n;

type Lines = AsyncGenerator<string, Invalid | undefined>;

/**
 * Pieces of CSV: a line for each combination that the question is grouped by, or for each interval, or for each combination in
 * each interval.
 *
 * @returns at its end, what is wrong with the question, when something is; nothing has been given then but for intervals before.
 */
export async function* profitCsv(
  sql: Sql,
  profit: Profit,
  { question, interval }: Asked,
  encodeId: EncodeId,
): Lines {
  const { groupBy } = question;
  const times = interval ? ['from', 'to'] : [];
  const names = groupBy.flatMap((dimension) =>
    dimension === 'ACCOUNT'
      ? ['account_id', 'account_external_id']
      : DIMENSIONS[dimension].map(([name]) => name),
  );
  const header = csvLine([...times, ...names, ...SUMS]);

  async function* linesOf(lines: readonly ProfitLine[], when: readonly string[]): AsyncGenerator<string> {
    for (let at = 0; at < lines.length; at += LOOKED_UP) {
      const page = lines.slice(at, at + LOOKED_UP);
      const ids = groupBy.includes('ACCOUNT') ? page.flatMap(({ accountId }) => accountId ?? []) : [];
      const own = ids.length > 0 ? await externalIds(sql, ids) : new Map<string, string>();
      let text = '';
      for (const line of page) {
        const dimensions = groupBy.flatMap((dimension) => {
          if (dimension !== 'ACCOUNT')
            return DIMENSIONS[dimension].map(([, name]) => defuse(String(line[name] ?? '')));
          const id = line.accountId ?? '';
          // What a bill corrects is no account's.
          return own.has(id) ? [encodeId('Account', id), defuse(own.get(id) ?? '')] : ['', ''];
        });
        text += csvLine([...when, ...dimensions, ...cellsOf(line)]);
      }
      yield text;
    }
  }
  const reportOf = (range: TimeRange) => profit.report({ ...question, range, mostLines: MOST_LINES });

  if (!interval) {
    const outcome = await reportOf(question.range);
    if (outcome.status === 'invalid') return outcome;
    yield header;
    yield* linesOf(outcome.report.lines, []);
    return undefined;
  }
  const series = await profit.series(question, interval);
  if (series.status === 'invalid') return series;
  let begun = false;
  for (const point of series.points) {
    const when = [point.at.toISOString(), point.until.toISOString()];
    let text = '';
    if (groupBy.length === 0) text = csvLine([...when, ...cellsOf(point)]);
    else if (!isNothing({ ...NOTHING, ...point })) {
      const outcome = await reportOf({ from: point.at, to: point.until });
      if (outcome.status === 'invalid') return outcome;
      for await (const piece of linesOf(outcome.report.lines, when)) text += piece;
    }
    if (!begun) text = header + text;
    begun = true;
    if (text !== '') yield text;
  }
  if (!begun) yield header;
  return undefined;
}
