/** Google Pay: every rule that its sheet brings, against a fake that keeps Google's own. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigError, PortError, type Summary } from '../../src/index.js';
import {
  googlePayWallet,
  type GooglePayClient,
  type GooglePayOptions,
  type GooglePayUpdate,
} from '../../src/wallets/google-pay.js';
import { CART, disposeAll, OTHER_CART, settled } from '../harness.js';
import { FakeGooglePay } from './fake-google-pay.js';
import { cartOf, gate, shop, type Shop } from './shop.js';

type Extra = Partial<Omit<GooglePayOptions<GooglePayClient>, 'client' | 'request'>>;

let google: FakeGooglePay;

beforeEach(() => {
  google = new FakeGooglePay();
});
afterEach(async () => {
  vi.useRealTimers();
  await disposeAll();
  expect(google.faults).toEqual([]);
});

function wallet(extra: Extra = {}) {
  return googlePayWallet({
    client: (paymentDataCallbacks) => new google.PaymentsClient({ environment: 'TEST', paymentDataCallbacks }),
    request: {
      apiVersion: 2,
      apiVersionMinor: 0,
      allowedPaymentMethods: [
        { type: 'CARD', parameters: { allowedAuthMethods: ['CRYPTOGRAM_3DS'], allowedCardNetworks: ['VISA'] } },
      ],
      merchantInfo: { merchantId: '1', merchantName: 'Shop' },
      transactionInfo: { countryCode: 'US', totalPriceLabel: 'Total' },
      ...(extra.onChange && { callbackIntents: ['SHIPPING_ADDRESS' as const, 'SHIPPING_OPTION' as const] }),
    },
    ...extra,
  });
}

/** A shop whose shopper has clicked. */
async function opened(extra: Extra = {}): Promise<Shop> {
  const made = await shop(wallet(extra));
  expect(google.click(() => made.checkout.openSheet())).toBe(true);
  expect(google.isOpen).toBe(true);
  return made;
}

describe('a payment', () => {
  test('S1 opens the sheet within the click, C8 with the total of the cart, and is charged once', async () => {
    const { checkout, merchant, state, reported } = await opened();
    expect(google.transaction).toEqual({
      countryCode: 'US',
      totalPriceLabel: 'Total',
      currencyCode: 'USD',
      totalPrice: '30.00',
      totalPriceStatus: 'FINAL',
      displayItems: [
        { label: 'Mug × 2', type: 'LINE_ITEM', price: '25.00' },
        { label: 'shipping', type: 'SHIPPING_OPTION', price: '5.00' },
      ],
    });
    expect(await google.agree('tok_approved_1')).toEqual({ transactionState: 'SUCCESS' });
    expect(google.isOpen).toBe(false);
    expect(merchant.charges).toMatchObject([{ token: 'tok_approved_1', amount: 3000 }]);
    expect(merchant.arrivals).toMatchObject([{ details: { email: 'ada@example.com' } }]);
    expect(state()).toBe('succeeded');
    expect(JSON.stringify(checkout.getSnapshot()) + checkout.exportLog()).not.toMatch(/tok_approved|ada@example/);
    expect(reported).toEqual([]);
  });

  test('C7 is in the major units of its currency', async () => {
    const { checkout } = await shop(wallet(), { ...CART, currency: 'JPY' });
    google.click(() => checkout.openSheet());
    expect(google.transaction).toMatchObject({
      currencyCode: 'JPY',
      totalPrice: '3000',
      displayItems: [{ price: '2500' }, {}],
    });
  });

  test('C4 comes with the hash of the cart that the sheet showed', async () => {
    const made = wallet();
    const { checkout } = await shop(made);
    const summary = checkout.getSnapshot().summary as Summary;
    const tokenReceived = vi.fn(() => made.complete('success'));
    google.click(() => made.open({ tokenReceived, cartChanged() {}, cancelled() {}, failed() {}, busy() {} }, summary));
    await google.agree();
    expect(tokenReceived).toHaveBeenCalledWith(expect.objectContaining({ cartHash: summary.cartHash }));
  });

  test('is of what token makes of it', async () => {
    const { merchant } = await opened({
      token: ({ paymentMethodData }) => ({ token: `${paymentMethodData.tokenizationData.token}_pm`, details: 7 }),
    });
    await google.agree('tok_approved_1');
    expect(merchant.arrivals).toMatchObject([{ token: 'tok_approved_1_pm', details: 7 }]);
    expect(merchant.arrivals[0]?.details).toBe(7);
  });

  test('scenario 14: an authorization that Google reports twice is one attempt, and both hear its result', async () => {
    const { merchant, state } = await opened();
    const bank = gate();
    merchant.bank = bank.passed;
    const both = [google.agree('tok_approved_1'), google.agree('tok_approved_2')];
    await settled();
    bank.open();
    expect(await Promise.all(both)).toEqual([{ transactionState: 'SUCCESS' }, { transactionState: 'SUCCESS' }]);
    expect(merchant.tokens).toEqual(['tok_approved_1']);
    expect(merchant.charges).toHaveLength(1);
    expect(state()).toBe('succeeded');
  });

  test('scenario 15: whose reply was lost is settled, and the sheet shows what is true', async () => {
    const { merchant, clock, state } = await opened();
    merchant.lost = 10;
    const result = google.agree();
    for (let i = 0; i < 40 && state() !== 'succeeded'; i += 1) await clock.advance(1000);
    expect(await result).toEqual({ transactionState: 'SUCCESS' });
    expect(merchant.charges).toHaveLength(1);
    expect(new Set(merchant.tokens).size).toBe(1);
  });
});

describe('a decline', () => {
  test('scenario 1: says why in the sheet, refuses the spent token there, and takes another card', async () => {
    const { merchant, state, told } = await opened();
    const declined = await google.agree('tok_insufficient_funds_1');
    expect(declined).toMatchObject({
      transactionState: 'ERROR',
      error: { intent: 'PAYMENT_AUTHORIZATION', reason: 'PAYMENT_DATA_INVALID' },
    });
    expect(google.message).toMatch(/^Your payment was declined.*There is not enough money/);
    expect(state()).toBe('sheet_open');

    expect(await google.agree('tok_insufficient_funds_1')).toMatchObject({ transactionState: 'ERROR' });
    expect(google.message).toMatch(/^That approval was already used/);
    expect(told()).toEqual(['fresh_token_needed']);
    expect(merchant.tokens).toEqual(['tok_insufficient_funds_1']);

    expect(await google.agree('tok_approved_1')).toEqual({ transactionState: 'SUCCESS' });
    expect(merchant.charges).toMatchObject([{ token: 'tok_approved_1', amount: 3000 }]);
  });

  test('scenario 1: a sheet that hands out the spent token for ever is dismissed', async () => {
    const { merchant, state, told } = await opened();
    for (let i = 0; i < 3; i += 1) await google.agree('tok_insufficient_funds_1');
    expect(google.isOpen).toBe(false);
    expect([state(), told()]).toEqual(['ready', ['fresh_token_needed']]);
    expect(merchant.arrivals).toHaveLength(1);
  });

  test('is told in the words of the storefront', async () => {
    await opened({ explain: ({ code }) => `<${code}>` });
    await google.agree('tok_expired_card_1');
    expect(google.message).toBe('<payment_declined>');
  });

  test('that the storefront cannot explain is answered all the same', async () => {
    const { state, reported } = await opened({
      explain: () => {
        throw new Error('ada@example.com');
      },
    });
    expect(await google.agree('tok_expired_card_1')).toMatchObject({ transactionState: 'ERROR' });
    expect(google.message).toMatch(/This card has expired/);
    expect(state()).toBe('sheet_open');
    expect(reported).toMatchObject([{ code: 'port_failed', path: 'explain' }]);
  });

  test('for good stays in the sheet, which is over', async () => {
    const { merchant, state } = await opened();
    expect(await google.agree('tok_refused_1')).toMatchObject({ transactionState: 'ERROR' });
    expect(state()).toBe('failed');
    expect(google.message).toMatch(/you have not been charged/);
    expect(await google.agree('tok_approved_1')).toMatchObject({ transactionState: 'ERROR' });
    expect(merchant.charges).toEqual([]);
    expect(merchant.arrivals).toHaveLength(1);
  });

  test('after which Google closes the sheet leaves the shopper at the page', async () => {
    const { state, told } = await opened();
    await google.agree('tok_insufficient_funds_1');
    await google.cancel();
    expect([state(), told()]).toEqual(['ready', ['payment_declined']]);
  });
});

describe('a sheet that ends by itself', () => {
  test('S3: CANCELED while the attempt is open does not mean that nothing is charged', async () => {
    const { merchant, state, told } = await opened();
    const bank = gate();
    merchant.bank = bank.passed;
    const result = google.agree();
    await settled();
    expect(state()).toBe('sending');
    await google.cancel();
    expect(state()).toBe('sending');
    expect(await result).toMatchObject({ transactionState: 'ERROR' }); // always answered
    bank.open();
    await settled();
    expect([state(), told()]).toEqual(['succeeded', ['payment_received']]);
    expect(merchant.charges).toHaveLength(1);
  });

  test('without a payment is no error', async () => {
    const { checkout, merchant, state, told, reported } = await opened();
    await google.cancel();
    expect([state(), told(), reported]).toEqual(['ready', [], []]);
    expect(merchant.arrivals).toEqual([]);
    google.click(() => checkout.openSheet());
    expect(await google.agree()).toEqual({ transactionState: 'SUCCESS' });
  });

  test('as a browser without callbacks closes it hands over its token', async () => {
    const { merchant, state } = await opened();
    await google.closeWith('tok_approved_1');
    expect(state()).toBe('succeeded');
    expect(merchant.tokens).toEqual(['tok_approved_1']);
  });

  test('and is declined cannot ask again', async () => {
    const { state, told } = await opened();
    await google.closeWith('tok_insufficient_funds_1');
    expect([state(), told()]).toEqual(['ready', ['payment_declined']]);
  });

  test.each(['BUYER_ACCOUNT_ERROR', 'DEVELOPER_ERROR', 'MERCHANT_ACCOUNT_ERROR', 'INTERNAL_ERROR'])(
    'with %s is broken, and the storefront is told why',
    async (statusCode) => {
      google.refusal = statusCode;
      const { checkout, state, told, reported } = await shop(wallet());
      expect(google.click(() => checkout.openSheet())).toBe(true);
      await settled();
      expect([state(), told()]).toEqual(['ready', ['sheet_unavailable']]);
      expect(reported).toMatchObject([{ code: 'sheet_failed', path: 'google-pay', cause: { statusCode } }]);
      expect(reported[0]).toBeInstanceOf(PortError);
    },
  );

  test('by throwing at once is broken, too, and throws nothing at the storefront', async () => {
    const made = wallet({ onError: () => {} });
    made.client.loadPaymentData = () => {
      throw new TypeError('pay.js changed its mind');
    };
    const { checkout, told, reported } = await shop(made);
    expect(checkout.openSheet()).toBe(true);
    expect(told()).toEqual(['sheet_unavailable']);
    expect(reported).toEqual([]);
  });

  test('because what it handed over is no payment is broken, and the authorization is answered', async () => {
    const fault = new Error('no token tok_1');
    const { merchant, state, told, reported } = await opened({
      token: () => {
        throw fault;
      },
    });
    expect(await google.agree()).toMatchObject({ transactionState: 'ERROR' });
    expect([state(), told()]).toEqual(['ready', ['sheet_unavailable']]);
    expect(reported).toMatchObject([{ code: 'port_failed', path: 'token' }]);
    expect(String(reported[0])).not.toContain(fault.message);
    expect(merchant.arrivals).toEqual([]);
  });
});

describe('a sheet that is over for payonce and still showing', () => {
  test('C2 the cart changed on the page: hands nothing over, and says so', async () => {
    const { checkout, merchant, state, told } = await opened();
    checkout.setCart(OTHER_CART);
    expect([state(), told()]).toEqual(['ready', ['cart_changed']]);
    expect(google.isOpen).toBe(true);
    expect(await google.agree()).toMatchObject({
      transactionState: 'ERROR',
      error: { message: expect.stringMatching(/^Nothing is charged through this window/) as string },
    });
    expect(merchant.arrivals).toEqual([]);
  });

  test('S4 keeps the next one closed until the shopper has closed it', async () => {
    const { checkout, merchant, state, told } = await opened();
    checkout.setCart(OTHER_CART);
    expect(google.click(() => checkout.openSheet())).toBe(true);
    expect([state(), told()]).toEqual(['ready', ['another_sheet_open']]);
    await google.agree();
    expect(merchant.arrivals).toEqual([]);

    await google.cancel();
    google.click(() => checkout.openSheet());
    expect(google.transaction?.totalPrice).toBe('42.50');
    await google.agree();
    expect(merchant.amounts).toEqual([4250]);
  });

  test('D4 the page comes back out of the cache: nothing is handed over', async () => {
    const { merchant, state, leaveAndReturn } = await opened();
    await leaveAndReturn();
    expect(state()).toBe('ready');
    expect(await google.agree()).toMatchObject({ transactionState: 'ERROR' });
    expect(merchant.arrivals).toEqual([]);
  });

  test('a challenge begins: is dismissed, so that the page can be seen', async () => {
    const { merchant } = await opened();
    expect(await google.agree('tok_challenge_1')).toEqual({ transactionState: 'SUCCESS' });
    expect(google.isOpen).toBe(false);
    expect(merchant.charges).toEqual([]);
  });

  test('the checkout is disposed of: hands nothing over', async () => {
    const { checkout, merchant } = await opened();
    checkout.dispose();
    expect(await google.agree()).toMatchObject({ transactionState: 'ERROR' });
    expect(merchant.arrivals).toEqual([]);
  });
});

describe('a change in the sheet', () => {
  const ADDRESS = {
    callbackTrigger: 'SHIPPING_ADDRESS',
    shippingAddress: { countryCode: 'US', postalCode: '94043', locality: 'Mountain View', administrativeArea: 'CA' },
  } as const;

  test('C5 scenario 23: the sheet shows the cart of the storefront, which is the one that is charged', async () => {
    const shippingOptions = [{ id: 'express', label: 'Express' }];
    const onChange = vi.fn(async (): Promise<GooglePayUpdate> => ({
      cart: cartOf(3700, 1200),
      newShippingOptionParameters: { shippingOptions },
    }));
    const { checkout, merchant } = await opened({ onChange });
    expect(await google.change(ADDRESS)).toMatchObject({
      newTransactionInfo: {
        totalPrice: '37.00',
        displayItems: [{ price: '25.00' }, { label: 'Express', price: '12.00' }],
      },
      newShippingOptionParameters: { shippingOptions },
    });
    expect(onChange).toHaveBeenCalledWith(expect.objectContaining(ADDRESS));
    expect(checkout.getSnapshot()).toMatchObject({ state: 'sheet_open', summary: { total: 3700 } });
    await google.agree();
    expect(merchant.amounts).toEqual([3700]);
  });

  test('that costs nothing shows the same total', async () => {
    await opened({ onChange: () => ({}) });
    expect(await google.change({ callbackTrigger: 'INITIALIZE' })).toMatchObject({
      newTransactionInfo: { totalPrice: '30.00' },
    });
  });

  test('that the storefront refuses is shown as refused', async () => {
    const error = {
      reason: 'SHIPPING_ADDRESS_UNSERVICEABLE',
      intent: 'SHIPPING_ADDRESS',
      message: 'Not there.',
    } as const;
    await opened({ onChange: () => ({ error }) });
    expect(await google.change(ADDRESS)).toMatchObject({ error });
    expect(google.message).toBe('Not there.');
  });

  test.each(['SHIPPING_ADDRESS', 'INITIALIZE'] as const)(
    'E1 at which the storefront fails or makes no cart is answered all the same: %s',
    async (callbackTrigger) => {
      const answers = [new Error('offline'), { cart: { ...CART, total: 0.5 } }];
      const { checkout, reported } = await opened({
        onChange: () => {
          const answer = answers.shift();
          if (answer instanceof Error) throw answer;
          return answer as GooglePayUpdate;
        },
      });
      for (let i = 0; i < 2; i += 1) {
        expect(await google.change({ ...ADDRESS, callbackTrigger })).toMatchObject({
          error: { reason: 'OTHER_ERROR' },
        });
      }
      expect(reported).toMatchObject([
        { code: 'port_failed', path: 'onChange' },
        { code: 'not_an_integer', path: 'total' },
      ]);
      expect(checkout.getSnapshot()).toMatchObject({ state: 'sheet_open', summary: { total: 3000 } });
    },
  );

  test('is answered in time, however long the storefront thinks', async () => {
    const { reported } = await opened({ onChange: () => new Promise(() => {}) });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const update = google.change(ADDRESS);
    await vi.advanceTimersByTimeAsync(25_000);
    expect(await update).toMatchObject({ error: { intent: 'SHIPPING_ADDRESS' } });
    expect(reported).toMatchObject([{ code: 'timeout', path: 'onChange' }]);
  });

  test('of a sheet that is over by the time of the answer changes nothing', async () => {
    const thinking = gate();
    const { checkout } = await opened({
      onChange: async () => {
        await thinking.passed;
        return { cart: cartOf(100) };
      },
    });
    const update = google.change(ADDRESS);
    checkout.setCart(OTHER_CART);
    thinking.open();
    expect(await update).toMatchObject({ error: { reason: 'OTHER_ERROR' } });
    expect(google.message).toMatch(/^Nothing is charged through this window/);
    expect(checkout.getSnapshot().summary?.total).toBe(4250);
  });
});

describe('whether to show the button', () => {
  test('is what Google says of the payment methods', async () => {
    expect(await wallet().isReadyToPay()).toBe(true);
    google.ready = false;
    expect(await wallet().isReadyToPay()).toBe(false);
  });

  test('is no where Google cannot tell', async () => {
    const onError = vi.fn();
    google.refusal = 'INTERNAL_ERROR';
    expect(await wallet({ onError }).isReadyToPay()).toBe(false);
    expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'sheet_failed' }));
  });
});

test.each([
  [{ onchange: () => ({}) }, 'unknown_option', 'onchange'],
  [{ request: null }, 'not_an_object', 'request'],
  [{ client: undefined }, 'not_a_function', 'client'],
  [{ onChange: {} }, 'not_a_function', 'onChange'],
  [{ closedText: 1 }, 'not_a_string', 'closedText'],
])('E1 a wrong option is an error: %j', (wrong, code, path) => {
  expect(() => wallet(wrong as never)).toThrow(expect.objectContaining({ code, path }) as Error);
  expect(() => wallet(wrong as never)).toThrow(ConfigError);
});
