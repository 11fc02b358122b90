import { newId } from '../ids.ts';
import type { Sql } from './database.ts';

/** What somebody has done that is to be known later. */
export interface AuditLogLine {
  /** `key:<id>`, `admin:<id>`, `account:<id>` or `system`. */
  readonly actor: string;
  /** Noun and verb: `plan.set`. */
  readonly action: string;
  readonly subject: string;
  readonly reason?: string | null;
  /** A bigint in it is written as text. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Writes a line of the audit log. Given the transaction of what it tells of, it stands exactly when that does. */
export async function writeAuditLog(sql: Sql, now: Date, line: AuditLogLine): Promise<void> {
  await sql.query(
    `INSERT INTO audit_log (id, at, actor, action, subject, reason, detail) VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)`,
    [
      newId(),
      now,
      line.actor,
      line.action,
      line.subject,
      line.reason ?? null,
      JSON.stringify(line.detail ?? {}, (_key, value) =>
        typeof value === 'bigint' ? value.toString() : value,
      ),
    ],
  );
}
