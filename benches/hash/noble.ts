/** canonicalize and @noble/hashes, and the canonical form that all but object-hash share. */

import canonicalize from 'canonicalize';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Cart } from 'payonce';

export interface Participant {
  readonly name: string;
  /** Whether its hash is that of docs/cart-hash.md. */
  readonly documented: boolean;
  hash(cart: Cart): string | Promise<string>;
}

/** What of a line is hashed. */
export const hashedLine = ({ id, options = {}, quantity, unitAmount }: Cart['lines'][number]) => ({
  id,
  options,
  quantity,
  unitAmount,
});

/** What of an adjustment is hashed. */
export const hashedAdjustment = ({ amount, id, kind }: NonNullable<Cart['adjustments']>[number]) =>
  id === undefined ? { amount, kind } : { amount, id, kind };

/** The canonical form of `cart`, with `stringify` for what is in it. */
export function canonicalForm(
  { adjustments = [], currency, lines, total }: Cart,
  stringify: (value: object) => string | undefined,
  textOf = (line: Cart['lines'][number]) => stringify(hashedLine(line)),
): string {
  // sort() compares UTF-16 code units, as the canonical form asks for.
  const adjustmentTexts = adjustments.map((adjustment) => stringify(hashedAdjustment(adjustment))).sort();
  const lineTexts = lines.map(textOf).sort();
  return `{"adjustments":[${adjustmentTexts.join()}],"currency":"${currency.toUpperCase()}","lines":[${lineTexts.join()}],"total":${total},"v":1}`;
}

export const noble: Participant = {
  name: 'canonicalize + @noble/hashes',
  documented: true,
  hash: (cart) => bytesToHex(sha256(utf8ToBytes(canonicalForm(cart, (value) => canonicalize(value))))),
};
