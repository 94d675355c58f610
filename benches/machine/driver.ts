/**
 * Drives a core as payonce's driver does: snapshots are taken note of and effects queued while the core is
 * borrowed and run after it, and the subscriber is told once. Lock and journal answer at once.
 */

import type { WasmCheckout } from '../../node_modules/payonce/wasm/payonce.js';
import type { Machine, Seen } from './lifecycle';
import { host } from './parts';

/** What of payonce's class a payment needs. */
export type Core = Pick<WasmCheckout, 'happened' | 'tokenReceived' | 'replied' | 'free'>;

/** Of the numbers that payonce's driver gives to what happened, those that a payment needs. */
const SHEET_REQUESTED_RETRYING = 2;
const LOCK_GRANTED = 8;
const JOURNAL_WRITTEN_DURABLE = 16;
const SEND_LOST = 18;
const TIMER_FIRED = 22;

/** What the subscriber reads of a snapshot. */
export interface Snapshot {
  readonly state: string;
  readonly attempt: { readonly key: string; readonly sends: number } | null;
  readonly receipt: { readonly key: string } | null;
  readonly notices: readonly { readonly code: string }[];
}

/** Events that all cores took so far: a payment has more of them than the nine that a shopper would count. */
export let coreEvents = 0;

export class Driver<C extends Core> implements Machine {
  readonly #core: C;
  readonly #seen: Seen;
  readonly #effects: (() => void)[] = [];
  #snapshot: unknown;
  #told: unknown;
  #running = false;
  #sheet = 0;
  #lock = 0;
  #request = 0;
  #timer = 0;

  constructor(makeCore: (said: ReturnType<typeof host>) => C, seen: Seen) {
    this.#core = makeCore(host(this.effects(), (snapshot) => (this.#snapshot = snapshot)));
    this.#seen = seen;
  }

  open(): void {
    this.#happened(SHEET_REQUESTED_RETRYING);
  }

  token(token: string): void {
    this.handle((core, now) => core.tokenReceived(this.#sheet, token, undefined, undefined, undefined, now));
  }

  send(): void {
    this.#happened(LOCK_GRANTED, this.#lock);
  }

  declined(): void {
    const body = '{"outcome":"declined","code":"insufficient_funds"}';
    this.handle((core, now) => core.replied(this.#request, false, 402, undefined, undefined, body, now));
  }

  lost(): void {
    this.#happened(SEND_LOST, this.#request);
  }

  resend(): void {
    this.#happened(TIMER_FIRED, this.#timer);
  }

  approved(): void {
    const body = '{"outcome":"approved","reference":"ch_1"}';
    this.handle((core, now) => core.replied(this.#request, false, 200, undefined, undefined, body, now));
  }

  free(): void {
    this.#core.free();
  }

  #happened(what: number, effect = 0): void {
    this.handle((core, now) => core.happened(what, effect, undefined, now));
  }

  handle(event: (core: C, now: number) => boolean): void {
    coreEvents += 1;
    event(this.#core, Date.now());
    if (this.#running) return;
    this.#running = true;
    for (let effect = this.#effects.shift(); effect; effect = this.#effects.shift()) effect();
    this.#running = false;
    if (this.#told === this.#snapshot) return;
    this.#told = this.#snapshot;
    const { state, attempt, receipt, notices } = this.#snapshot as Snapshot;
    this.#seen.see(state, attempt?.key ?? receipt?.key ?? null, attempt?.sends ?? 0, notices[0]?.code ?? null);
  }

  /** What queues effects. */
  protected effects() {
    const nothing = (): void => {};
    return {
      openSheet: (sheet: number) => void this.#effects.push(() => (this.#sheet = sheet)),
      acquireLock: (effect: number) => void this.#effects.push(() => (this.#lock = effect)),
      writeJournal: (effect: number) => void this.#effects.push(() => this.#happened(JOURNAL_WRITTEN_DURABLE, effect)),
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
