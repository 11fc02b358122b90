/**
 * The door of the protection room: budgets, and the state that says whether paid calls may go out.
 *
 * Nothing is checked here: a budget that were looked at before the call, and counted after it, would be passed by
 * the calls in between. The check stands in the ledger's own transaction (ledger_reserve). This room sets what is
 * checked and tells what has come of it.
 *
 * States of protection:
 *
 * - NORMAL: paid calls go out, as far as each budget that blocks allows.
 * - WARNING: entered when a budget that warns is passed; nothing is refused. Ends with that budget's window.
 * - SHUTDOWN: entered when a call would pass a budget that shuts down, or by an operator (`suspend`). New paid calls
 *   are refused; those under way settle; free reads go on. Ends with the window of the budget that called for it, when
 *   a budget is set anew, or by an operator with a reason (`resume`). An operator's shutdown ends by an operator only.
 */
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { newId } from '../ids.ts';
import type { BudgetScope } from '../ledger/index.ts';
import { type Micros, margin } from '../money.ts';
import * as statements from './statements.ts';

export type BudgetPeriod = 'HOUR' | 'DAY' | 'MONTH';
export type BudgetAction = 'WARN' | 'BLOCK' | 'SHUTDOWN';
export type ProtectionState = 'NORMAL' | 'WARNING' | 'SHUTDOWN';

/** What a budget's present window holds. */
export interface BudgetUsage {
  readonly limitMicros: Micros;
  readonly spentMicros: Micros;
  readonly reservedMicros: Micros;
  readonly resetsAt: Date;
}

/** A limit on what vendors may bill in a period, with its present window. */
export interface Budget {
  readonly id: string;
  readonly scope: BudgetScope;
  /** A provider, operation, tier or account id; null for GLOBAL. */
  readonly subject: string | null;
  readonly period: BudgetPeriod;
  readonly limitMicros: Micros;
  readonly action: BudgetAction;
  readonly usage: BudgetUsage;
}

/** The state as the database keeps it, with what today's attempts earned and cost. */
export interface ProtectionRecord {
  readonly state: ProtectionState;
  readonly reason: string | null;
  readonly since: Date;
  readonly changedBy: string;
  /** When it ends by itself; null when it does not. */
  readonly until: Date | null;
  readonly revenueTodayMicros: Micros;
  readonly costTodayMicros: Micros;
}

/** The state at this instant, with the global budgets of the hour and the day. */
export interface Protection {
  readonly state: ProtectionState;
  readonly reason: string | null;
  readonly since: Date;
  readonly changedBy: string;
  readonly resetsAt: Date | null;
  readonly hour: BudgetUsage;
  readonly day: BudgetUsage;
  /** (revenue − cost) / revenue of the current UTC day; null before the first revenue. */
  readonly marginToday: number | null;
}

/** A budget to be set. */
export interface BudgetInput {
  readonly scope: BudgetScope;
  readonly subject: string | null;
  readonly period: BudgetPeriod;
  readonly limitMicros: Micros;
  readonly action: BudgetAction;
}

/** The protection room. Its functions throw what the database throws. */
export interface ProtectionRoom {
  read(): Promise<Protection>;
  budgets(): Promise<Budget[]>;
  budget(id: string): Promise<Budget | null>;
  /** Sets the budget of a scope, subject and period. What has been spent in the present window counts already. */
  setBudget(input: BudgetInput, actor: string): Promise<Budget>;
  /** Stops every paid call. When it resolves, no later call gets through in any process. */
  suspend(reason: string, actor: string): Promise<Protection>;
  /** Leaves the shutdown. A budget that is still used up shuts down again at the next call: raise it. */
  resume(reason: string, actor: string): Promise<Protection>;
}

/** The most that a window without a budget can be said to allow. */
const NO_LIMIT: Micros = 999_999_999_999_999_999n;

/** What the protection room is made with. */
export interface ProtectionOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** Told when a budget was set, or the state by an operator. */
  readonly onChanged?: () => void;
}

/** Makes the protection room. */
export function createProtection(options: ProtectionOptions): ProtectionRoom {
  const { database, clock, onChanged } = options;

  const usageOf = (budgets: readonly Budget[], period: BudgetPeriod, now: Date): BudgetUsage => {
    const found = budgets.find((budget) => budget.scope === 'GLOBAL' && budget.period === period);
    if (found) return found.usage;
    const step = period === 'HOUR' ? 3_600_000 : 86_400_000;
    const resetsAt = new Date((Math.floor(now.getTime() / step) + 1) * step);
    return { limitMicros: NO_LIMIT, spentMicros: 0n, reservedMicros: 0n, resetsAt };
  };

  const room: ProtectionRoom = {
    async read() {
      const now = clock.now();
      const [record, budgets] = await Promise.all([
        statements.readProtection(database, now),
        statements.readBudgets(database, now),
      ]);
      const over = record.state !== 'NORMAL' && record.until !== null && record.until <= now;
      return {
        state: over ? 'NORMAL' : record.state,
        reason: over ? null : record.reason,
        since: over && record.until ? record.until : record.since,
        changedBy: record.changedBy,
        resetsAt: over ? null : record.until,
        hour: usageOf(budgets, 'HOUR', now),
        day: usageOf(budgets, 'DAY', now),
        marginToday: margin(record.revenueTodayMicros, record.costTodayMicros),
      };
    },
    budgets: () => statements.readBudgets(database, clock.now()),
    budget: async (id) => (await statements.readBudgets(database, clock.now(), id))[0] ?? null,
    async setBudget(input, actor) {
      const subject = input.subject ?? '';
      const id = await statements.setBudget(database, clock.now(), newId(), { ...input, subject }, actor);
      onChanged?.();
      const budget = await room.budget(id);
      if (!budget) throw new Error(`The budget ${id} has been set and is not there.`);
      return budget;
    },
    async suspend(reason, actor) {
      await statements.setState(database, clock.now(), 'SHUTDOWN', reason, actor);
      onChanged?.();
      return room.read();
    },
    async resume(reason, actor) {
      await statements.setState(database, clock.now(), 'NORMAL', reason, actor);
      onChanged?.();
      return room.read();
    },
  };
  return room;
}
