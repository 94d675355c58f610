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
import type { Jitter, Snapshot } from './types.js';

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
 * What the core calls, always from within one of its own exports: it is borrowed then, so nothing here may do more
 * than take note. `effect` and `sheet` are the ids that the answers carry.
 */
export interface Host {
  /** What is in the cart of the next send, as JSON text. This and what follows is said where it has changed. */
  summary(json: string | undefined): void;
  /** Without an id there is none. */
  session(id: string | undefined, cartHash: string, providerRef: string | undefined, createdAt: number): void;
  /** The open attempt; without a key there is none. `sends` follows. */
  attempt(key: string | undefined, cartHash: string, fingerprint: string): void;
  /** How far the open attempt has come. */
  sends(sends: number, firstSendAt: number | undefined): void;
  /** Without a key there is none. `paid` is a summary as JSON text. */
  receipt(key: string | undefined, session: string, reference: string | undefined, paid: string, at: number): void;
  /** JSON text. */
  notices(json: string): void;
  /** JSON text. */
  spent(json: string): void;
  /** Builds the snapshot out of the parts that were said last. */
  snapshot(state: number, flags: number): Snapshot;
  openSheet(sheet: number): void;
  /** `why` is a notice as JSON text. */
  retrySheet(sheet: number, why: string): void;
  updateSheet(sheet: number): void;
  completeSheet(sheet: number, success: boolean): void;
  closeSheet(sheet: number): void;
  acquireLock(effect: number): void;
  releaseLock(): void;
  writeJournal(effect: number, record: string, holdsLock: boolean): void;
  sendAttempt(
    effect: number,
    key: string,
    session: string,
    cartHash: string,
    providerRef: string | undefined,
    headerName: string | undefined,
    headerValue: string | undefined,
    body: string,
    send: number,
  ): void;
  abortRequest(effect: number): void;
  settleAttempt(effect: number, key: string, session: string, providerRef: string | undefined): void;
  discardSession(effect: number, session: string, providerRef: string | undefined): void;
  startTimer(effect: number, delay: number): void;
  cancelTimer(effect: number): void;
  performAction(effect: number, key: string, kind: string, payload: string | undefined): void;
}

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
    return alive(() => new WasmCheckout(host, config, record, now), died);
  } catch (thrown) {
    const error = fromCore(thrown, ConfigError);
    throw error.code.startsWith('journal_') ? new JournalError(error.code, error.path) : error;
  }
}
