/**
 * A storefront that does whatever a test tells it to, and whatever real ones do wrong: its pay button is never
 * disabled, its wallet reports twice, it throws its checkout away in the middle of a payment. It knows payonce as any
 * storefront does, by the packed package.
 */

import {
  type Checkout,
  type CheckoutOptions,
  createCheckout,
  describe,
  httpMerchant,
  type Journal,
  memoryJournal,
  type NoticeCode,
  type RequiredAction,
  type RetryOptions,
  type Severity,
  type Sheet,
  type State,
  type Wallet,
} from 'payonce';
import { mockWallet, type MockWallet } from 'payonce/wallets/mock';

export interface StartOptions {
  readonly retry?: RetryOptions;
  readonly retriesInPlace?: boolean;
  readonly durability?: 'required' | 'preferred';
  /**
   * Where the journal is kept: in the `page` (default), in the `browser`, where it outlives the page, nowhere, or
   * wherever `payonce` keeps it by itself, together with its lock.
   */
  readonly journal?: 'page' | 'browser' | 'broken' | 'payonce';
}

/** What the shopper was shown at some moment. */
export interface Shown {
  readonly state: State;
  readonly notices: readonly { readonly code: NoticeCode; readonly severity: Severity }[];
}

/** What a test finds on `window`. */
export interface Shop {
  /** Makes a checkout in the place of the one before, with the same journal, as a page does that mounts it again. */
  start(options?: StartOptions): Promise<void>;
  /** Makes one more beside it, with the same journal, as a page does that has a cart in its header, too. */
  startAnother(options?: StartOptions): Promise<{ readonly checkout: Checkout; readonly wallet: MockWallet }>;
  readonly checkout: Checkout;
  readonly wallet: MockWallet;
  /** All sheets that were ever opened: a wallet may report for one that is over. */
  readonly sheets: readonly Sheet[];
  /** Whether the browser would still have allowed a sheet at the moment when it was opened. */
  readonly activated: readonly boolean[];
  /** All that the shopper was shown, in order. */
  readonly shown: readonly Shown[];
  /** ms by which the shopper's clock is wrong. */
  skew: number;
  /** What the page sends next to the merchant gets stuck in the browser. */
  stuck: boolean;
  /** What got stuck. */
  readonly held: readonly string[];
}

declare global {
  interface Window {
    readonly shop: Shop;
  }
}

/** Quick, so that a test takes no longer than it must; patient, so that a slow machine changes nothing. */
const RETRY: RetryOptions = { base: 50, cap: 200, sendTimeout: 10_000, maxSettles: 60 };

const page = {
  total: byId('total'),
  notices: byId('notices'),
  pay: byId('pay'),
  check: byId('check'),
  sheetTotal: byId('sheet-total'),
  challenge: byId('challenge'),
};
const journals: Readonly<Record<Exclude<StartOptions['journal'], 'payonce' | undefined>, Journal>> = {
  page: memoryJournal(),
  browser: {
    durable: true,
    read: () => Promise.resolve(localStorage.getItem('journal')),
    update: (change) =>
      new Promise((resolve) => {
        localStorage.setItem('journal', change(localStorage.getItem('journal')));
        resolve();
      }),
  },
  broken: {
    durable: true,
    read: () => Promise.resolve(null),
    update: () => Promise.reject(new DOMException('the disk is full', 'QuotaExceededError')),
  },
};
const shop: { -readonly [K in keyof Shop]: Shop[K] } & {
  sheets: Sheet[];
  activated: boolean[];
  shown: Shown[];
  held: string[];
} = {
  start,
  startAnother,
  // Both are there when `start` has resolved, and nothing is asked of them before.
  checkout: undefined as unknown as Checkout,
  wallet: undefined as unknown as MockWallet,
  sheets: [],
  activated: [],
  shown: [],
  skew: 0,
  stuck: false,
  held: [],
};

async function start(options: StartOptions = {}): Promise<void> {
  (shop.checkout as Checkout | undefined)?.dispose();
  shop.wallet = mockWallet({ retriesInPlace: options.retriesInPlace ?? true });
  shop.checkout = await createCheckout(settings(watched(shop.wallet), options));
  shop.checkout.subscribe(render);
  render();
}

async function startAnother(
  options: StartOptions = {},
): Promise<{ readonly checkout: Checkout; readonly wallet: MockWallet }> {
  const wallet = mockWallet({ retriesInPlace: options.retriesInPlace ?? true });
  return { wallet, checkout: await createCheckout(settings(wallet, options)) };
}

function settings(wallet: Wallet, { retry, durability, journal = 'page' }: StartOptions): CheckoutOptions {
  return {
    merchant: httpMerchant({ url: '', performAction, fetch: send }),
    wallet,
    ...(journal !== 'payonce' && { journal: journals[journal] }),
    clock: {
      now: () => Date.now() + shop.skew,
      setTimeout: (callback, delay) => setTimeout(callback, delay),
      clearTimeout: (timer) => clearTimeout(timer as number),
    },
    retry: { ...RETRY, ...retry },
    ...(durability !== undefined && { durability }),
  };
}

function send(url: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  if (!shop.stuck) return fetch(url, init);
  shop.stuck = false;
  shop.held.push(url instanceof Request ? url.url : String(url));
  return new Promise(() => {});
}

/** The wallet, with what a test wants to know of it. */
function watched(wallet: MockWallet): Wallet {
  const shows = (): void => {
    page.sheetTotal.textContent = wallet.isOpen ? String(wallet.summary?.total) : '';
  };
  return {
    retriesInPlace: wallet.retriesInPlace,
    open(sheet, summary) {
      shop.sheets.push(sheet);
      shop.activated.push(navigator.userActivation.isActive);
      wallet.open(sheet, summary);
      shows();
    },
    retry(why, summary) {
      wallet.retry(why, summary);
      shows();
    },
    update(summary) {
      wallet.update(summary);
      shows();
    },
    complete(result) {
      wallet.complete(result);
      shows();
    },
    close() {
      wallet.close();
      shows();
    },
  };
}

function render(): void {
  const { state, summary, notices, canCheck } = shop.checkout.getSnapshot();
  shop.shown.push({ state, notices: notices.map(({ code, severity }) => ({ code, severity })) });
  document.body.dataset['state'] = state;
  page.total.textContent = summary === null ? '' : String(summary.total);
  page.notices.replaceChildren(
    ...notices.map((notice) => {
      const element = document.createElement('p');
      element.dataset['code'] = notice.code;
      element.dataset['severity'] = notice.severity;
      element.textContent = describe(notice);
      return element;
    }),
  );
  page.check.hidden = !canCheck;
}

page.pay.addEventListener('click', () => shop.checkout.openSheet());
page.check.addEventListener('click', () => shop.checkout.checkAgain());

/** The bank's question. True when the shopper answered it, false when they would not. */
function performAction({ key }: RequiredAction, signal: AbortSignal): Promise<boolean> {
  page.challenge.hidden = false;
  const over = new AbortController();
  return new Promise<boolean>((resolve) => {
    const answer = (result: 'pass' | 'fail') => async (): Promise<void> => {
      await fetch(`/challenges/${key}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ result }),
      });
      resolve(true);
    };
    const on = (id: string, act: () => unknown): void =>
      byId(id).addEventListener('click', () => void act(), { signal: over.signal });
    on('challenge-pass', answer('pass'));
    on('challenge-fail', answer('fail'));
    on('challenge-close', () => resolve(false));
    signal.addEventListener('abort', () => resolve(false));
  }).finally(() => {
    over.abort();
    page.challenge.hidden = true;
  });
}

function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no #${id}`);
  return element;
}

Object.assign(window, { shop });
document.body.dataset['state'] = 'loaded';
