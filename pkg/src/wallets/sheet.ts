/** What the adapters of real wallets share: options, errors, and answers that must come in time. */

import { toObject } from '../convert.js';
import { ConfigError, PayonceError, PortError, type Report } from '../errors.js';
import type { Cart, HashedCart } from '../types.js';

/**
 * How long a storefront may think about a change in the sheet, in ms. Apple Pay and W3C Payment Request close a sheet
 * that waits for 30 s, so that the answer, if only a refusal, must be there before.
 */
export const CHANGE_TIME = 25_000;

/** What a sheet says where the storefront failed to answer: the shopper may choose something else. */
export const UNAVAILABLE = 'This change could not be made. Please choose something else. You have not been charged.';

/** What the storefront answers to a change in the sheet. */
export interface SheetChange {
  /** The cart with the shipping, taxes and discounts that the change brings. Default: as it was. */
  readonly cart?: Cart | HashedCart;
}

/** What an option must be; with `?` it may be missing. */
type Kind = 'object' | 'function' | 'string' | 'number' | 'object?' | 'function?' | 'string?' | 'boolean?';

/** Throws ConfigError where an option is missing, unknown or something else. */
export function checkOptions(options: unknown, kinds: Readonly<Record<string, Kind>>): void {
  const given = toObject(options, ConfigError);
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(kinds, name)) throw new ConfigError('unknown_option', name);
  }
  for (const [name, kind] of Object.entries(kinds)) {
    const [type, optional] = kind.split('?') as [string, string?];
    const value = given[name];
    if (value === undefined && optional !== undefined) continue;
    if (value === null || typeof value !== type) {
      throw new ConfigError(`not_a${type === 'object' ? 'n' : ''}_${type}`, name);
    }
  }
}

/** What the vendor said when the sheet of `wallet` broke. Not for what may hold a token or an address (rule T6). */
export function broken(wallet: string, cause: unknown): PortError {
  return new PortError('sheet_failed', wallet, '', { cause });
}

/** What the storefront's function threw, without its words: it may have quoted a token or an address (rule T6). */
export function withheld(name: string, error: unknown): PayonceError {
  if (error instanceof PayonceError) return error;
  return new PortError('port_failed', name, 'the message is withheld, it may hold personal data');
}

/** What `explain` says in a sheet that waits for it, or `otherwise` where it throws. */
export function explained<T>(explain: () => T, otherwise: T, report: Report): T {
  try {
    return explain();
  } catch (error) {
    report(withheld('explain', error));
    return otherwise;
  }
}

/** The answer to a question; rejects with what it threw, or with `timeout` once the sheet cannot wait any longer. */
export async function inTime<T>(name: string, ask: () => T | Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new PortError('timeout', name)), CHANGE_TIME);
  });
  try {
    return await Promise.race([ask(), late]);
  } finally {
    clearTimeout(timer);
  }
}
