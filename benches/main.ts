/**
 * `make bench`: payonce against what a storefront would use instead, in Node and in headless Chromium.
 *
 *   vite-node benches/main.ts --check          every participant does what it must, in Node; nothing is timed
 *   vite-node benches/main.ts [--quick] [--json FILE]
 */

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { launch } from '../tests/e2e/support/browser';
import { serveFiles } from './server';
import type { SuiteResults } from './suite';
import { tables } from './tables';

const { values: flags } = parseArgs({
  options: { check: { type: 'boolean' }, quick: { type: 'boolean', default: false }, json: { type: 'string' } },
});

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const directory = await mkdtemp(join(tmpdir(), 'payonce-benches-'));

try {
  await bundle();
  if (flags.check) {
    const names = inNode<string[]>('check');
    console.log(`${names.length} participants do what they must: ${names.join(', ')}`);
  } else {
    await measure();
  }
} finally {
  await rm(directory, { recursive: true });
}

/** As a storefront would ship it. For a browser, in Node too: both then run the same code of every participant. */
async function bundle(): Promise<void> {
  await build({
    entryPoints: { suite: here('suite.ts') },
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'warning',
  });
}

/** JavaScript that calls an export of the suite that lies at `url`. As text: what builds this file must not touch it. */
function call(url: string, name: keyof typeof import('./suite'), options: object): string {
  return `import('${url}/suite.mjs').then(({ ${name} }) => ${name}(${JSON.stringify(options)}))`;
}

/** Calls an export of the suite in a Node that knows nothing else. */
function inNode<T>(name: keyof typeof import('./suite'), options: object = {}): T {
  const script = `console.log(JSON.stringify(await ${call(pathToFileURL(directory).href, name, options)}))`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 24,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${name} failed in Node`);
  return JSON.parse(stdout) as T;
}

async function measure(): Promise<void> {
  const options = { quick: flags.quick };
  const node = inNode<SuiteResults>('measure', options);
  const server = await serveFiles(directory);
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.goto(server.url);
    const chromium: SuiteResults = await page.evaluate(call(server.url, 'measure', options));
    const results = {
      at: new Date().toISOString(),
      cpu: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`,
      versions: { node: process.versions.node, chromium: browser.version() },
      node,
      chromium,
    };
    console.log(tables(results));
    if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(results, null, 2)}\n`);
  } finally {
    await browser.close();
    await server.stop();
  }
}
