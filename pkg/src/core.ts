/** The core as the driver sees it: what it asks for (`Host`), how it is configured, and where an instance is made. */

import { checkRecord, mergeRecords, salvageRecord, WasmCheckout } from '../wasm/payonce.js';
import { ConfigError, fromCore, JournalError, type PayonceError } from './errors.js';
import type { Jitter, Notice, Snapshot } from './types.js';

export type Core = WasmCheckout;

/** Options as the core takes them; it checks the values and fills in what is missing. */
export interface WasmConfig {
  readonly profile: string;
  readonly retriesInPlace: boolean;
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
  /** Builds the snapshot. Parts that did not change are the same objects as before. */
  snapshot(
    state: number,
    flags: number,
    summary: unknown,
    session: unknown,
    attempt: unknown,
    receipt: unknown,
    notices: unknown,
    spent: unknown,
  ): Snapshot;
  openSheet(sheet: number): void;
  retrySheet(sheet: number, why: Notice): void;
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
  try {
    return mergeRecords(record, base, stored, holdsLock);
  } catch (thrown) {
    throw fromCore(thrown, JournalError);
  }
}

/** What is wrong with a record; undefined where it can be read. */
export function flaw(record: string): PayonceError | undefined {
  try {
    checkRecord(record);
    return undefined;
  } catch (thrown) {
    return fromCore(thrown, JournalError);
  }
}

/**
 * What may be taken up of a record that cannot be read: nothing, or a record of its open attempt alone. Throws
 * JournalError where it must stay where it is, and nobody may pay past it.
 */
export function salvage(record: string): string | undefined {
  try {
    return salvageRecord(record);
  } catch (thrown) {
    throw fromCore(thrown, JournalError);
  }
}

/**
 * The one place where an instance is made. Throws ConfigError, or JournalError where `record` cannot be read: what it
 * says may be all that is known of an open attempt, so nobody pays past it.
 */
export function makeCore(host: Host, config: WasmConfig, record: string | undefined, now: number): Core {
  try {
    return new WasmCheckout(host, config, record, now);
  } catch (thrown) {
    const error = fromCore(thrown, ConfigError);
    throw error.code.startsWith('journal_') ? new JournalError(error.code, error.path) : error;
  }
}
