/** What runs in Node and in a page alike: the same bundle, so the same code. */

import { init } from 'payonce/inline';
import { checkHashes, type HashResults, measureHashes } from './hash';
import { checkMachines, type MachineResults, measureMachines } from './machine';

export interface SuiteResults {
  readonly machine: MachineResults;
  readonly hash: HashResults;
}

/** Throws unless every participant does what it must. Returns their names. */
export async function check(): Promise<string[]> {
  await init();
  return [...(await checkMachines()), ...(await checkHashes())];
}

/** Every participant has passed its check before it is timed. */
export async function measure({ quick }: { readonly quick: boolean }): Promise<SuiteResults> {
  await init();
  return {
    machine: await measureMachines(quick ? { rounds: 5, ms: 10 } : { rounds: 25, ms: 40 }),
    hash: await measureHashes(quick ? { rounds: 3, ms: 5 } : { rounds: 11, ms: 40 }),
  };
}
