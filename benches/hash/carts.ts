/** Carts like those of storefronts, the same in every run. */

import type { Cart, CartLine } from 'payonce';

const COLOURS = ['red', 'petrol', 'anthracite', 'crème'];
const SIZES = ['S', 'M', 'L', 'XL'];

/** A cart of that many lines. No two of different `variant` are alike in any line. */
export function cartOf(size: number, variant = 0): Cart {
  const lines = Array.from({ length: size }, (_, index) => lineOf(index, variant));
  const sum = lines.reduce((total, { quantity, unitAmount }) => total + quantity * unitAmount, 0);
  return {
    currency: 'EUR',
    lines,
    adjustments: [
      { kind: 'shipping', amount: 490, id: 'parcel', label: 'Parcel, 2 days' },
      { kind: 'discount', amount: -100 },
    ],
    total: sum + 390,
  };
}

function lineOf(index: number, variant: number): CartLine {
  // Multiplied by a prime, so that the lines are not in their order yet.
  const number = (index * 7919 + variant * 104_729) % 1_000_003;
  return {
    id: `sku-${number}-${variant}`,
    quantity: 1 + (number % 9),
    unitAmount: 100 + (number % 20_000),
    name: `Tea towel, pure linen, no. ${number}`,
    options: { size: SIZES[number % 4] ?? '', colour: COLOURS[number % 3] ?? '', gift: number % 5 === 0 },
  };
}

/** The cart with one line changed, as a page makes it that never changes an object: the other lines are the same. */
export function edited(cart: Cart, index: number, quantity: number): Cart {
  const line = cart.lines[index % cart.lines.length];
  if (line === undefined) throw new Error('a cart without lines');
  return { ...cart, lines: cart.lines.with(cart.lines.indexOf(line), { ...line, quantity }) };
}
