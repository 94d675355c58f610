/**
 * Stripe's Express Checkout Element, paid by ConfirmationTokens. See docs/wallets/stripe-express-checkout.md.
 *
 * The element has buttons of its own, so that it is the one that opens the sheet: its click asks the checkout, which
 * asks the wallet, all within the second that Stripe allows. Source:
 * https://docs.stripe.com/js/elements_object/express_checkout_element_click_event and the pages around it.
 */

import { PortError, type Report, reporter } from '../errors.js';
import type { Checkout, Sheet, Summary, Wallet } from '../types.js';
import { items } from './amounts.js';
import { checkOptions, inTime, type SheetChange, withheld } from './sheet.js';

// The types below are those of @stripe/stripe-js, as far as payonce looks into them: nobody has to install those.

/** An address; before the payment was agreed to, its lines are missing. */
export interface ExpressCheckoutAddress {
  readonly line1?: string;
  readonly line2?: string | null;
  readonly city: string;
  readonly state: string;
  readonly postal_code: string;
  readonly country: string;
}

/** `ShippingRate` */
export interface ExpressCheckoutRate {
  id: string;
  /** In Stripe's minor units. */
  amount: number;
  displayName: string;
}

/** What the shopper changed in the sheet: one of these. */
export type ExpressCheckoutChange =
  | { readonly shippingAddress: { readonly name: string; readonly address: ExpressCheckoutAddress } }
  | { readonly shippingRate: ExpressCheckoutRate };

/** The storefront's answer: a cart, and what of `ChangeResolveDetails` is not made of it. */
export interface ExpressCheckoutUpdate extends SheetChange {
  readonly shippingRates?: ExpressCheckoutRate[];
  readonly applePay?: object;
}

interface Answerable {
  readonly resolve: (details?: never) => void;
  readonly reject: () => void;
}

/** `StripeExpressCheckoutElementClickEvent` */
export interface ExpressCheckoutClick extends Answerable {
  readonly expressPaymentType: string;
}

/** `StripeExpressCheckoutElementConfirmEvent` */
export interface ExpressCheckoutConfirm {
  readonly expressPaymentType: string;
  readonly billingDetails?: object | undefined;
  readonly shippingAddress?: object | undefined;
  readonly shippingRate?: ExpressCheckoutRate | undefined;
  readonly paymentFailed: (payload?: { reason?: 'fail' }) => void;
}

interface Events {
  click: ExpressCheckoutClick;
  confirm: ExpressCheckoutConfirm;
  cancel: object;
  shippingaddresschange: Answerable & { readonly name: string; readonly address: ExpressCheckoutAddress };
  shippingratechange: Answerable & { readonly shippingRate: ExpressCheckoutRate };
}

/** `StripeExpressCheckoutElement` */
export interface ExpressCheckoutElement {
  on(event: 'click', handler: (event: Events['click']) => unknown): unknown;
  on(event: 'confirm', handler: (event: Events['confirm']) => unknown): unknown;
  on(event: 'cancel', handler: (event: Events['cancel']) => unknown): unknown;
  on(event: 'shippingaddresschange', handler: (event: Events['shippingaddresschange']) => unknown): unknown;
  on(event: 'shippingratechange', handler: (event: Events['shippingratechange']) => unknown): unknown;
  off(event: 'click', handler: (event: Events['click']) => unknown): unknown;
  off(event: 'confirm', handler: (event: Events['confirm']) => unknown): unknown;
  off(event: 'cancel', handler: (event: Events['cancel']) => unknown): unknown;
  off(event: 'shippingaddresschange', handler: (event: Events['shippingaddresschange']) => unknown): unknown;
  off(event: 'shippingratechange', handler: (event: Events['shippingratechange']) => unknown): unknown;
}

/** `StripeError`; the rest of it may hold billing details. */
interface StripeFault {
  readonly type: string;
  readonly code?: string | undefined;
}

/** `Stripe` */
export interface ExpressCheckoutStripe {
  createConfirmationToken(options: never): Promise<{
    readonly confirmationToken?: { readonly id: string; readonly expires_at: number } | undefined;
    readonly error?: StripeFault | undefined;
  }>;
}

/** `StripeElements`, made with `mode: 'payment'`. */
export interface ExpressCheckoutElements {
  update(options: { amount: number; currency: string }): unknown;
  submit(): Promise<{ readonly error?: StripeFault | undefined }>;
}

export interface ExpressCheckoutOptions {
  readonly stripe: ExpressCheckoutStripe;
  readonly elements: ExpressCheckoutElements;
  /** `elements.create('expressCheckout', ...)` */
  readonly element: ExpressCheckoutElement;
  /** What else the sheet is to know (`ClickResolveDetails`), by the click on its button. Given at once: Stripe waits 1 s. */
  readonly onClick?: (click: Pick<ExpressCheckoutClick, 'expressPaymentType'>) => {
    readonly shippingRates?: ExpressCheckoutRate[];
    readonly applePay?: object;
  };
  /** The shopper changed address or shipping rate. It has 25 s; by throwing it refuses the change. */
  readonly onChange?: (change: ExpressCheckoutChange) => ExpressCheckoutUpdate | Promise<ExpressCheckoutUpdate>;
  /** `params` of `createConfirmationToken`: `return_url`, say. */
  readonly params?: object;
  /** Told why a sheet broke or was not answered. Default: the page's error handling (`reportError`). */
  readonly onError?: Report;
}

export interface ExpressCheckoutWallet extends Wallet {
  /**
   * Has the element's buttons open the sheet of `checkout`, and the elements show the amount of its cart. Returns how to
   * end that. The wallet need not be the checkout's default one.
   */
  bind(checkout: Checkout): () => void;
}

interface Confirmation {
  readonly event: ExpressCheckoutConfirm;
  taken: boolean;
}

const NAME = 'stripe-express-checkout';

/** An amount in Stripe's minor units. They are those of ISO 4217 but for these: https://docs.stripe.com/currencies. */
function inUnits(minor: number, currency: string): number {
  if (currency === 'ISK' || currency === 'UGX') return minor * 100;
  return currency === 'MGA' ? minor / 100 : minor;
}

/** The wallet port for Stripe's Express Checkout Element. Throws ConfigError on a wrong option. */
export function expressCheckoutWallet(options: ExpressCheckoutOptions): ExpressCheckoutWallet {
  checkOptions(options, {
    stripe: 'object',
    elements: 'object',
    element: 'object',
    onClick: 'function?',
    onChange: 'function?',
    params: 'object?',
    onError: 'function?',
  });
  const { stripe, elements, element, onClick, onChange, params } = options;
  const report = reporter(options.onError);
  /** The sheet that payonce knows of; Stripe may show one that is over. */
  let sheet: Sheet | undefined;
  let summary: Summary | undefined;
  /** What the elements show. */
  let shown = '';
  /** The click that is being handled, until it is answered. */
  let clicked: ExpressCheckoutClick | undefined;
  /** The confirmation of which the attempt is, and whether its token was taken. */
  let confirmed: Confirmation | undefined;

  function failed(error?: StripeFault): PortError {
    return new PortError('sheet_failed', NAME, error ? (error.code ?? error.type) : '');
  }

  /** Has the elements show what would be paid. Throws what Stripe throws at an amount that it cannot take. */
  function show(toPay: Summary): void {
    summary = toPay;
    const amount = { amount: inUnits(toPay.total, toPay.currency), currency: toPay.currency.toLowerCase() };
    const text = JSON.stringify(amount);
    if (text === shown) return;
    void Promise.resolve(elements.update(amount)).catch(() => report(failed()));
    shown = text;
  }

  /** What the sheet lists. Stripe refuses items that cost more than the amount, and the total is the storefront's word. */
  function lineItems(): { lineItems?: { name: string; amount: number }[] } {
    if (!summary) return {};
    const { currency, total } = summary;
    const rows = items(summary);
    if (rows.reduce((sum, { amount }) => sum + amount, 0) > total) return {};
    return { lineItems: rows.map(({ label, amount }) => ({ name: label, amount: inUnits(amount, currency) })) };
  }

  /** Ends the sheet, which payonce has not asked for. */
  function over(how: 'cancelled' | 'failed'): void {
    const last = sheet;
    forget();
    last?.[how]();
  }

  function forget(): void {
    sheet = undefined;
    confirmed = undefined;
  }

  async function confirm(event: ExpressCheckoutConfirm): Promise<void> {
    const mine = sheet;
    // What the shopper confirms in a sheet that is over makes no token, and so is never charged.
    if (!mine) return event.paymentFailed({ reason: 'fail' });
    if (confirmed) return;
    const own: Confirmation = (confirmed = { event, taken: false });
    const { expressPaymentType, billingDetails, shippingAddress, shippingRate } = event;
    const cartHash = summary?.cartHash;
    try {
      const submitted = await elements.submit();
      if (submitted.error) throw failed(submitted.error);
      const made = await stripe.createConfirmationToken({ elements, ...(params && { params }) } as never);
      if (!made.confirmationToken) throw failed(made.error);
      const { id, expires_at: expiresAt } = made.confirmationToken;
      mine.tokenReceived({
        token: id,
        expiresAt: expiresAt * 1000,
        ...(cartHash !== undefined && { cartHash }),
        details: { expressPaymentType, billingDetails, shippingAddress, shippingRate },
      });
      own.taken = true;
    } catch (error) {
      if (sheet !== mine) return;
      report(error instanceof PortError ? error : failed());
      event.paymentFailed({ reason: 'fail' });
      over('failed');
    }
  }

  async function change(
    event: Answerable,
    made: ExpressCheckoutChange,
    ask: NonNullable<typeof onChange>,
  ): Promise<void> {
    const mine = sheet;
    try {
      const { cart, ...update } = await inTime('onChange', () => ask(made));
      if (cart && mine && mine === sheet) mine.cartChanged(cart); // which calls `update`
      if (mine && mine === sheet) return event.resolve({ ...lineItems(), ...update } as never);
    } catch (error) {
      report(withheld('onChange', error));
    }
    event.reject();
  }

  const wallet: ExpressCheckoutWallet = {
    // After a decline the wallet in Stripe's sheet may hand out the token that was declined: it is not asked again.
    // https://github.com/stripe/react-stripe-js/issues/581
    retriesInPlace: false,

    open(next, toPay) {
      const event = clicked;
      clicked = undefined;
      try {
        // The element alone can open it, and only in its click.
        if (!event) throw failed();
        show(toPay);
        event.resolve({ ...lineItems(), ...onClick?.({ expressPaymentType: event.expressPaymentType }) } as never);
        sheet = next;
      } catch (error) {
        event?.reject();
        report(error instanceof PortError ? error : failed());
        next.failed();
      }
    },

    retry() {
      over('cancelled');
    },

    update(toPay) {
      try {
        show(toPay);
      } catch {
        report(failed());
        over('failed');
      }
    },

    complete(result) {
      const last = confirmed;
      forget();
      if (result === 'failure') last?.event.paymentFailed({ reason: 'fail' });
    },

    // What became of a token that was taken nobody says: that sheet is left to Stripe, which closes it.
    close() {
      const last = confirmed;
      forget();
      if (last?.taken === false) last.event.paymentFailed({ reason: 'fail' });
    },

    bind(checkout) {
      const follow = (): void => {
        const { summary: toPay } = checkout.getSnapshot();
        try {
          if (toPay) show(toPay);
        } catch {
          // `open` meets it again, and reports it.
        }
      };
      const handlers: { [Name in keyof Events]?: (event: Events[Name]) => unknown } = {
        click(event) {
          clicked = event;
          try {
            checkout.openSheet({ wallet });
          } catch (error) {
            report(error);
          }
          clicked?.reject();
          clicked = undefined;
        },
        confirm,
        cancel: () => over('cancelled'),
        ...(onChange && {
          shippingaddresschange: (event) => {
            const { name, address } = event;
            return change(event, { shippingAddress: { name, address } }, onChange);
          },
          shippingratechange: (event) => change(event, { shippingRate: event.shippingRate }, onChange),
        }),
      };
      const each = (how: 'on' | 'off'): void => {
        for (const [name, handler] of Object.entries(handlers)) element[how](name as 'click', handler as () => unknown);
      };
      const unsubscribe = checkout.subscribe(follow);
      each('on');
      follow();
      return () => {
        each('off');
        unsubscribe();
        over('cancelled'); // nobody hears of it any more
      };
    },
  };
  return wallet;
}
