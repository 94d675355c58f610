/** What a core says: effects, parts of its snapshot, where they changed, and then the whole. */

import type { AttemptView, Notice, Receipt, SessionView, Summary } from 'payonce';
import { SAID } from '../../node_modules/payonce/dist/core.js';

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

/** Takes note of what is said, as payonce's driver does. */
export function host(effects: object, show: (snapshot: unknown) => void) {
  const methods = { ...effects, ...parts(show) } as Record<string, (...said: unknown[]) => void>;
  return {
    say(what: number, id: number, number: number, words: string | undefined, text: string | undefined) {
      methods[SAID[what] as string]?.(id, number, words?.split(' '), text);
    },
  };
}

type Words = readonly [string, string, string] | undefined;

/** Keeps the parts that were said last. */
function parts(show: (snapshot: unknown) => void) {
  const shown = {
    summary: null as unknown,
    session: null as SessionView | null,
    attempt: null as AttemptView | null,
    receipt: null as Receipt | null,
    notices: [] as readonly Notice[],
    spent: [] as readonly string[],
  };
  return {
    summary(_id: number, _number: number, _words: Words, json: string | undefined) {
      shown.summary = json === undefined ? null : JSON.parse(json);
    },
    session(_id: number, createdAt: number, words: Words) {
      shown.session = words ? { id: words[0], cartHash: words[1], providerRef: words[2] || null, createdAt } : null;
    },
    attempt(_id: number, _number: number, words: Words) {
      shown.attempt = words
        ? { key: words[0], cartHash: words[1], fingerprint: words[2], sends: 0, firstSendAt: null }
        : null;
    },
    sends(sends: number, at: number) {
      shown.attempt = { ...(shown.attempt as AttemptView), sends, firstSendAt: at < 0 ? null : at };
    },
    receipt(_id: number, at: number, words: Words, paid: string) {
      shown.receipt = words
        ? { key: words[0], session: words[1], reference: words[2] || null, paid: JSON.parse(paid) as Summary, at }
        : null;
    },
    notices(_id: number, _number: number, _words: Words, json: string) {
      shown.notices = JSON.parse(json) as readonly Notice[];
    },
    spent(_id: number, _number: number, _words: Words, json: string) {
      shown.spent = JSON.parse(json) as readonly string[];
    },
    snapshot(state: number, flags: number) {
      show({
        state: STATES[state] as string,
        canPay: (flags & 1) !== 0,
        canCheck: (flags & 2) !== 0,
        durable: (flags & 4) !== 0,
        online: (flags & 8) !== 0,
        cartWaiting: (flags & 16) !== 0,
        ...shown,
      });
    },
  };
}
