import { GraphQLError } from 'graphql';
import { describe, expect, test } from 'vitest';
import { CreditsDocumentError, priceOfDocument } from '../../../schema/plugin-credits/index.ts';
import type { Context } from './example/builder.ts';
import { Purse } from './example/purse.ts';
import { schema, uncharged } from './example/schema.ts';

const price = (document: string, rest: Partial<Parameters<typeof priceOfDocument>[0]> = {}) =>
  priceOfDocument({ schema, document, ...rest });

describe('what a document costs', () => {
  test('fixed prices and formulas are told without a context, by response path', async () => {
    expect(
      await price(
        `mutation ($input: ImageInput!, $count: Int) {
          generateImage(input: $input)
          other: generateImage(input: { prompt: "sky", count: $count })
          third: generateImage(input: { prompt: "sky" })
          read
          unpriced
        }`,
        { variables: { input: { prompt: 'sea', count: 3 }, count: 4 } },
      ),
    ).toEqual({
      credits: 15 + 20 + 10 + 6,
      fields: [
        { path: ['generateImage'], field: 'Mutation.generateImage', credits: 15 },
        { path: ['other'], field: 'Mutation.generateImage', credits: 20 },
        { path: ['third'], field: 'Mutation.generateImage', credits: 10 },
        { path: ['read'], field: 'Mutation.read', credits: 6 },
      ],
    });
  });

  test('an unpriced document costs 0', async () => {
    expect(await price('{ version __typename __schema { types { name } } }')).toEqual({
      credits: 0,
      fields: [],
    });
  });

  test('a price function is unknown without a context, and so is the total', async () => {
    expect(await price('mutation { read write(prompt: "tea") }')).toEqual({
      credits: null,
      fields: [
        { path: ['read'], field: 'Mutation.read', credits: 6 },
        { path: ['write'], field: 'Mutation.write', credits: null },
      ],
    });
  });

  test('a price function is asked with a context, and nothing is reserved', async () => {
    const purse = new Purse();
    const context: Context = { purse, slow: true };

    expect(await price('mutation { read write(prompt: "tea") }', { context })).toEqual({
      credits: 9,
      fields: [
        { path: ['read'], field: 'Mutation.read', credits: 6 },
        { path: ['write'], field: 'Mutation.write', credits: 3 },
      ],
    });
    expect(purse.journal).toEqual([]);
  });

  test('a refusal by a price function stands at its field', async () => {
    expect(await price('mutation { write(prompt: "a bomb") }', { context: { purse: new Purse() } })).toEqual({
      credits: null,
      fields: [
        {
          path: ['write'],
          field: 'Mutation.write',
          credits: null,
          refusal: { needed: Number.MAX_SAFE_INTEGER, left: 0 },
        },
      ],
    });
  });

  test('fragments, @skip and @include count as they do at run time', async () => {
    expect(
      await price(
        `query ($no: Boolean!, $yes: Boolean = true) {
          ...Top
          ... on Query { b: search }
          ... @include(if: $no) { c: search }
          d: search @skip(if: $yes)
          e: search @include(if: $yes)
          ...Skipped @skip(if: true)
        }
        fragment Top on Query { a: search ...Deep }
        fragment Deep on Query { deep: search }
        fragment Skipped on Query { f: search }`,
        { variables: { no: false } },
      ),
    ).toEqual({
      credits: 4,
      fields: [
        { path: ['a'], field: 'Query.search', credits: 1 },
        { path: ['deep'], field: 'Query.search', credits: 1 },
        { path: ['b'], field: 'Query.search', credits: 1 },
        { path: ['e'], field: 'Query.search', credits: 1 },
      ],
    });
  });

  test('a field selected twice under one name is counted once, with its selections merged', async () => {
    expect(
      await price(
        `{ ...A ...B search }
         fragment A on Query { search work { summary } }
         fragment B on Query { search work { again: summary summary } }`,
      ),
    ).toEqual({
      credits: 3,
      fields: [
        { path: ['search'], field: 'Query.search', credits: 1 },
        { path: ['work', 'summary'], field: 'Picture.summary', credits: 1 },
        { path: ['work', 'again'], field: 'Picture.summary', credits: 1 },
      ],
    });
  });

  test('of the possible types of an interface the dearest stands', async () => {
    expect(
      await price('{ work { title ... on Picture { caption } ... on Song { lyrics summary } } }'),
    ).toEqual({
      credits: 4,
      fields: [
        { path: ['work', 'lyrics'], field: 'Song.lyrics', credits: 3 },
        { path: ['work', 'summary'], field: 'Song.summary', credits: 1 },
      ],
    });
    expect(
      await price('{ work { ... on Picture { caption a: caption b: caption } ... on Song { lyrics } } }'),
    ).toEqual({
      credits: 6,
      fields: [
        { path: ['work', 'caption'], field: 'Picture.caption', credits: 2 },
        { path: ['work', 'a'], field: 'Picture.caption', credits: 2 },
        { path: ['work', 'b'], field: 'Picture.caption', credits: 2 },
      ],
    });
  });

  test('abstract types nested thirty deep are priced once for each level, not for each combination', async () => {
    const both = (inner: string) =>
      `... on Picture { related { ${inner} } } ... on Song { related { ${inner} } }`;
    let fragments = '';

    for (let level = 0; level < 30; level += 1) {
      fragments += ` fragment L${level} on Work { ${both(level === 29 ? 'summary' : `...L${level + 1}`)} }`;
    }

    expect((await price(`{ work { ...L0 } } ${fragments}`)).credits).toBe(1);
  });

  test('below a list only the price of one run is known, and of the possible types the dearest stands', async () => {
    expect(await price('{ search gallery { caption related { title ... on Song { lyrics } } } }')).toEqual({
      credits: null,
      fields: [
        { path: ['search'], field: 'Query.search', credits: 1 },
        { path: ['gallery', 'caption'], field: 'Picture.caption', credits: null, each: 2 },
        { path: ['gallery', 'related', 'lyrics'], field: 'Song.lyrics', credits: null, each: 3 },
      ],
    });
  });

  test('a price of 0 stays known below a list', async () => {
    expect(await price('{ gallery { size } }')).toEqual({
      credits: 0,
      fields: [{ path: ['gallery', 'size'], field: 'Picture.size', credits: 0 }],
    });
  });

  test('fragments that spread each other twice are visited once', async () => {
    let fragments = 'fragment L40 on Query { search }';

    for (let level = 0; level < 40; level += 1) {
      fragments += ` fragment L${level} on Query { ...L${level + 1} ...L${level + 1} }`;
    }

    expect((await price(`{ ...L0 } ${fragments}`)).credits).toBe(1);
  });

  test('a subscription has a total when it pays once, and a price for each event otherwise', async () => {
    expect(await price('subscription { news(topic: "tea") { title } }')).toEqual({
      credits: 8,
      fields: [{ path: ['news'], field: 'Subscription.news', credits: 8 }],
    });
    expect(await price('subscription { news(topic: "tea") { caption } }')).toEqual({
      credits: null,
      fields: [
        { path: ['news'], field: 'Subscription.news', credits: 8 },
        { path: ['news', 'caption'], field: 'Picture.caption', credits: null, each: 2 },
      ],
    });
    expect(await price('subscription { frames(count: 3) }')).toEqual({
      credits: null,
      fields: [{ path: ['frames'], field: 'Subscription.frames', credits: null, each: 30 }],
    });
  });

  test('a schema that charges nothing still knows its prices', async () => {
    expect(await price('{ search }', { schema: uncharged })).toEqual(await price('{ search }'));
  });
});

describe('a document that cannot be priced', () => {
  test.each([
    ['{ search', {}, 'Syntax Error: Expected Name, found <EOF>.'],
    ['{ serch }', {}, 'Cannot query field "serch" on type "Query". Did you mean "search"?'],
    [
      'query A { search } query B { search }',
      {},
      'It has several operations or none, so operationName must say which one to price.',
    ],
    ['query A { search }', { operationName: 'C' }, "It has no operation named 'C'."],
    [
      'query ($w: Int!) { canvas(width: $w) }',
      {},
      'Variable "$w" has invalid value: Expected a value of non-null type "Int!" to be provided.',
    ],
    [
      'query ($if: Boolean = true) { search @skip(if: $if) }',
      { variables: { if: null } },
      'Argument "@skip(if:)" has invalid value: Expected variable "$if" provided to non-null type "Boolean!" not to be null.',
    ],
    [
      '{ canvas(width: -1) }',
      {},
      "Query.canvas is priced by 'width', which must be a non-negative number, not -1",
    ],
  ])('%s is refused with its faults', async (document, rest, message) => {
    const error = await price(document, rest).catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(CreditsDocumentError);
    expect((error as CreditsDocumentError).message).toBe(`The document cannot be priced: ${message}`);
    expect((error as CreditsDocumentError).errors).toHaveLength(1);
    expect((error as CreditsDocumentError).errors[0]).toBeInstanceOf(GraphQLError);
  });

  test('operationName chooses one of several operations', async () => {
    const document = 'query A { search } query B { a: search b: search }';

    expect((await price(document, { operationName: 'A' })).credits).toBe(1);
    expect((await price(document, { operationName: 'B' })).credits).toBe(2);
  });
});
