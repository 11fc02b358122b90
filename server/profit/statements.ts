/** All SQL of the profit room. Nothing here writes. */
import type { Sql } from '../database/index.ts';
import type { Tier } from '../ledger/index.ts';
import { countOf } from '../money.ts';
import type { Operation } from '../providers/index.ts';
import type { Level, Move, Pieces, Rows, Span } from './pieces.ts';
import type { ProfitDimension, ProfitFilter, ProfitLine, ProfitSums, Ranking } from './types.ts';

/** What is added up, as the summaries and the view `booked_line` name it. */
const MEASURES = [
  'calls',
  'succeeded',
  'failed',
  'cache_hits',
  'credits',
  'cost_micros',
  'lost_cost_micros',
  'revenue_micros',
  'duration_ms',
] as const;

interface Column {
  /** In the summaries and the view. */
  readonly name: string;
  readonly type: string;
  readonly filter: keyof ProfitFilter;
}

const COLUMNS: Readonly<Record<ProfitDimension, Column>> = {
  PROVIDER: { name: 'provider', type: 'text', filter: 'providers' },
  MODEL: { name: 'model', type: 'text', filter: 'models' },
  OPERATION: { name: 'operation', type: 'operation', filter: 'operations' },
  TIER: { name: 'tier', type: 'tier', filter: 'tiers' },
  ACCOUNT: { name: 'account_id', type: 'uuid', filter: 'accounts' },
  COUNTRY: { name: 'country', type: 'text', filter: 'countries' },
  PLAN: { name: 'plan', type: 'text', filter: 'plans' },
};
const DIMENSIONS = Object.entries(COLUMNS) as [ProfitDimension, Column][];

/** Where each level's sums lie; accounts have days alone. */
const TABLES: Readonly<
  Record<Level, { readonly table: string; readonly at: string; readonly grain: boolean }>
> = {
  MODEL: { table: 'model_summary', at: 'at', grain: true },
  SEGMENT: { table: 'segment_summary', at: 'at', grain: true },
  ACCOUNT: { table: 'account_summary', at: 'day', grain: false },
};

/** What is read of the books. */
export interface BookedQuestion {
  readonly level: Level;
  readonly pieces: Pieces;
  readonly filter: ProfitFilter;
  readonly groupBy: readonly ProfitDimension[];
}

interface BookedRow {
  readonly bucket: number;
  readonly provider?: string;
  readonly model?: string;
  readonly operation?: Operation;
  readonly tier?: Tier;
  readonly account_id?: string;
  readonly country?: string;
  readonly plan?: string;
  readonly calls: bigint;
  readonly succeeded: bigint;
  readonly failed: bigint;
  readonly cache_hits: bigint;
  readonly credits: bigint;
  readonly cost_micros: bigint;
  readonly lost_cost_micros: bigint;
  readonly revenue_micros: bigint;
  readonly duration_ms: bigint;
}

function readSums(row: BookedRow): ProfitSums {
  return {
    calls: countOf(row.calls),
    succeeded: countOf(row.succeeded),
    failed: countOf(row.failed),
    cacheHits: countOf(row.cache_hits),
    credits: row.credits,
    costMicros: row.cost_micros,
    lostCostMicros: row.lost_cost_micros,
    revenueMicros: row.revenue_micros,
    durationMs: row.duration_ms,
  };
}

/** The account of a line that no account made: what a vendor billed beyond the books. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

function readLine(row: BookedRow): ProfitLine {
  return {
    provider: row.provider ?? null,
    model: row.model ?? null,
    operation: row.operation ?? null,
    tier: row.tier ?? null,
    accountId: row.account_id === NOBODY ? null : (row.account_id ?? null),
    country: row.country ?? null,
    plan: row.plan ?? null,
    ...readSums(row),
  };
}

/** Collects the parameters of a statement that is put together. */
class Parameters {
  readonly values: unknown[] = [];

  add(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** Postgres' array, as text. */
const arrayOf = (values: readonly (string | number | null)[]) =>
  `{${values.map((value) => (typeof value === 'string' ? `"${value.replace(/["\\]/g, '\\$&')}"` : String(value))).join(',')}}`;
const instants = (times: readonly number[]) => arrayOf(times.map((time) => new Date(time).toISOString()));

/** Numbers of intervals, from 1 as `width_bucket` has it. */
const numbers = (intervals: readonly (number | null)[]) =>
  arrayOf(intervals.map((interval) => (interval === null ? null : interval + 1)));

/** Puts a statement together that adds up what is booked in some pieces of time. */
class BookedStatement {
  readonly parameters = new Parameters();
  readonly #question: BookedQuestion;
  readonly #columns: readonly string[];
  readonly #conditions: string;
  readonly #isSeries: boolean;

  constructor(question: BookedQuestion, isSeries: boolean) {
    this.#question = question;
    this.#columns = [...new Set(question.groupBy)].map((dimension) => COLUMNS[dimension].name);
    this.#isSeries = isSeries;
    const { filter } = question;
    this.#conditions = DIMENSIONS.flatMap(([, { name, type, filter: of }]) => {
      const values = filter[of];
      return values ? [` AND s.${name} = ANY (${this.parameters.add(arrayOf(values))}::${type}[])`] : [];
    }).join('');
  }

  /** One statement, so that all that it tells is of one instant. */
  get text(): string {
    const { level, pieces } = this.#question;
    const { table, at, grain } = TABLES[level];
    const of = (name: string) => (grain ? `s.grain = '${name}' AND ` : '');
    const branches = [
      this.#rows(table, at, of('DAY'), pieces.days),
      this.#rows(table, at, of('QUARTER_HOUR'), pieces.quarters),
      this.#moves(table, at, of('QUARTER_HOUR'), pieces.quarterMoves),
      this.#moves('booked_line', 'at', '', pieces.lineMoves),
    ].filter((branch) => branch !== null);
    const keys = ['bucket', ...this.#columns].join(', ');
    const sums = MEASURES.map((name) => `sum(${name})::bigint AS ${name}`).join(', ');
    // What one branch gave and another took altogether is not there.
    const isThere = MEASURES.map((name) => `sum(${name}) <> 0`).join(' OR ');
    const booked = branches.join('\n    UNION ALL ') || this.#nothing();
    return `SELECT ${keys}, ${sums} FROM (${booked}) AS booked GROUP BY ${keys} HAVING ${isThere}`;
  }

  /** Each span is looked up by itself: OFFSET 0 keeps the planner from reading the whole table for several at once. */
  #from(table: string, at: string, where: string, spans: readonly Span[], more: string): string {
    const low = this.parameters.add(instants(spans.map(({ from }) => from)));
    const high = this.parameters.add(instants(spans.map(({ to }) => to)));
    const list = [at, ...this.#columns, ...MEASURES].map((name) => `s.${name}`).join(', ');
    const condition = `${where}s.${at} >= t.low AND s.${at} < t.high${this.#conditions}`;
    const { filter } = this.#question;
    if (table === 'account_summary' && filter.accounts) {
      // A day at a time, since the key begins with it: then an account is found, and not looked for.
      return `unnest(${low}::timestamptz[], ${high}::timestamptz[]) AS t(low, high)
        CROSS JOIN LATERAL generate_series(t.low, t.high - interval '24 hours', interval '24 hours') AS d(day)
        CROSS JOIN LATERAL (SELECT ${list} FROM ${table} s WHERE s.day = d.day${this.#conditions} OFFSET 0) AS s`;
    }
    return `unnest(${low}::timestamptz[], ${high}::timestamptz[]${more}
      CROSS JOIN LATERAL (SELECT ${list} FROM ${table} s WHERE ${condition} OFFSET 0) AS s`;
  }

  #rows(table: string, at: string, where: string, { spans, beginnings }: Rows): string | null {
    if (spans.length === 0) return null;
    const list = [...this.#columns, ...MEASURES].map((name) => `s.${name}`).join(', ');
    const bucket = this.#isSeries
      ? `width_bucket(s.${at}, ${this.parameters.add(instants(beginnings))}::timestamptz[])`
      : '1';
    return `SELECT ${bucket} AS bucket, ${list} FROM ${this.#from(table, at, where, spans, ') AS t(low, high)')}`;
  }

  #moves(table: string, at: string, where: string, moves: readonly Move[]): string | null {
    if (moves.length === 0) return null;
    const given = this.parameters.add(numbers(moves.map((move) => move.given)));
    const taken = this.parameters.add(numbers(moves.map((move) => move.taken)));
    const list = this.#columns.map((name) => `s.${name}, `).join('');
    const signed = MEASURES.map((name) => `m.sign * s.${name} AS ${name}`).join(', ');
    const more = `, ${given}::int[], ${taken}::int[]) AS t(low, high, given, taken)`;
    return `SELECT m.bucket, ${list}${signed} FROM ${this.#from(table, at, where, moves, more)}
      CROSS JOIN LATERAL (VALUES (t.given, 1), (t.taken, -1)) AS m(bucket, sign) WHERE m.bucket IS NOT NULL`;
  }

  /** A question about no time at all. */
  #nothing(): string {
    const list = [...this.#columns, ...MEASURES].map((name) => `s.${name}`).join(', ');
    return `SELECT 1 AS bucket, ${list} FROM booked_line s WHERE false`;
  }
}

/**
 * What is booked, a line for each combination of what it is told apart by, the dearest first.
 *
 * @param most how many lines at the most.
 */
export async function readLines(sql: Sql, question: BookedQuestion, most: number): Promise<ProfitLine[]> {
  return readRanked(sql, question, 'COST', most);
}

const RANKED_BY: Readonly<Record<Ranking, string>> = {
  COST: 'cost_micros',
  REVENUE: 'revenue_micros',
  LOSS: 'cost_micros - revenue_micros',
  CALLS: 'calls',
};

/** The first lines by something. */
export async function readRanked(
  sql: Sql,
  question: BookedQuestion,
  by: Ranking,
  most: number,
): Promise<ProfitLine[]> {
  const statement = new BookedStatement(question, false);
  const { text, parameters } = statement;
  const keys = question.groupBy.map((dimension) => COLUMNS[dimension].name);
  const order = [`${RANKED_BY[by]} DESC`, 'calls DESC', ...keys].join(', ');
  const rows = await sql.query<BookedRow>(
    `SELECT * FROM (${text}) AS line ORDER BY ${order} LIMIT ${parameters.add(most)}`,
    parameters.values,
  );
  return rows.map(readLine);
}

/** What is booked in each interval of the pieces; one in which nothing is has no entry. Intervals are numbered from 0. */
export async function readSeries(sql: Sql, question: BookedQuestion): Promise<Map<number, ProfitSums>> {
  const { text, parameters } = new BookedStatement(question, true);
  const rows = await sql.query<BookedRow>(text, parameters.values);
  return new Map(rows.map((row) => [row.bucket - 1, readSums(row)]));
}
