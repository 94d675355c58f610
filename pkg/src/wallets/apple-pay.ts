/**
 * Apple Pay on the web, by Safari's `ApplePaySession` or Apple's SDK. See docs/wallets/apple-pay.md.
 *
 * A session is one sheet. Each of its events waits for one answer, for 30 s, and takes it in the state alone that the
 * event brought about; a failure without errors ends it. Source: https://developer.apple.com/documentation/apple_pay_on_the_web
 * and WebKit's ApplePaySession.cpp.
 */

import { describe } from '../describe.js';
import { type Report, reporter } from '../errors.js';
import type { Notice, Sheet, Summary, Wallet, WalletToken } from '../types.js';
import { decimal, items } from './amounts.js';
import { broken, checkOptions, explained, inTime, type SheetChange, withheld } from './sheet.js';

// The types below are those of @types/applepayjs, as far as payonce looks into them: nobody has to install those.

/** `ApplePayJS.ApplePayPaymentContact`; before the payment was agreed to, its finer parts are missing. */
export interface ApplePayContact {
  readonly emailAddress?: string | undefined;
  readonly phoneNumber?: string | undefined;
  readonly givenName?: string | undefined;
  readonly familyName?: string | undefined;
  readonly addressLines?: string[] | undefined;
  readonly locality?: string | undefined;
  readonly administrativeArea?: string | undefined;
  readonly postalCode?: string | undefined;
  readonly country?: string | undefined;
  readonly countryCode?: string | undefined;
}

/** `ApplePayJS.ApplePayPayment`: what the shopper agreed to. */
export interface ApplePayPayment {
  readonly token: {
    readonly paymentData: object;
    readonly paymentMethod: object;
    readonly transactionIdentifier: string;
  };
  readonly billingContact?: ApplePayContact | undefined;
  readonly shippingContact?: ApplePayContact | undefined;
}

/** `ApplePayJS.ApplePayError`: made by `new ApplePayError(code, contactField, message)`. */
export interface ApplePayContactError {
  code: string;
  contactField?: string | undefined;
  message: string;
}

/** `ApplePayJS.ApplePayShippingMethod` */
export interface ApplePayShippingMethod {
  label: string;
  detail: string;
  /** In major units: `12.34`. */
  amount: string;
  identifier: string;
}

/** What the shopper changed in the sheet: one of these. */
export type ApplePayChange =
  | { readonly shippingContact: ApplePayContact }
  | { readonly shippingMethod: ApplePayShippingMethod }
  | { readonly paymentMethod: object }
  | { readonly couponCode: string };

/** The storefront's answer: a cart, and what of Apple's update is not made of it. */
export interface ApplePayUpdate extends SheetChange {
  readonly newShippingMethods?: ApplePayShippingMethod[];
  /** Why the shopper cannot have what they chose. */
  readonly errors?: ApplePayContactError[];
}

/** `ApplePayJS.ApplePayPaymentRequest`, as far as it is not made of the cart: whatever Apple knows may be in it. */
export interface ApplePayRequest {
  readonly countryCode: string;
  readonly merchantCapabilities: readonly string[];
  readonly supportedNetworks: readonly string[];
}

export interface ApplePayOptions<Request extends ApplePayRequest = ApplePayRequest> {
  /** The version of the API that the storefront needs: 3 for errors about addresses, 12 for coupons. */
  readonly version: number;
  readonly request: Request;
  /** Whom the shopper pays: the label of the total. */
  readonly label: string;
  /** Has the backend ask Apple for a merchant session, by the URL of the event. It has 25 s. */
  readonly validateMerchant: (validationURL: string) => Promise<unknown>;
  /** The shopper changed something in the sheet. It has 25 s to answer. Default: the cart stays as it is. */
  readonly onChange?: (change: ApplePayChange) => ApplePayUpdate | Promise<ApplePayUpdate>;
  /** What is sent of a payment. Default: Apple's token, with both contacts as details. */
  readonly token?: (payment: ApplePayPayment) => WalletToken;
  /**
   * What the shopper can mend in the sheet after a decline. Without errors the sheet ends, and the page says why.
   * Default: the postcode or the address of the card, where the decline is about that.
   */
  readonly explain?: (why: Notice) => readonly ApplePayContactError[];
  /** Told why a sheet broke or was not answered. Default: the page's error handling (`reportError`). */
  readonly onError?: Report;
}

export interface ApplePayWallet extends Wallet {
  /** Whether to show the button: whether this is Apple Pay, in that version. Never throws. */
  canMakePayments(): boolean;
}

/** The answers to the events of a change, by the name of the event. */
interface Completions {
  paymentmethodselected: 'completePaymentMethodSelection';
  shippingcontactselected: 'completeShippingContactSelection';
  shippingmethodselected: 'completeShippingMethodSelection';
  couponcodechanged: 'completeCouponCodeChange';
}

type Completion = Completions[keyof Completions];
type EventName = keyof Completions | 'cancel' | 'paymentauthorized' | 'validatemerchant';

/** `ApplePaySession` */
export type ApplePaySessionLike = {
  begin(): void;
  abort(): void;
  completeMerchantValidation(merchantSession: never): void;
  completePayment(result: { status: number; errors?: never[] }): void;
} & { [Name in Completion]: (update: { newTotal: { label: string; amount: string } }) => void } & {
  [Name in `on${EventName}`]: (event: never) => void;
};

export interface ApplePaySessionClass {
  new (version: number, request: never): ApplePaySessionLike;
  canMakePayments(): boolean;
  supportsVersion(version: number): boolean;
  readonly STATUS_SUCCESS: number;
  readonly STATUS_FAILURE: number;
}

/** A sheet that is showing. */
interface Shown {
  readonly sheet: Sheet;
  readonly session: ApplePaySessionLike;
  /** Runs while a payment waits for its result. */
  timer?: ReturnType<typeof setTimeout>;
}

const NAME = 'apple-pay';

const COMPLETIONS: Completions = {
  paymentmethodselected: 'completePaymentMethodSelection',
  shippingcontactselected: 'completeShippingContactSelection',
  shippingmethodselected: 'completeShippingMethodSelection',
  couponcodechanged: 'completeCouponCodeChange',
};

/** Of a change's event, what the storefront is told. */
const CHANGES = ['shippingContact', 'shippingMethod', 'paymentMethod', 'couponCode'];

/** Declines that are about a field of the billing contact. */
const FIELDS: Readonly<Record<string, string>> = {
  incorrect_zip: 'postalCode',
  postcode_invalid: 'postalCode',
  incorrect_address: 'postalAddress',
};

/**
 * How long the sheet waits for the result of a payment, in ms. After 30 s Apple's says by itself that the payment was
 * not completed, which nobody knows (rule U1): it is closed before that, and the page says what is true.
 */
const PATIENCE = 28_000;

const vendor = globalThis as {
  ApplePaySession?: ApplePaySessionClass;
  ApplePayError?: new (code: string, contactField?: string, message?: string) => ApplePayContactError;
};

/** The wallet port for Apple Pay. Throws ConfigError on a wrong option. */
export function applePayWallet<Request extends ApplePayRequest>(options: ApplePayOptions<Request>): ApplePayWallet {
  checkOptions(options, {
    version: 'number',
    request: 'object',
    label: 'string',
    validateMerchant: 'function',
    onChange: 'function?',
    token: 'function?',
    explain: 'function?',
    onError: 'function?',
  });
  const { version, request, label, validateMerchant, onChange, token = tokenOf, explain = contactErrors } = options;
  const report = reporter(options.onError);
  let shown: Shown | undefined;
  let summary: Summary;

  /** Ends what is showing: nothing that it says reaches anybody any more. Returns its session. */
  function forget(): ApplePaySessionLike | undefined {
    const session = shown?.session;
    clearTimeout(shown?.timer);
    shown = undefined;
    return session;
  }

  /** Says something to a session that may have ended by now, of which the page is told later. Tells whether it heard. */
  function tell(say: () => void): boolean {
    try {
      say();
      return true;
    } catch {
      return false;
    }
  }

  /** Ends the sheet, which payonce has not asked for. */
  function abandon(how: 'cancelled' | 'failed', error?: unknown): void {
    const over = shown?.sheet;
    const session = forget();
    tell(() => session?.abort());
    if (error !== undefined) report(error);
    over?.[how]();
  }

  function total(): { label: string; amount: string } {
    return { label, amount: decimal(summary.total, summary.decimals) };
  }

  function lines(): { label: string; amount: string }[] {
    return items(summary).map((item) => ({ label: item.label, amount: decimal(item.amount, summary.decimals) }));
  }

  /** Completes the payment that waits for it. Tells whether there was one. */
  function completed(
    session: ApplePaySessionLike | undefined,
    success: boolean,
    errors: readonly unknown[] = [],
  ): boolean {
    const { STATUS_SUCCESS, STATUS_FAILURE } = vendor.ApplePaySession as ApplePaySessionClass;
    const status = success ? STATUS_SUCCESS : STATUS_FAILURE;
    return tell(() => session?.completePayment({ status, ...(errors.length > 0 && { errors: errors as never[] }) }));
  }

  async function validate(mine: Shown, url: string): Promise<void> {
    try {
      const merchantSession = await inTime('validateMerchant', () => validateMerchant(url));
      mine.session.completeMerchantValidation(merchantSession as never);
    } catch (error) {
      if (shown === mine) abandon('failed', withheld('validateMerchant', error));
    }
  }

  function authorize(mine: Shown, payment: ApplePayPayment): void {
    if (shown !== mine) return;
    clearTimeout(mine.timer);
    mine.timer = setTimeout(() => abandon('cancelled'), PATIENCE);
    try {
      mine.sheet.tokenReceived({ cartHash: summary.cartHash, ...token(payment) });
    } catch (error) {
      abandon('failed', withheld('token', error));
    }
  }

  async function change(mine: Shown, complete: Completion, event: Record<string, unknown>): Promise<void> {
    try {
      let update: Omit<ApplePayUpdate, 'cart'> = {};
      if (onChange) {
        const made = Object.fromEntries(CHANGES.filter((key) => key in event).map((key) => [key, event[key]]));
        const { cart, ...rest } = await inTime('onChange', () => onChange(made as unknown as ApplePayChange));
        if (cart) mine.sheet.cartChanged(cart); // which calls `update`
        update = rest;
      }
      mine.session[complete]({ ...update, newTotal: total(), newLineItems: lines() } as never);
    } catch (error) {
      // A sheet that waits in vain is closed by Apple, one that goes on shows a total of which nobody knows.
      if (shown === mine) abandon('failed', withheld('onChange', error));
    }
  }

  function listen(mine: Shown): void {
    const { session } = mine;
    session.onvalidatemerchant = ({ validationURL }: { validationURL: string }) => void validate(mine, validationURL);
    session.onpaymentauthorized = ({ payment }: { payment: ApplePayPayment }) => authorize(mine, payment);
    session.oncancel = () => {
      if (shown !== mine) return;
      forget();
      mine.sheet.cancelled();
    };
    for (const [name, complete] of Object.entries(COMPLETIONS) as [keyof Completions, Completion][]) {
      session[`on${name}`] = (event: Record<string, unknown>) => void change(mine, complete, event);
    }
  }

  return {
    retriesInPlace: true,

    canMakePayments() {
      const { ApplePaySession } = vendor;
      // It throws in a page that is not secure, and in a frame of another origin.
      let can = false;
      tell(
        () =>
          (can =
            ApplePaySession !== undefined &&
            ApplePaySession.supportsVersion(version) &&
            ApplePaySession.canMakePayments()),
      );
      return can;
    },

    open(sheet, toPay) {
      summary = toPay;
      try {
        const ApplePaySession = vendor.ApplePaySession as ApplePaySessionClass;
        const asked = { ...request, currencyCode: summary.currency, total: total(), lineItems: lines() };
        const session = new ApplePaySession(version, asked as never);
        const mine: Shown = { sheet, session };
        listen(mine);
        session.begin();
        shown = mine;
      } catch (error) {
        // InvalidAccessError says many things; WebKit's text is all that tells this one from the others.
        if (/active payment session/i.test(String(error))) return sheet.busy();
        report(broken(NAME, error));
        sheet.failed();
      }
    },

    retry(why) {
      const errors = explained(() => explain(why), [], report);
      const over = shown?.sheet;
      clearTimeout(shown?.timer);
      if (completed(shown?.session, false, errors) && errors.length > 0) return;
      forget();
      over?.cancelled();
    },

    update(toPay) {
      summary = toPay;
    },

    complete(result) {
      completed(forget(), result === 'success');
    },

    close() {
      const session = forget();
      tell(() => session?.abort());
    },
  };
}

function tokenOf({ token, billingContact, shippingContact }: ApplePayPayment): WalletToken {
  return { token, details: { billingContact, shippingContact } };
}

function contactErrors(why: Notice): readonly ApplePayContactError[] {
  const { ApplePayError } = vendor;
  const field = FIELDS[why.params['reason'] ?? ''];
  return ApplePayError && field ? [new ApplePayError('billingContactInvalid', field, describe(why))] : [];
}
