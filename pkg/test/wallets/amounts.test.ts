import { afterEach, describe, expect, test } from 'vitest';
import { CartError, type Summary } from '../../src/index.js';
import { decimal, items } from '../../src/wallets/amounts.js';
import { bench, CART, disposeAll } from '../harness.js';

afterEach(disposeAll);

/** What the core shows of a cart. */
async function summaries(): Promise<(cart: Parameters<typeof checkout.setCart>[0]) => Summary> {
  const { checkout } = await bench();
  return (cart) => {
    checkout.setCart(cart);
    return checkout.getSnapshot().summary as Summary;
  };
}

describe('an amount in major units', () => {
  test.each([
    [1234, 2, '12.34'],
    [100, 2, '1.00'],
    [5, 2, '0.05'],
    [-5, 2, '-0.05'],
    [0, 2, '0.00'],
    [-0, 2, '0.00'],
    [500, 0, '500'],
    [0, 0, '0'],
    [-500, 0, '-500'],
    [1234, 3, '1.234'],
    [1, 3, '0.001'],
    [12345, 4, '1.2345'],
    [Number.MAX_SAFE_INTEGER, 2, '90071992547409.91'],
    [-Number.MAX_SAFE_INTEGER, 0, '-9007199254740991'],
  ])('%d with %d decimals is %s', (minor, decimals, text) => {
    expect(decimal(minor, decimals)).toBe(text);
    expect(text).toMatch(/^-?[0-9]+(\.[0-9]+)?$/); // PaymentCurrencyAmount.value
  });

  test('C7 has the decimals of ISO 4217, by the core, where the platform has those of CLDR', async () => {
    const summary = await summaries();
    const decimals = (currency: string): number => summary({ ...CART, currency }).decimals;
    const iso = { USD: 2, EUR: 2, HUF: 2, COP: 2, IDR: 2, PKR: 2, JPY: 0, KRW: 0, ISK: 0, BHD: 3, IQD: 3, CLF: 4 };
    for (const [currency, expected] of Object.entries(iso))
      expect([currency, decimals(currency)]).toEqual([currency, expected]);
    // Whatever the core takes for money it can write, and reads back as the same amount.
    let known = 0;
    for (const currency of Intl.supportedValuesOf('currency')) {
      try {
        const text = decimal(1234567, decimals(currency));
        expect(Math.round(Number(text) * 10 ** decimals(currency))).toBe(1234567);
        known += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(CartError); // withdrawn, or a metal
      }
    }
    expect(known).toBeGreaterThan(150);
  });
});

describe('what a sheet lists', () => {
  test('C8 is goods and adjustments of the summary, by their names, or else their ids', async () => {
    const summary = await summaries();
    expect(items(summary(CART))).toEqual([
      { label: 'Mug × 2', amount: 2500, kind: null },
      { label: 'shipping', amount: 500, kind: 'shipping' },
    ]);
    const cart = {
      currency: 'JPY',
      lines: [{ id: 'cup', quantity: 1, unitAmount: 700 }],
      adjustments: [
        { kind: 'discount', id: 'SPRING', label: 'Spring sale', amount: -100 },
        { kind: 'fee', id: 'small-order', amount: 50 },
      ],
      total: 650,
    } as const;
    expect(items(summary(cart))).toEqual([
      { label: 'cup', amount: 700, kind: null },
      { label: 'Spring sale', amount: -100, kind: 'discount' },
      { label: 'small-order', amount: 50, kind: 'fee' },
    ]);
  });

  test('is empty for a cart that is known by its hash alone', async () => {
    const summary = await summaries();
    expect(items(summary({ hash: '9b7c1a', currency: 'EUR', total: 3000 }))).toEqual([]);
  });
});
