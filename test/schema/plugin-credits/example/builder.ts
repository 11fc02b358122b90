import SchemaBuilder from '@pothos/core';
import CreditsPlugin, { type CreditsPluginOptions, refuse } from '../../../../schema/plugin-credits/index.ts';
import type { Hold, NotEnough, Purse, Units } from './purse.ts';

export interface Context {
  purse: Purse;
  /** When true, the purse answers with promises. */
  slow?: boolean;
  /** What resolvers that wait are waiting for. */
  gate?: Promise<void>;
}

export interface ExampleTypes {
  Context: Context;
  Credits: { Reservation: Hold; Refusal: NotEnough; Detail: Units };
}

/** The schema types that a builder makes of the given ones. */
export type Extended<Given extends Partial<PothosSchemaTypes.UserSchemaTypes>> =
  PothosSchemaTypes.ExtendDefaultTypes<Given>;

type Options<Given extends Partial<PothosSchemaTypes.UserSchemaTypes>> = Pick<
  PothosSchemaTypes.SchemaBuilderOptions<Extended<Given>>,
  'plugins' | 'credits'
>;

/**
 * A builder with these options alone. Every plugin of a program adds its required options to every builder's type,
 * also to a builder that does not use it: hence the cast.
 */
export function builderOf<Given extends Partial<PothosSchemaTypes.UserSchemaTypes>>(options: Options<Given>) {
  return new SchemaBuilder<Given>(options as ConstructorParameters<typeof SchemaBuilder<Given>>[0]);
}

export function createBuilder(overrides: { onRefused?: () => unknown; describe?: boolean } = {}) {
  return builderOf<ExampleTypes>({ plugins: [CreditsPlugin], credits: { ...creditsOptions, ...overrides } });
}

/** Credits by way of the purse in the context. */
export const creditsOptions: CreditsPluginOptions<Extended<ExampleTypes>> = {
  reserve: ({ purse, slow }, { credits, field, detail }) => {
    const answer = purse.reserve(credits, field, detail);
    const reservation = 'needed' in answer ? refuse(answer) : answer;

    return slow ? Promise.resolve(reservation) : reservation;
  },
  post: ({ purse, slow }, hold) => (slow ? Promise.resolve().then(() => purse.post(hold)) : purse.post(hold)),
  void: ({ purse, slow }, hold, { error }) => {
    const why = error instanceof Error ? error.message : String(error);

    return slow ? Promise.resolve().then(() => purse.void(hold, why)) : purse.void(hold, why);
  },
};
