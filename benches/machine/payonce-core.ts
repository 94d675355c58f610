/**
 * payonce's core through its wasm class, as the driver calls it: after every event the snapshot is read, and effects
 * are queued while the core is borrowed. Lock and journal answer at once.
 */

import type { AttemptView, Notice, Receipt } from 'payonce';
import { WasmCheckout } from '../../node_modules/payonce/wasm/payonce.js';
import type { Machine, Participant, Seen } from './lifecycle';

/** Events that all cores took so far: a lifecycle has more of them than the nine that a shopper would count. */
export let coreEvents = 0;

/** In the order of the core's states, as in the driver. */
const STATES = ['empty', 'ready', 'sheet_open', 'sending', 'waiting', 'action_required', 'settling', 'unresolved'];
STATES.push('succeeded', 'blocked', 'failed');

export const CART = JSON.stringify({
  currency: 'USD',
  lines: [{ id: 'mug', quantity: 2, unitAmount: 1250, name: 'Mug' }],
  adjustments: [{ kind: 'shipping', amount: 500 }],
  total: 3000,
});

interface Snapshot {
  readonly state: string;
  readonly canPay: boolean;
  readonly canCheck: boolean;
  readonly durable: boolean;
  readonly online: boolean;
  readonly cartWaiting: boolean;
  readonly summary: unknown;
  readonly session: unknown;
  readonly attempt: AttemptView | null;
  readonly receipt: Receipt | null;
  readonly notices: readonly Notice[];
  readonly spent: unknown;
}

class Checkout implements Machine {
  readonly #seen: Seen;
  readonly #core: WasmCheckout;
  readonly #effects: (() => void)[] = [];
  #snapshot!: Snapshot;
  #told: Snapshot | undefined;
  #running = false;
  #sheet = 0;
  #lock = 0;
  #request = 0;
  #timer = 0;

  constructor(seen: Seen) {
    this.#seen = seen;
    this.#core = new WasmCheckout(this.#host(), { profile: 'ietf' }, undefined, Date.now());
    this.#handle((core, now) => core.setCart(CART, undefined, now));
  }

  open(): void {
    this.#handle((core, now) => core.openSheet(true, now));
  }

  token(token: string): void {
    this.#handle((core, now) => core.tokenReceived(this.#sheet, token, undefined, undefined, undefined, now));
  }

  send(): void {
    this.#handle((core, now) => core.lockAnswered(this.#lock, true, undefined, now));
  }

  declined(): void {
    const body = '{"outcome":"declined","code":"insufficient_funds"}';
    this.#handle((core, now) => core.sendReplied(this.#request, 402, undefined, undefined, body, now));
  }

  lost(): void {
    this.#handle((core, now) => core.sendLost(this.#request, now));
  }

  resend(): void {
    this.#handle((core, now) => core.timerFired(this.#timer, now));
  }

  approved(): void {
    const body = '{"outcome":"approved","reference":"ch_1"}';
    this.#handle((core, now) => core.sendReplied(this.#request, 200, undefined, undefined, body, now));
  }

  free(): void {
    this.#core.free();
  }

  #handle(event: (core: WasmCheckout, now: number) => boolean): void {
    coreEvents += 1;
    event(this.#core, Date.now());
    this.#snapshot = this.#core.snapshot() as Snapshot;
    if (this.#running) return;
    this.#running = true;
    for (let effect = this.#effects.shift(); effect; effect = this.#effects.shift()) effect();
    this.#running = false;
    if (this.#told === this.#snapshot) return;
    this.#told = this.#snapshot;
    const { state, attempt, receipt, notices } = this.#snapshot;
    this.#seen.see(state, attempt?.key ?? receipt?.key ?? null, attempt?.sends ?? 0, notices[0]?.code ?? null);
  }

  #host() {
    const nothing = (): void => {};
    return {
      snapshot: (
        state: number,
        flags: number,
        summary: unknown,
        session: unknown,
        attempt: AttemptView | undefined,
        receipt: Receipt | undefined,
        notices: readonly Notice[],
        spent: unknown,
      ): Snapshot => ({
        state: STATES[state] as string,
        canPay: (flags & 1) !== 0,
        canCheck: (flags & 2) !== 0,
        durable: (flags & 4) !== 0,
        online: (flags & 8) !== 0,
        cartWaiting: (flags & 16) !== 0,
        summary,
        session,
        attempt: attempt ?? null,
        receipt: receipt ?? null,
        notices,
        spent,
      }),
      openSheet: (sheet: number) => void this.#effects.push(() => (this.#sheet = sheet)),
      acquireLock: (effect: number) => void this.#effects.push(() => (this.#lock = effect)),
      writeJournal: (effect: number) =>
        void this.#effects.push(() => this.#handle((core, now) => core.journalAnswered(effect, true, true, now))),
      sendAttempt: (effect: number) => void this.#effects.push(() => (this.#request = effect)),
      startTimer: (effect: number) => void this.#effects.push(() => (this.#timer = effect)),
      retrySheet: nothing,
      updateSheet: nothing,
      completeSheet: nothing,
      closeSheet: nothing,
      releaseLock: nothing,
      abortRequest: nothing,
      settleAttempt: nothing,
      discardSession: nothing,
      cancelTimer: nothing,
      performAction: nothing,
    };
  }
}

export const payonceCore: Participant = {
  name: 'payonce, core',
  make: (seen) => new Checkout(seen),
};
