/** The core as the driver sees it: what it asks for (`Host`), how it is configured, and where an instance is made. */

import {
  checkRecord,
  mergeRecords,
  reinitialize,
  reinitialized,
  salvageRecord,
  WasmCheckout,
} from '../wasm/payonce.js';
import { ConfigError, fromCore, type InternalError, JournalError, type PayonceError } from './errors.js';
import { type Core, instance } from './instance.js';
import type { Jitter } from './types.js';

/** Options as the core takes them; it checks the values and fills in what is missing. */
export interface WasmConfig {
  readonly profile: string;
  readonly durabilityRequired: boolean;
  readonly jitter?: Jitter;
  readonly base?: number;
  readonly cap?: number;
  readonly maxRetries?: number;
  readonly totalTime?: number;
  readonly sendTimeout?: number;
  readonly maxSettles?: number;
}

/**
 * What the core says, always from within one of its own exports: it is borrowed then, so nothing here may do more than
 * take note. An id is that of the effect or the sheet, which the answers carry; a word that is blank is none. The order
 * of the methods is that of `What` in src/browser/host.rs.
 */
export interface Host {
  /** What is in the cart of the next send, as JSON text. This and what follows is said where it has changed. */
  summary(_id: 0, _number: 0, _words: undefined, json: string | undefined): void;
  /** Without words there is none. */
  session(_id: 0, createdAt: number, words: [id: string, cartHash: string, providerRef: string] | undefined): void;
  /** The open attempt; without words there is none. `sends` follows. */
  attempt(_id: 0, _number: 0, words: [key: string, cartHash: string, fingerprint: string] | undefined): void;
  /** How far the open attempt has come; `firstSendAt` is negative until then. */
  sends(sends: number, firstSendAt: number): void;
  /** Without words there is none. `paid` is a summary as JSON text. */
  receipt(_id: 0, at: number, words: [key: string, session: string, reference: string] | undefined, paid: string): void;
  /** JSON text. */
  notices(_id: 0, _number: 0, _words: undefined, json: string): void;
  /** JSON text. */
  spent(_id: 0, _number: 0, _words: undefined, json: string): void;
  /** There is another snapshot, with the parts that were said last. */
  snapshot(state: number, flags: number): void;
  openSheet(sheet: number): void;
  /** `why` is a notice as JSON text. */
  retrySheet(sheet: number, _number: 0, _words: undefined, why: string): void;
  updateSheet(sheet: number): void;
  completeSheet(sheet: number, success: number): void;
  closeSheet(sheet: number): void;
  acquireLock(effect: number): void;
  releaseLock(): void;
  writeJournal(effect: number, holdsLock: number, _words: undefined, record: string): void;
  sendAttempt(
    effect: number,
    send: number,
    words: [
      key: string,
      session: string,
      cartHash: string,
      providerRef: string,
      headerName: string,
      headerValue: string,
    ],
    body: string,
  ): void;
  settleAttempt(effect: number, _number: 0, words: [key: string, session: string, providerRef: string]): void;
  abortRequest(effect: number): void;
  discardSession(effect: number, _number: 0, words: [session: string, providerRef: string]): void;
  startTimer(effect: number, delay: number): void;
  cancelTimer(effect: number): void;
  performAction(effect: number, _number: 0, words: [key: string, kind: string], payload: string | undefined): void;
}

/** What the core says, by its numbers: those of `What` in src/browser/host.rs. */
export const SAID = [
  'summary',
  'session',
  'attempt',
  'sends',
  'receipt',
  'notices',
  'spent',
  'snapshot',
  'openSheet',
  'retrySheet',
  'updateSheet',
  'completeSheet',
  'closeSheet',
  'acquireLock',
  'releaseLock',
  'writeJournal',
  'sendAttempt',
  'settleAttempt',
  'abortRequest',
  'discardSession',
  'startTimer',
  'cancelTimer',
  'performAction',
] as const satisfies readonly (keyof Host)[];

/** What happened, for `WasmCheckout.happened`: these are the numbers of `what` in src/browser/checkout.rs. */
export const CART_CLEARED = 0;
export const SHEET_REQUESTED = 1;
/** With a wallet whose sheet can ask for another card. */
export const SHEET_REQUESTED_RETRYING = 2;
export const CHECK_REQUESTED = 3;
export const ACKNOWLEDGED = 4;
export const SHEET_CANCELLED = 5;
export const SHEET_FAILED = 6;
export const SHEET_BUSY = 7;
export const LOCK_GRANTED = 8;
export const LOCK_REFUSED = 9;
export const LOCK_FAILED = 10;
export const LOCK_FREED = 11;
export const JOURNAL_CHANGED = 12;
export const PAGE_RESTORED = 13;
/** And the page will say what is in the cart. */
export const PAGE_RESTORED_CART_FOLLOWS = 14;
export const JOURNAL_WRITTEN = 15;
/** And it survives a crash of the browser. */
export const JOURNAL_WRITTEN_DURABLE = 16;
export const JOURNAL_FAILED = 17;
export const SEND_LOST = 18;
export const SETTLE_LOST = 19;
export const DISCARDED = 20;
export const NOT_DISCARDED = 21;
export const TIMER_FIRED = 22;
export const ACTION_COMPLETED = 23;
export const ACTION_GIVEN_UP = 24;
export const WENT_OFFLINE = 25;
export const CAME_ONLINE = 26;

/** The checkout's module. */
export const { guarded, alive } = instance({ reinitialize, reinitialized });

/**
 * What the journal must hold after `record` was written over what is `stored` there by now. `base` is what this
 * checkout read at its start or wrote last. Throws JournalError where one of them cannot be read.
 */
export function merge(
  record: string,
  base: string | undefined,
  stored: string | undefined,
  holdsLock: boolean,
): string {
  return guarded(() => mergeRecords(record, base, stored, holdsLock), JournalError);
}

/** What is wrong with a record; undefined where it can be read. */
export function flaw(record: string): PayonceError | undefined {
  try {
    guarded(() => checkRecord(record), JournalError);
    return undefined;
  } catch (error) {
    if (error instanceof JournalError) return error;
    throw error;
  }
}

/**
 * What may be taken up of a record that cannot be read: nothing, or a record of its open attempt alone. Throws
 * JournalError where it must stay where it is, and nobody may pay past it.
 */
export function salvage(record: string): string | undefined {
  return guarded(() => salvageRecord(record), JournalError);
}

/** `host`, as the core speaks to it: all words in one text, each with a space behind it. */
function heard(host: Host): object {
  const methods = host as unknown as Record<string, (...said: unknown[]) => void>;
  return {
    say(what: number, id: number, number: number, words: string | undefined, text: string | undefined) {
      methods[SAID[what] as string]?.(id, number, words?.split(' '), text);
    },
  };
}

/**
 * The one place where a core is made. Throws ConfigError, or JournalError where `record` cannot be read: what it says
 * may be all that is known of an open attempt, so nobody pays past it. `died` is called, once, when the core is no
 * more: it may be another one's panic that took it along.
 */
export function makeCore(
  host: Host,
  config: WasmConfig,
  record: string | undefined,
  now: number,
  died: (error: InternalError) => void,
): Core<WasmCheckout> {
  try {
    return alive(() => new WasmCheckout(heard(host), config, record, now), died);
  } catch (thrown) {
    const error = fromCore(thrown, ConfigError);
    throw error.code.startsWith('journal_') ? new JournalError(error.code, error.path) : error;
  }
}
