import { database } from './database.js';
import { JournalError } from './errors.js';
import type { Lock, StorageOptions } from './types.js';

/**
 * A lock for all tabs of the origin, by the Web Locks API: the browser lets go of it when the page is gone, whatever
 * became of it. Only secure contexts (https, localhost) have it.
 */
export function webLock({ name = 'payonce', scope = 'default' }: StorageOptions = {}): Lock {
  const lockName = `payonce:${name}:${scope}`;
  /**
   * How long is waited for a lock that is held, in ms. Whoever lets go of it, or waits for it to be free, holds it for a
   * moment; whoever pays holds it for longer.
   */
  const moment = 500;
  let free: (() => void) | undefined;

  /** Resolves to whether the lock was taken. Rejects where the options' signal ends the wait. */
  const take = (options: LockOptions, lost?: () => void): Promise<boolean> =>
    new Promise((resolve, reject) => {
      navigator.locks
        .request(lockName, { mode: 'exclusive', ...options }, (granted) => {
          resolve(granted !== null);
          if (granted === null) return undefined;
          return new Promise<void>((letGo) => {
            free = letGo;
          });
        })
        .catch((error: unknown) => {
          if (free) {
            free = undefined;
            lost?.(); // another script has stolen it
          } else {
            reject(error instanceof Error ? error : new Error('no lock', { cause: error }));
          }
        });
    });

  return {
    async acquire(lost) {
      if (free) return false;
      // Not with a time limit at once: on a busy page the limit could be over before a free lock is handed over.
      if (await take({ ifAvailable: true }, lost)) return true;
      const patience = new AbortController();
      const timer = setTimeout(() => patience.abort(), moment);
      try {
        return await take({ signal: patience.signal }, lost);
      } catch (error) {
        if (patience.signal.aborted) return false;
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
    async whenFree(signal) {
      await navigator.locks.request(lockName, { mode: 'shared', ...(signal && { signal }) }, () => {});
    },
    release() {
      const letGo = free;
      free = undefined;
      letGo?.();
    },
  };
}

/** How long a claim lasts that is not renewed, in ms. A tab that was killed keeps the others waiting for so long. */
const LEASE = 15_000;
const RENEWAL = LEASE / 3;
const POLL = 1000;

interface Claim {
  readonly owner: string;
  readonly expires: number;
}

/**
 * A lock for all tabs of the origin, for pages without Web Locks: a claim in IndexedDB that is taken in one
 * transaction and renewed while it is held.
 *
 * Where nothing can be stored it is a lock of this page alone.
 *
 * A page that sleeps for longer than the claim lasts, and then finds that another one has taken it, counts the lock as
 * lost. That costs nothing but a second question to the merchant: what was sent is in the journal under its key.
 */
export function claimLock({ name = 'payonce', scope = 'default' }: StorageOptions = {}): Lock {
  const db = database(name);
  // Of this object, and kept nowhere: a tab that was opened from this one has a copy of its sessionStorage. And not by
  // `randomUUID`, which only secure contexts have: those have Web Locks, too.
  const owner = [...crypto.getRandomValues(new Uint32Array(4))].join('-');
  const page = pageLock(`payonce:${name}:${scope}`);
  let renewing: ReturnType<typeof setInterval> | undefined;

  /** Whether somebody else holds it. A claim beyond the lease is none: the clock was set back since. */
  const taken = (claim: Claim | undefined, now: number): boolean =>
    claim !== undefined && claim.owner !== owner && now < claim.expires && claim.expires <= now + LEASE;

  /** Makes the claim where nobody else has one; tells whether it is ours now. */
  const claim = (): Promise<boolean> =>
    db.transact<boolean>('claims', 'readwrite', (claims, then, answer) =>
      then(claims.get(scope) as IDBRequest<Claim | undefined>, (found) => {
        const now = Date.now();
        const ours = !taken(found, now);
        if (ours) claims.put({ owner, expires: now + LEASE } satisfies Claim, scope);
        answer(ours);
      }),
    );

  /** Whether a claim could be stored on a better day. If not, no other tab can make one either: this page is all. */
  const storable = (error: unknown): boolean =>
    !(error instanceof JournalError && ['journal_unavailable', 'journal_full'].includes(error.code));

  function stop(): void {
    clearInterval(renewing);
    renewing = undefined;
  }

  return {
    async acquire(lost) {
      if (!(await page.acquire())) return false;
      try {
        if (!(await claim())) {
          page.release();
          return false;
        }
      } catch (error) {
        if (storable(error)) {
          page.release();
          throw error;
        }
        return true;
      }
      let until = Date.now() + LEASE;
      const timer = setInterval(() => {
        claim().then(
          (ours) => {
            if (ours) until = Date.now() + LEASE;
            else end();
          },
          () => {
            if (Date.now() >= until) end(); // the last that was stored is over
          },
        );
      }, RENEWAL);
      const end = (): void => {
        if (renewing !== timer) return; // let go of meanwhile
        stop();
        lost?.();
      };
      renewing = timer;
      return true;
    },
    async whenFree(signal) {
      for (;;) {
        await page.whenFree();
        signal?.throwIfAborted();
        try {
          const found = await db.transact<Claim | undefined>('claims', 'readonly', (claims, then, answer) =>
            then(claims.get(scope) as IDBRequest<Claim | undefined>, answer),
          );
          if (!taken(found, Date.now())) return;
        } catch (error) {
          if (storable(error)) throw error;
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, POLL));
      }
    },
    release() {
      page.release();
      if (renewing === undefined) return;
      stop();
      db.transact<void>('claims', 'readwrite', (claims, then) =>
        then(claims.get(scope) as IDBRequest<Claim | undefined>, (found) => {
          if (found?.owner === owner) claims.delete(scope);
        }),
      ).catch(() => {}); // it expires
    },
  };
}

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
