/** A storefront with a cart of two mugs, a ledger, and a page that can go into the back/forward cache. */

import { vi } from 'vitest';
import type { Cart, Checkout, CheckoutOptions, NoticeCode, State, Wallet } from '../../src/index.js';
import { bench, CART, settled, type TestClock } from '../harness.js';
import { LedgerMerchant } from './ledger.js';

export interface Shop {
  readonly checkout: Checkout;
  readonly merchant: LedgerMerchant;
  readonly clock: TestClock;
  /** Reports to the page's error handling. */
  readonly reported: unknown[];
  state(): State;
  /** The codes of what the shopper is told. */
  told(): NoticeCode[];
  /** Sends the page into the back/forward cache and gets it back. */
  leaveAndReturn(): Promise<void>;
}

export async function shop(
  wallet: Wallet,
  cart: Cart | null = CART,
  options: Partial<CheckoutOptions> = {},
): Promise<Shop> {
  const page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  const merchant = new LedgerMerchant();
  const { checkout, clock, reported } = await bench({ ...options, merchant, wallet });
  if (cart) checkout.setCart(cart);
  return {
    checkout,
    merchant,
    clock,
    reported,
    state: () => checkout.getSnapshot().state,
    told: () => checkout.getSnapshot().notices.map(({ code }) => code),
    async leaveAndReturn() {
      for (const type of ['pagehide', 'pageshow']) {
        page.dispatchEvent(Object.assign(new Event(type), { persisted: true }));
        for (let i = 0; i < 10; i += 1) await settled();
      }
    },
  };
}

/** A cart that costs `total`, of which `shipping` is shipping. */
export function cartOf(total: number, shipping = 0): Cart {
  return {
    currency: 'USD',
    lines: [{ id: 'mug', quantity: 1, unitAmount: total - shipping, name: 'Mug' }],
    ...(shipping > 0 && { adjustments: [{ kind: 'shipping', amount: shipping, label: 'Express' }] }),
    total,
  };
}

/** Something that ends when the test says so. */
export function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open!: () => void;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}
