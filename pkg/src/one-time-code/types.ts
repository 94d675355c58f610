import type { Clock, Journal, RetryOptions } from '../types.js';

/**
 * Where a page is with its flow. `asking`: the outcome is unknown, and the backend is asked before anybody is told
 * anything. `unresolved`: the backend did not say; `checkAgain()`.
 */
export type OneTimeCodeState =
  | 'idle'
  | 'beginning'
  | 'away'
  | 'looking'
  | 'claiming'
  | 'exchanging'
  | 'asking'
  | 'unresolved'
  | 'connected'
  | 'failed';

/**
 * Why nothing is connected. Whatever it is, `begin()` starts afresh.
 *
 * - `denied`: the shopper said no (`access_denied`); `provider_error`: the provider reported another error.
 * - `state_unknown`: nobody here began such a flow: forged, or long ago. Nothing was sent.
 * - `issuer_mismatch`: another issuer answered than was asked (RFC 9207). `malformed`: the answer is none.
 * - `expired`: the code was too old to be sent. `record_unavailable`: the journal could not be written, so nothing was
 *   sent.
 * - `refused`: the backend refused the code. `not_connected`: the backend was asked, and is not connected.
 */
export type FailureReason =
  | 'denied'
  | 'provider_error'
  | 'state_unknown'
  | 'issuer_mismatch'
  | 'malformed'
  | 'expired'
  | 'refused'
  | 'not_connected'
  | 'record_unavailable';

/** What the page may show. The same object until something changed. Neither code nor verifier nor `state` is in it. */
export interface OneTimeCodeSnapshot {
  readonly state: OneTimeCodeState;
  /** In `failed` alone. */
  readonly reason: FailureReason | null;
  /** Whether `begin()` would be taken. */
  readonly canBegin: boolean;
  /** Whether `checkAgain()` would be taken. */
  readonly canCheck: boolean;
}

/** What belongs into the address of the provider. */
export interface AuthorizationRequest {
  /**
   * The parameter `state`; the provider must give it back. 29 characters of base64url: 128 random bits, then a short hash of
   * the scope, by which a page knows whose answer it has been given.
   */
  readonly state: string;
  /** The parameter `code_challenge`, of the method `S256` (RFC 7636); null without PKCE. */
  readonly codeChallenge: string | null;
}

/** What the backend needs to exchange the code. */
export interface ExchangeRequest {
  /** The code. It is handed over once, whatever happens. */
  readonly code: string;
  /**
   * The flow. A backend that stores what became of it under this name can answer `connected`, and replays its answer
   * where a browser or proxy sends the request twice.
   */
  readonly state: string;
  /** The PKCE verifier (RFC 7636 section 4.1); null without PKCE. */
  readonly codeVerifier: string | null;
  /** As it was given in the options: the provider compares it (RFC 6749 section 4.1.3). */
  readonly redirectUri: string | null;
}

/** `already_used` and `unknown`: the backend is asked whether it is connected. `refused`: it is not, for certain. */
export type ExchangeAnswer = 'connected' | 'already_used' | 'refused' | 'unknown';

export interface OneTimeCodeOptions {
  /**
   * Where the provider asks the shopper (RFC 6749 section 3.1), as an absolute URL whose own parameters are kept. A
   * function makes the whole address itself: for providers whose redirects the backend prepares.
   */
  readonly authorizationUrl: string | URL | ((request: AuthorizationRequest) => string | URL | Promise<string | URL>);
  /** `client_id`. With it, `response_type=code` is added, too. */
  readonly clientId?: string;
  /** `redirect_uri`. */
  readonly redirectUri?: string;
  /** `scope`, joined by spaces. */
  readonly scopes?: readonly string[];
  /** Whether flows have a PKCE verifier. Default true. */
  readonly pkce?: boolean;
  /** The provider's issuer identifier, where it sends `iss` (RFC 9207): any other answer is refused. */
  readonly issuer?: string;
  /** The parameter that carries the code. Default `code`. */
  readonly codeParameter?: string;
  /**
   * Has the backend exchange the code: its response as `fetch` gives it, or the answer in a word. `{"connected": true}`
   * (2xx) is success, an error of RFC 6749 section 5.2 (4xx, `{"error": "..."}`) a refusal, but for `invalid_grant`,
   * which may mean "already used"; anything else, and a rejection, tells nothing.
   */
  readonly exchange: (
    request: ExchangeRequest,
    signal: AbortSignal,
  ) => Promise<Pick<Response, 'status' | 'body'> | ExchangeAnswer>;
  /** Asks the backend whether it is connected by this flow. Rejects while it does not know. */
  readonly connected: (request: { readonly state: string }, signal: AbortSignal) => Promise<boolean>;
  /** Default: `indexedDbJournal`. Flows must outlive the page, and be seen by all tabs. */
  readonly journal?: Journal;
  readonly clock?: Clock;
  /** One for each thing to connect, and each shopper of the origin. Default `default`. */
  readonly scope?: string;
  /** How old a code may be when it is sent, in ms. Default 600000, the most that RFC 6749 section 4.1.2 recommends. */
  readonly lifetime?: number;
  /** How long the shopper may be with the provider, in ms. Default 3600000. */
  readonly maxAway?: number;
  /**
   * How the backend is asked: `maxSettles` questions without an answer, each at most `sendTimeout` long. A "no" counts
   * once `totalTime` has passed since the code was claimed: until then the exchange may be under way.
   */
  readonly retry?: RetryOptions;
  /** Told of what has no caller to be thrown at. Default: the page's error handling (`reportError`). */
  readonly onError?: (error: unknown) => void;
}

export interface ReturnOptions {
  /** When the browser got the address, in ms since the epoch. Default: when this page was loaded. */
  readonly receivedAt?: number;
}

/** One page's part in its flows. Its functions work detached from it. */
export interface OneTimeCode {
  readonly getSnapshot: () => OneTimeCodeSnapshot;
  /** Calls `listener` after every change of the snapshot; returns how to stop that. */
  readonly subscribe: (listener: () => void) => () => void;
  /**
   * Begins a flow and resolves with the address to go to, once the flow is written down. Rejects with JournalError where
   * that cannot be done, with InputError `flow_under_way` where one is, and with what `authorizationUrl` throws.
   */
  readonly begin: () => Promise<string>;
  /**
   * To be called when the page is loaded, on every page that shows the connection. Takes what the provider gave out of the
   * address before it returns, exchanges the code if nobody has, and resolves once it is known what became of it. Safe to
   * call again at any time: the code is sent once. What is for another scope, or for another script, stays where it is.
   *
   * With a `url`, that one is read, and the page's own is left alone.
   */
  readonly handleReturn: (url?: string | URL, options?: ReturnOptions) => Promise<OneTimeCodeSnapshot>;
  /** Asks the backend again, where it did not answer. */
  readonly checkAgain: () => boolean;
  /** The redacted log as JSON text. */
  readonly exportLog: () => string;
  /** Lets go of everything. Safe to call twice. */
  readonly dispose: () => void;
}
