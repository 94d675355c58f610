/** The React page of the demo, built and in development: whatever React does to it, one payment is one charge. */

import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { createServer } from 'vite';
import { describe, expect } from 'vitest';
import { accessible } from './support/barriers';
import { type AttemptBody, Watch } from './support/browser';
import { DEMO, output } from './support/build';
import { expectNoToken, expectOnceOnly } from './support/invariants';
import type { Merchant } from './support/merchant';
import { PATIENCE } from './support/shop';
import { testOf } from './support/test';

/** Long enough for everything that is done to the page meanwhile. */
const SLOW = 6000;
/** And for a development server, which is slow itself; below the time that payonce waits for an answer. */
const SLOWER = 8000;

class ReactShop {
  readonly page: Page;
  readonly merchant: Merchant;
  readonly watch = new Watch();

  constructor(page: Page, merchant: Merchant) {
    this.page = page;
    this.merchant = merchant;
    this.watch.page(page);
  }

  async open(origin: string): Promise<void> {
    await this.page.goto(`${origin}/react.html`);
    await this.reaches('ready');
  }

  at(hook: string): ReturnType<Page['getByTestId']> {
    return this.page.getByTestId(hook);
  }

  async reaches(state: string): Promise<void> {
    await this.page.locator(`[data-testid=payment][data-state=${state}]`).waitFor({ timeout: PATIENCE });
  }

  /** Pays with a bank that takes its time, and closes the sheet: the page can be used meanwhile. */
  async begin(ms = SLOW): Promise<void> {
    await this.merchant.faults({ kind: 'delay', ms });
    await this.at('pay').click();
    await this.at('wallet-pay').click();
    await expect.poll(async () => (await this.merchant.ledger()).attempts.at(-1)?.state).toBe('in_flight');
    await this.at('wallet-cancel').click();
    await this.reaches('sending');
  }

  /** One request, one charge, and the shopper is told so. */
  async paidOnce(): Promise<void> {
    await this.reaches('succeeded');
    expect(await this.at('receipt-total').textContent()).toBe('$30.00');
    expect(await this.merchant.ledger()).toMatchObject({ arrivals: 1, charges: [{ amount: 3000, currency: 'USD' }] });
    expect(this.watch.attempts).toHaveLength(1);
  }

  /** Checks what must hold after every test. */
  async check(): Promise<void> {
    expect(this.watch.complaints).toEqual([]);
    await expectOnceOnly(this.watch, this.merchant, new Set());
    const open = await this.page.evaluate(() => [
      document.documentElement.outerHTML,
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }]),
    ]);
    const tokens = this.watch.attempts.map(({ text }) => (JSON.parse(text) as AttemptBody).token);
    expectNoToken([...open, ...this.watch.console], tokens);
  }
}

/** Uses the page at `origin` in a browser context of its own. */
async function visit(
  context: BrowserContext,
  merchant: Merchant,
  origin: string,
  use: (shop: ReactShop) => Promise<void>,
): Promise<void> {
  await merchant.reset();
  try {
    const shop = new ReactShop(await context.newPage(), merchant);
    await shop.open(origin);
    await use(shop);
    await shop.check();
  } finally {
    await context.close();
  }
}

const test = testOf(DEMO).extend<{ shop: ReactShop }>({
  shop: async ({ merchant, browser }, use) => visit(await browser.newContext(), merchant, merchant.url, use),
});

describe('the React page', () => {
  test('rendered a hundred times, remounted and suspended in mid-payment: one send, one charge', async ({ shop }) => {
    await shop.begin();
    await shop.at('render').click();
    await shop.at('renders').filter({ hasText: '100' }).waitFor({ timeout: PATIENCE });
    await shop.at('remount').click();
    await shop.reaches('sending');
    await shop.at('suspend').click();
    await shop.page.getByText('Suspended for a moment.').waitFor({ timeout: PATIENCE });
    expect((await shop.merchant.ledger()).attempts).toMatchObject([{ state: 'in_flight' }]);
    await shop.paidOnce();
    expect((await shop.merchant.ledger()).settles).toBe(0);
  });

  test('scenario 10: taken off the page in mid-payment and put back, it finds the truth and sends nothing', async ({
    shop,
  }) => {
    await shop.begin();
    await shop.at('toggle').click();
    await shop.page.getByText('The shop is not on the page.').waitFor({ timeout: PATIENCE });
    await shop.at('toggle').click();
    await shop.reaches('settling');
    await shop.paidOnce();
    expect((await shop.merchant.ledger()).settles).toBeGreaterThan(0);
  });

  test('scenario 10: reloaded in mid-payment, too', async ({ shop }) => {
    await shop.begin();
    await shop.page.reload();
    await shop.paidOnce();
  });

  test('a decline in the sheet, then another card: paid once', async ({ shop }) => {
    await shop.at('pay').click();
    await shop.page.locator('label', { has: shop.at('card-insufficient_funds') }).click();
    await shop.at('wallet-pay').click();
    await shop.at('wallet-message').filter({ hasText: 'not enough money' }).waitFor({ timeout: PATIENCE });
    await shop.page.locator('label', { has: shop.at('card-approved') }).click();
    await shop.at('wallet-pay').click();
    await shop.reaches('succeeded');
    const { charges, attempts } = await shop.merchant.ledger();
    expect(charges).toHaveLength(1);
    expect(attempts.map(({ state }) => state)).toEqual(['declined', 'approved']);
  });

  test('by keyboard alone: the focus is never lost', async ({ shop }) => {
    const { keyboard } = shop.page;
    const focus = (): Promise<string | undefined> =>
      shop.page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset['testid']);
    await shop.at('pay').focus();
    await keyboard.press('Enter');
    await shop.at('wallet-pay').waitFor();
    await keyboard.press('Escape');
    await shop.reaches('ready');
    await expect.poll(focus, { timeout: PATIENCE }).toBe('pay');
    await keyboard.press('Enter');
    await shop.at('wallet-pay').focus();
    await keyboard.press('Enter');
    await shop.reaches('succeeded');
    await expect.poll(focus, { timeout: PATIENCE }).toBe('receipt');
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await shop.reaches('empty');
    expect(await shop.page.evaluate(() => document.activeElement?.id)).toBe('shop-title');
    expect((await shop.merchant.ledger()).charges).toHaveLength(1);
  });

  test('is without barriers when ready, in the sheet and paid', { timeout: 60_000 }, async ({ shop }) => {
    await accessible(shop.page);
    await shop.at('pay').click();
    await shop.reaches('sheet_open');
    await accessible(shop.page);
    await shop.at('wallet-pay').click();
    await shop.reaches('succeeded');
    await shop.at('wallet-dialog').waitFor({ state: 'hidden' });
    await accessible(shop.page);
  });
});

/** The demo's sources in a directory of the test's own, served as `vite` serves them while somebody works on them. */
const devTest = testOf(DEMO).extend<{ desk: { readonly origin: string; readonly sources: string } }>({
  desk: [
    async ({ merchant }, use) => {
      const top = fileURLToPath(new URL('../..', import.meta.url));
      const root = join(output('react-dev'), 'www');
      await cp(join(top, 'tsconfig.base.json'), join(root, '../tsconfig.base.json'));
      await cp(join(top, 'www'), root, {
        recursive: true,
        filter: (path) => !/[/\\]www[/\\](?:dist|merchant)$/.test(path),
      });
      const server = await createServer({
        root,
        configFile: join(root, 'vite.config.ts'),
        cacheDir: join(root, 'node_modules/.vite'),
        logLevel: 'warn',
        server: {
          host: '127.0.0.1',
          port: 0,
          proxy: { '^/(attempts|sessions|ledger|faults|challenges)': merchant.url },
        },
      });
      try {
        await server.listen();
        const address = server.httpServer?.address();
        if (typeof address !== 'object' || address === null) throw new Error('the development server has no address');
        await use({ origin: `http://127.0.0.1:${address.port}`, sources: join(root, 'src/react') });
      } finally {
        await server.close();
      }
    },
    { scope: 'file' },
  ],
});

describe('the React page in development', () => {
  devTest(
    'StrictMode and Fast Refresh in mid-payment: one send, one charge',
    { timeout: 90_000 },
    async ({ desk, merchant, browser }) => {
      /** Saves a file once, as an editor does. */
      const edit = async (file: string, ...changes: readonly (readonly [from: string, to: string])[]) => {
        const path = join(desk.sources, file);
        let text = await readFile(path, 'utf8');
        for (const [from, to] of changes) {
          expect(text).toContain(from);
          text = text.replace(from, to);
        }
        await writeFile(path, text);
      };
      await visit(await browser.newContext(), merchant, desk.origin, async (shop) => {
        const sees = (text: string) => shop.page.getByText(text).first().waitFor({ timeout: PATIENCE });
        await shop.page.evaluate(() => Object.assign(window, { loadedOnce: true }));
        await shop.at('remount').click();
        await sees('mounted under key 2');
        await shop.begin(SLOWER);

        // A component that shows the checkout.
        await edit('Payment.tsx', ['<Notices', '<b>Edited once.</b>\n      <Notices']);
        await sees('Edited once.');
        await shop.reaches('sending');
        // The component that holds the provider, with another hook: React mounts it, and all within, anew.
        await edit(
          'App.tsx',
          ['const basket = useBasket();', 'const basket = useBasket();\n  useState(0);'],
          ['The shop\n', 'The shop, edited twice.\n'],
        );
        await sees('The shop, edited twice.');
        await sees('mounted under key 1'); // its state is new
        expect((await merchant.ledger()).attempts).toMatchObject([{ state: 'in_flight' }]);

        await shop.paidOnce();
        expect((await merchant.ledger()).settles).toBe(0);
        expect(await shop.page.evaluate(() => 'loadedOnce' in window)).toBe(true);
      });
    },
  );
});
