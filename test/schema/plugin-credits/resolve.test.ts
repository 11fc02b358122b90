import { GraphQLError } from 'graphql';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  CreditsPriceError,
  CreditsRefusedError,
  CreditsReservationError,
  CreditsVoidError,
} from '../../../schema/plugin-credits/index.ts';
import { createBuilder } from './example/builder.ts';
import { Purse } from './example/purse.ts';
import { causeOf, run } from './example/run.ts';
import { lateTakes, resolveVersion, schema } from './example/schema.ts';

beforeEach(() => {
  lateTakes.length = 0;
});

describe('prices', () => {
  test('an unpriced field keeps the very resolver it was written with', async () => {
    expect(schema.getQueryType()?.getFields().version?.resolve).toBe(resolveVersion);

    const { result, purse } = await run('{ version }');

    expect(result).toEqual({ data: { version: '1' } });
    expect(purse.journal).toEqual([]);
  });

  test('a fixed price is reserved before the resolver runs and posted after', async () => {
    const { result, purse } = await run('{ search(text: "tea") }');

    expect(result).toEqual({ data: { search: 'found tea' } });
    expect(purse.journal).toEqual(['reserve 1 Query.search', 'search tea', 'post 1 #1']);
  });

  test('a charged field stays synchronous while the price, the purse and the resolver are', () => {
    const purse = new Purse();
    const field = schema.getQueryType()?.getFields().search;

    expect(field?.resolve?.({}, { text: 'tea' }, { purse }, {} as never)).toBe('found tea');
    expect(purse.journal).toEqual(['reserve 1 Query.search', 'search tea', 'post 1 #1']);
  });

  test('a purse that answers with promises is awaited at each step', async () => {
    const { result, purse } = await run('mutation { write(prompt: "a pear") }', { slow: true });

    expect(result).toEqual({ data: { write: 'On a pear' } });
    expect(purse.journal).toEqual(['reserve 6 Mutation.write (2 units)', 'write a pear', 'post 6 #1']);
  });

  test('a price of 0 is reserved and posted like any other, so that it is booked', async () => {
    const { purse } = await run('{ glance }');

    expect(purse.journal).toEqual(['reserve 0 Query.glance', 'post 0 #1']);
  });

  test.each([
    ['{ canvas(width: 4, scale: 1.5) }', 1 + 2 * 4 * 3 * 1.5, 'the default of an argument that was left out'],
    [
      '{ canvas(width: 4, height: null, scale: 1) }',
      1 + 2 * 4 * 3,
      'the default of an argument sent as null',
    ],
    ['{ canvas(width: 4, height: 1) }', 1 + 2 * 4 * 0.5, 'the default of the formula'],
    ['{ canvas(width: 1, height: 1, scale: 0.6) }', 1 + 2, 'a fraction of a credit rounded up'],
    ['{ canvas(width: 50, height: 1, scale: 0.07) }', 1 + 7, 'no credit for the noise of floating point'],
    ['{ canvas(width: 0) }', 1, 'its base alone for nothing'],
  ])('%s costs %i: %s', async (source, credits) => {
    const { purse } = await run(source);

    expect(purse.journal).toEqual([`reserve ${credits} Query.canvas`, `post ${credits} #1`]);
  });

  test('a formula reaches through input types and into variables', async () => {
    const source = 'mutation ($input: ImageInput!) { generateImage(input: $input) }';
    const given = await run(source, { variables: { input: { prompt: 'sea', count: 3 } } });
    const left = await run(source, { variables: { input: { prompt: 'sea' } } });
    const nothing = await run(source, { variables: { input: { prompt: 'sea', count: null } } });

    expect(given.purse.journal).toEqual(['reserve 15 Mutation.generateImage', 'post 15 #1']);
    expect(left.purse.journal).toEqual(['reserve 10 Mutation.generateImage', 'post 10 #1']);
    expect(nothing.purse.journal).toEqual(['reserve 10 Mutation.generateImage', 'post 10 #1']);
  });

  test('a formula multiplies by the length of a list, and the field tells the detail', async () => {
    const source = 'query ($texts: [String!]) { embed(texts: $texts) }';
    const three = await run(source, { variables: { texts: ['a', 'bc', 'd'] } });
    const one = await run(source, { variables: { texts: 'abc' } });
    const none = await run(source, { variables: { texts: [] } });
    const left = await run(source);
    const nothing = await run(source, { variables: { texts: null } });

    expect(three.purse.journal).toEqual(['reserve 3 Query.embed (4 units)', 'post 3 #1']);
    expect(one.purse.journal).toEqual(['reserve 1 Query.embed (3 units)', 'post 1 #1']);
    expect(none.purse.journal).toEqual(['reserve 0 Query.embed (0 units)', 'post 0 #1']);
    expect(left.purse.journal).toEqual(['reserve 2 Query.embed (2 units)', 'post 2 #1']);
    expect(nothing.purse.journal).toEqual(['reserve 2 Query.embed (0 units)', 'post 2 #1']);
  });

  test('a negative argument is the error of the client, and nothing runs, even if two would multiply to a price', async () => {
    const { result, purse } = await run('{ canvas(width: -4, height: -4) }');

    expect(result).toEqual({
      data: { canvas: null },
      errors: ["canvas: Query.canvas is priced by 'width', which must be a non-negative number, not -4"],
    });
    expect(purse.journal).toEqual([]);
  });

  test('a formula that leaves the safe integers is an error, and nothing runs', async () => {
    const { result, purse } = await run('{ canvas(width: 2, scale: 1e300) }');

    expect(causeOf(result)).toBeInstanceOf(CreditsPriceError);
    expect(purse.journal).toEqual([]);
  });

  test.each([
    ['a fraction', 1.5, '1.5'],
    ['a negative number', -1, '-1'],
    ['NaN', Number.NaN, 'NaN'],
    ['infinity', Number.POSITIVE_INFINITY, 'Infinity'],
    ['an unsafe integer', 2 ** 53, '9007199254740992'],
    ['a string', '5' as unknown as number, '"5"'],
    ['nothing', undefined as unknown as number, 'undefined'],
    ['null', null as unknown as number, 'null'],
    ['an object with a broken number', { credits: -5 }, '-5'],
    ['an object without a number', { detail: { units: 1 } } as unknown as number, 'undefined'],
    ['a promise of a broken number', Promise.resolve(0.1), '0.1'],
  ])(
    'a price function that gives %s fails loudly, and the resolver does not run',
    async (_, price, shown) => {
      let runs = 0;
      const builder = createBuilder();

      builder.queryType({
        fields: (t) => ({
          odd: t.string({
            credits: { price: () => price },
            resolve: () => {
              runs += 1;
              return 'for free';
            },
          }),
        }),
      });

      const { result, purse } = await run('{ odd }', { schema: builder.toSchema() });

      expect(result).toEqual({
        data: { odd: null },
        errors: [
          `odd: The price of Query.odd must be a non-negative safe integer of credits, but it came out as ${shown}`,
        ],
      });
      expect(causeOf(result)).toBeInstanceOf(CreditsPriceError);
      expect(causeOf(result)).not.toBeInstanceOf(GraphQLError);
      expect(runs).toBe(0);
      expect(purse.journal).toEqual([]);
    },
  );

  test('a priced field below a list is charged once for each element, each by itself', async () => {
    const { result, purse } = await run('{ gallery { title caption } }', { purse: new Purse(5) });

    expect(result).toEqual({
      data: {
        gallery: [
          { title: 'sea', caption: 'A picture of sea' },
          { title: 'blank', caption: null },
          { title: 'sky', caption: 'A picture of sky' },
        ],
      },
      errors: ['gallery.1.caption: nothing to see'],
    });
    expect(purse.journal).toEqual([
      'reserve 2 Picture.caption',
      'post 2 #1',
      'reserve 2 Picture.caption',
      'void 2 #2: nothing to see',
      'reserve 2 Picture.caption',
      'post 2 #3',
    ]);
  });

  test('a priced field of an interface is charged under the name of the object that has it', async () => {
    const { purse } = await run('{ work { summary } }');

    expect(purse.journal).toEqual(['reserve 1 Song.summary', 'post 1 #1']);
  });
});

describe('refusals', () => {
  test('by default a refusal is an error with a code, and the resolver does not run', async () => {
    const { result, purse } = await run('{ search(text: "tea") }', { purse: new Purse(0) });
    const error = causeOf(result) as CreditsRefusedError;

    expect(result).toEqual({
      data: { search: null },
      errors: ['search: Credits were refused for Query.search'],
    });
    expect(error).toBeInstanceOf(CreditsRefusedError);
    expect([error.code, error.extensions, error.refusal]).toEqual([
      'CREDITS_REFUSED',
      { code: 'CREDITS_REFUSED' },
      { needed: 1, left: 0 },
    ]);
    expect(purse.journal).toEqual(['refuse 1 Query.search']);
  });

  test("the builder's onRefused answers in place of the error", async () => {
    const builder = createBuilder({ onRefused: () => 'ask your manager' });

    builder.queryType({ fields: (t) => ({ tea: t.string({ credits: 2, resolve: () => 'tea' }) }) });

    const { result, purse } = await run('{ tea }', { schema: builder.toSchema(), purse: new Purse(1) });

    expect(result).toEqual({ data: { tea: 'ask your manager' } });
    expect(purse.journal).toEqual(['refuse 2 Query.tea']);
  });

  test("the field's onRefused goes before the builder's and knows the whole call", async () => {
    const builder = createBuilder({ onRefused: () => 'ask your manager' });

    builder.queryType({
      fields: (t) => ({
        tea: t.string({
          args: { cups: t.arg.int({ required: true }) },
          credits: {
            price: { times: 'cups' },
            onRefused: ({ needed, left }, _parent, { cups }, { purse }, info) =>
              `${info.fieldName}: ${cups} cups, ${needed} needed, ${left} left, ${purse.left} in the purse`,
          },
          resolve: () => 'tea',
        }),
      }),
    });

    const { result } = await run('{ tea(cups: 3) }', { schema: builder.toSchema(), purse: new Purse(1) });

    expect(result).toEqual({ data: { tea: 'tea: 3 cups, 3 needed, 1 left, 1 in the purse' } });
  });

  test('what onRefused returns is the result, such as a member of a union', async () => {
    const source = 'mutation { poem { ... on Poem { text } ... on NotEnoughCredits { needed left } } }';
    const rich = await run(source);
    const poor = await run(source, { purse: new Purse(3), slow: true });

    expect(rich.result).toEqual({ data: { poem: { text: 'O' } } });
    expect(poor.result).toEqual({ data: { poem: { needed: 50, left: 3 } } });
    expect(poor.purse.journal).toEqual(['refuse 50 Mutation.poem']);
  });

  test.each([false, true])(
    'a price function refuses before anything is reserved (slow: %s)',
    async (slow) => {
      const { result, purse } = await run('mutation { write(prompt: "a bomb") }', { slow });

      expect(result).toEqual({
        data: { write: null },
        errors: ['write: Credits were refused for Mutation.write'],
      });
      expect(purse.journal).toEqual([]);
    },
  );

  test('when reserve throws, the field fails with its error and the resolver does not run', async () => {
    const purse = new Purse();
    purse.reserve = () => {
      throw new Error('the ledger is down');
    };
    const { result } = await run('{ search(text: "tea") }', { purse });

    expect(result).toEqual({ data: { search: null }, errors: ['search: the ledger is down'] });
    expect(purse.journal).toEqual([]);
  });
});

describe('settlement by the field', () => {
  test.each(['throw', 'reject', 'resolve to an error', 'return an error'])(
    'a resolver that fails (%s) has its reservation voided, and its error goes out',
    async (how) => {
      for (const slow of [false, true]) {
        const { result, purse } = await run('mutation ($how: String!) { fail(how: $how) }', {
          slow,
          variables: { how },
        });

        expect(result).toEqual({ data: { fail: null }, errors: [`fail: it did ${how}`] });
        expect(purse.journal).toEqual(['reserve 7 Mutation.fail', `void 7 #1: it did ${how}`]);
        expect(purse.left).toBe(100);
      }
    },
  );

  test.each([false, true])('when void fails too, the error keeps both causes (slow: %s)', async (slow) => {
    const purse = new Purse();
    purse.voidError = new Error('the ledger is down');
    const { result } = await run('mutation { fail(how: "throw") }', { purse, slow });
    const error = causeOf(result) as CreditsVoidError;

    expect(result).toEqual({
      data: { fail: null },
      errors: ['fail: Mutation.fail failed, and then its reservation could not be voided'],
    });
    expect(error).toBeInstanceOf(CreditsVoidError);
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors).toEqual([new Error('it did throw'), purse.voidError]);
    expect([error.resolverError, error.voidError]).toEqual(error.errors);
    expect(purse.journal).toEqual(['reserve 7 Mutation.fail']);
  });

  test.each([false, true])(
    'when post fails, its error goes out and nothing is voided (slow: %s)',
    async (slow) => {
      const purse = new Purse();
      purse.postError = new Error('the ledger is down');
      const { result } = await run('{ search(text: "tea") }', { purse, slow });

      expect(result).toEqual({ data: { search: null }, errors: ['search: the ledger is down'] });
      expect(purse.journal).toEqual(['reserve 1 Query.search', 'search tea']);
    },
  );

  test('a resolver can read its reservation, but not take it over', async () => {
    const { result, purse } = await run('mutation { read overreach }');

    expect(result).toEqual({
      data: { read: 6, overreach: null },
      errors: [
        "overreach: Mutation.overreach settles its reservation by itself; to take it over, give its credits settle: 'resolver'",
      ],
    });
    expect(purse.journal.slice(0, 3)).toEqual([
      'reserve 6 Mutation.read',
      'post 6 #1',
      'reserve 1 Mutation.overreach',
    ]);
    expect(purse.journal[3]).toMatch(/^void 1 #2/);
    expect(purse.journal).toHaveLength(4);
  });

  test('reservationOf says so when the field has no price', async () => {
    const { result } = await run('mutation { unpriced }');

    expect(result).toEqual({
      data: { unpriced: null },
      errors: [
        "unpriced: Mutation.unpriced has no reservation, because it has no price; give the field the option 'credits'",
      ],
    });
    expect(causeOf(result)).toBeInstanceOf(CreditsReservationError);
  });
});

describe('settlement by the resolver', () => {
  const source = 'mutation ($step: String!) { own(step: $step) }';

  test('the resolver that took its reservation settles it, and the field does not', async () => {
    const { result, purse } = await run(source, { variables: { step: 'take and post' } });

    expect(result).toEqual({ data: { own: 'take and post' } });
    expect(purse.journal).toEqual(['reserve 9 Mutation.own', 'post 9 #1']);
  });

  test('taking twice is taking once', async () => {
    const { purse } = await run(source, { variables: { step: 'take twice' } });

    expect(purse.journal).toEqual(['reserve 9 Mutation.own', 'post 9 #1']);
  });

  test('a resolver that returns without taking leaves the reservation pending', async () => {
    const { result, purse } = await run(source, { variables: { step: 'leave it' } });

    expect(result).toEqual({ data: { own: 'leave it' } });
    expect(purse.journal).toEqual(['reserve 9 Mutation.own']);
  });

  test('a resolver that fails before it took its reservation has it voided', async () => {
    const { result, purse } = await run(source, { variables: { step: 'fail before taking' } });

    expect(result).toEqual({ data: { own: null }, errors: ['own: fail before taking'] });
    expect(purse.journal).toEqual(['reserve 9 Mutation.own', 'void 9 #1: fail before taking']);
  });

  test('a resolver that fails after it took its reservation still answers for it', async () => {
    const { result, purse } = await run(source, { variables: { step: 'take and fail' } });

    expect(result).toEqual({ data: { own: null }, errors: ['own: take and fail'] });
    expect(purse.journal).toEqual(['reserve 9 Mutation.own']);
  });

  test('a voided reservation cannot be taken any more, so it is never settled twice', async () => {
    const { purse } = await run(source, { variables: { step: 'take too late' } });

    expect(purse.journal).toEqual(['reserve 9 Mutation.own', 'void 9 #1: take too late']);
    expect(lateTakes).toHaveLength(1);
    expect(() => lateTakes[0]?.()).toThrow(
      'The reservation of Mutation.own was voided when its resolver failed; take it before anything can fail',
    );
  });
});

describe('concurrency', () => {
  test('two aliases of a mutation run one after the other, and both are charged', async () => {
    const { result, purse } = await run('mutation { a: write(prompt: "tea") b: write(prompt: "milk") }', {
      slow: true,
    });

    expect(result).toEqual({ data: { a: 'On tea', b: 'On milk' } });
    expect(purse.journal).toEqual([
      'reserve 3 Mutation.write (1 units)',
      'write tea',
      'post 3 #1',
      'reserve 4 Mutation.write (1 units)',
      'write milk',
      'post 4 #2',
    ]);
  });

  test('the second of two aliases is refused when the first has emptied the purse', async () => {
    const { result, purse } = await run('mutation { a: write(prompt: "tea") b: write(prompt: "milk") }', {
      purse: new Purse(5),
    });

    expect(result).toEqual({
      data: { a: 'On tea', b: null },
      errors: ['b: Credits were refused for Mutation.write'],
    });
    expect(purse.journal.at(-1)).toBe('refuse 4 Mutation.write');
  });

  test('the fields of a query run in parallel, each with its own reservation', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const purse = new Purse();
    const running = run('{ a: wait(for: "a") b: wait(for: "b") c: wait(for: "c") }', {
      purse: Object.assign(purse, { left: 9 }),
      gate,
    });

    open();

    expect((await running).result).toEqual({
      data: { a: 'a', b: 'b', c: null },
      errors: ['c: Credits were refused for Query.wait'],
    });
    expect(purse.journal).toEqual([
      'reserve 4 Query.wait',
      'start a',
      'reserve 4 Query.wait',
      'start b',
      'refuse 4 Query.wait',
      'end a',
      'end b',
      'post 4 #1',
      'post 4 #2',
    ]);
  });

  test('a field that two fragments select under one name runs once and is charged once', async () => {
    const { purse } = await run(
      'query { ...A ...B } fragment A on Query { glance } fragment B on Query { glance }',
    );

    expect(purse.journal).toEqual(['reserve 0 Query.glance', 'post 0 #1']);
  });
});
