/**
 * What a storefront's shopper downloads: the wasm module, its generated glue and the driver, both minified as any
 * bundler does, each compressed by itself.
 *
 *   node tools/size.mjs [--budget]   with --budget: exit 1 when the total, brotli, is over the budget
 */

import { readFile } from 'node:fs/promises';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';

/** Bytes, brotli, of all three together. */
const BUDGET = 25_000;

const root = new URL('../pkg/', import.meta.url);
const path = (/** @type {string} */ name) => new URL(name, root).pathname;

const wasm = await readFile(path('wasm/payonce_bg.wasm'));
const glue = await transform(await readFile(path('wasm/payonce.js'), 'utf8'), { format: 'esm', minify: true });

// With splitting, what is only ever imported on demand lies in chunks of its own and is not counted.
const bundle = await build({
  entryPoints: [path('dist/index.js')],
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  external: ['*/wasm/payonce.js'],
  write: false,
  metafile: true,
  outdir: path('dist'),
  absWorkingDir: path('.'),
});
const outputs = new Map(Object.entries(bundle.metafile.outputs));
const needed = new Set(
  [...outputs].filter(([, output]) => output.entryPoint === 'dist/index.js').map(([name]) => name),
);
for (const name of needed) {
  for (const used of outputs.get(name)?.imports ?? []) {
    if (used.kind === 'import-statement' && !used.external) needed.add(used.path);
  }
}
const driver = bundle.outputFiles.filter((file) => [...needed].some((name) => file.path === path(name)));
if (driver.length !== needed.size || driver.length === 0) throw new Error('the driver was not found in the bundle');

const sizes = (/** @type {Uint8Array} */ bytes) => ({
  raw: bytes.length,
  gzip: gzipSync(bytes, { level: 9 }).length,
  brotli: brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  }).length,
});

const rows = {
  wasm: sizes(wasm),
  glue: sizes(Buffer.from(glue.code)),
  driver: sizes(Buffer.concat(driver.map((file) => file.contents))),
};
const total = Object.values(rows).reduce((sum, row) => ({
  raw: sum.raw + row.raw,
  gzip: sum.gzip + row.gzip,
  brotli: sum.brotli + row.brotli,
}));

const line = (/** @type {(string | number)[]} */ [name, ...cells]) =>
  `${String(name).padEnd(8)}${cells.map((cell) => cell.toLocaleString('en').padStart(10)).join('')}`;
console.log(line(['bytes', 'raw', 'gzip', 'brotli']));
for (const [name, { raw, gzip, brotli }] of Object.entries({ ...rows, total }))
  console.log(line([name, raw, gzip, brotli]));

if (process.argv.includes('--budget')) {
  const over = total.brotli - BUDGET;
  console.log(
    `${Math.abs(over).toLocaleString('en')} bytes ${over > 0 ? 'over' : 'below'} the budget of ${BUDGET.toLocaleString('en')}`,
  );
  if (over > 0) process.exitCode = 1;
}
