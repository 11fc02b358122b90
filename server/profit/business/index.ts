/** The business: what its owner asks for beside cost and revenue of calls. README.md says what each figure is. */
import type { Catalog } from '../../catalog/index.ts';
import type { Clock } from '../../clock.ts';
import type { Database } from '../../database/index.ts';
import type { Plans } from '../../plans/index.ts';
import { checkTime, createReports } from '../reports.ts';
import type { Invalid, TimeRange } from '../types.ts';
import {
  type FreeBreakEven,
  type PlanBreakEven,
  readFreeBreakEven,
  readPlanBreakEvens,
  readPriceList,
  readUnitEconomics,
  type UnitEconomics,
} from './economics.ts';
import { type BusinessMetrics, readMetrics } from './metrics.ts';
import { type Recommendation, recommend } from './recommendations.ts';
import { type CohortMonth, readCohorts } from './statements.ts';

/** What the business room needs. */
export interface BusinessOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** The zone in which months are counted when a question names none. */
  readonly timeZone: string;
  readonly catalog: Catalog;
  readonly plans: Plans;
  /** Id of the active price list. */
  readonly priceList: string;
  /** The margin under which a price is flagged, from 0 to 1. A ratio, not money. */
  readonly marginFloor: number;
}

/** Where plans and free credits break even. */
export interface BreakEven {
  readonly plans: readonly PlanBreakEven[];
  readonly free: FreeBreakEven;
}

type Answer<Name extends string, Value> =
  | ({ readonly status: Name } & { readonly [name in Name]: Value })
  | Invalid;

/** The business. Bad questions are answered `invalid`; its functions throw what the database throws. */
export interface Business {
  metrics(range: TimeRange, timeZone?: string | null): Promise<Answer<'metrics', BusinessMetrics>>;
  unitEconomics(range: TimeRange): Promise<Answer<'units', readonly UnitEconomics[]>>;
  breakEven(range: TimeRange): Promise<Answer<'breakEven', BreakEven>>;
  /** Those who first paid in a month of UTC that the range touches, by the months since, until the present one. */
  cohorts(range: TimeRange): Promise<Answer<'cohorts', readonly CohortMonth[]>>;
  /** What the books advise, the largest effect first. */
  recommendations(range: TimeRange): Promise<Answer<'recommendations', readonly Recommendation[]>>;
}

/** Months of cohorts that are told at once: five years. */
const MOST_COHORT_MONTHS = 60;

const monthOf = (at: Date, months = 0) =>
  new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months, 1));

/** Makes the business's part of the profit room. */
export function createBusiness(options: BusinessOptions): Business {
  const { database, clock, plans, catalog } = options;
  const reading = { database, reports: createReports({ sql: database, timeZone: options.timeZone }) };
  const list = () => readPriceList(database, options.priceList);
  const invalid = (fields: Invalid['fields']): Invalid => ({ status: 'invalid', fields });

  async function breakEvenOf(range: TimeRange): Promise<BreakEven> {
    return {
      plans: await readPlanBreakEvens(reading, range, plans),
      free: await readFreeBreakEven(reading, range, await list()),
    };
  }

  return {
    async metrics(range, timeZone) {
      const fields = checkTime(range, timeZone);
      if (fields.length > 0) return invalid(fields);
      return { status: 'metrics', metrics: await readMetrics(reading, range, timeZone ?? options.timeZone) };
    },
    async unitEconomics(range) {
      const fields = checkTime(range, null);
      if (fields.length > 0) return invalid(fields);
      return { status: 'units', units: await readUnitEconomics(reading, range, await list()) };
    },
    async breakEven(range) {
      const fields = checkTime(range, null);
      if (fields.length > 0) return invalid(fields);
      return { status: 'breakEven', breakEven: await breakEvenOf(range) };
    },
    async cohorts(range) {
      const fields = checkTime(range, null);
      const from = monthOf(range.from);
      if (fields.length === 0 && monthOf(from, MOST_COHORT_MONTHS) < range.to) {
        fields.push({ path: 'range.from', message: `Give at most ${MOST_COHORT_MONTHS} months.` });
      }
      if (fields.length > 0) return invalid(fields);
      const now = clock.now();
      const end = new Date(Math.min(range.to.getTime(), now.getTime()));
      if (end <= from) return { status: 'cohorts', cohorts: [] };
      const to = end.getTime() === monthOf(end).getTime() ? end : monthOf(end, 1);
      return { status: 'cohorts', cohorts: await readCohorts(database, from, to, end) };
    },
    async recommendations(range) {
      const fields = checkTime(range, null);
      if (fields.length > 0) return invalid(fields);
      const recommendations = await recommend(reading, range, {
        catalog,
        breakEven: await breakEvenOf(range),
        marginFloor: options.marginFloor,
      });
      return { status: 'recommendations', recommendations };
    },
  };
}
