/** What runs in Node and in a page alike: the same bundle, so the same code. */

import { init } from 'payonce/inline';
import { checkHashes, type HashResults, measureHashes } from './hash';
import { checkMachines, type MachineResults, measureMachines } from './machine';

export interface Effort {
  /** A glance: a few short rounds. */
  readonly quick: boolean;
}

/** Throws unless every participant does what it must. Returns their names. */
export async function check(): Promise<string[]> {
  await init();
  return [...(await checkMachines()), ...(await checkHashes())];
}

export async function machine({ quick }: Effort): Promise<MachineResults> {
  await init();
  return measureMachines(quick ? { rounds: 9, ms: 4 } : { rounds: 101, ms: 4 });
}

export async function hash({ quick }: Effort): Promise<HashResults> {
  await init();
  return measureHashes(quick ? { rounds: 3, ms: 4 } : { rounds: 41, ms: 10 });
}
