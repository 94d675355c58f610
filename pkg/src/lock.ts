import type { Lock } from './types.js';

/** The locks that are held on this page, and who waits for each to be free. */
const held = new Map<string, (() => void)[]>();

/** A lock that one checkout of this page holds at a time. Checkouts with the same `name` exclude each other. */
export function pageLock(name = 'payonce'): Lock {
  let ours = false;
  return {
    acquire() {
      if (held.has(name)) return Promise.resolve(false);
      held.set(name, []);
      ours = true;
      return Promise.resolve(true);
    },
    whenFree: () =>
      new Promise((resolve) => {
        const waiting = held.get(name);
        if (waiting) waiting.push(resolve);
        else resolve();
      }),
    release() {
      if (!ours) return;
      ours = false;
      const waiting = held.get(name);
      held.delete(name);
      waiting?.forEach((resolve) => resolve());
    },
  };
}
