import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { claimLock, indexedDbJournal, init, type Lock, memoryJournal, webLock } from '../src/index.js';
import { bench, disposeAll, last, OTHER_CART, paying, settled } from './harness.js';
import { FakeLocks } from './web-locks.js';

const NAME = 'payonce:payonce:default';
let locks: FakeLocks;
beforeAll(() => init());
beforeEach(() => {
  locks = new FakeLocks();
  vi.stubGlobal('navigator', { locks, onLine: true });
  vi.stubGlobal('indexedDB', new IDBFactory());
});
afterEach(async () => {
  vi.useRealTimers();
  await disposeAll();
});

async function isFree(lock: Lock): Promise<boolean> {
  let free = false;
  void lock.whenFree().then(() => (free = true));
  for (let i = 0; i < 10; i += 1) await settled();
  return free;
}

describe.each<[string, typeof webLock]>([
  ['webLock', webLock],
  ['claimLock', claimLock],
])('D6: %s', (_, lockOf) => {
  it('has one holder per name and scope', async () => {
    const [first, second, scoped, named] = [lockOf(), lockOf(), lockOf({ scope: 'b' }), lockOf({ name: 'shop' })];
    expect(await first.acquire()).toBe(true);
    expect(await first.acquire()).toBe(false);
    expect(await second.acquire()).toBe(false);
    expect(await scoped.acquire()).toBe(true);
    expect(await named.acquire()).toBe(true);
    second.release(); // not its to release
    expect(await second.acquire()).toBe(false);
    first.release();
    first.release();
    expect(await second.acquire()).toBe(true);
    for (const lock of [second, scoped, named]) lock.release();
  });

  it('can be had again at once by who let go of it', async () => {
    const lock = lockOf();
    for (let n = 0; n < 5; n += 1) {
      expect(await lock.acquire()).toBe(true);
      lock.release();
    }
  });

  it('tells everybody who waits when it is free', async () => {
    const [lock, other] = [lockOf(), lockOf()];
    expect(await isFree(other)).toBe(true);
    await lock.acquire();
    expect(await isFree(other)).toBe(false);
    const free = Promise.all([other.whenFree(), lockOf().whenFree()]);
    lock.release();
    await free;
    expect(await other.acquire()).toBe(true);
    other.release();
  });

  it('is waited for until nobody wants to know any more', async () => {
    const lock = lockOf();
    await lock.acquire();
    const over = new AbortController();
    const waiting = lockOf().whenFree(over.signal);
    over.abort();
    lock.release();
    await expect(waiting).rejects.toThrow();
    expect(locks.count(NAME).pending).toBe(0);
  });
});

describe('webLock', () => {
  it('is not refused because of somebody who waits for it to be free', async () => {
    const lock = webLock();
    let stop = (): void => {};
    const brief = locks.request(NAME, { mode: 'shared' }, () => new Promise<void>((resolve) => (stop = resolve)));
    const granted = lock.acquire();
    setTimeout(() => stop(), 20);
    expect(await granted).toBe(true);
    await brief;
    lock.release();
  });

  it('is had at once where it is free, however busy the page is', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      const asked = webLock().acquire();
      vi.advanceTimersByTime(10_000); // no time limit can be over before a free lock is handed over
      expect(await asked).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it('leaves no request behind where it was refused', async () => {
    const lock = webLock();
    await lock.acquire();
    expect(await webLock().acquire()).toBe(false);
    expect(locks.count(NAME)).toEqual({ held: 1, pending: 0 });
    lock.release();
  });

  it('says that it was stolen, once, and can be had again', async () => {
    const lock = webLock();
    const lost = vi.fn();
    await lock.acquire(lost);
    locks.steal(NAME);
    await settled();
    expect(lost).toHaveBeenCalledTimes(1);
    lock.release();
    expect(await lock.acquire()).toBe(true);
    lock.release();
    await settled();
    expect(lost).toHaveBeenCalledTimes(1);
  });

  it('rejects where the page may not have one', async () => {
    vi.stubGlobal('navigator', { locks: { request: () => Promise.reject(new DOMException('no', 'SecurityError')) } });
    await expect(webLock().acquire()).rejects.toThrow('no');
  });
});

describe('claimLock', () => {
  const timers = (): void => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  const pass = async (ms: number): Promise<void> => {
    await vi.advanceTimersByTimeAsync(ms);
    for (let i = 0; i < 20; i += 1) await settled();
  };
  /** A claim of a page that is another one: locks of one page exclude each other without the database. */
  async function theirs(expires: number): Promise<void> {
    (await claims('readwrite')).put({ owner: 'another page', expires }, 'default');
    await settled();
  }
  async function claims(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    await indexedDbJournal().read(); // makes the database
    const db = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('payonce');
      request.onsuccess = () => resolve(request.result);
    });
    return db.transaction('claims', mode).objectStore('claims');
  }

  it('is renewed while it is held, however long that is', async () => {
    timers();
    const lock = claimLock();
    const lost = vi.fn();
    await lock.acquire(lost);
    for (let n = 0; n < 12; n += 1) await pass(5000);
    const store = await claims('readonly');
    const claim = await new Promise<{ expires: number }>((resolve) => {
      const request = store.get('default');
      request.onsuccess = () => resolve(request.result as { expires: number });
    });
    expect(claim.expires - Date.now()).toBeGreaterThanOrEqual(10_000);
    expect(lost).not.toHaveBeenCalled();
    lock.release();
  });

  it('of a page that was killed expires', async () => {
    timers();
    await theirs(Date.now() + 15_000);
    const lock = claimLock();
    await pass(14_999);
    expect(await lock.acquire()).toBe(false);
    await pass(1);
    expect(await lock.acquire()).toBe(true);
    lock.release();
  });

  it('of a clock that was set back does not last for hours', async () => {
    await theirs(Date.now() + 3_600_000);
    const lock = claimLock();
    expect(await lock.acquire()).toBe(true);
    lock.release();
  });

  it('is lost where another page took it meanwhile, and is left to that one', async () => {
    timers();
    const lock = claimLock();
    const lost = vi.fn();
    await lock.acquire(lost);
    await theirs(Date.now() + 15_000);
    await pass(5000);
    expect(lost).toHaveBeenCalledTimes(1);
    lock.release();
    await pass(5000);
    expect(lost).toHaveBeenCalledTimes(1);
    expect(await claimLock().acquire()).toBe(false);
  });

  it('that another page took meanwhile is not released by who had it', async () => {
    const lock = claimLock();
    await lock.acquire();
    await theirs(Date.now() + 15_000);
    lock.release(); // before the next renewal would have noticed
    for (let i = 0; i < 20; i += 1) await settled();
    expect(await claimLock().acquire()).toBe(false);
  });

  it('is not had from a database that does not answer, and keeps nobody from it once it does', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const works = indexedDB;
    vi.stubGlobal('indexedDB', { open: () => ({}) });
    const lock = claimLock();
    const asked = [lock.acquire(), lock.whenFree()].map((answer) => answer.catch((error: unknown) => error));
    await vi.advanceTimersByTimeAsync(10_000);
    for (const answer of asked) expect(await answer).toMatchObject({ code: 'journal_timeout' });
    vi.useRealTimers();
    vi.stubGlobal('indexedDB', works);
    expect(await lock.acquire()).toBe(true);
    lock.release();
  });

  it('holds for this page alone where nothing can be stored', async () => {
    vi.stubGlobal('indexedDB', {
      open() {
        throw new DOMException('denied', 'SecurityError');
      },
    });
    const lock = claimLock();
    expect(await lock.acquire()).toBe(true);
    expect(await claimLock().acquire()).toBe(false);
    lock.release();
    await claimLock().whenFree();
    expect(await lock.acquire()).toBe(true);
    lock.release();
  });
});

describe.each<[string, () => void]>([
  ['Web Locks', () => {}],
  ['claims', () => vi.stubGlobal('navigator', { onLine: true })],
])('D6: checkouts with the default journal and %s', (_, prepare) => {
  beforeEach(prepare);

  it('pay one at a time, and the second shows the result of the first', async () => {
    const first = await paying();
    await vi.waitFor(() => expect(first.merchant.sends).toHaveLength(1));
    const { key } = last(first.merchant.sends).request;
    const second = await bench();
    // It was opened while the first paid: it would settle what the journal names, if it got the lock.
    await vi.waitFor(() => expect(second.checkout.getSnapshot().state).toBe('blocked'));
    expect(second.checkout.getSnapshot().notices).toMatchObject([{ code: 'another_tab_pays' }]);
    last(first.merchant.sends).resolve({ outcome: 'approved', reference: 'ch_1' });
    await vi.waitFor(
      () => expect(second.checkout.getSnapshot()).toMatchObject({ state: 'succeeded', receipt: { key } }),
      3000,
    );
    expect(second.merchant.settles).toEqual([]);
    expect(second.merchant.sends).toEqual([]);
  });

  it('take over from one that died', async () => {
    const first = await paying();
    await vi.waitFor(() => expect(first.merchant.sends).toHaveLength(1));
    const { key } = last(first.merchant.sends).request;
    const second = await bench();
    await vi.waitFor(() => expect(second.checkout.getSnapshot().state).toBe('blocked'));
    first.checkout.dispose();
    await vi.waitFor(() => expect(second.merchant.settles).toHaveLength(1), 3000);
    expect(last(second.merchant.settles).request.key).toBe(key);
  });
});

describe('a lock that was lost', () => {
  it('lets the attempt go on, but wipes out nothing that its new holder wrote', async () => {
    const journal = memoryJournal();
    const { checkout, merchant, reported } = await paying({ journal });
    await vi.waitFor(() => expect(merchant.sends).toHaveLength(1));
    const mine = last(merchant.sends).request.key;
    locks.steal(NAME);
    await settled();
    const theirs = crypto.randomUUID();
    await journal.update((stored) => (stored ?? '').replace(mine, theirs));
    last(merchant.sends).resolve({ outcome: 'declined', code: 'expired_card' });
    await settled();
    expect(checkout.getSnapshot().state).not.toBe('sending');
    expect(await journal.read()).toContain(theirs); // theirs to end
    checkout.setCart(OTHER_CART);
    await settled();
    expect(await journal.read()).toContain(theirs);
    expect(reported).toEqual([]);
  });
});
