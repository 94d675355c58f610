/**
 * Stripe.js with an Express Checkout Element and its sheet, with a test for the shopper.
 *
 * - `click` is answered once, by `resolve` or `reject`, within 1 s:
 *   https://docs.stripe.com/js/elements_object/express_checkout_element_click_event
 * - an amount is a positive integer: https://docs.stripe.com/js/elements_object/update;
 *   line items that cost more than it are an IntegrationError, and the sheet hangs:
 *   https://github.com/woocommerce/woocommerce-gateway-stripe/issues/5926
 * - `elements.submit()` comes before `createConfirmationToken`:
 *   https://docs.stripe.com/js/confirmation_tokens/create_confirmation_token
 * - after `paymentFailed` the sheet is still there, and may hand out the same token again:
 *   https://github.com/stripe/react-stripe-js/issues/581
 * - a change is answered once: https://docs.stripe.com/js/elements_object/express_checkout_element_shippingaddresschange_event
 */

import type {
  ChangeResolveDetails,
  ClickResolveDetails,
  ExpressPaymentType,
  LineItem,
  StripeExpressCheckoutElementClickEvent,
  StripeExpressCheckoutElementConfirmEvent,
  StripeExpressCheckoutElementShippingAddressChangeEvent,
} from '@stripe/stripe-js';

type Handler = (event: never) => unknown;

export class IntegrationError extends Error {
  override readonly name = 'IntegrationError';
}

export class FakeStripe {
  /** What the elements, and so the sheet, show. */
  amount = 0;
  currency = '';
  /** How often the page has set them. */
  updates = 0;
  lineItems: readonly LineItem[] = [];
  /** What came with the click's or a change's answer. */
  details: ClickResolveDetails | ChangeResolveDetails = {};
  isOpen = false;
  /** Why the sheet says that the payment failed. */
  failure: string | null = null;
  /** What the page must not do. */
  readonly faults: string[] = [];
  /** What `submit` or `createConfirmationToken` answers next. */
  refusal: 'submit' | 'token' | 'throw' | null = null;
  /** What making a token waits for. */
  thinking: Promise<void> = Promise.resolve();
  /** ms for which a token is good. */
  life = 12 * 3600 * 1000;
  now: () => number = Date.now;
  readonly tokens: string[] = [];
  readonly params: unknown[] = [];
  readonly #handlers = new Map<string, Set<Handler>>();
  #next = '';
  #submitted = false;
  #confirming = false;

  readonly element = {
    on: (name: string, handler: Handler): void => {
      this.#handlers.set(name, (this.#handlers.get(name) ?? new Set()).add(handler));
    },
    off: (name: string, handler: Handler): void => void this.#handlers.get(name)?.delete(handler),
  };

  readonly elements = {
    update: ({ amount, currency }: { amount: number; currency: string }): Promise<void> => {
      if (!Number.isInteger(amount) || amount <= 0) throw new IntegrationError('amount must be a positive integer');
      if (!/^[a-z]{3}$/.test(currency)) throw new IntegrationError('currency must be three lower-case letters');
      Object.assign(this, { amount, currency });
      this.updates += 1;
      return Promise.resolve();
    },
    submit: async (): Promise<{ error?: { type: 'validation_error'; code: string } }> => {
      await this.thinking;
      if (this.refusal === 'submit') return { error: { type: 'validation_error', code: 'incomplete' } };
      this.#submitted = true;
      return {};
    },
  };

  readonly stripe = {
    createConfirmationToken: async ({ elements, params }: { elements: unknown; params?: unknown }) => {
      if (!this.#submitted) throw new IntegrationError('elements.submit() must be called before');
      if (elements !== this.elements || !this.#confirming) throw new IntegrationError('there is nothing to confirm');
      this.params.push(params);
      await this.thinking;
      if (this.refusal === 'throw') throw new TypeError('ada@example.com');
      if (this.refusal === 'token') return { error: { type: 'api_error', message: 'ada@example.com' } };
      this.tokens.push(this.#next);
      return { confirmationToken: { id: this.#next, expires_at: Math.floor((this.now() + this.life) / 1000) } };
    },
  };

  get listeners(): number {
    return [...this.#handlers.values()].reduce((sum, handlers) => sum + handlers.size, 0);
  }

  #emit(name: string, event: object): void {
    for (const handler of this.#handlers.get(name) ?? []) void handler(event as never);
  }

  /** Answers of one event: one of them, once, while Stripe waits. */
  #answers<D extends { lineItems?: LineItem[] }>(
    onResolve: (details: D) => void,
  ): {
    answered: string[];
    resolve: (details?: D) => void;
    reject: () => void;
    expire: () => void;
  } {
    const answered: string[] = [];
    const answer = (how: string): boolean => {
      answered.push(how);
      if (answered.length > 1) this.faults.push(`answered by ${answered.join(', then ')}`);
      return answered.length === 1;
    };
    return {
      answered,
      resolve: (details = {} as D) => {
        if (!answer('resolve')) return;
        const sum = (details.lineItems ?? []).reduce((sum, { amount }) => sum + amount, 0);
        if (sum > this.amount) this.faults.push(`The amount ${this.amount} is less than that of the line items`);
        this.details = details;
        this.lineItems = details.lineItems ?? [];
        onResolve(details);
      },
      reject: () => void answer('reject'),
      expire: () => void (answered.length === 0 && answer('time')),
    };
  }

  // ---------------------------------------------------------------------------------------------- the shopper

  /** Clicks a button of the element. Returns how that was answered before the click was over. */
  click(expressPaymentType: ExpressPaymentType = 'google_pay'): string | undefined {
    const { answered, resolve, reject, expire } = this.#answers<ClickResolveDetails>(() => {
      this.isOpen = true;
      this.failure = null;
    });
    const event: StripeExpressCheckoutElementClickEvent = {
      elementType: 'expressCheckout',
      expressPaymentType,
      resolve,
      reject,
    };
    this.#emit('click', event);
    const atOnce = answered[0];
    expire(); // a whole second later
    return atOnce;
  }

  /** Agrees in the sheet, which hands out `token`: a new one, unless its cache is broken. */
  confirm(token = `tok_approved_${crypto.randomUUID()}`): void {
    if (!this.isOpen) throw new Error('there is no sheet');
    this.#next = token;
    this.#submitted = false;
    this.#confirming = true;
    let failed = false;
    const event: StripeExpressCheckoutElementConfirmEvent = {
      expressPaymentType: 'google_pay',
      billingDetails: {
        name: 'Ada Lovelace',
        address: { line1: '1 Main', line2: null, city: 'X', state: 'CA', postal_code: '94043', country: 'US' },
      },
      paymentFailed: ({ reason = 'fail' } = {}) => {
        if (failed) this.faults.push('failed twice');
        failed = true;
        this.failure = reason;
      },
    };
    this.#emit('confirm', event);
  }

  /** Chooses another address. Returns the answers that the page has given so far. */
  chooseAddress(postal_code: string, country = 'US'): readonly string[] {
    const { answered, resolve, reject } = this.#answers<ChangeResolveDetails>(() => {});
    const event: StripeExpressCheckoutElementShippingAddressChangeEvent = {
      name: 'Ada',
      address: { city: 'Mountain View', state: 'CA', postal_code, country },
      resolve,
      reject,
    };
    this.#emit('shippingaddresschange', event);
    return answered;
  }

  /** Chooses another shipping rate. */
  chooseRate(id: string): readonly string[] {
    const { answered, resolve, reject } = this.#answers<ChangeResolveDetails>(() => {});
    this.#emit('shippingratechange', { shippingRate: { id, amount: 0, displayName: id }, resolve, reject });
    return answered;
  }

  /** Closes the sheet. */
  cancel(): void {
    this.isOpen = false;
    this.#emit('cancel', { elementType: 'expressCheckout' });
  }
}
