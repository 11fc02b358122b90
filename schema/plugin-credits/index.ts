import './global-types.ts';
import SchemaBuilder, {
  BasePlugin,
  type PothosOutputFieldConfig,
  PothosSchemaError,
  type SchemaTypes,
} from '@pothos/core';
import type { GraphQLFieldResolver } from 'graphql';
import {
  type CompiledCredits,
  compileCredits,
  compiledCredits,
  compiledCreditsIn,
  sentenceOf,
} from './price.ts';
import { type AnyCreditsOptions, type AnyResolver, chargeResolver } from './resolve.ts';
import { chargeSubscribe } from './subscribe.ts';

export * from './document.ts';
export {
  CreditsDocumentError,
  CreditsPriceError,
  CreditsRefusedError,
  CreditsReservationError,
  CreditsVoidError,
} from './errors.ts';
export * from './refusal.ts';
export { reservationOf, takeReservation } from './reservation.ts';
export type * from './types.ts';

const pluginName = 'credits';

export default pluginName;

/** Charges priced fields. Everything about a price is decided while the schema is built. */
export class PothosCreditsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(fieldConfig: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const option = fieldConfig.pothosOptions.credits as Parameters<typeof compileCredits>[1] | undefined;

    if (option === undefined) {
      return fieldConfig;
    }

    const { parentType, name, args, description, extensions } = fieldConfig;
    const isSubscription = this.buildCache.getTypeConfig(parentType).kind === 'Subscription';
    const credits = compileCredits(`${parentType}.${name}`, option, args, isSubscription, this.buildCache);
    const sentence =
      this.builder.options.credits?.describe === false ? undefined : sentenceOf(credits.extension);

    return {
      ...fieldConfig,
      description: [description, sentence].filter(Boolean).join('\n\n') || undefined,
      extensions: { ...extensions, credits: credits.extension, [compiledCredits]: credits },
    };
  }

  override wrapResolve(
    resolver: GraphQLFieldResolver<unknown, Types['Context'], object>,
    fieldConfig: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types['Context'], object> {
    const credits = this.creditsToCharge(fieldConfig);

    return credits && credits.extension.charge !== 'once'
      ? (chargeResolver(credits, this.optionsFor(credits), resolver as AnyResolver) as typeof resolver)
      : resolver;
  }

  override wrapSubscribe(
    subscribe: GraphQLFieldResolver<unknown, Types['Context'], object> | undefined,
    fieldConfig: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types['Context'], object> | undefined {
    const credits = this.creditsToCharge(fieldConfig);

    if (credits?.extension.charge !== 'once') {
      return subscribe;
    }

    if (!subscribe) {
      throw new PothosSchemaError(
        `${credits.field} is charged once, but has no subscribe function to charge for`,
      );
    }

    return chargeSubscribe(credits, this.optionsFor(credits), subscribe as AnyResolver) as typeof subscribe;
  }

  private creditsToCharge(fieldConfig: PothosOutputFieldConfig<Types>): CompiledCredits | undefined {
    return this.options.disableCredits ? undefined : compiledCreditsIn(fieldConfig.extensions);
  }

  private optionsFor(credits: CompiledCredits): AnyCreditsOptions {
    const { credits: options } = this.builder.options;

    if (!options) {
      throw new PothosSchemaError(
        `${credits.field} has a price, but the builder has no option 'credits' to reserve, post and void with`,
      );
    }

    return options as unknown as AnyCreditsOptions;
  }
}

SchemaBuilder.registerPlugin(pluginName, PothosCreditsPlugin);
