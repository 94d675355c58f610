// The cart hash in JavaScript, written from docs/cart-hash.md alone. Run with Node, it checks the test vectors:
//   node docs/cart-hash.mjs
import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";

// RFC 8785 for what a cart holds. sort() compares UTF-16 code units, and JSON.stringify escapes as the RFC does.
const canonicalJson = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name])}`);
  return `{${members.join()}}`;
};

// An array whose order does not count: its items in the order of their canonical texts.
const unordered = (items) => items.map(canonicalJson).sort().map((text) => JSON.parse(text));

/** The canonical form of a cart that payonce accepts. */
export const canonicalCart = ({ adjustments = [], currency, hash, lines = [], total }) =>
  canonicalJson({
    adjustments: unordered(adjustments.map(({ amount, id, kind }) => (id === undefined ? { amount, kind } : { amount, id, kind }))),
    currency: currency.toUpperCase(),
    ...(hash === undefined ? {} : { hash }),
    lines: unordered(lines.map(({ id, options = {}, quantity, unitAmount }) => ({ id, options, quantity, unitAmount }))),
    total,
    v: 1,
  });

/** The cart hash of a cart that payonce accepts. */
export const cartHash = (cart) => cart.hash ?? createHash("sha256").update(canonicalCart(cart), "utf8").digest("hex");

if (process.argv[1] === import.meta.filename) {
  const { vectors } = JSON.parse(readFileSync(new URL("cart-hash-vectors.json", import.meta.url), "utf8"));
  const wrong = vectors.filter(({ input, canonical, hash }) => {
    const cart = JSON.parse(input);
    return canonicalCart(cart) !== canonical || cartHash(cart) !== hash;
  });
  for (const { name } of wrong) console.error(`differs: ${name}`);
  console.log(`${vectors.length - wrong.length} of ${vectors.length} vectors agree`);
  process.exitCode = wrong.length > 0 || vectors.length === 0 ? 1 : 0;
}
