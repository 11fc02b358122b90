/**
 * The door of the profit room: what was booked, added up by whatever an operator asks for. It reads summaries, so that an
 * answer costs the same however many calls there were. See README.md.
 */
import type { Database } from '../database/index.ts';
import type { Interval } from '../time-zone.ts';
import {
  createReports,
  type RankingOutcome,
  type ReportOutcome,
  type SeriesOutcome,
  type TrendOutcome,
} from './reports.ts';
import type { ProfitQuestion, Ranking } from './types.ts';

export type { Interval } from '../time-zone.ts';
export type { FreeBreakEven, PlanBreakEven, UnitEconomics } from './business/economics.ts';
export {
  type BreakEven,
  type Business,
  type BusinessOptions,
  createBusiness,
} from './business/index.ts';
export type { BusinessMetrics, PlanRevenue } from './business/metrics.ts';
export { type Figure, RECOMMENDATION_KINDS, type Recommendation } from './business/recommendations.ts';
export type { CohortMonth } from './business/statements.ts';
export {
  MOST_LINES,
  MOST_POINTS,
  MOST_RANKED,
  type RankingOutcome,
  type ReportOutcome,
  type SeriesOutcome,
  type TrendOutcome,
} from './reports.ts';
export { addUp, grossProfitMicros, lineOf, NOTHING } from './sums.ts';
export {
  type FieldError,
  type Invalid,
  PROFIT_DIMENSIONS,
  type ProfitDimension,
  type ProfitFilter,
  type ProfitLine,
  type ProfitPoint,
  type ProfitQuestion,
  type ProfitReport,
  type ProfitSums,
  type ProfitTrend,
  RANKINGS,
  type Ranking,
  type TimeRange,
} from './types.ts';

/** The profit room. Bad questions are answered `invalid`; its functions throw what the database throws. */
export interface Profit {
  /** The zone in which intervals are cut when a question names none. */
  readonly timeZone: string;
  /** Lines and totals of a range. */
  report(question: ProfitQuestion): Promise<ReportOutcome>;
  /** Totals of a range by hours, days, weeks or months of a zone; `groupBy` is not looked at. */
  series(question: ProfitQuestion, interval: Interval): Promise<SeriesOutcome>;
  /** Totals beside those of the time before; `groupBy` is not looked at. */
  trend(question: ProfitQuestion): Promise<TrendOutcome>;
  /** The first accounts by something, at most {@link MOST_RANKED}. */
  topAccounts(
    question: Omit<ProfitQuestion, 'groupBy' | 'mostLines'>,
    by: Ranking,
    first: number,
  ): Promise<RankingOutcome>;
}

/** Opens the profit room. */
export function createProfit(options: { readonly database: Database; readonly timeZone: string }): Profit {
  return {
    timeZone: options.timeZone,
    ...createReports({ sql: options.database, timeZone: options.timeZone }),
  };
}
