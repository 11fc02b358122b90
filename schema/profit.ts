/** What was booked, by whatever an operator asks for. */
import { margin } from '../server/money.ts';
import {
  grossProfitMicros,
  type ProfitPoint as Point,
  PROFIT_DIMENSIONS,
  type ProfitQuestion,
  RANKINGS,
  type ProfitReport as Report,
  type ProfitTrend as Trend,
} from '../server/profit/index.ts';
import { builder, needs } from './builder.ts';
import { orInvalid } from './errors.ts';
import { accountsOf, ProfitFilter, ProfitLine } from './profit-line.ts';
import { Money } from './scalars.ts';
import { Range, TIME_ZONE_ARGUMENT, TimeRange } from './time-range.ts';

const ProfitDimension = builder.enumType('ProfitDimension', {
  description: 'What lines of a report can be told apart by.',
  values: PROFIT_DIMENSIONS,
});

const Interval = builder.enumType('Interval', {
  description: "How a range is cut into points, by the time zone's own calendar.",
  values: {
    HOUR: { description: 'Hours of its clocks.' },
    DAY: { description: 'From midnight to midnight: 23 or 25 hours where the clocks change.' },
    WEEK: { description: 'From Monday on.' },
    MONTH: { description: 'From the first on.' },
  } as const,
});

const TopBy = builder.enumType('TopBy', {
  description: 'What accounts are ranked by, the most first.',
  values: RANKINGS,
});

const ProfitPoint = builder.objectRef<Point>('ProfitPoint').implement({
  description: 'What calls of one interval add up to; zeros where there was none.',
  fields: (t) => ({
    at: t.expose('at', {
      type: 'DateTime',
      description: 'Where the interval begins, or the range where that begins later.',
    }),
    until: t.expose('until', {
      type: 'DateTime',
      description: 'Where it ends, or the range where that ends earlier.',
    }),
    calls: t.exposeInt('calls', { description: 'Attempts that were booked.' }),
    failed: t.exposeInt('failed', { description: 'Those that did not make what was asked for.' }),
    cacheHits: t.exposeInt('cacheHits', { description: 'Those that an earlier result served.' }),
    cost: t.field({ type: Money, description: 'What providers bill.', resolve: (point) => point.costMicros }),
    lostCost: t.field({
      type: Money,
      description: 'The part of cost whose customer was refunded.',
      resolve: (point) => point.lostCostMicros,
    }),
    revenue: t.field({
      type: Money,
      description: 'What the burned credits earned.',
      resolve: (point) => point.revenueMicros,
    }),
    grossProfit: t.field({ type: Money, description: 'revenue − cost', resolve: grossProfitMicros }),
    margin: t.float({
      nullable: true,
      description: 'grossProfit / revenue, null when revenue is 0.',
      resolve: (point) => margin(point.revenueMicros, point.costMicros),
    }),
  }),
});

const ProfitTrend = builder.objectRef<Trend>('ProfitTrend').implement({
  description:
    'The time of equal length before, and what has changed: 0.25 is a quarter more, −0.1 a tenth less, null where there was nothing.',
  fields: (t) => ({
    range: t.field({
      type: Range,
      description:
        'As many days of the time zone where the range is whole days of it, else as long to the millisecond.',
      resolve: (trend) => trend.range,
    }),
    previous: t.field({ type: ProfitLine, description: 'Its totals.', resolve: (trend) => trend.previous }),
    callsChange: t.exposeFloat('callsChange', { nullable: true, description: 'Of calls.' }),
    costChange: t.exposeFloat('costChange', { nullable: true, description: 'Of cost.' }),
    revenueChange: t.exposeFloat('revenueChange', { nullable: true, description: 'Of revenue.' }),
    grossProfitChange: t.exposeFloat('grossProfitChange', {
      nullable: true,
      description:
        'Of gross profit, by the size of what it was: a loss that shrinks is a change for the better.',
    }),
  }),
});

interface Answered {
  readonly question: ProfitQuestion;
  readonly report: Report;
}

const ProfitReport = builder.objectRef<Answered>('ProfitReport').implement({
  description: 'What was booked in a range: lines that add up to totals.',
  fields: (t) => ({
    range: t.field({ type: Range, description: 'What it is about.', resolve: ({ report }) => report.range }),
    timeZone: t.string({
      description: 'Whose calendar its series go by.',
      resolve: ({ report }) => report.timeZone,
    }),
    totals: t.field({
      type: ProfitLine,
      description: 'Of all lines.',
      resolve: ({ report }) => report.totals,
    }),
    lines: t.field({
      type: [ProfitLine],
      description: 'One for each combination of what it is grouped by that has a call, the dearest first.',
      args: {
        first: t.arg.int({ required: false, description: 'Only so many of them; all when left out.' }),
      },
      resolve: ({ report }, { first }) =>
        report.lines.slice(0, first == null ? undefined : Math.max(first, 0)),
    }),
    series: t.field({
      type: [ProfitPoint],
      description: 'The totals by intervals of the time zone, from the first to the last; at most 9,000.',
      args: { interval: t.arg({ type: Interval, required: true }) },
      resolve: async ({ question }, { interval }, context) => {
        const { points } = orInvalid(await context.core.profit.series(question, interval));
        return [...points];
      },
    }),
    trend: t.field({
      type: ProfitTrend,
      description: 'The totals beside those of the time before.',
      resolve: async ({ question }, _args, context) =>
        orInvalid(await context.core.profit.trend(question)).trend,
    }),
  }),
});

builder.queryFields((t) => ({
  profit: t.field({
    type: ProfitReport,
    ...needs(
      'profit:read',
      'Cost, revenue and profit of a range, by whatever it is grouped by. Grouped or filtered by account, the days of UTC at its two ends are read call by call.',
    ),
    args: {
      range: t.arg({ type: TimeRange, required: true }),
      groupBy: t.arg({
        type: [ProfitDimension],
        required: false,
        defaultValue: [],
        description: 'What lines are told apart by; without any there is one.',
      }),
      filter: t.arg({ type: ProfitFilter, required: false }),
      timeZone: t.arg.string({ required: false, description: TIME_ZONE_ARGUMENT }),
    },
    resolve: async (_root, args, context) => {
      const question = { ...args, filter: { ...args.filter, accounts: accountsOf(args.filter) } };
      const { report } = orInvalid(await context.core.profit.report(question));
      return { question, report };
    },
  }),
  topAccounts: t.field({
    type: [ProfitLine],
    ...needs('profit:read', 'The first accounts by cost, revenue, loss (cost − revenue) or calls.'),
    args: {
      range: t.arg({ type: TimeRange, required: true }),
      by: t.arg({ type: TopBy, required: false, defaultValue: 'COST' }),
      first: t.arg.int({ required: false, defaultValue: 10, description: '1 to 100.' }),
      filter: t.arg({ type: ProfitFilter, required: false }),
    },
    resolve: async (_root, { by, first, ...args }, context) => {
      const question = { ...args, filter: { ...args.filter, accounts: accountsOf(args.filter) } };
      return [...orInvalid(await context.core.profit.topAccounts(question, by ?? 'COST', first ?? 10)).lines];
    },
  }),
}));
