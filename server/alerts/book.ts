/**
 * How changes of alerts are kept: one transaction after the other, since each holds the row that numbers them until it is
 * committed. In the same transaction goes what is to be delivered of a change.
 */
import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/index.ts';
import { type Due, putIntoOutbox } from './delivery/index.ts';
import type { LifeStep } from './life.ts';
import * as statements from './statements.ts';

/** What has been kept. */
export interface Kept {
  /** The number of the newest change; null when nobody is told of any. */
  readonly sequence: number | null;
  /** What waits in the outbox of it. */
  readonly due: readonly Due[];
}

/**
 * Keeps what `decide` says, within a transaction of the caller's. Until that ends nobody else changes an alert, so that what
 * `decide` reads by this very connection is what stands.
 */
export async function keepWithin(
  sql: Sql,
  clock: Clock,
  decide: (sql: Sql, now: Date) => Promise<readonly LifeStep[]>,
): Promise<Kept> {
  await statements.lockChanges(sql);
  const now = clock.now();
  const due = new Map<string, Due>();
  let sequence: number | null = null;
  for (const step of await decide(sql, now)) {
    if (step.change === null) {
      await statements.keepClearSince(sql, step.alert.id, step.alert.clearSince);
      continue;
    }
    sequence = await statements.keepChange(sql, step, step.change, now);
    for (const each of await putIntoOutbox(sql, now, { ...step.alert, sequence }, step.change)) {
      const before = due.get(each.deliveryId);
      // One that was made in this very transaction has no step yet.
      due.set(each.deliveryId, before ? { ...each, waits: before.waits } : each);
    }
  }
  return { sequence, due: [...due.values()] };
}

/** The same, in a transaction of its own. */
export function keep(
  database: Database,
  clock: Clock,
  decide: (sql: Sql, now: Date) => Promise<readonly LifeStep[]>,
): Promise<Kept> {
  return database.transaction((sql) => keepWithin(sql, clock, decide));
}
