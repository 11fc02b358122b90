/** The business as its owner asks for it: what comes in every month, who stays, and cash beside what is earned. */
import type { Database } from '../../database/index.ts';
import { type Micros, margin } from '../../money.ts';
import { planNames } from '../../plans/index.ts';
import { monthBefore } from '../../time-zone.ts';
import type { createReports } from '../reports.ts';
import { NOTHING } from '../sums.ts';
import type { ProfitSums, TimeRange } from '../types.ts';
import { readCash } from './cash.ts';
import * as statements from './statements.ts';

/** A plan's subscribers, and what calls under it earned and cost. */
export interface PlanRevenue {
  /** Empty: calls of accounts without a plan. */
  readonly plan: string;
  /** For people; of a plan that was never sold here, its id. */
  readonly name: string;
  readonly subscribers: number;
  readonly revenueMicros: Micros;
  readonly costMicros: Micros;
}

/** See README.md for what each is, to the letter. */
export interface BusinessMetrics {
  readonly range: TimeRange;
  readonly mrrMicros: Micros;
  readonly arrMicros: Micros;
  readonly arpuMicros: Micros;
  readonly ltvMicros: Micros | null;
  /** A ratio for people. */
  readonly churnRate: number | null;
  readonly activeSubscribers: number;
  readonly leavingSubscribers: number;
  readonly payingAccounts: number;
  readonly freeAccounts: number;
  readonly cashMicros: Micros;
  readonly soldMicros: Micros;
  readonly earnedMicros: Micros;
  readonly deferredMicros: Micros;
  readonly breakageMicros: Micros;
  readonly clawedBackMicros: Micros;
  readonly costMicros: Micros;
  readonly feesMicros: Micros;
  readonly refundsMicros: Micros;
  /** On what was earned. */
  readonly netProfitMicros: Micros;
  /** On what came in. */
  readonly cashProfitMicros: Micros;
  readonly margin: number | null;
  readonly plans: readonly PlanRevenue[];
}

/** What the figures are read with. */
export interface Reading {
  readonly database: Database;
  readonly reports: ReturnType<typeof createReports>;
}

/** Everything before anything was booked. */
const BEGINNING = new Date('1970-01-01T00:00:00Z');
/** Months of churn that are looked at together: ten years. */
const MOST_MONTHS = 120;

/** Whole months that end with the range, the last first; one that begins before it when the range is shorter. */
function monthsOf({ from, to }: TimeRange, zone: string): { from: Date; to: Date }[] {
  const months: { from: Date; to: Date }[] = [];
  for (let end = to; months.length < MOST_MONTHS; ) {
    const begin = new Date(monthBefore(zone, to.getTime(), months.length + 1));
    if (months.length > 0 && begin < from) break;
    months.push({ from: begin, to: end });
    end = begin;
  }
  return months;
}

/** Totals, or a bug: the question was checked before. */
export async function totalsOf({ reports }: Reading, range: TimeRange): Promise<ProfitSums> {
  if (range.from >= range.to) return NOTHING;
  const outcome = await reports.report({ range });
  if (outcome.status === 'invalid') throw new Error(outcome.fields[0]?.message);
  return outcome.report.totals;
}

async function plansOf(
  { database, reports }: Reading,
  range: TimeRange,
  subscribers: readonly statements.Subscribers[],
): Promise<PlanRevenue[]> {
  const outcome = await reports.report({ range, groupBy: ['PLAN'] });
  if (outcome.status === 'invalid') throw new Error(outcome.fields[0]?.message);
  const lines = new Map(outcome.report.lines.map((line) => [line.plan ?? '', line]));
  const counts = new Map(
    subscribers.flatMap(({ planId, interval, accounts }) =>
      planId === null || interval !== null ? [] : [[planId, accounts] as const],
    ),
  );
  const ids = [...new Set([...lines.keys(), ...counts.keys()])];
  const names = await planNames(database, ids);
  const plans = ids.map((plan, index) => ({
    plan,
    name: names[index] ?? plan,
    subscribers: counts.get(plan) ?? 0,
    revenueMicros: lines.get(plan)?.revenueMicros ?? 0n,
    costMicros: lines.get(plan)?.costMicros ?? 0n,
  }));
  return plans.sort((a, b) =>
    a.revenueMicros === b.revenueMicros
      ? a.plan.localeCompare(b.plan)
      : a.revenueMicros > b.revenueMicros
        ? -1
        : 1,
  );
}

/** Reads all figures of a range that has been checked. */
export async function readMetrics(
  reading: Reading,
  range: TimeRange,
  timeZone: string,
): Promise<BusinessMetrics> {
  const { database } = reading;
  const { from, to } = range;
  const [subscribers, churn, cash, books, payers, accounts, totals, before] = await Promise.all([
    statements.readSubscribers(database, to),
    statements.readChurn(database, monthsOf(range, timeZone)),
    readCash(database, range),
    statements.readCreditBooks(database, from, to),
    statements.readPayers(database, from, to),
    database.prisma.account.count({ where: { createdAt: { lt: to } } }),
    totalsOf(reading, range),
    totalsOf(reading, { from: BEGINNING, to }),
  ]);
  const all = subscribers.find(({ planId }) => planId === null);
  const active = all?.accounts ?? 0;
  const yearlyMicros = (all?.monthlyMicros ?? 0n) * 12n + (all?.yearlyMicros ?? 0n);
  const mrrMicros = yearlyMicros / 12n;
  const earnedMicros = totals.revenueMicros;
  const incomeMicros = earnedMicros + books.breakageMicros;
  const netProfitMicros =
    incomeMicros + books.clawedBackMicros - cash.refundsMicros - cash.feesMicros - totals.costMicros;
  const isKnown = churn.subscribers > 0;
  return {
    range,
    mrrMicros,
    arrMicros: yearlyMicros,
    arpuMicros: active === 0 ? 0n : mrrMicros / BigInt(active),
    ltvMicros:
      isKnown && churn.lost > 0 && active > 0
        ? (mrrMicros * BigInt(churn.subscribers)) / (BigInt(active) * BigInt(churn.lost))
        : null,
    churnRate: isKnown ? churn.lost / churn.subscribers : null,
    activeSubscribers: active,
    leavingSubscribers: all?.leaving ?? 0,
    payingAccounts: payers.paying,
    freeAccounts: Math.max(accounts - payers.everPaid, 0),
    cashMicros: cash.cashMicros,
    soldMicros: books.soldMicros,
    earnedMicros,
    deferredMicros: books.leftMicros + books.awaitedMicros - (before.revenueMicros - books.importedMicros),
    breakageMicros: books.breakageMicros,
    clawedBackMicros: books.clawedBackMicros,
    costMicros: totals.costMicros,
    feesMicros: cash.feesMicros,
    refundsMicros: cash.refundsMicros,
    netProfitMicros,
    cashProfitMicros: cash.cashMicros - cash.refundsMicros - cash.feesMicros - totals.costMicros,
    margin: margin(incomeMicros, incomeMicros - netProfitMicros),
    plans: await plansOf(reading, range, subscribers),
  };
}
