import { readFile } from 'node:fs/promises';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Cart, ConfigError, init, PortError, type Sheet, type Summary } from '../../src/index.js';
import {
  paymentRequestWallet,
  type PaymentRequestWallet,
  type PaymentRequestWalletOptions,
  type PaymentRequestAnswer,
} from '../../src/wallets/payment-request.js';
import { type Bench, bench, CART, disposeAll, last, OTHER_CART, settled } from '../harness.js';
import { FakeBrowser, type BrowserOptions } from './payment-request-fake.js';

const METHOD = 'https://wallet.example/pay';
const EXPRESS: Cart = { ...CART, adjustments: [{ kind: 'shipping', id: 'express', amount: 1200 }], total: 3700 };
const SHIPPING = [
  { id: 'standard', label: 'Standard', amount: 500, selected: true },
  { id: 'express', label: 'Express', amount: 1200 },
];

interface Shop extends Bench {
  readonly browser: FakeBrowser;
  readonly port: PaymentRequestWallet;
  /** The shopper clicks the pay button. */
  click(): boolean;
  state(): string;
  told(): readonly string[];
  /** The tokens that were sent. */
  sent(): readonly unknown[];
}

async function shop(
  options: Partial<PaymentRequestWalletOptions> = {},
  { cart = CART, ...browserOptions }: BrowserOptions & { cart?: Cart } = {},
): Promise<Shop> {
  const browser = new FakeBrowser(browserOptions);
  const port = paymentRequestWallet({ methods: [{ supportedMethods: METHOD }], ...options });
  const made = await bench({ wallet: port });
  made.checkout.setCart(cart);
  return {
    ...made,
    browser,
    port,
    click: () => browser.click(() => made.checkout.openSheet()),
    state: () => made.checkout.getSnapshot().state,
    told: () => made.checkout.getSnapshot().notices.map(({ code }) => code),
    sent: () => made.merchant.sends.map(({ request }) => (JSON.parse(request.body) as { token: string }).token),
  };
}

/** A shop whose shopper has just agreed: the first send is out. */
async function agreed(...given: Parameters<typeof shop>): Promise<Shop> {
  const made = await shop(...given);
  made.click();
  made.browser.sheet.accept({ details: { token: 'tok_first' } });
  await settled();
  return made;
}

const DECLINED = { outcome: 'declined', code: 'insufficient_funds' } as const;
const APPROVED = { outcome: 'approved', reference: 'ch_1' } as const;

async function decline({ merchant }: Bench): Promise<void> {
  last(merchant.sends).resolve(DECLINED);
  await settled();
}

async function approve({ merchant }: Bench): Promise<void> {
  last(merchant.sends).resolve(APPROVED);
  await settled();
}

beforeAll(async () => {
  await init(await readFile(new URL('../../wasm/payonce_bg.wasm', import.meta.url)));
});
afterEach(disposeAll);

describe('paymentRequestWallet: paying', () => {
  it('S1: shows the sheet within the click, with the total of the page', async () => {
    const { click, browser, checkout } = await shop();
    expect(click()).toBe(true);
    const { details, methods } = browser.sheet;
    expect(methods).toEqual([{ supportedMethods: METHOD }]);
    expect(details).toEqual({
      total: { label: 'Total', amount: { currency: 'USD', value: '30.00' } },
      displayItems: [
        { label: 'Mug × 2', amount: { currency: 'USD', value: '25.00' } },
        { label: 'shipping', amount: { currency: 'USD', value: '5.00' } },
      ],
    });
    expect(checkout.getSnapshot().state).toBe('sheet_open');
  });

  it.each([
    ['JPY', 500, '500'],
    ['BHD', 12345, '12.345'],
    ['IQD', 5, '0.005'],
  ])('C7: writes %s %i as %s', async (currency, total, value) => {
    const { click, browser } = await shop(
      {},
      { cart: { currency, lines: [{ id: 'x', quantity: 1, unitAmount: total }], total } },
    );
    click();
    expect(browser.sheet.details.total?.amount).toEqual({ currency, value });
  });

  it('leaves out the items of a cart that is too long for a sheet, and cuts what is too long for a label', async () => {
    const line = { id: 'x', quantity: 1, unitAmount: 1, name: 'x'.repeat(2000) };
    const { click, browser, checkout } = await shop({}, { cart: { ...CART, lines: [line] } });
    click();
    expect(browser.sheet.details.displayItems?.[0]?.label).toHaveLength(1024);
    checkout.setCart({ ...CART, lines: Array.from({ length: 1025 }, (_, id) => ({ ...line, id: String(id) })) });
    await settled();
    click();
    expect(browser.sheet.details.displayItems).toEqual([]);
    expect(browser.sheet.details.total?.amount.value).toBe('30.00');
  });

  it('hands over the details as the token, and beside it what the sheet was to ask for', async () => {
    const made = await shop({ options: { requestPayerEmail: true } });
    made.click();
    made.browser.sheet.accept({ details: { id: 't', kind: 'card' }, payerEmail: 'ada@example.org' });
    await settled();
    const body = JSON.parse(last(made.merchant.sends).request.body) as { token: string; details: unknown };
    expect(JSON.parse(body.token)).toEqual({ id: 't', kind: 'card' });
    expect(body.details).toEqual({
      methodName: METHOD,
      payerName: null,
      payerEmail: 'ada@example.org',
      payerPhone: null,
      shippingAddress: null,
      shippingOption: null,
    });
    await approve(made);
    expect(made.state()).toBe('succeeded');
    expect(made.browser.completed).toEqual(['success']);
    expect(made.reported).toEqual([]);
  });

  it('hands over what `token` reads', async () => {
    const token = ({ details }: PaymentResponse) => ({
      token: (details as { token: string }).token,
      details: { a: 1 },
    });
    const made = await agreed({ token });
    expect(JSON.parse(last(made.merchant.sends).request.body)).toMatchObject({ token: 'tok_first', details: { a: 1 } });
  });

  it('C4: says which cart the sheet showed', async () => {
    const { browser, port, checkout } = await shop();
    const tokenReceived = vi.fn();
    const sheet: Sheet = { tokenReceived, cartChanged() {}, cancelled() {}, failed() {}, busy() {} };
    const summary = { ...(checkout.getSnapshot().summary as Summary), cartHash: 'shown' };
    browser.click(() => port.open(sheet, summary));
    browser.sheet.accept({ details: { token: 'tok_first' } });
    await settled();
    expect(tokenReceived).toHaveBeenCalledWith(expect.objectContaining({ cartHash: 'shown' }));
  });

  it('T6: a token that cannot be read fails the sheet and is not quoted', async () => {
    const token = ({ details }: PaymentResponse): never => {
      throw new Error(`cannot read ${JSON.stringify(details)}`);
    };
    const made = await agreed({ token });
    expect(made.state()).toBe('ready');
    expect(made.told()).toEqual(['sheet_unavailable']);
    expect(made.browser.completed).toEqual(['fail']);
    expect(made.reported).toEqual([expect.any(PortError)]);
    expect(String(made.reported[0])).not.toContain('tok_first');
    expect(made.merchant.sends).toHaveLength(0);
  });
});

describe('paymentRequestWallet: after a decline', () => {
  it('T2: asks in the same sheet, says why, and takes the fresh token of the same response', async () => {
    const made = await agreed({ token: ({ details }) => ({ token: (details as { token: string }).token }) });
    const { response } = made.browser.sheet;
    await decline(made);
    expect(made.state()).toBe('sheet_open');
    expect(response?.errors?.error).toContain('There is not enough money available on this card.');
    made.browser.sheet.accept({ details: { token: 'tok_second' } });
    await settled();
    expect(made.sent()).toEqual(['tok_first', 'tok_second']);
    await approve(made);
    expect(made.browser.requests).toHaveLength(1);
    expect(made.browser.completed).toEqual(['success']);
  });

  it('T3: the same token once more stays here; the third time the sheet is closed', async () => {
    const made = await agreed();
    await decline(made);
    const { response } = made.browser.sheet;
    made.browser.sheet.accept({ details: { token: 'tok_first' } });
    await settled();
    expect(made.state()).toBe('sheet_open');
    expect(response?.errors?.error).toContain('already used');
    made.browser.sheet.accept({ details: { token: 'tok_first' } });
    await settled();
    expect(made.state()).toBe('ready');
    expect(made.told()).toEqual(['fresh_token_needed']);
    expect(made.browser.completed).toEqual(['unknown']);
    expect(made.merchant.sends).toHaveLength(1);
  });

  it('T5: another token in the same object is a fresh one', async () => {
    const made = await agreed();
    const before = made.browser.sheet.response?.details;
    await decline(made);
    made.browser.sheet.accept({ details: { token: 'tok_second' } });
    await settled();
    expect(made.browser.sheet.response?.details).toBe(before);
    expect(made.sent()).toEqual(['{"token":"tok_first"}', '{"token":"tok_second"}']);
  });

  it('says what `explain` says', async () => {
    const explain = vi.fn(() => ({ error: 'Nope.', payer: { email: 'Not this one.' } }));
    const made = await agreed({ explain });
    const { response } = made.browser.sheet;
    await decline(made);
    expect(explain).toHaveBeenCalledWith(expect.objectContaining({ code: 'payment_declined' }));
    expect(response?.errors).toEqual({ error: 'Nope.', payer: { email: 'Not this one.' } });
  });

  it('says a text as the error of the whole', async () => {
    const made = await agreed({ explain: ({ code }) => `Weil: ${code}` });
    const { response } = made.browser.sheet;
    await decline(made);
    expect(response?.errors).toEqual({ error: 'Weil: payment_declined' });
  });

  it('says the default where `explain` throws', async () => {
    const explain = (): never => {
      throw new Error('no');
    };
    const made = await agreed({ explain });
    const { response } = made.browser.sheet;
    await decline(made);
    expect(made.state()).toBe('sheet_open');
    expect(response?.errors?.error).toContain('not enough money');
    expect(made.reported).toEqual([expect.objectContaining({ code: 'port_failed', path: 'explain' })]);
  });

  it('ends the sheet where the browser takes no such errors', async () => {
    const made = await agreed({ explain: () => ({ payer: 'x' }) as PaymentValidationErrors });
    await decline(made);
    expect(made.state()).toBe('ready');
    expect(made.told()).toEqual(['payment_declined']);
    expect(made.browser.completed).toEqual(['fail']);
    expect(made.reported).toEqual([expect.objectContaining({ code: 'port_failed', path: 'explain' })]);
  });

  it('closed by the shopper when asked again: cancelled, and the decline stays on the page', async () => {
    const made = await agreed();
    await decline(made);
    made.browser.sheet.cancel();
    await settled();
    expect(made.state()).toBe('ready');
    expect(made.told()).toEqual(['payment_declined']);
    expect(made.click()).toBe(true);
    expect(made.reported).toEqual([]);
  });

  it('S3: closed by the shopper while the payment is processed: that cancels nothing', async () => {
    const made = await agreed();
    made.browser.sheet.cancel();
    await settled();
    expect(made.state()).toBe('sending');
    await approve(made);
    expect(made.state()).toBe('succeeded');
  });

  it('closed by the shopper while the payment is processed, and declined: ready for the next sheet', async () => {
    const made = await agreed();
    made.browser.sheet.cancel();
    await decline(made);
    expect(made.state()).toBe('ready');
    expect(made.told()).toEqual(['payment_declined']);
    expect(made.click()).toBe(true);
    expect(made.reported).toEqual([]);
  });

  it('shows the failure and closes where it may not ask again', async () => {
    const made = await agreed({ retriesInPlace: false });
    await decline(made);
    expect(made.state()).toBe('ready');
    expect(made.browser.completed).toEqual(['fail']);
  });
});

describe('paymentRequestWallet: a sheet that does not come to its end', () => {
  it('cancelled by the shopper', async () => {
    const made = await shop();
    made.click();
    await settled();
    made.browser.sheet.cancel();
    await settled();
    expect([made.state(), ...made.told()]).toEqual(['ready']);
    expect(made.reported).toEqual([]);
  });

  it.each(['chromium', 'webkit'] as const)('S4: another sheet is showing, in %s', async (engine) => {
    const made = await shop({}, { engine });
    made.browser.showing = 'elsewhere';
    made.click();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([made.state(), ...made.told()]).toEqual(['ready', 'another_sheet_open']);
    made.browser.showing = null;
    expect(made.click()).toBe(true);
    await settled();
    expect(made.state()).toBe('sheet_open');
  });

  it('no wallet for the method: the shopper is told, and so is the page', async () => {
    const made = await shop();
    made.browser.wallets = [];
    made.click();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([made.state(), ...made.told()]).toEqual(['ready', 'sheet_unavailable']);
    expect(made.reported).toEqual([
      expect.objectContaining({
        code: 'sheet_failed',
        cause: expect.objectContaining({ name: 'NotSupportedError' }) as unknown,
      }),
    ]);
  });

  it('not within a click', async () => {
    const onError = vi.fn();
    const made = await shop({ onError });
    made.checkout.openSheet();
    await settled();
    expect([made.state(), ...made.told()]).toEqual(['ready', 'sheet_unavailable']);
    expect(onError).toHaveBeenCalledWith(
      expect.objectContaining({
        code: 'sheet_failed',
        cause: expect.objectContaining({ name: 'SecurityError' }) as unknown,
      }),
    );
    expect(made.reported).toEqual([]);
  });

  it('a request that the browser does not even make', async () => {
    const made = await shop({ methods: [{ supportedMethods: '!' }] });
    made.click();
    await settled();
    expect([made.state(), ...made.told()]).toEqual(['ready', 'sheet_unavailable']);
    expect(made.reported).toEqual([expect.any(PortError)]);
  });

  it('C2: the cart changes on the page: the sheet is aborted', async () => {
    const made = await shop();
    made.click();
    made.checkout.setCart(OTHER_CART);
    await settled();
    expect(made.browser.completed).toEqual(['aborted']);
    expect([made.state(), ...made.told()]).toEqual(['ready', 'cart_changed']);
  });

  it('C2: what comes from a sheet that could not be aborted goes nowhere', async () => {
    const made = await shop();
    made.browser.letsGo = false;
    made.click();
    const { sheet } = made.browser;
    made.checkout.setCart(OTHER_CART);
    await settled();
    expect(made.browser.completed).toEqual([]);
    sheet.accept({ details: { token: 'tok_late' } });
    await settled();
    expect(made.browser.completed).toEqual(['unknown']);
    expect(made.merchant.sends).toHaveLength(0);
    expect(made.state()).toBe('ready');
  });

  it('an older sheet that says something late says nothing of the newer one', async () => {
    const made = await shop();
    made.browser.letsGo = false;
    made.click();
    const older = made.browser.sheet;
    made.checkout.setCart(OTHER_CART);
    made.browser.showing = null; // its wallet hangs, and the browser takes no notice
    made.click();
    const newer = made.browser.sheet;
    older.cancel();
    made.browser.showing = newer;
    await settled();
    expect(made.state()).toBe('sheet_open');
    newer.accept({ details: { token: 'tok_new' } });
    await settled();
    expect(made.sent()).toEqual(['{"token":"tok_new"}']);
  });

  it.each(['chromium', 'webkit'] as const)(
    'U6: an outcome from elsewhere while the sheet asks again, in %s',
    async (engine) => {
      const made = await agreed({}, { engine });
      const { sheet } = made.browser;
      const { key } = last(made.merchant.sends).request;
      await decline(made);
      made.checkout.reportOutcome(key, APPROVED);
      await settled();
      expect(made.state()).toBe('succeeded');
      // WebKit aborts no retry: there the shopper has the last word, which nobody hears.
      if (engine === 'webkit') sheet.accept({ details: { token: 'tok_second' } });
      await settled();
      expect(made.browser.completed).toEqual([engine === 'webkit' ? 'unknown' : 'aborted']);
      expect(made.merchant.sends).toHaveLength(1);
    },
  );
});

describe('paymentRequestWallet: changes in the sheet', () => {
  const address = { country: 'NO', city: 'Tromsø' };
  const withShipping = (
    answer: (address: PaymentAddress) => PaymentRequestAnswer,
  ): Partial<PaymentRequestWalletOptions> => ({
    options: { requestShipping: true },
    shippingOptions: () => SHIPPING,
    onShippingAddressChange: answer,
  });

  it('C5, C8: another address: one total in the sheet, on the page and in the attempt', async () => {
    const seen: unknown[] = [];
    const made = await shop(
      withShipping(async (where) => {
        seen.push(where);
        return { cart: EXPRESS, shippingOptions: SHIPPING.map((o) => ({ ...o, selected: o.id === 'express' })) };
      }),
    );
    made.click();
    const { sheet } = made.browser;
    expect(sheet.details.shippingOptions?.map(({ amount }) => amount.value)).toEqual(['5.00', '12.00']);
    const { session } = made.checkout.getSnapshot();
    await sheet.change('shippingaddresschange', { address });
    expect(seen).toEqual([address]);
    expect(sheet.details.total?.amount.value).toBe('37.00');
    expect(sheet.details.displayItems?.map(({ label }) => label)).toEqual(['Mug × 2', 'express']);
    expect(sheet.shippingOption).toBe('express');
    const { summary, session: after } = made.checkout.getSnapshot();
    expect([summary?.total, after?.id]).toEqual([3700, session?.id]);
    sheet.accept({ details: { token: 'tok_first' } });
    await settled();
    const { cart, cartHash, details } = JSON.parse(last(made.merchant.sends).request.body) as Record<string, unknown>;
    expect(cart).toMatchObject({ total: 3700 });
    expect(cartHash).toBe(summary?.cartHash);
    expect(details).toMatchObject({ shippingAddress: address, shippingOption: 'express' });
  });

  it('another option stays chosen where the answer has no options', async () => {
    const chosen: string[] = [];
    const made = await shop({
      ...withShipping(() => ({})),
      onShippingOptionChange: (id) => {
        chosen.push(id);
        return { cart: EXPRESS };
      },
    });
    made.click();
    const { sheet } = made.browser;
    await sheet.change('shippingoptionchange', { option: 'express' });
    expect(chosen).toEqual(['express']);
    expect([sheet.shippingOption, sheet.details.total?.amount.value]).toEqual(['express', '37.00']);
    await sheet.change('shippingaddresschange', { address });
    expect([sheet.shippingOption, sheet.details.total?.amount.value]).toEqual(['express', '37.00']);
  });

  it('another payment method', async () => {
    const swapped = vi.fn(() => ({ cart: OTHER_CART }));
    const made = await shop({ onPaymentMethodChange: swapped });
    made.click();
    await made.browser.sheet.change('paymentmethodchange', { methodName: METHOD, methodDetails: { kind: 'debit' } });
    expect(swapped).toHaveBeenCalledWith(METHOD, { kind: 'debit' });
    expect(made.browser.sheet.details.total?.amount.value).toBe('42.50');
  });

  it('another e-mail after a decline; listened for once', async () => {
    const corrected = vi.fn(() => ({ cart: OTHER_CART }));
    const made = await agreed({ onPayerDetailChange: corrected });
    await decline(made);
    made.browser.sheet.accept({ details: { token: 'tok_second' } });
    await settled();
    await decline(made);
    await made.browser.sheet.change('payerdetailchange');
    expect(corrected).toHaveBeenCalledTimes(1);
    expect(corrected).toHaveBeenCalledWith(made.browser.sheet.response);
    expect(made.browser.sheet.details.total?.amount.value).toBe('42.50');
    expect(made.checkout.getSnapshot().summary?.total).toBe(4250);
  });

  it('a refusal in the storefront’s words leaves no way of shipping, until the next address', async () => {
    const answers: PaymentRequestAnswer[] = [{ error: 'We do not ship there.' }, {}];
    const made = await shop(withShipping(() => answers.shift() ?? {}));
    made.click();
    const { sheet } = made.browser;
    await sheet.change('shippingaddresschange', { address });
    expect(sheet.details).toMatchObject({ error: 'We do not ship there.', shippingOptions: [] });
    await sheet.change('shippingaddresschange', { address });
    expect(sheet.details.error).toBeUndefined();
    expect(sheet.details.shippingOptions).toHaveLength(2);
    expect(made.reported).toEqual([]);
  });

  it.each<[string, () => PaymentRequestAnswer, object]>([
    ['an invalid cart', () => ({ cart: { ...CART, total: 0.5 } }), { name: 'CartError', path: 'total' }],
    ['a handler that rejects', () => Promise.reject(new Error('Elm Street 5')), { code: 'port_failed' }],
    ['no answer at all', () => undefined as never, { code: 'port_failed' }],
  ])('E1: %s becomes an error in the sheet, which goes on with what it showed', async (_, answer, error) => {
    const made = await shop(withShipping(answer));
    made.click();
    const { sheet } = made.browser;
    await sheet.change('shippingaddresschange', { address });
    expect(sheet.updating).toBe(false);
    expect(sheet.details).toMatchObject({
      error: 'This change could not be made. Please choose something else. You have not been charged.',
      shippingOptions: [],
      total: { amount: { value: '30.00' } },
    });
    expect(made.checkout.getSnapshot().summary?.total).toBe(3000);
    expect(made.reported).toEqual([expect.objectContaining(error)]);
    expect(String(made.reported[0])).not.toContain('Elm');
  });

  it('a handler that takes too long becomes an error in the sheet, before the browser gives up', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const made = await shop(withShipping(() => new Promise(() => {})));
      made.click();
      const { sheet } = made.browser;
      const changed = sheet.change('shippingaddresschange', { address });
      await vi.advanceTimersByTimeAsync(25_000);
      await changed;
      expect(sheet.details.error).toContain('could not be made');
      expect(made.reported).toEqual([expect.objectContaining({ code: 'timeout', path: 'onShippingAddressChange' })]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('C2: an answer that comes after the sheet was closed changes nothing', async () => {
    let resolve!: (change: { cart: Cart }) => void;
    const made = await shop(withShipping(() => new Promise((resolved) => (resolve = resolved))));
    made.click();
    const changed = made.browser.sheet.change('shippingaddresschange', { address });
    made.checkout.setCart(OTHER_CART);
    resolve({ cart: EXPRESS });
    await changed;
    await settled();
    expect(made.checkout.getSnapshot()).toMatchObject({ state: 'ready', summary: { total: 4250 } });
    expect(made.reported).toEqual([]);
  });
});

describe('paymentRequestWallet: what is asked of it', () => {
  it('says whether there is a wallet, and never throws', async () => {
    const { browser, port } = await shop();
    expect(await port.canMakePayment()).toBe(true);
    browser.wallets = [];
    expect(await port.canMakePayment()).toBe(false);
    expect(await paymentRequestWallet({ methods: [{ supportedMethods: '!' }] }).canMakePayment()).toBe(false);
    vi.stubGlobal('PaymentRequest', undefined);
    expect(await port.canMakePayment()).toBe(false);
  });

  it('retries in place where the browser can', () => {
    new FakeBrowser();
    const methods = [{ supportedMethods: METHOD }];
    expect(paymentRequestWallet({ methods }).retriesInPlace).toBe(true);
    vi.stubGlobal('PaymentResponse', class {});
    expect(paymentRequestWallet({ methods }).retriesInPlace).toBe(false);
    vi.stubGlobal('PaymentResponse', undefined); // on a server
    expect(paymentRequestWallet({ methods }).retriesInPlace).toBe(false);
  });

  it.each<[string, object | undefined, string | null]>([
    ['not_an_object', undefined, null],
    ['not_an_object', {}, 'methods'],
    ['not_a_list', { methods: {} }, 'methods'],
    ['not_a_list', { methods: [] }, 'methods'],
    ['not_an_object', { methods: [1], options: true }, 'options'],
    ['not_a_string', { methods: [1], totalLabel: 7 }, 'totalLabel'],
    ['unknown_option', { methods: [1], onAddressChange: () => ({}) }, 'onAddressChange'],
    ['not_a_boolean', { methods: [1], retriesInPlace: 'yes' }, 'retriesInPlace'],
    ['not_a_function', { methods: [1], onShippingAddressChange: {} }, 'onShippingAddressChange'],
  ])('E1: %s: %j', (code, options, path) => {
    const make = (): unknown => paymentRequestWallet(options as PaymentRequestWalletOptions);
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(expect.objectContaining({ code, path }) as Error);
  });
});
