import { isThenable, type SchemaTypes } from '@pothos/core';
import type { GraphQLFieldResolver, GraphQLResolveInfo } from 'graphql';
import { CreditsRefusedError, CreditsVoidError } from './errors.ts';
import type { CheckedPrice, CompiledCredits } from './price.ts';
import { CreditRefusal } from './refusal.ts';
import { type HeldReservation, holdReservation } from './reservation.ts';
import type { CreditsPluginOptions } from './types.ts';

/** A resolver or a subscribe function, as Pothos hands it to a plugin. */
export type AnyResolver = GraphQLFieldResolver<unknown, object, Record<string, unknown>>;

/** The builder's options once the types of one builder no longer matter. */
export type AnyCreditsOptions = CreditsPluginOptions<SchemaTypes>;

/** What a charged function does where a resolver and a subscribe function differ. */
export interface ChargeHooks {
  /** Answers a refusal with the field's result, or throws. */
  readonly onRefused: NonNullable<AnyCreditsOptions['onRefused']>;
  /** Called when `post` failed: undoes what the function has opened. */
  readonly onPostFailed?: (value: unknown) => unknown;
}

/**
 * Wraps a resolver: price → reserve → resolver → post, or void when the resolver fails.
 *
 * No step is awaited unless it gave a promise: a purse in memory under a synchronous resolver stays synchronous.
 * Nothing is remembered from one run to the next: the context of a subscription lives as long as the
 * subscription, so a balance or a price kept with it would be stale at the second event.
 */
export function chargeResolver(
  credits: CompiledCredits,
  options: AnyCreditsOptions,
  resolver: AnyResolver,
  hooks: ChargeHooks = { onRefused: refusalHandler(credits, options) },
): AnyResolver {
  const { field, price: priceOf, detail: detailOf } = credits;
  const { onRefused, onPostFailed } = hooks;
  const settlesItself = credits.extension.settle === 'field';

  return (parent, args, context, info) => {
    const price = priceOf(args, context);

    return isThenable(price)
      ? price.then((told) => reserve(told as CheckedPrice | CreditRefusal, parent, args, context, info))
      : reserve(price, parent, args, context, info);
  };

  function reserve(
    price: CheckedPrice | CreditRefusal,
    parent: unknown,
    args: Record<string, unknown>,
    context: object,
    info: GraphQLResolveInfo,
  ): unknown {
    if (price instanceof CreditRefusal) {
      return onRefused(price.value, parent, args, context, info);
    }

    const detail = price.detail === undefined && detailOf ? detailOf(args, context) : price.detail;
    const reservation = options.reserve(context, { credits: price.credits, detail, field, args, info });

    return isThenable(reservation)
      ? reservation.then((given) => run(given, parent, args, context, info))
      : run(reservation, parent, args, context, info);
  }

  function run(
    reservation: unknown,
    parent: unknown,
    args: Record<string, unknown>,
    context: object,
    info: GraphQLResolveInfo,
  ): unknown {
    if (reservation instanceof CreditRefusal) {
      return onRefused(reservation.value, parent, args, context, info);
    }

    const held = holdReservation(info, reservation);
    let value: unknown;

    try {
      value = resolver(parent, args, context, info);
    } catch (error) {
      return failed(error, held, context);
    }

    return isThenable(value)
      ? value.then(
          (awaited) => returned(awaited, held, context),
          (error: unknown) => failed(error, held, context),
        )
      : returned(value, held, context);
  }

  function returned(value: unknown, held: HeldReservation, context: object): unknown {
    // GraphQL takes a returned Error for a thrown one, so the customer gets nothing for it.
    if (value instanceof Error) {
      return failed(value, held, context);
    }

    if (!settlesItself) {
      return value;
    }

    if (!onPostFailed) {
      const posted = options.post(context, held.reservation, { value });

      return isThenable(posted) ? posted.then(() => value) : value;
    }

    return postOrUndo(value, held, context, onPostFailed);
  }

  async function postOrUndo(
    value: unknown,
    held: HeldReservation,
    context: object,
    undo: (value: unknown) => unknown,
  ): Promise<unknown> {
    try {
      await options.post(context, held.reservation, { value });
    } catch (error) {
      await undo(value);
      throw error;
    }

    return value;
  }

  function failed(error: unknown, held: HeldReservation, context: object): PromiseLike<never> {
    if (held.state === 'taken') {
      throw error;
    }

    held.state = 'voided';

    let voided: unknown;

    try {
      voided = options.void(context, held.reservation, { error });
    } catch (voidError) {
      throw new CreditsVoidError(field, error, voidError);
    }

    if (isThenable(voided)) {
      return voided.then(
        () => {
          throw error;
        },
        (voidError: unknown) => {
          throw new CreditsVoidError(field, error, voidError);
        },
      );
    }

    throw error;
  }
}

/** Who answers a refusal: the field, else the builder, else an error. */
export function refusalHandler(
  credits: CompiledCredits,
  options: AnyCreditsOptions,
): ChargeHooks['onRefused'] {
  return (
    credits.onRefused ??
    options.onRefused ??
    ((refusal) => {
      throw new CreditsRefusedError(credits.field, refusal);
    })
  );
}
