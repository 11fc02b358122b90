/** What is asked of the profit room, and what it answers. Instants are Dates, money is Micros, counts are numbers. */
import type { Tier } from '../ledger/index.ts';
import type { Micros } from '../money.ts';
import type { Operation } from '../providers/index.ts';

/** What lines of a report can be told apart by. */
export const PROFIT_DIMENSIONS = [
  'PROVIDER',
  'MODEL',
  'OPERATION',
  'TIER',
  'ACCOUNT',
  'COUNTRY',
  'PLAN',
] as const;
export type ProfitDimension = (typeof PROFIT_DIMENSIONS)[number];

/** By what accounts are ranked; LOSS is cost − revenue. */
export const RANKINGS = ['COST', 'REVENUE', 'LOSS', 'CALLS'] as const;
export type Ranking = (typeof RANKINGS)[number];

/** from <= t < to, to the millisecond. */
export interface TimeRange {
  readonly from: Date;
  readonly to: Date;
}

/** Which calls count: those that match every list. One that is left out matches all, an empty one none. */
export interface ProfitFilter {
  readonly providers?: readonly string[] | null | undefined;
  /** `provider/name` each. */
  readonly models?: readonly string[] | null | undefined;
  readonly operations?: readonly Operation[] | null | undefined;
  readonly tiers?: readonly Tier[] | null | undefined;
  /** UUIDs. */
  readonly accounts?: readonly string[] | null | undefined;
  /** Two letters each; an empty text stands for accounts that have none. */
  readonly countries?: readonly string[] | null | undefined;
  /** Plan ids; an empty text stands for calls of accounts without a plan. */
  readonly plans?: readonly string[] | null | undefined;
}

/** What a report is about. */
export interface ProfitQuestion {
  readonly range: TimeRange;
  /** Left out or empty: one line of everything. */
  readonly groupBy?: readonly ProfitDimension[] | null | undefined;
  readonly filter?: ProfitFilter | null | undefined;
  /** IANA name; the site's own when left out. */
  readonly timeZone?: string | null | undefined;
  /** The most lines that are answered; {@link MOST_LINES} when left out. More are refused, never cut off. */
  readonly mostLines?: number | undefined;
}

/** What calls add up to. */
export interface ProfitSums {
  readonly calls: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Calls that an earlier result served. */
  readonly cacheHits: number;
  readonly credits: bigint;
  /** All that providers bill for these calls, failed ones too. */
  readonly costMicros: Micros;
  /** The part of the cost whose customer was refunded. */
  readonly lostCostMicros: Micros;
  /** What the burned credits earned. */
  readonly revenueMicros: Micros;
  /** Of all calls together. */
  readonly durationMs: bigint;
}

/**
 * A line of a report. What it is not told apart by is null; country and plan are empty where accounts have none. By account, the line
 * without one is what vendors billed beyond the books, which no account's call explains.
 */
export interface ProfitLine extends ProfitSums {
  readonly provider: string | null;
  readonly model: string | null;
  readonly operation: Operation | null;
  readonly tier: Tier | null;
  readonly accountId: string | null;
  readonly country: string | null;
  readonly plan: string | null;
}

/** What calls of one interval add up to. */
export interface ProfitPoint extends ProfitSums {
  /** Where the interval begins, or the range where that begins later. */
  readonly at: Date;
  /** Where it ends, or the range where that ends earlier. */
  readonly until: Date;
}

/** A report: its lines add up to its totals, since the totals are their sum. */
export interface ProfitReport {
  readonly range: TimeRange;
  readonly timeZone: string;
  readonly totals: ProfitLine;
  /** The dearest first. */
  readonly lines: readonly ProfitLine[];
}

/** A report beside the time of equal length before it. Changes are ratios for people: 0.25 is a quarter more. */
export interface ProfitTrend {
  /** The time before: as many days of the zone where the range is whole days of it, else as many milliseconds. */
  readonly range: TimeRange;
  readonly previous: ProfitLine;
  /** (now − before) / before; null where there was nothing before. */
  readonly callsChange: number | null;
  readonly costChange: number | null;
  readonly revenueChange: number | null;
  /** Measured by the size of what was before, so that a loss which shrinks is a change for the better. */
  readonly grossProfitChange: number | null;
}

/** An argument that cannot be, with what would be right. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** A question that cannot be answered. */
export interface Invalid {
  readonly status: 'invalid';
  readonly fields: readonly FieldError[];
}
