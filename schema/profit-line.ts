/** What calls cost and earned, as every report and the live profit show it. */
import { margin, markup } from '../server/money.ts';
import type { Operation as OperationName } from '../server/providers/index.ts';
import { Account } from './account.ts';
import { builder } from './builder.ts';
import { Operation, Tier } from './enums.ts';
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
      description: 'Whose calls.',
      resolve: (line, _args, context) =>
        line.accountId
          ? context.core.database.prisma.account.findUnique({ where: { id: line.accountId } })
          : null,
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
    calls: t.exposeInt('calls', { description: 'Calls to providers, and cache hits.' }),
    succeeded: t.exposeInt('succeeded', { description: 'Those that made what was asked for.' }),
    failed: t.exposeInt('failed', { description: 'Those that did not.' }),
    cacheHits: t.exposeInt('cacheHits', { description: 'Those that an earlier result served.' }),
    credits: t.int({ description: 'Credits that were burned.', resolve: (line) => Number(line.credits) }),
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
      resolve: (line) => Number(average(line.durationMs, line.calls)),
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
    countries: t.stringList({ description: 'ISO 3166-1 alpha-2, such as DE.' }),
  }),
});
