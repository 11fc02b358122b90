import type {
  FieldNullability,
  InputFieldMap,
  InputShapeFromFields,
  MaybePromise,
  SchemaTypes,
  ShapeFromTypeParam,
  TypeParam,
} from '@pothos/core';
import type { PothosCreditsPlugin } from './index.ts';
import type {
  CreditsPluginOptions,
  CreditsTypes,
  CreditsTypesOf,
  FieldCredits,
  SubscriptionFieldCredits,
} from './types.ts';

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      credits: PothosCreditsPlugin<Types>;
    }

    export interface UserSchemaTypes {
      /** The application's types of a reservation, a refusal and a detail. */
      Credits: Partial<CreditsTypes>;
    }

    export interface ExtendDefaultTypes<PartialTypes extends Partial<UserSchemaTypes>> {
      Credits: CreditsTypesOf<PartialTypes['Credits']>;
    }

    export interface SchemaBuilderOptions<Types extends SchemaTypes> {
      /** How priced fields reserve, post and void. Required as soon as a field has a price. */
      credits?: CreditsPluginOptions<Types>;
    }

    export interface BuildSchemaOptions<Types extends SchemaTypes> {
      /** Builds a schema that charges nothing and leaves every resolver as it was written. */
      disableCredits?: boolean;
    }

    export interface FieldOptions<
      Types extends SchemaTypes,
      ParentShape,
      Type extends TypeParam<Types>,
      Nullable extends FieldNullability<Type>,
      Args extends InputFieldMap,
      ResolveShape,
      ResolveReturnShape,
    > {
      /** The price of this field, in credits. */
      credits?: FieldCredits<
        Types,
        ParentShape | ResolveShape,
        InputShapeFromFields<Args>,
        MaybePromise<ShapeFromTypeParam<Types, Type, Nullable> | AsyncIterable<unknown>>
      >;
    }

    export interface SubscriptionFieldOptions<
      Types extends SchemaTypes,
      Type extends TypeParam<Types>,
      Nullable extends FieldNullability<Type>,
      Args extends InputFieldMap,
      ResolveShape,
      ResolveReturnShape,
    > {
      /** The price of this field, in credits, and whether it pays once or for each event. */
      credits?: SubscriptionFieldCredits<
        Types,
        Types['Root'] | ResolveShape,
        InputShapeFromFields<Args>,
        MaybePromise<ShapeFromTypeParam<Types, Type, Nullable> | AsyncIterable<unknown>>
      >;
    }
  }
}
