/** The buttons of Chromium's own Payment Request window, which nothing but a key pressed on a display reaches. */

import { describe, expect, vi } from 'vitest';
import { crash, Device } from './durable/support/device';
import { DEMO } from './support/build';
import { Display, missing } from './support/display';
import { testOf } from './support/test';
import { press, visit, type WalletShop } from './support/web-wallet';

/* eslint-disable no-empty-pattern -- vitest reads from the pattern what a fixture needs, and these need nothing */

// A window of its own for each test, on a display of its own.
vi.setConfig({ testTimeout: 60_000 });

const absent = missing();
if (absent.length > 0) console.warn(`skipped: the tests of Chromium's own buttons, without ${absent.join(' and ')}`);

const test = testOf(DEMO).extend<{ display: Display; device: Device; shop: WalletShop }>({
  display: [
    async ({}, use) => {
      const display = await Display.start();
      await use(display);
      await display.stop();
    },
    { scope: 'file' },
  ],
  device: [
    async ({ display }, use) => {
      const device = await Device.start('chromium', { display: display.name });
      await use(device);
      await device.stop();
    },
    { scope: 'file' },
  ],
  shop: visit,
});

/** "Continue" in the sheet that Chromium shows after `retry()`: backwards from no focus at all. */
const CONTINUE = ['shift+Tab', 'shift+Tab', 'shift+Tab', 'space'] as const;
/** "Cancel", beside it. */
const CANCEL = ['shift+Tab', 'shift+Tab', 'space'] as const;

/** Pays with a card that is declined. The sheet asks for another one. */
async function declined(shop: WalletShop): Promise<void> {
  await shop.pay(await shop.openSheet(), 'insufficient_funds');
  await shop.tells('payment_declined');
  expect((await shop.snapshot()).state).toBe('sheet_open');
}

describe.skipIf(absent.length > 0)('Payment Request, by the browser’s own buttons', () => {
  test('T2: declined, then another card in the same sheet', async ({ shop, display, merchant }) => {
    await declined(shop);
    await display.press(...CONTINUE);
    await shop.pay(await shop.wallet());
    await shop.paidOnce(3000);
    const { attempts, tokens } = await merchant.ledger();
    expect(attempts.map(({ state }) => state)).toEqual(['declined', 'approved']);
    expect(tokens).toHaveLength(2);
    expect(await shop.sheets()).toBe(1);
  });

  test('T3: the declined token again, and again: it is never sent', async ({ shop, display, merchant }) => {
    await declined(shop);
    await display.press(...CONTINUE);
    await press(await shop.wallet(), '#old-token');
    await shop.tells('fresh_token_needed');
    expect((await shop.snapshot()).state).toBe('sheet_open');
    await display.press(...CONTINUE);
    await press(await shop.wallet(), '#old-token');
    await shop.reaches('ready');
    expect(await shop.told()).toEqual(['fresh_token_needed']);
    expect(await merchant.ledger()).toMatchObject({ arrivals: 1, charges: [] });
    await shop.pay(await shop.openSheet());
    await shop.paidOnce(3000);
    expect(await shop.sheets()).toBe(2);
  });

  test('the shopper closes the wallet', async ({ shop, display }) => {
    await shop.openSheet();
    await display.press('Escape');
    await shop.reaches('ready');
    expect(await shop.told()).toEqual([]);
    await shop.pay(await shop.openSheet());
    await shop.paidOnce(3000);
  });

  test('the shopper closes the sheet that asks for another card', async ({ shop, display }) => {
    await declined(shop);
    await display.press(...CANCEL);
    await shop.reaches('ready');
    expect(await shop.told()).toEqual(['payment_declined']);
    await shop.pay(await shop.openSheet());
    await shop.paidOnce(3000);
  });

  test('the wallet gives up', async ({ shop, display, merchant }) => {
    const wallet = await shop.openSheet();
    await press(wallet, '#cancel');
    await display.press('Escape'); // Chromium shows an error of its own
    await shop.reaches('ready');
    expect((await merchant.ledger()).arrivals).toBe(0);
  });

  test('the wallet crashes', async ({ shop, display }) => {
    await crash(await shop.openSheet());
    await display.press('Escape');
    await shop.reaches('ready');
    await shop.pay(await shop.openSheet());
    await shop.paidOnce(3000);
  });

  test('S3: closed while the payment is processed, which cancels nothing', async ({ shop, display, merchant }) => {
    await merchant.faults({ kind: 'delay', ms: 3000 });
    await shop.pay(await shop.openSheet());
    await shop.reaches('sending');
    await display.tap('Escape');
    await shop.paidOnce(3000);
  });
});
