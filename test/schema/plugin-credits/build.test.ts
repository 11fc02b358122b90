import { PothosSchemaError } from '@pothos/core';
import { printSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import CreditsPlugin from '../../../schema/plugin-credits/index.ts';
import { builderOf, type Context, createBuilder } from './example/builder.ts';
import { run } from './example/run.ts';
import { schema, uncharged } from './example/schema.ts';

/** Builds a schema whose only priced field has these credits, whatever TypeScript thinks of them. */
function build(credits: unknown, kind: 'query' | 'subscription' = 'query', subscribed = true) {
  const builder = createBuilder();
  const Filter = builder.inputType('Filter', {
    fields: (t) => ({ size: t.int(), words: t.stringList(), name: t.string() }),
  });

  builder.queryType({
    fields: (t) => ({
      other: t.string({ resolve: () => '' }),
      ...(kind === 'query'
        ? {
            find: t.string({
              args: { filter: t.arg({ type: Filter }), sizes: t.arg.intList(), id: t.arg.id() },
              credits: credits as number,
              resolve: () => '',
            }),
          }
        : {}),
    }),
  });

  if (kind === 'subscription') {
    builder.subscriptionType({
      fields: (t) => ({
        feed: t.string({
          credits: credits as { price: number; charge: 'once' },
          subscribe: (subscribed ? async function* () {} : undefined) as () => AsyncGenerator<never>,
          resolve: () => '',
        }),
      }),
    });
  }

  return () => builder.toSchema();
}

describe('mistakes that are found while the schema is built', () => {
  test.each([
    [1.5, 'The credits of Query.find have a price of 1.5; it must be a non-negative safe integer'],
    [{ price: -1 }, 'The credits of Query.find have a price of -1; it must be a non-negative safe integer'],
    [
      { price: Number.NaN },
      'The credits of Query.find have a price of NaN; it must be a non-negative safe integer',
    ],
    [{ price: '5' }, 'The credits of Query.find have a price of "5"; it must be a non-negative safe integer'],
    [{}, 'The credits of Query.find have a price of undefined; it must be a non-negative safe integer'],
    [
      { price: { each: 0.5, times: 'filter.size' } },
      'The credits of Query.find have a price.each of 0.5; it must be a non-negative safe integer',
    ],
    [
      { price: { base: -2, times: 'filter.size' } },
      'The credits of Query.find have a price.base of -2; it must be a non-negative safe integer',
    ],
    [
      { price: { times: 'filter.size', default: -1 } },
      'The credits of Query.find have a price.default of -1; it must be a non-negative number',
    ],
    [
      { price: { each: 2 } },
      'The credits of Query.find have a formula without price.times; a price that depends on no argument is written as a number',
    ],
    [
      { price: { times: 'count' } },
      "The credits of Query.find are multiplied by 'count', but Query.find has no 'count'; it has filter, sizes, id",
    ],
    [
      { price: { times: 'constructor' } },
      "The credits of Query.find are multiplied by 'constructor', but Query.find has no 'constructor'; it has filter, sizes, id",
    ],
    [
      { price: { times: ['filter.size', 'filter.sise'] } },
      "The credits of Query.find are multiplied by 'filter.sise', but the input type Filter has no 'sise'; it has size, words, name",
    ],
    [
      { price: { times: 'filter.name' } },
      "The credits of Query.find are multiplied by 'filter.name', but the input type Filter declares 'name' as String; a path must end at an Int or a Float, or at the length of a list ('prompts.length')",
    ],
    [
      { price: { times: 'filter' } },
      "The credits of Query.find are multiplied by 'filter', but Query.find declares 'filter' as Filter; a path must end at an Int or a Float, or at the length of a list ('prompts.length')",
    ],
    [
      { price: { times: 'sizes' } },
      "The credits of Query.find are multiplied by 'sizes', but Query.find declares 'sizes' as [Int]; a path must end at an Int or a Float, or at the length of a list ('prompts.length')",
    ],
    [
      { price: { times: 'filter.size.length' } },
      "The credits of Query.find are multiplied by 'filter.size.length', but the input type Filter declares 'size' as Int; a path must end at an Int or a Float, or at the length of a list ('prompts.length')",
    ],
    [
      { price: 5, settle: 'later' },
      "The credits of Query.find say settle: \"later\"; it must be 'field' or 'resolver'",
    ],
    [
      { price: 5, charge: 'once' },
      "The credits of Query.find say charge: \"once\"; only a field of Subscription is charged 'once' or for each 'event'",
    ],
  ])('%j', (credits, message) => {
    expect(build(credits)).toThrow(new PothosSchemaError(message));
  });

  test.each([5, { price: 5 }, { price: 5, charge: 'daily' }])(
    'a priced subscription must say how often it pays: %j',
    (credits) => {
      expect(build(credits, 'subscription')).toThrow(
        new PothosSchemaError(
          "The credits of Subscription.feed must say how often the subscription pays: charge: 'once' (when it is opened) or charge: 'event' (for each event)",
        ),
      );
    },
  );

  test('a subscription charged once must have a subscribe function', () => {
    expect(build({ price: 5, charge: 'once' }, 'subscription', false)).toThrow(
      'Subscription.feed is charged once, but has no subscribe function to charge for',
    );
  });

  test('a priced field needs the builder to say how to reserve, unless nothing is charged', () => {
    const builder = builderOf<{ Context: Context }>({ plugins: [CreditsPlugin] });

    builder.queryType({ fields: (t) => ({ tea: t.string({ credits: 1, resolve: () => 'tea' }) }) });

    expect(() => builder.toSchema()).toThrow(
      "Query.tea has a price, but the builder has no option 'credits' to reserve, post and void with",
    );
    expect(() => builder.toSchema({ disableCredits: true })).not.toThrow();
  });

  test.each([
    { price: { times: 'filter.size' } },
    { price: { times: 'filter.words.length' } },
    { price: { times: ['sizes.length', 'filter.size'] } },
    { price: 0, settle: 'field' },
  ])('%j is in order', (credits) => {
    expect(build(credits)).not.toThrow();
  });
});

describe('what the built schema tells', () => {
  test('the price of each field stands in its extensions', () => {
    const [queries, mutations, subscriptions] = [
      schema.getQueryType()?.getFields(),
      schema.getMutationType()?.getFields(),
      schema.getSubscriptionType()?.getFields(),
    ];

    expect(queries?.version?.extensions).not.toHaveProperty('credits');
    expect(queries?.search?.extensions.credits).toEqual({ kind: 'static', credits: 1, settle: 'field' });
    expect(queries?.canvas?.extensions.credits).toEqual({
      kind: 'formula',
      base: 1,
      each: 2,
      times: ['width', 'height', 'scale'],
      settle: 'field',
    });
    expect(mutations?.write?.extensions.credits).toEqual({ kind: 'dynamic', settle: 'field' });
    expect(mutations?.own?.extensions.credits).toEqual({ kind: 'static', credits: 9, settle: 'resolver' });
    expect(subscriptions?.news?.extensions.credits).toEqual({
      kind: 'static',
      credits: 8,
      settle: 'field',
      charge: 'once',
    });
  });

  test('descriptions say the prices', () => {
    expect(printSchema(schema)).toMatchInlineSnapshot(`
      "input ImageInput {
        count: Int = 2
        prompt: String!
        scale: Float
      }

      type Mutation {
        """Costs 7 credits."""
        fail(how: String!): String

        """Costs 5 credits × input.count."""
        generateImage(input: ImageInput!): String

        """Costs 1 credit."""
        overreach: Int

        """Costs 9 credits."""
        own(step: String!): String

        """Costs 50 credits."""
        poem: PoemResult

        """Costs 6 credits."""
        read: Int
        unpriced: Int

        """Priced by its arguments."""
        write(prompt: String!): String
      }

      type NotEnoughCredits {
        left: Int
        needed: Int
      }

      type Picture implements Work {
        """Costs 2 credits."""
        caption: String
        related: Work

        """Costs 0 credits."""
        size: Int

        """Costs 1 credit."""
        summary: String
        title: String
      }

      type Poem {
        text: String
      }

      union PoemResult = NotEnoughCredits | Poem

      type Query {
        """Costs 1 credit + 2 credits × width × height × scale."""
        canvas(height: Int = 3, scale: Float, width: Int!): Int

        """Costs 1 credit × texts.length."""
        embed(texts: [String!] = ["a", "b"]): Int
        gallery: [Picture!]!

        """Costs 0 credits."""
        glance: String

        """
        Looks it up.
        
        Costs 1 credit.
        """
        search(text: String): String
        version: String

        """Costs 4 credits."""
        wait(for: String): String
        work: Work
      }

      type Song implements Work {
        """Costs 3 credits."""
        lyrics: String
        related: Work

        """Costs 1 credit."""
        summary: String
        title: String
      }

      type Subscription {
        """Costs 30 credits for each event."""
        frames(count: Int!): String

        """Costs 1000 credits when it is opened."""
        greeting: String

        """Costs 8 credits when it is opened."""
        late: String

        """Costs 8 credits when it is opened."""
        news(topic: String!): Picture
      }

      interface Work {
        """Costs 1 credit."""
        summary: String
        title: String
      }"
    `);
  });

  test('with describe: false descriptions are left alone', () => {
    const builder = createBuilder({ describe: false });

    builder.queryType({
      fields: (t) => ({
        tea: t.string({ credits: 1, resolve: () => 'tea' }),
        milk: t.string({ credits: 1, description: 'From a cow.', resolve: () => 'milk' }),
      }),
    });

    expect(printSchema(builder.toSchema())).toMatchInlineSnapshot(`
      "type Query {
        """From a cow."""
        milk: String
        tea: String
      }"
    `);
  });
});

describe('disableCredits', () => {
  test('every resolver is the very one that was written, and nothing is charged', async () => {
    const builder = createBuilder();
    const resolve = () => 'tea';

    builder.queryType({ fields: (t) => ({ tea: t.string({ credits: 1, resolve }) }) });

    expect(builder.toSchema({ disableCredits: true }).getQueryType()?.getFields().tea?.resolve).toBe(resolve);
    expect(builder.toSchema().getQueryType()?.getFields().tea?.resolve).not.toBe(resolve);

    const { result, purse } = await run('mutation { write(prompt: "tea") fail(how: "throw") }', {
      schema: uncharged,
    });

    expect(result).toEqual({ data: { write: 'On tea', fail: null }, errors: ['fail: it did throw'] });
    expect(purse.journal).toEqual(['write tea']);
  });

  test('reservationOf says that nothing was reserved', async () => {
    const { result } = await run('mutation { read }', { schema: uncharged });

    expect(result).toEqual({
      data: { read: null },
      errors: [
        'read: Mutation.read has no reservation: the schema was built with disableCredits, or the info is not the one its resolver was given',
      ],
    });
  });

  test('the printed schema and its prices are the same', () => {
    expect(printSchema(uncharged)).toBe(printSchema(schema));
    expect(uncharged.getQueryType()?.getFields().search?.extensions.credits).toEqual({
      kind: 'static',
      credits: 1,
      settle: 'field',
    });
  });

  test('a schema can be built twice from one builder without saying its prices twice', () => {
    const build = createBuilder();

    build.queryType({ fields: (t) => ({ tea: t.string({ credits: 1, resolve: () => 'tea' }) }) });

    expect(printSchema(build.toSchema())).toBe(printSchema(build.toSchema()));
  });
});
