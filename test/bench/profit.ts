/**
 * Whether reports stay instant and booking keeps its speed as years go by: the same questions on a tenth of the history and
 * on all of it, beside the query that one writes without summaries; and settling beside a site that has just begun.
 */
import { systemClock } from '../../server/clock.ts';
import type { Database } from '../../server/database/index.ts';
import { type Ledger, openLedger } from '../../server/ledger/index.ts';
import {
  addUp,
  createProfit,
  type Interval,
  type Profit,
  type ProfitQuestion,
} from '../../server/profit/index.ts';
import type { Bench } from './bench.ts';
import { reserveItem, settleItem } from './support/calls.ts';
import { type BenchDatabase, createDatabase, open, postgresSettings } from './support/database.ts';
import { CUSTOMERS, customerId, DAYS, makeHistory } from './support/history.ts';
import { figure, figures, quantile, ratios, type Spread, spread } from './support/statistics.ts';

/** What a site has that has just begun. */
const NEW_SITE = 10_000;
/** How many times smaller the history is that the whole one is compared with. */
const TENTH = 10;
const REPORTS = 100;
const OLD_QUERIES = 40;
/** Reports between two old queries, so that what the machine does meanwhile falls on both. */
const REPORTS_BETWEEN = 8;
const SETTLE_ROUNDS = 9;
const SETTLES = 2_000;
const CONCURRENCY = 64;
const TARGET_TIMES_OLD = 100;
const TARGET_GROWTH = 1.3;
const TARGET_SETTLE = 0.85;
const DAY_MS = 86_400_000;

/** What is asked, again and again. The first is what the targets are about. */
interface Asked {
  readonly name: string;
  readonly question: ProfitQuestion;
  readonly interval: Interval;
}

function questions(): readonly [Asked, ...Asked[]] {
  const end = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const last = (days: number, offMs = 0) => ({
    from: new Date(end - days * DAY_MS + offMs),
    to: new Date(end + offMs),
  });
  return [
    {
      name: '30 days by provider × operation, by day',
      question: { range: last(30), groupBy: ['PROVIDER', 'OPERATION'] },
      interval: 'DAY',
    },
    {
      name: 'the same in Berlin’s days',
      question: {
        range: last(30, -2 * 3_600_000),
        groupBy: ['PROVIDER', 'OPERATION'],
        timeZone: 'Europe/Berlin',
      },
      interval: 'DAY',
    },
    {
      name: '30 days from 11:07:03 on, by tier × country, by day',
      question: { range: last(30, -46_377_000), groupBy: ['TIER', 'COUNTRY'] },
      interval: 'DAY',
    },
    {
      name: '400 days by model, by week',
      question: { range: last(DAYS), groupBy: ['MODEL'] },
      interval: 'WEEK',
    },
    {
      name: '30 days of one account by model, by day',
      question: { range: last(30), groupBy: ['MODEL'], filter: { accounts: [customerId(7)] } },
      interval: 'DAY',
    },
  ];
}

/** What one writes without summaries; one pass answers for lines, totals and series. */
const OLD_QUERY = `SELECT date_trunc('day', booked_at, 'UTC') AS day, provider, operation, count(*) AS calls,
    count(*) FILTER (WHERE outcome = 'SUCCEEDED') AS succeeded, count(*) FILTER (WHERE cost_source = 'cache') AS cache_hits,
    sum(credits_charged) AS credits, sum(cost_micros) AS cost_micros, sum(revenue_micros) AS revenue_micros, sum(duration_ms) AS duration_ms
  FROM attempt WHERE booked_at >= $1 AND booked_at < $2 GROUP BY 1, 2, 3`;
/** All that it asks for, in the order of time, so that the table itself is not touched. */
const OLD_INDEX = `CREATE INDEX bench_old ON attempt (booked_at)
  INCLUDE (provider, operation, outcome, cost_source, credits_charged, cost_micros, revenue_micros, duration_ms)`;

/** A site with so many calls behind it. */
class Site implements AsyncDisposable {
  readonly rows: number;
  readonly database: Database;
  readonly profit: Profit;
  readonly #benchDatabase: BenchDatabase;
  readonly #ledger: Ledger;

  private constructor(rows: number, benchDatabase: BenchDatabase, database: Database, ledger: Ledger) {
    this.rows = rows;
    this.#benchDatabase = benchDatabase;
    this.database = database;
    this.#ledger = ledger;
    this.profit = createProfit({ database, timeZone: 'UTC' });
  }

  static async of(rows: number): Promise<Site> {
    const benchDatabase = await createDatabase('profit');
    const database = await open(benchDatabase.url, 10);
    const startedAt = performance.now();
    await makeHistory(database, rows);
    const seconds = (performance.now() - startedAt) / 1_000;
    process.stdout.write(`  made ${rows.toLocaleString('en')} calls in ${figure(seconds)} s\n`);
    return new Site(rows, benchDatabase, database, await openLedger({ database, clock: systemClock }));
  }

  /** Answers a question with lines, totals and series. Gives the milliseconds that it took. */
  async ask({ question, interval }: Asked): Promise<number> {
    const startedAt = performance.now();
    const [report, series] = await Promise.all([
      this.profit.report(question),
      this.profit.series(question, interval),
    ]);
    const took = performance.now() - startedAt;
    if (report.status !== 'report' || series.status !== 'series')
      throw new Error('The question was refused.');
    if (addUp(series.points).costMicros !== report.report.totals.costMicros) {
      throw new Error('The series does not add up to the totals.');
    }
    return took;
  }

  /** Settles calls that were reserved before the clock runs, 64 at a time. Gives how many a second. */
  async settle(calls: number): Promise<number> {
    const waiting: string[] = [];
    const lanes = (work: () => Promise<boolean>) =>
      Promise.all(
        Array.from({ length: CONCURRENCY }, async () => {
          while (await work());
        }),
      );
    let begun = 0;
    await lanes(async () => {
      if (begun >= calls) return false;
      begun += 1;
      const item = reserveItem(customerId(1 + Math.floor(CUSTOMERS * Math.random() ** 3)));
      const { status } = await this.#ledger.reserve(item);
      if (status !== 'reserved') throw new Error(`Not reserved: ${status}`);
      waiting.push(item.id);
      return true;
    });
    const startedAt = performance.now();
    await lanes(async () => {
      const id = waiting.pop();
      if (id === undefined) return false;
      const { status } = await this.#ledger.settle(settleItem(id));
      if (status !== 'settled') throw new Error(`Not settled: ${status}`);
      return true;
    });
    return calls / ((performance.now() - startedAt) / 1_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ledger.stop();
    await this.database.close();
    await this.#benchDatabase[Symbol.asyncDispose]();
  }
}

interface Found {
  readonly name: string;
  readonly few: readonly number[];
  readonly many: readonly number[];
}

const at = (values: readonly number[], part: number) => quantile([...values], part);
const ms = (values: readonly number[]) => `${figure(at(values, 0.5))} / ${figure(at(values, 0.95))}`;

async function measureReports(few: Site, many: Site): Promise<Found[]> {
  const found: Found[] = [];
  for (const asked of questions()) {
    const took = new Map<Site, number[]>([
      [few, []],
      [many, []],
    ]);
    for (let turn = -10; turn < REPORTS; turn += 1) {
      for (const site of turn % 2 === 0 ? [few, many] : [many, few]) {
        const milliseconds = await site.ask(asked);
        if (turn >= 0) took.get(site)?.push(milliseconds);
      }
    }
    found.push({ name: asked.name, few: took.get(few) ?? [], many: took.get(many) ?? [] });
  }
  return found;
}

/** The old query with its index in turn with reports, and that both ways find the same. */
async function measureOld(site: Site, asked: Asked): Promise<{ old: number[]; ours: number[] }> {
  const { database, profit } = site;
  await database.query(OLD_INDEX);
  await database.query('VACUUM ANALYZE attempt');
  const { range } = asked.question;
  const parameters = [range.from, range.to];
  const took = { old: [] as number[], ours: [] as number[] };
  for (let turn = -2; turn < OLD_QUERIES; turn += 1) {
    const startedAt = performance.now();
    await database.query(OLD_QUERY, parameters);
    if (turn >= 0) took.old.push(performance.now() - startedAt);
    for (let report = 0; report < REPORTS_BETWEEN; report += 1) {
      const milliseconds = await site.ask(asked);
      if (turn >= 0) took.ours.push(milliseconds);
    }
  }
  const [old] = await database.query<{ calls: bigint; cost: bigint; revenue: bigint }>(
    `SELECT sum(calls)::bigint AS calls, sum(cost_micros)::bigint AS cost, sum(revenue_micros)::bigint AS revenue FROM (${OLD_QUERY}) AS line`,
    parameters,
  );
  const ours = await profit.report(asked.question);
  if (ours.status !== 'report') throw new Error('The question was refused.');
  const { calls, costMicros, revenueMicros } = ours.report.totals;
  if (BigInt(calls) !== old?.calls || costMicros !== old.cost || revenueMicros !== old.revenue) {
    throw new Error('The report and the old query do not agree.');
  }
  return took;
}

async function measureSettling(
  fresh: Site,
  many: Site,
): Promise<{ fresh: number[]; many: number[]; ratio: Spread }> {
  const found = { fresh: [] as number[], many: [] as number[] };
  for (let turn = -1; turn < SETTLE_ROUNDS; turn += 1) {
    for (const site of turn % 2 === 0 ? [fresh, many] : [many, fresh]) {
      const rate = await site.settle(SETTLES);
      if (turn >= 0) found[site === many ? 'many' : 'fresh'].push(rate);
    }
  }
  return { ...found, ratio: ratios(found.many, found.fresh) };
}

export const profit: Bench = {
  name: 'profit',
  needsPostgres: true,
  async run({ rows }) {
    await using fresh = await Site.of(Math.min(NEW_SITE, rows));
    await using few = await Site.of(Math.ceil(rows / TENTH));
    await using many = await Site.of(rows);
    const found = await measureReports(few, many);
    const settling = await measureSettling(fresh, many);
    const [first] = questions();
    const beside = await measureOld(many, first);
    const headline = found[0] ?? { name: '', few: [], many: [] };
    const timesOld = at(beside.old, 0.95) / at(beside.ours, 0.95);
    const growth = at(headline.many, 0.95) / at(headline.few, 0.95);
    const label = (count: number) => `${count.toLocaleString('en')} calls`;
    return {
      question: 'reports through the profit room, and settling through the ledger, as the history grows',
      configuration: {
        ...(await postgresSettings()),
        calls: rows,
        days: DAYS,
        accounts: CUSTOMERS,
        'reports each': REPORTS,
        'settled each round': SETTLES,
        'at once when settling': CONCURRENCY,
      },
      columns: ['report and series, ms p50 / p95', label(few.rows), label(many.rows)],
      rows: [
        ...found.map((one) => [one.name, ms(one.few), ms(one.many)]),
        ['the first, in turn with the old query', '', ms(beside.ours)],
        ['the old query with its best index', '', ms(beside.old)],
        [
          'settled a second',
          `${figures(spread(settling.fresh))} at ${label(fresh.rows)}`,
          figures(spread(settling.many)),
        ],
      ],
      targets: [
        {
          what: `${headline.name}: p95 beside the old query's`,
          target: `≥ ${TARGET_TIMES_OLD} times faster`,
          found: `${figure(timesOld)} times`,
          met: timesOld >= TARGET_TIMES_OLD,
        },
        {
          what: `its p95 beside that on a tenth of the calls`,
          target: `≤ ${TARGET_GROWTH} times`,
          found: `${figure(growth)} times`,
          met: growth <= TARGET_GROWTH,
        },
        {
          what: `settled a second beside a site with ${label(fresh.rows)}`,
          target: `≥ ${TARGET_SETTLE * 100} %`,
          found: `${figure(settling.ratio.median * 100)} % (${figure(settling.ratio.least * 100)}–${figure(settling.ratio.most * 100)} %)`,
          met: settling.ratio.median >= TARGET_SETTLE,
        },
      ],
      notes: [
        'The old query has an index that holds all it asks for, made after the settling was measured, so that it costs that nothing.',
        'It does not ask which cost was lost, for which it would have to join the reservations.',
      ],
      figures: { found, beside, settling },
    };
  },
};
