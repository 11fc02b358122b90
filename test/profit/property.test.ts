/**
 * After any history every report is what the books add up to, to the micro. A failure prints its seed and path;
 * `FC_SEED=… FC_PATH=… npx vitest run test/profit/property.test.ts` runs it again, and `FC_RUNS=2000 …` is the long form.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../server/clock.ts';
import {
  addUp,
  createBusiness,
  createProfit,
  type Interval,
  PROFIT_DIMENSIONS,
  type ProfitLine,
  type ProfitQuestion,
  type ProfitSums,
  type TimeRange,
} from '../../server/profit/index.ts';
import { describeOnEachDatabase, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { histories } from '../support/rounds.ts';
import {
  COUNTRIES,
  happen,
  history,
  OPERATIONS,
  PLANS,
  PROVIDERS,
  TIERS,
  type Told,
  ZONES,
} from './history.ts';

const DAY = 86_400_000;
const INTERVALS: readonly Interval[] = ['HOUR', 'DAY', 'WEEK', 'MONTH'];
/** What the ends of ranges are rounded to: nothing, quarters of an hour, hours, days. */
const ROUNDINGS = [1, 900_000, 3_600_000, DAY];

const some = <Item>(items: readonly Item[]) =>
  fc.option(fc.subarray([...items], { minLength: 0 }), { nil: undefined, freq: 2 });
const question = fc.record({
  /** Where the range begins, is cut in two, and ends, in parts of the history and a day around it. */
  cuts: fc.tuple(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  ),
  rounding: fc.constantFrom(...ROUNDINGS),
  groupBy: fc.subarray([...PROFIT_DIMENSIONS]),
  filter: fc.option(
    fc.record({
      providers: some(PROVIDERS),
      operations: some(OPERATIONS),
      tiers: some(TIERS),
      countries: some(COUNTRIES.map((country) => country ?? '')),
      plans: some(PLANS.map((plan) => plan ?? '')),
      accounts: some([0, 1, 2]),
    }),
    { nil: null, freq: 1 },
  ),
  timeZone: fc.constantFrom(...ZONES),
  interval: fc.constantFrom(...INTERVALS),
});
type Asked = typeof question extends fc.Arbitrary<infer Value> ? Value : never;

/** All that is booked: calls, those of before, and what bills said. Written out once more, so that it leans on no view or function. */
const BOOKED = `SELECT a.booked_at AS at, a.provider, a.model, a.operation, a.tier, a.country, a.plan_id, a.account_id, 1 AS calls,
      a.outcome = 'SUCCEEDED' AS succeeded, a.cost_source = 'cache' AS hit, a.outcome <> 'SUCCEEDED' OR r.status <> 'POSTED' AS lost,
      a.credits_charged AS credits, a.cost_micros, a.revenue_micros, a.duration_ms
    FROM attempt a JOIN reservation r ON r.id = a.generation_id
    UNION ALL
    SELECT created_at, provider, model, operation, tier, country, plan_id, account_id, calls, outcome = 'SUCCEEDED', false,
      outcome <> 'SUCCEEDED', credits, cost_micros, revenue_micros, duration_ms
    FROM imported_call
    UNION ALL
    SELECT day, provider, model, operation, tier, country, plan_id, NULL, 0, true, false, false, 0, amount_micros, 0, 0
    FROM cost_adjustment`;

/** What of it lies in a range and matches, told apart and cut up as the database itself does it. */
const PLAIN = `SELECT date_trunc($3, a.at, $4) AS point,
    CASE WHEN 'PROVIDER' = ANY ($5) THEN a.provider END AS provider, CASE WHEN 'MODEL' = ANY ($5) THEN a.model END AS model,
    CASE WHEN 'OPERATION' = ANY ($5) THEN a.operation END AS operation, CASE WHEN 'TIER' = ANY ($5) THEN a.tier END AS tier,
    CASE WHEN 'ACCOUNT' = ANY ($5) THEN a.account_id END AS "accountId",
    CASE WHEN 'COUNTRY' = ANY ($5) THEN coalesce(a.country, '') END AS country,
    CASE WHEN 'PLAN' = ANY ($5) THEN coalesce(a.plan_id, '') END AS plan,
    sum(a.calls) AS calls, coalesce(sum(a.calls) FILTER (WHERE a.succeeded), 0) AS succeeded,
    coalesce(sum(a.calls) FILTER (WHERE NOT a.succeeded), 0) AS failed, coalesce(sum(a.calls) FILTER (WHERE a.hit), 0) AS "cacheHits",
    sum(a.credits)::bigint AS credits, sum(a.cost_micros)::bigint AS "costMicros",
    coalesce(sum(a.cost_micros) FILTER (WHERE a.lost), 0)::bigint AS "lostCostMicros",
    sum(a.revenue_micros)::bigint AS "revenueMicros", sum(a.duration_ms)::bigint AS "durationMs"
  FROM (${BOOKED}) a
  WHERE a.at >= $1 AND a.at < $2
    AND ($6::text[] IS NULL OR a.provider = ANY ($6)) AND ($7::text[] IS NULL OR a.operation::text = ANY ($7))
    AND ($8::text[] IS NULL OR a.tier::text = ANY ($8)) AND ($9::text[] IS NULL OR coalesce(a.country, '') = ANY ($9))
    AND ($10::text[] IS NULL OR coalesce(a.plan_id, '') = ANY ($10)) AND ($11::text[] IS NULL OR a.account_id::text = ANY ($11))
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8`;

/** What became of sold credits, by the entries of the ledger themselves; calls of before earned theirs elsewhere. */
const BOOKS = `SELECT coalesce(sum(deferred_delta_micros) FILTER (WHERE kind = 'GRANT' AND created_at >= $1), 0)::bigint AS "soldMicros",
    (coalesce(-sum(deferred_delta_micros) FILTER (WHERE kind = 'POST' AND created_at >= $1), 0)
      + (SELECT coalesce(sum(revenue_micros), 0) FROM imported_call WHERE created_at >= $1 AND created_at < $2))::bigint AS "earnedMicros",
    coalesce(-sum(deferred_delta_micros) FILTER (WHERE kind = 'EXPIRE_GRANT' AND created_at >= $1), 0)::bigint AS "breakageMicros",
    coalesce(-sum(deferred_delta_micros) FILTER (WHERE kind = 'REVOKE' AND created_at >= $1), 0)::bigint AS "clawedBackMicros",
    coalesce(sum(deferred_delta_micros), 0)::bigint AS "deferredMicros"
  FROM entry WHERE created_at < $2`;

/** Prisma would go past the transaction that this runs in, in which nobody has paid. */
const NO_PAYMENTS = { account: { count: async () => 0 }, bookLine: { groupBy: async () => [] } };

type Plain = ProfitLine & { readonly point: Date };
const COUNTS = ['calls', 'succeeded', 'failed', 'cacheHits'] as const;

const keyOf = (line: ProfitLine) =>
  [line.provider, line.model, line.operation, line.tier, line.accountId, line.country, line.plan].join('|');
const byKey = (lines: readonly ProfitLine[]) => [...lines].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
const sumsOf = ({
  calls,
  succeeded,
  failed,
  cacheHits,
  credits,
  costMicros,
  lostCostMicros,
  revenueMicros,
  durationMs,
}: ProfitSums) => ({
  calls,
  succeeded,
  failed,
  cacheHits,
  credits,
  costMicros,
  lostCostMicros,
  revenueMicros,
  durationMs,
});

const isNothing = (sums: ProfitSums) => Object.values(sumsOf(sums)).every((sum) => sum === 0 || sum === 0n);

class Check {
  readonly #told: Told;
  readonly #profit: ReturnType<typeof createProfit>;

  constructor(told: Told) {
    this.#told = told;
    this.#profit = createProfit({ database: told.database, timeZone: 'UTC' });
  }

  async of(asked: Asked): Promise<void> {
    const { from, to, accounts } = this.#told;
    const [first = 0, middle = 0, last = 0] = asked.cuts
      .map((part) => from - DAY + part * (to - from + 2 * DAY))
      .map((at) => Math.floor(at / asked.rounding) * asked.rounding)
      .sort((a, b) => a - b);
    if (first === last) return;
    const filter = asked.filter && {
      ...asked.filter,
      accounts: asked.filter.accounts?.map((index) => accounts[index] ?? ''),
    };
    const range = { from: new Date(first), to: new Date(last) };
    const ask: ProfitQuestion = { range, groupBy: asked.groupBy, filter, timeZone: asked.timeZone };

    const plain = await this.#plain(ask, 'HOUR');
    const lines = await this.#lines(ask);
    expect(byKey(lines)).toEqual(byKey(this.#grouped(plain, asked.groupBy.length > 0)));
    // A range that is cut in two adds up to the whole.
    const parts = [
      { from: range.from, to: new Date(middle) },
      { from: new Date(middle), to: range.to },
    ].filter((part) => part.from < part.to);
    const halves = await Promise.all(parts.map((part) => this.#lines({ ...ask, range: part })));
    expect(addUp(halves.flat())).toEqual(addUp(lines));

    await this.#checkSeries(ask, asked.interval, addUp(lines));
    await this.#checkBooks(range);
    const ranking = await this.#profit.topAccounts(ask, 'LOSS', 2);
    if (ranking.status !== 'ranking') throw new Error(JSON.stringify(ranking));
    const byAccount = this.#grouped(await this.#plain({ ...ask, groupBy: ['ACCOUNT'] }, 'HOUR'), true);
    const losses = byAccount
      .filter(({ accountId }) => accountId !== null)
      .map(({ costMicros, revenueMicros }) => costMicros - revenueMicros);
    losses.sort((a, b) => (a > b ? -1 : 1));
    expect(ranking.lines.map((line) => line.costMicros - line.revenueMicros)).toEqual(losses.slice(0, 2));
  }

  async #lines(ask: ProfitQuestion): Promise<readonly ProfitLine[]> {
    const outcome = await this.#profit.report(ask);
    if (outcome.status !== 'report') throw new Error(JSON.stringify(outcome));
    expect(sumsOf(outcome.report.totals)).toEqual(addUp(outcome.report.lines));
    return outcome.report.lines;
  }

  async #checkSeries(ask: ProfitQuestion, interval: Interval, totals: ProfitSums): Promise<void> {
    const outcome = await this.#profit.series(ask, interval);
    if (outcome.status === 'invalid') {
      // By account, hours of many days are refused, and nothing else is.
      expect(ask.filter?.accounts && outcome.fields[0]?.path).toBe('interval');
      return;
    }
    const { points } = outcome;
    expect(addUp(points)).toEqual(totals);
    expect(points[0]?.at).toEqual(ask.range.from);
    expect(points.at(-1)?.until).toEqual(ask.range.to);
    expect(points.slice(1).map(({ at }) => at)).toEqual(points.slice(0, -1).map(({ until }) => until));
    const plain = await this.#plain({ ...ask, groupBy: [] }, interval);
    const expected = plain
      .filter((line) => !isNothing(line))
      .sort((a, b) => a.point.getTime() - b.point.getTime())
      .map((line) => [Math.max(line.point.getTime(), ask.range.from.getTime()), sumsOf(line)]);
    expect(
      points.filter((point) => !isNothing(point)).map((point) => [point.at.getTime(), sumsOf(point)]),
    ).toEqual(expected);
  }

  async #checkBooks(range: TimeRange): Promise<void> {
    const business = createBusiness({
      database: { ...this.#told.database, prisma: NO_PAYMENTS as never },
      clock: systemClock,
      timeZone: 'UTC',
      catalog: {} as never,
      plans: {} as never,
      priceList: 'tokens',
      marginFloor: 0.2,
    });
    const outcome = await business.metrics(range);
    const [books] = await this.#told.database.query(BOOKS, [range.from, range.to]);
    expect(outcome).toMatchObject({ metrics: books });
  }

  async #plain({ range, groupBy, filter, timeZone }: ProfitQuestion, interval: Interval): Promise<Plain[]> {
    const rows = await this.#told.database.query<Plain>(PLAIN, [
      range.from,
      range.to,
      interval.toLowerCase(),
      timeZone,
      [...(groupBy ?? [])],
      ...[
        filter?.providers,
        filter?.operations,
        filter?.tiers,
        filter?.countries,
        filter?.plans,
        filter?.accounts,
      ].map((list) => (list ? [...list] : null)),
    ]);
    return rows.map((row) => ({
      ...row,
      ...Object.fromEntries(COUNTS.map((name) => [name, Number(row[name])])),
    }));
  }

  /** Lines whatever their time; without grouping there is one. */
  #grouped(plain: readonly Plain[], isGrouped: boolean): ProfitLine[] {
    const groups = Map.groupBy(plain, keyOf);
    // What cancels itself out is no line.
    const lines = [...groups.values()].flatMap(([first, ...rest]) => {
      const { point: _, ...line } = first as Plain;
      const sums = addUp([line, ...rest]);
      return isNothing(sums) ? [] : [{ ...line, ...sums }];
    });
    if (lines.length > 0 || isGrouped) return lines;
    const nobody = {
      provider: null,
      model: null,
      operation: null,
      tier: null,
      accountId: null,
      country: null,
      plan: null,
    };
    return [{ ...nobody, ...addUp([]) }];
  }
}

class RolledBack extends Error {}

/** Histories on each database; a quarter of a second each on a machine that is not busy. */
const RUNS = histories(12, 1_000);

describeOnEachDatabase('profit', (kind) => {
  let opened: TestDatabase;
  beforeAll(async () => {
    opened = await openTestDatabase(kind, 1);
    await opened.database.query('DELETE FROM budget');
  });
  afterAll(() => opened.close());

  it(
    'is what the books add up to, whatever has happened and whatever is asked',
    async () => {
      const seed = process.env.FC_SEED ? Number(process.env.FC_SEED) : Date.now() & 0x7fffffff;
      const path = process.env.FC_PATH;
      console.info(`profit properties on ${kind}: ${RUNS} histories, FC_SEED=${seed}`);
      await fc.assert(
        fc.asyncProperty(
          history,
          fc.array(question, { minLength: 4, maxLength: 8 }),
          async (given, questions) => {
            await opened.database
              .transaction(async (sql) => {
                const check = new Check(await happen(sql, opened.database, given));
                for (const asked of questions) await check.of(asked);
                throw new RolledBack();
              })
              .catch((error: unknown) => {
                if (!(error instanceof RolledBack)) throw error;
              });
          },
        ),
        { numRuns: RUNS, seed, ...(path ? { path, numRuns: 1 } : {}) },
      );
    },
    Math.max(120_000, RUNS * 3_000),
  );
});
