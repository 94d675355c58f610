import { build } from 'esbuild';

await build({
  entryPoints: ['src/index.js', 'src/index.html'],
  bundle: true,
  format: 'esm',
  minify: true,
  // esbuild leaves `new URL('…', import.meta.url)` as it is: the module is named where `init` is called.
  loader: { '.wasm': 'file', '.html': 'copy' },
  outdir: 'dist',
});
