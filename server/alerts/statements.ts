/** All SQL of the alerts themselves: how they stand, their changes and their rules. */
import type { JsonValue, Sql } from '../database/index.ts';
import type { LifeStep } from './life.ts';
import type {
  AlertChange,
  AlertChangeKind,
  AlertKey,
  AlertKind,
  AlertRecord,
  AlertSeverity,
  Unanswered,
} from './types.ts';

const COLUMNS = `id, sequence, kind, severity, state, subject, window_key AS "windowKey", window_ends_at AS "windowEndsAt",
  title, detail, opened_at AS "openedAt", acknowledged_at AS "acknowledgedAt", acknowledged_by AS "acknowledgedBy",
  resolved_at AS "resolvedAt", resolved_by AS "resolvedBy", clear_since AS "clearSince"`;

/** Waits until nobody else changes alerts, and lets nobody until the transaction ends. */
export async function lockChanges(sql: Sql): Promise<void> {
  await sql.query('SELECT last FROM alert_sequence WHERE id = 1 FOR UPDATE');
}

/**
 * Alerts of these kinds that are not resolved, and those that have one of the keys of their kind. Kinds travel as texts: an
 * embedded database that was made just now does not know how arrays of its own types are written.
 */
export async function readKnown(
  sql: Sql,
  kinds: readonly AlertKind[],
  keys: readonly (AlertKey & { readonly kind: AlertKind })[],
): Promise<AlertRecord[]> {
  return sql.query<AlertRecord>(
    `SELECT ${COLUMNS} FROM alert WHERE state <> 'RESOLVED' AND kind = ANY ($1::text[]::alert_kind[])
    UNION SELECT ${COLUMNS} FROM alert WHERE (kind, subject, window_key) IN (
      SELECT * FROM unnest($2::text[]::alert_kind[], $3::text[], $4::text[]))
    ORDER BY sequence`,
    [kinds, keys.map((key) => key.kind), keys.map((key) => key.subject), keys.map((key) => key.windowKey)],
  );
}

/** An alert by its id, or null. */
export async function readAlert(sql: Sql, id: string): Promise<AlertRecord | null> {
  const [row] = await sql.query<AlertRecord>(`SELECT ${COLUMNS} FROM alert WHERE id = $1`, [id]);
  return row ?? null;
}

/** Keeps a change under the next number, with the alert as it is after it. Gives the number. */
export async function keepChange(
  sql: Sql,
  { alert, by, reason }: LifeStep,
  change: AlertChangeKind,
  at: Date,
): Promise<number> {
  const [row] = await sql.query<{ sequence: number }>(
    `WITH numbered AS (
      UPDATE alert_sequence SET last = last + 1 WHERE id = 1 RETURNING last
    ), kept AS (
      INSERT INTO alert (id, sequence, kind, severity, state, subject, window_key, window_ends_at, title, detail, opened_at,
        acknowledged_at, acknowledged_by, resolved_at, resolved_by)
      SELECT $1, last, $2::alert_kind, $3::alert_severity, $4::alert_state, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 FROM numbered
      ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, severity = excluded.severity, state = excluded.state,
        title = excluded.title, detail = excluded.detail, opened_at = excluded.opened_at, acknowledged_at = excluded.acknowledged_at,
        acknowledged_by = excluded.acknowledged_by, resolved_at = excluded.resolved_at, resolved_by = excluded.resolved_by,
        clear_since = NULL
      RETURNING *
    )
    INSERT INTO alert_event (sequence, alert_id, change, at, by, reason, severity, state, title, detail, opened_at, acknowledged_at,
      acknowledged_by, resolved_at, resolved_by)
    SELECT sequence, id, $15::alert_change_kind, $16, $17, $18, severity, state, title, detail, opened_at, acknowledged_at,
      acknowledged_by, resolved_at, resolved_by FROM kept
    RETURNING sequence`,
    [
      alert.id,
      alert.kind,
      alert.severity,
      alert.state,
      alert.subject,
      alert.windowKey,
      alert.windowEndsAt,
      alert.title,
      alert.detail,
      alert.openedAt,
      alert.acknowledgedAt,
      alert.acknowledgedBy,
      alert.resolvedAt,
      alert.resolvedBy,
      change,
      at,
      by,
      reason,
    ],
  );
  if (!row) throw new Error('The row that numbers changes of alerts is missing.');
  return row.sequence;
}

/** Keeps since when an alert's cause has not been seen. No change that anybody is told of. */
export async function keepClearSince(sql: Sql, id: string, clearSince: Date | null): Promise<void> {
  await sql.query('UPDATE alert SET clear_since = $2 WHERE id = $1', [id, clearSince]);
}

type ChangeRow = Omit<AlertChange, 'alert'> & Omit<AlertRecord, 'clearSince'>;

function readChange(row: ChangeRow): AlertChange {
  const { change, at, by, reason, ...alert } = row;
  return { sequence: row.sequence, change, at, by, reason, alert: { ...alert, clearSince: null } };
}

const CHANGES = `SELECT e.sequence, e.change, e.at, e.by, e.reason, a.id, a.kind, e.severity, e.state, a.subject,
    a.window_key AS "windowKey", a.window_ends_at AS "windowEndsAt", e.title, e.detail, e.opened_at AS "openedAt",
    e.acknowledged_at AS "acknowledgedAt", e.acknowledged_by AS "acknowledgedBy", e.resolved_at AS "resolvedAt",
    e.resolved_by AS "resolvedBy"
  FROM alert_event e JOIN alert a ON a.id = e.alert_id`;

/** The changes after a number, in their order. */
export async function readChangesAfter(sql: Sql, sequence: number, limit: number): Promise<AlertChange[]> {
  const rows = await sql.query<ChangeRow>(`${CHANGES} WHERE e.sequence > $1 ORDER BY e.sequence LIMIT $2`, [
    sequence,
    limit,
  ]);
  return rows.map(readChange);
}

/** The changes with these numbers, in their order. */
export async function readChanges(sql: Sql, sequences: readonly number[]): Promise<AlertChange[]> {
  const rows = await sql.query<ChangeRow>(
    `${CHANGES} WHERE e.sequence = ANY ($1::int[]) ORDER BY e.sequence`,
    [sequences],
  );
  return rows.map(readChange);
}

/** All changes of these alerts, in their order. */
export async function readChangesOf(sql: Sql, alertIds: readonly string[]): Promise<AlertChange[]> {
  const rows = await sql.query<ChangeRow>(`${CHANGES} WHERE e.alert_id = ANY ($1) ORDER BY e.sequence`, [
    alertIds,
  ]);
  return rows.map(readChange);
}

/** The number of the newest change; 0 before the first. */
export async function readNewestSequence(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ last: number }>('SELECT last FROM alert_sequence WHERE id = 1');
  return row?.last ?? 0;
}

/** How many alerts are not over, and the number of the newest change, as one statement sees them. */
export async function readUnanswered(sql: Sql): Promise<Unanswered> {
  const [row] = await sql.query<Unanswered>(
    `SELECT (count(*) FILTER (WHERE state = 'OPEN'))::int AS open,
      (count(*) FILTER (WHERE state = 'OPEN' AND severity = 'CRITICAL'))::int AS critical,
      (count(*) FILTER (WHERE state = 'ACKNOWLEDGED'))::int AS acknowledged,
      (SELECT last FROM alert_sequence WHERE id = 1) AS sequence
    FROM alert WHERE state <> 'RESOLVED'`,
  );
  return row ?? { open: 0, critical: 0, acknowledged: 0, sequence: 0 };
}

/** Alerts that are not resolved, and messages that wait or are dead. */
export interface AlertCounts {
  readonly open: Readonly<Record<AlertSeverity, number>>;
  readonly messages: { readonly waiting: number; readonly dead: number };
}

/** How many there are of each. */
export async function countAlerts(sql: Sql): Promise<AlertCounts> {
  const [row] = await sql.query<{
    info: number;
    warning: number;
    critical: number;
    waiting: number;
    dead: number;
  }>(
    `SELECT count(*) FILTER (WHERE severity = 'INFO')::int AS info, count(*) FILTER (WHERE severity = 'WARNING')::int AS warning,
      count(*) FILTER (WHERE severity = 'CRITICAL')::int AS critical,
      (SELECT count(*)::int FROM alert_delivery WHERE state IN ('WAITING', 'SENDING')) AS waiting,
      (SELECT count(*)::int FROM alert_delivery WHERE state = 'DEAD') AS dead
    FROM alert WHERE state <> 'RESOLVED'`,
  );
  const { info = 0, warning = 0, critical = 0, waiting = 0, dead = 0 } = row ?? {};
  return { open: { INFO: info, WARNING: warning, CRITICAL: critical }, messages: { waiting, dead } };
}

/** What an operator has set for a rule. */
export interface RuleRow {
  readonly kind: AlertKind;
  readonly enabled: boolean;
  readonly settings: JsonValue;
  readonly updatedAt: Date;
  readonly updatedBy: string;
}

/** Every rule for which something has been set. */
export async function readRuleRows(sql: Sql): Promise<RuleRow[]> {
  return sql.query<RuleRow>(
    'SELECT kind, enabled, settings, updated_at AS "updatedAt", updated_by AS "updatedBy" FROM alert_rule',
  );
}

/** Sets a rule, with a line of the audit log. */
export async function setRuleRow(sql: Sql, row: RuleRow, auditId: string): Promise<void> {
  await sql.query(
    `WITH kept AS (
      INSERT INTO alert_rule (kind, enabled, settings, updated_at, updated_by) VALUES ($1::alert_kind, $2, $3::jsonb, $4, $5)
      ON CONFLICT (kind) DO UPDATE SET enabled = excluded.enabled, settings = excluded.settings,
        updated_at = excluded.updated_at, updated_by = excluded.updated_by
      RETURNING *
    )
    INSERT INTO audit_log (id, at, actor, action, subject, detail)
    SELECT $6::uuid, updated_at, updated_by, 'alert-rule.set', kind::text, jsonb_build_object('enabled', enabled, 'settings', settings)
    FROM kept`,
    [row.kind, row.enabled, JSON.stringify(row.settings), row.updatedAt, row.updatedBy, auditId],
  );
}
