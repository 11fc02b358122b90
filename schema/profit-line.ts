/** What calls cost and earned, as every report and the live profit show it. */
import { countOf, margin, markup } from '../server/money.ts';
import type { Operation as OperationName } from '../server/providers/index.ts';
import { Account } from './account.ts';
import { builder } from './builder.ts';
import { Operation, Tier } from './enums.ts';
import { invalidArgument } from './errors.ts';
import { decodeId, idHint } from './node-ids.ts';
import { PLAN_NAME } from './offer-name.ts';
import { Money } from './scalars.ts';

/** The sums of some attempts. What they have in common is named; what they differ in is null or left out. */
export interface ProfitLineRecord {
  readonly provider?: string | null;
  readonly model?: string | null;
  readonly operation?: OperationName | null;
  readonly tier?: (typeof Tier)['$inferType'] | null;
  readonly accountId?: string | null;
  readonly country?: string | null;
  readonly plan?: string | null;
  readonly calls: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cacheHits: number;
  readonly credits: bigint;
  readonly costMicros: bigint;
  readonly lostCostMicros: bigint;
  readonly revenueMicros: bigint;
  /** Of all calls together. */
  readonly durationMs: bigint;
}

/** The most that an Int of GraphQL holds; credits of years of a large site pass it. */
const MOST_INT = 2_147_483_647;

function intOf(credits: bigint): number {
  if (credits <= MOST_INT) return countOf(credits);
  throw invalidArgument(
    'range',
    `It has more than ${MOST_INT} credits, which no Int holds. Take a shorter range.`,
  );
}

/** A part of a sum; 0 of nothing. */
const average = (sum: bigint, calls: number): bigint => (calls === 0 ? 0n : sum / BigInt(calls));

export const ProfitLine = builder.objectRef<ProfitLineRecord>('ProfitLine').implement({
  description: 'What some calls cost and earned. What they have in common is named; the rest is null.',
  fields: (t) => ({
    provider: t.string({
      nullable: true,
      description: 'Who was called.',
      resolve: (line) => line.provider ?? null,
    }),
    model: t.string({ nullable: true, description: 'provider/name', resolve: (line) => line.model ?? null }),
    operation: t.field({
      type: Operation,
      nullable: true,
      description: 'What was asked for.',
      resolve: (line) => line.operation ?? null,
    }),
    tier: t.field({
      type: Tier,
      nullable: true,
      description: "The accounts' tier at that time.",
      resolve: (line) => line.tier ?? null,
    }),
    account: t.field({
      type: Account,
      nullable: true,
      description:
        "Whose calls. Null when lines are not told apart by account; in a report by ACCOUNT one line may have none: what vendors billed beyond the books, which is in the totals and is no account's.",
      resolve: (line, _args, context) => (line.accountId ? context.loaders.account(line.accountId) : null),
    }),
    country: t.string({
      nullable: true,
      description: "The accounts' country at that time; empty where it is not known.",
      resolve: (line) => line.country ?? null,
    }),
    plan: t.string({
      nullable: true,
      description: "The accounts' plan at that time; empty for none.",
      resolve: (line) => line.plan ?? null,
    }),
    planName: t.string({
      nullable: true,
      description: PLAN_NAME,
      resolve: ({ plan }, _args, { loaders }) => (plan == null ? null : loaders.planName(plan)),
    }),
    calls: t.exposeInt('calls', { description: 'Calls to providers, and cache hits.' }),
    succeeded: t.exposeInt('succeeded', { description: 'Those that made what was asked for.' }),
    failed: t.exposeInt('failed', { description: 'Those that did not.' }),
    cacheHits: t.exposeInt('cacheHits', { description: 'Those that an earlier result served.' }),
    credits: t.int({ description: 'Credits that were burned.', resolve: (line) => intOf(line.credits) }),
    cost: t.field({
      type: Money,
      description: 'All that providers bill for these calls, failed ones too.',
      resolve: (line) => line.costMicros,
    }),
    lostCost: t.field({
      type: Money,
      description: 'The part of cost whose customer was refunded.',
      resolve: (line) => line.lostCostMicros,
    }),
    revenue: t.field({
      type: Money,
      description: 'Revenue earned by the credits burned (not cash).',
      resolve: (line) => line.revenueMicros,
    }),
    grossProfit: t.field({
      type: Money,
      description: 'revenue − cost.',
      resolve: (line) => line.revenueMicros - line.costMicros,
    }),
    margin: t.float({
      nullable: true,
      description: 'grossProfit / revenue, null when revenue is 0. Never to be mixed up with markup.',
      resolve: (line) => margin(line.revenueMicros, line.costMicros),
    }),
    markup: t.float({
      nullable: true,
      description: 'grossProfit / cost, null when cost is 0.',
      resolve: (line) => markup(line.revenueMicros, line.costMicros),
    }),
    averageCost: t.field({
      type: Money,
      description: 'cost / calls, rounded down to the micro-dollar; 0 without calls.',
      resolve: (line) => average(line.costMicros, line.calls),
    }),
    averageDurationMs: t.int({
      description: 'From the call to its end; 0 without calls.',
      resolve: (line) => countOf(average(line.durationMs, line.calls)),
    }),
  }),
});

/** Which calls count. */
export const ProfitFilter = builder.inputType('ProfitFilter', {
  description: 'Which calls count: those that match every list that is given. An empty list matches none.',
  fields: (t) => ({
    providers: t.stringList({ description: 'Who was called.' }),
    models: t.stringList({ description: 'provider/name' }),
    operations: t.field({ type: [Operation], description: 'What was asked for.' }),
    tiers: t.field({ type: [Tier], description: "The accounts' tier at that time." }),
    accounts: t.idList({ description: 'Whose calls.' }),
    countries: t.stringList({
      description: 'ISO 3166-1 alpha-2, such as DE; empty for accounts without one.',
    }),
    plans: t.stringList({ description: 'Plan ids, such as tokens-pro; empty for accounts without one.' }),
  }),
});

/**
 * The accounts of a filter as the database names them; null when it names none.
 *
 * @throws INVALID_INPUT for what is no account's id.
 */
export function accountsOf(filter: (typeof ProfitFilter)['$inferInput'] | null | undefined): string[] | null {
  return (
    filter?.accounts?.map((id, index) => {
      const accountId = decodeId('Account', String(id));
      if (accountId) return accountId;
      throw invalidArgument(
        `filter.accounts[${index}]`,
        `"${String(id).slice(0, 60)}" is no id of an account. ${idHint('Account')}`,
      );
    }) ?? null
  );
}
