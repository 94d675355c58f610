/**
 * A browser's Payment Request that refuses what the standard says it refuses, and whose shopper is the test.
 *
 * Each rule has its source: the algorithm of https://www.w3.org/TR/payment-request/, or a browser that differs.
 */

import { vi } from 'vitest';

export interface BrowserOptions {
  /** Who refuses a second sheet, and how: at once (the standard, WebKit) or a moment later, in words (Chromium). */
  readonly engine?: 'chromium' | 'webkit';
}

/** What the shopper gives when they agree. */
export interface Agreement {
  readonly details: Record<string, unknown>;
  readonly payerEmail?: string;
}

type Settle<T> = { resolve: (value: T) => void; reject: (error: unknown) => void };

const BUSY = 'Another PaymentRequest UI is already showing in a different tab or window.';

export class FakeBrowser {
  readonly engine: 'chromium' | 'webkit';
  /** All requests that were made. */
  readonly requests: FakeRequest[] = [];
  /** The request whose sheet is showing. Section 3.3: there is one in all of the browser. */
  showing: FakeRequest | 'elsewhere' | null = null;
  /** Whether the shopper has just clicked (section 3.3 step 2: show() uses that up). */
  activation = false;
  /** Whether the wallet lets go of its window when the page aborts. */
  letsGo = true;
  wallets: readonly string[] = ['https://wallet.example/pay'];
  readonly #completed: string[] = [];

  constructor({ engine = 'chromium' }: BrowserOptions = {}) {
    this.engine = engine;
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- of the class below
    const browser = this;
    vi.stubGlobal(
      'PaymentRequest',
      class extends FakeRequest {
        constructor(methods: PaymentMethodData[], details: PaymentDetailsInit, options: PaymentOptions = {}) {
          super(browser, methods, details, options);
        }
      },
    );
    vi.stubGlobal('PaymentResponse', FakeResponse);
  }

  /** Runs `work` as the browser runs a click: only what it does before it returns is within the click. */
  click<T>(work: () => T): T {
    this.activation = true;
    try {
      return work();
    } finally {
      this.activation = false;
    }
  }

  /** The sheet that is showing. */
  get sheet(): FakeRequest {
    if (!(this.showing instanceof FakeRequest)) throw new Error('no sheet of this page is showing');
    return this.showing;
  }

  /** How the sheets ended, in order: `success`, `fail`, `unknown`, `aborted` by the page, `cancelled` by the shopper. */
  get completed(): readonly string[] {
    return this.#completed;
  }

  ended(how: string): void {
    this.showing = null;
    this.#completed.push(how);
  }
}

/** Section 3: the PaymentRequest interface. */
export class FakeRequest extends EventTarget {
  readonly browser: FakeBrowser;
  readonly options: PaymentOptions;
  readonly methods: PaymentMethodData[];
  state: 'created' | 'interactive' | 'closed' = 'created';
  updating = false;
  /** What the sheet shows. */
  details: PaymentDetailsUpdate;
  shippingOption: string | null;
  shippingAddress: unknown = null;
  response: FakeResponse | null = null;
  /** The promise of show() or retry(). */
  pending: Settle<FakeResponse> | null = null;

  constructor(
    browser: FakeBrowser,
    methods: PaymentMethodData[],
    details: PaymentDetailsInit,
    options: PaymentOptions,
  ) {
    super();
    if (methods.length === 0) throw new TypeError('At least one payment method is required');
    for (const { supportedMethods } of methods) {
      if (!/^(https:|http:\/\/localhost|[a-z])/.test(supportedMethods)) throw new RangeError('Invalid payment method');
    }
    validate(details);
    this.browser = browser;
    this.methods = methods;
    this.options = options;
    this.details = details;
    this.shippingOption = selected(details, options) ?? null;
    browser.requests.push(this);
  }

  /** Section 3.3. */
  show(): Promise<FakeResponse> {
    const { browser } = this;
    if (!browser.activation) return rejected('SecurityError', 'show() requires transient user activation');
    browser.activation = false;
    if (this.state !== 'created') return rejected('InvalidStateError', 'Already called show() once');
    if (browser.showing !== null) {
      this.state = 'closed';
      if (browser.engine === 'webkit') return rejected('AbortError', 'The operation was aborted.');
      return new Promise((_, reject) => setTimeout(() => reject(new DOMException(BUSY, 'AbortError'))));
    }
    this.state = 'interactive';
    browser.showing = this;
    return new Promise((resolve, reject) => {
      this.pending = { resolve, reject };
      const found = this.methods.some(({ supportedMethods }) => browser.wallets.includes(supportedMethods));
      if (!found) setTimeout(() => this.#close(new DOMException('not supported', 'NotSupportedError'), 'unsupported'));
    });
  }

  /** Section 3.4. WebKit keeps to "retryPromise is not null", Chromium aborts then, too. */
  async abort(): Promise<void> {
    const retrying = this.response !== null && this.pending !== null;
    if (this.state !== 'interactive' || (retrying && this.browser.engine === 'webkit')) {
      throw new DOMException('nothing to abort', 'InvalidStateError');
    }
    if (!this.browser.letsGo) throw new DOMException('Unable to abort the payment', 'InvalidStateError');
    this.#close(new DOMException('The website has aborted the payment', 'AbortError'), 'aborted');
  }

  /** Section 3.5. */
  async canMakePayment(): Promise<boolean> {
    if (this.state !== 'created') throw new DOMException('', 'InvalidStateError');
    return this.methods.some(({ supportedMethods }) => this.browser.wallets.includes(supportedMethods));
  }

  // ------------------------------------------------------------------------------------------------ the shopper

  /** Section 14.6: the shopper agrees. The second time it is the same response, with something else in it. */
  accept({ details, payerEmail }: Agreement): void {
    if (this.updating) throw new Error('the sheet waits for updateWith(): nobody can agree in it');
    if (this.details.shippingOptions?.length === 0) throw new Error('the sheet offers no way of shipping');
    const pending = this.pending;
    if (this.state !== 'interactive' || pending === null) throw new Error('the sheet does not ask');
    this.state = 'closed';
    this.pending = null;
    this.response ??= new FakeResponse(this);
    for (const key of Object.keys(this.response.details)) delete this.response.details[key];
    Object.assign(this.response.details, details);
    this.response.payerEmail = this.options.requestPayerEmail ? (payerEmail ?? null) : null;
    this.response.shippingOption = this.shippingOption;
    this.response.shippingAddress = this.shippingAddress;
    pending.resolve(this.response);
  }

  /** Section 14.7: the shopper, or the wallet itself, closes the sheet. */
  cancel(error = new DOMException('User closed the Payment Request UI.', 'AbortError')): void {
    if (this.response && !this.pending) this.response.gone = true; // nobody waits: the page learns of it later
    this.#close(error, 'cancelled');
  }

  /** Sections 14.1 to 14.4. Resolves once the page has answered, if it does. */
  async change(
    type: 'shippingaddresschange' | 'shippingoptionchange' | 'paymentmethodchange' | 'payerdetailchange',
    init: { address?: unknown; option?: string; methodName?: string; methodDetails?: unknown } = {},
  ): Promise<void> {
    if (this.state !== 'interactive' || this.updating) throw new Error('the sheet takes no changes now');
    if (init.address) this.shippingAddress = init.address;
    if (init.option) this.shippingOption = init.option;
    const target = type === 'payerdetailchange' ? this.response : this;
    const event = new FakeUpdateEvent(type, this, init);
    target?.dispatchEvent(event);
    event.open = false;
    await event.answered;
  }

  /** "Update a PaymentRequest's details", section 14.10. */
  async update(promise: PromiseLike<PaymentDetailsUpdate>): Promise<void> {
    this.updating = true;
    try {
      const details = await promise;
      if (this.state !== 'interactive') return;
      validate(details);
      this.details = { ...this.details, ...details };
      if (details.shippingOptions) this.shippingOption = selected(details, this.options) ?? null;
    } catch {
      if (this.state === 'interactive') this.#close(new DOMException('updateWith() failed', 'AbortError'), 'broken');
    } finally {
      this.updating = false;
    }
  }

  #close(error: DOMException, how: string): void {
    this.state = 'closed';
    this.browser.ended(how);
    this.pending?.reject(error);
    this.pending = null;
  }
}

/** Section 12: the PaymentRequestUpdateEvent interface. */
class FakeUpdateEvent extends Event {
  open = true;
  answered: Promise<void> | undefined;
  readonly methodName: string | undefined;
  readonly methodDetails: unknown;
  readonly #request: FakeRequest;

  constructor(
    type: string,
    request: FakeRequest,
    { methodName, methodDetails }: { methodName?: string; methodDetails?: unknown },
  ) {
    super(type);
    this.#request = request;
    this.methodName = methodName;
    this.methodDetails = methodDetails;
  }

  updateWith(promise: PromiseLike<PaymentDetailsUpdate>): void {
    if (!this.open || this.answered) throw new DOMException('Cannot update now', 'InvalidStateError');
    this.answered = this.#request.update(promise);
  }
}

/** Section 11: the PaymentResponse interface. */
export class FakeResponse extends EventTarget {
  readonly methodName: string;
  readonly details: Record<string, unknown> = {};
  readonly payerName = null;
  payerEmail: string | null = null;
  readonly payerPhone = null;
  shippingOption: string | null = null;
  shippingAddress: unknown = null;
  /** What the sheet says since the last retry. */
  errors: PaymentValidationErrors | null = null;
  /** Whether the shopper closed the sheet while the page worked. */
  gone = false;
  readonly #request: FakeRequest;
  #complete = false;

  constructor(request: FakeRequest) {
    super();
    this.#request = request;
    this.methodName = request.methods[0]?.supportedMethods ?? '';
  }

  /** Section 11.2. */
  async retry(errors: PaymentValidationErrors = {}): Promise<void> {
    const request = this.#request;
    if (this.#complete || request.pending) throw new DOMException('Cannot call retry()', 'InvalidStateError');
    // Chromium: "Payment request terminated".
    if (this.gone) throw new DOMException('Payment request terminated', 'InvalidStateError');
    if (typeof (errors.payer ?? {}) !== 'object') throw new TypeError('payer is no dictionary');
    this.errors = errors;
    request.state = 'interactive';
    await new Promise<FakeResponse>((resolve, reject) => {
      request.pending = { resolve, reject };
    });
  }

  /** Section 11.1. */
  async complete(result: PaymentComplete = 'unknown'): Promise<void> {
    if (this.#complete || this.#request.pending) throw new DOMException('Cannot complete()', 'InvalidStateError');
    this.#complete = true;
    if (this.gone) throw new DOMException('Request cancelled', 'AbortError');
    this.#request.browser.ended(result);
  }
}

function rejected(name: string, message: string): Promise<never> {
  return Promise.reject(new DOMException(message, name));
}

/** What both the constructor and updateWith() refuse. */
function validate({ total, displayItems = [], shippingOptions = [] }: PaymentDetailsUpdate): void {
  if (displayItems.length > 1024 || shippingOptions.length > 1024) throw new TypeError('Too many items');
  for (const { label, amount } of [...(total ? [total] : []), ...displayItems, ...shippingOptions]) {
    if (label.length > 1024) throw new TypeError('Label too long');
    if (!/^[A-Z]{3}$/.test(amount.currency)) throw new RangeError('Not a currency');
    if (!/^-?[0-9]+(\.[0-9]+)?$/.test(amount.value)) throw new TypeError('Not a valid decimal monetary value');
  }
  if (total?.amount.value.startsWith('-')) throw new TypeError('The total must not be negative');
  const ids = shippingOptions.map(({ id }) => id);
  if (new Set(ids).size !== ids.length) throw new TypeError('Duplicate shipping option');
}

function selected({ shippingOptions }: PaymentDetailsUpdate, { requestShipping }: PaymentOptions): string | undefined {
  return requestShipping ? shippingOptions?.findLast((option) => option.selected)?.id : undefined;
}
