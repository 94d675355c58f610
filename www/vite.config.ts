import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const source = (path: string): string => `${import.meta.dirname}/${path}`;

export default defineConfig({
  plugins: [react()],
  // Bundled beforehand, the package's JavaScript would lose its WebAssembly.
  optimizeDeps: { exclude: ['payonce'] },
  build: {
    target: 'es2022',
    rollupOptions: {
      input: {
        main: source('index.html'),
        react: source('react.html'),
        connect: source('connect.html'),
        'web-wallet': source('web-wallet/index.html'),
        worker: source('web-wallet/worker/worker.ts'),
      },
      output: {
        // The web wallet's manifest names its service worker, which must lie where its window is.
        entryFileNames: ({ name }) => (name === 'worker' ? 'web-wallet/worker.js' : 'assets/[name]-[hash].js'),
      },
    },
    // The page's content security policy knows no data: URLs.
    assetsInlineLimit: 0,
    // Nor does it allow the inline script that a polyfill would need; every browser with wasm SIMD preloads modules.
    modulePreload: { polyfill: false },
  },
});
