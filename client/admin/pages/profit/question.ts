/** What the profit page asks, as its address says it. */
import { addDays, daysBetween } from '../../../ui/zone.ts';
import { OPERATIONS, TIERS } from '../../enums.ts';
import type { Operation, ProfitDimension, Tier } from '../../gql/graphql.ts';
import type { Days } from '../../range.ts';
import { flag, oneOf, someOf, text, texts } from '../../search.ts';

/** By what lines can be told apart. */
export const DIMENSIONS = ['PROVIDER', 'MODEL', 'OPERATION', 'TIER', 'ACCOUNT', 'COUNTRY', 'PLAN'] as const;
/** How finely a range is drawn. */
export const INTERVALS = ['HOUR', 'DAY', 'WEEK', 'MONTH'] as const;
/** Ranges that end today, in days. */
export const RANGES = ['1', '7', '30', '90'] as const;

/** The parameters that the page's address has beside its days. */
export const READERS = {
  /** The last so many days, today counted; left out with `from` and `to`. */
  days: oneOf(...RANGES),
  /** Lines are told apart by all of these. */
  by: someOf(...DIMENSIONS),
  interval: oneOf(...INTERVALS),
  /** Whether each line stands beside what it was in the time before. */
  compare: flag(),
  // Calls that match each list that is there.
  providers: texts(),
  models: texts(),
  operations: someOf(...OPERATIONS),
  tiers: someOf(...TIERS),
  countries: texts(),
  plans: texts(),
  /** One user's id. */
  account: text(),
};

/** The search parameters of the page. */
export interface Search {
  readonly days?: (typeof RANGES)[number];
  readonly from?: string;
  readonly to?: string;
  readonly by?: readonly ProfitDimension[];
  readonly interval?: (typeof INTERVALS)[number];
  readonly compare?: true;
  readonly providers?: readonly string[];
  readonly models?: readonly string[];
  readonly operations?: readonly Operation[];
  readonly tiers?: readonly Tier[];
  readonly countries?: readonly string[];
  readonly plans?: readonly string[];
  readonly account?: string;
}

/** Which calls count: those that match each list that is there. */
export type Filter = {
  providers?: string[];
  models?: string[];
  operations?: Operation[];
  tiers?: Tier[];
  countries?: string[];
  plans?: string[];
  accounts?: string[];
};

/** As many days just before. */
export function daysBefore({ from, to }: Days): Days {
  return { from: addDays(from, -daysBetween(from, to)), to: addDays(from, -1) };
}

/** By what an address tells lines apart. */
export function groupsOf({ by }: Search): readonly ProfitDimension[] {
  return by ?? ['PROVIDER'];
}

/** Which calls an address means. */
export function filterOf(search: Search): Filter {
  const { providers, models, operations, tiers, countries, plans, account } = search;
  const accounts = account === undefined ? undefined : [account];
  return Object.fromEntries(
    Object.entries({ providers, models, operations, tiers, countries, plans, accounts }).filter(
      ([, values]) => values !== undefined,
    ),
  );
}

/** How finely a range is drawn when nobody has said so. */
export function intervalOf({ interval }: Search, { from, to }: Days): (typeof INTERVALS)[number] {
  if (interval) return interval;
  const days = daysBetween(from, to);
  return days <= 2 ? 'HOUR' : days <= 92 ? 'DAY' : days <= 400 ? 'WEEK' : 'MONTH';
}

/** Where the same report is to be had as CSV. */
export function csvAddress(search: Search, { from, to }: Days, zone: string): string {
  const parameters = new URLSearchParams({ from, to: addDays(to, 1), timeZone: zone });
  const lists = { groupBy: groupsOf(search).map((by) => by.toLowerCase()), ...filterOf(search) };
  for (const [name, values] of Object.entries(lists)) parameters.set(name, values.join(','));
  return `/export/profit.csv?${parameters}`;
}
