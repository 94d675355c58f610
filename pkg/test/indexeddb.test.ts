import {
  forceCloseDatabase,
  IDBDatabase as FakeDatabase,
  IDBFactory,
  IDBObjectStore as FakeStore,
} from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { indexedDbJournal, type Journal, JournalError } from '../src/index.js';

const open: Journal[] = [];

function journal(...options: Parameters<typeof indexedDbJournal>): Journal {
  const made = indexedDbJournal(...options);
  open.push(made);
  return made;
}

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
});
afterEach(() => {
  for (const made of open.splice(0)) made.close?.();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** A connection that somebody else made. */
function connection(version?: number, upgrade?: (db: IDBDatabase) => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('payonce', version);
    request.onupgradeneeded = () => upgrade?.(request.result);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error('failed', { cause: request.error }));
  });
}

function finished<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error('failed', { cause: request.error }));
  });
}

/** What is in a store, read past the journal. */
async function contents(store: string): Promise<unknown[]> {
  const db = await connection();
  const all: unknown[] = await finished(db.transaction(store).objectStore(store).getAll());
  db.close();
  return all;
}

const failed = (promise: Promise<unknown> | undefined): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => 'resolved',
    (error: unknown) => error,
  );

describe('the journal in IndexedDB', () => {
  it('keeps one record per scope and name, for whoever comes next', async () => {
    const [first, other, elsewhere] = [journal(), journal({ scope: 'b' }), journal({ name: 'shop' })];
    expect(first.durable).toBe(true);
    expect(await first.read()).toBeNull();
    await first.update((stored) => `${stored}, one`);
    await first.update((stored) => `${stored}, two`);
    await other.update((stored) => `${stored}, other`);
    expect(await journal().read()).toBe('null, one, two');
    expect(await other.read()).toBe('null, other');
    expect(await elsewhere.read()).toBeNull();
  });

  it('D1: is written in one strict transaction, and says so when that is complete', async () => {
    const kept = journal();
    await kept.read(); // opens the database
    const transaction = vi.spyOn(FakeDatabase.prototype, 'transaction');
    const order: string[] = [];
    const written = kept.update(() => {
      const made = transaction.mock.results[0]?.value as IDBTransaction;
      made.addEventListener('complete', () => order.push('complete'));
      return 'record';
    });
    await written.then(() => order.push('resolved'));
    expect(order).toEqual(['complete', 'resolved']);
    expect(transaction.mock.calls).toEqual([['records', 'readwrite', { durability: 'strict' }]]);
  });

  it('D6: lets nobody in between reading and writing', async () => {
    const journals = Array.from({ length: 8 }, () => journal());
    const add = (stored: string | null): string => String(Number(stored ?? 0) + 1);
    await Promise.all([...journals, ...journals, ...journals].map((one) => one.update(add)));
    expect(await journal().read()).toBe('24');
  });

  it('keeps the record where the change throws, and says what was thrown', async () => {
    const kept = journal();
    await kept.update(() => 'one');
    const fault = new RangeError('no');
    const error = await failed(
      kept.update(() => {
        throw fault;
      }),
    );
    expect(error).toBe(fault);
    expect(await kept.read()).toBe('one');
    await kept.update((stored) => `${stored}, two`);
    expect(await kept.read()).toBe('one, two');
  });

  it('upgrades the database of an older version, and keeps what is in it', async () => {
    const old = await connection(1, (db) => db.createObjectStore('records'));
    await finished(old.transaction('records', 'readwrite').objectStore('records').put('kept', 'default'));
    old.close();
    const upgraded = journal();
    expect(await upgraded.read()).toBe('kept');
    await upgraded.setAside?.('bad', 'journal_corrupt');
    expect(await contents('aside')).toHaveLength(1);
  });

  it('D5: says that a newer deployment has changed the database', async () => {
    const newer = await connection(99, (db) => db.createObjectStore('records'));
    newer.close();
    expect(await failed(journal().read())).toMatchObject({ name: 'JournalError', code: 'journal_newer' });
  });

  it('makes way for a newer deployment', async () => {
    const old = journal();
    await old.update(() => 'record');
    const newer = await connection(99); // would wait for ever otherwise
    newer.close();
    expect(await failed(old.update(() => 'another'))).toMatchObject({ code: 'journal_newer' });
  });

  it('gives up on a page that does not make way', async () => {
    const stubborn = await connection(1, (db) => db.createObjectStore('records')); // does not listen to versionchange
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const patient = journal();
    const error = failed(patient.read());
    for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(5000);
    expect(await error).toMatchObject({ name: 'JournalError', code: 'journal_blocked' });
    vi.useRealTimers();
    stubborn.close();
    expect(await patient.read()).toBeNull(); // once it has
    patient.close?.();
    const newer = await connection(99); // what was opened too late is closed again, and in nobody's way
    newer.close();
  });

  it('gives up on a browser that does not answer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    vi.stubGlobal('indexedDB', { open: () => ({}) });
    const error = failed(journal().read());
    await vi.advanceTimersByTimeAsync(5000);
    expect(await error).toMatchObject({ code: 'journal_timeout' });
  });

  it.each<[string, unknown]>([
    ['there is no IndexedDB', undefined],
    [
      'the page may not use it',
      {
        open() {
          throw new DOMException('denied', 'SecurityError');
        },
      },
    ],
  ])('rejects where %s', async (_, factory) => {
    vi.stubGlobal('indexedDB', factory);
    const error = await failed(journal().update(() => 'record'));
    expect(error).toBeInstanceOf(JournalError);
    expect(error).toMatchObject({ code: 'journal_unavailable' });
  });

  it('rejects where the quota is exceeded, and keeps what was there', async () => {
    const full = journal();
    await full.update(() => 'one');
    vi.spyOn(FakeStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore) {
      // What a browser does once it finds that there is no room: the request was taken, the transaction fails.
      (this.transaction as unknown as { _abort(name: string): void })._abort('QuotaExceededError');
      return {} as IDBRequest<IDBValidKey>;
    });
    expect(await failed(full.update(() => 'two'))).toMatchObject({ name: 'JournalError', code: 'journal_full' });
    vi.restoreAllMocks();
    expect(await full.read()).toBe('one');
  });

  it('opens again where the browser took the connection away', async () => {
    const opened = vi.spyOn(indexedDB, 'open');
    const kept = journal();
    await kept.update(() => 'one');
    forceCloseDatabase((opened.mock.results[0]?.value as IDBOpenDBRequest).result as never);
    await kept.update((stored) => `${stored}, two`);
    expect(await kept.read()).toBe('one, two');
    expect(opened).toHaveBeenCalledTimes(2);
  });

  it('opens again where the connection was lost without a word', async () => {
    const kept = journal();
    await kept.update(() => 'one');
    for (const name of ['InvalidStateError', 'UnknownError']) {
      vi.spyOn(FakeDatabase.prototype, 'transaction').mockImplementationOnce(() => {
        throw new DOMException('lost', name);
      });
      await kept.update((stored) => `${stored}, again`);
    }
    expect(await kept.read()).toBe('one, again, again');
    vi.spyOn(FakeDatabase.prototype, 'transaction').mockImplementation(() => {
      throw new DOMException('lost', 'InvalidStateError');
    });
    expect(await failed(kept.update(() => 'two'))).toMatchObject({ code: 'journal_unavailable' });
  });

  it('writes again where the shopper deleted the database', async () => {
    const kept = journal();
    await kept.update(() => 'one');
    await finished(indexedDB.deleteDatabase('payonce'));
    await kept.update((stored) => `${stored}, again`);
    expect(await kept.read()).toBe('null, again');
  });

  it('tells other pages that it was written, and itself nothing', async () => {
    const [ours, theirs, elsewhere] = [journal(), journal(), journal({ scope: 'b' })];
    const told = vi.fn();
    const echoed = vi.fn();
    const stop = theirs.changed?.(told);
    ours.changed?.(echoed);
    elsewhere.changed?.(told);
    await ours.update(() => 'one');
    await vi.waitFor(() => expect(told).toHaveBeenCalledExactlyOnceWith());
    await journal().update(() => 'two'); // by one that does not listen
    await vi.waitFor(() => expect(echoed).toHaveBeenCalledTimes(1));
    expect(told).toHaveBeenCalledTimes(2);
    stop?.();
    await ours.update(() => 'three');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(told).toHaveBeenCalledTimes(2);
    expect(echoed).toHaveBeenCalledTimes(1);
  });

  it('D5: keeps the last ten records that could not be read', async () => {
    const kept = journal();
    for (let n = 1; n <= 12; n += 1) await kept.setAside?.(`bad ${n}`, 'journal_corrupt');
    const aside = (await contents('aside')) as { record: string; code: string; at: number; scope: string }[];
    expect(aside.map(({ record }) => record)).toEqual(Array.from({ length: 10 }, (_, n) => `bad ${n + 3}`));
    expect(aside[0]).toEqual({
      scope: 'default',
      code: 'journal_corrupt',
      record: 'bad 3',
      at: expect.any(Number) as number,
    });
  });

  it('takes what is no text for a record that cannot be read', async () => {
    const db = journal();
    await db.read();
    const other = await connection();
    await finished(other.transaction('records', 'readwrite').objectStore('records').put({ open: 1 }, 'default'));
    other.close();
    expect(await db.read()).toBe('{"open":1}');
  });

  it('can be closed and used again', async () => {
    const kept = journal();
    await kept.update(() => 'one');
    kept.close?.();
    kept.close?.();
    expect(await kept.read()).toBe('one');
  });
});
