/** payonce's core through its wasm class, with all of its rules. */

import { WasmCheckout } from '../../node_modules/payonce/wasm/payonce.js';
import { Driver } from './driver';
import type { Participant } from './lifecycle';

export const CART = JSON.stringify({
  currency: 'USD',
  lines: [{ id: 'mug', quantity: 2, unitAmount: 1250, name: 'Mug' }],
  adjustments: [{ kind: 'shipping', amount: 500 }],
  total: 3000,
});

export const payonceCore: Participant = {
  name: 'payonce, core',
  make(seen) {
    const driver = new Driver<WasmCheckout>(
      (host) => new WasmCheckout(host, { profile: 'ietf' }, undefined, Date.now()),
      seen,
    );
    driver.handle((core, now) => core.cartShown(0, CART, undefined, now));
    return driver;
  },
};
