/** A page that starts payonce with its default ports: the module in a file of its own, IndexedDB, a Web Lock. */

import { type Checkout, createCheckout, init } from 'payonce';
import file from 'payonce/payonce_bg.wasm';
import load from '../../node_modules/payonce/wasm/payonce.js';
import { cartOf } from '../hash/carts';

/** Where the module is. */
export const wasm = new URL(file, import.meta.url).href;

/** From nothing to a pay button that works. */
export async function start(): Promise<void> {
  // Where a bundler knows `new URL('…', import.meta.url)` nobody has to say this.
  void init(wasm);
  await usable();
}

async function usable(): Promise<Checkout> {
  const checkout = await createCheckout({
    merchant: { profile: 'ietf', send: unused, settle: unused, discard: unused },
    wallet: { retriesInPlace: true, open() {}, retry() {}, update() {}, complete() {}, close() {} },
  });
  checkout.setCart(cartOf(3));
  if (!checkout.getSnapshot().canPay) throw new Error('there is no paying with it');
  return checkout;
}

const unused = (): Promise<never> => Promise.reject(new Error('nothing is sent here'));

/** ms to make an instance of the compiled module. */
export async function instantiate(module: WebAssembly.Module): Promise<number> {
  const started = performance.now();
  await init(module);
  return performance.now() - started;
}

/** Makes and disposes that many checkouts, one after another. Returns the bytes of the module's memory then. */
export async function createAndDispose(times: number): Promise<number> {
  await init(wasm);
  for (let time = 0; time < times; time += 1) {
    const checkout = await usable();
    checkout.dispose();
  }
  return (await load({ module_or_path: wasm })).memory.buffer.byteLength;
}
