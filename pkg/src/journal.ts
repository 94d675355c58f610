import type { Journal } from './types.js';

/**
 * A journal that lasts as long as the page: for tests, and for storefronts that cannot store anything. Hand the same
 * object to the next `createCheckout` of the page, and an open attempt is settled there.
 */
export function memoryJournal(): Journal {
  let stored: string | null = null;
  return {
    durable: false,
    read: () => Promise.resolve(stored),
    // A change that throws rejects.
    update: (change) =>
      new Promise((resolve) => {
        stored = change(stored);
        resolve();
      }),
  };
}
