/** Stripe Express Checkout: every rule that its sheet brings, against a fake that keeps Stripe's own. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigError, type Summary } from '../../src/index.js';
import {
  type ExpressCheckoutOptions,
  type ExpressCheckoutUpdate,
  expressCheckoutWallet,
} from '../../src/wallets/stripe-express-checkout.js';
import { mockWallet } from '../../src/wallets/mock.js';
import { CART, disposeAll, OTHER_CART, settled } from '../harness.js';
import { FakeStripe } from './fake-stripe.js';
import { cartOf, gate, shop, type Shop } from './shop.js';

type Extra = Partial<ExpressCheckoutOptions>;

let fake: FakeStripe;

beforeEach(() => {
  fake = new FakeStripe();
});
afterEach(async () => {
  vi.useRealTimers();
  await disposeAll();
  expect(fake.faults).toEqual([]);
});

function wallet(extra: Extra = {}) {
  const { stripe, elements, element } = fake;
  return expressCheckoutWallet({ stripe, elements, element, ...extra });
}

interface Bound extends Shop {
  readonly unbind: () => void;
}

/** A shop whose element is bound to the checkout, beside the default wallet. */
async function bound(extra: Extra = {}, cart: Parameters<typeof shop>[1] = CART): Promise<Bound> {
  const made = wallet(extra);
  const around = await shop(mockWallet(), cart);
  fake.now = () => around.clock.now();
  return { ...around, unbind: made.bind(around.checkout) };
}

/** The same, whose shopper has clicked. */
async function opened(extra: Extra = {}): Promise<Bound> {
  const made = await bound(extra);
  expect(fake.click()).toBe('resolve');
  return made;
}

async function ended(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await settled();
}

describe('a payment', () => {
  test('scenario 33, S1: the click is answered within itself, C8 with the total of the cart', async () => {
    const { state } = await opened();
    expect([fake.amount, fake.currency]).toEqual([3000, 'usd']);
    expect(fake.lineItems).toEqual([
      { name: 'Mug × 2', amount: 2500 },
      { name: 'shipping', amount: 500 },
    ]);
    expect(state()).toBe('sheet_open');
  });

  test('is charged once, with a ConfirmationToken', async () => {
    const { checkout, merchant, state, reported } = await opened({ params: { return_url: 'https://shop.example/' } });
    fake.confirm('ctok_approved_1');
    await ended();
    expect(merchant.charges).toMatchObject([{ token: 'ctok_approved_1', amount: 3000 }]);
    expect(merchant.arrivals).toMatchObject([
      { details: { expressPaymentType: 'google_pay', billingDetails: { name: 'Ada Lovelace' } } },
    ]);
    expect(fake.params).toEqual([{ return_url: 'https://shop.example/' }]);
    expect([state(), fake.failure, reported]).toEqual(['succeeded', null, []]);
    expect(JSON.stringify(checkout.getSnapshot()) + checkout.exportLog()).not.toMatch(/ctok_approved|Lovelace/);
  });

  test('scenario 14: confirmed twice is one attempt', async () => {
    const { merchant, state } = await opened();
    fake.confirm('ctok_approved_1');
    fake.confirm('ctok_approved_1');
    await ended();
    fake.confirm('ctok_approved_2');
    await ended();
    expect(merchant.charges).toHaveLength(1);
    expect([state(), fake.tokens.length]).toEqual(['succeeded', 1]);
  });

  test('scenario 15: whose reply was lost is settled', async () => {
    const { merchant, clock, state } = await opened();
    merchant.lost = 10;
    fake.confirm();
    for (let i = 0; i < 40 && state() !== 'succeeded'; i += 1) await clock.advance(1000);
    expect([state(), fake.failure]).toEqual(['succeeded', null]);
    expect(merchant.charges).toHaveLength(1);
  });

  test('T7 a token that has expired is never sent', async () => {
    const { merchant, state, told } = await opened();
    fake.life = -1000;
    fake.confirm();
    await ended();
    expect([state(), told(), fake.failure]).toEqual(['ready', ['fresh_token_needed'], 'fail']);
    expect(merchant.arrivals).toEqual([]);
  });

  test('T7 a token that expired while the device slept is never sent', async () => {
    const { merchant, clock, told } = await opened();
    fake.life = 5_000;
    const making = gate();
    fake.thinking = making.passed;
    fake.confirm();
    fake.now = () => clock.now() - 10_000;
    making.open();
    await ended();
    expect(told()).toEqual(['fresh_token_needed']);
    expect(merchant.arrivals).toEqual([]);
  });
});

describe('a decline', () => {
  test('scenario 1, react-stripe-js #581: ends the sheet; what it goes on to hand out, spent or not, is not taken', async () => {
    const { merchant, state, told } = await opened();
    fake.confirm('ctok_insufficient_funds_1');
    await ended();
    expect([state(), told(), fake.failure]).toEqual(['ready', ['payment_declined'], 'fail']);

    fake.failure = null;
    fake.confirm('ctok_insufficient_funds_1'); // another card, the cached token
    await ended();
    expect(fake.failure).toBe('fail');
    expect([merchant.tokens, fake.tokens]).toEqual([['ctok_insufficient_funds_1'], ['ctok_insufficient_funds_1']]);

    fake.cancel();
    fake.click();
    fake.confirm('ctok_approved_1');
    await ended();
    expect(state()).toBe('succeeded');
    expect(merchant.charges).toMatchObject([{ token: 'ctok_approved_1', amount: 3000 }]);
  });

  test('scenario 1: whose token comes again in the next sheet is not sent, and the sheet says so', async () => {
    const { merchant, state, told } = await opened();
    fake.confirm('ctok_insufficient_funds_1');
    await ended();
    fake.cancel();
    fake.click();
    fake.confirm('ctok_insufficient_funds_1');
    await ended();
    expect([state(), told(), fake.failure]).toEqual(['ready', ['fresh_token_needed'], 'fail']);
    expect(merchant.tokens).toHaveLength(1);
  });
});

describe('a sheet that ends by itself', () => {
  test('S3: cancel while the attempt is open does not mean that nothing is charged', async () => {
    const { merchant, state, told } = await opened();
    const bank = gate();
    merchant.bank = bank.passed;
    fake.confirm();
    await ended();
    fake.cancel();
    expect(state()).toBe('sending');
    bank.open();
    await ended();
    expect([state(), told()]).toEqual(['succeeded', ['payment_received']]);
    expect(merchant.charges).toHaveLength(1);
  });

  test('while its token is made hands none over', async () => {
    const { merchant, state, reported } = await opened();
    const making = gate();
    fake.thinking = making.passed;
    fake.confirm();
    await ended();
    fake.cancel();
    making.open();
    await ended();
    expect([state(), merchant.arrivals, reported]).toEqual(['ready', [], []]);
  });

  test('without a payment is no error, and the next click opens another', async () => {
    const { merchant, state, told } = await opened();
    fake.cancel();
    expect([state(), told()]).toEqual(['ready', []]);
    expect(fake.click('apple_pay')).toBe('resolve');
    fake.confirm();
    await ended();
    expect(merchant.charges).toHaveLength(1);
  });

  test.each([
    ['submit', 'incomplete'],
    ['token', 'api_error'],
    ['throw', ''],
  ] as const)('since Stripe makes no token (%s) says so, and nobody hears of whom', async (refusal, code) => {
    const { merchant, state, told, reported } = await opened();
    fake.refusal = refusal;
    fake.confirm();
    await ended();
    expect([state(), told(), fake.failure]).toEqual(['ready', ['sheet_unavailable'], 'fail']);
    expect(reported).toMatchObject([{ code: 'sheet_failed', path: 'stripe-express-checkout' }]);
    expect(String(reported[0])).toContain(code);
    expect(JSON.stringify(reported) + String(reported[0])).not.toContain('ada@example');
    expect(merchant.arrivals).toEqual([]);
  });
});

describe('a click', () => {
  test('that the checkout does not take is rejected at once', async () => {
    const { checkout, state } = await bound({}, null);
    expect(fake.click()).toBe('reject');
    expect(state()).toBe('empty');
    checkout.setCart(CART);
    expect(fake.click()).toBe('resolve');
    expect(fake.click()).toBe('reject'); // S2: it is open
  });

  test('K3 while the attempt is open is rejected', async () => {
    const { merchant } = await opened();
    merchant.bank = gate().passed;
    fake.confirm();
    await ended();
    expect(fake.click()).toBe('reject');
    expect(merchant.arrivals).toHaveLength(1);
  });

  test('on a checkout that was disposed of is rejected, and reported', async () => {
    const { checkout, reported } = await bound();
    checkout.dispose();
    expect(fake.click()).toBe('reject');
    expect(reported).toMatchObject([{ code: 'disposed' }]);
  });

  test('brings what the storefront adds at once: shipping rates, say', async () => {
    const shippingRates = [{ id: 'express', amount: 1200, displayName: 'Express' }];
    const onClick = vi.fn(() => ({ shippingRates }));
    await opened({ onClick });
    expect(onClick).toHaveBeenCalledWith({ expressPaymentType: 'google_pay' });
    expect(fake.details).toMatchObject({ shippingRates, lineItems: [{}, {}] });
  });

  test('at which the storefront throws is rejected', async () => {
    const { told, reported } = await bound({
      onClick: () => {
        throw new Error('ada@example.com');
      },
    });
    expect(fake.click()).toBe('reject');
    expect(told()).toEqual(['sheet_unavailable']);
    expect(String(reported[0])).not.toContain('ada');
  });

  test('of a cart that Stripe cannot take is rejected', async () => {
    const { checkout, told } = await bound();
    checkout.setCart({ currency: 'USD', lines: [{ id: 'gift', quantity: 1, unitAmount: 0 }], total: 0 });
    expect(fake.click()).toBe('reject');
    expect(told()).toEqual(['sheet_unavailable']);
  });

  test('anywhere else than on the element opens nothing', async () => {
    const made = wallet();
    const { checkout, told } = await shop(made);
    expect(checkout.openSheet()).toBe(true);
    expect([told(), fake.isOpen]).toEqual([['sheet_unavailable'], false]);
  });
});

describe('the amount', () => {
  test('C8 is that of the cart on the page, before the click', async () => {
    const { checkout } = await bound();
    expect(fake.amount).toBe(3000);
    checkout.setCart(OTHER_CART);
    expect(fake.amount).toBe(4250);
    fake.click();
    fake.cancel();
    expect(fake.updates).toBe(2); // no more often than it changed
  });

  test('C2 of a cart that changed while the sheet shows is not charged: no token is made', async () => {
    const { checkout, merchant, told } = await opened();
    checkout.setCart(OTHER_CART);
    expect(told()).toEqual(['cart_changed']);
    fake.confirm();
    await ended();
    expect([fake.failure, fake.tokens, merchant.arrivals]).toEqual(['fail', [], []]);
  });

  test('C2 of a cart that changed while the token is made is not charged, and the sheet hears of it at once', async () => {
    const { checkout, merchant } = await opened();
    const making = gate();
    fake.thinking = making.passed;
    fake.confirm();
    checkout.setCart(OTHER_CART);
    expect(fake.failure).toBe('fail');
    making.open();
    await ended();
    expect(merchant.arrivals).toEqual([]);
  });

  test.each([
    ['JPY', 500, 500],
    ['ISK', 500, 50_000],
    ['UGX', 500, 50_000],
    ['MGA', 700, 7],
    ['KWD', 1230, 1230],
  ])('is in Stripe’s minor units: %s %d', async (currency, minor, amount) => {
    await bound({}, { currency, lines: [{ id: 'mug', quantity: 1, unitAmount: minor }], total: minor });
    fake.click();
    expect([fake.amount, fake.currency, fake.lineItems]).toEqual([
      amount,
      currency.toLowerCase(),
      [{ name: 'mug', amount }],
    ]);
  });

  test('woocommerce-gateway-stripe #5926: items that cost more than the total are not listed', async () => {
    await bound({}, { ...CART, total: 2900 });
    fake.click();
    expect([fake.amount, fake.lineItems]).toEqual([2900, []]);
  });
});

describe('a sheet that payonce ends', () => {
  test('D4 since the page comes back out of the cache hands nothing over', async () => {
    const { merchant, state, leaveAndReturn } = await opened();
    await leaveAndReturn();
    expect(state()).toBe('ready');
    fake.confirm();
    await ended();
    expect([fake.failure, merchant.arrivals]).toEqual(['fail', []]);
  });

  test('U1 since the bank asks for a challenge is not shown as failed', async () => {
    const { merchant } = await opened();
    fake.confirm('ctok_challenge_1');
    await ended();
    expect([fake.failure, merchant.charges]).toEqual([null, []]);
  });
});

describe('a change in the sheet', () => {
  test('C5 scenario 23: the sheet shows the cart of the storefront, which is the one that is charged', async () => {
    const shippingRates = [{ id: 'express', amount: 1200, displayName: 'Express' }];
    const onChange = vi.fn(async (): Promise<ExpressCheckoutUpdate> => ({ cart: cartOf(3700, 1200), shippingRates }));
    const { merchant, checkout } = await opened({ onChange });
    const answered = fake.chooseAddress('94043');
    await ended();
    expect(answered).toEqual(['resolve']);
    expect(onChange).toHaveBeenCalledWith({
      shippingAddress: expect.objectContaining({
        name: 'Ada',
        address: expect.objectContaining({ postal_code: '94043' }) as object,
      }) as object,
    });
    expect([fake.amount, fake.lineItems, fake.details.shippingRates]).toEqual([
      3700,
      [
        { name: 'Mug', amount: 2500 },
        { name: 'Express', amount: 1200 },
      ],
      shippingRates,
    ]);
    expect(checkout.getSnapshot()).toMatchObject({ state: 'sheet_open', summary: { total: 3700 } });
    fake.confirm();
    await ended();
    expect(merchant.amounts).toEqual([3700]);
  });

  test('of the shipping rate is told as one', async () => {
    const onChange = vi.fn(() => ({}));
    await opened({ onChange });
    const answered = fake.chooseRate('express');
    await ended();
    expect(onChange).toHaveBeenCalledWith({ shippingRate: { id: 'express', amount: 0, displayName: 'express' } });
    expect([answered, fake.amount]).toEqual([['resolve'], 3000]);
  });

  test.each([
    ['fails', () => Promise.reject(new Error('94043')), { code: 'port_failed', path: 'onChange' }],
    ['makes no cart', () => ({ cart: { ...CART, total: 0.5 } }), { code: 'not_an_integer', path: 'total' }],
  ])('E1 at which the storefront %s is rejected', async (_, onChange, error) => {
    const { reported, checkout } = await opened({ onChange });
    const answered = fake.chooseAddress('94043');
    await ended();
    expect(answered).toEqual(['reject']);
    expect(reported).toMatchObject([error]);
    expect(String(reported[0])).not.toContain('94043');
    expect(checkout.getSnapshot()).toMatchObject({ state: 'sheet_open', summary: { total: 3000 } });
  });

  test('that makes a cart which Stripe cannot take is rejected, and the sheet is broken', async () => {
    const { told } = await opened({ onChange: () => ({ cart: { ...CART, total: 0 } }) });
    const answered = fake.chooseAddress('94043');
    await ended();
    expect([answered, told(), fake.amount]).toEqual([['reject'], ['sheet_unavailable'], 3000]);
  });

  test('is answered in time, however long the storefront thinks', async () => {
    const { reported } = await opened({ onChange: () => new Promise(() => {}) });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const answered = fake.chooseAddress('94043');
    await vi.advanceTimersByTimeAsync(25_000);
    expect(answered).toEqual(['reject']);
    expect(reported).toMatchObject([{ code: 'timeout', path: 'onChange' }]);
  });

  test('of a sheet that is over by the time of the answer is rejected, and changes nothing', async () => {
    const thinking = gate();
    const { checkout } = await opened({ onChange: () => thinking.passed.then(() => ({ cart: cartOf(100) })) });
    const answered = fake.chooseAddress('94043');
    checkout.setCart(OTHER_CART);
    thinking.open();
    await ended();
    expect([answered, fake.amount]).toEqual([['reject'], 4250]);
  });
});

test('C4 a token comes with the hash of the cart that the sheet showed', async () => {
  const made = wallet();
  const { checkout } = await shop(mockWallet());
  const summary = checkout.getSnapshot().summary as Summary;
  const tokenReceived = vi.fn();
  const sheet = { tokenReceived, cartChanged() {}, cancelled() {}, failed() {}, busy() {} };
  made.bind({ ...checkout, openSheet: () => (made.open(sheet, summary), true) });
  fake.click();
  fake.confirm('ctok_approved_1');
  await ended();
  expect(tokenReceived).toHaveBeenCalledWith(expect.objectContaining({ cartHash: summary.cartHash }));
});

test('E5 an element that is not bound any more reaches nobody, and its sheet is over', async () => {
  const { checkout, unbind, state } = await opened({ onChange: () => ({}) });
  expect(fake.listeners).toBe(5);
  unbind();
  expect([fake.listeners, state()]).toEqual([0, 'ready']);
  checkout.setCart(OTHER_CART);
  expect(fake.amount).toBe(3000);
  expect(fake.click()).toBeUndefined();
});

test.each([
  [{ onShippingAddressChange: () => {} }, 'unknown_option', 'onShippingAddressChange'],
  [{ stripe: null }, 'not_an_object', 'stripe'],
  [{ element: undefined }, 'not_an_object', 'element'],
  [{ onClick: {} }, 'not_a_function', 'onClick'],
  [{ params: 'x' }, 'not_an_object', 'params'],
])('E1 a wrong option is an error: %j', (wrong, code, path) => {
  expect(() => wallet(wrong as never)).toThrow(expect.objectContaining({ code, path }) as Error);
  expect(() => wallet(wrong as never)).toThrow(ConfigError);
});
