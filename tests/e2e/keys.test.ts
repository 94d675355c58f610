/** One key for each attempt, the same on every resend, and a new one only after a definitive end (rules K). */

import { describe, expect } from 'vitest';
import { test } from './support/test';
import { SLOW_BANK, THREE_MUGS, tokenOf, TWO_MUGS } from './support/shop';

describe('the key of an attempt', () => {
  test('scenario 06: a timeout keeps the key', async ({ shop, merchant }) => {
    await shop.open({ retry: { base: 20, sendTimeout: 1500 } });
    await merchant.faults({ kind: 'drip' });
    await shop.pay();
    const { key } = await shop.paidOnce();
    expect(shop.watch.attempts.map(({ id }) => id)).toEqual([key, key]);
    expect(await shop.ledger()).toMatchObject({ arrivals: 2, attempts: [{ arrivals: 2 }] });
  });

  test('scenario 06: a definitive refusal is not replayed for ever', async ({ shop }) => {
    await shop.open();
    await shop.pay({ card: 'insufficient_funds' });
    await shop.tells('payment_declined');
    await shop.approve();
    const { key } = await shop.paidOnce();
    const { attempts } = await shop.ledger();
    expect(attempts.map(({ arrivals }) => arrivals)).toEqual([1, 1]);
    expect(attempts[0]?.key).not.toBe(key);
  });

  test('scenario 07: the order changed, so it is another attempt under another key', async ({ shop }) => {
    await shop.open();
    await shop.pay({ card: 'insufficient_funds' });
    await shop.tells('payment_declined');
    await shop.setCart(THREE_MUGS);
    await shop.tells('cart_changed');
    await shop.pay();
    await shop.paidOnce(THREE_MUGS);
    const [before, after] = (await shop.ledger()).attempts;
    expect(after?.key).not.toBe(before?.key);
    expect(after?.cartHash).not.toBe(before?.cartHash);
    expect(after?.session).not.toBe(before?.session);
    expect(shop.bodies.map(({ cart }) => cart.total)).toEqual([TWO_MUGS.total, THREE_MUGS.total]);
  });

  test('scenario 08: a corrected postcode gets a new key, and its resend keeps that', async ({ shop, merchant }) => {
    await shop.open();
    const token = await shop.pay({ card: 'postcode', details: { postcode: '1234' } });
    await shop.tells('payment_rejected');
    // The merchant said that the provider never saw the token, so it may be used once more (rule T4).
    shop.released(token);
    await merchant.faults({ kind: 'drop_reply' });
    await shop.approve({ token, details: { postcode: '12345' } });
    const { key } = await shop.paidOnce();
    const [refused, ...sends] = shop.watch.attempts.map(({ id }) => id);
    expect(refused).not.toBe(key);
    expect(sends).toEqual([key, key]);
    const { attempts } = await shop.ledger();
    expect(attempts.map(({ state, arrivals }) => [state, arrivals])).toEqual([
      ['rejected', 1],
      ['approved', 2],
    ]);
  });

  test('scenario 09: a 500 is retried under its key', async ({ shop, merchant }) => {
    await shop.open();
    await merchant.faults({ kind: 'error_after' }, { kind: 'error_before' });
    await shop.pay();
    const { key } = await shop.paidOnce();
    expect(shop.watch.attempts.map(({ id }) => id)).toEqual([key, key, key]);
    expect((await shop.ledger()).attempts).toMatchObject([{ key, arrivals: 3 }]);
  });

  test('the reply is lost three times in a row', async ({ shop, merchant }) => {
    await shop.open();
    await merchant.faults({ kind: 'drop_reply', times: 3 });
    await shop.pay();
    const { key } = await shop.paidOnce();
    expect((await shop.ledger()).attempts).toMatchObject([{ key, arrivals: 4, state: 'approved' }]);
    expect(shop.watch.keys).toEqual([key]);
  });

  test('the reply is lost, and the shopper clicks twenty times meanwhile', async ({ shop }) => {
    await shop.open({ retry: { jitter: 'additive', base: 400, cap: 400 } });
    await shop.loseReplies(2);
    await shop.pay();
    await shop.reaches('waiting');
    const token = shop.knows(tokenOf('approved'));
    const accepted = await shop.page.evaluate((given) => {
      const { checkout, sheets } = window.shop;
      const clicks = Array.from({ length: 20 }, () => {
        document.querySelector<HTMLButtonElement>('#pay')?.click();
        sheets[0]?.tokenReceived({ token: given });
        return checkout.openSheet() || checkout.checkAgain() || checkout.acknowledge();
      });
      return clicks.filter(Boolean).length;
    }, token);
    expect(accepted).toBe(0);
    const { key } = await shop.paidOnce();
    expect(shop.watch.keys).toEqual([key]);
    expect(await shop.opened()).toBe(1);
    expect(shop.bodies.map((body) => body.token)).not.toContain(token);
  });

  test('scenario 10: the page is reloaded while the bank thinks', async ({ shop, merchant }) => {
    await shop.open({ journal: 'browser' });
    await merchant.faults(SLOW_BANK);
    await shop.pay();
    await shop.inFlight();
    await shop.load();
    await shop.start({ journal: 'browser' });
    await shop.setCart(TWO_MUGS);
    // Before anything is known, nothing is offered.
    expect(await shop.snapshot()).toMatchObject({ canPay: false });
    await shop.clickPay();
    const { key } = await shop.paidOnce();
    expect(shop.watch.attempts.map(({ id }) => id)).toEqual([key]);
    expect(shop.watch.sent.filter(({ kind }) => kind === 'settle').every(({ id }) => id === key)).toBe(true);
    expect(await shop.opened()).toBe(0);
  });

  test('scenario 10: the page is closed after the charge, before the reply', async ({ shop, merchant }) => {
    await shop.open({ journal: 'browser' });
    await merchant.faults({ kind: 'drip', times: 9 });
    await shop.pay();
    await shop.ledgerShows(({ charges }) => charges.length === 1);
    await shop.relaunch();
    await shop.start({ journal: 'browser' });
    await shop.setCart(TWO_MUGS);
    await shop.paidOnce();
    expect(shop.watch.attempts).toHaveLength(1);
  });

  test('scenario 10: the page is closed before the request arrived', async ({ shop, merchant }) => {
    await shop.open({ journal: 'browser', retry: { jitter: 'additive', base: 5000, cap: 5000 } });
    await merchant.faults({ kind: 'drop_request' });
    const token = await shop.pay();
    await shop.reaches('waiting');
    await shop.relaunch();
    await shop.start({ journal: 'browser' });
    await shop.setCart(TWO_MUGS);
    await shop.tells('payment_not_made');
    expect((await shop.ledger()).attempts).toMatchObject([{ state: 'voided', arrivals: 1 }]);

    await shop.pay({ token });
    await shop.tells('fresh_token_needed');
    await shop.approve();
    await shop.paidOnce();
    expect(shop.watch.keys).toHaveLength(2);
  });

  test('scenario 10: the checkout is mounted again with the attempt open, and settles without a resend', async ({
    shop,
    merchant,
  }) => {
    await shop.open();
    await merchant.faults(SLOW_BANK);
    await shop.pay();
    await shop.inFlight();
    // React's StrictMode mounts, unmounts and mounts.
    await shop.start();
    await shop.start();
    await shop.setCart(TWO_MUGS);
    const { key } = await shop.paidOnce();
    expect(shop.watch.attempts.map(({ id }) => id)).toEqual([key]);
    expect((await shop.ledger()).arrivals).toBe(1);
  });

  test('scenario 11: the browser itself sends again when the server hangs up', async ({ shop, merchant }) => {
    await shop.open();
    await merchant.faults({ kind: 'close_socket' });
    await shop.pay();
    const { key } = await shop.paidOnce();
    const { arrivals, attempts } = await shop.ledger();
    // More requests arrived than the page has made.
    expect(arrivals).toBeGreaterThan(shop.watch.attempts.length);
    expect(attempts).toMatchObject([{ key, arrivals }]);
  });

  test('scenario 11: it goes on doing so, and gives up', async ({ shop, merchant }) => {
    await shop.open();
    await merchant.faults({ kind: 'close_socket', times: 6 });
    await shop.pay();
    await shop.paidOnce();
    expect((await shop.ledger()).arrivals).toBeGreaterThan(shop.watch.attempts.length);
    expect(shop.watch.keys).toHaveLength(1);
  });
});
