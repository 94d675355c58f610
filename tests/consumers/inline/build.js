import { build } from 'esbuild';

const { warnings } = await build({
  entryPoints: ['src/index.js', 'src/index.html'],
  bundle: true,
  // A classic script, which knows neither modules nor `import.meta`.
  format: 'iife',
  minify: true,
  loader: { '.html': 'copy' },
  outdir: 'dist',
});
if (warnings.length > 0) process.exitCode = 1;
