/** A wallet without a user interface, for a storefront's own tests: the test plays the shopper. */

import type { Cart, HashedCart, Notice, Sheet, Summary, Wallet, WalletToken } from '../types.js';

export interface MockWallet extends Wallet {
  /** Whether the sheet is showing. */
  readonly isOpen: boolean;
  /** How many times a sheet was opened. */
  readonly opened: number;
  /** What the sheet shows as to be paid. */
  readonly summary: Summary | null;
  /** Why the sheet last asked for a fresh token, since it was opened. */
  readonly retryReason: Notice | null;
  /** The result that the last sheet showed when it closed. */
  readonly result: 'success' | 'failure' | null;
  /** The shopper agrees. Returns the token that was handed over: without an argument, one never used before. */
  approve(token?: string | WalletToken): string | WalletToken;
  /** The shopper changes something inside the sheet. */
  changeCart(cart: Cart | HashedCart): void;
  /** The shopper closes the sheet. */
  cancel(): void;
  /** The sheet breaks. */
  fail(): void;
  /** Another sheet is showing. */
  busy(): void;
}

export interface MockWalletOptions {
  /** Whether the sheet can ask for another card without closing. Default true. */
  readonly retriesInPlace?: boolean;
}

/** Makes a wallet whose shopper is the test. */
export function mockWallet({ retriesInPlace = true }: MockWalletOptions = {}): MockWallet {
  let sheet: Sheet | null = null;
  let opened = 0;
  let summary: Summary | null = null;
  let retryReason: Notice | null = null;
  let result: 'success' | 'failure' | null = null;

  function shown(): Sheet {
    if (sheet === null) throw new Error('the mock wallet shows no sheet');
    return sheet;
  }

  /** The sheet is gone before it reports that: whoever listens may open the next one at once. */
  function gone(): Sheet {
    const last = shown();
    sheet = null;
    return last;
  }

  return {
    retriesInPlace,
    open(next, toPay) {
      sheet = next;
      opened += 1;
      summary = toPay;
      retryReason = null;
      result = null;
    },
    retry(why, toPay) {
      retryReason = why;
      summary = toPay;
    },
    update(toPay) {
      summary = toPay;
    },
    complete(shownResult) {
      result = shownResult;
      sheet = null;
    },
    close() {
      sheet = null;
    },

    get isOpen() {
      return sheet !== null;
    },
    get opened() {
      return opened;
    },
    get summary() {
      return summary;
    },
    get retryReason() {
      return retryReason;
    },
    get result() {
      return result;
    },
    approve(token = `tok_approved_${crypto.randomUUID()}`) {
      shown().tokenReceived(typeof token === 'string' ? { token } : token);
      return token;
    },
    changeCart: (cart) => shown().cartChanged(cart),
    cancel: () => gone().cancelled(),
    fail: () => gone().failed(),
    busy: () => gone().busy(),
  };
}
