/** Nothing is charged but the cart on the page, in the session that was made for it (rules C). */

import { randomUUID } from 'node:crypto';
import type { Cart } from 'payonce';
import { describe, expect } from 'vitest';
import { test } from './support/test';
import { mugs, SLOW_BANK, THREE_MUGS, tokenOf, TWO_MUGS } from './support/shop';

describe('a stale cart', () => {
  test('scenario 21: to the payment, back, another quantity, to the payment', async ({ shop }) => {
    await shop.open({}, TWO_MUGS, 'cs_first');
    const before = await shop.snapshot();
    await shop.clickPay();
    expect(await shop.page.locator('#sheet-total').textContent()).toBe(String(TWO_MUGS.total));
    await shop.page.evaluate(() => window.shop.wallet.cancel());

    await shop.setCart(THREE_MUGS, 'cs_second');
    await shop.tells('cart_changed');
    const after = await shop.snapshot();
    expect(after.session?.id).not.toBe(before.session?.id);
    const { discarded } = await shop.ledgerShows((ledger) => ledger.discarded.length > 0);
    expect(discarded).toMatchObject([{ session: before.session?.id, providerRef: 'cs_first' }]);

    await shop.clickPay();
    expect(await shop.page.locator('#sheet-total').textContent()).toBe(String(THREE_MUGS.total));
    await shop.approve();
    const charge = await shop.paidOnce(THREE_MUGS);
    expect(charge.session).toBe(after.session?.id);
    expect(shop.bodies).toMatchObject([{ providerRef: 'cs_second', session: after.session?.id }]);
  });

  test('scenario 21: the quantity changes while the sheet is open', async ({ shop }) => {
    await shop.open();
    await shop.clickPay();
    await shop.setCart(THREE_MUGS);
    await shop.tells('cart_changed');
    expect(await shop.sheetIsOpen()).toBe(false);
    // The shopper agreed at the last moment, to a total that is not the one any more.
    await shop.page.evaluate(
      (token) => window.shop.sheets[0]?.tokenReceived({ token }),
      shop.knows(tokenOf('approved')),
    );
    expect(await shop.snapshot()).toMatchObject({ state: 'ready' });
    await shop.pay();
    await shop.paidOnce(THREE_MUGS);
    expect(shop.bodies).toHaveLength(1);
  });

  test('scenario 22: a token for another cart than the page shows is not sent', async ({ shop }) => {
    await shop.open({}, mugs(2));
    const { summary } = await shop.snapshot();
    await shop.setCart(mugs(1));
    await shop.pay({ cartHash: summary?.cartHash ?? '' });
    await shop.tells('cart_changed');
    expect(shop.watch.attempts).toEqual([]);
    const now = await shop.snapshot();
    await shop.pay({ cartHash: now.summary?.cartHash ?? '' });
    await shop.paidOnce(mugs(1));
  });

  test('scenario 22: equal totals are not equal carts', async ({ shop }) => {
    const one: Cart = { currency: 'USD', lines: [{ id: 'a', quantity: 2, unitAmount: 500 }], total: 1000 };
    const other: Cart = { currency: 'USD', lines: [{ id: 'a', quantity: 1, unitAmount: 1000 }], total: 1000 };
    await shop.open({}, one);
    const before = await shop.snapshot();
    await shop.setCart(other);
    await shop.tells('cart_changed');
    await shop.pay();
    const charge = await shop.paidOnce(other);
    expect(charge.session).not.toBe(before.session?.id);
    expect(charge.cartHash).not.toBe(before.summary?.cartHash);
  });

  test('scenario 23: a coupon applied in the sheet: sheet total, page total and charge are one', async ({ shop }) => {
    await shop.open();
    const before = await shop.snapshot();
    await shop.clickPay();
    const discounted: Cart = {
      ...TWO_MUGS,
      adjustments: [...(TWO_MUGS.adjustments ?? []), { kind: 'discount', id: 'WELCOME10', amount: -250 }],
      total: TWO_MUGS.total - 250,
    };
    await shop.changeInSheet(discounted);
    expect(await shop.page.locator('#sheet-total').textContent()).toBe(String(discounted.total));
    expect(await shop.page.locator('#total').textContent()).toBe(String(discounted.total));
    expect(await shop.sheetIsOpen()).toBe(true);
    expect(await shop.told()).toEqual([]);
    // The page hears of it a moment later and says the same.
    await shop.setCart(discounted);
    await shop.approve();
    const charge = await shop.paidOnce(discounted);
    expect(charge.session).toBe(before.session?.id);
    expect((await shop.ledger()).discarded).toEqual([]);
  });

  test('shipping changed in the sheet, three times, then paid', async ({ shop }) => {
    await shop.open();
    await shop.clickPay();
    const shipped = (amount: number): Cart => ({
      ...TWO_MUGS,
      adjustments: [{ kind: 'shipping', id: `ship-${amount}`, amount }],
      total: 2500 + amount,
    });
    for (const amount of [1200, 0, 700]) {
      await shop.changeInSheet(shipped(amount));
      expect(await shop.page.locator('#sheet-total').textContent()).toBe(String(2500 + amount));
    }
    await shop.approve();
    await shop.paidOnce(shipped(700));
    expect(shop.bodies).toHaveLength(1);
  });

  test('scenario 24: an equal cart, set again and again, changes nothing', async ({ shop }) => {
    const lines = [
      { id: 'mug', quantity: 2, unitAmount: 1250, options: { size: '0.3 l', colour: 'blue' } },
      { id: 'tote', quantity: 1, unitAmount: 1800 },
    ] as const;
    await shop.open({}, { currency: 'USD', lines, total: 4300 });
    await shop.clickPay();
    const same = await shop.page.evaluate((given) => {
      const { checkout } = window.shop;
      const before = checkout.getSnapshot();
      const [mug, tote] = given;
      for (let render = 0; render < 20; render += 1) {
        checkout.setCart({ total: 4300, lines: [...given], currency: 'USD' });
        // A translation, another order of lines and of keys, another case: the same cart all the same.
        const options = { colour: 'blue', size: '0.3 l' };
        checkout.setCart({ currency: 'usd', lines: [tote, { ...mug, options, name: 'Tasse' }], total: 4300 });
      }
      const after = checkout.getSnapshot();
      return before.session?.id === after.session?.id && before.summary?.cartHash === after.summary?.cartHash;
    }, lines);
    expect(same).toBe(true);
    expect(await shop.sheetIsOpen()).toBe(true);
    expect(await shop.told()).toEqual([]);
    await shop.approve();
    await shop.reaches('succeeded');
    expect(await shop.ledger()).toMatchObject({ charges: [{ amount: 4300 }], discarded: [], arrivals: 1 });
  });

  test('scenario 24: an equal cart changes nothing while the payment is under way', async ({ shop, merchant }) => {
    await shop.open();
    await merchant.faults(SLOW_BANK);
    await shop.pay();
    await shop.inFlight();
    for (let render = 0; render < 5; render += 1) await shop.setCart(TWO_MUGS);
    await shop.paidOnce();
    expect(await shop.ledger()).toMatchObject({ discarded: [], settles: 0, arrivals: 1 });
  });

  test('scenario 25: a superseded session cannot be paid any more, even if telling so is hard', async ({
    shop,
    merchant,
  }) => {
    await shop.open({}, TWO_MUGS, 'pi_old');
    const { session, summary } = await shop.snapshot();
    await merchant.faults({ kind: 'drop_request', on: 'discard' }, { kind: 'error_before', on: 'discard', times: 2 });
    await shop.setCart(THREE_MUGS, 'pi_new');
    const { discarded } = await shop.ledgerShows((ledger) => ledger.discarded.length > 0);
    expect(discarded).toMatchObject([{ session: session?.id, providerRef: 'pi_old' }]);
    expect(shop.watch.sent.filter(({ kind }) => kind === 'discard')).toHaveLength(4);
    // Somebody pays it all the same: another tab, a script, a page that was open for long.
    const attempt = { cart: TWO_MUGS, cartHash: summary?.cartHash, session: session?.id, token: tokenOf('approved') };
    expect((await merchant.attempt(randomUUID(), attempt)).body).toMatchObject({
      outcome: 'rejected',
      code: 'session_discarded',
    });
    await shop.pay();
    await shop.paidOnce(THREE_MUGS);
  });

  test('scenario 25: the cart was emptied', async ({ shop }) => {
    await shop.open({}, TWO_MUGS, 'pi_old');
    const { session } = await shop.snapshot();
    await shop.clickPay();
    await shop.setCart(null);
    expect(await shop.snapshot()).toMatchObject({ state: 'empty', canPay: false });
    expect(await shop.sheetIsOpen()).toBe(false);
    const { discarded } = await shop.ledgerShows((ledger) => ledger.discarded.length > 0);
    expect(discarded).toMatchObject([{ session: session?.id, providerRef: 'pi_old' }]);
  });

  test('an invalid cart is refused by name and changes nothing', async ({ shop }) => {
    await shop.open();
    const before = await shop.snapshot();
    const error = await shop.page.evaluate(() => {
      try {
        window.shop.checkout.setCart({
          currency: 'USD',
          lines: [{ id: 'a', quantity: 1, unitAmount: 9.99 }],
          total: 10,
        });
      } catch (thrown) {
        const { code, path } = thrown as { code: string; path: string };
        return { code, path };
      }
      return null;
    });
    expect(error).toMatchObject({ path: 'lines[0].unitAmount' });
    expect(await shop.snapshot()).toEqual(before);
    await shop.pay();
    await shop.paidOnce();
  });

  test('yen have no decimals, dinars have three', async ({ shop, merchant }) => {
    for (const [currency, total] of [
      ['JPY', 1900],
      ['BHD', 12_345],
    ] as const) {
      await merchant.reset();
      const cart: Cart = { currency, lines: [{ id: 'mug', quantity: 1, unitAmount: total }], total };
      await shop.open({}, cart);
      await shop.pay();
      await shop.paidOnce(cart);
    }
  });
});
