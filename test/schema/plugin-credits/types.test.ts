import type { GraphQLResolveInfo } from 'graphql';
import { describe, expectTypeOf, test } from 'vitest';
import CreditsPlugin, {
  CreditRefusal,
  type CreditsPluginOptions,
  type CreditsRequest,
  refuse,
  reservationOf,
  takeReservation,
} from '../../../schema/plugin-credits/index.ts';
import { builderOf, type Context, createBuilder, type Extended } from './example/builder.ts';
import type { Hold, NotEnough, Units } from './example/purse.ts';

describe('the builder option', () => {
  test('reserve, post and void know the types of Credits', () => {
    builderOf<{
      Context: Context;
      Credits: { Reservation: Hold; Refusal: NotEnough; Detail: Units };
    }>({
      plugins: [CreditsPlugin],
      credits: {
        reserve: (context, request) => {
          expectTypeOf(context).toEqualTypeOf<Context>();
          expectTypeOf(request).toEqualTypeOf<CreditsRequest<Units>>();
          expectTypeOf(request.detail).toEqualTypeOf<Units | undefined>();

          return refuse({ needed: 1, left: 0 });
        },
        post: (_context, hold, { value }) => {
          expectTypeOf(hold).toEqualTypeOf<Hold>();
          expectTypeOf(value).toBeUnknown();
        },
        void: (_context, hold, { error }) => {
          expectTypeOf(hold).toEqualTypeOf<Hold>();
          expectTypeOf(error).toBeUnknown();
        },
        onRefused: (refusal) => {
          expectTypeOf(refusal).toEqualTypeOf<NotEnough>();
        },
      },
    });
  });

  test('reserve returns a reservation or a refusal of the right type, and nothing else', () => {
    type Options = CreditsPluginOptions<
      Extended<{ Context: Context; Credits: { Reservation: Hold; Refusal: NotEnough } }>
    >;

    expectTypeOf(() => ({ id: 1, credits: 1 })).toExtend<Options['reserve']>();
    expectTypeOf(async () => refuse({ needed: 1, left: 0 })).toExtend<Options['reserve']>();
    expectTypeOf(() => refuse('no')).not.toExtend<Options['reserve']>();
    // However much it looks like a refusal.
    expectTypeOf(() => ({ value: { needed: 1, left: 0 } })).not.toExtend<Options['reserve']>();
  });

  test('what Credits does not name is unknown', () => {
    builderOf<{ Context: Context; Credits: { Reservation: Hold } }>({
      plugins: [CreditsPlugin],
      credits: {
        reserve: (_context, { detail }) => {
          expectTypeOf(detail).toBeUnknown();

          return { id: 1, credits: 1 };
        },
        post: (_context, hold) => {
          expectTypeOf(hold).toEqualTypeOf<Hold>();
        },
        void: () => {},
        onRefused: (refusal) => {
          expectTypeOf(refusal).toBeUnknown();
        },
      },
    });
    builderOf<{ Context: Context }>({
      plugins: [CreditsPlugin],
      credits: {
        reserve: () => 'anything',
        post: (_context, reservation) => {
          expectTypeOf(reservation).toBeUnknown();
        },
        void: () => {},
      },
    });
  });
});

describe('the field option', () => {
  const builder = createBuilder();

  test('a price function and onRefused know the arguments, the context and the result', () => {
    builder.queryField('typed', (t) =>
      t.string({
        args: { count: t.arg.int({ required: true }), note: t.arg.string() },
        credits: {
          price: (args, context) => {
            expectTypeOf(args).toEqualTypeOf<{ count: number; note?: string | null | undefined }>();
            expectTypeOf(context).toEqualTypeOf<Context>();

            return args.count > 3 ? refuse({ needed: 4, left: 3 }) : { credits: 1, detail: { units: 2 } };
          },
          detail: ({ count }) => ({ units: count }),
          onRefused: (refusal, _parent, args, context, info) => {
            expectTypeOf(refusal).toEqualTypeOf<NotEnough>();
            expectTypeOf(args.count).toBeNumber();
            expectTypeOf(context).toEqualTypeOf<Context>();
            expectTypeOf(info).toEqualTypeOf<GraphQLResolveInfo>();

            return 'no';
          },
        },
        resolve: () => 'yes',
      }),
    );
  });

  test('mistakes are errors', () => {
    builder.queryField('detail', (t) =>
      t.string({
        // @ts-expect-error a detail of the wrong type
        credits: { price: () => ({ credits: 1, detail: { unit: 1 } }) },
        resolve: () => '',
      }),
    );
    builder.queryField('refusal', (t) =>
      t.string({
        // @ts-expect-error a refusal of the wrong type
        credits: { price: () => refuse('no') },
        resolve: () => '',
      }),
    );
    builder.queryField('answer', (t) =>
      t.string({
        // @ts-expect-error an answer that the field could not have
        credits: { price: 1, onRefused: () => 42 },
        resolve: () => '',
      }),
    );
    builder.queryField('times', (t) =>
      t.string({
        // @ts-expect-error a formula multiplies by something
        credits: { price: { each: 2 } },
        resolve: () => '',
      }),
    );
  });

  test('a subscription must say how often it pays', () => {
    builder.subscriptionField('once', (t) =>
      t.int({
        credits: { price: 1, charge: 'once' },
        subscribe: async function* () {
          yield 1;
        },
        resolve: (event) => {
          expectTypeOf(event).toBeNumber();

          return event;
        },
      }),
    );
    builder.subscriptionField('number', (t) =>
      t.int({
        // @ts-expect-error once, or for each event?
        credits: 1,
        subscribe: async function* () {
          yield 1;
        },
        resolve: (event) => event,
      }),
    );
    builder.subscriptionField('missing', (t) =>
      t.int({
        // @ts-expect-error once, or for each event?
        credits: { price: 1 },
        subscribe: async function* () {
          yield 1;
        },
        resolve: (event) => event,
      }),
    );
  });
});

describe('the helpers', () => {
  test('refuse and the reservation helpers carry their types', () => {
    expectTypeOf(refuse({ needed: 1, left: 0 })).toEqualTypeOf<
      CreditRefusal<{ needed: number; left: number }>
    >();
    expectTypeOf(new CreditRefusal('no').value).toBeString();
    expectTypeOf(reservationOf<Hold>).returns.toEqualTypeOf<Hold>();
    expectTypeOf(takeReservation<Hold>).returns.toEqualTypeOf<Hold>();
    expectTypeOf(reservationOf).parameters.toEqualTypeOf<[GraphQLResolveInfo]>();
  });
});
