/** All SQL of the export room. Nothing here writes. */
import type { Database, Sql } from '../database/index.ts';
import type { ProfitFilter, TimeRange } from '../profit/index.ts';

/** Columns of the export of booked lines, in their order. */
export const BOOKED_COLUMNS = [
  'at',
  'kind',
  'id',
  'attempt',
  'account_id',
  'account_external_id',
  'provider',
  'model',
  'operation',
  'tier',
  'country',
  'plan',
  'outcome',
  'cost',
  'lost_cost',
  'cost_source',
  'credits',
  'revenue',
  'duration_ms',
  'note',
] as const;

/** Those that hold whatever people and vendors have written. */
const WRITTEN: ReadonlySet<string> = new Set([
  'id',
  'account_external_id',
  'provider',
  'model',
  'plan',
  'note',
]);
const DOLLARS: ReadonlySet<string> = new Set(['cost', 'lost_cost', 'revenue']);

/** A cell as `csvLine` and `defuse` of the tables' room write it, and dollars as `formatDecimal` does. */
function cellOf(column: string): string {
  if (DOLLARS.has(column)) {
    const dollars = `(${column} / 1000000::numeric)`;
    return `round(${dollars}, greatest(scale(trim_scale(${dollars})), 2))::text`;
  }
  if (!WRITTEN.has(column)) return `${column}::text`;
  const defused = `CASE WHEN ${column} ~ E'^[=+@\\t\\r-]' AND ${column} !~ '^-[0-9]+([.][0-9]+)?$' THEN '''' || ${column} ELSE ${column} END`;
  return `CASE WHEN ${column} ~ E'[",\\r\\n]' THEN '"' || replace(${defused}, '"', '""') || '"' ELSE ${defused} END`;
}

const FILTERED: readonly (readonly [keyof ProfitFilter, string, string])[] = [
  ['providers', 'provider', 'text'],
  ['models', 'model', 'text'],
  ['operations', 'operation', 'operation'],
  ['tiers', 'tier', 'tier'],
  ['accounts', 'account_id', 'uuid'],
  ['countries', 'country', 'text'],
  ['plans', 'plan_id', 'text'],
];

/**
 * All that is booked in a range, a page at a time and as of one instant: attempts in the order in which they lie, then imported
 * calls, then adjustments. Each is a line of CSV already: twenty values a row, made into texts here, would be garbage that a
 * server needs hundreds of megabytes for. The texts are pages of lines.
 *
 * @param prefixes what ids begin with outside.
 */
export function bookedRows(
  database: Database,
  { from, to }: TimeRange,
  filter: ProfitFilter,
  prefixes: { readonly account: string; readonly generation: string },
  options: { readonly rows: number; readonly signal: AbortSignal },
): AsyncIterable<string> {
  const parameters: unknown[] = [from, to, prefixes.account, prefixes.generation];
  const conditions = (table: string, except: readonly string[] = []) =>
    FILTERED.map(([name, column, type]) => {
      const values = filter[name];
      if (!values) return '';
      // An adjustment is of no account, so that no list of accounts has it.
      if (except.includes(column)) return ' AND false';
      parameters.push(JSON.stringify(values));
      const list = `ARRAY(SELECT jsonb_array_elements_text($${parameters.length}::jsonb))::${type}[]`;
      return ` AND ${type === 'text' ? `coalesce(${table}.${column}, '')` : `${table}.${column}`} = ANY (${list})`;
    }).join('');
  return database.pages(
    `SELECT array_to_string(ARRAY[${BOOKED_COLUMNS.map(cellOf).join(', ')}], ',', '') || E'\\r\\n' AS line FROM (
    SELECT to_char(att.booked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, 'attempt' AS kind,
      $4::text || att.generation_id::text AS id, att.number AS attempt, $3::text || att.account_id::text AS account_id,
      acc.external_id AS account_external_id, att.provider, att.model, att.operation::text, att.tier::text, att.country,
      att.plan_id AS plan, att.outcome::text, att.cost_micros AS cost,
      CASE WHEN att.outcome = 'SUCCEEDED' AND r.status = 'POSTED' THEN 0 ELSE att.cost_micros END AS lost_cost,
      att.cost_source, att.credits_charged AS credits, att.revenue_micros AS revenue, att.duration_ms, att.error AS note
    FROM attempt att LEFT JOIN reservation r ON r.id = att.generation_id LEFT JOIN account acc ON acc.id = att.account_id
    WHERE att.booked_at >= $1 AND att.booked_at < $2${conditions('att')}
    UNION ALL
    SELECT to_char(c.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'import', c.external_id, NULL,
      $3::text || c.account_id::text, acc.external_id, c.provider, c.model, c.operation::text, c.tier::text, c.country, c.plan_id,
      c.outcome::text, c.cost_micros, l.lost_cost_micros, 'import', c.credits, c.revenue_micros, c.duration_ms, NULL
    FROM imported_call c CROSS JOIN LATERAL imported_line(c) AS l LEFT JOIN account acc ON acc.id = c.account_id
    WHERE c.created_at >= $1 AND c.created_at < $2${conditions('c')}
    UNION ALL
    SELECT to_char(c.day AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'adjustment', c.id::text, NULL, NULL, NULL, c.provider,
      c.model, c.operation::text, c.tier::text, c.country, c.plan_id, NULL, c.amount_micros, 0, 'bill', 0, 0, 0, c.reason
    FROM cost_adjustment c
    WHERE c.day >= $1 AND c.day < $2${conditions('c', ['account_id'])}) AS booked`,
    parameters,
    options,
  );
}

/** The outside's own ids of accounts. */
export async function externalIds(sql: Sql, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await sql.query<{ id: string; external_id: string }>(
    'SELECT id, external_id FROM account WHERE id = ANY ($1::uuid[])',
    [`{${ids.join(',')}}`],
  );
  return new Map(rows.map((row) => [row.id, row.external_id]));
}
