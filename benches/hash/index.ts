/** The cart hash: what must hold of each participant, and how it is timed. */

import type { Cart } from 'payonce';
import vectors from '../../docs/cart-hash-vectors.json';
import { type Row, type Rounds, race, type Subject } from '../rounds';
import { cartOf, edited } from './carts';
import type { Participant } from './noble';
import { participants, rehashing } from './participants';

export const SIZES = [1, 10, 100, 1000, 10_000];
const LARGEST = 10_000;

export interface HashResults {
  /** For each number of lines, nanoseconds for one hash. */
  readonly sizes: readonly { readonly lines: number; readonly rows: readonly Row[] }[];
  /** Nanoseconds for the hash of a cart of 10,000 lines, one of which was edited since the hash before. */
  readonly edit: readonly Row[];
}

export async function checkHashes(): Promise<string[]> {
  const all = new Set([...participants, ...rehashing]);
  for (const participant of all) await check(participant);
  return [...all].map(({ name }) => name);
}

/** Throws unless the participant's hash knows what is the same cart and what is not. */
async function check({ name, documented, hash }: Participant): Promise<void> {
  if (documented) {
    for (const { name: vector, input, hash: expected } of vectors.vectors) {
      const cart = JSON.parse(input) as Cart & { hash?: string };
      if (cart.hash === undefined && (await hash(cart)) !== expected) throw new Error(`${name} differs: ${vector}`);
    }
  }
  const cart = cartOf(20);
  const [first, ...rest] = cart.lines;
  const [shipping, discount] = cart.adjustments ?? [];
  if (first === undefined || shipping === undefined || discount === undefined) throw new Error('no cart');
  const same: Record<string, Cart> = {
    'the order of lines': { ...cart, lines: [...rest, first] },
    'the order of members': {
      ...cart,
      lines: [
        { options: Object.fromEntries(Object.entries(first.options ?? {}).reverse()), ...swapped(first) },
        ...rest,
      ],
    },
    'the order of adjustments': { ...cart, adjustments: [discount, shipping] },
    'the case of the currency': { ...cart, currency: 'eur' },
    'a name': { ...cart, lines: [{ ...first, name: 'Geschirrtuch' }, ...rest] },
  };
  const other: Record<string, Cart> = {
    'a quantity': edited(cart, 0, 99),
    'a price': { ...cart, lines: [{ ...first, unitAmount: first.unitAmount + 1 }, ...rest] },
    'an option': { ...cart, lines: [{ ...first, options: { ...first.options, size: 'XXL' } }, ...rest] },
    'a line': { ...cart, lines: rest },
    'a line twice': { ...cart, lines: [first, ...cart.lines] },
    shipping: { ...cart, adjustments: [{ ...shipping, amount: shipping.amount + 1 }, discount] },
    'no discount': { ...cart, adjustments: [shipping] },
    'the currency': { ...cart, currency: 'USD' },
    'the total': { ...cart, total: cart.total + 1 },
  };
  const expected = await hash(cart);
  for (const [what, changed] of Object.entries(same)) {
    if ((await hash(changed)) !== expected) throw new Error(`${name}: ${what} must not count`);
  }
  for (const [what, changed] of Object.entries(other)) {
    if ((await hash(changed)) === expected) throw new Error(`${name}: ${what} must count`);
  }
}

/** The members of a line in another order. */
function swapped({
  unitAmount,
  quantity,
  name = '',
  id,
}: Cart['lines'][number]): Omit<Cart['lines'][number], 'options'> {
  return { unitAmount, name, quantity, id };
}

export async function measureHashes(rounds: Rounds): Promise<HashResults> {
  await checkHashes();
  const sizes = [];
  for (const lines of SIZES) {
    // In turn, so that nobody is asked for the hash that it has just computed.
    const carts = Array.from({ length: 4 }, (_, variant) => cartOf(lines, variant));
    const next = endless(carts);
    sizes.push({
      lines,
      rows: await race(
        participants.map((participant) => subject(participant, next)),
        rounds,
      ),
    });
  }
  const others = endless([cartOf(LARGEST, 0), cartOf(LARGEST, 1)]);
  const edits = rehashing.map((participant) => subject(participant, endlessEdits(cartOf(LARGEST))));
  const full = rehashing
    .slice(0, 1)
    .map(({ name, ...rest }) => subject({ name: `${name}, another cart`, ...rest }, others));
  return { sizes, edit: await race([...edits, ...full], rounds) };
}

function endless(carts: readonly Cart[]): () => Cart {
  let turn = 0;
  return () => carts[(turn += 1) % carts.length] as Cart;
}

/** Each is the one before it with another line changed. */
function endlessEdits(cart: Cart): () => Cart {
  let turn = 0;
  return () => (cart = edited(cart, (turn += 1) * 7919, 10 + (turn % 89)));
}

/** Carts are made before the clock runs. */
function subject({ name, hash }: Participant, next: () => Cart): Subject {
  let batch = 1;
  return {
    name,
    async sample(ms) {
      let time = 0;
      let hashes = 0;
      while (time < ms) {
        const carts = Array.from({ length: batch }, next);
        const started = performance.now();
        for (const cart of carts) {
          const hashed = hash(cart);
          if (typeof hashed !== 'string') await hashed;
        }
        const took = performance.now() - started;
        time += took;
        hashes += batch;
        // A batch is long enough for the clock, and short enough to end with the sample.
        if (took < ms / 8 && batch < 1000) batch *= 2;
      }
      return (time * 1e6) / hashes;
    },
  };
}
