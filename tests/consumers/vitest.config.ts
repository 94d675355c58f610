import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../../node_modules/.vite',
  test: {
    include: ['*.test.ts'],
    globalSetup: ['install.ts'],
    testTimeout: 120_000,
    // The installation is a set-up, too.
    hookTimeout: 300_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
