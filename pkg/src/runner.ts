/**
 * What a driver is made of, whatever core it drives: effects that wait until the core is at rest, requests and timers by
 * the effect that began them, listeners, and the time. It knows no core and no rule.
 */

import { InputError, PortError } from './errors.js';
import type { Clock } from './types.js';

export interface Runner {
  /** The time. A clock that fails for once must not cost an answer: then it is as late as it was. */
  time(): number;
  /**
   * Calls a method of a port that gives no answer. It must not stop the effects behind it, so what it throws is
   * reported; without its message, which may quote a token or a code.
   */
  call(name: string, method: () => unknown, failed?: () => void): void;
  /** Takes note of an effect. */
  push(effect: () => void): void;
  /**
   * Runs the effects in order, and those that they lead to. An effect or a listener may call back at any point: what that
   * leads to queues behind what waits already, and nothing is run or told twice.
   */
  run(): void;
  /** Tells the listeners of a snapshot, once, when nothing is left to run. Says whether it was told now. */
  tell(snapshot: unknown): boolean;
  /** Throws InputError where `listener` cannot be called. */
  subscribe(listener: () => void): () => void;
  /**
   * Begins a request and hands over how it ended, unless it was aborted meanwhile. Where `ended` throws, what came was no
   * answer, and that leaves the outcome as unknown as none at all.
   */
  request<T>(
    effect: number,
    begin: (signal: AbortSignal) => Promise<T>,
    ended: (result: T) => void,
    lost: () => void,
  ): void;
  /** The answer to it is not waited for any more. */
  abort(effect: number): void;
  startTimer(effect: number, delay: number, fired: () => void): void;
  cancelTimer(effect: number): void;
  /** Drops all effects, requests and timers. */
  letGo(): void;
  /** Drops the listeners. */
  end(): void;
}

/** `told` is the snapshot that needs no telling. */
export function runner(clock: Clock, report: (error: unknown) => void, told?: unknown): Runner {
  const effects: (() => void)[] = [];
  const listeners = new Set<() => void>();
  const requests = new Map<number, AbortController>();
  const timers = new Map<number, unknown>();
  let running = false;
  let latest = Date.now();

  /** Nothing that is called from here may stop what comes behind it. */
  function safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      report(error);
    }
  }

  function call(name: string, method: () => unknown, failed?: () => void): void {
    const fail = (error: unknown): void => {
      const what = error instanceof Error ? error.name : typeof error;
      report(new PortError('port_failed', name, `it threw ${what}; the message is withheld, it may hold a secret`));
      failed?.();
    };
    try {
      // Nothing forbids an async method where a plain one is expected.
      Promise.resolve(method()).catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  function abort(effect: number): void {
    const controller = requests.get(effect);
    requests.delete(effect); // first: aborting may reject at once, and nobody waits for that any more
    controller?.abort();
  }

  return {
    time() {
      safely(() => {
        const now = clock.now();
        if (!Number.isFinite(now)) throw new PortError('not_a_number', 'clock.now');
        latest = now;
      });
      return latest;
    },

    call,

    push(effect) {
      effects.push(effect);
    },

    run() {
      if (running) return;
      running = true;
      for (let effect = effects.shift(); effect; effect = effects.shift()) safely(effect);
      running = false;
    },

    tell(snapshot) {
      if (running || told === snapshot) return false;
      told = snapshot;
      for (const listener of [...listeners]) {
        if (told !== snapshot) return false; // a listener changed things, and everybody was told of that already
        if (listeners.has(listener)) safely(listener); // unless one before it unsubscribed it
      }
      return told === snapshot;
    },

    subscribe(listener) {
      if (typeof listener !== 'function') throw new InputError('not_a_function', 'listener');
      const entry = (): void => listener(); // the same function may subscribe twice
      listeners.add(entry);
      return () => {
        listeners.delete(entry);
      };
    },

    request(effect, begin, ended, lost) {
      const controller = new AbortController();
      requests.set(effect, controller);
      const end = (hand: () => void): void => {
        if (requests.get(effect) !== controller) return;
        requests.delete(effect);
        try {
          hand();
        } catch (error) {
          report(error);
          lost();
        }
      };
      (async () => begin(controller.signal))().then(
        (result) => end(() => ended(result)),
        () => end(lost),
      );
    },

    abort,

    startTimer(effect, delay, fired) {
      const fire = (): void => {
        timers.delete(effect);
        fired();
      };
      timers.set(effect, clock.setTimeout(fire, delay)); // far below the 2^31 ms that a timeout can last
    },

    cancelTimer(effect) {
      if (timers.has(effect)) clock.clearTimeout(timers.get(effect));
      timers.delete(effect);
    },

    letGo() {
      effects.length = 0;
      for (const timer of timers.values()) call('clock.clearTimeout', () => clock.clearTimeout(timer));
      timers.clear();
      for (const effect of [...requests.keys()]) abort(effect);
    },

    end() {
      listeners.clear();
    },
  };
}
