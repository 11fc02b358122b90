/** All SQL of the profit room. Nothing here writes. */
import type { Sql } from '../database/index.ts';
import type { Tier } from '../ledger/index.ts';
import type { Operation } from '../providers/index.ts';
import type { Level, Pieces, Span } from './pieces.ts';
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
    calls: Number(row.calls),
    succeeded: Number(row.succeeded),
    failed: Number(row.failed),
    cacheHits: Number(row.cache_hits),
    credits: row.credits,
    costMicros: row.cost_micros,
    lostCostMicros: row.lost_cost_micros,
    revenueMicros: row.revenue_micros,
    durationMs: row.duration_ms,
  };
}

function readLine(row: BookedRow): ProfitLine {
  return {
    provider: row.provider ?? null,
    model: row.model ?? null,
    operation: row.operation ?? null,
    tier: row.tier ?? null,
    accountId: row.account_id ?? null,
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

/** Postgres' array of texts that hold neither quotes nor backslashes. */
const arrayOf = (values: readonly string[]) => `{${values.map((value) => `"${value}"`).join(',')}}`;
const instants = (times: readonly number[]) => arrayOf(times.map((time) => new Date(time).toISOString()));

/** Conditions of a filter; texts of people travel as one JSON text, whatever is in them. */
function conditionsOf(filter: ProfitFilter, parameters: Parameters): string {
  return DIMENSIONS.flatMap(([, { name, type, filter: of }]) => {
    const values = filter[of];
    if (!values) return [];
    const list = parameters.add(JSON.stringify(values));
    return ` AND s.${name} = ANY (ARRAY(SELECT jsonb_array_elements_text(${list}::jsonb))::${type}[])`;
  }).join('');
}

/** One SELECT over the rows whose time lies in these spans; null when there are none. */
function branch(
  table: string,
  at: string,
  where: string,
  spans: readonly Span[],
  columns: readonly string[],
  bucket: (at: string) => string,
  parameters: Parameters,
): string | null {
  if (spans.length === 0) return null;
  const low = parameters.add(instants(spans.map(({ from }) => from)));
  const high = parameters.add(instants(spans.map(({ to }) => to)));
  const list = [...columns, ...MEASURES].map((name) => `s.${name}`).join(', ');
  return `SELECT ${bucket(`s.${at}`)} AS bucket, ${list} FROM unnest(${low}::timestamptz[], ${high}::timestamptz[]) AS t(low, high)
    JOIN ${table} s ON ${where}s.${at} >= t.low AND s.${at} < t.high`;
}

/**
 * What is booked in these pieces of time, in one statement, so that all of it is of one instant.
 *
 * @param beginnings where the intervals of a series begin, in Unix milliseconds; null: there is one, whatever its time.
 */
function statementOf(question: BookedQuestion, beginnings: readonly number[] | null, parameters: Parameters) {
  const { level, pieces, filter, groupBy } = question;
  const columns = [...new Set(groupBy)].map((dimension) => COLUMNS[dimension].name);
  const conditions = conditionsOf(filter, parameters);
  const thresholds = beginnings && parameters.add(instants(beginnings));
  const bucket = (at: string) => (thresholds ? `width_bucket(${at}, ${thresholds}::timestamptz[])` : '1');
  const { table, at, grain } = TABLES[level];
  const of = (name: string) => (grain ? `s.grain = '${name}' AND ` : '');
  const branches = [
    branch(table, at, of('DAY'), pieces.days, columns, bucket, parameters),
    branch(table, at, of('QUARTER_HOUR'), pieces.quarters, columns, bucket, parameters),
    branch('booked_line', 'at', '', pieces.lines, columns, bucket, parameters),
  ].flatMap((select) => (select === null ? [] : [`${select}${conditions}`]));
  const keys = ['bucket', ...columns].join(', ');
  const sums = MEASURES.map((name) => `sum(${name})::bigint AS ${name}`).join(', ');
  return `SELECT ${keys}, ${sums} FROM (${branches.join('\n    UNION ALL ')}) AS booked GROUP BY ${keys}`;
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
  const parameters = new Parameters();
  const statement = statementOf(question, null, parameters);
  const keys = question.groupBy.map((dimension) => COLUMNS[dimension].name);
  const order = [`${RANKED_BY[by]} DESC`, 'calls DESC', ...keys].join(', ');
  const rows = await sql.query<BookedRow>(
    `SELECT * FROM (${statement}) AS line ORDER BY ${order} LIMIT ${parameters.add(most)}`,
    parameters.values,
  );
  return rows.map(readLine);
}

/** What is booked in each interval; one in which nothing is has no entry. Intervals are numbered from 0. */
export async function readSeries(
  sql: Sql,
  question: BookedQuestion,
  beginnings: readonly number[],
): Promise<Map<number, ProfitSums>> {
  const parameters = new Parameters();
  const statement = statementOf(question, beginnings, parameters);
  const rows = await sql.query<BookedRow>(statement, parameters.values);
  return new Map(rows.map((row) => [row.bucket - 1, readSums(row)]));
}
