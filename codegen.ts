/**
 * `npm run codegen`: typed documents out of schema/schema.graphql, for integrators (client/gql, of client/examples) and for
 * the admin (client/admin/gql, of what stands in its components).
 *
 * It reads the printed schema and no server, so that it works offline and the same tree always gives the same files. What
 * it writes is committed: a fresh clone type-checks without running anything first, and an integrator can read or copy
 * it. test/architecture.test.ts fails when it is stale. To use it elsewhere, copy this file's first part and
 * schema/schema.graphql, and put your own documents where `documents` looks for them.
 */
import type { CodegenConfig } from '@graphql-codegen/cli';
import { addTypenameSelectionDocumentTransform } from '@graphql-codegen/client-preset';

const typed = {
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
};

const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  ignoreNoDocuments: true,
  silent: true,
  generates: {
    'client/gql/': {
      documents: ['client/examples/*.graphql'],
      preset: 'client',
      config: typed,
      presetConfig: { fragmentMasking: true },
    },
    'client/admin/gql/': {
      documents: ['client/admin/**/*.{ts,tsx}', '!client/admin/gql/**'],
      preset: 'client',
      config: typed,
      // The client's cache tells results apart by type; a document that is sent by its hash has to have asked for it.
      documentTransforms: [addTypenameSelectionDocumentTransform],
      presetConfig: {
        fragmentMasking: { unmaskFunctionName: 'readFragment' },
        // Sent by hash in production; the server knows the same file (server/http/documents.ts).
        persistedDocuments: { hashAlgorithm: 'sha256' },
      },
    },
  },
};

export default config;
