/** What `payonce` and `payonce/inline` export. They differ in where the WebAssembly module comes from, and in nothing else. */

export { cartHash } from './cart.js';
export { createCheckout } from './checkout.js';
export { systemClock } from './clock.js';
export { describe, findLocale, type Locale, type LocaleTexts, withTexts } from './describe.js';
export {
  CartError,
  ConfigError,
  DisposedError,
  InitError,
  InputError,
  InternalError,
  JournalError,
  PayonceError,
  PortError,
} from './errors.js';
export { formatAmount } from './format-amount.js';
export { init, type WasmSource } from './init.js';
export { indexedDbJournal } from './indexeddb.js';
export { memoryJournal } from './journal.js';
export { claimLock, pageLock, webLock } from './lock.js';
export { type HttpMerchantOptions, httpMerchant } from './merchant.js';
export type * from './types.js';
