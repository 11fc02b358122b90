/** What rewards a site gives, and its operator's changes of that. */
import { type Database, writeAuditLog } from '../database/index.ts';
import type { Micros } from '../money.ts';
import * as statements from './statements.ts';

/** What the wheel and referrals give on a site with one price list. */
export interface RewardRules {
  readonly wheelOn: boolean;
  /** Of a million draws so many win. */
  readonly wheelChance: number;
  /** The model whose 5 s clip is the prize; null: the cheapest that is served. */
  readonly wheelModel: string | null;
  /** Days until a prize expires. */
  readonly wheelPrizeDays: number;
  /** The most that the prizes of one day of UTC may cost. */
  readonly wheelDailyCostMicros: Micros;
  /** Bonus of each side, in credits; 0: none is offered. */
  readonly referralCredits: number;
  /** Days until a bonus expires. */
  readonly referralDays: number;
  /** Bonuses of one referrer in a month of UTC. */
  readonly referralMonthlyCap: number;
  /** Bonuses of one referrer in all. */
  readonly referralTotalCap: number;
}

/** What of the rules is to be another; what is left out stays. */
export type RewardRulesChange = { readonly [Rule in keyof RewardRules]?: RewardRules[Rule] | undefined };

/** A price list of the operator's own gives nothing until its rules are set. */
const NOTHING: RewardRules = {
  wheelOn: false,
  wheelChance: 200_000,
  wheelModel: null,
  wheelPrizeDays: 14,
  wheelDailyCostMicros: 0n,
  referralCredits: 0,
  referralDays: 90,
  referralMonthlyCap: 10,
  referralTotalCap: 100,
};

/** The rules of a price list. */
export async function readRules(database: Database, priceListId: string): Promise<RewardRules> {
  const row = await database.prisma.rewardRules.findUnique({ where: { priceListId } });
  if (!row) return NOTHING;
  const { priceListId: _, ...rules } = row;
  return rules;
}

/** Changes what is said of the rules and leaves the rest, with a line in the audit log. */
export async function changeRules(
  database: Database,
  now: Date,
  priceListId: string,
  change: RewardRulesChange,
  reason: string,
  actor: string,
): Promise<RewardRules> {
  // What was not said is undefined in it, and must not stand over what is there.
  const said = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const rules = { ...(await readRules(database, priceListId)), ...said };
  await database.transaction(async (sql) => {
    await statements.setRules(sql, priceListId, rules);
    await writeAuditLog(sql, now, {
      actor,
      action: 'rewards.set',
      subject: priceListId,
      reason,
      detail: said,
    });
  });
  return rules;
}
