/**
 * Google Pay, by Google's `pay.js`. See docs/wallets/google-pay.md.
 *
 * Google's sheet answers through two callbacks of the client and one promise, and cannot be closed by the page: an
 * authorization that waits is the only hold on it. ERROR leaves it open and shows a message, SUCCESS dismisses it.
 */

import { describe } from '../describe.js';
import { type Report, reporter } from '../errors.js';
import type { Notice, Sheet, Summary, Wallet, WalletToken } from '../types.js';
import { decimal, items } from './amounts.js';
import { broken, checkOptions, explained, inTime, type SheetChange, UNAVAILABLE, withheld } from './sheet.js';

// The types below are those of @types/googlepay, as far as payonce looks into them: nobody has to install those.

export type GooglePayErrorReason =
  | 'SHIPPING_ADDRESS_INVALID'
  | 'SHIPPING_ADDRESS_UNSERVICEABLE'
  | 'SHIPPING_OPTION_INVALID'
  | 'OFFER_INVALID'
  | 'PAYMENT_DATA_INVALID'
  | 'OTHER_ERROR';

export type GooglePayIntent =
  'OFFER' | 'SHIPPING_ADDRESS' | 'SHIPPING_OPTION' | 'PAYMENT_AUTHORIZATION' | 'PAYMENT_METHOD';

/** `google.payments.api.PaymentDataError` */
export interface GooglePayError {
  reason: GooglePayErrorReason;
  intent: GooglePayIntent;
  /** Shown to the shopper. */
  message: string;
}

/** `google.payments.api.PaymentAuthorizationResult` */
export interface GooglePayResult {
  transactionState: 'SUCCESS' | 'ERROR';
  error?: GooglePayError;
}

/** `google.payments.api.TransactionInfo`; payonce fills in what is missing here from the cart. */
export interface GooglePayTransaction {
  countryCode?: string | undefined;
  /** Without it Google shows no items. */
  totalPriceLabel?: string | undefined;
  transactionId?: string | undefined;
  transactionNote?: string | undefined;
  checkoutOption?: 'DEFAULT' | 'COMPLETE_IMMEDIATE_PURCHASE' | 'CONTINUE_TO_REVIEW' | undefined;
}

interface TransactionInfo extends GooglePayTransaction {
  currencyCode: string;
  totalPrice: string;
  totalPriceStatus: 'FINAL';
  displayItems: { label: string; type: 'LINE_ITEM' | 'TAX' | 'DISCOUNT' | 'SHIPPING_OPTION'; price: string }[];
}

/** `google.payments.api.PaymentData`: what the shopper agreed to. */
export interface GooglePayPayment {
  readonly paymentMethodData: {
    readonly tokenizationData: { readonly token: string };
    readonly info?: object | undefined;
  };
  readonly email?: string | undefined;
  readonly shippingAddress?: object | undefined;
  readonly shippingOptionData?: { readonly id: string } | undefined;
  readonly offerData?: { readonly redemptionCodes: string[] } | undefined;
}

/** `google.payments.api.IntermediatePaymentData`: what the shopper changed in the sheet. */
export interface GooglePayChange {
  readonly callbackTrigger: 'OFFER' | 'SHIPPING_ADDRESS' | 'SHIPPING_OPTION' | 'INITIALIZE';
  readonly shippingAddress?:
    | {
        readonly countryCode: string;
        readonly postalCode: string;
        readonly locality: string;
        readonly administrativeArea: string;
      }
    | undefined;
  readonly shippingOptionData?: { readonly id: string } | undefined;
  readonly offerData?: { readonly redemptionCodes: string[] } | undefined;
}

/** The storefront's answer: a cart, and what of `google.payments.api.PaymentDataRequestUpdate` is not made of it. */
export interface GooglePayUpdate extends SheetChange {
  readonly newShippingOptionParameters?: {
    shippingOptions: { id: string; label: string; description?: string | undefined }[];
    defaultSelectedOptionId?: string | undefined;
  };
  readonly newOfferInfo?: { offers: { redemptionCode: string; description: string }[] };
  /** Why the shopper cannot have what they chose. */
  readonly error?: GooglePayError;
}

/** `google.payments.api.PaymentDataCallbacks` */
export interface GooglePayCallbacks {
  onPaymentAuthorized: (payment: GooglePayPayment) => Promise<GooglePayResult>;
  onPaymentDataChanged?: (
    change: GooglePayChange,
  ) => Promise<Omit<GooglePayUpdate, 'cart'> & { newTransactionInfo?: TransactionInfo }>;
}

/** `google.payments.api.PaymentDataRequest`, as far as payonce looks into it. */
export interface GooglePayRequest {
  readonly apiVersion: number;
  readonly apiVersionMinor: number;
  readonly allowedPaymentMethods: readonly object[];
  /** What may change in the sheet: `onChange` is told of it. `PAYMENT_AUTHORIZATION` is always among them. */
  readonly callbackIntents?: GooglePayIntent[] | undefined;
  readonly transactionInfo?: GooglePayTransaction;
}

/** `google.payments.api.PaymentsClient` */
export interface GooglePayClient {
  isReadyToPay(request: never): Promise<{ result: boolean }>;
  loadPaymentData(request: never): Promise<GooglePayPayment>;
}

/** What else is in the request of a client; anything, where the client has no type. */
type RestOf<Request> = [Request] extends [never]
  ? Anything
  : unknown extends Request
    ? Anything
    : Omit<Request, keyof GooglePayRequest>;
type Anything = { readonly [option: string]: unknown };

export interface GooglePayOptions<Client extends GooglePayClient> {
  /** Makes the client, with these callbacks: `(paymentDataCallbacks) => new PaymentsClient({ environment, paymentDataCallbacks })`. */
  readonly client: (paymentDataCallbacks: GooglePayCallbacks) => Client;
  /** The request, apart from what is made of the cart. */
  readonly request: GooglePayRequest & RestOf<Parameters<Client['loadPaymentData']>[0]>;
  /** The shopper changed something in the sheet, of what `callbackIntents` names. It has 25 s to answer. */
  readonly onChange?: (change: GooglePayChange) => GooglePayUpdate | Promise<GooglePayUpdate>;
  /** What is sent of a payment. Default: Google's token, with e-mail, addresses, shipping option and offers as details. */
  readonly token?: (payment: GooglePayPayment) => WalletToken;
  /** What the sheet says when it asks for another card. Default: the notice's English text. */
  readonly explain?: (why: Pick<Notice, 'code' | 'params'>) => string;
  /** What a sheet says that is over and that only the shopper can close. Default: English. */
  readonly closedText?: string;
  /** What the sheet says where `onChange` threw, or gave an invalid cart. Default: English. */
  readonly unavailable?: string;
  /** Told why a sheet broke or was not answered. Default: the page's error handling (`reportError`). */
  readonly onError?: Report;
}

export interface GooglePayWallet<Client extends GooglePayClient = GooglePayClient> extends Wallet {
  /** For `createButton` and `prefetchPaymentData`. */
  readonly client: Client;
  /** Whether to show the button: `isReadyToPay` for the request's payment methods; false where Google cannot tell. */
  isReadyToPay(): Promise<boolean>;
}

const NAME = 'google-pay';
const TYPES = { tax: 'TAX', discount: 'DISCOUNT', shipping: 'SHIPPING_OPTION' } as const;
const NOT_MADE = { code: 'payment_not_made', params: {} } as const;
const CLOSED = 'Nothing is charged through this window any more. Please close it and look at the page.';

/**
 * The wallet port for Google Pay. Throws ConfigError on a wrong option, and what `client` throws.
 *
 * One client can show one sheet, so make one wallet for a page. Source: Google Pay API for web,
 * https://developers.google.com/pay/api/web/reference/client.
 */
export function googlePayWallet<Client extends GooglePayClient>(
  options: GooglePayOptions<Client>,
): GooglePayWallet<Client> {
  checkOptions(options, {
    client: 'function',
    request: 'object',
    onChange: 'function?',
    token: 'function?',
    explain: 'function?',
    closedText: 'string?',
    unavailable: 'string?',
    onError: 'function?',
  });
  const {
    request,
    onChange,
    token = tokenOf,
    explain = describe,
    closedText = CLOSED,
    unavailable = UNAVAILABLE,
  } = options;
  const report = reporter(options.onError);
  const intents = [...new Set([...(request.callbackIntents ?? []), 'PAYMENT_AUTHORIZATION' as const])];
  /** The sheet that payonce knows of; Google may show one that is over. */
  let sheet: Sheet | undefined;
  let summary: Summary;
  /** Whether Google shows a sheet: `loadPaymentData` has not settled. */
  let shown = false;
  /** The authorization that waits for its result. */
  let waiting: { result: Promise<GooglePayResult>; resolve: (result: GooglePayResult) => void } | undefined;

  const refusal = (
    message: string,
    reason: GooglePayErrorReason = 'OTHER_ERROR',
    intent: GooglePayIntent = 'PAYMENT_AUTHORIZATION',
  ) => ({ transactionState: 'ERROR' as const, error: { reason, intent, message } });

  const say = (why: Parameters<typeof explain>[0]): string => explained(() => explain(why), describe(why), report);

  /** Answers the authorization that waits; tells whether there was one. */
  function answer(result: GooglePayResult): boolean {
    const asked = waiting;
    waiting = undefined;
    asked?.resolve(result);
    return asked !== undefined;
  }

  function authorize(payment: GooglePayPayment): Promise<GooglePayResult> | GooglePayResult {
    // What the shopper agrees to in a sheet that is over is not handed over, and so never charged.
    if (!sheet) return refusal(closedText);
    // Told twice, Google hears the same twice: there is one attempt.
    if (waiting) return waiting.result;
    let resolve!: (result: GooglePayResult) => void;
    const result = new Promise<GooglePayResult>((settle) => (resolve = settle));
    waiting = { result, resolve };
    deliver(sheet, payment);
    return result;
  }

  function deliver(to: Sheet, payment: GooglePayPayment): void {
    try {
      to.tokenReceived({ cartHash: summary.cartHash, ...token(payment) });
    } catch (error) {
      report(withheld('token', error));
      over(to, 'failed');
    }
  }

  /** `from` is over, without payonce having asked for it. */
  function over(from: Sheet, how: 'cancelled' | 'failed'): void {
    if (sheet !== from) return;
    sheet = undefined;
    answer(refusal(closedText));
    from[how]();
  }

  async function changed(made: GooglePayChange, ask: NonNullable<typeof onChange>) {
    const intent = made.callbackTrigger === 'INITIALIZE' ? intents[0] : made.callbackTrigger;
    const mine = sheet;
    let why = closedText;
    try {
      const { cart, ...update } = await inTime('onChange', () => ask(made));
      if (mine && mine === sheet) {
        if (cart) mine.cartChanged(cart); // which calls `update`
        return { ...update, newTransactionInfo: transaction() };
      }
    } catch (error) {
      report(withheld('onChange', error));
      why = unavailable;
    }
    return { error: refusal(why, 'OTHER_ERROR', intent).error };
  }

  function transaction(): TransactionInfo {
    const { currency, decimals, total } = summary;
    return {
      ...request.transactionInfo,
      currencyCode: currency,
      totalPrice: decimal(total, decimals),
      totalPriceStatus: 'FINAL',
      displayItems: items(summary).map(({ label, amount, kind }) => ({
        label,
        type: TYPES[kind as keyof typeof TYPES] ?? 'LINE_ITEM',
        price: decimal(amount, decimals),
      })),
    };
  }

  const client = options.client({
    onPaymentAuthorized: async (payment) => authorize(payment),
    ...(onChange && { onPaymentDataChanged: (made) => changed(made, onChange) }),
  });

  return {
    client,
    retriesInPlace: true,

    async isReadyToPay() {
      const { apiVersion, apiVersionMinor, allowedPaymentMethods } = request;
      try {
        return (await client.isReadyToPay({ apiVersion, apiVersionMinor, allowedPaymentMethods } as never)).result;
      } catch (error) {
        report(broken(NAME, error));
        return false;
      }
    },

    open(next, toPay) {
      // Nobody could tell whose authorization it would be: a sheet that is over waits for the shopper to close it.
      if (shown) return next.busy();
      sheet = next;
      summary = toPay;
      shown = true;
      const failed = (error: unknown): void => {
        shown = false;
        if (sheet !== next) return;
        if ((error as { statusCode?: unknown } | null)?.statusCode === 'CANCELED') return over(next, 'cancelled');
        report(broken(NAME, error));
        over(next, 'failed');
      };
      try {
        const data = { ...request, callbackIntents: intents, transactionInfo: transaction() };
        client.loadPaymentData(data as never).then((payment) => {
          shown = false;
          // Where it is still ours, Google has closed it without waiting for a result: the token is all there is.
          if (sheet === next && !answer(refusal(closedText))) deliver(next, payment);
        }, failed);
      } catch (error) {
        failed(error);
      }
    },

    retry(why) {
      if (!answer(refusal(say(why), 'PAYMENT_DATA_INVALID')) && sheet) over(sheet, 'cancelled');
    },

    update(toPay) {
      summary = toPay;
    },

    complete(result) {
      sheet = undefined;
      answer(result === 'success' ? { transactionState: 'SUCCESS' } : refusal(say(NOT_MADE)));
    },

    // The page must be seen, for a challenge say, and nobody knows what becomes of the payment: SUCCESS claims nothing
    // in Google's sheet, it dismisses it.
    close() {
      sheet = undefined;
      answer({ transactionState: 'SUCCESS' });
    },
  };
}

function tokenOf({ paymentMethodData, ...rest }: GooglePayPayment): WalletToken {
  const { email, shippingAddress, shippingOptionData, offerData } = rest;
  const billingAddress = (paymentMethodData.info as { billingAddress?: object } | undefined)?.billingAddress;
  return {
    token: paymentMethodData.tokenizationData.token,
    details: { email, shippingAddress, shippingOptionData, offerData, billingAddress },
  };
}
