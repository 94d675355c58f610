/// <reference types="googlepay" />
/**
 * Google's `pay.js` and its sheet, as far as its documentation says what they do, with a test for the shopper.
 *
 * - `loadPaymentData` must be called within a click, and rejects with CANCELED while a sheet is shown:
 *   https://developers.google.com/pay/api/web/reference/client#loadPaymentData
 * - a request that is not well-formed is a DEVELOPER_ERROR; prices are `^[0-9]+(\.[0-9][0-9])?$`:
 *   https://developers.google.com/pay/api/web/reference/request-objects
 * - callbacks: SUCCESS dismisses the sheet and resolves the promise, ERROR shows the message and lets the shopper try
 *   again; an error's intent must be one of the request's:
 *   https://developers.google.com/pay/api/web/reference/response-objects#PaymentAuthorizationResult
 */

/* eslint-disable @typescript-eslint/only-throw-error, @typescript-eslint/prefer-promise-reject-errors --
   what Google rejects with is no Error but `google.payments.api.PaymentsError` */

type Api = typeof google.payments.api;
type Request = google.payments.api.PaymentDataRequest;
type Result = google.payments.api.PaymentAuthorizationResult;
type Update = google.payments.api.PaymentDataRequestUpdate;

interface Shown {
  readonly request: Request;
  readonly resolve: (data: google.payments.api.PaymentData) => void;
  readonly reject: (error: { statusCode: string; statusMessage: string }) => void;
}

/** Lets the page hear of what has just happened. */
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

const PRICE = /^[0-9]+(\.[0-9][0-9])?$/;

/** What is wrong with a transaction, or null. */
function faultOf(info: google.payments.api.TransactionInfo | undefined): string | null {
  if (!info?.currencyCode) return 'currencyCode';
  if (!PRICE.test(info.totalPrice)) return 'totalPrice';
  if (info.totalPriceStatus !== 'FINAL') return 'totalPriceStatus';
  return null;
}

export class FakeGooglePay {
  /** Whether `pay.js` would do: false where the shopper has no card. */
  ready = true;
  /** What the next `loadPaymentData` rejects with. */
  refusal: string | null = null;
  /** What the sheet shows. */
  request: Request | null = null;
  transaction: google.payments.api.TransactionInfo | null = null;
  /** What the sheet says is wrong. */
  message: string | null = null;
  /** What the shopper is not to see: broken promises of the page. */
  readonly faults: string[] = [];
  readonly #activated: () => boolean;
  #clicking = false;
  #shown: Shown | null = null;
  #callbacks: google.payments.api.PaymentDataCallbacks = {};

  /** `google.payments.api.PaymentsClient` */
  readonly PaymentsClient: new (
    options: google.payments.api.PaymentOptions,
  ) => Pick<InstanceType<Api['PaymentsClient']>, 'isReadyToPay' | 'loadPaymentData'>;

  /** `activated` tells whether the page is handling a click; by default only the test's own clicks count. */
  constructor(activated?: () => boolean) {
    this.#activated = activated ?? (() => this.#clicking);
    const make = (options: google.payments.api.PaymentOptions): void => {
      this.#callbacks = options.paymentDataCallbacks ?? {};
    };
    const ready = async (): Promise<google.payments.api.IsReadyToPayResponse> => {
      if (this.refusal !== null) throw this.#error(this.refusal);
      return { result: this.ready };
    };
    const load = (request: Request): Promise<google.payments.api.PaymentData> => this.#load(request);
    this.PaymentsClient = class {
      constructor(options: google.payments.api.PaymentOptions) {
        make(options);
      }
      isReadyToPay = ready;
      loadPaymentData = load;
    };
  }

  get isOpen(): boolean {
    return this.#shown !== null;
  }

  #error(statusCode: string): { statusCode: string; statusMessage: string } {
    return { statusCode, statusMessage: 'see the documentation' };
  }

  #load(request: Request): Promise<google.payments.api.PaymentData> {
    return new Promise((resolve, reject) => {
      if (this.refusal !== null) return reject(this.#error(this.refusal));
      if (!this.#activated() || this.#shown) return reject(this.#error('CANCELED'));
      const intents = request.callbackIntents ?? [];
      const wrong =
        request.apiVersion !== 2 ||
        request.allowedPaymentMethods.length === 0 ||
        faultOf(request.transactionInfo) !== null ||
        intents.includes('PAYMENT_AUTHORIZATION') !== Boolean(this.#callbacks.onPaymentAuthorized) ||
        intents.some((intent) => intent.startsWith('SHIPPING')) !== Boolean(this.#callbacks.onPaymentDataChanged);
      if (wrong) return reject(this.#error('DEVELOPER_ERROR'));
      this.request = request;
      this.transaction = request.transactionInfo ?? null;
      this.message = null;
      this.#shown = { request, resolve, reject };
    });
  }

  // ---------------------------------------------------------------------------------------------- the shopper

  /** Clicks a button of the page. */
  click<T>(handler: () => T): T {
    this.#clicking = true;
    try {
      return handler();
    } finally {
      this.#clicking = false;
    }
  }

  /** Agrees in the sheet. `token` is one never used before, unless the sheet's cache hands out another one. */
  async agree(token = `tok_approved_${crypto.randomUUID()}`): Promise<Result> {
    const shown = this.#shown;
    if (!shown) throw new Error('there is no sheet');
    const data: google.payments.api.PaymentData = {
      apiVersion: 2,
      apiVersionMinor: 0,
      email: 'ada@example.com',
      paymentMethodData: {
        type: 'CARD',
        info: { cardNetwork: 'VISA', cardDetails: '4242' },
        tokenizationData: { type: 'PAYMENT_GATEWAY', token },
      },
    };
    const result = await this.#callbacks.onPaymentAuthorized?.(data);
    if (!result) throw new Error('nobody answers');
    if (this.#shown !== shown) return result;
    if (result.transactionState === 'SUCCESS') {
      this.#shown = null;
      shown.resolve(data);
    } else {
      this.#judge(result.error);
    }
    await soon();
    return result;
  }

  #judge(error: google.payments.api.PaymentDataError | undefined): void {
    if (!error?.reason || !error.message) this.faults.push('an error without reason or message');
    if (!this.#shown?.request.callbackIntents?.includes(error?.intent as never)) this.faults.push('a foreign intent');
    this.message = error?.message ?? null;
  }

  /** Changes something in the sheet. */
  async change(data: Omit<google.payments.api.IntermediatePaymentData, 'paymentMethodData'>): Promise<Update> {
    const update = await this.#callbacks.onPaymentDataChanged?.({
      ...data,
      paymentMethodData: { type: 'CARD' },
    } as never);
    if (!update) throw new Error('nobody answers');
    if (update.error) this.#judge(update.error);
    if (update.newTransactionInfo) {
      const fault = faultOf(update.newTransactionInfo);
      if (fault !== null) this.faults.push(fault);
      this.transaction = update.newTransactionInfo;
    }
    return update;
  }

  /** Closes the sheet. */
  async cancel(): Promise<void> {
    const shown = this.#shown;
    this.#shown = null;
    shown?.reject(this.#error('CANCELED'));
    await soon();
  }

  /** Closes itself without asking for a result, as where a browser cannot run the callbacks. */
  async closeWith(token: string): Promise<void> {
    const shown = this.#shown;
    this.#shown = null;
    shown?.resolve({
      apiVersion: 2,
      apiVersionMinor: 0,
      paymentMethodData: { type: 'CARD', tokenizationData: { type: 'PAYMENT_GATEWAY', token } },
    });
    await soon();
  }
}
