import { defineConfig } from 'vitest/config';
import LongestFirst from './test/support/sequence.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    pool: 'forks',
    // Node loads what is tested, as it does in use, and not a bundler.
    experimental: { viteModuleRunner: false },
    // Much of a test of processes, vendors and pauses is waiting: three at a time keep two cores busy.
    maxWorkers: 3,
    // What a suite loads takes longer than most suites: a worker loads it once for all its suites. None of them may change
    // what others would see, such as the environment; what it changes for a time, it puts back.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
