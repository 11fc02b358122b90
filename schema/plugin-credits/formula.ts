import {
  type BuildCache,
  type PothosInputFieldConfig,
  type PothosInputFieldType,
  PothosSchemaError,
  PothosValidationError,
  type SchemaTypes,
} from '@pothos/core';
import { CreditsPriceError, show } from './errors.ts';
import type { PriceFormula } from './types.ts';

/** A formula whose paths are known to lead to numbers. */
export interface CompiledFormula {
  readonly base: number;
  readonly each: number;
  readonly times: readonly string[];
  /** Credits for these arguments, rounded up to a whole credit. */
  readonly creditsFor: (args: Record<string, unknown>) => number;
}

interface Multiplier {
  readonly path: string;
  readonly segments: readonly string[];
  /** The value that stands in for a missing one. */
  readonly missing: number;
}

type InputFields<Types extends SchemaTypes> = Record<string, PothosInputFieldConfig<Types>>;

/**
 * Checks a formula against the field's arguments and turns it into arithmetic.
 * @throws PothosSchemaError when a number is not usable, or a path leads nowhere or to something uncountable.
 */
export function compileFormula<Types extends SchemaTypes>(
  field: string,
  formula: PriceFormula,
  args: InputFields<Types>,
  buildCache: BuildCache<Types>,
): CompiledFormula {
  const base = wholeCredits(field, 'price.base', formula.base ?? 0);
  const each = wholeCredits(field, 'price.each', formula.each ?? 1);
  const missing = formula.default ?? 1;
  const times = typeof formula.times === 'string' ? [formula.times] : [...(formula.times ?? [])];

  if (!Number.isFinite(missing) || missing < 0) {
    throw new PothosSchemaError(
      `The credits of ${field} have a price.default of ${show(missing)}; it must be a non-negative number`,
    );
  }

  if (times.length === 0) {
    throw new PothosSchemaError(
      `The credits of ${field} have a formula without price.times; a price that depends on no argument is written as a number`,
    );
  }

  const multipliers = times.map((path) => compileMultiplier(field, path, missing, args, buildCache));

  return { base, each, times, creditsFor: (given) => evaluate(field, base, each, multipliers, given) };
}

/** @throws PothosSchemaError when `value` is not a non-negative safe integer. */
export function wholeCredits(field: string, option: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new PothosSchemaError(
      `The credits of ${field} have a ${option} of ${show(value)}; it must be a non-negative safe integer`,
    );
  }

  return value;
}

function compileMultiplier<Types extends SchemaTypes>(
  field: string,
  path: string,
  missing: number,
  args: InputFields<Types>,
  buildCache: BuildCache<Types>,
): Multiplier {
  const segments = path.split('.');
  let place = field;
  let fields: InputFields<Types> = args;

  for (const [index, name] of segments.entries()) {
    const config = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const rest = segments.slice(index + 1);

    if (!config) {
      throw new PothosSchemaError(
        `The credits of ${field} are multiplied by '${path}', but ${place} has no '${name}'; it has ${
          Object.keys(fields).join(', ') || 'nothing that could be multiplied by'
        }`,
      );
    }

    const { type, defaultValue } = config;

    if (type.kind === 'List' && rest.length === 1 && rest[0] === 'length') {
      return { path, segments, missing: Array.isArray(defaultValue) ? defaultValue.length : missing };
    }

    if (type.kind === 'InputObject' && rest.length > 0) {
      place = `the input type ${typeName(type, buildCache)}`;
      fields = buildCache.getInputTypeFieldConfigs(type.ref);
      continue;
    }

    const found = typeName(type, buildCache);

    if (rest.length === 0 && (found === 'Int' || found === 'Float')) {
      return { path, segments, missing: typeof defaultValue === 'number' ? defaultValue : missing };
    }

    throw new PothosSchemaError(
      `The credits of ${field} are multiplied by '${path}', but ${place} declares '${name}' as ${found}; ` +
        "a path must end at an Int or a Float, or at the length of a list ('prompts.length')",
    );
  }

  throw new PothosSchemaError(`The credits of ${field} have an empty path in price.times`);
}

function typeName<Types extends SchemaTypes>(
  type: PothosInputFieldType<Types>,
  buildCache: BuildCache<Types>,
): string {
  return type.kind === 'List'
    ? `[${typeName(type.type, buildCache)}]`
    : buildCache.getTypeConfig(type.ref).name;
}

function evaluate(
  field: string,
  base: number,
  each: number,
  multipliers: readonly Multiplier[],
  args: Record<string, unknown>,
): number {
  let product = each;

  for (const multiplier of multipliers) {
    product *= valueAt(field, multiplier, args);
  }

  // A customer is never given a fraction of a credit for nothing, but 11.000000000000002 is eleven: less than a
  // billionth of a credit is how a computer multiplies by a Float, not something that was used.
  const credits = base + (Number.isInteger(product) ? product : Math.ceil(product - 1e-9));

  if (!Number.isSafeInteger(credits)) {
    throw new CreditsPriceError(field, credits);
  }

  return credits;
}

function valueAt(
  field: string,
  { path, segments, missing }: Multiplier,
  args: Record<string, unknown>,
): number {
  let value: unknown = args;

  for (const segment of segments) {
    if (value === null || value === undefined) {
      return missing;
    }

    value = (value as Record<string, unknown>)[segment];
  }

  if (value === null || value === undefined) {
    return missing;
  }

  // Each value is checked by itself, since two negative ones would multiply into a price that looks sound.
  if (typeof value !== 'number' || !(value >= 0)) {
    throw new PothosValidationError(
      `${field} is priced by '${path}', which must be a non-negative number, not ${show(value)}`,
    );
  }

  return value;
}
