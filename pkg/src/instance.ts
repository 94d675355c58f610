/** An instance of a WebAssembly module: what lives in it, and what becomes of that when the module panics. */

import { ConfigError, type ErrorKind, fromCore, InternalError } from './errors.js';

/** A core, and the instance of the module that it lives in. */
export interface Core<C> {
  /** The only way into it. Throws what it throws, as an error of payonce. */
  ask<T>(question: (core: C) => T, Kind: ErrorKind): T;
  free(): void;
}

export interface Instance {
  /**
   * Calls into the module. After a panic, or whatever else is no answer, nobody knows what is in its memory: everything
   * that lives there is dead (rule E3), and what comes gets a fresh instance.
   */
  guarded<T>(call: () => T, Kind: ErrorKind): T;
  /** Makes a core of whatever kind. Throws ConfigError. `died` is called, once, when it is no more. */
  alive<C extends { free(): void }>(make: () => C, died: (error: InternalError) => void): Core<C>;
}

/** The instance of the module whose exports these are. */
export function instance(exports: { reinitialize(): void; reinitialized(): void }): Instance {
  /** Every core of the instance, with what to call when that is no more. */
  const living = new Set<{ readonly died: (error: InternalError) => void }>();

  function guarded<T>(call: () => T, Kind: ErrorKind): T {
    try {
      return call();
    } catch (thrown) {
      const error = fromCore(thrown, Kind);
      if (error instanceof InternalError) {
        const dead = [...living];
        living.clear();
        try {
          exports.reinitialize();
          exports.reinitialized();
        } catch {
          // It does not even take that: then the next call fails as well.
        }
        for (const { died } of dead) died(error);
      }
      throw error;
    }
  }

  return {
    guarded,

    alive(make, died) {
      const core = guarded(make, ConfigError);
      const self = { died };
      living.add(self);
      return {
        ask: (question, Kind) => guarded(() => question(core), Kind),
        free() {
          if (living.delete(self)) core.free();
        },
      };
    },
  };
}
