/** The browser's own sheet: Chromium's real Payment Request window, with a real payment handler in it. */

import { describe, expect } from 'vitest';
import { Device } from './durable/support/device';
import { DEMO } from './support/build';
import { PATIENCE } from './support/shop';
import { testOf } from './support/test';
import { choose, says, visit, WalletShop } from './support/web-wallet';

/* eslint-disable no-empty-pattern -- vitest reads from the pattern what a fixture needs, and these need nothing */

const test = testOf(DEMO).extend<{ device: Device; shop: WalletShop }>({
  device: [
    async ({}, use) => {
      const device = await Device.start('chromium');
      await use(device);
      await device.stop();
    },
    { scope: 'file' },
  ],
  shop: visit,
});

describe('Payment Request', () => {
  test('C8: takes a payment, once, with one total everywhere', async ({ shop, merchant }) => {
    const wallet = await shop.openSheet();
    await says(wallet, '#total', '$30.00');
    await shop.pay(wallet);
    await shop.paidOnce(3000);
    expect(await merchant.ledger()).toMatchObject({ arrivals: 1, attempts: [{ state: 'approved' }] });
  });

  test('C5, C8: another way of shipping, chosen in the sheet', async ({ shop }) => {
    const wallet = await shop.openSheet();
    await choose(wallet, 'ship-express');
    await says(wallet, '#total', '$37.00');
    await says(shop.page, '#sums', '$37.00');
    expect((await shop.snapshot()).state).toBe('sheet_open');
    await shop.pay(wallet);
    await shop.paidOnce(3700);
  });

  test('an address that the shop refuses, and one that it takes', async ({ shop }) => {
    const wallet = await shop.openSheet();
    await choose(wallet, 'country-AQ');
    await says(wallet, '#message', 'We do not ship to Antarctica.');
    expect(await wallet.$('#pay:disabled')).not.toBeNull();
    expect(await wallet.$('#shipping:not([hidden])')).toBeNull();
    await choose(wallet, 'country-AT');
    await wallet.waitForSelector('#pay:enabled', { timeout: PATIENCE });
    await shop.pay(wallet);
    await shop.paidOnce(3000);
  });

  test('C2: the cart changes on the page: the browser takes its sheet away', async ({ shop, merchant }) => {
    const wallet = await shop.openSheet();
    await shop.act('more-mug');
    await expect.poll(() => wallet.isClosed(), { timeout: PATIENCE }).toBe(true);
    await shop.tells('cart_changed');
    expect((await merchant.ledger()).arrivals).toBe(0);
    const next = await shop.openSheet();
    await says(next, '#total', '$42.50');
    await shop.pay(next);
    await shop.paidOnce(4250);
  });

  test('S4: another sheet is showing, in another tab', async ({ shop, merchant }) => {
    const wallet = await shop.openSheet();
    const second = await WalletShop.open(shop.page.browserContext(), merchant);
    await second.click();
    await second.tells('another_sheet_open');
    expect((await second.snapshot()).state).toBe('ready');
    expect((await shop.snapshot()).state).toBe('sheet_open');
    await second.page.close();
    await shop.page.bringToFront();
    await shop.pay(wallet);
    await shop.paidOnce(3000);
  });
});
