/** Reads a row of history: what it says as values, or each thing that is wrong with it and what would be right. */
import { isStorable } from '../database/index.ts';
import type { AttemptOutcome, Tier } from '../ledger/index.ts';
import { type Micros, parseDecimal } from '../money.ts';
import { OPERATIONS, type Operation } from '../providers/index.ts';
import { type Column, lookUp, OPERATION_WORDS, STATUS_WORDS, TIER_WORDS } from './columns.ts';

/** A call of before, as a row tells it. */
export interface Call {
  readonly externalId: string;
  readonly provider: string;
  /** `provider/name`. */
  readonly model: string;
  readonly operation: Operation;
  readonly account: string;
  /** Null: the account's own, FREE for a new one. */
  readonly tier: Tier | null;
  readonly country: string | null;
  readonly plan: string | null;
  readonly outcome: AttemptOutcome;
  /** 0 for revenue that names no call. */
  readonly calls: 0 | 1;
  readonly costMicros: Micros;
  readonly credits: number;
  readonly revenueMicros: Micros;
  readonly durationMs: number;
  readonly createdAt: Date;
}

/** A row's cells by column; undefined for a column that the file has not. */
export type Cells = (column: Column) => string | undefined;

const operationOf = lookUp(OPERATION_WORDS);
const tierOf = lookUp(TIER_WORDS);
const statusOf = lookUp(STATUS_WORDS);

/** A single call of more than this is a slip of the decimal point, and a sum of such could not be kept. */
const MAX_DOLLARS = 1_000_000n;
const MAX_MICROS: Micros = MAX_DOLLARS * 1_000_000n;
const PLAIN = /^\d{1,7}(\.\d{1,6})?$/;

/**
 * Reads dollars as a file has them.
 *
 * @returns micro-dollars, or what would be right.
 */
export function readAmount(text: string): Micros | string {
  if (PLAIN.test(text)) {
    const micros = parseDecimal(text);
    return micros <= MAX_MICROS
      ? micros
      : `${text} is more than ${MAX_DOLLARS} dollars for one call: is it in cents?`;
  }
  if (text === '') return 'it is empty: write 0 when there was none';
  const said = `"${text.slice(0, 40)}" is no decimal amount: write`;
  if (/^-/.test(text)) return `"${text.slice(0, 40)}" is negative: write 0 or more`;
  if (/^[$€£]|\b(USD|EUR)\b/i.test(text))
    return `${said} ${text.replaceAll(/[^\d.]/g, '') || '0.04'}, without a currency`;
  if (/^\d{1,3}(,\d{3})+(\.\d+)?$/.test(text))
    return `${said} ${text.replaceAll(',', '')}, without separators of thousands`;
  if (/^\d+,\d+$/.test(text)) return `${said} ${text.replace(',', '.')}, with a point`;
  if (/^\d+(\.\d+)?e[+-]?\d+$/i.test(text)) return `${said} it out, such as 0.001 for 1e-3`;
  if (/^\d+\.\d{7,}$/.test(text)) return `${said} at most six digits after the point`;
  return `${said} dollars such as 12.50, with at most six digits after the point`;
}

const WHOLE = /^\d{1,10}$/;

function readWhole(text: string, most: number, what: string): number | string {
  if (text === '') return 0;
  if (WHOLE.test(text) && Number(text) <= most) return Number(text);
  if (/^-/.test(text)) return `"${text.slice(0, 40)}" is negative: write 0 or more ${what}`;
  return `"${text.slice(0, 40)}" is no whole number of ${what} from 0 to ${most}: write it in digits alone`;
}

const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;
const HOURS_24 = 86_400_000;

/** Reads ISO 8601. Without an offset it is UTC; a day alone is its midnight. */
export function readInstant(text: string): Date | null {
  const match = ISO.exec(text);
  if (!match) return null;
  const [, day = '', time = '00:00', offset = 'Z'] = match;
  const zone = offset === 'Z' ? offset : `${offset.slice(0, 3)}:${offset.slice(3).replace(':', '') || '00'}`;
  const clock = time.replace(',', '.').replace(/(\.\d{3})\d+$/, '$1');
  const date = new Date(`${day}T${clock}${zone}`);
  // The thirty-first of a month that has thirty days is taken for the first of the next one.
  const valid = !Number.isNaN(date.getTime()) && new Date(`${day}T00:00Z`).toISOString().startsWith(day);
  return valid ? date : null;
}

/**
 * Reads one row.
 *
 * @param now by which a time is told to be still to come.
 * @returns the call, or what is wrong with the row, field by field.
 */
export function readCall(cells: Cells, now: Date): Call | string {
  const problems: string[] = [];
  const wrong = (column: Column, problem: string) => void problems.push(`${column}: ${problem}`);

  const text = (column: Column, most: number): string => {
    const value = (cells(column) ?? '').trim();
    if (value === '') wrong(column, 'it is empty');
    else if (value.length > most) wrong(column, `it has more than ${most} characters`);
    else if (!isStorable(value))
      wrong(column, 'it has a character that cannot be kept (NUL, or half of one)');
    return value;
  };
  const optional = (column: Column, most: number): string | null =>
    (cells(column) ?? '').trim() === '' ? null : text(column, most);
  const amount = (column: 'cost' | 'revenue'): Micros => {
    const value = readAmount((cells(column) ?? '').trim());
    if (typeof value === 'bigint') return value;
    wrong(column, value);
    return 0n;
  };
  const whole = (column: 'credits' | 'duration_ms', most: number, what: string): number => {
    const value = readWhole((cells(column) ?? '').trim(), most, what);
    if (typeof value === 'number') return value;
    wrong(column, value);
    return 0;
  };

  const externalId = text('external_id', 255);
  const provider = text('provider', 100).toLowerCase();
  const name = text('model', 200);
  const account = text('account_external_id', 255);
  const costMicros = amount('cost');
  const revenueMicros = amount('revenue');

  const operation = operationOf(text('operation', 100));
  if (!operation && cells('operation')?.trim()) {
    wrong(
      'operation',
      `"${cells('operation')?.slice(0, 40)}" is none: write one of ${OPERATIONS.join(', ')}`,
    );
  }
  const tierText = optional('tier', 100);
  const tier = tierText === null ? null : tierOf(tierText);
  if (tier === undefined) {
    wrong(
      'tier',
      `"${tierText?.slice(0, 40)}" is none: write one of ${Object.keys(TIER_WORDS).join(', ')}, or nothing`,
    );
  }
  const status = statusOf(text('status', 100));
  if (!status && cells('status')?.trim()) {
    wrong(
      'status',
      `"${cells('status')?.slice(0, 40)}" is none: write one of ${Object.keys(STATUS_WORDS).join(', ')}`,
    );
  }
  const outcome = status === 'FAILED' ? (costMicros > 0n ? 'FAILED_BILLED' : 'FAILED_UNBILLED') : status;
  const country = optional('country', 2);
  if (country !== null && !/^[A-Za-z]{2}$/.test(country)) {
    wrong('country', 'write two letters of ISO 3166-1, such as DE, or nothing');
  }
  const createdText = text('created_at', 64);
  const createdAt = createdText === '' ? null : readInstant(createdText);
  if (createdText !== '' && !createdAt) {
    wrong(
      'created_at',
      `"${createdText.slice(0, 40)}" is no time: write ISO 8601, such as 2026-11-01T12:00:00Z`,
    );
  } else if (
    createdAt &&
    (createdAt.getTime() > now.getTime() + HOURS_24 || createdAt.getUTCFullYear() < 2000)
  ) {
    wrong(
      'created_at',
      `${createdText} is ${createdAt > now ? 'still to come' : 'before the year 2000'}: is it mistyped?`,
    );
  }
  const credits = whole('credits', 2_000_000_000, 'credits');
  const durationMs = whole('duration_ms', 2_147_483_647, 'milliseconds');
  const plan = optional('plan', 100);

  if (problems.length > 0 || !operation || tier === undefined || !outcome || !createdAt)
    return problems.join('; ');
  return {
    externalId,
    provider,
    model: name.startsWith(`${provider}/`) ? name : `${provider}/${name}`,
    operation,
    account,
    tier,
    country: country?.toUpperCase() ?? null,
    plan,
    outcome,
    calls: 1,
    costMicros,
    credits,
    revenueMicros,
    durationMs,
    createdAt,
  };
}
