import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    target: 'es2022',
    // The page's content security policy knows no data: URLs.
    assetsInlineLimit: 0,
    // Nor does it allow the inline script that a polyfill would need; every browser with wasm SIMD preloads modules.
    modulePreload: { polyfill: false },
  },
});
