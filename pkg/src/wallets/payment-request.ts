/**
 * W3C Payment Request: the browser's own sheet, for the payment methods that it has a wallet for.
 *
 *     show() -> response -> tokenReceived -> complete(), or retry() -> the same response -> tokenReceived -> ...
 *
 * Source: https://www.w3.org/TR/payment-request/. Where browsers differ from it, Chromium's payment_request.cc and
 * WebKit's PaymentRequest.cpp are named. For Apple Pay, Safari asks for more than this: it has an adapter of its own.
 * See docs/wallets/payment-request.md.
 */

import { describe } from '../describe.js';
import { ConfigError, type Report, reporter } from '../errors.js';
import type { Notice, Sheet, Summary, Wallet, WalletToken } from '../types.js';
import { decimal, items } from './amounts.js';
import { broken, checkOptions, explained, inTime, type SheetChange, UNAVAILABLE, withheld } from './sheet.js';

/** A way of shipping that the sheet offers. */
export interface ShippingOption {
  readonly id: string;
  readonly label: string;
  /** Minor units of the cart's currency. */
  readonly amount: number;
  /** Whether it is the one that the cart has now. */
  readonly selected?: boolean;
}

/** What becomes of the sheet after the shopper changed something in it. What is left out stays as it is. */
export interface PaymentRequestChange extends SheetChange {
  readonly shippingOptions?: readonly ShippingOption[];
  /** Why it cannot be had so, for the shopper. The sheet offers no way of shipping then until something else is chosen. */
  readonly error?: string;
  readonly shippingAddressErrors?: AddressErrors;
  readonly paymentMethodErrors?: object;
}

/** What a handler of a change in the sheet says, within 25 s: the sheet waits for it. */
export type PaymentRequestAnswer = PaymentRequestChange | Promise<PaymentRequestChange>;

export interface PaymentRequestWalletOptions {
  /** The payment methods, as `new PaymentRequest()` takes them. A `connect-src` policy must allow their URLs. */
  readonly methods: readonly PaymentMethodData[];
  /** What else the sheet asks the shopper for: a shipping address, name, e-mail, phone. */
  readonly options?: PaymentOptions;
  /** What the sheet calls the total. Default `Total`. */
  readonly totalLabel?: string;
  /** The ways of shipping that the sheet offers when it opens. */
  readonly shippingOptions?: (summary: Summary) => readonly ShippingOption[];
  /** The shopper chose an address. Browsers withhold its finer parts until the payment was agreed to. */
  readonly onShippingAddressChange?: (address: PaymentAddress) => PaymentRequestAnswer;
  /** The shopper chose another of the `shippingOptions`: its id. */
  readonly onShippingOptionChange?: (id: string) => PaymentRequestAnswer;
  /** The shopper chose another payment method. What the details say is the method's own business. */
  readonly onPaymentMethodChange?: (methodName: string, details: unknown) => PaymentRequestAnswer;
  /** The shopper changed name, e-mail or phone after a decline. */
  readonly onPayerDetailChange?: (response: PaymentResponse) => PaymentRequestAnswer;
  /**
   * What is sent to the merchant. Default: `response.details` as the token, and beside it the method's name and what
   * `options` asked for. Read at once: after a retry the same object holds another token.
   */
  readonly token?: (response: PaymentResponse) => WalletToken;
  /** What the sheet says when it asks for another card. Default: the notice's English text. */
  readonly explain?: (why: Notice) => string | PaymentValidationErrors;
  /** What the sheet says where a handler threw, gave an invalid cart, or no answer in time. Default: English. */
  readonly unavailable?: string;
  /** Whether the sheet asks for another card after a decline. Default: where the browser can (`retry()`). */
  readonly retriesInPlace?: boolean;
  /** Told why a sheet was not shown, or not answered. Default: the page's error handling (`reportError`). */
  readonly onError?: Report;
}

export interface PaymentRequestWallet extends Wallet {
  /**
   * Whether the browser has a wallet for one of the methods, or knows where to get one. Ask when the page is loaded, not
   * in the shopper's click, which must not wait. Never rejects.
   */
  canMakePayment(): Promise<boolean>;
}

/** One sheet, from its click on. */
interface Shown {
  readonly sheet: Sheet;
  readonly request: PaymentRequest;
  summary: Summary;
  shippingOptions: readonly ShippingOption[];
  /** Once the shopper agreed. `retry()` puts the next token into the same object (rule T5). */
  response?: PaymentResponse;
  /** Whether `show()` or `retry()` waits for the shopper: then it can only be aborted, and else only be completed. */
  asking?: boolean;
}

/** Chromium refuses longer lists and longer texts. */
const LIMIT = 1024;

/** What only asks whether there is a wallet shows no amount. */
const NOTHING: Summary = { cartHash: '', currency: 'USD', decimals: 2, lines: [], adjustments: [], total: 0 };

const NAME = 'payment-request';

/** Makes the wallet port of the browser's own sheet. Throws ConfigError. */
export function paymentRequestWallet(given: PaymentRequestWalletOptions): PaymentRequestWallet {
  checkOptions(given, {
    methods: 'object',
    options: 'object?',
    totalLabel: 'string?',
    shippingOptions: 'function?',
    onShippingAddressChange: 'function?',
    onShippingOptionChange: 'function?',
    onPaymentMethodChange: 'function?',
    onPayerDetailChange: 'function?',
    token: 'function?',
    explain: 'function?',
    unavailable: 'string?',
    retriesInPlace: 'boolean?',
    onError: 'function?',
  });
  const {
    methods,
    options = {},
    totalLabel = 'Total',
    token = tokenOf,
    explain = describe,
    unavailable = UNAVAILABLE,
    retriesInPlace = typeof PaymentResponse === 'function' && 'retry' in PaymentResponse.prototype,
  } = given;
  if (!Array.isArray(methods) || methods.length === 0) throw new ConfigError('not_a_list', 'methods');
  const report = reporter(given.onError);
  let shown: Shown | undefined;

  function request(details: PaymentDetailsInit): PaymentRequest {
    return new PaymentRequest([...methods], details, options);
  }

  function detailsOf(summary: Summary, shippingOptions: readonly ShippingOption[]): PaymentDetailsInit {
    const priced = <T extends { readonly label: string; readonly amount: number }>(row: T) => ({
      ...row,
      label: row.label.slice(0, LIMIT),
      amount: { currency: summary.currency, value: decimal(row.amount, summary.decimals) },
    });
    const rows = items(summary).map(({ label, amount }) => priced({ label, amount }));
    return {
      total: priced({ label: totalLabel, amount: summary.total }),
      displayItems: rows.length > LIMIT ? [] : rows,
      ...(options.requestShipping && { shippingOptions: shippingOptions.map(priced) }),
    };
  }

  /** What the sheet shows after a change in it. It always comes to an end: a sheet that waits for it is stuck. */
  async function answer(mine: Shown, name: string, ask: () => PaymentRequestAnswer): Promise<PaymentDetailsUpdate> {
    const chosen = mine.request.shippingOption;
    let said: PaymentDetailsUpdate = { error: unavailable };
    try {
      const { cart, shippingOptions, error, shippingAddressErrors, paymentMethodErrors } = await inTime(name, ask);
      if (cart) mine.sheet.cartChanged(cart); // calls `update` before it returns, where it is another cart
      mine.shippingOptions =
        shippingOptions ?? mine.shippingOptions.map((option) => ({ ...option, selected: option.id === chosen }));
      said = { error, shippingAddressErrors, paymentMethodErrors } as PaymentDetailsUpdate;
    } catch (error) {
      report(withheld(name, error));
    }
    return { ...said, ...detailsOf(mine.summary, said.error ? [] : mine.shippingOptions) };
  }

  /** Answers the events of that name by the storefront's handler. */
  function listen<E extends Event>(
    mine: Shown,
    target: EventTarget,
    name: `on${string}`,
    handler: ((event: E) => PaymentRequestAnswer) | false | undefined,
  ): void {
    if (!handler) return;
    target.addEventListener(name.slice(2).toLowerCase(), (event) =>
      (event as PaymentRequestUpdateEvent).updateWith(answer(mine, name, () => handler(event as E))),
    );
  }

  /** Waits for the shopper, and hands over the token unless the sheet was ended meanwhile. */
  function follow(mine: Shown, word: Promise<PaymentResponse>): void {
    const { sheet } = mine;
    let atOnce = true;
    mine.asking = true;

    const agreed = (response: PaymentResponse): void => {
      const corrected = !mine.response && given.onPayerDetailChange;
      listen(mine, response, 'onPayerDetailChange', corrected && (() => corrected(response)));
      mine.response = response;
      mine.asking = false;
      if (shown !== mine) return end(mine, 'unknown'); // it could not be aborted before
      try {
        sheet.tokenReceived({ cartHash: mine.summary.cartHash, ...token(response) });
      } catch (error) {
        report(withheld('token', error));
        finish('fail');
        sheet.failed();
      }
    };
    const refused = (error: DOMException): void => {
      mine.asking = false;
      if (shown !== mine) return;
      shown = undefined;
      const { name, message } = error;
      // What a sheet refuses that was closed while the payment was processed is no fault (Chromium: InvalidStateError).
      if (!/^(Abort|InvalidState)Error$/.test(name)) {
        report(error instanceof DOMException ? broken(NAME, error) : withheld('explain', error));
      }
      if (mine.response) {
        end(mine, 'fail');
        sheet.cancelled(); // why the payment was declined stays on the page
      } else if (name !== 'AbortError') sheet.failed();
      // While another sheet is showing, the standard and WebKit refuse at once; Chromium does later, in these words.
      else if (atOnce || /already showing/.test(message)) sheet.busy();
      else sheet.cancelled();
    };
    word.then(agreed, refused);
    queueMicrotask(() => (atOnce = false)); // behind a refusal that is there already
  }

  /** Takes a sheet away. Where that is refused it is gone already, or its wallet does not let go of it. */
  function end({ request, response, asking }: Shown, result: PaymentComplete): void {
    (response && !asking ? response.complete(result) : request.abort()).catch(() => {});
  }

  function finish(result: PaymentComplete): void {
    const last = shown;
    shown = undefined;
    if (last) end(last, result);
  }

  return {
    retriesInPlace,
    open(sheet, summary) {
      const shippingOptions = given.shippingOptions?.(summary) ?? [];
      const made = request(detailsOf(summary, shippingOptions));
      const mine = (shown = { sheet, request: made, summary, shippingOptions });
      const { onShippingAddressChange: moved, onShippingOptionChange: chose, onPaymentMethodChange: swapped } = given;
      listen(mine, made, 'onShippingAddressChange', moved && (() => moved(made.shippingAddress as PaymentAddress)));
      listen(mine, made, 'onShippingOptionChange', chose && (() => chose(made.shippingOption as string)));
      listen(
        mine,
        made,
        'onPaymentMethodChange',
        swapped && ((event: PaymentMethodChangeEvent) => swapped(event.methodName, event.methodDetails as unknown)),
      );
      follow(mine, made.show());
    },
    retry(why, summary) {
      const mine = shown;
      const response = mine?.response;
      if (!response) return;
      mine.summary = summary;
      const again = async (): Promise<PaymentResponse> => {
        const said = explained<string | PaymentValidationErrors>(() => explain(why), describe(why), report);
        await response.retry(typeof said === 'string' ? { error: said } : said);
        return response;
      };
      follow(mine, again());
    },
    update(summary) {
      if (shown) shown.summary = summary;
    },
    complete: (result) => finish(result === 'success' ? 'success' : 'fail'),
    close: () => finish('unknown'),
    async canMakePayment() {
      try {
        return await request(detailsOf(NOTHING, [])).canMakePayment();
      } catch {
        return false; // there is no such interface, it is not allowed here, or a method is none
      }
    },
  };
}

function tokenOf(response: PaymentResponse): WalletToken {
  const { methodName, payerName, payerEmail, payerPhone, shippingAddress, shippingOption } = response;
  return {
    token: response.details as object,
    details: { methodName, payerName, payerEmail, payerPhone, shippingAddress, shippingOption },
  };
}
