/**
 * payonce as a storefront uses it, with ports that answer at once: all rules, the redacted log, the cart hash, a lock
 * and a journal in memory. None of its opponents has any of that.
 */

import { type Checkout, createCheckout, type HttpReply, memoryJournal, type Sheet, type State } from 'payonce/inline';
import type { Machine, Participant, Seen } from './lifecycle';
import { CART } from './payonce-core';

class Shop implements Machine {
  #checkout!: Checkout;
  #sheet: Sheet | undefined;
  #awaited: { readonly state: State; readonly sends: number; readonly come: () => void } | undefined;
  #timer: () => void = () => {};
  #reply: (reply: HttpReply) => void = () => {};
  #lose: () => void = () => {};

  static async make(seen: Seen): Promise<Shop> {
    const shop = new Shop();
    const checkout = await createCheckout({
      merchant: {
        profile: 'ietf',
        send: () =>
          new Promise((resolve, reject) => {
            shop.#reply = resolve;
            shop.#lose = () => reject(new Error('lost'));
          }),
        settle: () => Promise.reject(new Error('nothing is settled here')),
        discard: () => Promise.resolve(),
      },
      wallet: {
        retriesInPlace: true,
        open: (sheet) => (shop.#sheet = sheet),
        retry() {},
        update() {},
        complete() {},
        close() {},
      },
      // Of this checkout alone: they are made by the hundred.
      lock: { acquire: () => Promise.resolve(true), whenFree: () => Promise.resolve(), release() {} },
      journal: memoryJournal(),
      clock: { now: () => Date.now(), setTimeout: (fire) => (shop.#timer = fire), clearTimeout() {} },
    });
    shop.#checkout = checkout;
    checkout.setCart(JSON.parse(CART) as Parameters<Checkout['setCart']>[0]);
    await new Promise((resolve) => setTimeout(resolve)); // the session is in the journal
    checkout.subscribe(() => {
      const { state, attempt, receipt, notices } = checkout.getSnapshot();
      const sends = attempt?.sends ?? 0;
      seen.see(state, attempt?.key ?? receipt?.key ?? null, sends, notices[0]?.code ?? null);
      if (shop.#awaited?.state !== state || shop.#awaited.sends !== sends) return;
      shop.#awaited.come();
      shop.#awaited = undefined;
    });
    return shop;
  }

  open(): void {
    this.#checkout.openSheet();
  }

  token(token: string): void {
    this.#sheet?.tokenReceived({ token });
  }

  /** It is on its way already: when the lock is held and the journal written. */
  send(): Promise<void> {
    return this.#until('sending', 1);
  }

  declined(): Promise<void> {
    this.#reply({ status: 402, body: '{"outcome":"declined","code":"insufficient_funds"}' });
    return this.#until('sheet_open', 0);
  }

  lost(): Promise<void> {
    this.#lose();
    return this.#until('waiting', 1);
  }

  resend(): void {
    this.#timer();
  }

  approved(): Promise<void> {
    this.#reply({ status: 200, body: '{"outcome":"approved","reference":"ch_1"}' });
    return this.#until('succeeded', 0);
  }

  free(): void {
    this.#checkout.dispose();
  }

  #until(state: State, sends: number): Promise<void> {
    return new Promise((come) => (this.#awaited = { state, sends, come }));
  }
}

export const payonce: Participant = {
  name: 'payonce, public API',
  waits: true,
  make: (seen) => Shop.make(seen),
};
