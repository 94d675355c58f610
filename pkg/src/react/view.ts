/** What a component sees of a checkout, from the moment before there is one. */

import type { PayonceError } from '../errors.js';
import type { Snapshot, State } from '../types.js';

/**
 * The snapshot, and what can be said before there is one. `state` tells which it is:
 *
 * - `loading`: the checkout is being started. So it looks on a server and in the first render of a browser, too.
 * - `unavailable`: it could not be started, `error` says why, and `restart()` tries again. Nothing can be paid.
 * - any other: it was started.
 */
export type CheckoutView = Unavailable | Available;

interface Unavailable extends Omit<Snapshot, 'state'> {
  readonly state: 'unavailable';
  /** `ConfigError`, `InitError`, `JournalError`: see `createCheckout`. */
  readonly error: PayonceError;
}

interface Available extends Omit<Snapshot, 'state'> {
  readonly state: 'loading' | State;
  /**
   * Why the cart that was set last is none, a `CartError`. The checkout still holds the cart before it, which is not
   * the one on the page: `canPay` is false until a valid one is set.
   */
  readonly error: PayonceError | null;
}

/** Nothing is known yet. The same object for server and browser, so that hydration finds what was rendered. */
export const LOADING: Available = Object.freeze({
  state: 'loading',
  error: null,
  canPay: false,
  canCheck: false,
  durable: false,
  online: true,
  cartWaiting: false,
  summary: null,
  session: null,
  attempt: null,
  receipt: null,
  notices: Object.freeze([]),
  spent: Object.freeze([]),
});
