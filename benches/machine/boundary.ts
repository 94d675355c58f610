/** payonce's boundary without its rules (benches/boundary): what is left is what the crossing costs. */

import load, { Boundary } from '../boundary/wasm/payonce_boundary.js';
import bytes from '../boundary/wasm/payonce_boundary_bg.wasm';
import { Driver, type Snapshot, STATES } from './driver';
import type { Participant } from './lifecycle';

const loaded = load({ module_or_path: bytes });

/** Keeps the parts that were named last. */
class Parts {
  #attempt: { key: string; cartHash: string; fingerprint: string; sends: number; firstSendAt: number | null } | null =
    null;
  #receipt: { key: string; session: string; reference: string; paid: unknown; at: number } | null = null;
  #notices: Snapshot['notices'] = [];
  #spent: readonly string[] = [];

  readonly attempt = (key: string | undefined, cartHash: string, fingerprint: string): void => {
    this.#attempt = key === undefined ? null : { key, cartHash, fingerprint, sends: 0, firstSendAt: null };
  };
  readonly sends = (sends: number, firstSendAt: number | undefined): void => {
    if (this.#attempt) this.#attempt = { ...this.#attempt, sends, firstSendAt: firstSendAt ?? null };
  };
  readonly receipt = (key: string, session: string, reference: string, paid: string, at: number): void => {
    this.#receipt = { key, session, reference, paid: JSON.parse(paid) as unknown, at };
  };
  readonly notices = (json: string): void => {
    this.#notices = JSON.parse(json) as Snapshot['notices'];
  };
  readonly spent = (json: string): void => {
    this.#spent = JSON.parse(json) as readonly string[];
  };
  readonly snapshot = (state: number, flags: number) => ({
    state: STATES[state] as string,
    canPay: (flags & 1) !== 0,
    canCheck: (flags & 2) !== 0,
    durable: (flags & 4) !== 0,
    online: (flags & 8) !== 0,
    cartWaiting: (flags & 16) !== 0,
    summary: null,
    session: null,
    attempt: this.#attempt,
    receipt: this.#receipt,
    notices: this.#notices,
    spent: this.#spent,
  });
}

export const boundary: Participant = {
  name: 'the boundary of payonce, no rules',
  lawless: true,
  async make(seen) {
    await loaded;
    return new Driver((effects) => new Boundary({ ...effects, ...new Parts() }), seen);
  },
};
