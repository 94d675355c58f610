/** The shop's cart: what the shopper chose, its editor, and the cart that payonce gets. Survives a reload. */

import type { Cart, CartAdjustment, CartLine } from 'payonce';
import { byId, h, s, setText } from './dom';
import { money } from './format';

export type Currency = 'USD' | 'JPY';

export interface Product {
  readonly id: string;
  readonly name: string;
  /** Minor units, tax included. */
  readonly price: Readonly<Record<Currency, number>>;
  readonly sizes: readonly string[];
}

export const PRODUCTS: readonly Product[] = [
  { id: 'mug', name: 'Stoneware mug', price: { USD: 1250, JPY: 1900 }, sizes: ['0.3 l', '0.5 l'] },
  { id: 'tote', name: 'Canvas tote', price: { USD: 1800, JPY: 2700 }, sizes: [] },
  { id: 'notebook', name: 'Dotted notebook', price: { USD: 950, JPY: 1400 }, sizes: ['A5', 'A6'] },
  { id: 'socks', name: 'Wool socks', price: { USD: 1400, JPY: 2100 }, sizes: ['S', 'M', 'L'] },
];

export interface Shipping {
  readonly id: string;
  readonly name: string;
  readonly price: Readonly<Record<Currency, number>>;
}

export const SHIPPING: readonly [Shipping, ...Shipping[]] = [
  { id: 'standard', name: 'Standard', price: { USD: 500, JPY: 700 } },
  { id: 'express', name: 'Express', price: { USD: 1200, JPY: 1800 } },
  { id: 'pickup', name: 'Pick-up', price: { USD: 0, JPY: 0 } },
];

export const MAX_QUANTITY = 99;

/** What the shopper chose. */
export interface Basket {
  readonly currency: Currency;
  readonly quantities: Readonly<Record<string, number>>;
  readonly sizes: Readonly<Record<string, string>>;
  readonly coupon: boolean;
  readonly shipping: string;
}

const FIRST: Basket = { currency: 'USD', quantities: { mug: 2 }, sizes: {}, coupon: false, shipping: 'standard' };
const STORED = 'payonce-demo-basket';

/** The basket, kept in this browser. */
export class BasketStore {
  #basket: Basket;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#basket = read();
    this.#changed = changed;
  }

  get basket(): Basket {
    return this.#basket;
  }

  /** Changes the basket, as the page's editor does. */
  change(change: Partial<Basket>): void {
    this.choose(change);
    this.#changed();
  }

  /** Changes the basket without a word: the sheet reports its changes itself. */
  choose(change: Partial<Basket>): void {
    this.#basket = { ...this.#basket, ...change };
    write(this.#basket);
  }

  empty(): void {
    this.change({ quantities: {} });
  }

  reset(): void {
    this.change(FIRST);
  }
}

/** What an earlier visit left, as far as it makes sense. */
function read(): Basket {
  let left: Partial<Record<keyof Basket, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(STORED) ?? '{}');
    if (typeof parsed === 'object' && parsed !== null) left = parsed;
  } catch {
    // No storage, or not our text: a fresh basket will do.
  }
  const quantities: Record<string, number> = {};
  const sizes: Record<string, string> = {};
  for (const { id, sizes: offered } of PRODUCTS) {
    const quantity = member(left.quantities ?? FIRST.quantities, id);
    if (Number.isInteger(quantity)) quantities[id] = Math.min(Math.max(Number(quantity), 0), MAX_QUANTITY);
    const size = member(left.sizes, id);
    if (typeof size === 'string' && offered.includes(size)) sizes[id] = size;
  }
  return {
    currency: left.currency === 'JPY' ? 'JPY' : 'USD',
    quantities,
    sizes,
    coupon: left.coupon === true,
    shipping: (SHIPPING.find(({ id }) => id === left.shipping) ?? SHIPPING[0]).id,
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function write(basket: Basket): void {
  try {
    localStorage.setItem(STORED, JSON.stringify(basket));
  } catch {
    // The basket lasts as long as the page, then.
  }
}

/** The cart that is to be paid; null when nothing is in it. */
export function toCart({ currency, quantities, sizes, coupon, shipping }: Basket): Cart | null {
  const lines: CartLine[] = [];
  for (const { id, name, price, sizes: offered } of PRODUCTS) {
    const quantity = quantities[id] ?? 0;
    if (quantity === 0) continue;
    const size = sizes[id] ?? offered[0];
    lines.push({ id, name, quantity, unitAmount: price[currency], ...(size !== undefined && { options: { size } }) });
  }
  if (lines.length === 0) return null;

  const goods = lines.reduce((sum, { quantity, unitAmount }) => sum + quantity * unitAmount, 0);
  const chosen = SHIPPING.find(({ id }) => id === shipping) ?? SHIPPING[0];
  const adjustments: CartAdjustment[] = [
    { kind: 'shipping', id: chosen.id, label: `${chosen.name} shipping`, amount: chosen.price[currency] },
  ];
  if (coupon) {
    adjustments.push({ kind: 'discount', id: 'WELCOME10', label: 'WELCOME10', amount: -Math.round(goods / 10) });
  }
  const total = adjustments.reduce((sum, { amount }) => sum + amount, goods);
  return { currency, lines, adjustments, total };
}

/** Shows the editor; `render` brings it up to date. */
export function cartEditor(store: BasketStore): { render(): void } {
  const rows = PRODUCTS.map((product) => productRow(product, store));
  byId('products').append(...rows.map(({ element }) => element));

  const coupon = byId<HTMLInputElement>('coupon');
  coupon.addEventListener('change', () => store.change({ coupon: coupon.checked }));

  const currencies = document.querySelectorAll<HTMLInputElement>('input[name="currency"]');
  for (const input of currencies) {
    input.addEventListener('change', () => store.change({ currency: input.value === 'JPY' ? 'JPY' : 'USD' }));
  }

  return {
    render() {
      const { basket } = store;
      const cart = toCart(basket);
      for (const row of rows) row.render();
      coupon.checked = basket.coupon;
      for (const input of currencies) input.checked = input.value === basket.currency;
      byId('sums').replaceChildren(...(cart === null ? [] : sums(cart, 'total')));
    },
  };
}

function productRow(product: Product, store: BasketStore): { element: HTMLElement; render(): void } {
  const { id, name, price, sizes } = product;
  const step = (by: number): void => {
    const { quantities } = store.basket;
    const quantity = Math.min(Math.max((quantities[id] ?? 0) + by, 0), MAX_QUANTITY);
    store.change({ quantities: { ...quantities, [id]: quantity } });
  };
  const button = (label: string, text: string, by: number, hook: string): HTMLButtonElement => {
    const element = h(
      'button',
      { type: 'button', 'aria-label': `${label} ${name}`, 'data-testid': `${hook}-${id}` },
      text,
    );
    element.addEventListener('click', () => step(by));
    return element;
  };
  const less = button('One less:', '−', -1, 'less');
  const more = button('One more:', '+', 1, 'more');
  const quantity = h('output', { 'aria-label': `Quantity of ${name}`, 'data-testid': `quantity-${id}` });
  const each = h('span', { class: 'fine' });
  const line = h('span', { class: 'line-total', 'data-testid': `line-${id}` });
  const size = h(
    'select',
    { 'aria-label': `Size of ${name}`, 'data-testid': `size-${id}` },
    ...sizes.map((value) => h('option', { value }, value)),
  );
  size.addEventListener('change', () => store.change({ sizes: { ...store.basket.sizes, [id]: size.value } }));

  const element = h(
    'li',
    {},
    s('svg', { class: 'picture', 'aria-hidden': 'true' }, s('use', { href: `/symbols.svg#${id}` })),
    h(
      'div',
      { class: 'product' },
      h('span', { class: 'name' }, name),
      h('div', { class: 'variant' }, each, sizes.length > 0 && size),
    ),
    h('div', { class: 'amounts' }, h('div', { class: 'stepper' }, less, quantity, more), line),
  );
  return {
    element,
    render() {
      const { currency, quantities, sizes: chosen } = store.basket;
      const count = quantities[id] ?? 0;
      element.classList.toggle('none', count === 0);
      less.disabled = count === 0;
      more.disabled = count === MAX_QUANTITY;
      setText(quantity, String(count));
      setText(each, money(price[currency], currency));
      setText(line, count === 0 ? '' : money(count * price[currency], currency));
      if (sizes.length > 0) size.value = chosen[id] ?? sizes[0] ?? '';
    },
  };
}

/** The adjustments and the total of a cart or of a receipt, as rows of a description list. */
export function sums(
  { currency, adjustments = [], total }: Pick<Cart, 'currency' | 'adjustments' | 'total'>,
  hook: string,
): HTMLElement[] {
  return [
    ...adjustments.map(({ kind, label, amount }) =>
      h('div', {}, h('dt', {}, label ?? kind), h('dd', {}, money(amount, currency))),
    ),
    h('div', { class: 'total' }, h('dt', {}, 'Total'), h('dd', { 'data-testid': hook }, money(total, currency))),
  ];
}
