import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  // Bundled beforehand, the package's JavaScript would lose its WebAssembly.
  optimizeDeps: { exclude: ['payonce'] },
  build: {
    rollupOptions: { input: ['index.html', 'react.html'].map((page) => `${import.meta.dirname}/${page}`) },
    target: 'es2022',
    // The page's content security policy knows no data: URLs.
    assetsInlineLimit: 0,
    // Nor does it allow the inline script that a polyfill would need; every browser with wasm SIMD preloads modules.
    modulePreload: { polyfill: false },
  },
});
