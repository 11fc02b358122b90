/** Questions as a command or an address puts them: names with texts. */
import type { Tier } from '../ledger/index.ts';
import {
  type FieldError,
  PROFIT_DIMENSIONS,
  type ProfitDimension,
  type ProfitFilter,
  type ProfitQuestion,
} from '../profit/index.ts';
import { OPERATIONS } from '../providers/index.ts';
import { type Interval, isTimeZone } from '../time-zone.ts';
import { MOMENT_HINT, readMoment } from './moments.ts';

/** Names that a question may have. */
export const PARAMETERS = [
  'from',
  'to',
  'groupBy',
  'interval',
  'timeZone',
  'providers',
  'models',
  'operations',
  'tiers',
  'accounts',
  'countries',
  'plans',
] as const;

/** One of them. */
export type Parameter = (typeof PARAMETERS)[number];

/** A question that can be asked. */
export interface Asked {
  readonly question: ProfitQuestion & {
    readonly timeZone: string;
    readonly groupBy: readonly ProfitDimension[];
  };
  readonly interval: Interval | null;
}

const INTERVALS: readonly Interval[] = ['HOUR', 'DAY', 'WEEK', 'MONTH'];
const TIERS: readonly Tier[] = ['FREE', 'PAYG', 'BASIC', 'STARTER', 'CREATOR', 'PRO'];

/** The last thirty days and today. */
const DEFAULT_FROM = '30d';

const split = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/**
 * Reads a question.
 *
 * @param texts what is said of each parameter; undefined where nothing is.
 * @param site the site's time zone, the present, and how ids of accounts look outside.
 * @returns the question, or what is wrong with each parameter, under its name.
 */
export function readQuestion(
  texts: Readonly<Partial<Record<Parameter, string | undefined>>>,
  site: {
    readonly timeZone: string;
    readonly now: Date;
    readonly accountId: (text: string) => string | null;
  },
): Asked | { readonly fields: readonly FieldError[] } {
  const fields: FieldError[] = [];
  const timeZone = texts.timeZone || site.timeZone;
  if (!isTimeZone(timeZone)) {
    return {
      fields: [
        { path: 'timeZone', message: 'Give an IANA time zone such as Europe/Berlin, or leave it out.' },
      ],
    };
  }
  const moment = (path: 'from' | 'to', absent: string): Date => {
    const found = readMoment(texts[path]?.trim() || absent, timeZone, site.now);
    if (!found) fields.push({ path, message: `"${texts[path]?.slice(0, 40)}" is no time. ${MOMENT_HINT}` });
    return found ?? site.now;
  };
  const from = moment('from', DEFAULT_FROM);
  const to = moment('to', 'now');
  if (fields.length === 0 && from >= to) {
    fields.push({
      path: 'to',
      message: `It must lie after from, which is ${from.toISOString()}: a range ends just before its end.`,
    });
  }
  const oneOf = <Value extends string>(path: Parameter, known: readonly Value[], text: string): Value[] => {
    const found = known.find((value) => value === text.toUpperCase());
    if (found) return [found];
    fields.push({
      path,
      message: `There is no "${text.slice(0, 40)}": give ${known.map((value) => value.toLowerCase()).join(', ')}.`,
    });
    return [];
  };
  const several = <Value extends string>(path: Parameter, known: readonly Value[]): Value[] | undefined =>
    texts[path] === undefined
      ? undefined
      : [...new Set(split(texts[path]).flatMap((text) => oneOf(path, known, text)))];
  const free = (path: Parameter): string[] | undefined =>
    texts[path] === undefined ? undefined : split(texts[path]);

  const accounts = free('accounts')?.map((text) => {
    const id = site.accountId(text);
    if (!id)
      fields.push({
        path: 'accounts',
        message: `"${text.slice(0, 60)}" is no id of an account, such as acc_0191….`,
      });
    return id ?? '';
  });
  const filter: ProfitFilter = {
    providers: free('providers'),
    models: free('models'),
    operations: several('operations', OPERATIONS),
    tiers: several('tiers', TIERS),
    accounts,
    countries: free('countries')?.map((country) => country.toUpperCase()),
    plans: free('plans'),
  };
  const groupBy = several('groupBy', PROFIT_DIMENSIONS) ?? [];
  const [interval = null] = texts.interval ? oneOf('interval', INTERVALS, texts.interval) : [];
  if (fields.length > 0) return { fields };
  return { question: { range: { from, to }, groupBy, filter, timeZone }, interval };
}
