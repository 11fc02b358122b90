import type { MaybePromise, SchemaTypes } from '@pothos/core';
import type { GraphQLResolveInfo } from 'graphql';
import type { CreditRefusal } from './refusal.ts';

/** What an application may name in the `Credits` of its schema types. Each defaults to `unknown`. */
export interface CreditsTypes {
  /** What `reserve` returns, and `post`, `void` and the resolver are given. */
  Reservation: unknown;
  /** What is said in a refusal. */
  Refusal: unknown;
  /** What a price says beside its number, for the application's books. */
  Detail: unknown;
}

/** Fills in what an application has not named. */
export type CreditsTypesOf<Given> = {
  [Key in keyof CreditsTypes]: Given extends { [K in Key]: infer Named } ? Named : unknown;
};

/** One of the three types of `Credits` for a builder. */
export type CreditsTypeOf<Types extends SchemaTypes, Key extends keyof CreditsTypes> = CreditsTypesOf<
  Types['Credits']
>[Key];

/** What a price function returns: a number of credits, with a detail if the application's books want one. */
export type Price<Detail = unknown> = number | { credits: number; detail?: Detail | undefined };

/**
 * A price told from the arguments, when the request runs. Credits must be a non-negative safe integer, otherwise
 * `CreditsPriceError` is thrown and the resolver does not run. Return `refuse(…)` to say no.
 */
export type PriceFunction<Types extends SchemaTypes, Args> = (
  args: Args,
  context: Types['Context'],
) => MaybePromise<Price<CreditsTypeOf<Types, 'Detail'>> | CreditRefusal<CreditsTypeOf<Types, 'Refusal'>>>;

/** A price declared as arithmetic: `base + each × times[0] × times[1] × …`, in credits. */
export interface PriceFormula {
  /** Credits asked whatever the arguments are. A non-negative safe integer; 0 when left out. */
  base?: number;
  /** Credits for one unit. A non-negative safe integer; 1 when left out. */
  each?: number;
  /**
   * Dotted paths into the arguments (`'count'`, `'input.count'`) whose values multiply `each`. Each must lead to
   * an Int or a Float, or be the length of a list (`'prompts.length'`). A fraction of a credit is rounded up.
   */
  times: string | readonly string[];
  /**
   * The multiplier for a value that the client left out or sent as null, where the argument declares no default
   * of its own. A non-negative number; 1 when left out.
   */
  default?: number;
}

/**
 * Answers a refusal. What it returns is the field's result; what it throws is the field's error.
 * @param refusal what was given to `refuse()`.
 */
export type OnRefused<Types extends SchemaTypes, Parent, Args, Result> = (
  refusal: CreditsTypeOf<Types, 'Refusal'>,
  parent: Parent,
  args: Args,
  context: Types['Context'],
  info: GraphQLResolveInfo,
) => Result;

/** Who posts the reservation: the field, once the resolver has returned, or the resolver itself. */
export type Settle = 'field' | 'resolver';

/** How often a subscription pays: once, when it is opened, or for each event. */
export type SubscriptionCharge = 'once' | 'event';

/** A field's price together with how it is charged. */
export interface FieldCreditsOptions<Types extends SchemaTypes, Parent, Args, Result> {
  /** A fixed number of credits, a formula, or a function of the arguments. */
  price: number | PriceFormula | PriceFunction<Types, Args>;
  /**
   * `'field'` (the default): posted when the resolver returns, voided when it fails. `'resolver'`: the resolver
   * calls `takeReservation(info)` and settles on its own; until then a failure still voids.
   */
  settle?: Settle;
  /** Required on a field of Subscription, and nowhere else. */
  charge?: SubscriptionCharge;
  /** Answers a refusal of this field, ahead of the builder's `onRefused`. */
  onRefused?: OnRefused<Types, Parent, Args, Result>;
  /** The request's detail, where the price brings none of its own. Called before `reserve`. */
  detail?: (args: Args, context: Types['Context']) => CreditsTypeOf<Types, 'Detail'>;
}

/** The `credits` option of a field: a number is a fixed price. */
export type FieldCredits<Types extends SchemaTypes, Parent, Args, Result> =
  | number
  | FieldCreditsOptions<Types, Parent, Args, Result>;

/** The `credits` option of a field of Subscription, which must say how often it pays. */
export interface SubscriptionFieldCredits<Types extends SchemaTypes, Parent, Args, Result>
  extends FieldCreditsOptions<Types, Parent, Args, Result> {
  charge: SubscriptionCharge;
}

/** What `reserve` is asked for. */
export interface CreditsRequest<Detail = unknown> {
  /** The price: a non-negative safe integer of credits. A price of 0 is asked for too, so that it is booked. */
  credits: number;
  /** From the price, or else from the field's `detail`. */
  detail: Detail | undefined;
  /** The field, as `Mutation.generateImage`. */
  field: string;
  args: Record<string, unknown>;
  info: GraphQLResolveInfo;
}

/** The builder's `credits` option: how credits reach the plugin, which knows no ledger. */
export interface CreditsPluginOptions<Types extends SchemaTypes> {
  /**
   * Holds credits before the resolver runs. Returns the reservation, or `refuse(…)`. When it throws, the field
   * fails with that error and the resolver does not run.
   */
  reserve: (
    context: Types['Context'],
    request: CreditsRequest<CreditsTypeOf<Types, 'Detail'>>,
  ) => MaybePromise<CreditsTypeOf<Types, 'Reservation'> | CreditRefusal<CreditsTypeOf<Types, 'Refusal'>>>;
  /** Takes the credits, once the resolver has returned `value`. When it throws, the field fails with that error. */
  post: (
    context: Types['Context'],
    reservation: CreditsTypeOf<Types, 'Reservation'>,
    outcome: { value: unknown },
  ) => MaybePromise<void>;
  /** Lets the credits go, when the resolver failed with `error`. When it throws, `CreditsVoidError` is thrown. */
  void: (
    context: Types['Context'],
    reservation: CreditsTypeOf<Types, 'Reservation'>,
    reason: { error: unknown },
  ) => MaybePromise<void>;
  /** Answers the refusals of all fields that have no `onRefused`. The default throws `CreditsRefusedError`. */
  onRefused?: OnRefused<Types, unknown, Record<string, unknown>, unknown>;
  /** Whether each priced field says its price in its description. True by default. */
  describe?: boolean;
}

/** A field's price as any tool can read it, from `field.extensions.credits` of the built schema. */
export type CreditsExtension = (
  | { readonly kind: 'static'; readonly credits: number }
  | {
      readonly kind: 'formula';
      readonly base: number;
      readonly each: number;
      readonly times: readonly string[];
    }
  | { readonly kind: 'dynamic' }
) & {
  readonly settle: Settle;
  /** Only on fields of Subscription. */
  readonly charge?: SubscriptionCharge;
};
