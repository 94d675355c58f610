/** Apple Pay: every rule that its sheet brings, against a fake that keeps WebKit's own. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigError, PortError, type Summary } from '../../src/index.js';
import { type ApplePayOptions, type ApplePayUpdate, applePayWallet } from '../../src/wallets/apple-pay.js';
import { CART, disposeAll, OTHER_CART, settled } from '../harness.js';
import { FakeApplePay } from './fake-apple-pay.js';
import { cartOf, gate, shop, type Shop } from './shop.js';

let device: FakeApplePay;

beforeEach(() => {
  device = new FakeApplePay();
  vi.stubGlobal('ApplePaySession', device.ApplePaySession);
  vi.stubGlobal('ApplePayError', device.ApplePayError);
});
afterEach(async () => {
  vi.useRealTimers();
  await disposeAll();
});

function wallet(extra: Partial<ApplePayOptions> = {}) {
  return applePayWallet({
    version: 12,
    label: 'Shop',
    request: { countryCode: 'US', merchantCapabilities: ['supports3DS'], supportedNetworks: ['visa'] },
    validateMerchant: async () => ({ merchantSessionIdentifier: 'M1' }),
    ...extra,
  });
}

interface Open extends Shop {
  /** The session that is, or was, showing. */
  readonly sheet: InstanceType<FakeApplePay['ApplePaySession']>;
}

async function opened(extra: Partial<ApplePayOptions> = {}): Promise<Open> {
  const made = await shop(wallet(extra));
  expect(device.click(() => made.checkout.openSheet())).toBe(true);
  const { sheet } = device;
  if (!sheet) throw new Error('no sheet is showing');
  await settled();
  await settled();
  return { ...made, sheet };
}

/** Lets the attempt come to its end. */
async function ended(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await settled();
}

describe('a payment', () => {
  test('S1 begins the session within the click, C8 with the total of the cart, and is charged once', async () => {
    const { sheet, checkout, merchant, state, reported } = await opened();
    expect(sheet.request).toMatchObject({
      countryCode: 'US',
      currencyCode: 'USD',
      total: { label: 'Shop', amount: '30.00' },
      lineItems: [
        { label: 'Mug × 2', amount: '25.00' },
        { label: 'shipping', amount: '5.00' },
      ],
    });
    await sheet.agree('tok_approved_1');
    await ended();
    expect(sheet.result).toBe('success');
    expect(merchant.amounts).toEqual([3000]);
    // The token by its content, and the contacts beside it.
    expect(JSON.parse(merchant.tokens[0] as string)).toMatchObject({ paymentData: { data: 'tok_approved_1' } });
    expect(merchant.arrivals).toMatchObject([{ details: { billingContact: { postalCode: '94043' } } }]);
    expect(state()).toBe('succeeded');
    expect(JSON.stringify(checkout.getSnapshot()) + checkout.exportLog()).not.toMatch(/tok_approved|Lovelace|94043/);
    expect(reported).toEqual([]);
  });

  test('scenario 14: an authorization that comes twice is one attempt and is completed once', async () => {
    const { sheet, merchant, reported } = await opened();
    const bank = gate();
    merchant.bank = bank.passed;
    await sheet.agree('tok_approved_1');
    await sheet.authorizeAgain('tok_approved_2');
    bank.open();
    await ended();
    expect(merchant.charges).toHaveLength(1);
    expect([sheet.result, reported]).toEqual(['success', []]);
  });

  test('scenario 15: whose reply was lost is settled, and the sheet shows what is true', async () => {
    const { sheet, merchant, clock, state } = await opened();
    merchant.lost = 10;
    await sheet.agree();
    for (let i = 0; i < 40 && state() !== 'succeeded'; i += 1) await clock.advance(1000);
    expect(sheet.result).toBe('success');
    expect(merchant.charges).toHaveLength(1);
  });

  test('U1 of which nobody knows for too long is never shown as failed: the sheet closes, and the page goes on', async () => {
    const { sheet, merchant, state, told } = await opened();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const bank = gate();
    merchant.bank = bank.passed;
    void sheet.agree();
    await vi.advanceTimersByTimeAsync(27_900);
    expect(sheet.isOpen).toBe(true);
    await vi.advanceTimersByTimeAsync(2_000);
    expect([sheet.state, sheet.result, state()]).toEqual(['aborted', null, 'sending']);
    vi.useRealTimers();
    bank.open();
    await ended();
    expect([state(), told()]).toEqual(['succeeded', ['payment_received']]);
    expect(merchant.charges).toHaveLength(1);
  });
});

describe('the merchant', () => {
  test('is validated by the storefront, with the URL of the event', async () => {
    const validateMerchant = vi.fn(async () => ({ merchantSessionIdentifier: 'M2' }));
    const { sheet } = await opened({ validateMerchant });
    expect(validateMerchant).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('apple-pay-gateway'));
    expect(sheet.merchantSession).toEqual({ merchantSessionIdentifier: 'M2' });
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('no certificate'))],
    ['gives no session', () => Promise.resolve(null)],
  ])('that %s closes the sheet, and the page says so', async (_, validateMerchant) => {
    const { sheet, state, told, reported } = await opened({ validateMerchant });
    await ended();
    expect([sheet.state, state(), told()]).toEqual(['aborted', 'ready', ['sheet_unavailable']]);
    expect(reported).toMatchObject([{ code: 'port_failed', path: 'validateMerchant' }]);
  });

  test('that is validated after the shopper has left changes nothing', async () => {
    const session = gate();
    const { sheet, state, reported } = await opened({ validateMerchant: () => session.passed.then(() => ({})) });
    await sheet.cancel();
    session.open();
    await ended();
    expect([sheet.merchantSession, state(), reported]).toEqual([null, 'ready', []]);
  });
});

describe('a decline', () => {
  test('scenario 1: ends the sheet, which cannot ask for another card, and the next one takes it', async () => {
    const { sheet, checkout, merchant, state, told } = await opened();
    await sheet.agree('tok_insufficient_funds_1');
    await ended();
    expect([sheet.result, state(), told()]).toEqual(['failure', 'ready', ['payment_declined']]);

    device.click(() => checkout.openSheet());
    await ended();
    await device.sheet?.agree('tok_insufficient_funds_1'); // out of a cache
    await ended();
    expect(told()).toEqual(['fresh_token_needed']);
    expect(device.sheet).toBeUndefined();
    expect(merchant.tokens).toHaveLength(1);

    device.click(() => checkout.openSheet());
    await ended();
    await device.sheet?.agree();
    await ended();
    expect(state()).toBe('succeeded');
    expect(merchant.charges).toHaveLength(1);
    expect(device.sessions).toHaveLength(3);
  });

  test('about the postcode goes back to the sheet, where the shopper mends it', async () => {
    const { sheet, merchant, state } = await opened();
    await sheet.agree('tok_incorrect_zip_1');
    await ended();
    expect(sheet.errors).toMatchObject([{ code: 'billingContactInvalid', contactField: 'postalCode' }]);
    expect(sheet.errors[0]?.message).toMatch(/The postcode does not match this card/);
    expect([sheet.isOpen, state()]).toEqual([true, 'sheet_open']);

    await sheet.agree('tok_incorrect_zip_1'); // the same token again: never sent, and nothing to mend
    await ended();
    expect([sheet.isOpen, merchant.tokens.length]).toEqual([false, 1]);
  });

  test('about the postcode is paid with another token in the same sheet', async () => {
    const { sheet, merchant } = await opened();
    await sheet.agree('tok_incorrect_zip_1');
    await ended();
    await sheet.agree('tok_approved_2');
    await ended();
    expect([sheet.result, device.sessions.length]).toEqual(['success', 1]);
    expect(merchant.charges).toMatchObject([{ amount: 3000 }]);
    expect(merchant.tokens).toHaveLength(2);
  });

  test('is about whatever the storefront says', async () => {
    const explain = vi.fn(() => [new device.ApplePayError('shippingContactInvalid', 'name', 'Who?')]);
    const { sheet } = await opened({ explain });
    await sheet.agree('tok_do_not_honor_1');
    await ended();
    expect(explain).toHaveBeenCalledWith(expect.objectContaining({ code: 'payment_declined' }));
    expect(sheet.errors).toMatchObject([{ message: 'Who?' }]);
    expect(sheet.isOpen).toBe(true);
  });

  test('that the storefront cannot explain ends the sheet, as any other', async () => {
    const { sheet, told, reported } = await opened({
      explain: () => {
        throw new Error('ada@example.com');
      },
    });
    await sheet.agree('tok_incorrect_zip_1');
    await ended();
    expect([sheet.result, told()]).toEqual(['failure', ['payment_declined']]);
    expect(reported).toMatchObject([{ code: 'port_failed', path: 'explain' }]);
  });

  test('in mid-mending that the shopper does not want leaves them at the page, with the reason', async () => {
    const { sheet, state, told } = await opened();
    await sheet.agree('tok_incorrect_zip_1');
    await ended();
    await sheet.cancel();
    expect([state(), told()]).toEqual(['ready', ['payment_declined']]);
  });

  test('back in the sheet may wait for longer than an answer may', async () => {
    const { sheet } = await opened();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    void sheet.agree('tok_incorrect_zip_1');
    await vi.advanceTimersByTimeAsync(100);
    expect(sheet.errors).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sheet.isOpen).toBe(true);
  });

  test('for good is shown as one', async () => {
    const { sheet, state } = await opened();
    await sheet.agree('tok_refused_1');
    await ended();
    expect([sheet.result, state()]).toEqual(['failure', 'failed']);
  });
});

describe('a sheet that ends by itself', () => {
  test('S3: oncancel while the attempt is open does not mean that nothing is charged', async () => {
    const { sheet, merchant, state, told, reported } = await opened();
    const bank = gate();
    merchant.bank = bank.passed;
    await sheet.agree();
    await sheet.cancel();
    expect(state()).toBe('sending');
    bank.open();
    await ended();
    expect([state(), told(), reported]).toEqual(['succeeded', ['payment_received'], []]);
    expect(merchant.charges).toHaveLength(1);
  });

  test('without a payment is no error, and the next one is a new session', async () => {
    const { sheet, checkout, merchant, state, told } = await opened();
    await sheet.cancel();
    expect([state(), told()]).toEqual(['ready', []]);
    device.click(() => checkout.openSheet());
    await ended();
    expect(device.sheet).not.toBe(sheet);
    await device.sheet?.agree();
    await ended();
    expect(merchant.charges).toHaveLength(1);
  });

  test('and authorizes all the same reaches nobody, least of all the next sheet', async () => {
    const { sheet, checkout, merchant } = await opened();
    await sheet.cancel();
    device.click(() => checkout.openSheet());
    await ended();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await sheet.authorizeAgain('tok_approved_1');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(device.sheet?.isOpen).toBe(true);
    expect(merchant.arrivals).toEqual([]);
  });

  test('C4 had handed its token over with the hash of the cart that it showed', async () => {
    const made = wallet();
    const { checkout } = await shop(made);
    const summary = checkout.getSnapshot().summary as Summary;
    const tokenReceived = vi.fn(() => made.complete('success'));
    device.click(() => made.open({ tokenReceived, cartChanged() {}, cancelled() {}, failed() {}, busy() {} }, summary));
    await ended();
    await device.sheet?.agree();
    expect(tokenReceived).toHaveBeenCalledWith(expect.objectContaining({ cartHash: summary.cartHash }));
  });

  test('as late as its result comes is not asked again', async () => {
    // WebKit is cancelled before it says so: the answer in between finds no state to be legal in.
    const { sheet, merchant, state, told, reported } = await opened();
    await sheet.agree('tok_incorrect_zip_1').then(() => (sheet.state = 'canceled'));
    await ended();
    expect([state(), told()]).toEqual(['ready', ['payment_declined']]);
    expect(merchant.charges).toEqual([]);
    expect(reported).toEqual([]);
  });

  test('S4 because another one is showing is busy', async () => {
    device.elsewhere = true;
    const { checkout, state, told, reported } = await shop(wallet());
    expect(device.click(() => checkout.openSheet())).toBe(true);
    expect([state(), told(), reported]).toEqual(['ready', ['another_sheet_open'], []]);
  });

  test.each([
    ['outside of a click', () => {}],
    ['in a browser without it', () => vi.stubGlobal('ApplePaySession', undefined)],
  ])('at once, %s, is broken, and throws nothing at the storefront', async (_, prepare) => {
    const { checkout, state, told, reported } = await shop(wallet());
    prepare();
    expect(checkout.openSheet()).toBe(true);
    expect([state(), told()]).toEqual(['ready', ['sheet_unavailable']]);
    expect(reported).toMatchObject([{ code: 'sheet_failed', path: 'apple-pay' }]);
    expect((reported[0] as PortError).cause).toBeInstanceOf(Error);
  });

  test('because what it handed over is no payment is closed', async () => {
    const { sheet, merchant, told, reported } = await opened({ token: () => ({ token: 7 }) as never });
    await sheet.agree();
    expect([sheet.state, told(), merchant.arrivals]).toEqual(['aborted', ['sheet_unavailable'], []]);
    expect(reported).toMatchObject([{ code: 'not_an_object', path: 'token' }]);
  });
});

describe('a sheet that payonce ends', () => {
  test('C2 since the cart changed on the page', async () => {
    const { sheet, checkout, state, told, reported } = await opened();
    checkout.setCart(OTHER_CART);
    expect([sheet.state, state(), told(), reported]).toEqual(['aborted', 'ready', ['cart_changed'], []]);
  });

  test('D4 since the page comes back out of the cache, which has cancelled it: no error, and no charge', async () => {
    const { sheet, merchant, state, reported, leaveAndReturn } = await opened();
    sheet.state = 'canceled';
    await leaveAndReturn();
    expect([state(), reported]).toEqual(['ready', []]);
    await sheet.cancel();
    await sheet.authorizeAgain('tok_approved_1');
    expect(merchant.arrivals).toEqual([]);
  });

  test('since the bank asks for a challenge, which the page shows', async () => {
    const { sheet, merchant } = await opened();
    await sheet.agree('tok_challenge_1');
    await ended();
    expect([sheet.state, sheet.result]).toEqual(['aborted', null]);
    expect(merchant.charges).toEqual([]);
  });

  test('since the checkout is disposed of', async () => {
    const { sheet, checkout } = await opened();
    checkout.dispose();
    expect(sheet.state).toBe('aborted');
  });
});

describe('a change in the sheet', () => {
  const CONTACT = { shippingContact: { postalCode: '94043', countryCode: 'US' } };

  test.each([
    ['shippingcontactselected', CONTACT],
    [
      'shippingmethodselected',
      { shippingMethod: { label: 'Express', detail: '', amount: '12.00', identifier: 'express' } },
    ],
    ['paymentmethodselected', { paymentMethod: { network: 'Visa' } }],
    ['couponcodechanged', { couponCode: 'SPRING' }],
  ] as const)(
    'C5 scenario 23: %s shows the cart of the storefront, which is the one that is charged',
    async (name, data) => {
      const onChange = vi.fn(async (): Promise<ApplePayUpdate> => ({ cart: cartOf(3700, 1200) }));
      const { sheet, checkout, merchant } = await opened({ onChange });
      await sheet.change(name, data);
      await ended();
      expect(onChange).toHaveBeenCalledExactlyOnceWith(data);
      expect(sheet.total).toEqual({ label: 'Shop', amount: '37.00' });
      expect(sheet.items).toEqual([
        { label: 'Mug', amount: '25.00' },
        { label: 'Express', amount: '12.00' },
      ]);
      expect(checkout.getSnapshot()).toMatchObject({ state: 'sheet_open', summary: { total: 3700 } });
      await sheet.agree();
      await ended();
      expect(merchant.amounts).toEqual([3700]);
    },
  );

  test('of which the storefront knows nothing leaves the total, and is answered', async () => {
    const { sheet } = await opened();
    await sheet.change('paymentmethodselected', { paymentMethod: {} });
    expect([sheet.state, sheet.total.amount]).toEqual(['active', '30.00']);
  });

  test('that the storefront refuses is shown as refused', async () => {
    const errors = [new device.ApplePayError('addressUnserviceable', 'countryCode', 'Not there.')];
    const { sheet } = await opened({ onChange: () => ({ errors }) });
    await sheet.change('shippingcontactselected', CONTACT);
    await ended();
    expect([sheet.state, sheet.errors]).toEqual(['active', errors]);
  });

  test.each([
    ['fails', () => Promise.reject(new Error('94043 is offline')), { code: 'port_failed', path: 'onChange' }],
    ['makes no cart', () => ({ cart: { ...CART, total: 0.5 } }), { code: 'not_an_integer', path: 'total' }],
  ])('E1 at which the storefront %s closes the sheet', async (_, onChange, error) => {
    const { sheet, checkout, told, reported } = await opened({ onChange });
    await sheet.change('shippingcontactselected', CONTACT);
    await ended();
    expect([sheet.state, told()]).toEqual(['aborted', ['sheet_unavailable']]);
    expect(reported).toMatchObject([error]);
    expect(String(reported[0])).not.toContain('94043');
    expect(checkout.getSnapshot().summary?.total).toBe(3000);
  });

  test('at which the storefront thinks for too long closes the sheet before Apple does', async () => {
    const { sheet, reported } = await opened({ onChange: () => new Promise(() => {}) });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    void sheet.change('shippingcontactselected', CONTACT);
    await vi.advanceTimersByTimeAsync(31_000);
    expect([sheet.state, sheet.result]).toEqual(['aborted', null]);
    expect(reported).toMatchObject([{ code: 'timeout', path: 'onChange' }]);
  });

  test('of a sheet that is over by the time of the answer changes nothing', async () => {
    const thinking = gate();
    const { sheet, checkout, reported } = await opened({
      onChange: () => thinking.passed.then(() => ({ cart: cartOf(100) })),
    });
    await sheet.change('shippingcontactselected', CONTACT);
    checkout.setCart(OTHER_CART);
    thinking.open();
    await ended();
    expect([checkout.getSnapshot().summary?.total, reported]).toEqual([4250, []]);
  });
});

describe('whether to show the button', () => {
  test.each([
    ['yes', true, () => {}],
    ['no without a wallet', false, () => (device.can = false)],
    ['no in an older version', false, () => (device.newest = 11)],
    ['no in an insecure page', false, () => (device.secure = false)],
    ['no in another browser', false, () => vi.stubGlobal('ApplePaySession', undefined)],
  ])('is %s', (_, can, prepare) => {
    prepare();
    expect(wallet().canMakePayments()).toBe(can);
  });
});

test.each([
  [{ merchantIdentifier: 'm' }, 'unknown_option', 'merchantIdentifier'],
  [{ version: '3' }, 'not_a_number', 'version'],
  [{ label: undefined }, 'not_a_string', 'label'],
  [{ validateMerchant: 'https://shop.example' }, 'not_a_function', 'validateMerchant'],
])('E1 a wrong option is an error: %j', (wrong, code, path) => {
  expect(() => wallet(wrong as never)).toThrow(expect.objectContaining({ code, path }) as Error);
  expect(() => wallet(wrong as never)).toThrow(ConfigError);
});
