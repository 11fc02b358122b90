/** Builds the pages, and serves them while they are worked on (`npm run dev:pages`, beside a running server). */
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { persistDocuments } from './persist-documents.ts';

/** Where the server is while pages are worked on. */
const SERVER = 'http://127.0.0.1:4000';

export default defineConfig({
  root: join(import.meta.dirname, 'admin'),
  base: '/admin/',
  plugins: [persistDocuments(join(import.meta.dirname, 'admin/gql/persisted-documents.json')), react()],
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
        // What several pages share comes in one file: thirty small ones would each wait for a round trip on a phone.
        codeSplitting: { groups: [{ name: 'shared', test: /node_modules|client.ui/, minShareCount: 3 }] },
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
