import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores([
    'target/',
    'pkg/wasm/',
    'pkg/dist/',
    'benches/boundary/wasm/',
    'www/dist/',
    'tests/e2e/output/',
    'tests/consumers/*/',
  ]),
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    // The settings of Vite and Vitest: not every one belongs to a TypeScript project.
    ignores: ['**/*.config.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // What implements a port answers with a promise, whether it has something to wait for or not.
      '@typescript-eslint/require-await': 'off',
      // The package's objects are closures: their functions may be taken apart.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  { files: ['**/*.config.ts'], extends: [tseslint.configs.recommended] },
  {
    files: ['**/*.js', '**/*.mjs'],
    // tsc knows which names exist: tools/tsconfig.json has it check the scripts.
    rules: { 'no-undef': 'off' },
  },
);
