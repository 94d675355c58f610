/** Loads the checkout's module. */

import load from '../wasm/payonce.js';
import { InitError } from './errors.js';
import { loader, type WasmSource } from './loader.js';

export type { WasmSource };

const checkout = loader(load);

export const { moduleFrom } = checkout;

/**
 * Loads the WebAssembly module. `createCheckout` does it by itself; call it earlier to have the module ready before
 * the pay button shows, or with a `source` where the module is served from somewhere else.
 *
 * Every call returns the same promise; a `source` counts only in the first call. After a failure (`InitError`) the
 * next call tries again.
 */
export function init(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  return checkout.init(source);
}

/** Throws unless the module is loaded. */
export function requireInit(): void {
  if (!checkout.isLoaded()) throw new InitError('not_initialized', null, 'await init() first');
}
