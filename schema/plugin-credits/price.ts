import {
  type BuildCache,
  isThenable,
  type MaybePromise,
  type PothosInputFieldConfig,
  PothosSchemaError,
  type SchemaTypes,
} from '@pothos/core';
import { CreditsPriceError, show } from './errors.ts';
import { compileFormula, wholeCredits } from './formula.ts';
import { CreditRefusal } from './refusal.ts';
import type { CreditsExtension, FieldCredits, FieldCreditsOptions } from './types.ts';

/** A price that has been checked: `credits` is a non-negative safe integer. */
export interface CheckedPrice {
  readonly credits: number;
  readonly detail: unknown;
}

/** A field's `credits` option with everything decided that can be decided while the schema is built. */
export interface CompiledCredits {
  /** As `Mutation.generateImage`. */
  readonly field: string;
  readonly extension: CreditsExtension;
  readonly price: (
    args: Record<string, unknown>,
    context: object,
  ) => MaybePromise<CheckedPrice | CreditRefusal>;
  readonly detail: AnyFieldCredits['detail'];
  readonly onRefused: AnyFieldCredits['onRefused'];
}

/** The option as it stands once the types of one field no longer matter. */
type AnyFieldCredits = FieldCreditsOptions<SchemaTypes, unknown, Record<string, unknown>, unknown>;

/** Where a field of the built schema keeps its {@link CompiledCredits}, for `priceOfDocument` to find. */
export const compiledCredits: unique symbol = Symbol.for('pothos-plugin-credits.compiled');

/** The compiled credits in a field's extensions, or undefined when the field has no price. */
export function compiledCreditsIn(extensions: object | null | undefined): CompiledCredits | undefined {
  return (extensions as { [compiledCredits]?: CompiledCredits } | null | undefined)?.[compiledCredits];
}

/**
 * Turns the `credits` option of a field into a pricer.
 * @throws PothosSchemaError when the option cannot be meant: it names the field and what would be right.
 */
export function compileCredits<Types extends SchemaTypes>(
  field: string,
  option: FieldCredits<SchemaTypes, unknown, Record<string, unknown>, unknown>,
  args: Record<string, PothosInputFieldConfig<Types>>,
  isSubscription: boolean,
  buildCache: BuildCache<Types>,
): CompiledCredits {
  const options: AnyFieldCredits = typeof option === 'number' ? { price: option } : option;
  const { price, charge, settle = 'field' } = options;

  if (settle !== 'field' && settle !== 'resolver') {
    throw new PothosSchemaError(
      `The credits of ${field} say settle: ${show(settle)}; it must be 'field' or 'resolver'`,
    );
  }

  if (isSubscription ? charge !== 'once' && charge !== 'event' : charge !== undefined) {
    throw new PothosSchemaError(
      isSubscription
        ? `The credits of ${field} must say how often the subscription pays: charge: 'once' (when it is opened) or charge: 'event' (for each event)`
        : `The credits of ${field} say charge: ${show(charge)}; only a field of Subscription is charged 'once' or for each 'event'`,
    );
  }

  const settlement = charge === undefined ? { settle } : { settle, charge };
  const rest = { field, detail: options.detail, onRefused: options.onRefused };

  if (typeof price === 'function') {
    return {
      ...rest,
      extension: { kind: 'dynamic', ...settlement },
      price: (given, context) => {
        const told = price(given, context);

        return isThenable(told) ? told.then((value) => check(field, value)) : check(field, told);
      },
    };
  }

  if (typeof price === 'object' && price !== null) {
    const { base, each, times, creditsFor } = compileFormula(field, price, args, buildCache);

    return {
      ...rest,
      extension: { kind: 'formula', base, each, times, ...settlement },
      price: (given) => ({ credits: creditsFor(given), detail: undefined }),
    };
  }

  const fixed: CheckedPrice = { credits: wholeCredits(field, 'price', price), detail: undefined };

  return {
    ...rest,
    extension: { kind: 'static', credits: fixed.credits, ...settlement },
    price: () => fixed,
  };
}

/** A broken price is thrown, never rounded or taken for 0: otherwise the resolver would run for free. */
function check(field: string, told: unknown): CheckedPrice | CreditRefusal {
  if (told instanceof CreditRefusal) {
    return told;
  }

  const { credits, detail } =
    typeof told === 'object' && told !== null
      ? (told as { credits?: unknown; detail?: unknown })
      : { credits: told, detail: undefined };

  if (typeof credits !== 'number' || !Number.isSafeInteger(credits) || credits < 0) {
    throw new CreditsPriceError(field, credits);
  }

  return { credits, detail };
}

/** The price as a sentence for the field's description, such as "Costs 2 credits × input.count." */
export function sentenceOf(extension: CreditsExtension): string {
  const often = { once: ' when it is opened', event: ' for each event', never: '' }[
    extension.charge ?? 'never'
  ];

  switch (extension.kind) {
    case 'static':
      return `Costs ${inCredits(extension.credits)}${often}.`;
    case 'formula': {
      const product = [inCredits(extension.each), ...extension.times].join(' × ');

      return `Costs ${extension.base === 0 ? '' : `${inCredits(extension.base)} + `}${product}${often}.`;
    }
    case 'dynamic':
      return `Priced by its arguments${often}.`;
  }
}

function inCredits(credits: number): string {
  return `${credits} ${credits === 1 ? 'credit' : 'credits'}`;
}
