/**
 * `npm run codegen`: a typed client out of schema/schema.graphql and the documents in client/, written to client/gql.
 *
 * It reads the printed schema and no server, so that it works offline and the same tree always gives the same files.
 * client/gql is committed: a fresh clone type-checks without running anything first, and an integrator can read or copy
 * it. test/architecture.test.ts fails when it is stale. To use it elsewhere, copy this file and schema/schema.graphql,
 * and put your own documents where `documents` looks for them.
 */
import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  documents: ['client/**/*.graphql', 'client/**/*.{ts,tsx}', '!client/gql/**'],
  ignoreNoDocuments: true,
  silent: true,
  generates: {
    'client/gql/': {
      preset: 'client',
      config: {
        // Exact decimals and instants stay the text that they are on the wire: a float would have rounded them.
        scalars: {
          Decimal: 'string',
          DateTime: 'string',
          IdempotencyKey: 'string',
          JSON: 'unknown',
        },
        strictScalars: true,
        useTypeImports: true,
        enumsAsTypes: true,
        // Node and bundlers alike find `./graphql.ts`; there is no build step that would rename it.
        emitLegacyCommonJSImports: false,
        importExtension: '.ts',
      },
      presetConfig: { fragmentMasking: true },
    },
  },
};

export default config;
