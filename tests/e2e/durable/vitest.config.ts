import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../../../node_modules/.vite',
  test: {
    include: ['*.test.ts'],
    globalSetup: ['support/build.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A shared machine may stall for longer than any shopper would wait; twice in a row is a fault.
    retry: process.env['CI'] ? 1 : 0,
    pool: 'forks',
    maxWorkers: 2,
    minWorkers: 1,
  },
});
