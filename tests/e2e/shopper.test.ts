/** What the shopper is shown, and when (rules S and U). */

import { describe, expect } from 'vitest';
import { test } from './support/test';
import { SLOW_BANK, THREE_MUGS, tokenOf } from './support/shop';

describe('the shopper', () => {
  test('scenario 32: the old error is gone once another card is tried', async ({ shop, merchant }) => {
    await shop.open();
    await shop.pay({ card: 'insufficient_funds' });
    await shop.tells('payment_declined');
    await merchant.faults(SLOW_BANK);
    await shop.approve();
    await shop.reaches('sending');
    expect(await shop.told()).toEqual([]);
    await shop.paidOnce();
    expect(await shop.told()).toEqual(['payment_received']);
  });

  test('scenario 32: the old error is gone once the sheet is opened again', async ({ shop }) => {
    await shop.open({ retriesInPlace: false });
    await shop.pay({ card: 'insufficient_funds' });
    await shop.tells('payment_declined');
    await shop.reaches('ready');
    await shop.clickPay();
    await shop.reaches('sheet_open');
    expect(await shop.told()).toEqual([]);
  });

  test('scenario 33: the sheet opens within the click, whatever the network does', async ({ shop }) => {
    await shop.open();
    // From here on no request gets an answer.
    await shop.page.route('**/*', () => undefined);
    await shop.setCart(THREE_MUGS); // discards the old session, for one
    const opened = await shop.page.evaluate(() => {
      const { wallet } = window.shop;
      document.querySelector<HTMLButtonElement>('#pay')?.click();
      return wallet.isOpen;
    });
    expect(opened).toBe(true);
    expect(await shop.page.locator('#sheet-total').textContent()).toBe(String(THREE_MUGS.total));
    await shop.page.evaluate(() => window.shop.wallet.cancel());
    await shop.clickPay();
    expect(await shop.page.evaluate(() => window.shop.activated.at(-1))).toBe(true);
  });

  test('cancelled, opened again, paid', async ({ shop }) => {
    await shop.open();
    await shop.clickPay();
    await shop.page.evaluate(() => window.shop.wallet.cancel());
    await shop.reaches('ready');
    expect(await shop.told()).toEqual([]);
    // The sheet that is over has nothing to say any more.
    await shop.page.evaluate(
      (token) => window.shop.sheets[0]?.tokenReceived({ token }),
      shop.knows(tokenOf('approved')),
    );
    expect(await shop.snapshot()).toMatchObject({ state: 'ready' });
    await shop.pay();
    await shop.paidOnce();
    expect(await shop.opened()).toBe(2);
    expect(shop.watch.attempts).toHaveLength(1);
  });

  test('another sheet is showing, which is not a cancel', async ({ shop }) => {
    await shop.open();
    await shop.clickPay();
    await shop.page.evaluate(() => window.shop.wallet.busy());
    await shop.tells('another_sheet_open');
    await shop.clickPay();
    await shop.page.evaluate(() => window.shop.wallet.fail());
    await shop.tells('sheet_unavailable');
    await shop.pay();
    await shop.paidOnce();
  });

  test('a card that is known to be stolen is declined without saying so', async ({ shop }) => {
    await shop.open();
    await shop.clickPay();
    await shop.page.evaluate((token) => window.shop.wallet.approve(token), shop.knows('tok_stolen_card_5f2b7c'));
    await shop.tells('payment_declined');
    expect(await shop.page.locator('#notices').textContent()).not.toMatch(/stolen|lost|fraud/i);
    expect((await shop.ledger()).attempts).toMatchObject([{ code: 'stolen_card' }]);
  });

  test('a session that the merchant refuses for good gets a new one on the next try', async ({ shop }) => {
    await shop.open();
    const { session } = await shop.snapshot();
    const token = await shop.pay({ card: 'no_such_card' });
    await shop.reaches('failed');
    expect(await shop.told()).toEqual(['payment_rejected']);
    shop.released(token);
    await shop.pay();
    const charge = await shop.paidOnce();
    expect(charge.session).not.toBe(session?.id);
  });
});
