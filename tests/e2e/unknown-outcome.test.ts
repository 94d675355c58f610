/** Nobody knows what became of a send: neither a failure nor a success, until the merchant has said so (rules U). */

import { setTimeout as pass } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import type { Fault } from './support/merchant';
import type { Shop } from './support/shop';
import { test } from './support/test';
import { mugs, PATIENCE, SLOW_BANK, THREE_MUGS, TWO_MUGS } from './support/shop';

/** The shopper was never told that the payment failed. */
async function neverShownAsFailed(shop: Shop): Promise<void> {
  for (const { state, notices } of await shop.shown()) {
    expect(state).not.toBe('failed');
    expect(notices.filter(({ severity }) => severity === 'error')).toEqual([]);
  }
}

describe('an unknown outcome', () => {
  test('scenario 15: the sheet says that it timed out, the payment is authorised', async ({ shop, merchant }) => {
    await shop.open();
    await merchant.faults(SLOW_BANK);
    await shop.pay();
    await shop.inFlight();
    await shop.page.evaluate(() => window.shop.wallet.fail());
    expect(await shop.snapshot()).toMatchObject({ state: 'sending', notices: [] });
    await shop.paidOnce();
    await neverShownAsFailed(shop);
  });

  test('scenario 15: the shopper closes the sheet while the payment is under way', async ({ shop, merchant }) => {
    await shop.open();
    await merchant.faults(SLOW_BANK);
    await shop.pay();
    await shop.inFlight();
    await shop.page.evaluate(() => window.shop.wallet.cancel());
    await shop.paidOnce();
    await neverShownAsFailed(shop);
  });

  // A reply that came but makes no sense is not asked for again: the next one would make as little.
  const unreadable: readonly { kind: Fault['kind']; sends: number }[] = [
    { kind: 'drop_reply', sends: 2 },
    { kind: 'error_after', sends: 2 },
    { kind: 'drip', sends: 2 },
    { kind: 'html', sends: 1 },
    { kind: 'empty', sends: 1 },
    { kind: 'redirect', sends: 1 },
  ];
  test.for(unreadable)(
    'charged, but all that comes back is $kind: paid once, no error shown',
    async ({ kind, sends }, { shop, merchant }) => {
      await shop.open({ retry: { base: 20, maxRetries: 1, ...(kind === 'drip' && { sendTimeout: 1000 }) } });
      await merchant.faults({ kind, times: 9 });
      await shop.pay();
      await shop.paidOnce();
      await neverShownAsFailed(shop);
      expect(shop.watch.keys).toHaveLength(1);
      expect(shop.watch.attempts).toHaveLength(sends);
      expect((await shop.ledger()).settles).toBe(1);
    },
  );

  test('not even the question for the truth is answered at first', async ({ shop, merchant }) => {
    await shop.open({ retry: { maxRetries: 0, sendTimeout: 1000 } });
    await merchant.faults(
      { kind: 'drop_reply' },
      { kind: 'drop_reply', on: 'settle' },
      { kind: 'html', on: 'settle' },
      { kind: 'error_before', on: 'settle' },
      { kind: 'drip', on: 'settle' },
    );
    await shop.pay();
    await shop.paidOnce();
    await neverShownAsFailed(shop);
    expect(shop.watch.sent.filter(({ kind }) => kind === 'settle').length).toBeGreaterThanOrEqual(5);
  });

  test('scenario 16: a timeout, then a click: no second payment before the first is settled', async ({
    shop,
    merchant,
  }) => {
    await shop.open({ retry: { maxRetries: 0, sendTimeout: 1000 } });
    await merchant.faults({ kind: 'delay', ms: 2500 });
    await shop.pay();
    await shop.reaches('settling');
    await shop.clickPay();
    await shop.page.locator('#pay').dblclick();
    expect(await shop.snapshot()).toMatchObject({ state: 'settling', canPay: false });
    const { key } = await shop.paidOnce();
    expect(shop.watch.attempts.map(({ id }) => id)).toEqual([key]);
    expect(await shop.opened()).toBe(1);
    await neverShownAsFailed(shop);
  });

  test('the merchant cannot tell for long: do not pay again, then check again', async ({ shop, merchant }) => {
    await shop.open({ retry: { base: 20, maxRetries: 0, maxSettles: 2 } });
    await merchant.faults({ kind: 'drop_reply' }, { kind: 'error_before', on: 'settle', times: 3 });
    await shop.pay();
    await shop.tells('do_not_pay_again');
    await shop.reaches('unresolved');
    expect(await shop.snapshot()).toMatchObject({ canPay: false, canCheck: true });
    expect(await shop.sheetIsOpen()).toBe(false);
    // A click on the pay button asks again, too; it never pays.
    await shop.clickPay();
    await shop.paidOnce();
    expect(shop.watch.attempts).toHaveLength(1);
    await neverShownAsFailed(shop);
  });

  test('check again, when the shopper asks for it', async ({ shop, merchant }) => {
    await shop.open({ retry: { base: 20, maxRetries: 0, maxSettles: 1 } });
    await merchant.faults({ kind: 'drop_reply' }, { kind: 'error_before', on: 'settle' });
    await shop.pay();
    await shop.reaches('unresolved');
    await shop.page.locator('#check').click();
    await shop.paidOnce();
    expect((await shop.ledger()).arrivals).toBe(1);
  });

  test('what a webhook says ends the wait', async ({ shop, merchant }) => {
    await shop.open({ retry: { base: 20, maxRetries: 0, maxSettles: 1 } });
    await merchant.faults({ kind: 'drop_reply' }, { kind: 'error_before', on: 'settle', times: 99 });
    await shop.pay();
    await shop.reaches('unresolved');
    const [charge] = (await shop.ledger()).charges;
    await shop.page.evaluate(
      ([key, reference]) => window.shop.checkout.reportOutcome(key, { outcome: 'approved', reference }),
      [charge?.key ?? '', charge?.reference ?? ''] as const,
    );
    await shop.paidOnce();
  });

  test('scenario 17: the session is said to have expired, although the order went through', async ({
    shop,
    merchant,
  }) => {
    await shop.open();
    await merchant.faults({ kind: 'drop_reply' });
    let replies = 0;
    await shop.page.route('**/attempts', async (route) => {
      replies += 1;
      if (replies !== 2) return route.continue();
      return route.fulfill({ status: 403, json: { outcome: 'rejected', code: 'session_expired' } });
    });
    await shop.pay();
    await shop.paidOnce();
    expect(replies).toBe(2);
    await neverShownAsFailed(shop);
  });

  test('"token already used" and "key reused" are looked into before anybody sees an error', async ({ shop }) => {
    for (const reply of [
      { status: 409, json: { code: 'token_already_used' } },
      { status: 422, json: { code: 'idempotency_key_reused' } },
    ]) {
      await shop.merchant.reset();
      await shop.open();
      await shop.page.route('**/attempts', async (route) => {
        await route.fetch();
        await route.fulfill(reply);
      });
      await shop.pay();
      await shop.paidOnce();
      await neverShownAsFailed(shop);
      await shop.page.unroute('**/attempts');
    }
  });

  test('scenario 18: quick reloads of the page that shows the receipt show the receipt', async ({ shop }) => {
    await shop.open({ journal: 'browser' });
    await shop.pay();
    const charge = await shop.paidOnce();
    for (let reload = 0; reload < 3; reload += 1) {
      await shop.load();
      await shop.start({ journal: 'browser' });
      await shop.setCart(TWO_MUGS);
      expect(await shop.paidOnce()).toEqual(charge);
      await shop.clickPay();
      expect((await shop.shown()).every(({ state }) => state === 'succeeded')).toBe(true);
    }
    expect((await shop.ledger()).arrivals).toBe(1);
  });

  test('scenario 19: the reply is lost and the cart is gone: the charge is found by its key', async ({
    shop,
    merchant,
  }) => {
    await shop.open({ retry: { jitter: 'additive', base: 5000, cap: 5000 } });
    await merchant.faults({ kind: 'drop_reply' });
    await shop.pay();
    await shop.reaches('waiting');
    await shop.setCart(null);
    const { key } = await shop.paidOnce();
    expect(shop.watch.sent.map(({ kind, id }) => [kind, id])).toEqual([
      ['attempt', key],
      ['settle', key],
    ]);
    expect((await shop.snapshot()).receipt?.paid.lines).toMatchObject([{ id: 'mug', quantity: 2 }]);
  });

  test('scenario 20: the cart is edited after a lost send, which arrives only later and charges nothing', async ({
    shop,
    merchant,
  }) => {
    const late = 2500;
    await shop.open({ retry: { jitter: 'additive', base: 5000, cap: 5000 } });
    await merchant.faults({ kind: 'late_charge', ms: late });
    const begun = Date.now();
    await shop.pay();
    await shop.reaches('waiting');
    const before = await shop.snapshot();
    await shop.setCart(THREE_MUGS);
    await shop.reaches('ready');
    const after = await shop.snapshot();
    expect(after.session?.id).not.toBe(before.session?.id);
    expect(await shop.told()).toEqual(['payment_not_made', 'cart_changed']);
    // First the fence, then what comes after it.
    await shop.sends('discard');
    expect(shop.watch.sent.map(({ kind, id }) => [kind, id])).toEqual([
      ['attempt', before.attempt?.key],
      ['settle', before.attempt?.key],
      ['discard', before.session?.id],
    ]);
    expect((await shop.ledger()).attempts).toMatchObject([{ state: 'voided', arrivals: 1 }]);

    await shop.pay();
    await shop.paidOnce(THREE_MUGS);
    // The old request is processed only now, long after its fence. Nothing tells of that: it must change nothing.
    await pass(begun + late + 500 - Date.now());
    const { charges, attempts } = await shop.ledger();
    expect(charges).toMatchObject([{ amount: THREE_MUGS.total, session: after.session?.id }]);
    expect(attempts.map(({ state }) => state)).toEqual(['voided', 'approved']);
  });

  test('scenario 20: the cart is edited after a lost reply of a charge: that one is the result', async ({
    shop,
    merchant,
  }) => {
    await shop.open({ retry: { jitter: 'additive', base: 5000, cap: 5000 } });
    await merchant.faults({ kind: 'drop_reply' });
    await shop.pay();
    await shop.reaches('waiting');
    await shop.setCart(THREE_MUGS);
    await shop.paidOnce(TWO_MUGS);
    expect(await shop.told()).toEqual(['earlier_cart_paid']);
    expect(await shop.page.locator('#total').textContent()).toBe(String(THREE_MUGS.total));
    await shop.clickPay();
    expect(await shop.sheetIsOpen()).toBe(false);
    expect(shop.watch.attempts).toHaveLength(1);
    // Seen and acknowledged, the new cart is a purchase of its own.
    await shop.page.evaluate(() => window.shop.checkout.acknowledge());
    await shop.pay();
    await shop.reaches('succeeded');
    const { charges } = await shop.ledger();
    expect(charges.map(({ amount }) => amount)).toEqual([TWO_MUGS.total, THREE_MUGS.total]);
  });

  test('the cart is edited while a send hangs: fenced, then the new session, nothing more for the old cart', async ({
    shop,
    merchant,
  }) => {
    await shop.open({ retry: { sendTimeout: 1500 } });
    await merchant.faults({ kind: 'late_charge', ms: 4000 });
    // Neither continued nor aborted, the request hangs until the page gives it up.
    await shop.page.route('**/attempts', async (route) => {
      await route.fetch().catch(() => undefined);
    });
    await shop.pay();
    await shop.sends('attempt');
    const old = await shop.snapshot();
    await shop.setCart(THREE_MUGS);
    expect(await shop.snapshot()).toMatchObject({
      state: 'sending',
      cartWaiting: true,
      session: { id: old.session?.id },
    });
    await shop.setCart(mugs(4));
    await shop.reaches('ready');
    await shop.page.unroute('**/attempts');
    expect((await shop.ledger()).attempts).toMatchObject([{ state: 'voided' }]);
    await shop.pay();
    await shop.paidOnce(mugs(4));
    const hashes = shop.bodies.map(({ cartHash }) => cartHash);
    expect(hashes).toHaveLength(2);
    expect(hashes[1]).not.toBe(old.summary?.cartHash);
  });

  test('the cart is edited while a send hangs, and back again: the attempt goes on', async ({ shop, merchant }) => {
    await shop.open();
    await merchant.faults(SLOW_BANK);
    await shop.pay();
    await shop.inFlight();
    await shop.setCart(THREE_MUGS);
    await shop.setCart(TWO_MUGS);
    await shop.paidOnce();
    expect(await shop.told()).toEqual(['payment_received']);
    expect((await shop.ledger()).discarded).toEqual([]);
  });

  test('the cart is edited while the bank thinks: what the bank says is the result', async ({ shop, merchant }) => {
    await shop.open({ retry: { sendTimeout: 1000 } });
    await merchant.faults({ kind: 'delay', ms: 2500 });
    await shop.pay();
    await shop.inFlight();
    await shop.setCart(THREE_MUGS);
    await shop.paidOnce(TWO_MUGS);
    expect(await shop.told()).toEqual(['earlier_cart_paid']);
    expect(shop.watch.attempts).toHaveLength(1);
  });

  test('shipping is changed in the sheet after the shopper agreed: what was agreed to is charged', async ({
    shop,
    merchant,
  }) => {
    await shop.open();
    await merchant.faults(SLOW_BANK);
    await shop.pay();
    await shop.inFlight();
    await shop.changeInSheet(THREE_MUGS);
    expect(await shop.snapshot()).toMatchObject({ cartWaiting: true });
    await shop.paidOnce(TWO_MUGS);
    expect(await shop.told()).toEqual(['earlier_cart_paid']);
  });

  test('the reply to a decline is lost: declined once, and another card pays', async ({ shop, merchant }) => {
    await shop.open();
    await merchant.faults({ kind: 'drop_reply' });
    await shop.pay({ card: 'insufficient_funds' });
    await shop.tells('payment_declined');
    expect((await shop.ledger()).attempts).toMatchObject([{ state: 'declined', arrivals: 2 }]);
    await shop.approve();
    await shop.paidOnce();
  });

  test('the merchant dies after the charge, before the reply, and comes back', async ({ shop, merchant }) => {
    await shop.open();
    await merchant.faults({ kind: 'drip' });
    await shop.pay();
    await shop.ledgerShows(({ charges }) => charges.length === 1);
    await merchant.crash();
    const { key } = await shop.paidOnce();
    expect(shop.watch.keys).toEqual([key]);
    await neverShownAsFailed(shop);
  });

  test('the merchant dies while the bank thinks: whatever comes of that, it is paid once', async ({
    shop,
    merchant,
  }) => {
    await shop.open({ retry: { maxRetries: 0 } });
    await merchant.faults({ kind: 'delay', ms: 20_000 });
    await shop.pay();
    await shop.inFlight();
    await merchant.crash();
    // Either the browser sends again by itself, as in scenario 11, or the attempt is fenced.
    await expect.poll(async () => (await shop.told())[0], { timeout: PATIENCE }).toMatch(/payment_(received|not_made)/);
    if ((await shop.snapshot()).state !== 'succeeded') await shop.pay();
    await shop.paidOnce();
    expect((await shop.ledger()).attempts.filter(({ state }) => state !== 'voided')).toHaveLength(1);
    await neverShownAsFailed(shop);
  });

  test('the provider says not to resend', async ({ shop }) => {
    await shop.open();
    await shop.page.route('**/attempts', async (route) => {
      await route.fetch();
      await route.fulfill({ status: 500, headers: { 'stripe-should-retry': 'false' }, body: '' });
    });
    await shop.pay();
    await shop.paidOnce();
    expect(shop.watch.sent.map(({ kind }) => kind)).toEqual(['attempt', 'settle']);
  });
});
