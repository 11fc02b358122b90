import { defineConfig } from 'vitest/config';

export default defineConfig({
  // graphql 17 has a build for development beside the ordinary one. Vitest would load that for our files while
  // Pothos and yoga load the other, and objects of the two do not know each other.
  ssr: { resolve: { conditions: ['module', 'node'] } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
