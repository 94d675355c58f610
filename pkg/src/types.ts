/**
 * The public types of payonce. Words are those of the glossary in docs/architecture.md: cart, session, sheet, token,
 * attempt, send, outcome, settle, notice.
 *
 * Amounts are integers in the currency's minor unit (cents; yen have none). Times are milliseconds since the Unix
 * epoch, delays are milliseconds.
 */

// ---------------------------------------------------------------------------------------------------- cart

/** Anything that a line's options may hold. Numbers must be safe integers. */
export type OptionValue =
  string | number | boolean | null | readonly OptionValue[] | { readonly [name: string]: OptionValue };

export interface CartLine {
  /** The storefront's id of what is bought. */
  readonly id: string;
  /** A positive integer. */
  readonly quantity: number;
  /** Minor units. */
  readonly unitAmount: number;
  /** For display only, not part of the cart hash: a translation must not end a session. */
  readonly name?: string;
  readonly options?: { readonly [name: string]: OptionValue };
}

export type AdjustmentKind = 'shipping' | 'tax' | 'discount' | 'fee' | 'tip' | 'gift_card';

export interface CartAdjustment {
  readonly kind: AdjustmentKind;
  /** Minor units; negative for what is taken off. */
  readonly amount: number;
  readonly id?: string;
  /** For display only, not part of the cart hash. */
  readonly label?: string;
}

/** What the shopper is about to pay for. See docs/cart-hash.md for its canonical form and hash. */
export interface Cart {
  /** ISO 4217, in any case. */
  readonly currency: string;
  readonly lines: readonly CartLine[];
  readonly adjustments?: readonly CartAdjustment[];
  /** Minor units. The storefront's word: it is shown and charged as it is, not recomputed. */
  readonly total: number;
}

/** A cart known by its backend's own hash (WooCommerce's `cart_hash`, say) instead of ours. */
export interface HashedCart extends Omit<Cart, 'lines'> {
  readonly hash: string;
  readonly lines?: readonly CartLine[];
}

/** What exactly would be paid: the same object serves the page and the sheet. */
export interface Summary {
  readonly cartHash: string;
  readonly currency: string;
  /** Of the currency's minor unit, by ISO 4217: 2 for USD, 0 for JPY, 3 for BHD. */
  readonly decimals: number;
  readonly lines: readonly Pick<CartLine, 'id' | 'quantity' | 'unitAmount' | 'name'>[];
  readonly adjustments: readonly CartAdjustment[];
  readonly total: number;
}

// ---------------------------------------------------------------------------------------------------- snapshot

export type State =
  | 'empty'
  | 'ready'
  | 'sheet_open'
  | 'sending'
  | 'waiting'
  | 'action_required'
  | 'settling'
  | 'unresolved'
  | 'succeeded'
  | 'blocked'
  | 'failed';

export interface SessionView {
  readonly id: string;
  readonly cartHash: string;
  readonly providerRef: string | null;
  readonly createdAt: number;
}

export interface AttemptView {
  readonly key: string;
  readonly cartHash: string;
  readonly fingerprint: string;
  /** How many HTTP requests this page has made for it. */
  readonly sends: number;
  readonly firstSendAt: number | null;
}

export interface Receipt {
  readonly key: string;
  readonly session: string;
  readonly reference: string | null;
  /** The cart that was paid, which may not be the one on the page any more. */
  readonly paid: Summary;
  readonly at: number;
}

export type NoticeCode =
  | 'cart_changed'
  | 'fresh_token_needed'
  | 'payment_declined'
  | 'payment_rejected'
  | 'payment_not_made'
  | 'checking_payment'
  | 'do_not_pay_again'
  | 'payment_received'
  | 'earlier_cart_paid'
  | 'charged_twice'
  | 'sheet_unavailable'
  | 'another_sheet_open'
  | 'action_required'
  | 'offline'
  | 'record_unavailable'
  | 'another_tab_pays';

export type Severity = 'info' | 'success' | 'warning' | 'error';

/** What the shopper should be told. `describe(notice)` gives the text. */
export interface Notice {
  readonly code: NoticeCode;
  readonly severity: Severity;
  /** Parameters: `advice` and `reason` of a decline, the `reference` of the other charge of `charged_twice`. */
  readonly params: { readonly [name: string]: string };
}

/** What the page may show and do now. The same object until something changed; never a token or personal data. */
export interface Snapshot {
  readonly state: State;
  /** Whether `openSheet()` would open a sheet. */
  readonly canPay: boolean;
  /** Whether `checkAgain()` would ask the merchant. */
  readonly canCheck: boolean;
  /** Whether the journal's last write is safe against a crash of the browser; false before this page wrote anything. */
  readonly durable: boolean;
  readonly online: boolean;
  /** Whether a changed cart waits for the open attempt to end. */
  readonly cartWaiting: boolean;
  /** Exactly the cart that the next send would pay for; null without a cart. */
  readonly summary: Summary | null;
  readonly session: SessionView | null;
  readonly attempt: AttemptView | null;
  readonly receipt: Receipt | null;
  readonly notices: readonly Notice[];
  /** Fingerprints of spent tokens, oldest first. */
  readonly spent: readonly string[];
}

// ---------------------------------------------------------------------------------------------------- outcomes

/** What a shopper may try after a decline: a parameter of its notice. */
export type Advice = 'try_again_later' | 'other_card' | 'correct_details' | 'do_not_retry';

/** What became of a send, in the words of the backend contract: for a merchant port that reads answers itself. */
export type Outcome =
  | { readonly outcome: 'approved'; readonly reference?: string }
  | { readonly outcome: 'declined'; readonly code: string }
  | {
      readonly outcome: 'action_required';
      readonly action: { readonly kind: string; readonly [name: string]: unknown };
    }
  | {
      readonly outcome: 'rejected';
      readonly code: string;
      /** Whether the provider consumed the token. Say `false` only where it never saw it. Default: true. */
      readonly tokenConsumed?: boolean;
      /** Whether another try on this session can succeed. Default: true. */
      readonly mayRetry?: boolean;
    }
  | { readonly outcome: 'ambiguous'; readonly retryAfter?: number };

/** What the merchant says when it is asked for the truth about a key. */
export type SettleAnswer =
  Outcome | { readonly outcome: 'voided' } | { readonly outcome: 'pending'; readonly retryAfter?: number };

/** A reply as it came over HTTP; payonce classifies it by the provider profile. */
export interface HttpReply {
  readonly status: number;
  /** Lower bound for the next request, in ms, from `Retry-After`. */
  readonly retryAfter?: number | undefined;
  readonly shouldRetry?: boolean | undefined;
  readonly body: string;
}

// ---------------------------------------------------------------------------------------------------- ports

export interface AttemptRequest {
  readonly key: string;
  readonly session: string;
  readonly cartHash: string;
  readonly providerRef: string | null;
  /** Headers that carry the key, in the form that the provider profile asks for; empty where the body carries it. */
  readonly headers: Readonly<Record<string, string>>;
  /** The JSON body, byte for byte the same on every send of the attempt. It holds the token: do not keep it. */
  readonly body: string;
  /** 1 for the first send of the attempt. */
  readonly send: number;
}

export interface SettleRequest {
  readonly key: string;
  readonly session: string;
  readonly providerRef: string | null;
}

export interface DiscardRequest {
  readonly session: string;
  readonly providerRef: string | null;
}

/** Runs what concerns the merchant's backend. A rejected promise means: no answer (the outcome is unknown). */
export interface Merchant {
  /** The provider profile by which HTTP replies are read and keys are carried. */
  readonly profile: ProfileName;
  send(request: AttemptRequest, signal: AbortSignal): Promise<HttpReply | Outcome>;
  settle(request: SettleRequest, signal: AbortSignal): Promise<HttpReply | SettleAnswer>;
  /** Tells the backend that a session must not be paid any more. */
  discard(request: DiscardRequest, signal: AbortSignal): Promise<void>;
  /** Performs a challenge or redirect; resolves true when the shopper finished it, false when it was given up. */
  performAction?(action: RequiredAction, signal: AbortSignal): Promise<boolean>;
}

export interface RequiredAction {
  readonly key: string;
  readonly kind: string;
  readonly action: unknown;
}

export type ProfileName = 'ietf' | 'stripe' | 'adyen' | 'paypal' | 'square' | 'checkout_com';

/** What the wallet's sheet returns. Single-use and secret. */
export interface WalletToken {
  /** The token itself. An object is taken by its content, not by its identity. */
  readonly token: string | object;
  /** ms since the epoch after which it is never sent. */
  readonly expiresAt?: number;
  /** The cart hash that the sheet showed when the shopper agreed, where the wallet knows it. */
  readonly cartHash?: string;
  /** What the backend needs beside the token (billing address, e-mail). Sent in the body, kept nowhere. */
  readonly details?: unknown;
}

/** How one opened sheet reports what happened in it. Reports of a sheet that is over are harmless. */
export interface Sheet {
  tokenReceived(token: WalletToken): void;
  /** The cart changed inside the sheet (address, shipping option, coupon). Throws CartError on an invalid cart. */
  cartChanged(cart: Cart | HashedCart): void;
  /** The shopper closed the sheet. */
  cancelled(): void;
  /** The sheet cannot be shown or broke. */
  failed(): void;
  /** Another sheet is showing (other tab, other frame). */
  busy(): void;
}

/** Runs what concerns the sheet, for one checkout: two that share a wallet would answer for each other. */
export interface Wallet {
  /** Whether the sheet can stay open after a decline and ask for another card. Read when the sheet is opened. */
  readonly retriesInPlace: boolean;
  /** Called synchronously within the shopper's click: show the sheet without awaiting anything first. */
  open(sheet: Sheet, summary: Summary): void;
  /**
   * Ask for a fresh token in the open sheet and tell the shopper why. Called only if `retriesInPlace`. A sheet that has
   * to end after all says `cancelled()`: what is shown of the decline stays.
   */
  retry(why: Notice, summary: Summary): void;
  /** The cart changed inside the sheet: show the new total. */
  update(summary: Summary): void;
  /** The attempt ended; the sheet shows the result and closes. */
  complete(result: 'success' | 'failure'): void;
  /** Close the sheet without a result. */
  close(): void;
}

/** Where the browser keeps what the tabs of one shopper share. */
export interface StorageOptions {
  /** Name of the IndexedDB database, and part of the name of the lock and the channel. Default `payonce`. */
  readonly name?: string;
  /**
   * Whose record it is: one for each merchant and shopper of the origin. Tabs of one scope know of each other's
   * payments, and pay one at a time. Default `default`.
   */
  readonly scope?: string;
}

/**
 * The durable record of the session, the open attempt and the spent ledger. Never a token. What takes longer than 10 s
 * has failed.
 */
export interface Journal {
  /** Whether a resolved `update` survives a crash of the browser. */
  readonly durable: boolean;
  /** The record; null where there is none. */
  read(): Promise<string | null>;
  /**
   * Replaces the record by what `change` makes of it, with nobody, in whatever tab, reading or writing in between:
   * tabs that share a journal would otherwise overwrite what the other has just noted. `change` is synchronous and may
   * be called again where the first try could not be stored. What it throws rejects the promise and leaves the record
   * as it was. Resolves when the record is stored.
   */
  update(change: (stored: string | null) => string): Promise<void>;
  /** Keeps a record that cannot be read, for whoever looks into it; `code` says why. It stays where it was, too. */
  setAside?(record: string, code: string): Promise<void>;
  /** Calls `listener` when another tab may have written; returns how to stop that. */
  changed?(listener: () => void): () => void;
  /** Lets go of what it holds until it is used again. Called when the checkout is disposed. */
  close?(): void;
}

/** One payer at a time. */
export interface Lock {
  /**
   * Resolves true once the lock is held; false, without waiting for it, when somebody else holds it. Calls `lost`
   * where it is taken away before it was released.
   */
  acquire(lost?: () => void): Promise<boolean>;
  /** Resolves once nobody holds the lock; asked after a refusal. Nobody listens any more once `signal` is aborted. */
  whenFree(signal?: AbortSignal): Promise<void>;
  release(): void;
}

/** Time, as the driver needs it. */
export interface Clock {
  /** ms since the epoch. */
  now(): number;
  setTimeout(callback: () => void, delay: number): unknown;
  clearTimeout(handle: unknown): void;
}

// ---------------------------------------------------------------------------------------------------- options

export type Jitter = 'full' | 'additive' | 'equal' | 'decorrelated';

export interface RetryOptions {
  readonly jitter?: Jitter;
  /** First window in ms. Default 2000. */
  readonly base?: number;
  /** Longest delay in ms. Default 8000. */
  readonly cap?: number;
  /** Sends after the first one. 0 means none. Default 6. */
  readonly maxRetries?: number;
  /** ms from the first send after which payonce settles instead of resending. Default 25000. */
  readonly totalTime?: number;
  /**
   * ms after which a send without a complete reply counts as ambiguous, and a lock or a journal that does not answer as
   * one that failed. Default 10000.
   */
  readonly sendTimeout?: number;
  /** Questions to the merchant before `unresolved`. Default 6. */
  readonly maxSettles?: number;
}

export interface CheckoutOptions {
  readonly merchant: Merchant;
  /** The wallet that `openSheet()` opens where it is not given another one. */
  readonly wallet: Wallet;
  /** Default: `indexedDbJournal({ scope })` where there is IndexedDB, else `memoryJournal()`. */
  readonly journal?: Journal;
  /**
   * Default: `webLock({ scope })` where there are Web Locks, else `claimLock({ scope })`; `pageLock()` where nothing is shared
   * with other pages: in a sandboxed frame, or without storage.
   */
  readonly lock?: Lock;
  /** Of the default journal and lock: one for each merchant and shopper of the origin. Default `default`. */
  readonly scope?: string;
  readonly clock?: Clock;
  readonly retry?: RetryOptions;
  /** `required` refuses to send where the journal cannot be written; `preferred` (default) goes on. */
  readonly durability?: 'required' | 'preferred';
  /**
   * Asked for the cart when the page comes back out of the back/forward cache, where it shows what it showed before:
   * nothing can be paid until it has answered. Default: the cart that was set last stands.
   */
  readonly recheckCart?: () => Cart | HashedCart | null | Promise<Cart | HashedCart | null>;
  /**
   * Told of what went wrong and has no caller to be thrown at: a record that was set aside, a journal that cannot be
   * written, a port or a listener that threw. Default: the page's error handling (`reportError`). Nobody has to act on
   * it: the checkout goes on as it can.
   */
  readonly onError?: (error: unknown) => void;
}

export interface SetCartOptions {
  /** The provider's object for this cart (PaymentIntent, Checkout Session id), if the backend made one. */
  readonly providerRef?: string;
}

export interface OpenSheetOptions {
  /** Default: the `wallet` of the checkout. A page with several pay buttons gives each button's wallet here. */
  readonly wallet?: Wallet;
}

/** A checkout: one cart, one charge. Its functions work detached from it. */
export interface Checkout {
  readonly getSnapshot: () => Snapshot;
  /** Calls `listener` after every change of the snapshot; returns how to stop that. */
  readonly subscribe: (listener: () => void) => () => void;
  /** The cart on the page now; null when it was emptied. Throws CartError, and changes nothing, on an invalid cart. */
  readonly setCart: (cart: Cart | HashedCart | null, options?: SetCartOptions) => void;
  /** Opens the sheet, synchronously. Returns false where that was ignored: look at the snapshot for why. */
  readonly openSheet: (options?: OpenSheetOptions) => boolean;
  /** Asks the merchant again what became of an unresolved payment. */
  readonly checkAgain: () => boolean;
  /** The shopper has seen the receipt: the next cart may be paid. */
  readonly acknowledge: () => boolean;
  /** An outcome that came from elsewhere (webhook, poll) for a known key. False for what is no news. */
  readonly reportOutcome: (key: string, outcome: Outcome) => boolean;
  /** The redacted log as JSON text. */
  readonly exportLog: () => string;
  /** Lets go of everything. An open attempt stays in the journal. Safe to call twice. */
  readonly dispose: () => void;
}
