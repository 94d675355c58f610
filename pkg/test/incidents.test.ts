/** What went wrong elsewhere, with one more fault on top: each test is named after the public thread that tells of it. */

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type HttpReply, init, memoryJournal, type NoticeCode, pageLock } from '../src/index.js';
import { bench, type Bench, CART, disposeAll, last, OTHER_CART, paying, settled, TestMerchant } from './harness.js';

beforeAll(() => init());
afterEach(disposeAll);

const ERRORS: readonly NoticeCode[] = ['payment_declined', 'payment_rejected', 'payment_not_made'];

const codes = ({ checkout }: Bench): NoticeCode[] => checkout.getSnapshot().notices.map(({ code }) => code);

/** Every notice that is shown from now on. */
function watch({ checkout }: Bench): NoticeCode[] {
  const shown: NoticeCode[] = [];
  checkout.subscribe(() => shown.push(...checkout.getSnapshot().notices.map(({ code }) => code)));
  return shown;
}

function json(status: number, body: object): HttpReply {
  return { status, body: JSON.stringify(body) };
}

describe('single-use tokens', () => {
  it('braintree-web-drop-in#363: the same nonce is handed out again, after a decline of which nobody heard at first', async () => {
    const shop = await bench({ retry: { maxRetries: 0 } });
    const hand = async (token: object): Promise<void> => {
      if (!shop.wallet.isOpen) shop.checkout.openSheet();
      shop.wallet.approve({ token });
      await settled();
    };
    shop.checkout.setCart(CART);
    await hand({ nonce: 'n-1', details: { cardType: 'Visa', lastTwo: '11' } });
    last(shop.merchant.sends).reject(new TypeError('Failed to fetch'));
    await settled();
    last(shop.merchant.settles).resolve({ outcome: 'declined', code: 'do_not_honor' });
    await settled();
    expect(codes(shop)).toEqual(['payment_declined']);
    for (const open of [true, false, true]) {
      await hand({ details: { lastTwo: '11', cardType: 'Visa' }, nonce: 'n-1' });
      expect([codes(shop), shop.wallet.isOpen]).toEqual([['fresh_token_needed'], open]);
    }
    await hand({ nonce: 'n-2', details: { cardType: 'Visa', lastTwo: '11' } });
    expect(shop.merchant.sends.map(({ request }) => request.send)).toEqual([1, 1]);
  });
});

describe('unknown outcome', () => {
  it('paypal-woocommerce#2129: captured twice at once, the page gets the refusal', async () => {
    const merchant = new TestMerchant('paypal');
    const shop = await bench({ merchant });
    shop.checkout.setCart(CART, { providerRef: '5O190127TN364715T' });
    shop.checkout.openSheet();
    shop.wallet.approve();
    await settled();
    const shown = watch(shop);
    last(merchant.sends).resolve(
      json(422, { name: 'UNPROCESSABLE_ENTITY', details: [{ issue: 'ORDER_ALREADY_CAPTURED' }], debug_id: '1' }),
    );
    await settled();
    expect(merchant.settles).toHaveLength(1);
    expect(last(merchant.settles).request.providerRef).toBe('5O190127TN364715T');
    const captures = [{ id: '3C679366HH908993F', status: 'COMPLETED' }];
    last(merchant.settles).resolve(
      json(200, { id: '5O190127TN364715T', status: 'COMPLETED', purchase_units: [{ payments: { captures } }] }),
    );
    await settled();
    expect(shop.checkout.getSnapshot()).toMatchObject({
      state: 'succeeded',
      receipt: { reference: '3C679366HH908993F' },
    });
    expect(shown.filter((code) => ERRORS.includes(code))).toEqual([]);
  });

  it.each<[string, HttpReply | Error]>([
    ['medusa#13301', json(409, { code: 'invalid_state_error', type: 'conflict', message: 'The request conflicted' })],
    ['medusa#2948', json(400, { code: 'cart_already_completed', type: 'not_allowed' })],
    ['vendure#3749', json(200, { data: { addPaymentToOrder: { errorCode: 'PAYMENT_STATE_TRANSITION_ERROR' } } })],
    ['adyen-magento2#2211', json(200, { error: 'request already processed or in progress' })],
    ['stripe-react-native#684', new TypeError('Failed to fetch')],
  ])('%s: a webhook was faster, and the request of the page fails over it', async (_, reply) => {
    for (const first of ['webhook', 'reply'] as const) {
      const shop = await paying({ journal: memoryJournal(), lock: pageLock(first) });
      const shown = watch(shop);
      const { key } = last(shop.merchant.sends).request;
      const report = (): boolean => shop.checkout.reportOutcome(key, { outcome: 'approved', reference: 'ch_1' });
      if (first === 'webhook') expect(report()).toBe(true);
      if (reply instanceof Error) last(shop.merchant.sends).reject(reply);
      else last(shop.merchant.sends).resolve(reply);
      await settled();
      for (let times = 0; times < 3; times += 1) report();
      await shop.clock.advance(60_000);
      expect(shop.checkout.getSnapshot()).toMatchObject({ state: 'succeeded', receipt: { key, reference: 'ch_1' } });
      expect(shop.merchant.sends.filter(({ request }) => request.key !== key)).toEqual([]);
      expect(shown.filter((code) => ERRORS.includes(code))).toEqual([]);
      shop.checkout.dispose();
    }
  });

  it('polar#14274: the failure of the first attempt is reported once the second is under way, and once it is paid', async () => {
    const shop = await paying();
    const first = last(shop.merchant.sends).request.key;
    last(shop.merchant.sends).resolve({ outcome: 'declined', code: 'incorrect_cvc' });
    await settled();
    shop.wallet.approve('tok_corrected');
    await settled();
    const before = shop.checkout.getSnapshot();
    shop.checkout.reportOutcome(first, { outcome: 'declined', code: 'incorrect_cvc' });
    shop.checkout.reportOutcome(first, { outcome: 'rejected', code: 'late', tokenConsumed: false });
    expect(shop.checkout.getSnapshot()).toEqual(before);
    last(shop.merchant.sends).resolve({ outcome: 'approved' });
    await settled();
    const paid = shop.checkout.getSnapshot();
    shop.checkout.reportOutcome(first, { outcome: 'declined', code: 'incorrect_cvc' });
    shop.checkout.reportOutcome(last(shop.merchant.sends).request.key, { outcome: 'declined', code: 'late' });
    expect(shop.checkout.getSnapshot()).toEqual(paid);
    expect([paid.state, codes(shop)]).toEqual(['succeeded', ['payment_received']]);
  });

  it('stripe-ios#968, stripe-react-native#1970: “cancelled”, at whatever moment, while it is charged', async () => {
    for (const moment of ['at once', 'in flight', 'settling']) {
      const shop = await bench({ journal: memoryJournal(), lock: pageLock(moment), retry: { maxRetries: 0 } });
      const opened = vi.spyOn(shop.wallet, 'open');
      shop.checkout.setCart(CART);
      shop.checkout.openSheet();
      const [sheet] = last(opened.mock.calls);
      shop.wallet.approve();
      const cancel = (now: string): void => {
        if (now !== moment) return;
        sheet.cancelled();
        sheet.failed();
        sheet.busy();
      };
      cancel('at once');
      await settled();
      const shown = watch(shop);
      cancel('in flight');
      last(shop.merchant.sends).reject(new TypeError('reset'));
      await settled();
      cancel('settling');
      expect(shop.checkout.openSheet()).toBe(false);
      last(shop.merchant.settles).resolve({ outcome: 'approved' });
      await settled();
      expect(shop.checkout.getSnapshot().state).toBe('succeeded');
      expect(shown.filter((code) => [...ERRORS, 'sheet_unavailable', 'another_sheet_open'].includes(code))).toEqual([]);
      shop.checkout.dispose();
    }
  });
});

describe('stale amounts', () => {
  it('Sylius/PayPalPlugin#339, SimplCommerce#713: the cart grows in a second tab, of which the first one hears nothing', async () => {
    const journal = memoryJournal(); // tells nobody that it changed
    const lock = { lock: pageLock('grows') };
    const one = await bench({ journal, ...lock });
    one.checkout.setCart(CART);
    one.checkout.openSheet();
    await settled();
    one.clock.time += 1000;
    const two = await bench({ journal, lock: pageLock('grows'), clock: one.clock });
    two.checkout.setCart(OTHER_CART);
    await settled();
    one.wallet.approve('tok_old_total');
    await one.clock.advance(100);
    expect(one.merchant.sends).toEqual([]);
    expect([one.checkout.getSnapshot().state, codes(one)]).toEqual(['ready', ['cart_changed']]);
  });

  it('woocommerce-gateway-stripe#5808: the Checkout Session is stale after a challenge that nobody finished', async () => {
    const shop = await bench();
    shop.checkout.setCart(CART, { providerRef: 'cs_1' });
    shop.checkout.openSheet();
    shop.wallet.approve();
    await settled();
    last(shop.merchant.sends).resolve({ outcome: 'action_required', action: { kind: 'challenge' } });
    await settled();
    last(shop.merchant.actions).resolve(false);
    await settled();
    last(shop.merchant.settles).resolve({ outcome: 'voided' });
    await settled();
    expect(codes(shop)).toEqual(['payment_not_made']);
    shop.checkout.openSheet();
    shop.wallet.approve();
    await settled();
    last(shop.merchant.sends).resolve({
      outcome: 'rejected',
      code: 'session_stale',
      tokenConsumed: false,
      mayRetry: false,
    });
    await settled();
    expect([shop.checkout.getSnapshot().state, codes(shop)]).toEqual(['failed', ['payment_rejected']]);
    const session = shop.checkout.getSnapshot().session?.id;
    shop.checkout.openSheet();
    shop.wallet.approve();
    await settled();
    const { request } = last(shop.merchant.sends);
    expect(request.session).not.toBe(session);
    expect([request.providerRef, last(shop.merchant.discards).request]).toEqual([
      null,
      { session, providerRef: 'cs_1' },
    ]);
  });
});

describe('what the shopper sees', () => {
  it('mollie/WooCommerce#1282: failed, then paid: one message, and the right one', async () => {
    const shop = await paying();
    const first = last(shop.merchant.sends).request.key;
    last(shop.merchant.sends).resolve({ outcome: 'declined', code: 'do_not_honor' });
    await settled();
    shop.wallet.approve();
    await settled();
    expect(codes(shop)).toEqual([]);
    last(shop.merchant.sends).reject(new TypeError('reset'));
    await settled();
    shop.checkout.reportOutcome(first, { outcome: 'declined', code: 'do_not_honor' });
    await shop.clock.advance(3000);
    last(shop.merchant.sends).resolve({ outcome: 'approved' });
    await settled();
    expect(codes(shop)).toEqual(['payment_received']);
  });

  it('woocommerce-blocks#2743: a challenge that is closed, or breaks, leaves one message and a checkout that works', async () => {
    for (const end of ['closed', 'breaks', 'hangs'] as const) {
      const shop = await paying({ journal: memoryJournal(), lock: pageLock(`challenge ${end}`) }, `tok_${end}`);
      last(shop.merchant.sends).resolve({ outcome: 'action_required', action: { kind: 'challenge' } });
      await settled();
      if (end === 'closed') last(shop.merchant.actions).resolve(false);
      if (end === 'breaks') last(shop.merchant.actions).reject(new Error('cross-origin'));
      if (end === 'hangs') shop.checkout.checkAgain();
      await settled();
      last(shop.merchant.settles).resolve(json(410, { outcome: 'voided' }));
      await settled();
      expect([shop.checkout.getSnapshot().canPay, codes(shop)]).toEqual([true, ['payment_not_made']]);
      shop.checkout.openSheet();
      expect(codes(shop)).toEqual([]);
      shop.wallet.approve();
      await settled();
      last(shop.merchant.sends).resolve({ outcome: 'approved' });
      await settled();
      expect(codes(shop)).toEqual(['payment_received']);
      shop.checkout.dispose();
    }
  });
});

describe('pages that come back', () => {
  it('adyen-magento2#2777, omise-magento#333: given up at the bank, and the return page is loaded twice: never success', async () => {
    const journal = memoryJournal();
    let shop = await paying({ journal, lock: pageLock('return') });
    last(shop.merchant.sends).resolve({ outcome: 'action_required', action: { kind: 'redirect' } });
    await settled();
    shop.checkout.dispose();
    await settled();
    for (const answer of [{ outcome: 'pending' }, { outcome: 'voided' }, null] as const) {
      shop = await bench({ journal, lock: pageLock('return') });
      const shown = watch(shop);
      await shop.clock.advance(100);
      if (answer) {
        last(shop.merchant.settles).resolve(answer);
        await settled();
      } else expect(shop.merchant.settles).toEqual([]);
      shop.checkout.setCart(CART);
      expect(shop.checkout.getSnapshot().state).not.toBe('succeeded');
      expect(shown).not.toContain('payment_received');
      if (answer?.outcome !== 'pending') expect(shop.checkout.getSnapshot().canPay).toBe(true);
      shop.checkout.dispose();
      await settled();
    }
  });
});
