/** Single-use tokens: what was sent once is not sent again under another key (rules T). */

import { describe, expect } from 'vitest';
import type { Fault } from './support/merchant';
import { test } from './support/test';
import { type Card, THREE_MUGS, TWO_MUGS } from './support/shop';

describe('a spent token', () => {
  test('scenario 01: declined, then the first token again in the same sheet, then another card', async ({ shop }) => {
    await shop.open();
    const spent = await shop.pay({ card: 'insufficient_funds' });
    await shop.tells('payment_declined');
    expect(await shop.sheetIsOpen()).toBe(true);

    const before = await shop.shown();
    await shop.approve({ token: spent });
    await shop.tells('fresh_token_needed');
    // At once: the shopper was not shown a second payment under way.
    expect((await shop.shown()).slice(before.length).map(({ state }) => state)).not.toContain('sending');
    expect(await shop.sheetIsOpen()).toBe(true);
    expect(await shop.page.evaluate(() => window.shop.wallet.retryReason?.code)).toBe('fresh_token_needed');
    expect((await shop.ledger()).arrivals).toBe(1);

    const fresh = await shop.approve();
    await shop.paidOnce();
    expect(await shop.opened()).toBe(1);
    expect(shop.bodies.map(({ token }) => token)).toEqual([spent, fresh]);
    const { attempts } = await shop.ledger();
    expect(attempts.map(({ state, arrivals }) => [state, arrivals])).toEqual([
      ['declined', 1],
      ['approved', 1],
    ]);
  });

  test('scenario 01: the same with a wallet that cannot ask again in the open sheet', async ({ shop }) => {
    await shop.open({ retriesInPlace: false });
    const spent = await shop.pay({ card: 'insufficient_funds' });
    await shop.reaches('ready');
    await shop.pay({ token: spent });
    await shop.reaches('ready');
    expect(await shop.told()).toEqual(['fresh_token_needed']);
    expect(await shop.sheetIsOpen()).toBe(false);
    await shop.pay();
    await shop.paidOnce();
    expect(await shop.opened()).toBe(3);
    expect(shop.bodies.filter(({ token }) => token === spent)).toHaveLength(1);
  });

  test('scenario 01: the token in one and the same object, before and after the wallet has changed it', async ({
    shop,
  }) => {
    await shop.open();
    await shop.page.route('**/attempts', (route) =>
      route.fulfill({ status: 402, json: { outcome: 'declined', code: 'insufficient_funds' } }),
    );
    await shop.clickPay();
    // Payment Request's `retry()` resolves to the same response object; only its details may be others (rule T5).
    await shop.page.evaluate(() => {
      const response = { protocolVersion: 'ECv2', signature: 'MEQCIFirst' };
      Object.assign(window, { response });
      window.shop.sheets[0]?.tokenReceived({ token: response });
    });
    await shop.tells('payment_declined');
    const again = (signature: string): Promise<void> =>
      shop.page.evaluate((text) => {
        const { response } = window as unknown as { response: { signature: string } };
        response.signature = text;
        window.shop.sheets[0]?.tokenReceived({ token: response });
      }, signature);
    await again('MEQCIFirst');
    await shop.tells('fresh_token_needed');
    await again('MEQCISecond');
    await shop.tells('payment_declined');
    expect(shop.bodies.map(({ token }) => (JSON.parse(token) as { signature: string }).signature)).toEqual([
      'MEQCIFirst',
      'MEQCISecond',
    ]);
  });

  test('two cards declined in one sheet, the third is approved', async ({ shop }) => {
    await shop.open();
    await shop.pay({ card: 'insufficient_funds' });
    await shop.tells('payment_declined');
    await shop.approve({ card: 'expired_card' });
    await shop.ledgerShows(({ attempts }) => attempts.length === 2);
    await shop.reaches('sheet_open');
    expect(await shop.page.locator('#notices').textContent()).toContain('This card has expired.');
    await shop.approve();
    await shop.paidOnce();
    expect(await shop.opened()).toBe(1);
    expect(shop.watch.keys).toHaveLength(3);
  });

  test('two cards declined, each in a sheet of its own, the third is approved', async ({ shop }) => {
    await shop.open({ retriesInPlace: false });
    for (const card of ['insufficient_funds', 'expired_card'] as const) {
      await shop.pay({ card });
      await shop.tells('payment_declined');
      await shop.reaches('ready');
    }
    await shop.pay();
    await shop.paidOnce();
    expect(await shop.opened()).toBe(3);
    expect(shop.watch.keys).toHaveLength(3);
  });

  test('scenario 02: the same form submitted again after a decline sends nothing', async ({ shop }) => {
    await shop.open();
    const spent = await shop.pay({ card: 'insufficient_funds' });
    await shop.tells('payment_declined');
    // A wallet that has but this one token is not asked for ever.
    for (let submit = 0; submit < 5; submit += 1) await shop.pay({ token: spent });
    await shop.tells('fresh_token_needed');
    expect(shop.watch.attempts).toHaveLength(1);
    expect(await shop.ledger()).toMatchObject({ arrivals: 1, charges: [] });
  });

  test('scenario 02: not even for another cart', async ({ shop }) => {
    await shop.open();
    const spent = await shop.pay({ card: 'insufficient_funds' });
    await shop.tells('payment_declined');
    await shop.setCart(THREE_MUGS);
    await shop.pay({ token: spent });
    await shop.tells('fresh_token_needed');
    expect((await shop.ledger()).arrivals).toBe(1);
  });

  test('scenario 03: a challenge that was called off has spent its token all the same', async ({ shop }) => {
    await shop.open();
    const spent = await shop.pay({ card: 'challenge' });
    await shop.page.locator('#challenge-close').click();
    await shop.tells('payment_not_made');
    const [attempt] = (await shop.ledger()).attempts;
    expect(attempt?.state).toBe('voided');

    await shop.pay({ token: spent });
    await shop.tells('fresh_token_needed');
    expect(shop.watch.attempts).toHaveLength(1);
    await shop.pay();
    await shop.paidOnce();
  });

  const errors: readonly { name: string; card?: Card; fault?: Fault }[] = [
    { name: 'a decline', card: 'expired_card' },
    { name: 'a request that never arrived', fault: { kind: 'drop_request', times: 9 } },
    { name: 'an overloaded server', fault: { kind: 'rate_limited', retryAfter: 0, times: 9 } },
    { name: 'a server error', fault: { kind: 'error_before', times: 9 } },
    { name: 'a connection that was closed', fault: { kind: 'close_socket_before', times: 99 } },
  ];
  test.for(errors)(
    'scenario 05: the token is not tried again after $name',
    async ({ card, fault }, { shop, merchant }) => {
      await shop.open({ retry: { base: 20, maxRetries: 2 } });
      if (fault !== undefined) await merchant.faults(fault);
      const spent = await shop.pay(card === undefined ? {} : { card });
      await shop.reaches('sheet_open');
      await shop.ledgerShows(({ attempts }) => ['declined', 'voided'].includes(attempts[0]?.state ?? ''));
      await merchant.faults();
      const before = shop.watch.attempts.length;

      await shop.pay({ token: spent });
      await shop.tells('fresh_token_needed');
      expect(shop.watch.attempts).toHaveLength(before);
      expect(shop.watch.keys).toHaveLength(1);
      const fresh = await shop.approve();
      await shop.paidOnce();
      expect(shop.watch.keys).toHaveLength(2);
      expect(shop.bodies.at(-1)?.token).toBe(fresh);
    },
  );

  test('a token that is too old never leaves the page', async ({ shop }) => {
    await shop.open();
    await shop.pay({ expiresAt: Date.now() - 1 });
    await shop.tells('fresh_token_needed');
    expect(shop.watch.attempts).toEqual([]);
    await shop.approve({ expiresAt: Date.now() + 60_000 });
    await shop.paidOnce();
  });

  test('a token that grows too old between two sends is not sent again', async ({ shop, merchant }) => {
    await shop.open({ retry: { jitter: 'additive', base: 3000, cap: 3000 } });
    await merchant.faults({ kind: 'error_before' });
    await shop.pay({ expiresAt: Date.now() + 2500 });
    await shop.tells('payment_not_made');
    const { arrivals, attempts } = await shop.ledger();
    expect({ arrivals, states: attempts.map(({ state }) => state) }).toEqual({ arrivals: 1, states: ['voided'] });
  });

  test('a challenge that is passed charges once', async ({ shop }) => {
    await shop.open();
    await shop.pay({ card: 'challenge' });
    await shop.tells('action_required');
    await shop.page.locator('#challenge-pass').click();
    await shop.paidOnce();
    expect(shop.watch.attempts).toHaveLength(1);
  });

  test('a challenge that is rejected declines, and another card pays', async ({ shop }) => {
    await shop.open();
    await shop.pay({ card: 'challenge' });
    await shop.page.locator('#challenge-fail').click();
    await shop.tells('payment_declined');
    expect(await shop.ledger()).toMatchObject({ charges: [], attempts: [{ code: 'authentication_failed' }] });
    await shop.pay();
    await shop.paidOnce();
  });

  test('a challenge that the shopper walks away from, editing the cart, is fenced', async ({ shop }) => {
    await shop.open();
    await shop.pay({ card: 'challenge' });
    await shop.reaches('action_required');
    await shop.setCart({ ...TWO_MUGS, total: TWO_MUGS.total + 1 });
    await shop.reaches('ready');
    expect(await shop.page.locator('#challenge').isHidden()).toBe(true);
    const { attempts, charges } = await shop.ledger();
    expect({ state: attempts[0]?.state, charges }).toEqual({ state: 'voided', charges: [] });
  });
});
