/**
 * How files are laid out: ours, whose columns have their names, and those of two old systems, whose tables had the same meaning
 * under a dozen names. A layout makes cells of ours out of a row of its own; from there on there is one way.
 */
import { formatDecimal } from '../money.ts';
import type { Column } from './columns.ts';
import { lookUp, OPTIONAL, REQUIRED, STATUS_WORDS, TIER_WORDS } from './columns.ts';
import type { Cells } from './read-row.ts';

/** What a layout makes of a header. */
export interface Reading {
  /** Columns that are missing, by their names here; a row cannot be read while there is one. */
  readonly missing: readonly string[];
  /** Columns of the file that are not read. */
  readonly unknown: readonly string[];
  /** A row's cells as ours. */
  cells(row: readonly string[], line: number): Cells;
}

/** How a file's columns are read. */
export interface Layout {
  readonly name: 'solvent' | 'api_usage_logs' | 'api_costs' | 'revenue';
  /** Whether its rows are calls; those of `revenue` are what came in beside them. */
  readonly calls: 0 | 1;
  read(columns: readonly string[]): Reading;
}

const small = (name: string) => name.trim().toLowerCase();

/** Our own format: each column has its name. */
export const SOLVENT: Layout = {
  name: 'solvent',
  calls: 1,
  read(columns) {
    const names = columns.map(small);
    const known: readonly string[] = [...REQUIRED, ...OPTIONAL];
    const places = new Map<Column, number>();
    for (const column of [...REQUIRED, ...OPTIONAL]) {
      const place = names.indexOf(column);
      if (place >= 0) places.set(column, place);
    }
    return {
      missing: REQUIRED.filter((column) => !places.has(column)),
      unknown: columns.filter((name) => !known.includes(small(name))),
      cells: (row) => (column) => {
        const place = places.get(column);
        return place === undefined ? undefined : row[place];
      },
    };
  },
};

/** Under which names the old systems had what we ask for; the first that is there counts. */
const ALIASES: Readonly<Record<Column, readonly string[]>> = {
  external_id: ['external_id', 'request_id', 'uuid', 'log_id', 'id'],
  provider: ['provider', 'api_provider', 'vendor', 'service', 'api', 'api_name', 'service_name'],
  model: ['model', 'model_name', 'api_model', 'model_id', 'engine'],
  operation: ['operation', 'operation_type', 'action', 'feature', 'request_type', 'type', 'endpoint'],
  account_external_id: ['account_external_id', 'user_id', 'userid', 'account_id', 'customer_id', 'user'],
  tier: ['tier', 'user_tier', 'plan_tier', 'subscription_tier'],
  status: ['status', 'success', 'succeeded', 'outcome', 'state', 'is_success'],
  cost: ['cost', 'cost_usd', 'api_cost', 'total_cost', 'cost_dollars', 'actual_cost'],
  credits: ['credits', 'credits_used', 'tokens', 'tokens_used', 'credits_charged', 'tokens_charged'],
  revenue: ['revenue', 'revenue_usd', 'amount_charged', 'charged', 'price', 'price_usd'],
  duration_ms: [
    'duration_ms',
    'processing_time_ms',
    'response_time_ms',
    'latency_ms',
    'duration',
    'processing_time',
    'response_time',
  ],
  created_at: ['created_at', 'createdat', 'timestamp', 'date', 'time', 'logged_at', 'datetime'],
  country: ['country', 'country_code', 'user_country'],
  plan: ['plan', 'plan_id', 'plan_name'],
};

/** Whose a service was that the old systems named without its provider. */
const PROVIDERS: readonly (readonly [RegExp, string])[] = [
  [/^(dall-?e|gpt-image|openai)/, 'openai'],
  [/^(flux|sdxl|stable-diffusion|replicate)/, 'replicate'],
  [/^(runway|gen-?[34])/, 'runway'],
  [/^(luma|dream-machine)/, 'luma'],
  [/^pika/, 'pika'],
  [/^(midjourney|mj)/, 'midjourney'],
  [/^deep-?image/, 'deep-image'],
  [/^clipping-?magic/, 'clippingmagic'],
  [/^vectorizer/, 'vectorizer'],
  [/^eleven-?labs/, 'elevenlabs'],
  [/^hugging-?face/, 'huggingface'],
];

/** Accounts of calls that nobody was named for. */
const NOBODY = 'anonymous';

const NUMBER = /^(\d+)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$/i;

/**
 * A number as the old systems wrote it, exact to the micro: exponents are written out, and what is finer is rounded up. A text
 * that is none stays as it is, to be refused.
 */
export function plainDecimal(text: string): string {
  const match = NUMBER.exec(text);
  if (!match) return text;
  const [, whole = '', fraction = '', exponent = '0'] = match;
  // digits × 10^shift dollars
  const digits = BigInt(whole + fraction);
  const shift = Number(exponent) - fraction.length + 6;
  if (shift >= 0) return formatDecimal(digits * 10n ** BigInt(shift));
  const divisor = 10n ** BigInt(-shift);
  return formatDecimal((digits + divisor - 1n) / divisor);
}

const slug = (text: string) =>
  text
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, '-');
const wholePart = (text: string) => text.replace(/\.\d*$/, '');
const isTier = lookUp(TIER_WORDS);
const isStatus = lookUp(STATUS_WORDS);

/** Seconds or milliseconds since 1970, as well as what people read. */
function instantText(text: string): string {
  const digits = wholePart(text);
  if (!/^\d{9,13}$/.test(digits)) return text;
  return new Date(Number(digits) * (digits.length > 11 ? 1 : 1000)).toISOString();
}

/** An old table: any of the names that were used for a column. */
function oldLayout(
  name: Exclude<Layout['name'], 'solvent'>,
  aliases: Readonly<Partial<Record<Column, readonly string[]>>>,
): Layout {
  const calls = name === 'revenue' ? 0 : 1;
  return {
    name,
    calls,
    read(columns) {
      const names = columns.map(small);
      const places = new Map<Column, number>();
      for (const [column, words] of Object.entries({ ...ALIASES, ...aliases }) as [
        Column,
        readonly string[],
      ][]) {
        const place = words.map((word) => names.indexOf(word)).find((index) => index >= 0);
        if (place !== undefined) places.set(column, place);
      }
      const needed: readonly Column[] = calls === 1 ? ['cost', 'created_at'] : ['revenue', 'created_at'];
      const missing = needed
        .filter((column) => !places.has(column))
        .map((column) => `${column} (or ${(aliases[column] ?? ALIASES[column]).slice(1).join(', ')})`);
      if (calls === 1 && !places.has('provider') && !places.has('model'))
        missing.push('provider (or service, or model)');
      const used = new Set(places.values());
      return {
        missing,
        unknown: columns.filter((_, index) => !used.has(index)),
        cells(row, line) {
          const cell = (column: Column) => row[places.get(column) ?? -1]?.trim() ?? '';
          return (column) => {
            switch (column) {
              case 'external_id':
                return `${name}:${cell('external_id') || line}`;
              case 'provider':
              case 'model': {
                // What brought revenue and names no service is a line of its own.
                const said = slug(
                  cell('provider') || (calls === 0 && cell('model') === '' ? 'history' : cell('model')),
                );
                const provider =
                  PROVIDERS.find(([pattern]) => pattern.test(said))?.[1] ?? said.replace(/\/.*/, '');
                if (column === 'provider') return provider;
                return slug(cell('model')) || (said === provider && calls === 0 ? 'revenue' : said);
              }
              case 'operation':
                return cell('operation') || 'GENERATE_IMAGE';
              case 'account_external_id':
                return cell(column) || NOBODY;
              case 'tier':
                return isTier(cell(column)) ?? '';
              case 'status':
                return cell(column) === '' ? 'SUCCEEDED' : (isStatus(cell(column)) ?? 'UNKNOWN');
              case 'cost':
                return calls === 0 ? '0' : plainDecimal(cell(column) || '0');
              case 'revenue':
                return plainDecimal(cell(column) || '0');
              case 'credits':
              case 'duration_ms':
                return wholePart(cell(column));
              case 'created_at':
                return instantText(cell(column));
              default:
                return cell(column);
            }
          };
        },
      };
    },
  };
}

/** A dump of the table `api_usage_logs`. */
export const API_USAGE_LOGS = oldLayout('api_usage_logs', {});
/** The table `api_costs` of the SQLite file. */
export const API_COSTS = oldLayout('api_costs', { cost: [...ALIASES.cost, 'amount'] });
/** The table `revenue` beside it: what came in, each a line that counts as no call. */
export const REVENUE = oldLayout('revenue', {
  revenue: ['revenue', 'amount', 'amount_usd', 'total', 'price'],
  status: ['no such column'],
});
