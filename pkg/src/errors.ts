/**
 * The errors that payonce throws, and the one place where what the core throws becomes one of them.
 *
 * Every error carries a stable `code` and the `path` of what is wrong. A message is made of those two and of fixed
 * text alone, never of the input itself: errors end up in monitoring tools, and input may hold a wallet token.
 */

/** What all errors of payonce have in common. */
export class PayonceError extends Error {
  /** Stable; compare with this and not with the message. */
  readonly code: string;
  /** Where in the input it is wrong (`lines[2].unitAmount`), or null. */
  readonly path: string | null;

  constructor(code: string, path: string | null = null, hint = '', options?: ErrorOptions) {
    super(`${code}${path ? ` at ${path}` : ''}${hint && `: ${hint}`}`, options);
    this.name = 'PayonceError';
    this.code = code;
    this.path = path || null;
  }
}

/** The cart is not one. It changed nothing. */
export class CartError extends PayonceError {
  override readonly name = 'CartError';
}

/** An option of `createCheckout` or `httpMerchant` is wrong. */
export class ConfigError extends PayonceError {
  override readonly name = 'ConfigError';
}

/** Any other input is malformed. It changed nothing. */
export class InputError extends PayonceError {
  override readonly name = 'InputError';
}

/** A port threw or answered with something that is no answer; `path` names it (`wallet.open`). Only ever reported. */
export class PortError extends PayonceError {
  override readonly name = 'PortError';
}

/** The WebAssembly module could not be loaded or is not loaded yet. A failed `init()` may be tried again. */
export class InitError extends PayonceError {
  override readonly name = 'InitError';
}

/** The journal's record is damaged or of a newer version, or the journal cannot be read or written. */
export class JournalError extends PayonceError {
  override readonly name = 'JournalError';
}

/** The checkout was disposed. */
export class DisposedError extends PayonceError {
  override readonly name = 'DisposedError';

  constructor() {
    super('disposed');
  }
}

/**
 * A defect in payonce. The call at hand is lost; the checkout starts anew from the journal, settles what was open there,
 * and goes on. It gives up after the third time: then every call throws this.
 */
export class InternalError extends PayonceError {
  override readonly name = 'InternalError';

  constructor(cause?: unknown) {
    super('internal', null, '', { cause });
  }
}

/** A class of errors about input. */
export type ErrorKind = new (code: string, path?: string | null) => PayonceError;

/**
 * What a call into the core threw, as an error of payonce: the core throws a text with a code and a path where the input
 * is wrong. Anything else (a panic, an exhausted stack) leaves the instance in an unknown state: `InternalError`.
 */
export function fromCore(thrown: unknown, Kind: ErrorKind): PayonceError {
  if (thrown instanceof PayonceError) return thrown;
  if (typeof thrown !== 'string') return new InternalError(thrown);
  const [code = '', path] = thrown.split(' ');
  return new Kind(code, path);
}

/** Tells of a fault that has no caller to be thrown at. */
export type Report = (error: unknown) => void;

/** Tells `onError`, or else the page's error handling. */
export function reporter(onError?: Report): Report {
  return (error) => {
    try {
      if (onError) onError(error);
      else if (typeof globalThis.reportError === 'function') globalThis.reportError(error);
      else console.error(error);
    } catch {
      // An error handler that throws must not stop a payment half-way.
    }
  };
}
