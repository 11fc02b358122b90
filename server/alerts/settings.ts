/**
 * What can be set of a rule: a name, a unit, bounds, and what it ships with. Values are texts outside and in the database,
 * so that dollars stay exact, and are read into what the rule computes with.
 */
import { DecimalError, formatDecimal, type Micros, parseDecimal } from '../money.ts';

/** What a setting's text means. */
export type SettingUnit = 'PERCENT' | 'PERCENTS' | 'DOLLARS' | 'COUNT' | 'MINUTES' | 'DAYS' | 'WEEKS';

/** One thing that can be set of a rule. */
export interface Setting<Value> {
  readonly unit: SettingUnit;
  readonly description: string;
  /** What holds when nobody has set it. */
  readonly shipped: string;
  /** Reads a text, or says what would be right. */
  readonly read: (text: string) => { readonly value: Value } | { readonly problem: string };
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** What a rule computes with: the value of each of its settings. */
export type ValuesOf<Of extends Settings> = {
  readonly [Name in keyof Of]: Of[Name] extends Setting<infer Value> ? Value : never;
};

/** A whole number within bounds. */
export function whole(
  unit: Exclude<SettingUnit, 'PERCENTS' | 'DOLLARS'>,
  description: string,
  shipped: number,
  [least, most]: readonly [number, number],
): Setting<number> {
  return {
    unit,
    description,
    shipped: String(shipped),
    read(text) {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
      return value >= least && value <= most
        ? { value }
        : { problem: `Give a whole number from ${least} to ${most}.` };
    },
  };
}

const MOST_MICROS = 1_000_000_000_000_000n;

/** Dollars, exact. */
export function dollars(description: string, shipped: string): Setting<Micros> {
  return {
    unit: 'DOLLARS',
    description,
    shipped,
    read(text) {
      try {
        const value = parseDecimal(text);
        return value >= 0n && value <= MOST_MICROS
          ? { value }
          : { problem: `Give dollars from "0" to "${formatDecimal(MOST_MICROS)}".` };
      } catch (error) {
        if (!(error instanceof DecimalError)) throw error;
        return { problem: error.message };
      }
    },
  };
}

const MOST_STEPS = 10;

/** Several percentages, from the least to the most. */
export function steps(description: string, shipped: string): Setting<readonly number[]> {
  return {
    unit: 'PERCENTS',
    description,
    shipped,
    read(text) {
      const values = text.split(',').map((part) => part.trim());
      const numbers = values.map((value) => (/^\d{1,4}$/.test(value) ? Number(value) : 0));
      const right =
        numbers.length <= MOST_STEPS &&
        numbers.every(
          (number, index) => number >= 1 && number <= 1_000 && number > (numbers[index - 1] ?? 0),
        );
      return right
        ? { value: numbers }
        : {
            problem: `Give 1 to ${MOST_STEPS} whole percentages from 1 to 1000 that rise, such as "80,95,100".`,
          };
    },
  };
}
