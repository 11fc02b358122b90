/** What one use of each operation and model costs and earns, and where plans and free credits break even. */
import type { Database } from '../../database/index.ts';
import { divideUp, type Micros, margin, ratio } from '../../money.ts';
import { type PlanOffer, type Plans, usualFee } from '../../plans/index.ts';
import type { Operation } from '../../providers/index.ts';
import { addUp, NOTHING } from '../sums.ts';
import type { ProfitLine, ProfitSums, TimeRange } from '../types.ts';
import type { Reading } from './metrics.ts';
import { readSubscribers, type Subscribers } from './statements.ts';

/** What uses of an operation, or of a model of it, cost and ask for. */
export interface UnitEconomics {
  readonly operation: Operation;
  /** Null: all models of the operation. */
  readonly model: string | null;
  readonly calls: number;
  readonly succeeded: number;
  readonly costMicros: Micros;
  readonly credits: bigint;
  /** Cost of all calls, failed ones too, for each that succeeded; null while none has. */
  readonly costPerUseMicros: Micros | null;
  /** Credits for each that succeeded, on average; a ratio for people. */
  readonly creditsPerUse: number | null;
  /** At the least that a credit of the active list sells for; null while no credit was burned. */
  readonly marginAtCheapest: number | null;
  /** At the most. */
  readonly marginAtDearest: number | null;
}

/** A plan as it is sold now, beside what its subscribers use. */
export interface PlanBreakEven {
  readonly offer: PlanOffer;
  /** What payment costs, as long as the payment provider has not said. */
  readonly feeMicros: Micros;
  /** What a burned credit costs: of this plan's calls, else of all; null while none was burned. */
  readonly costPerCredit: { readonly costMicros: Micros; readonly credits: bigint } | null;
  /** Burned credits of one payment from which on it leaves nothing; null while a credit costs nothing. */
  readonly breakEvenCredits: bigint | null;
  /** What one payment leaves when all its credits are burned at that cost; null while that is not known. */
  readonly profitAtFullUseMicros: Micros | null;
  /** By this interval, at the end of the range. */
  readonly subscribers: number;
  /** What a subscriber's calls cost in a month of 30 days, by whatever interval, on average of the range; null without any. */
  readonly observedCostMicros: Micros | null;
  /** What a month's price leaves of that, after fees. */
  readonly observedProfitMicros: Micros | null;
}

/** What free credits cost whoever gives them. */
export interface FreeBreakEven {
  /** Credits that a free account is given in a month of 30 days. */
  readonly creditsAMonth: number;
  readonly costPerCredit: { readonly costMicros: Micros; readonly credits: bigint } | null;
  /** What a free account that uses all of them leaves in a month: a loss. */
  readonly profitMicros: Micros | null;
  /** Credits that have to be sold, at the least that one sells for, to pay for one such account; null when none are enough. */
  readonly paidCredits: bigint | null;
  /** Calls of free accounts in the range, and their cost. */
  readonly observed: ProfitSums;
}

const MONTH_MS = 30n * 86_400_000n;

/** What the active list says of its credits. */
export async function readPriceList(database: Database, id: string) {
  return database.prisma.priceList.findUniqueOrThrow({ where: { id } });
}
type List = Awaited<ReturnType<typeof readPriceList>>;

async function linesOf(
  { reports }: Reading,
  range: TimeRange,
  groupBy: readonly ('MODEL' | 'OPERATION' | 'PLAN' | 'TIER')[],
): Promise<readonly ProfitLine[]> {
  const outcome = await reports.report({ range, groupBy });
  if (outcome.status === 'invalid') throw new Error(outcome.fields[0]?.message);
  return outcome.report.lines;
}

function unit(operation: Operation, model: string | null, sums: ProfitSums, list: List): UnitEconomics {
  const at = (creditMicros: Micros) => margin(sums.credits * creditMicros, sums.costMicros);
  const succeeded = BigInt(sums.succeeded);
  return {
    operation,
    model,
    calls: sums.calls,
    succeeded: sums.succeeded,
    costMicros: sums.costMicros,
    credits: sums.credits,
    costPerUseMicros: succeeded === 0n ? null : divideUp(sums.costMicros, succeeded),
    creditsPerUse: ratio(sums.credits, succeeded),
    marginAtCheapest: at(list.creditMicros),
    marginAtDearest: at(list.creditMaxMicros),
  };
}

/** Each operation, and below it its models, the most used first. */
export async function readUnitEconomics(
  reading: Reading,
  range: TimeRange,
  list: List,
): Promise<UnitEconomics[]> {
  const lines = await linesOf(reading, range, ['OPERATION', 'MODEL']);
  const operations = Map.groupBy(lines, ({ operation }) => operation);
  return [...operations]
    .map(([operation, models]) => ({ operation, models, calls: addUp(models).calls }))
    .sort((a, b) => b.calls - a.calls)
    .flatMap(({ operation, models }) => {
      if (operation === null) return [];
      const byUse = [...models].sort((a, b) => b.calls - a.calls);
      return [
        unit(operation, null, addUp(models), list),
        ...byUse.map((line) => unit(operation, line.model, line, list)),
      ];
    });
}

const costPerCreditOf = (sums: ProfitSums, otherwise: ProfitSums) => {
  const taken = sums.credits > 0n ? sums : otherwise;
  return taken.credits > 0n ? { costMicros: taken.costMicros, credits: taken.credits } : null;
};

/** A part of what was observed in a range, for a month of 30 days; rounded up. */
const aMonth = (micros: Micros, { from, to }: TimeRange) =>
  divideUp(micros * MONTH_MS, BigInt(to.getTime() - from.getTime()));

function planBreakEven(
  offer: PlanOffer,
  subscribers: readonly Subscribers[],
  own: ProfitSums,
  everything: ProfitSums,
  range: TimeRange,
): PlanBreakEven {
  const feeMicros = usualFee(offer.priceMicros);
  const left = offer.priceMicros - feeMicros;
  const costPerCredit = costPerCreditOf(own, everything);
  const of = (interval: Subscribers['interval']) =>
    subscribers.find((row) => row.planId === offer.planId && row.interval === interval)?.accounts ?? 0;
  const all = of(null);
  const observedCostMicros = all === 0 ? null : divideUp(aMonth(own.costMicros, range), BigInt(all));
  return {
    offer,
    feeMicros,
    costPerCredit,
    breakEvenCredits:
      costPerCredit === null || costPerCredit.costMicros === 0n
        ? null
        : (left * costPerCredit.credits) / costPerCredit.costMicros,
    profitAtFullUseMicros:
      costPerCredit === null
        ? null
        : left - divideUp(BigInt(offer.credits) * costPerCredit.costMicros, costPerCredit.credits),
    subscribers: of(offer.interval),
    observedCostMicros,
    observedProfitMicros:
      observedCostMicros === null ? null : left / (offer.interval === 'YEAR' ? 12n : 1n) - observedCostMicros,
  };
}

/** Where each plan that is sold now breaks even. */
export async function readPlanBreakEvens(
  reading: Reading,
  range: TimeRange,
  plans: Plans,
): Promise<PlanBreakEven[]> {
  const [offers, subscribers, lines] = await Promise.all([
    plans.offers(),
    readSubscribers(reading.database, range.to),
    linesOf(reading, range, ['PLAN']),
  ]);
  const all = addUp(lines);
  return offers.map((offer) =>
    planBreakEven(offer, subscribers, lines.find(({ plan }) => plan === offer.planId) ?? NOTHING, all, range),
  );
}

/** What free credits cost. */
export async function readFreeBreakEven(
  reading: Reading,
  range: TimeRange,
  list: List,
): Promise<FreeBreakEven> {
  const lines = await linesOf(reading, range, ['TIER']);
  const all = addUp(lines);
  const observed = lines.find(({ tier }) => tier === 'FREE') ?? NOTHING;
  const costPerCredit = costPerCreditOf(observed, all);
  const creditsAMonth =
    list.freeCredits * (list.freePeriod === 'DAY' ? 30 : list.freePeriod === 'HOUR' ? 720 : 1);
  const cost =
    costPerCredit && divideUp(BigInt(creditsAMonth) * costPerCredit.costMicros, costPerCredit.credits);
  // What one sold credit leaves, times as many as the costs were of.
  const leaves = costPerCredit && list.creditMicros * costPerCredit.credits - costPerCredit.costMicros;
  return {
    creditsAMonth,
    costPerCredit,
    profitMicros: cost === null ? null : -cost,
    paidCredits:
      cost === null || leaves === null || leaves <= 0n
        ? null
        : divideUp(cost * (costPerCredit?.credits ?? 0n), leaves),
    observed: addUp([observed]),
  };
}
