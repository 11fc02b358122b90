import SchemaBuilder from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import { expect, test } from 'vitest';
import CreditsPlugin, { priceOfDocument } from '../../../schema/plugin-credits/index.ts';
import { builderOf, creditsOptions, type ExampleTypes } from './example/builder.ts';
import { Purse } from './example/purse.ts';
import { run } from './example/run.ts';

function schemaWith(plugins: ('scopeAuth' | 'credits')[]) {
  const options = {
    plugins,
    credits: creditsOptions,
    scopeAuth: { authScopes: () => ({ member: false }) },
  };
  const builder = new SchemaBuilder<ExampleTypes & { AuthScopes: { member: boolean } }>(
    options as unknown as ConstructorParameters<
      typeof SchemaBuilder<ExampleTypes & { AuthScopes: { member: boolean } }>
    >[0],
  );

  builder.queryType({
    fields: (t) => ({ tea: t.string({ authScopes: { member: true }, credits: 1, resolve: () => 'tea' }) }),
  });

  return builder.toSchema();
}

test('listed after scope-auth, the plugin asks no credits of those who may not have the field', async () => {
  const { result, purse } = await run('{ tea }', { schema: schemaWith([ScopeAuthPlugin, CreditsPlugin]) });

  expect(result).toEqual({ data: { tea: null }, errors: ['tea: Not authorized to resolve Query.tea'] });
  expect(purse.journal).toEqual([]);
});

test('listed before scope-auth, the plugin reserves first, and voids', async () => {
  const { purse } = await run('{ tea }', { schema: schemaWith([CreditsPlugin, ScopeAuthPlugin]) });

  expect(purse.journal).toEqual(['reserve 1 Query.tea', 'void 1 #1: Not authorized to resolve Query.tea']);
});

test('a price function sees the arguments as other plugins have mapped them, in a run and in a quote alike', async () => {
  const seen: unknown[] = [];
  const builder = builderOf<ExampleTypes>({
    plugins: [CreditsPlugin, RelayPlugin],
    credits: creditsOptions,
  });

  builder.queryType({
    fields: (t) => ({
      tea: t.string({
        args: { id: t.arg.globalID({ required: true }) },
        credits: {
          price: ({ id }) => {
            seen.push({ ...id });

            return 3;
          },
        },
        resolve: () => 'tea',
      }),
    }),
  });

  const schema = builder.toSchema();
  const document = `{ tea(id: "${btoa('Leaf:7')}") }`;
  const { purse } = await run(document, { schema });
  const quote = await priceOfDocument({ schema, document, context: { purse: new Purse() } });

  expect(purse.journal).toEqual(['reserve 3 Query.tea', 'post 3 #1']);
  expect(quote.credits).toBe(3);
  expect(seen).toEqual([
    { typename: 'Leaf', id: '7' },
    { typename: 'Leaf', id: '7' },
  ]);
});
