/** One payment, however often the shopper, the page or the wallet says so. */

import { describe, expect } from 'vitest';
import { test } from './support/test';
import { mugs, SLOW_BANK, tokenOf, TWO_MUGS } from './support/shop';

describe('double submit', () => {
  test('scenario 04: clicks while the payment is under way submit nothing', async ({ shop, merchant }) => {
    await shop.open();
    await merchant.faults(SLOW_BANK);
    await shop.pay();
    await shop.inFlight();
    await shop.clickPay();
    await shop.page.locator('#pay').dblclick();
    await shop.paidOnce();
    expect(await shop.opened()).toBe(1);
    expect((await shop.ledger()).arrivals).toBe(1);
  });

  test('scenario 12: fifty synchronous clicks open one sheet, fifty synchronous tokens make one call', async ({
    shop,
  }) => {
    await shop.open();
    const tokens = Array.from({ length: 50 }, () => shop.knows(tokenOf('approved')));
    await shop.page.evaluate((given) => {
      const pay = document.querySelector<HTMLButtonElement>('#pay');
      for (let click = 0; click < 50; click += 1) pay?.click();
      for (const token of given) for (const sheet of window.shop.sheets) sheet.tokenReceived({ token });
    }, tokens);
    await shop.paidOnce();
    expect(await shop.opened()).toBe(1);
    expect(shop.watch.attempts).toHaveLength(1);
    const ledger = await shop.ledger();
    expect(ledger.arrivals).toBe(1);
    expect(ledger.tokens).toHaveLength(1);
    expect(shop.bodies.map(({ token }) => token)).toEqual(tokens.slice(0, 1));
  });

  test('scenario 13: a double click opens one sheet, and the second click is no error', async ({ shop }) => {
    await shop.open();
    await shop.page.locator('#pay').dblclick();
    await shop.reaches('sheet_open');
    expect(await shop.opened()).toBe(1);
    expect(await shop.told()).toEqual([]);
    expect(await shop.page.evaluate(() => window.shop.checkout.openSheet())).toBe(false);
    await shop.approve();
    await shop.paidOnce();
    expect(await shop.opened()).toBe(1);
  });

  test('scenario 14: the wallet reports the approval twice, and again once it is paid', async ({ shop }) => {
    await shop.open();
    await shop.clickPay();
    const token = shop.knows(tokenOf('approved'));
    const report = (): Promise<void> =>
      shop.page.evaluate((given) => {
        const [sheet] = window.shop.sheets;
        sheet?.tokenReceived({ token: given });
        sheet?.tokenReceived({ token: given });
      }, token);
    await report();
    const charge = await shop.paidOnce();
    await report();
    expect(await shop.paidOnce()).toEqual(charge);
    expect(shop.watch.attempts).toHaveLength(1);
    expect(await shop.told()).toEqual(['payment_received']);
  });

  test('clicks after success pay nothing and show no error', async ({ shop }) => {
    await shop.open();
    await shop.pay();
    const charge = await shop.paidOnce();
    for (let click = 0; click < 3; click += 1) await shop.page.locator('#pay').dblclick();
    expect(await shop.page.evaluate(() => window.shop.checkout.openSheet())).toBe(false);
    await shop.setCart(TWO_MUGS);
    await shop.clickPay();
    expect(await shop.paidOnce()).toEqual(charge);
    expect(await shop.opened()).toBe(1);
    expect(await shop.told()).toEqual(['payment_received']);
    expect((await shop.ledger()).arrivals).toBe(1);
  });

  test('the next purchase after an acknowledged receipt is a purchase of its own', async ({ shop }) => {
    await shop.open();
    await shop.pay();
    const first = await shop.paidOnce();
    await shop.page.evaluate(() => window.shop.checkout.acknowledge());
    await shop.setCart(mugs(1));
    await shop.pay();
    await shop.reaches('succeeded');
    const { charges } = await shop.ledger();
    expect(charges.map(({ amount }) => amount)).toEqual([TWO_MUGS.total, mugs(1).total]);
    expect(charges[1]?.session).not.toBe(first.session);
  });
});
