/** Amounts as wallets want them: payonce counts in minor units, most sheets in major ones. */

import type { CartAdjustment, Summary } from '../types.js';

/** One row of a sheet. */
export interface Item {
  /** The storefront's name of it, or else its id or kind. */
  readonly label: string;
  /** Minor units. */
  readonly amount: number;
  /** What kind of adjustment it is; null for goods. */
  readonly kind: CartAdjustment['kind'] | null;
}

/**
 * An amount in major units: `12.34`, `-0.05`, `500` for yen. The form is that of `PaymentCurrencyAmount.value` of W3C
 * Payment Request.
 *
 * `decimals` are those of the summary, and so the core's. `Intl.NumberFormat` is no source for them: ECMA-402 wants
 * those of ISO 4217, but Node and Chromium give those of CLDR: 0 instead of 2 for HUF, COP, IDR, PKR and eleven more,
 * 0 instead of 3 for IQD (measured with ICU 78).
 */
export function decimal(minor: number, decimals: number): string {
  const digits = String(Math.abs(minor)).padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  return `${minor < 0 ? '-' : ''}${digits.slice(0, point)}${decimals ? '.' + digits.slice(point) : ''}`;
}

/** What a sheet lists above its total: goods, then adjustments, in the storefront's order. */
export function items({ lines, adjustments }: Summary): Item[] {
  return [
    ...lines.map(({ id, name = id, quantity, unitAmount }) => ({
      label: quantity > 1 ? `${name} × ${quantity}` : name,
      amount: quantity * unitAmount,
      kind: null,
    })),
    ...adjustments.map(({ kind, id = kind, label = id, amount }) => ({ label, amount, kind })),
  ];
}
