/**
 * `make bench`: payonce against what a storefront would use instead, in Node and in headless Chromium.
 *
 *   vite-node benches/main.ts -- --check              every participant does what it must, in Node; nothing is timed
 *   vite-node benches/main.ts -- [--quick] [--only machine|hash|start] [--json FILE]
 */

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build, type BuildOptions } from 'esbuild';
import type { Browser } from 'playwright-core';
import { launch } from '../tests/e2e/support/browser';
import { serveFiles } from './server';
import { measureStart } from './start';
import type * as suite from './suite';
import { type Both, hashTables, machineTable, startTables } from './tables';

const { values: flags } = parseArgs({
  options: {
    check: { type: 'boolean' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});

/** As a storefront would ship it: what is for developers alone is left out. */
const STOREFRONT: BuildOptions = {
  bundle: true,
  format: 'esm',
  target: 'es2022',
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
};

/** The exports of the suite that measure something. */
type Measurement = 'machine' | 'hash';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const directory = await mkdtemp(join(tmpdir(), 'payonce-benches-'));

try {
  await bundle();
  if (flags.check) {
    const names = inNode<string[]>('check');
    console.log(`${names.length} participants do what they must: ${names.join('; ')}`);
  } else {
    await measure();
  }
} finally {
  await rm(directory, { recursive: true });
}

/** For a browser, in Node too: both then run the same code of every participant. */
async function bundle(): Promise<void> {
  await build({
    ...STOREFRONT,
    entryPoints: [here('suite.ts')],
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    loader: { '.wasm': 'binary' },
  });
  // What is timed on its way to the shopper is as small as it gets.
  await build({
    ...STOREFRONT,
    entryPoints: [here('start/payonce.ts'), here('start/plain.ts')],
    outdir: join(directory, 'start'),
    assetNames: '[name]',
    loader: { '.wasm': 'file' },
    minify: true,
  });
}

async function measure(): Promise<void> {
  const server = await serveFiles(directory);
  const browser = await launch();
  const wanted = (name: string): boolean => flags.only === undefined || flags.only === name;
  const results: Record<string, unknown> = {
    at: new Date().toISOString(),
    cpu: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`,
    node: process.versions.node,
    chromium: browser.version(),
  };
  console.log(
    Object.entries(results)
      .map(([name, value]) => `${name}: ${String(value)}`)
      .join(', '),
    '\n',
  );
  /** Measures in both engines. */
  async function both<Name extends Measurement, Results extends Awaited<ReturnType<(typeof suite)[Name]>>>(
    name: Name,
    print: (results: Both<Results>) => string,
  ): Promise<void> {
    if (!wanted(name)) return;
    const inBoth = { node: inNode<Results>(name), chromium: await inChromium<Results>(browser, server.url, name) };
    results[name] = inBoth;
    console.log(`${print(inBoth)}\n`);
  }
  try {
    await both('machine', machineTable);
    await both('hash', hashTables);
    if (wanted('start')) {
      const start = await measureStart(browser, server.url, directory, flags.quick);
      results['start'] = start;
      console.log(startTables(start));
    }
    if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(results, null, 2)}\n`);
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** Calls an export of the suite in a Node that knows nothing else. */
function inNode<T>(name: keyof typeof suite): T {
  const script = `console.log(JSON.stringify(await ${call(pathToFileURL(directory).href, name)}))`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${name} failed in Node`);
  return JSON.parse(stdout) as T;
}

async function inChromium<T>(browser: Browser, url: string, name: keyof typeof suite): Promise<T> {
  const page = await browser.newPage();
  await page.goto(url);
  const results = await page.evaluate<T>(call(url, name));
  await page.close();
  return results;
}

/** JavaScript that calls an export of the suite that lies at `url`. As text: what runs this file must not touch it. */
function call(url: string, name: keyof typeof suite): string {
  const effort: suite.Effort = { quick: flags.quick };
  return `import('${url}/suite.mjs').then(({ ${name} }) => ${name}(${JSON.stringify(effort)}))`;
}
