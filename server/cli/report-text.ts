/** A report as people read it in a terminal: a table, a chart of bars, and what has changed. */
import { countOf, formatDecimal, type Micros, margin } from '../money.ts';
import {
  grossProfitMicros,
  type ProfitDimension,
  type ProfitLine,
  type ProfitPoint,
  type ProfitReport,
  type ProfitSums,
  type ProfitTrend,
} from '../profit/index.ts';
import { formatCount, formatPercent } from './figures.ts';
import { pointsAligned, table } from './text-table.ts';

const NAMES: Readonly<Record<ProfitDimension, (line: ProfitLine) => string>> = {
  PROVIDER: (line) => line.provider ?? '',
  MODEL: (line) => line.model ?? '',
  OPERATION: (line) => line.operation ?? '',
  TIER: (line) => line.tier ?? '',
  ACCOUNT: (line) => line.accountId ?? '–',
  COUNTRY: (line) => line.country || '–',
  PLAN: (line) => line.plan || '–',
};

const HEADER = ['calls', 'failed', 'cost', 'lost', 'revenue', 'profit', 'margin'];

function figuresOf(sums: ProfitSums): string[] {
  return [
    formatCount(sums.calls),
    formatCount(sums.failed),
    formatDecimal(sums.costMicros),
    formatDecimal(sums.lostCostMicros),
    formatDecimal(sums.revenueMicros),
    formatDecimal(grossProfitMicros(sums)),
    formatPercent(margin(sums.revenueMicros, sums.costMicros)),
  ];
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of at most `width` characters, in eighths of one. */
function bar(value: Micros, most: Micros, width: number): string {
  if (value <= 0n || most <= 0n) return '';
  const eighths = countOf((value * BigInt(width * 8)) / most);
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}

/** An instant on the clocks of a time zone, to the minute: `2026-11-01 12:00`. */
export function localTime(at: Date, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' }).format(
    at,
  );
}

const change = (ratio: number | null) =>
  ratio === null ? '–' : `${ratio < 0 ? '−' : '+'}${Math.abs(ratio * 100).toFixed(1)} %`;

/** What is shown. */
export interface Shown {
  readonly report: ProfitReport;
  readonly groupBy: readonly ProfitDimension[];
  readonly points: readonly ProfitPoint[];
  readonly trend: ProfitTrend;
  /** How many characters a line may have. */
  readonly columns: number;
}

/** The lines of a report. */
export function reportText({ report, groupBy, points, trend, columns }: Shown): string[] {
  const { range, timeZone, totals, lines } = report;
  const when = ({ from, to }: { from: Date; to: Date }) =>
    `${localTime(from, timeZone)} to just before ${localTime(to, timeZone)}`;
  const head = [`Booked from ${when(range)} (${timeZone}).`, ''];
  if (totals.calls === 0 && totals.costMicros === 0n && totals.revenueMicros === 0n) {
    return [...head, 'Nothing was booked in this time.'];
  }
  const names = Math.max(1, groupBy.length);
  const header = groupBy.length > 0 ? groupBy.map((dimension) => dimension.toLowerCase()) : [''];
  const body =
    groupBy.length > 0
      ? lines.map((line) => [...groupBy.map((by) => NAMES[by](line)), ...figuresOf(line)])
      : [];
  const total = ['total', ...Array.from({ length: names - 1 }, () => ''), ...figuresOf(totals)];
  const rows = table([[...header, ...HEADER], ...body, total], names);
  const ruled =
    body.length > 0
      ? [...rows.slice(0, -1), '─'.repeat(Math.max(...rows.map((row) => row.length))), ...rows.slice(-1)]
      : rows;

  const most = points.reduce(
    (top, { revenueMicros, costMicros }) =>
      [top, revenueMicros, costMicros].reduce((a, b) => (a > b ? a : b)),
    0n,
  );
  const profits = pointsAligned(points.map((point) => formatDecimal(grossProfitMicros(point))));
  const widest = Math.max(0, ...profits.map((profit) => profit.length));
  const width = Math.max(8, Math.min(48, columns - 10 - widest - 12));
  const hourly =
    points.length > 1 && (points[1]?.at.getTime() ?? 0) - (points[0]?.at.getTime() ?? 0) < 7_200_000;
  const chart = points.flatMap((point, index) => {
    const label = localTime(point.at, timeZone).slice(0, hourly ? 16 : 10);
    return [
      `${label}  revenue ${bar(point.revenueMicros, most, width).padEnd(width)}  ${(profits[index] ?? '').padStart(widest)}`.trimEnd(),
      `${' '.repeat(label.length)}  cost    ${bar(point.costMicros, most, width)}`.trimEnd(),
    ];
  });
  return [
    ...head,
    ...ruled,
    ...(chart.length > 0 ? ['', `Revenue and cost; profit at the right.`, ...chart] : []),
    '',
    `Against ${when(trend.range)}: calls ${change(trend.callsChange)}, cost ${change(trend.costChange)}, revenue ${change(trend.revenueChange)}, profit ${change(trend.grossProfitChange)}.`,
  ];
}
