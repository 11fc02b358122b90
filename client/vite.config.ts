/** Builds the pages, and serves them while they are worked on (`npm run dev:pages`, beside a running server). */
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { mantineStyles } from './mantine-styles.ts';
import { persistDocuments } from './persist-documents.ts';

/**
 * What only forms and dialogs are made of. A page that has neither, as the overview before one is opened, does not wait for it.
 */
const FIELDS = new RegExp(
  [
    '@mantine/core/(esm/components|styles)/(Checkbox|Combobox|FloatingIndicator|Input|InputBase|Menu|Modal|ModalBase|MultiSelect' +
      '|NumberInput|PasswordInput|Pill|PillsInput|Popover|ScrollArea|SegmentedControl|Select|Switch|Table|Tabs|TextInput|Textarea)[./]',
    '@mantine/core/(esm/utils|styles)/(Floating|InlineInput)',
    '@floating-ui/',
    '@mantine/form/',
    'react-number-format/',
  ].join('|'),
);
const SHARED = /node_modules|client.ui/;

/** Where the server is while pages are worked on. */
const SERVER = 'http://127.0.0.1:4000';

export default defineConfig({
  root: join(import.meta.dirname, 'admin'),
  base: '/admin/',
  plugins: [
    persistDocuments(join(import.meta.dirname, 'admin/gql/persisted-documents.json')),
    mantineStyles(),
    react(),
  ],
  // The server puts a nonce of its own in its place with each answer.
  html: { cspNonce: '%NONCE%' },
  build: {
    target: 'es2023',
    // A data: URL would need room in the Content-Security-Policy.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        // What several pages share comes in two files: thirty small ones would each wait for a round trip on a phone.
        codeSplitting: {
          groups: [
            {
              name: 'shared',
              test: (id) => SHARED.test(id) && !FIELDS.test(id),
              minShareCount: 3,
              priority: 2,
            },
            // Without what they lean on, which would take the frame's parts into it.
            {
              name: 'fields',
              test: FIELDS,
              minShareCount: 2,
              priority: 1,
              includeDependenciesRecursively: false,
            },
          ],
        },
      },
    },
  },
  server: {
    port: 4001,
    proxy: {
      '/graphql': { target: SERVER, ws: true },
      '/files': SERVER,
      '/export': SERVER,
    },
  },
});
