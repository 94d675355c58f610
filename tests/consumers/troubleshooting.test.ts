/** What docs/troubleshooting.md quotes is what happens. */

import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cartHash, createCheckout, init, type Journal, memoryJournal } from 'payonce';
import { mockWallet } from 'payonce/wallets/mock';
import type { Browser, JSHandle, Page } from 'playwright-core';
import { createServer } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { launch } from '../e2e/support/browser';
import { serveFiles, type ServeOptions } from './server';

const CART = { currency: 'EUR', lines: [{ id: 'mug', quantity: 1, unitAmount: 990 }], total: 990 };

/** All that was said, to be compared with what the page quotes. */
const said: string[] = [];
const ends: (() => Promise<void>)[] = [];
/** A directory with the installed package, and with a page that does nothing by itself. */
const shop = join(inject('workshop'), 'modules');
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
  await writeFile(join(shop, 'empty.html'), '<!doctype html><title>Empty</title>');
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => browser.close());

/** A module that the page imports. As text: the test runner would make an import of its own of it. */
async function moduleIn<Module>(page: Page, path: string): Promise<JSHandle<Module>> {
  return await page.evaluateHandle(`import(${JSON.stringify(path)})`);
}

describe('the WebAssembly module does not load', () => {
  /** Loads the module in a page of that server. Returns the error and its cause, or nothing. */
  async function load(options: ServeOptions, entry = 'index.js'): Promise<readonly string[]> {
    const server = await serveFiles(shop, 'http://nowhere.invalid', options);
    ends.push(() => server.stop());
    return loadFrom(`${server.url}/empty.html`, `/node_modules/payonce/dist/${entry}`);
  }

  async function loadFrom(page: string, entry: string): Promise<readonly string[]> {
    const opened = await browser.newPage();
    ends.push(() => opened.close());
    opened.on('console', (message) => said.push(message.text()));
    await opened.goto(page);
    const told = await opened.evaluate(
      ({ init }) =>
        init().then(
          () => [],
          (error: Error) => [String(error), String(error.cause)],
        ),
      await moduleIn<typeof import('payonce')>(opened, entry),
    );
    said.push(...told);
    return told;
  }

  test('a policy without wasm-unsafe-eval', async () => {
    const policy = "default-src 'self'";
    for (const entry of ['index.js', 'inline.js']) {
      const [error, cause] = await load({ policy }, entry);
      expect(error).toContain('init_failed');
      expect(cause).toMatch(/^CompileError: .*unsafe-eval/);
    }
    for (const entry of ['index.js', 'inline.js']) {
      expect(await load({ policy: `${policy}; script-src 'self' 'wasm-unsafe-eval'` }, entry)).toEqual([]);
    }
  });

  test('a page in its place', async () => {
    expect(await load({ missing: { status: 200, body: '<!doctype html>' }, without: '.wasm' })).toHaveLength(2);
  });

  test('nothing in its place', async () => {
    expect(await load({ without: '.wasm' })).toHaveLength(2);
  });

  test('another MIME type: it works, with a warning', async () => {
    expect(await load({ types: { '.html': 'text/html', '.js': 'text/javascript' } })).toEqual([]);
  });

  test("the development server of Vite 7, with and without optimizeDeps' exclude", async () => {
    const root = join(inject('workshop'), 'vite-7');
    await mkdir(root);
    await symlink(join(shop, 'node_modules'), join(root, 'node_modules'));
    await writeFile(join(root, 'index.html'), '<!doctype html><title>Vite 7</title>');
    await writeFile(join(root, 'shop.js'), "export { init } from 'payonce';");
    for (const [exclude, errors] of [
      [[], 2],
      [['payonce'], 0],
    ] as const) {
      const server = await createServer({
        root,
        configFile: false,
        logLevel: 'error',
        cacheDir: join(root, `.vite-${errors}`),
        optimizeDeps: { include: exclude.length ? [] : ['payonce'], exclude: [...exclude] },
        server: { host: '127.0.0.1', port: 0, fs: { strict: false } },
      });
      ends.push(() => server.close());
      await server.listen();
      expect(await loadFrom(server.resolvedUrls?.local[0] ?? '', '/shop.js')).toHaveLength(errors);
    }
  });
});

test('called too early', async () => {
  try {
    cartHash(CART);
  } catch (error) {
    said.push(String(error));
  }
  await init();
  expect(cartHash(CART)).toHaveLength(64);
});

describe('the journal', () => {
  const merchant = {
    profile: 'ietf',
    send: () => Promise.resolve({ outcome: 'approved' as const }),
    settle: () => Promise.resolve({ outcome: 'voided' as const }),
    discard: () => Promise.resolve(),
  } as const;
  const rejecting = (part: 'read' | 'update', error: Error): Journal => ({
    ...memoryJournal(),
    [part]: () => Promise.reject(error),
  });
  const holding = (record: string): Journal => ({ ...memoryJournal(), read: () => Promise.resolve(record) });

  /** Starts with that journal. Returns whether that was possible. */
  async function start(journal: Journal): Promise<boolean> {
    const onError = (error: unknown): void => void said.push(String(error));
    const started = createCheckout({ wallet: mockWallet(), merchant, journal, onError });
    return started.then(
      async (checkout) => {
        checkout.setCart(CART);
        await expect.poll(() => checkout.getSnapshot().session).not.toBeNull();
        checkout.dispose();
        return true;
      },
      (error: unknown) => {
        said.push(String(error));
        return false;
      },
    );
  }

  test.each<[string, Journal, boolean]>([
    ['cannot be read', rejecting('read', new Error('broken')), true],
    ['cannot be written', rejecting('update', new Error('broken')), true],
    ['is damaged', holding('{"version":1,"open":null,"salt":"bad"}'), true],
    ['is damaged, and may name an open attempt', holding('{"version":1,"open":{"key":'), false],
    ['is of a newer version', holding('{"version":99}'), false],
  ])('%s', async (_, journal, starts) => {
    expect(await start(journal)).toBe(starts);
  });

  test('is not to be had in a frame without an origin of its own', async () => {
    const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };
    // `sandbox` gives the page an opaque origin, as a sandboxed frame has one: no IndexedDB for it.
    const policy = 'sandbox allow-scripts';
    const server = await serveFiles(shop, 'http://nowhere.invalid', { types, policy, shared: true });
    ends.push(() => server.stop());
    const page = await browser.newPage();
    ends.push(() => page.close());
    await page.goto(`${server.url}/empty.html`);
    const url = `${server.url}/node_modules/payonce/dist`;
    const payonce = await moduleIn<typeof import('payonce')>(page, `${url}/index.js`);
    const mock = await moduleIn<typeof import('payonce/wallets/mock')>(page, `${url}/wallets/mock.js`);
    const errors = await page.evaluate(
      async ({ payonce, mock }) => {
        const told: unknown[] = [];
        const merchant = {
          profile: 'ietf' as const,
          send: () => Promise.resolve({ outcome: 'approved' as const }),
          settle: () => Promise.resolve({ outcome: 'voided' as const }),
          discard: () => Promise.resolve(),
        };
        const wallet = mock.mockWallet();
        const onError = (error: unknown): void => void told.push(error, (error as Error).cause);
        const journal = payonce.indexedDbJournal();
        const checkout = await payonce.createCheckout({ merchant, wallet, journal, onError });
        checkout.setCart({ currency: 'EUR', lines: [{ id: 'mug', quantity: 1, unitAmount: 990 }], total: 990 });
        checkout.openSheet();
        wallet.approve();
        await new Promise<void>((resolve) => checkout.subscribe(() => checkout.getSnapshot().receipt && resolve()));
        return [...told.map(String), `durable: ${checkout.getSnapshot().durable}`];
      },
      { payonce, mock },
    );
    said.push(...errors);
    expect(errors).toContain('durable: false');
  });
});

test('every text that the page quotes was said', async () => {
  const page = await readFile(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8');
  const quoted = [...page.matchAll(/^```text\n(.*?)^```$/gms)].flatMap(([, text = '']) => text.trim().split('\n'));
  expect(quoted.length).toBeGreaterThan(8);
  for (const text of quoted) expect(said.join('\n')).toContain(text);
});
