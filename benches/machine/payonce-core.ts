/** payonce's core through its wasm class, with all of its rules. */

import type { AttemptView, Notice, Receipt } from 'payonce';
import { WasmCheckout } from '../../node_modules/payonce/wasm/payonce.js';
import { Driver, STATES } from './driver';
import type { Participant } from './lifecycle';

export const CART = JSON.stringify({
  currency: 'USD',
  lines: [{ id: 'mug', quantity: 2, unitAmount: 1250, name: 'Mug' }],
  adjustments: [{ kind: 'shipping', amount: 500 }],
  total: 3000,
});

/** As in payonce's driver. */
function snapshot(
  state: number,
  flags: number,
  summary: unknown,
  session: unknown,
  attempt: AttemptView | undefined,
  receipt: Receipt | undefined,
  notices: readonly Notice[],
  spent: unknown,
) {
  return {
    state: STATES[state] as string,
    canPay: (flags & 1) !== 0,
    canCheck: (flags & 2) !== 0,
    durable: (flags & 4) !== 0,
    online: (flags & 8) !== 0,
    cartWaiting: (flags & 16) !== 0,
    summary,
    session,
    attempt: attempt ?? null,
    receipt: receipt ?? null,
    notices,
    spent,
  };
}

export const payonceCore: Participant = {
  name: 'payonce, core',
  make(seen) {
    const driver = new Driver<WasmCheckout>(
      (effects) => new WasmCheckout({ ...effects, snapshot }, { profile: 'ietf' }, undefined, Date.now()),
      seen,
    );
    driver.handle((core, now) => core.setCart(CART, undefined, now));
    return driver;
  },
};
