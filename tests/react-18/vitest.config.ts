/** The tests of payonce/react, once more, with React 18. */

import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const modules = join(import.meta.dirname, 'node_modules');

export default defineConfig({
  root: join(import.meta.dirname, '../../pkg'),
  cacheDir: join(modules, '.vite'),
  resolve: {
    alias: {
      react: join(modules, 'react'),
      'react-dom': join(modules, 'react-dom'),
      '@testing-library/react': join(modules, '@testing-library/react'),
    },
  },
  test: { include: ['test/react/**/*.test.tsx'], env: { REACT: '18' } },
});
