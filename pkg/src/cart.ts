import * as wasm from '../wasm/payonce.js';
import { toJson } from './convert.js';
import { guarded } from './core.js';
import { CartError } from './errors.js';
import { requireInit } from './init.js';
import type { Cart, HashedCart } from './types.js';

/**
 * The hash of `cart` as docs/cart-hash.md defines it: 64 hex digits, or the storefront's own hash of a `HashedCart`.
 * For backends that run on Node, too. `init()` must have been awaited. Throws CartError on an invalid cart.
 */
export function cartHash(cart: Cart | HashedCart): string {
  requireInit();
  const json = toJson(cart, CartError);
  return guarded(() => wasm.cartHash(json), CartError);
}
