/** All SQL of the export room. Nothing here writes. */
import type { Database, Sql } from '../database/index.ts';
import type { ProfitFilter, TimeRange } from '../profit/index.ts';

/** A booked line, as it is exported. */
export interface BookedRow {
  readonly at: Date;
  readonly kind: 'attempt' | 'import' | 'adjustment';
  /** A generation's id, an imported call's own, or an adjustment's. */
  readonly id: string;
  /** Of an attempt within its generation. */
  readonly number: number | null;
  readonly account_id: string | null;
  readonly account: string | null;
  readonly provider: string;
  readonly model: string;
  readonly operation: string;
  readonly tier: string;
  readonly country: string | null;
  readonly plan: string | null;
  readonly outcome: string | null;
  readonly cost_micros: bigint;
  readonly lost_cost_micros: bigint;
  readonly cost_source: string;
  readonly credits: number;
  readonly revenue_micros: bigint;
  readonly duration_ms: number;
  readonly error: string | null;
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
 * calls, then adjustments.
 */
export function bookedRows(
  database: Database,
  { from, to }: TimeRange,
  filter: ProfitFilter,
  options: { readonly rows: number; readonly signal: AbortSignal },
): AsyncIterable<BookedRow[]> {
  const parameters: unknown[] = [from, to];
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
  return database.pages<BookedRow>(
    `SELECT att.booked_at AS at, 'attempt' AS kind, att.generation_id::text AS id, att.number, att.account_id, acc.external_id AS account,
      att.provider, att.model, att.operation::text, att.tier::text, att.country, att.plan_id AS plan, att.outcome::text, att.cost_micros,
      CASE WHEN att.outcome = 'SUCCEEDED' AND r.status = 'POSTED' THEN 0 ELSE att.cost_micros END AS lost_cost_micros,
      att.cost_source, att.credits_charged AS credits, att.revenue_micros, att.duration_ms, att.error
    FROM attempt att LEFT JOIN reservation r ON r.id = att.generation_id LEFT JOIN account acc ON acc.id = att.account_id
    WHERE att.booked_at >= $1 AND att.booked_at < $2${conditions('att')}
    UNION ALL
    SELECT c.created_at, 'import', c.external_id, NULL, c.account_id, acc.external_id, c.provider, c.model, c.operation::text, c.tier::text,
      c.country, c.plan_id, c.outcome::text, c.cost_micros, l.lost_cost_micros, 'import', c.credits, c.revenue_micros, c.duration_ms, NULL
    FROM imported_call c CROSS JOIN LATERAL imported_line(c) AS l LEFT JOIN account acc ON acc.id = c.account_id
    WHERE c.created_at >= $1 AND c.created_at < $2${conditions('c')}
    UNION ALL
    SELECT c.day, 'adjustment', c.id::text, NULL, NULL, NULL, c.provider, c.model, c.operation::text, c.tier::text, c.country, c.plan_id, NULL,
      c.amount_micros, 0, 'bill', 0, 0, 0, c.reason
    FROM cost_adjustment c
    WHERE c.day >= $1 AND c.day < $2${conditions('c', ['account_id'])}`,
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
