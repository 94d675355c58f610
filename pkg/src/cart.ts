import * as wasm from '../wasm/payonce.js';
import { toJson } from './convert.js';
import { CartError, fromCore } from './errors.js';
import { requireInit } from './init.js';
import type { Cart, HashedCart } from './types.js';

/**
 * The hash of `cart` as docs/cart-hash.md defines it: 64 hex digits, or the storefront's own hash of a `HashedCart`.
 * For backends that run on Node, too. `init()` must have been awaited. Throws CartError on an invalid cart.
 */
export function cartHash(cart: Cart | HashedCart): string {
  requireInit();
  const json = toJson(cart, CartError);
  try {
    return wasm.cartHash(json);
  } catch (thrown) {
    throw fromCore(thrown, CartError);
  }
}
