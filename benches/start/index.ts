/**
 * How long a page waits for the first snapshot with which a shopper can pay, from when it asks for the code; how long an
 * instance of the module takes; and whether checkouts leave anything behind. Chromium, from a server on this machine:
 * a real network comes on top.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { median } from '../rounds';

/** ns. */
export interface Times {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Bytes, after a garbage collection. */
export interface Memory {
  readonly checkouts: number;
  readonly wasm: number;
  readonly js: number;
}

/** Bytes. */
export interface Download {
  readonly name: string;
  readonly raw: number;
  readonly brotli: number;
}

export interface StartResults {
  readonly downloads: readonly Download[];
  readonly times: readonly Times[];
  readonly memory: readonly Memory[];
}

/** What the pages are called, and where their code is. */
const PAGES = { payonce: 'start/payonce.js', 'XState + canonicalize + @noble/hashes': 'start/plain.js' };

/** The pages lie in `directory`, which is served at `url`. */
export async function measureStart(
  browser: Browser,
  url: string,
  directory: string,
  quick: boolean,
): Promise<StartResults> {
  const samples = new Map<string, number[]>();
  const add = (name: string, ms: number): void => void samples.set(name, [...(samples.get(name) ?? []), ms * 1e6]);

  for (let round = 0; round < (quick ? 3 : 15); round += 1) {
    for (const [name, script] of Object.entries(PAGES)) {
      // Cold: a context of its own has an empty cache. Warm: the next page of the same context finds all of it there.
      const context = await browser.newContext();
      add(`${name}, cold`, await start(context, url, script));
      add(`${name}, warm`, await start(context, url, script));
      await context.close();
    }
    const { compile, instantiate } = await instantiation(browser, url);
    add('payonce, compile the module', compile);
    add('payonce, instantiate it', instantiate);
  }
  const times = [...samples].map(([name, values]) => ({
    name,
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
  }));
  return { downloads: await downloads(directory), times, memory: await memory(browser, url) };
}

async function downloads(directory: string): Promise<Download[]> {
  const files = { ...PAGES, 'payonce, the module': 'start/payonce_bg.wasm' };
  const sizes = Object.entries(files).map(async ([name, path]) => {
    const content = await readFile(join(directory, path));
    return { name, raw: content.length, brotli: brotliCompressSync(content).length };
  });
  return Promise.all(sizes);
}

async function start(context: BrowserContext, url: string, script: string): Promise<number> {
  const page = await blank(context, url);
  const ms = await page.evaluate<number>(`(async () => {
    const started = performance.now();
    const { start } = await import('${url}/${script}');
    await start();
    return performance.now() - started;
  })()`);
  await page.close();
  return ms;
}

/** Without the download: from bytes that are there. */
async function instantiation(browser: Browser, url: string): Promise<{ compile: number; instantiate: number }> {
  const context = await browser.newContext();
  const page = await blank(context, url);
  const times = await page.evaluate<{ compile: number; instantiate: number }>(`(async () => {
    const { wasm, instantiate } = await import('${url}/${PAGES.payonce}');
    const bytes = await (await fetch(wasm)).arrayBuffer();
    const started = performance.now();
    const module = await WebAssembly.compile(bytes);
    const compile = performance.now() - started;
    return { compile, instantiate: await instantiate(module) };
  })()`);
  await context.close();
  return times;
}

async function memory(browser: Browser, url: string): Promise<Memory[]> {
  const context = await browser.newContext();
  const page = await blank(context, url);
  const devtools = await context.newCDPSession(page);
  const results: Memory[] = [];
  let checkouts = 0;
  for (const more of [1, 999, 1000]) {
    checkouts += more;
    const wasm = await page.evaluate<number>(
      `import('${url}/${PAGES.payonce}').then(({ createAndDispose }) => createAndDispose(${more}))`,
    );
    // What was closed a moment ago is still held by the browser.
    await page.waitForTimeout(500);
    await devtools.send('HeapProfiler.collectGarbage');
    const { usedSize } = await devtools.send('Runtime.getHeapUsage');
    results.push({ checkouts, wasm, js: usedSize });
  }
  await context.close();
  return results;
}

async function blank(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  return page;
}
