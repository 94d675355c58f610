/** A class written by hand: what is left when everything else is taken away. */

import type { Machine, Participant } from './lifecycle';

interface Snapshot {
  readonly state: 'ready' | 'sheet_open' | 'sending' | 'waiting' | 'succeeded';
  readonly key: string | null;
  readonly sends: number;
  readonly notice: string | null;
}

class Checkout implements Machine {
  readonly #listeners = new Set<() => void>();
  readonly #spent = new Set<string>();
  #snapshot: Snapshot = { state: 'ready', key: null, sends: 0, notice: null };
  #token: string | null = null;

  getSnapshot(): Snapshot {
    return this.#snapshot;
  }

  subscribe(listener: () => void): void {
    this.#listeners.add(listener);
  }

  open(): void {
    if (this.#snapshot.state !== 'ready') return;
    this.#become({ state: 'sheet_open', key: null, sends: 0, notice: null });
  }

  token(token: string): void {
    if (this.#snapshot.state !== 'sheet_open') return;
    if (this.#spent.has(token)) {
      this.#become({ state: 'sheet_open', key: null, sends: 0, notice: 'fresh_token_needed' });
      return;
    }
    this.#token = token;
    this.#become({ state: 'sending', key: crypto.randomUUID(), sends: 0, notice: null });
  }

  send(): void {
    const { state, key, sends } = this.#snapshot;
    if (state !== 'sending' || sends > 0 || this.#token === null) return;
    this.#spent.add(this.#token);
    this.#become({ state, key, sends: 1, notice: null });
  }

  declined(): void {
    if (this.#snapshot.state !== 'sending') return;
    this.#token = null;
    this.#become({ state: 'sheet_open', key: null, sends: 0, notice: 'payment_declined' });
  }

  lost(): void {
    const { state, key, sends } = this.#snapshot;
    if (state !== 'sending') return;
    this.#become({ state: 'waiting', key, sends, notice: null });
  }

  resend(): void {
    const { state, key, sends } = this.#snapshot;
    if (state !== 'waiting') return;
    this.#become({ state: 'sending', key, sends: sends + 1, notice: null });
  }

  approved(): void {
    const { state, key } = this.#snapshot;
    if (state !== 'sending') return;
    this.#token = null;
    this.#become({ state: 'succeeded', key, sends: 0, notice: 'payment_received' });
  }

  #become(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) listener();
  }
}

export const plainClass: Participant = {
  name: 'plain class',
  make(seen) {
    const checkout = new Checkout();
    checkout.subscribe(() => {
      const { state, key, sends, notice } = checkout.getSnapshot();
      seen.see(state, key, sends, notice);
    });
    return checkout;
  },
};
