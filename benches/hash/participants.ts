/**
 * Who computes the cart hash. All but object-hash, which hashes a text of its own, give the hash of docs/cart-hash.md:
 * lines and adjustments in the order of their canonical texts, display texts left out. Each text is made once.
 *
 * payonce alone also refuses what is no valid cart.
 */

import canonicalize from 'canonicalize';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { sha256 as jsSha256 } from 'js-sha256';
import stableStringify from 'json-stable-stringify';
import objectHash from 'object-hash';
import { type Cart, cartHash } from 'payonce/inline';
import { canonicalForm, hashedAdjustment, hashedLine, noble, type Participant } from './noble';

const payonce: Participant = { name: 'payonce', documented: true, hash: cartHash };

const subtle: Participant = {
  name: 'canonicalize + crypto.subtle',
  documented: true,
  async hash(cart) {
    const bytes = new TextEncoder().encode(canonicalForm(cart, (value) => canonicalize(value)));
    return bytesToHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
  },
};

const stable: Participant = {
  name: 'json-stable-stringify + js-sha256',
  documented: true,
  hash: (cart) => jsSha256(canonicalForm(cart, (value) => stableStringify(value))),
};

const objects: Participant = {
  // Its build for browsers knows nothing stronger.
  name: 'object-hash (SHA-1)',
  documented: false,
  hash({ adjustments = [], currency, lines, total }) {
    const hash = (value: object): string => objectHash(value, { algorithm: 'sha1' });
    return hash({
      adjustments: adjustments.map((adjustment) => hash(hashedAdjustment(adjustment))).sort(),
      currency: currency.toUpperCase(),
      lines: lines.map((line) => hash(hashedLine(line))).sort(),
      total,
    });
  },
};

export const participants: readonly Participant[] = [payonce, noble, subtle, stable, objects];

/** With the text of each line kept for as long as the line: what a page can do by hand that never changes an object. */
function remembering(): Participant {
  const texts = new WeakMap<object, string | undefined>();
  const stringify = (value: object): string | undefined => canonicalize(value);
  const textOf = (line: Cart['lines'][number]): string | undefined => {
    let text = texts.get(line);
    if (text === undefined) texts.set(line, (text = stringify(hashedLine(line))));
    return text;
  };
  return {
    name: 'canonicalize + @noble/hashes, texts of lines kept',
    documented: true,
    hash: (cart) => bytesToHex(sha256(utf8ToBytes(canonicalForm(cart, stringify, textOf)))),
  };
}

/** After an edit of one line. */
export const rehashing: readonly Participant[] = [payonce, noble, remembering()];
