/**
 * A checkout that lives for as long as somebody looks at it. Knows no React: the hooks are in `index.tsx`.
 *
 * React mounts and unmounts as it likes: twice under StrictMode, again after an edit (Fast Refresh) or under another
 * key, or never where a render was suspended and thrown away. None of that is about the payment. So rendering starts
 * nothing; the first subscriber starts the checkout; and it is disposed of only where nobody has subscribed again by the
 * end of the task in which the last one left. Then the journal has what the next one must know.
 */

import { createCheckout } from '../checkout.js';
import { InitError, InternalError, PayonceError, reporter } from '../errors.js';
import type { Cart, Checkout, CheckoutOptions, HashedCart, SetCartOptions, Snapshot } from '../types.js';
import '../wasm-url.js'; // a page may need nothing of `payonce` but its types
import { type CheckoutView, LOADING } from './view.js';

/** The options as the component that gives them rendered last; undefined where it gives a checkout. */
export interface Latest {
  current: CheckoutOptions | undefined;
}

/** What a component does with a checkout. All of it works detached, and at any time. */
export interface CheckoutActions extends Pick<
  Checkout,
  'openSheet' | 'checkAgain' | 'acknowledge' | 'reportOutcome' | 'exportLog'
> {
  /**
   * The cart on the page now; null when it was emptied. An equal cart changes nothing. It does not throw: an invalid
   * cart changes nothing but `error` and `canPay`. What is set before the checkout has started is kept until then.
   */
  readonly setCart: (cart: Cart | HashedCart | null, options?: SetCartOptions) => void;
  /** Tries again to start a checkout that is `unavailable`; else it does nothing. */
  readonly restart: () => void;
}

export interface CheckoutStore {
  readonly actions: CheckoutActions;
  /** The same object until something changed. */
  readonly getView: () => CheckoutView;
  /**
   * What the page shows as its cart, as `setCart`. Returns how to take that back: then what another part of the page
   * still shows counts again.
   */
  readonly showCart: (...cart: Parameters<CheckoutActions['setCart']>) => () => void;
  /** Calls `listener` after every change of the view. Returns how to stop that. */
  readonly subscribe: (listener: () => void, options: Latest) => () => void;
}

const scopes = new Map<string, CheckoutStore>();

/**
 * The store of a scope: always the same one, because two checkouts of one scope compete for one journal and one lock.
 * The options of whoever subscribes first start its checkout.
 */
export function scopedStore(scope: string): CheckoutStore {
  const store = scopes.get(scope) ?? makeStore();
  // A server renders for many shoppers, each with a scope, and never subscribes.
  if (typeof document !== 'undefined') scopes.set(scope, store);
  return store;
}

/** A store around a checkout of the page's own, who disposes of it. */
export function storeOf(checkout: Checkout): CheckoutStore {
  return makeStore(checkout);
}

function makeStore(given?: Checkout): CheckoutStore {
  const listeners = new Map<() => void, Latest>();
  let last: Latest | undefined;
  let stage: 'idle' | 'starting' | 'started' | 'failed' = 'idle';
  let checkout = given;
  let unsubscribe: (() => void) | undefined;
  let cart: Parameters<CheckoutActions['setCart']> | undefined;
  /** What is shown, in the order in which it was said. */
  const shown = new Set<NonNullable<typeof cart>>();
  /** Why it is `unavailable`, or else why the cart is none. */
  let error: PayonceError | null = null;
  let view: CheckoutView = LOADING;
  let seen: Snapshot | undefined;

  /** The options of whoever came last and is still here. */
  function latest(): CheckoutOptions | undefined {
    for (const options of listeners.values()) last = options;
    return last?.current;
  }

  function report(fault: unknown): void {
    reporter(latest()?.onError)(fault);
  }

  function tell(): void {
    for (const listener of [...listeners.keys()]) listener();
  }

  function fail(thrown: unknown): void {
    error = thrown instanceof PayonceError ? thrown : new InternalError(thrown);
    report(error);
  }

  async function start(): Promise<void> {
    stage = 'starting';
    error = null;
    try {
      checkout = given ?? (await createCheckout(followed(latest, report)));
      if (cart) put(cart);
      unsubscribe = checkout.subscribe(tell);
      stage = 'started';
    } catch (thrown) {
      checkout = undefined;
      stage = 'failed';
      fail(thrown);
    }
    tell();
    stop(); // where everybody has left meanwhile
  }

  function stop(): void {
    if (listeners.size > 0 || stage === 'starting') return;
    unsubscribe?.();
    if (!given) checkout?.dispose();
    unsubscribe = cart = undefined;
    checkout = given;
    error = null;
    stage = 'idle';
  }

  function put(next: NonNullable<typeof cart>): void {
    cart = next;
    if (!checkout) return;
    const before = error;
    error = null;
    try {
      checkout.setCart(...next);
    } catch (thrown) {
      fail(thrown);
    }
    if (error !== before) tell();
  }

  return {
    actions: {
      setCart: (...next) => put(next),
      openSheet: (options) => !error && (checkout?.openSheet(options) ?? false),
      checkAgain: () => checkout?.checkAgain() ?? false,
      acknowledge() {
        const done = checkout?.acknowledge() ?? false;
        // A page that goes on showing the cart buys the same again. One that is about to empty it has done so by then.
        setTimeout(() => {
          if (done && cart && checkout?.getSnapshot().state === 'empty') put(cart);
        });
        return done;
      },
      reportOutcome: (key, outcome) => checkout?.reportOutcome(key, outcome) ?? false,
      exportLog() {
        if (!checkout) throw new InitError('not_started', null, 'a checkout that is loading or unavailable has no log');
        return checkout.exportLog();
      },
      restart() {
        if (stage !== 'failed') return;
        void start();
        tell();
      },
    },
    getView() {
      const snapshot = checkout?.getSnapshot();
      if (snapshot !== seen || error !== view.error) {
        seen = snapshot;
        if (snapshot) view = Object.freeze({ ...snapshot, canPay: snapshot.canPay && !error, error });
        else view = error ? Object.freeze({ ...LOADING, state: 'unavailable', error }) : LOADING;
      }
      return view;
    },
    showCart(...next) {
      shown.add(next);
      put(next);
      return () => {
        shown.delete(next);
        // As with `stop`: whoever only mounts again says it again by the end of the task.
        setTimeout(() => {
          const rest = [...shown].pop();
          if (cart === next && rest) put(rest);
        });
      };
    },
    subscribe(listener, options) {
      listeners.set(listener, options);
      if (stage === 'idle') void start();
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) setTimeout(stop);
      };
    },
  };
}

/**
 * The options, with callbacks that follow what was rendered last: a component makes new ones with each render, of what
 * it knows by then. Whatever is wrong with the options is for `createCheckout` to say.
 */
function followed(latest: () => CheckoutOptions | undefined, report: (error: unknown) => void): CheckoutOptions {
  const options = latest();
  const { recheckCart, onError } = options ?? {};
  return {
    ...options,
    onError: onError === undefined || typeof onError === 'function' ? report : onError,
    ...(typeof recheckCart === 'function' && { recheckCart: () => (latest()?.recheckCart ?? recheckCart)() }),
  } as CheckoutOptions;
}
