/** `test` with what an end-to-end test needs: a merchant and a browser for the file, a page and a ledger for each test. */

import type { Browser } from 'playwright-core';
import { test as base } from 'vitest';
import { launch } from './browser';
import { output } from './build';
import { Merchant } from './merchant';
import { Shop } from './shop';

/* eslint-disable no-empty-pattern -- vitest reads from the pattern what a fixture needs, and these need nothing */

/** `test` with a browser, and a merchant that serves the page in the directory `site`. */
export function testOf(site: string) {
  return base.extend<{ merchant: Merchant; browser: Browser }>({
    merchant: [
      async ({}, use) => {
        const merchant = await Merchant.start(site);
        await use(merchant);
        await merchant.stop();
      },
      { scope: 'file' },
    ],
    browser: [
      async ({}, use) => {
        const browser = await launch();
        await use(browser);
        await browser.close();
      },
      { scope: 'file' },
    ],
  });
}

/** `test` with the harness in a page of its own, and with an empty ledger. */
export const test = testOf(output('harness')).extend<{ shop: Shop }>({
  shop: async ({ merchant, browser }, use) => {
    await merchant.reset();
    const context = await browser.newContext();
    try {
      const shop = new Shop(context, await context.newPage(), merchant);
      await use(shop);
      await shop.check();
    } finally {
      await context.close();
    }
  },
});
