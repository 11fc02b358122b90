/** All SQL of the protection room. What must hold against concurrency is a function in the database. */
import type { Sql } from '../database/index.ts';
import type { BudgetScope } from '../ledger/index.ts';
import type { Micros } from '../money.ts';
import type { Budget, BudgetAction, BudgetPeriod, BudgetUsage, ProtectionRecord } from './index.ts';

interface BudgetRow {
  readonly id: string;
  readonly scope: BudgetScope;
  readonly subject: string;
  readonly period: BudgetPeriod;
  readonly limit_micros: bigint;
  readonly action: BudgetAction;
  readonly spent_micros: bigint;
  readonly reserved_micros: bigint;
  readonly resets_at: Date;
}

function readUsage(row: BudgetRow): BudgetUsage {
  return {
    limitMicros: row.limit_micros,
    spentMicros: row.spent_micros,
    reservedMicros: row.reserved_micros,
    resetsAt: row.resets_at,
  };
}

/** Budgets with what their present windows hold; all of them, or the one with this id. */
export async function readBudgets(sql: Sql, now: Date, id: string | null = null): Promise<Budget[]> {
  const rows = await sql.query<BudgetRow>(
    `SELECT b.id, b.scope, b.subject, b.period, b.limit_micros, b.action,
      coalesce(w.spent_micros, 0) AS spent_micros, coalesce(w.reserved_micros, 0) AS reserved_micros,
      period_end(b.period, $1) AS resets_at
    FROM budget b LEFT JOIN budget_window w ON w.budget_id = b.id AND w.starts_at = period_start(b.period, $1)
    WHERE $2::uuid IS NULL OR b.id = $2
    ORDER BY b.scope, b.subject, b.period`,
    [now, id],
  );
  return rows.map((row) => ({
    id: row.id,
    scope: row.scope,
    subject: row.subject === '' ? null : row.subject,
    period: row.period,
    limitMicros: row.limit_micros,
    action: row.action,
    usage: readUsage(row),
  }));
}

/** Sets a budget; see protection_set_budget. */
export async function setBudget(
  sql: Sql,
  now: Date,
  id: string,
  budget: {
    scope: BudgetScope;
    subject: string;
    period: BudgetPeriod;
    limitMicros: Micros;
    action: BudgetAction;
  },
  actor: string,
): Promise<string> {
  const [row] = await sql.query<{ id: string }>(
    'SELECT protection_set_budget($1, $2, $3::budget_scope, $4, $5::budget_period, $6, $7::budget_action, $8) AS id',
    [
      now,
      id,
      budget.scope,
      budget.subject,
      budget.period,
      budget.limitMicros.toString(),
      budget.action,
      actor,
    ],
  );
  if (!row) throw new Error('protection_set_budget gave no id.');
  return row.id;
}

/** Suspends or resumes; see protection_set_state. */
export async function setState(
  sql: Sql,
  now: Date,
  state: 'SHUTDOWN' | 'NORMAL',
  reason: string,
  actor: string,
): Promise<void> {
  await sql.query('SELECT protection_set_state($1, $2::protection_state, $3, $4)', [
    now,
    state,
    reason,
    actor,
  ]);
}

/** The protection row as it stands, with what today's attempts earned and cost. */
export async function readProtection(sql: Sql, now: Date): Promise<ProtectionRecord> {
  const [row] = await sql.query<{
    state: ProtectionRecord['state'];
    reason: string | null;
    since: Date;
    changed_by: string;
    until: Date | null;
    revenue_micros: bigint;
    cost_micros: bigint;
  }>(
    `SELECT p.state, p.reason, p.since, p.changed_by, p.until, s.revenue_micros, s.cost_micros
    FROM protection p, (SELECT coalesce(sum(revenue_micros), 0)::bigint AS revenue_micros, coalesce(sum(cost_micros), 0)::bigint AS cost_micros
      FROM model_summary WHERE grain = 'DAY' AND at = period_start('DAY', $1)) s`,
    [now],
  );
  if (!row) throw new Error('The protection row is missing.');
  return {
    state: row.state,
    reason: row.reason,
    since: row.since,
    changedBy: row.changed_by,
    until: row.until,
    revenueTodayMicros: row.revenue_micros,
    costTodayMicros: row.cost_micros,
  };
}
