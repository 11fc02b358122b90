/** Adding up. */
import { type Micros, ratio } from '../money.ts';
import type { ProfitLine, ProfitSums, ProfitTrend, TimeRange } from './types.ts';

/** What no call adds up to. */
export const NOTHING: ProfitSums = {
  calls: 0,
  succeeded: 0,
  failed: 0,
  cacheHits: 0,
  credits: 0n,
  costMicros: 0n,
  lostCostMicros: 0n,
  revenueMicros: 0n,
  durationMs: 0n,
};

/** The line of everything, told apart by nothing. */
export function lineOf(sums: ProfitSums): ProfitLine {
  return {
    provider: null,
    model: null,
    operation: null,
    tier: null,
    accountId: null,
    country: null,
    plan: null,
    ...sums,
  };
}

/** What sums add up to. */
export function addUp(all: readonly ProfitSums[]): ProfitSums {
  const sums = { ...NOTHING };
  for (const each of all) {
    sums.calls += each.calls;
    sums.succeeded += each.succeeded;
    sums.failed += each.failed;
    sums.cacheHits += each.cacheHits;
    sums.credits += each.credits;
    sums.costMicros += each.costMicros;
    sums.lostCostMicros += each.lostCostMicros;
    sums.revenueMicros += each.revenueMicros;
    sums.durationMs += each.durationMs;
  }
  return sums;
}

/** revenue − cost. */
export function grossProfitMicros(sums: ProfitSums): Micros {
  return sums.revenueMicros - sums.costMicros;
}

function changeOf(now: bigint, before: bigint): number | null {
  return ratio(now - before, before < 0n ? -before : before);
}

/** How a time stands beside the one before it. */
export function trendOf(now: ProfitSums, before: ProfitSums, range: TimeRange): ProfitTrend {
  return {
    range,
    previous: lineOf(before),
    callsChange: changeOf(BigInt(now.calls), BigInt(before.calls)),
    costChange: changeOf(now.costMicros, before.costMicros),
    revenueChange: changeOf(now.revenueMicros, before.revenueMicros),
    grossProfitChange: changeOf(grossProfitMicros(now), grossProfitMicros(before)),
  };
}
