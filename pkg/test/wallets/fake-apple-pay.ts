/// <reference types="applepayjs" />
/**
 * `ApplePaySession` and its sheet, with a test for the shopper. The states and what they forbid are those of WebKit:
 * https://github.com/WebKit/WebKit/blob/main/Source/WebCore/Modules/applepay/ApplePaySession.cpp
 *
 * - a session is made within a click, begins once, and is the page's only one: InvalidAccessError otherwise;
 * - each `complete...` is legal in the one state that its event brought about, `abort` in any that is not final;
 * - `completePayment` with errors that are not `unknown` goes back to the sheet, anything else ends it
 *   (https://developer.apple.com/documentation/apple_pay_on_the_web/applepaysession/completepayment);
 * - whoever does not answer within 30 s finds the session cancelled, and the shopper was told that it failed
 *   (https://developer.apple.com/documentation/apple_pay_on_the_web/applepaysession/onpaymentauthorized);
 * - a page that goes into the back/forward cache loses its session: `canSuspendWithoutCanceling`.
 */

type State =
  | 'idle'
  | 'active'
  | 'authorized'
  | 'paymentmethodselected'
  | 'shippingcontactselected'
  | 'shippingmethodselected'
  | 'couponcodechanged'
  | 'completed'
  | 'aborted'
  | 'canceled';

type ChangeState = Extract<State, `${string}selected` | 'couponcodechanged'>;
type Payment = ApplePayJS.ApplePayPayment;
type Update = ApplePayJS.ApplePayPaymentMethodUpdate & ApplePayJS.ApplePayShippingContactUpdate;
type Handler = ((event: never) => unknown) | undefined;

const illegal = (message: string): DOMException => new DOMException(message, 'InvalidAccessError');

export class FakeApplePay {
  /** What the shopper's device can do. */
  can = true;
  newest = 14;
  secure = true;
  /** All sessions that were begun. */
  readonly sessions: InstanceType<FakeApplePay['ApplePaySession']>[] = [];
  /** What Apple encrypts the card to, for a test that wants it otherwise. */
  paymentDataOf = (text: string): unknown => ({ data: text, version: 'EC_v1' });
  /** Whether another frame of the page shows a sheet. */
  elsewhere = false;
  /** ms that Apple waits for an answer. */
  readonly patience = 30_000;
  readonly ApplePaySession: ReturnType<typeof sessionClass>;
  readonly ApplePayError = class {
    constructor(
      readonly code: string,
      readonly contactField?: string,
      readonly message = '',
    ) {}
  };
  readonly activated: () => boolean;
  #clicking = false;

  /** `activated` tells whether the page is handling a click; by default only the test's own clicks count. */
  constructor(activated?: () => boolean) {
    this.activated = activated ?? (() => this.#clicking);
    this.ApplePaySession = sessionClass(this);
  }

  /** The session whose sheet is showing. */
  get sheet(): InstanceType<FakeApplePay['ApplePaySession']> | undefined {
    return this.sessions.find(({ isOpen }) => isOpen);
  }

  click<T>(handler: () => T): T {
    this.#clicking = true;
    try {
      return handler();
    } finally {
      this.#clicking = false;
    }
  }
}

/** As a class expression, so that statics and instances know the device. */
function sessionClass(device: FakeApplePay) {
  return class ApplePaySession {
    static readonly STATUS_SUCCESS = 0;
    static readonly STATUS_FAILURE = 1;
    static canMakePayments(): boolean {
      if (!device.secure) throw illegal('Trying to start an Apple Pay session from an insecure document.');
      return device.can;
    }
    static supportsVersion(version: number): boolean {
      return version > 0 && version <= device.newest;
    }

    readonly request: ApplePayJS.ApplePayPaymentRequest;
    state: State = 'idle';
    /** What the sheet shows. */
    total: ApplePayJS.ApplePayLineItem;
    items: readonly ApplePayJS.ApplePayLineItem[];
    errors: readonly ApplePayJS.ApplePayError[] = [];
    merchantSession: unknown = null;
    /** What the shopper saw at the end. */
    result: 'success' | 'failure' | 'timeout' | null = null;
    oncancel: Handler;
    onvalidatemerchant: Handler;
    onpaymentauthorized: Handler;
    onpaymentmethodselected: Handler;
    onshippingcontactselected: Handler;
    onshippingmethodselected: Handler;
    oncouponcodechanged: Handler;
    #timer: ReturnType<typeof setTimeout> | undefined;

    constructor(version: number, request: ApplePayJS.ApplePayPaymentRequest) {
      if (!device.activated()) throw illegal('Must create a new ApplePaySession from a user gesture handler.');
      if (!ApplePaySession.supportsVersion(version)) throw illegal('That version is not supported.');
      if (!/^\d+(\.\d+)?$/.test(request.total.amount)) throw new TypeError('the total is not an amount');
      if (request.supportedNetworks.length === 0) throw new TypeError('at least one network must be supported');
      this.request = request;
      this.total = request.total;
      this.items = request.lineItems ?? [];
    }

    get isOpen(): boolean {
      return !['idle', 'completed', 'aborted', 'canceled'].includes(this.state);
    }

    begin(): void {
      if (this.state !== 'idle') throw illegal('Payment session is already active.');
      if (device.sheet || device.elsewhere) throw illegal('Page already has an active payment session.');
      device.sessions.push(this);
      this.state = 'active';
      void this.#raise('validatemerchant', { validationURL: 'https://apple-pay-gateway.apple.com/paymentservices' });
    }

    abort(): void {
      if (!this.isOpen) throw illegal('The session is not active.');
      this.#end('aborted');
    }

    completeMerchantValidation(merchantSession: unknown): void {
      if (!this.isOpen || this.merchantSession !== null) throw illegal('No merchant is being validated.');
      if (typeof merchantSession !== 'object' || merchantSession === null) throw new TypeError('no merchant session');
      this.merchantSession = merchantSession;
    }

    completePayment({ status, errors = [] }: ApplePayJS.ApplePayPaymentAuthorizationResult): void {
      this.#answer('authorized');
      const final = status === 0 || errors.length === 0 || errors.some(({ code }) => code === 'unknown');
      this.errors = errors;
      if (!final) return;
      this.result = status === 0 ? 'success' : 'failure';
      this.#end('completed');
    }

    completePaymentMethodSelection(update: Update): void {
      this.#update('paymentmethodselected', update);
    }
    completeShippingContactSelection(update: Update): void {
      this.#update('shippingcontactselected', update);
    }
    completeShippingMethodSelection(update: Update): void {
      this.#update('shippingmethodselected', update);
    }
    completeCouponCodeChange(update: Update): void {
      this.#update('couponcodechanged', update);
    }

    #update(state: ChangeState, { newTotal, newLineItems, errors }: Update): void {
      this.#answer(state);
      this.total = newTotal;
      this.items = newLineItems ?? this.items;
      this.errors = errors ?? [];
    }

    /** The answer to the event that brought `state` about. */
    #answer(state: State): void {
      if (this.state !== state) throw illegal(`The session is ${this.state}.`);
      clearTimeout(this.#timer);
      this.state = 'active';
    }

    #end(state: State): void {
      clearTimeout(this.#timer);
      this.state = state;
    }

    /** Events are dispatched by the browser, later. */
    async #raise(name: string, data: object): Promise<void> {
      await Promise.resolve();
      (this as unknown as Record<string, Handler>)[`on${name}`]?.(Object.assign(new Event(name), data) as never);
    }

    // -------------------------------------------------------------------------------------------- the shopper

    /** Waits for the page's answer, but not for ever. */
    #wait(state: State): void {
      if (this.state !== 'active') throw new Error(`the sheet is ${this.state}`);
      this.state = state;
      this.#timer = setTimeout(() => {
        this.result = 'timeout';
        void this.cancel();
      }, device.patience);
    }

    /** Agrees, with a token never used before unless the sheet is broken. */
    async agree(text: string = `tok_approved_${crypto.randomUUID()}`): Promise<void> {
      if (this.merchantSession === null) throw new Error('the merchant was not validated: the sheet is not usable');
      this.#wait('authorized');
      await this.authorizeAgain(text);
    }

    /** The event of an authorization, as a broken browser would repeat it. */
    authorizeAgain(text: string): Promise<void> {
      const payment: Payment = {
        token: {
          paymentData: device.paymentDataOf(text),
          paymentMethod: { displayName: 'Visa 4242', network: 'Visa', type: 'credit', paymentPass: {} as never },
          transactionIdentifier: 'T1',
        },
        billingContact: { familyName: 'Lovelace', postalCode: '94043' },
      };
      return this.#raise('paymentauthorized', { payment });
    }

    /** Changes something, and waits for the answer. */
    async change(state: ChangeState, data: object): Promise<void> {
      this.#wait(state);
      await this.#raise(state, data);
    }

    /** Closes the sheet. */
    async cancel(): Promise<void> {
      this.#end('canceled');
      await this.#raise('cancel', {});
    }
  };
}
