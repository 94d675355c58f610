/** Reads the options of a checkout: what is missing gets its default, what is unknown or not a port is an error. */

import { systemClock } from './clock.js';
import { toObject } from './convert.js';
import type { WasmConfig } from './core.js';
import { ConfigError, type Report, reporter } from './errors.js';
import { indexedDbJournal } from './indexeddb.js';
import { memoryJournal } from './journal.js';
import { claimLock, pageLock, webLock } from './lock.js';
import type { CheckoutOptions, Clock, Journal, Lock, Merchant, RetryOptions, StorageOptions, Wallet } from './types.js';

export interface Ports {
  readonly merchant: Merchant;
  readonly wallet: Wallet;
  readonly journal: Journal;
  readonly lock: Lock;
  readonly clock: Clock;
}

export interface Settings {
  readonly ports: Ports;
  readonly config: WasmConfig;
  readonly report: Report;
  readonly recheckCart: CheckoutOptions['recheckCart'];
}

const METHODS: Readonly<Record<keyof Ports, readonly string[]>> = {
  merchant: ['send', 'settle', 'discard'],
  wallet: ['open', 'retry', 'update', 'complete', 'close'],
  journal: ['read', 'update'],
  lock: ['acquire', 'whenFree', 'release'],
  clock: ['now', 'setTimeout', 'clearTimeout'],
};

const RETRY: Readonly<Record<keyof RetryOptions, true>> = {
  jitter: true,
  base: true,
  cap: true,
  maxRetries: true,
  totalTime: true,
  sendTimeout: true,
  maxSettles: true,
};

/** The ports and the core's configuration. The core checks the values of the latter. Throws ConfigError. */
export function readOptions(options: CheckoutOptions): Settings {
  toObject(options, ConfigError);
  const {
    merchant,
    wallet,
    journal,
    lock,
    clock,
    scope = 'default',
    retry = {},
    durability = 'preferred',
    recheckCart,
    onError,
    ...unknown
  } = options;
  refuse(unknown, '');
  checkRetry(retry);
  if (!['required', 'preferred'].includes(durability)) throw new ConfigError('invalid_option', 'durability');
  if (typeof scope !== 'string') throw new ConfigError('not_a_string', 'scope');
  for (const [name, callback] of Object.entries({ recheckCart, onError })) {
    if (callback !== undefined && typeof callback !== 'function') throw new ConfigError('not_a_function', name);
  }

  const ports: Ports = {
    merchant,
    wallet,
    journal: journal ?? defaultJournal({ scope }),
    lock: lock ?? defaultLock({ scope }),
    clock: clock ?? systemClock,
  };
  for (const [name, port] of Object.entries(ports)) requirePort(name as keyof Ports, port);
  requireWallet(wallet);
  if (typeof merchant.profile !== 'string') throw new ConfigError('not_a_string', 'merchant.profile');

  return {
    ports,
    config: {
      ...retry,
      profile: merchant.profile,
      durabilityRequired: durability === 'required',
    },
    report: reporter(onError),
    recheckCart,
  };
}

function requirePort(name: keyof Ports, port: unknown): void {
  const object = toObject(port, ConfigError, name);
  for (const method of METHODS[name]) {
    if (typeof object[method] !== 'function') throw new ConfigError('not_a_function', `${name}.${method}`);
  }
}

/** Throws ConfigError where it is no wallet. */
export function requireWallet(wallet: Wallet): Wallet {
  requirePort('wallet', wallet);
  if (typeof wallet.retriesInPlace !== 'boolean') throw new ConfigError('not_a_boolean', 'wallet.retriesInPlace');
  return wallet;
}

/** Where the browser forbids IndexedDB it may still be there: that is a journal that cannot be written. */
function defaultJournal(storage: StorageOptions): Journal {
  return typeof indexedDB === 'undefined' ? memoryJournal() : indexedDbJournal(storage);
}

/** Web Locks are for secure contexts alone. */
function defaultLock(storage: StorageOptions): Lock {
  // A sandboxed frame may ask for neither locks nor storage, and shares its origin with no other page.
  if (globalThis.origin === 'null') return pageLock(storage.scope);
  if (typeof globalThis.navigator?.locks?.request === 'function') return webLock(storage);
  return typeof indexedDB === 'undefined' ? pageLock(storage.scope) : claimLock(storage);
}

/** Throws ConfigError unless these are options of a retry policy. Whether the values make sense, the core knows. */
export function checkRetry(retry: RetryOptions): void {
  refuse(toObject(retry, ConfigError, 'retry'), 'retry.', RETRY);
  for (const [name, value] of Object.entries(retry)) {
    // An unset environment variable is '', which would count as 0.
    const expected = name === 'jitter' ? 'string' : 'number';
    if (value !== undefined && typeof value !== expected) throw new ConfigError(`not_a_${expected}`, `retry.${name}`);
  }
}

/** A misspelt option must not silently have no effect. */
export function refuse(given: object, prefix: string, known: object = {}): void {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(known, name)) throw new ConfigError('unknown_option', prefix + name);
  }
}
