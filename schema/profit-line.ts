/** A line of a report, and the arguments that say which calls one is about. */
import { divideUp, margin, markup } from '../server/money.ts';
import {
  type FieldError,
  grossProfitMicros,
  type ProfitLine as Line,
  type ProfitFilter as ProfitFilterRecord,
} from '../server/profit/index.ts';
import { Account } from './account.ts';
import { builder } from './builder.ts';
import { Operation, Tier } from './enums.ts';
import { invalidArgument, invalidArguments } from './errors.ts';
import { decodeId, idHint } from './node-ids.ts';
import { Money } from './scalars.ts';

/** The most that an Int of GraphQL holds. */
const MOST_INT = 2_147_483_647;

/** Credits of years of a large site pass what an Int holds. */
function countOf(credits: number): number {
  if (credits <= MOST_INT) return credits;
  throw invalidArgument(
    'range',
    `It has more than ${MOST_INT} credits, which no Int holds. Take a shorter range.`,
  );
}

export const ProfitLine = builder.objectRef<Line>('ProfitLine').implement({
  description:
    'What calls add up to. Of what a report is not grouped by, the field is null; so are country and plan of accounts that have none.',
  fields: (t) => ({
    provider: t.exposeString('provider', { nullable: true, description: 'Who was called.' }),
    model: t.exposeString('model', { nullable: true, description: 'provider/name' }),
    operation: t.expose('operation', { type: Operation, nullable: true, description: 'What was asked for.' }),
    tier: t.expose('tier', {
      type: Tier,
      nullable: true,
      description: "The accounts' tier at the time of the call.",
    }),
    account: t.field({
      type: Account,
      nullable: true,
      description: 'Whose calls they were; also null when the account is gone.',
      resolve: (line, _args, context) => (line.accountId ? context.loaders.account(line.accountId) : null),
    }),
    country: t.exposeString('country', {
      nullable: true,
      description: "The accounts' country at that time.",
    }),
    plan: t.exposeString('plan', {
      nullable: true,
      description: 'The plan that the accounts had at that time.',
    }),
    calls: t.exposeInt('calls', {
      description: 'Attempts that were booked, results that the cache served among them.',
    }),
    succeeded: t.exposeInt('succeeded', { description: 'Those that made what was asked for.' }),
    failed: t.exposeInt('failed', { description: 'All others.' }),
    cacheHits: t.exposeInt('cacheHits', {
      description: 'Those that an earlier result served; nobody was called.',
    }),
    credits: t.int({ description: 'Credits that they burned.', resolve: (line) => countOf(line.credits) }),
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
    grossProfit: t.field({ type: Money, description: 'revenue − cost', resolve: grossProfitMicros }),
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
      description: 'cost / calls, rounded up to the micro; 0 without a call.',
      resolve: (line) => (line.calls === 0 ? 0n : divideUp(line.costMicros, BigInt(line.calls))),
    }),
    averageDurationMs: t.int({
      description: 'From a call to its end, on average; 0 without a call.',
      resolve: (line) => (line.calls === 0 ? 0 : Math.round(line.durationMs / line.calls)),
    }),
  }),
});

export const ProfitFilter = builder.inputType('ProfitFilter', {
  description:
    'Which calls count: those that a value of each list applies to. A list that is left out, or empty, lets all through.',
  fields: (t) => ({
    providers: t.stringList({ description: 'Who was called.' }),
    models: t.stringList({ description: 'provider/name each.' }),
    operations: t.field({ type: [Operation], description: 'What was asked for.' }),
    tiers: t.field({ type: [Tier], description: "The accounts' tiers at the time of the call." }),
    accounts: t.idList({ description: 'Whose calls.' }),
    countries: t.stringList({
      description: 'ISO 3166-1 alpha-2, at the time of the call; "" stands for accounts that have none.',
    }),
    plans: t.stringList({ description: 'Plan ids, at the time of the call; "" stands for no plan.' }),
  }),
});

/**
 * A filter as the rooms read it.
 *
 * @throws a GraphQL error that names the field, when an id is none of an account.
 */
export function readFilter(
  filter: (typeof ProfitFilter)['$inferInput'] | null | undefined,
): ProfitFilterRecord {
  const accounts = filter?.accounts?.map((text) => {
    const id = decodeId('Account', text);
    if (!id)
      throw invalidArgument('filter.accounts', `${text.slice(0, 60)} is no account. ${idHint('Account')}`);
    return id;
  });
  return { ...filter, accounts };
}

/** What a room answered, or a GraphQL error that names each argument which cannot be. */
export function orInvalid<Outcome extends { readonly status: string }>(
  outcome: Outcome | { readonly status: 'invalid'; readonly fields: readonly FieldError[] },
): Exclude<Outcome, { status: 'invalid' }> {
  if (outcome.status === 'invalid' && 'fields' in outcome) throw invalidArguments(outcome.fields);
  return outcome as Exclude<Outcome, { status: 'invalid' }>;
}
