/** Who takes part in the lifecycle, and how it is timed. */

import { type Row, type Rounds, race, type Subject } from '../rounds';
import { boundary } from './boundary';
import { coreEvents } from './driver';
import { check, EVENTS, type Participant, pay, payWaiting, Seen } from './lifecycle';
import { payonce } from './payonce';
import { payonceCore } from './payonce-core';
import { plainClass } from './plain-class';
import { reduxToolkit } from './redux-toolkit';
import { robot3 } from './robot3';
import { xstate } from './xstate';
import { xstateStore } from './xstate-store';
import { zustand } from './zustand';

const participants: readonly Participant[] = [
  payonceCore,
  payonce,
  boundary,
  xstate,
  xstateStore,
  robot3,
  zustand,
  reduxToolkit,
  plainClass,
];

export interface MachineResults {
  /** For each of the nine events. */
  readonly rows: readonly Row[];
  /** Events of payonce's core in one lifecycle. */
  readonly coreEvents: number;
}

export async function checkMachines(): Promise<string[]> {
  for (const participant of participants) await check(participant);
  return participants.map(({ name }) => name);
}

export async function measureMachines(rounds: Rounds): Promise<MachineResults> {
  await checkMachines();
  return { rows: await race(participants.map(subject), rounds), coreEvents: await countCoreEvents() };
}

async function countCoreEvents(): Promise<number> {
  const machine = await payonceCore.make(new Seen());
  const before = coreEvents;
  pay(machine, 'tok_first', 'tok_second');
  const counted = coreEvents - before;
  machine.free?.();
  return counted;
}

/** Every lifecycle has a machine and tokens of its own; making them is not timed. */
function subject(participant: Participant): Subject {
  const { name, waits = false, make } = participant;
  let batch = 4;
  let serial = 0;
  const token = (): string => `tok_${String((serial += 1)).padStart(24, '0')}`;
  return {
    name,
    async sample(ms) {
      const seen = new Seen();
      let time = 0;
      let lifecycles = 0;
      while (time < ms) {
        const runs = await Promise.all(
          Array.from({ length: batch }, async () => ({ machine: await make(seen), first: token(), second: token() })),
        );
        const started = performance.now();
        if (waits) for (const { machine, first, second } of runs) await payWaiting(machine, first, second);
        else for (const { machine, first, second } of runs) pay(machine, first, second);
        const took = performance.now() - started;
        time += took;
        lifecycles += batch;
        for (const { machine } of runs) machine.free?.();
        // A batch is long enough for the clock, and few enough machines for the cache.
        if (took < 1 && batch < 256) batch *= 2;
      }
      if (seen.state !== 'succeeded' || seen.times < lifecycles * EVENTS) throw new Error(`${name} did not run`);
      return (time * 1e6) / lifecycles / EVENTS;
    },
  };
}
