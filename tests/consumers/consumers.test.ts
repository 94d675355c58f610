/**
 * The packed tarball in applications as storefronts have them: each is installed afresh, built by its own tools as they
 * come, and pays for a mug, in a real browser and at the real merchant, who answers
 * the first send with an error although it has charged.
 */

import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { launch, Watch } from '../e2e/support/browser';
import { expectOnceOnly } from '../e2e/support/invariants';
import { Merchant } from '../e2e/support/merchant';
import { App } from './app';
import { serveFiles } from './server';

/** How long a page may take for what must come. */
const PATIENCE = 30_000;
/** The hash of `CART`, as docs/cart-hash.mjs computes it. */
const HASH = '346c2d1e287781700ead2c231b7ab0c1fc4b954f4aa42144e2f4f7f38b161849';
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
const CART = { currency: 'EUR', lines: [{ id: 'mug', quantity: 1, unitAmount: 990 }], total: 990 };

const rows: { consumer: string; 'install s': number; 'build s': number | string; wasm: number; ran: string }[] = [];
const ends: (() => Promise<void>)[] = [];
let browser: Browser;
let merchant: Merchant;

beforeAll(async () => {
  browser = await launch();
  // It serves no page here: the consumers do that in their own ways.
  merchant = await Merchant.start(inject('workshop'));
});
beforeEach(() => merchant.reset());
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(async () => {
  await browser.close();
  await merchant.stop();
  console.table(rows);
});

/** Serves what was built, under the policy of a careful storefront. Returns the address. */
async function serve(site: string, policy?: string): Promise<string> {
  const server = await serveFiles(site, merchant.url, policy === undefined ? {} : { policy });
  ends.push(() => server.stop());
  return server.url;
}

function appOf(name: string, env?: Readonly<Record<string, string>>): App {
  const app = new App(join(inject('workshop'), name), env);
  ends.push(() => app.stop());
  return app;
}

/** Runs the application's build, and notes what came out. Returns how many WebAssembly modules did. */
async function build(app: App, output: string, name: string, ran: string): Promise<number> {
  const started = Date.now();
  await app.run('npm', ['run', 'build']);
  const seconds = (Date.now() - started) / 1000;
  const wasm = (await app.wasmIn(output)).length;
  note(name, ran, wasm, seconds);
  return wasm;
}

function note(consumer: string, ran: string, wasm: number, seconds?: number): void {
  rows.push({
    consumer,
    'install s': Math.round(inject('installed')[consumer] ?? NaN),
    'build s': seconds === undefined ? '' : Math.round(seconds),
    wasm,
    ran,
  });
}

/** A page that is watched, and the addresses of the WebAssembly modules that it asks for. */
async function visit(url: string): Promise<{ page: Page; watch: Watch; wasm: string[] }> {
  const page = await browser.newPage();
  ends.push(() => page.close());
  const watch = new Watch();
  watch.page(page);
  const wasm: string[] = [];
  page.on('request', (request) => void (request.url().includes('.wasm') && wasm.push(request.url())));
  await page.goto(url);
  return { page, watch, wasm };
}

/** The shopper pays, once, although the charge's first reply is an error. Returns the modules that the page loaded. */
async function pay(url: string): Promise<readonly string[]> {
  await merchant.faults({ kind: 'error_after' });
  const { page, watch, wasm } = await visit(url);
  const told = page.locator('#told');
  await told.filter({ hasText: /^ready/ }).waitFor({ timeout: PATIENCE });
  await page.locator('#pay').click();
  await told.filter({ hasText: 'We have received your payment.' }).waitFor({ timeout: PATIENCE });

  const { charges, attempts } = await merchant.ledger();
  expect(charges).toMatchObject([{ amount: CART.total, currency: CART.currency, cartHash: HASH }]);
  expect(attempts).toMatchObject([{ state: 'approved', arrivals: 2 }]);
  expect(watch.complaints).toEqual([]);
  await expectOnceOnly(watch, merchant, new Set());
  return wasm;
}

describe('a bundler emits the module once, and the page pays', () => {
  test.each([
    ['vite-react', 'Vite, React, TypeScript'],
    ['webpack', 'webpack'],
    ['esbuild', 'esbuild, `file` loader'],
  ])('%s', async (name, ran) => {
    const app = appOf(name);
    expect(await build(app, 'dist', name, ran)).toBe(1);
    expect(await pay(await serve(app.path('dist'), POLICY))).toHaveLength(1);
  });

  test('next, rendered on its server', async () => {
    const app = appOf('next', { MERCHANT: merchant.url });
    expect(await build(app, '.next', 'next', 'Next.js, hash on its server')).toBe(1);
    const url = await app.serve('npm', ['run', 'start', '--', '--hostname', '127.0.0.1', '--port', '0']);
    const html = await (await fetch(url)).text();
    expect(/<p id="hash">(\w+)</.exec(html)?.[1]).toBe(HASH);
    expect(await pay(url)).toHaveLength(1);
  });
});

test("vite-react, in Vite's development server", async () => {
  const app = appOf('vite-react', { MERCHANT: merchant.url });
  const url = await app.serve('npm', ['run', 'dev', '--', '--host', '127.0.0.1', '--port', '0']);
  expect(await pay(url)).toHaveLength(1);
  note('vite-react', 'Vite development server', 1);
});

test('modules, without a bundler, by an import map', async () => {
  const app = appOf('modules');
  // An import map is an inline script.
  expect(await pay(await serve(app.directory))).toHaveLength(1);
  note('modules', 'no bundler', 1);
});

test('inline, as a classic script, without a request', async () => {
  const app = appOf('inline');
  expect(await build(app, 'dist', 'inline', 'payonce/inline, classic script')).toBe(0);
  expect(await pay(await serve(app.path('dist'), POLICY))).toHaveLength(0);
});

test('worker, for the hash', async () => {
  const app = appOf('worker');
  expect(await build(app, 'dist', 'worker', 'dedicated worker')).toBe(1);
  const { page, watch, wasm } = await visit(await serve(app.path('dist'), POLICY));
  await page.locator('#hash').filter({ hasText: HASH }).waitFor({ timeout: PATIENCE });
  expect(watch.complaints).toEqual([]);
  expect(wasm).toHaveLength(1);
});

test('node, TypeScript by nodenext', async () => {
  const app = appOf('node');
  await app.run('npm', ['run', 'build']);
  const hash = (cart: unknown): Promise<string> => app.run('node', ['dist/server.js'], JSON.stringify(cart));
  expect(await hash(CART)).toBe(`${HASH}\n`);
  expect(await hash({ ...CART, total: 9.9 })).toMatch(/ at total\n$/);
  note('node', `Node ${process.versions.node}`, 0);
});

test('vitest-jsdom', async () => {
  const app = appOf('vitest-jsdom');
  expect(await app.run('npm', ['test'])).toMatch(/1 passed/);
  note('vitest-jsdom', 'Vitest with jsdom', 0);
});
