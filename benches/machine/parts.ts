/** What a core says of its snapshot: parts, where they changed, and then the whole. */

import type { AttemptView, Notice, Receipt, SessionView, Summary } from 'payonce';

/** In the order of the core's states. */
const STATES: readonly string[] = [
  'empty',
  'ready',
  'sheet_open',
  'sending',
  'waiting',
  'action_required',
  'settling',
  'unresolved',
  'succeeded',
  'blocked',
  'failed',
];

/** Keeps the parts that were said last, as payonce's driver does. */
export function parts() {
  const shown = {
    summary: null as unknown,
    session: null as SessionView | null,
    attempt: null as AttemptView | null,
    receipt: null as Receipt | null,
    notices: [] as readonly Notice[],
    spent: [] as readonly string[],
  };
  return {
    summary(json: string | undefined) {
      shown.summary = json === undefined ? null : JSON.parse(json);
    },
    session(id: string | undefined, cartHash: string, ref: string | undefined, createdAt: number) {
      shown.session = id === undefined ? null : { id, cartHash, providerRef: ref ?? null, createdAt };
    },
    attempt(key: string | undefined, cartHash: string, fingerprint: string) {
      shown.attempt = key === undefined ? null : { key, cartHash, fingerprint, sends: 0, firstSendAt: null };
    },
    sends(sends: number, firstSendAt: number | undefined) {
      shown.attempt = { ...(shown.attempt as AttemptView), sends, firstSendAt: firstSendAt ?? null };
    },
    receipt(key: string | undefined, session: string, ref: string | undefined, paid: string, at: number) {
      shown.receipt =
        key === undefined ? null : { key, session, reference: ref ?? null, paid: JSON.parse(paid) as Summary, at };
    },
    notices(json: string) {
      shown.notices = JSON.parse(json) as readonly Notice[];
    },
    spent(json: string) {
      shown.spent = JSON.parse(json) as readonly string[];
    },
    snapshot: (state: number, flags: number) => ({
      state: STATES[state] as string,
      canPay: (flags & 1) !== 0,
      canCheck: (flags & 2) !== 0,
      durable: (flags & 4) !== 0,
      online: (flags & 8) !== 0,
      cartWaiting: (flags & 16) !== 0,
      ...shown,
    }),
  };
}
