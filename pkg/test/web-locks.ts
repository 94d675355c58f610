/** Web Locks as far as payonce uses them, after the text of the specification: Node has none before version 24. */

interface Pending {
  readonly mode: LockMode;
  readonly grant: () => void;
}

interface Held {
  readonly mode: LockMode;
  readonly steal: () => void;
}

/** The locks of an origin. */
export class FakeLocks {
  readonly #held = new Map<string, Set<Held>>();
  readonly #queues = new Map<string, Pending[]>();

  request(
    name: string,
    options: { mode?: LockMode; ifAvailable?: boolean; signal?: AbortSignal },
    callback: (lock: unknown) => unknown,
  ): Promise<unknown> {
    const { mode = 'exclusive', ifAvailable = false, signal } = options;
    return new Promise((resolve, reject) => {
      const queue = this.#queue(name);
      const abort = (): void => {
        queue.splice(queue.indexOf(pending), 1);
        reject(signal?.reason as Error);
        this.#process(name);
      };
      const pending: Pending = {
        mode,
        grant: () => {
          signal?.removeEventListener('abort', abort);
          const held: Held = {
            mode,
            steal: () => {
              this.#locks(name).delete(held);
              reject(new DOMException('stolen', 'AbortError'));
            },
          };
          this.#locks(name).add(held);
          const ended = (async () => callback({ name, mode }))();
          // The browser lets go of it a while after the callback's promise has settled.
          void ended
            .then(resolve, reject)
            .then(() => new Promise((later) => setImmediate(later)))
            .then(() => {
              this.#locks(name).delete(held);
              this.#process(name);
            });
        },
      };
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      signal?.addEventListener('abort', abort);
      queue.push(pending);
      this.#process(name);
      if (ifAvailable && queue.includes(pending)) {
        queue.splice(queue.indexOf(pending), 1);
        resolve(callback(null));
      }
    });
  }

  /** Takes a lock away from whoever holds it. */
  steal(name: string): void {
    for (const held of [...this.#locks(name)]) held.steal();
    this.#process(name);
  }

  /** How many hold a lock, and how many wait for it. */
  count(name: string): { held: number; pending: number } {
    return { held: this.#locks(name).size, pending: this.#queue(name).length };
  }

  #locks(name: string): Set<Held> {
    const locks = this.#held.get(name) ?? new Set();
    this.#held.set(name, locks);
    return locks;
  }

  #queue(name: string): Pending[] {
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    return queue;
  }

  #process(name: string): void {
    const queue = this.#queue(name);
    for (let next = queue[0]; next; next = queue[0]) {
      const locks = [...this.#locks(name)];
      const grantable = next.mode === 'exclusive' ? locks.length === 0 : locks.every(({ mode }) => mode === 'shared');
      if (!grantable) return;
      queue.shift();
      next.grant();
    }
  }
}
