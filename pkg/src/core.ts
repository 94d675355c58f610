/** The core as the driver sees it: what it asks for (`Host`), how it is configured, and where an instance is made. */

import {
  checkRecord,
  mergeRecords,
  reinitialize,
  reinitialized,
  salvageRecord,
  WasmCheckout,
} from '../wasm/payonce.js';
import { ConfigError, type ErrorKind, fromCore, InternalError, JournalError, type PayonceError } from './errors.js';
import type { Jitter, Notice, Snapshot } from './types.js';

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

/** A core, and the instance of the module that it lives in. */
export interface Core<C = WasmCheckout> {
  /** The only way into it. Throws what it throws, as an error of payonce. */
  ask<T>(question: (core: C) => T, Kind: ErrorKind): T;
  free(): void;
}

/** Every core of the instance, with what to call when that is no more. */
const living = new Set<{ readonly died: (error: InternalError) => void }>();

/**
 * Calls into the module. After a panic, or whatever else is no answer, nobody knows what is in its memory: everything
 * that lives there is dead (rule E3), and what comes gets a fresh instance.
 */
export function guarded<T>(call: () => T, Kind: ErrorKind): T {
  try {
    return call();
  } catch (thrown) {
    const error = fromCore(thrown, Kind);
    if (error instanceof InternalError) {
      const dead = [...living];
      living.clear();
      try {
        reinitialize();
        reinitialized();
      } catch {
        // It does not even take that: then the next call fails as well.
      }
      for (const { died } of dead) died(error);
    }
    throw error;
  }
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
): Core {
  try {
    return alive(() => new WasmCheckout(host, config, record, now), died);
  } catch (thrown) {
    const error = fromCore(thrown, ConfigError);
    throw error.code.startsWith('journal_') ? new JournalError(error.code, error.path) : error;
  }
}

/** Makes a core of whatever kind. Throws ConfigError. `died` is called, once, when it is no more. */
export function alive<C extends { free(): void }>(make: () => C, died: (error: InternalError) => void): Core<C> {
  const core = guarded(make, ConfigError);
  const self = { died };
  living.add(self);
  return {
    ask: (question, Kind) => guarded(() => question(core), Kind),
    free() {
      if (living.delete(self)) core.free();
    },
  };
}
