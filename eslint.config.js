import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['target/', 'pkg/wasm/', 'pkg/dist/', 'www/dist/', 'tests/e2e/output/']),
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['pkg/test', 'www', 'tests/e2e'].map((folder) => `${folder}/tsconfig.json`),
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // Numbers read well in a template; anything else that has no text of its own does not.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    // tsc knows which names exist: tools/tsconfig.json checks the scripts.
    rules: { 'no-undef': 'off' },
  },
);
