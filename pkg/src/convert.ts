/** Conversions of what the page and the ports hand over into what the core takes: strings, numbers, JSON text. */

import { type ErrorKind, InputError } from './errors.js';

/** `value` as JSON text. Throws `not_json` where there is none (a function, a BigInt, a cycle, a throwing getter). */
export function toJson(value: unknown, Kind: ErrorKind, path: string | null = null): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // What was thrown may quote the input.
  }
  if (text === undefined) throw new Kind('not_json', path);
  return text;
}

/** `value`, which must be a string. */
export function toText(value: unknown, path: string): string {
  if (typeof value !== 'string') throw new InputError('not_a_string', path);
  return value;
}

/** `value`, which must be a string, or undefined for null and undefined. */
export function toOptionalText(value: unknown, path: string): string | undefined {
  return value === undefined || value === null ? undefined : toText(value, path);
}

/** `value`, which must be a finite number, or undefined for null and undefined. */
export function toOptionalNumber(value: unknown, path: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Number.isFinite(value)) throw new InputError('not_a_number', path);
  return value as number;
}

/** `value`, which must be an object. */
export function toObject(value: unknown, Kind: ErrorKind, path: string | null = null): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Kind('not_an_object', path);
  return value as Record<string, unknown>;
}

/** Freezes `value` and all within. What is frozen already is not looked into: unchanged parts cost nothing. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
