/** A backend that checks the cart hash of an attempt: it prints the hash of the cart that comes on standard input. */

import { text } from 'node:stream/consumers';
import { type Cart, CartError, cartHash, init } from 'payonce';

await init();
const cart = JSON.parse(await text(process.stdin)) as Cart;
try {
  console.log(cartHash(cart));
} catch (error) {
  if (!(error instanceof CartError)) throw error;
  console.log(`${error.code} at ${error.path}`);
}
