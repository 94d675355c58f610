/** A page that starts what a storefront would use instead: XState, canonicalize and @noble/hashes. */

import { cartOf } from '../hash/carts';
import { noble } from '../hash/noble';
import { Seen } from '../machine/lifecycle';
import { xstate } from '../machine/xstate';

/** From nothing to a pay button that works. */
export async function start(): Promise<void> {
  const hash = await noble.hash(cartOf(3));
  const machine = await xstate.make(new Seen());
  if (hash.length !== 64 || typeof machine.open !== 'function') throw new Error('there is no paying with it');
}
