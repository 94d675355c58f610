'use client';

/**
 * payonce for React 18 and newer. The checkout itself lives in `store.ts`, outside of React.
 *
 *     <CheckoutProvider options={{ merchant, wallet }} cart={cart}>
 *       <Notices />
 *       <PayButton>Pay</PayButton>
 *     </CheckoutProvider>
 *
 * Nothing is started by rendering, so it is safe under StrictMode, in a suspended tree and on a server.
 */

import {
  type ComponentPropsWithoutRef,
  createContext,
  forwardRef,
  Fragment,
  type MouseEvent,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useInsertionEffect,
  useMemo,
  useRef,
  useSyncExternalStore,
} from 'react';
import { describe, type Locale, type LocaleTexts } from '../describe.js';
import { ConfigError } from '../errors.js';
import { en } from '../locales/en.js';
import type { Cart, Checkout, CheckoutOptions, HashedCart, Notice, Wallet } from '../types.js';
import { type CheckoutActions, type CheckoutStore, scopedStore, storeOf } from './store.js';
import { type CheckoutView, LOADING } from './view.js';

export type { CheckoutActions, CheckoutView };

// ---------------------------------------------------------------------------------------------------- the provider

interface Store extends Omit<CheckoutStore, 'subscribe'> {
  readonly subscribe: (listener: () => void) => () => void;
}

const Context = createContext<Store | null>(null);

export type CheckoutProviderProps = CheckoutSource & {
  /**
   * The cart on the page, null when it is empty. May be a new object at each render: an equal cart changes nothing.
   * Leave it out where `setCart` is called instead.
   */
  readonly cart?: Cart | HashedCart | null | undefined;
  /** The provider's object for this cart (PaymentIntent, Checkout Session id), if the backend made one. */
  readonly providerRef?: string | undefined;
  readonly children?: ReactNode;
};

type CheckoutSource =
  | {
      /**
       * As for `createCheckout`. They are read when the checkout starts, but for `recheckCart` and `onError`, which may
       * be other functions at each render. Another `scope` is another checkout. Need not be memoised.
       */
      readonly options: CheckoutOptions;
      readonly checkout?: never;
    }
  | {
      /** A checkout that the page made, and disposes of. */
      readonly checkout: Checkout;
      readonly options?: never;
    };

/**
 * Gives a checkout to the components within: the one of the options' `scope`, which all providers of that scope on the
 * page share, or the page's own. It starts when the first provider is mounted and is disposed of when the last one is
 * gone for good.
 */
export function CheckoutProvider({
  options,
  checkout,
  cart,
  providerRef,
  children,
}: CheckoutProviderProps): ReactElement {
  const latest = useRef(options);
  useInsertionEffect(() => {
    latest.current = options;
  });
  const scope = options?.scope ?? 'default';
  const store = useMemo((): Store => {
    const { subscribe, ...store } = checkout ? storeOf(checkout) : scopedStore(scope);
    return { ...store, subscribe: (listener) => subscribe(listener, latest) };
  }, [checkout, scope]);
  useEffect(() => store.subscribe(() => {}), [store]);

  const content = contentOf(cart);
  useEffect(() => {
    if (cart === undefined) return undefined;
    return store.showCart(cart, providerRef === undefined ? {} : { providerRef });
  }, [store, content, providerRef]);

  return <Context.Provider value={store}>{children}</Context.Provider>;
}

/** A cart is what it says, however often it is made anew. What cannot be said is itself, and `setCart` refuses it. */
function contentOf(cart: unknown): unknown {
  try {
    return JSON.stringify(cart);
  } catch {
    return cart;
  }
}

// ---------------------------------------------------------------------------------------------------- the hooks

function useStore(): Store {
  const store = useContext(Context);
  if (!store) throw new ConfigError('no_provider', null, 'there is no <CheckoutProvider> around this component');
  return store;
}

/**
 * The checkout of the nearest provider: what to show and what to do. The same object until something changed. Throws
 * ConfigError without a provider.
 */
export function useCheckout(): CheckoutView & CheckoutActions {
  const { actions } = useStore();
  const view = useCheckoutSelector(whole);
  return useMemo(() => ({ ...view, ...actions }), [view, actions]);
}

const whole = (view: CheckoutView): CheckoutView => view;

/**
 * A part of what `useCheckout` shows: renders again only when `selector` gives something that is not equal to what it
 * gave before. Neither function needs to be memoised.
 */
export function useCheckoutSelector<T>(
  selector: (view: CheckoutView) => T,
  isEqual: (a: T, b: T) => boolean = Object.is,
): T {
  const { subscribe, getView } = useStore();
  const shown = useRef<{ readonly value: T } | null>(null);
  const select = useMemo(() => {
    // React asks several times for one view, and takes a value for changed unless it is the same.
    let last: { readonly view: CheckoutView; readonly value: T } | null = null;
    return (view: CheckoutView): T => {
      if (last?.view !== view) {
        const value = selector(view);
        const before = last ?? shown.current;
        last = { view, value: before && isEqual(before.value, value) ? before.value : value };
      }
      return last.value;
    };
  }, [selector, isEqual]);
  const value = useSyncExternalStore(
    subscribe,
    () => select(getView()),
    () => select(LOADING),
  );
  useEffect(() => {
    shown.current = { value };
  });
  return value;
}

// ---------------------------------------------------------------------------------------------------- the button

/** States in which the shopper waits for a payment that the button began. */
const BUSY: readonly CheckoutView['state'][] = ['sheet_open', 'sending', 'waiting', 'action_required', 'settling'];

export interface PayButtonOptions {
  /** The wallet whose sheet is opened. Default: the checkout's. */
  readonly wallet?: Wallet | undefined;
}

/**
 * The properties of a button that opens the sheet, synchronously within the click. It is disabled while nothing can be
 * paid. While a payment is under way it is `aria-disabled`, not `disabled`: a button that the keyboard has just pressed
 * keeps the focus, and the sheet can give it back.
 */
export function usePayButton({ wallet }: PayButtonOptions = {}) {
  const { openSheet } = useStore().actions;
  const canPay = useCheckoutSelector((view) => view.canPay);
  const busy = useCheckoutSelector(({ state }) => BUSY.includes(state));
  return {
    type: 'button',
    disabled: !canPay && !busy,
    'aria-disabled': !canPay,
    'aria-busy': busy,
    onClick: () => openSheet(wallet && { wallet }),
  } as const;
}

/** A plain button that opens the sheet. An `onClick` of its own comes first, and may prevent that (`preventDefault`). */
export const PayButton = forwardRef<HTMLButtonElement, PayButtonOptions & ComponentPropsWithoutRef<'button'>>(
  function PayButton({ wallet, disabled, onClick, ...rest }, ref) {
    const pay = usePayButton({ wallet });
    const click = (event: MouseEvent<HTMLButtonElement>): void => {
      onClick?.(event);
      if (!event.defaultPrevented) pay.onClick();
    };
    return <button {...pay} {...rest} ref={ref} disabled={disabled || pay.disabled} onClick={click} />;
  },
);

// ---------------------------------------------------------------------------------------------------- the notices

export interface NoticesProps extends Omit<ComponentPropsWithoutRef<'div'>, 'children'> {
  /** The language of the texts, and their `lang`. Default: English. */
  readonly locale?: (LocaleTexts & Partial<Pick<Locale, 'language'>>) | undefined;
  /** How a notice looks. Default: a paragraph with `data-code` and `data-severity`. */
  readonly children?: ((notice: Notice, text: string) => ReactNode) | undefined;
}

/**
 * What the shopper should be told. Errors and warnings interrupt a screen reader (`role="alert"`), the rest waits its
 * turn (`role="status"`). Both are there from the first render on: a reader follows only regions that it knows.
 */
export function Notices({ locale = en, children: render = paragraph, ...rest }: NoticesProps): ReactElement {
  const notices = useCheckoutSelector((view) => view.notices);
  const show = (urgent: boolean): ReactNode =>
    notices
      .filter(({ severity }) => /error|warning/.test(severity) === urgent)
      .map((notice, index) => (
        <Fragment key={notice.code + index}>{render(notice, describe(notice, locale))}</Fragment>
      ));
  return (
    <div lang={locale.language} {...rest}>
      <div role="alert">{show(true)}</div>
      <div role="status">{show(false)}</div>
    </div>
  );
}

function paragraph({ code, severity }: Notice, text: string): ReactNode {
  return (
    <p data-code={code} data-severity={severity}>
      {text}
    </p>
  );
}
