/**
 * The door of the audit: looks at all the books at one instant and says of every invariant whether it holds.
 * It changes nothing and may run beside live traffic.
 */
import type { Database, Sql } from '../database/index.ts';
import { beginSnapshot, check, INVARIANTS } from './statements.ts';

/** How one invariant fares. */
export interface AuditLine {
  /** What must hold, as a sentence. */
  readonly invariant: string;
  readonly ok: boolean;
  /** How many rows were looked at. */
  readonly checked: number;
  /** How many of them break it. */
  readonly broken: number;
  /** The first ten of those, with their ids. */
  readonly findings: readonly string[];
}

const MAX_FINDINGS = 10;

/** Audits by a transaction that the caller has opened, and sees what that transaction sees. */
export async function auditWithin(sql: Sql): Promise<AuditLine[]> {
  const lines: AuditLine[] = [];
  for (const invariant of INVARIANTS) {
    const { checked, broken, findings } = await check(sql, invariant, MAX_FINDINGS);
    lines.push({
      invariant: invariant.sentence,
      ok: broken === 0n,
      checked: Number(checked),
      broken: Number(broken),
      findings,
    });
  }
  return lines;
}

/** Audits a database: a line an invariant, always all of them, all of one snapshot. */
export function runAudit(database: Database): Promise<AuditLine[]> {
  return database.transaction(async (sql) => {
    await beginSnapshot(sql);
    return auditWithin(sql);
  });
}
